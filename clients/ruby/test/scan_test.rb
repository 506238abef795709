# frozen_string_literal: true

require_relative "fake_node"

class ScanTest < NodeTest
  # A node of 2500 keys.
  def paging
    node do |line|
      first = line[/AFTER "key:(\d+)"/, 1]&.to_i&.succ || 0
      keys = (first...[first + 1000, 2500].min).map { |number| format("key:%04d", number) }
      "KEYS #{keys.size}\r\n#{keys.map { |key| "#{key}\r\n" }.join}END\r\n"
    end
  end

  def test_an_enumerator_asks_for_a_page_when_somebody_gets_there
    keys = paging.client.scan("key:")
    assert_kind_of Enumerator, keys
    assert_empty @node.seen
    assert_equal "key:0999", keys.first(1000).last
    assert_equal ['SCAN "key:" LIMIT 1000'], @node.seen
    assert_equal "key:1000", keys.lazy.select { |key| key > "key:0999" }.first
    assert_equal 2, @node.seen.size
    assert_equal 2500, keys.count
  end

  def test_keys_may_be_taken_one_by_one
    keys = paging.client.scan
    assert_equal %w[key:0000 key:0001], [keys.next, keys.next]
    assert_equal ['SCAN "" LIMIT 1000'], @node.seen
  end

  def test_other_calls_may_be_made_in_the_block
    kv = paging.client
    seen = []
    kv.scan { |key| (seen << kv.scan.first) && break if key }
    assert_equal ["key:0000"], seen
  end

  def test_the_legacy_dialect_gives_all_keys_at_once
    kv = node(greeting: "VERSION 0.1.0") { "KEYS 1500\r\n#{"k\r\n" * 1500}" }.client
    assert_equal 1500, kv.scan.count
    assert_equal ["SCAN"], @node.seen
  end
end
