# frozen_string_literal: true

require "minitest/autorun"
require "merklekv"

class LinesTest < Minitest::Test
  # Lines of a text that comes in pieces.
  def lines(text, limit, piece)
    source = StringIO.new(text)
    MerkleKV::Lines.new(limit) { |_size, buffer| source.readpartial(piece, buffer) }
  end

  def test_lines_come_whole_however_they_are_cut
    text = "VALUE grüße\r\n\r\nnext\nlast\r\n"
    (1..text.bytesize).each do |piece|
      lines = lines(text, 100, piece)
      assert_equal ["VALUE grüße".b, "", "next", "last"], Array.new(4) { lines.next }, "pieces of #{piece}"
    end
  end

  def test_a_line_is_read_up_to_the_limit
    [1, 7, 4096].each do |piece|
      lines = lines("#{'x' * 1000}\r\n#{'x' * 1001}\r\n", 1000, piece)
      assert_equal 1000, lines.next.bytesize
      assert_nil lines.next
    end
  end

  def test_a_line_without_an_end_is_not_kept
    pieces = 0
    lines = MerkleKV::Lines.new(100_000) { |size, buffer| (pieces += 1) && buffer.replace("x" * size) }
    assert_nil lines.next
    assert_equal 2, pieces
  end
end
