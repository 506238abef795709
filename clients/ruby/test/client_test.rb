# frozen_string_literal: true

require_relative "fake_node"
require "timeout"

class ClientTest < NodeTest
  # A node on which each key has itself as its value, and "silence" no answer.
  def echoing
    node { |line| line == "GET silence" ? nil : "VALUE #{line.delete_prefix('GET ')}\r\n" }
  end

  def test_threads_take_turns_on_one_connection
    kv = echoing.client
    threads = Array.new(8) do |thread|
      Thread.new { Array.new(50) { |i| kv.get("#{thread}:#{i}") == "#{thread}:#{i}" }.all? }
    end
    assert threads.map(&:value).all?
    assert_equal 1, @node.connections
    assert_equal 400, @node.seen.size
  end

  def test_a_timeout_from_outside_leaves_no_late_reply
    kv = echoing.client
    assert_raises(Timeout::Error) { Timeout.timeout(0.02) { kv.get("silence") } }
    assert_equal "next", kv.get("next")
    assert_equal 2, @node.connections
  end

  def test_close_ends_what_another_thread_waits_for
    kv = echoing.client
    waiting = Thread.new { assert_raises(MerkleKV::ConnectionError) { kv.get("silence") } }
    assert_equal "GET silence", @node.lines.pop
    kv.close
    assert_match(/closed/, waiting.value.message)
    assert_nil kv.close
  end

  def test_open_closes_behind_its_block_and_gives_its_result
    kept = nil
    fake = echoing
    result = MerkleKV::Client.open(host: "127.0.0.1", port: fake.port) do |kv|
      kept = kv
      kv.get("k")
    end
    assert_equal "k", result
    assert_raises(MerkleKV::ConnectionError) { kept.get("k") }
  end

  def test_a_client_is_made_without_a_connection
    kv = echoing.client
    assert_equal 0, @node.connections
    kv.get("k")
    assert_equal 1, @node.connections
  end

  def test_a_fork_has_a_connection_of_its_own
    kv = echoing.client
    kv.get("parent")
    child = fork { exit!(kv.get("child") == "child") }
    Process.wait(child)
    assert_predicate $?, :success?
    assert_equal "again", kv.get("again")
    assert_equal 2, @node.connections
  end

  def test_a_read_is_asked_again_on_a_new_connection_and_a_write_is_not
    kv = node { |line| line.start_with?("GET") && @node.connections == 2 ? "VALUE v\r\n" : :close }.client
    assert_equal "v", kv.get("k")
    assert_raises(MerkleKV::ConnectionError) { kv.set("k", "v") }
    assert_equal ["GET k", "GET k", "SET k v"], @node.seen
  end

  def test_errors_have_their_class_code_and_node
    kv = node { "ERROR: Wrong type: no number\r\n" }.client
    error = assert_raises(MerkleKV::ServerError) { kv.incr("k") }
    assert_equal "Wrong type", error.code
    assert_equal "Wrong type: no number", error.sentence
    assert_equal "127.0.0.1:#{@node.port}", error.address
    assert_includes error.message, error.address
    assert_kind_of MerkleKV::Error, error
  end

  def test_numbers_beyond_64_bits_are_refused
    kv = node { "OK\r\n" }.client
    [2**63, -2**63 - 1, 1.5, "1", nil].each do |number|
      assert_raises(MerkleKV::InvalidArgument) { kv.incr("k", number) }
      assert_raises(MerkleKV::InvalidArgument) { kv.expire("k", number) }
    end
    assert_empty @node.seen
  end

  def test_no_password_is_shown
    kv = node { "OK\r\n" }.client(user: "alice", password: "opensesame")
    refute_includes kv.inspect, "opensesame"
  end

  def test_a_client_is_a_key_of_a_hash_without_asking_the_node
    kv = echoing.client
    assert_equal 1, { kv => 1 }[kv]
    assert_equal 0, @node.connections
  end

  def test_settings_of_tls_that_are_no_good_are_refused
    [{ ca_file: "/nowhere/ca.pem" }, { ca_file: __FILE__ }, { key_file: __FILE__ },
     { cert_file: __FILE__, key_file: __FILE__ }].each do |settings|
      assert_raises(MerkleKV::InvalidArgument, settings.inspect) { MerkleKV::Client.new(tls: settings) }
    end
  end

  def test_pauses_between_attempts_grow_and_leave_off_at_most_half
    { 1 => 0.05, 2 => 0.1, 3 => 0.2 }.each do |attempt, longest|
      100.times { assert_includes longest / 2..longest, MerkleKV::Dialer.pause_after(attempt) }
    end
  end
end
