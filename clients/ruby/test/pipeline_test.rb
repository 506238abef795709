# frozen_string_literal: true

require_relative "fake_node"

class PipelineTest < NodeTest
  def test_results_come_in_order_with_refusals_in_their_places
    answers = { "INCR n" => "VALUE 7\r\n", "GET k" => "(null)\r\n" }
    kv = node { |line| answers.fetch(line, "ERROR: Wrong type: x\r\n") }.client
    results = kv.pipeline do |pipeline|
      pipeline.incr("n")
      pipeline.mget
      pipeline.decr("s")
      pipeline.get("k")
      pipeline.exists
    end
    assert_equal [7, [], nil, 0], results.values_at(0, 1, 3, 4)
    assert_kind_of MerkleKV::ServerError, results[2]
  end

  def test_a_bad_argument_is_raised_where_it_is_added_and_nothing_is_sent
    kv = node { "OK\r\n" }.client
    reached = false
    assert_raises(MerkleKV::InvalidArgument) do
      kv.pipeline do |pipeline|
        pipeline.set("good", "v")
        pipeline.set("bad key", "v")
        reached = true
      end
    end
    refute reached
    assert_equal 0, @node.connections
  end

  def test_what_the_legacy_dialect_cannot_carry_is_refused_before_anything_is_sent
    kv = node(greeting: "VERSION 0.1.0") { "OK\r\n" }.client
    assert_raises(MerkleKV::InvalidArgument) do
      kv.pipeline do |pipeline|
        pipeline.set("a", "1")
        pipeline.set("b", "two\nlines")
      end
    end
    assert_empty @node.seen
  end

  def test_without_a_block_it_is_sent_by_execute_and_empty_then
    pipeline = node { "OK\r\n" }.client.pipeline
    pipeline.set("a", "1")
    pipeline.set("b", "2")
    assert_equal 2, pipeline.size
    assert_empty @node.seen
    assert_equal [nil, nil], pipeline.execute
    assert_equal 0, pipeline.size
    assert_equal [], pipeline.execute
  end

  def test_a_pipeline_takes_neither_scan_nor_auth_nor_close
    pipeline = node { "OK\r\n" }.client.pipeline
    %i[scan auth close].each { |name| refute_respond_to pipeline, name }
  end

  # A socket that answers a whole window at once shows how much is on its way.
  def test_at_most_a_window_is_on_its_way
    ours, theirs = UNIXSocket.pair
    connection = MerkleKV::Connection.new(ours, "pair", 1, 100)
    largest = Thread.new do
      most = 0
      left = 11
      while left.positive?
        chunk = theirs.readpartial(1 << 20)
        chunk << theirs.readpartial(1 << 20) until chunk.end_with?("\n")
        lines = chunk.count("\n")
        left -= lines
        most = [most, chunk.bytesize].max
        theirs.write(chunk.start_with?("VERSION") ? "MerkleKV 0.2.0\r\n" : "OK\r\n" * lines)
      end
      most
    end
    connection.greet(nil)
    pipeline = MerkleKV::Pipeline.new { |requests| connection.ask_all(requests) }
    10.times { pipeline.set("k", "x" * 10_000) }
    assert_equal [nil] * 10, pipeline.execute
    assert_operator largest.value, :<=, MerkleKV::Connection::WINDOW
  ensure
    ours.close
    theirs.close
  end
end
