# frozen_string_literal: true

require "minitest/autorun"
require "merklekv"

class TextTest < Minitest::Test
  Text = MerkleKV::Text

  # A value, how it is written alone, and how in MSET.
  VALUES = [
    ["plain", "plain", "plain"],
    ["grüße 🚀", "grüße 🚀", '"grüße 🚀"'],
    ["a\tb", "a\tb", '"a\\tb"'],
    ["", '""', '""'],
    [" a", '" a"', '" a"'],
    ["a ", '"a "', '"a "'],
    ['"a', '"\\"a"', '"\\"a"'],
    ['a"\\', 'a"\\', 'a"\\'],
    ["a\r\nb\0", '"a\\r\\nb\\0"', '"a\\r\\nb\\0"'],
    ["a\n", '"a\\n"', '"a\\n"'],
    ["\x01\x1f\x7f", '"\\x01\\x1f\\x7f"', '"\\x01\\x1f\\x7f"'],
    ["é\xff\\", '"é\\xff\\\\"', '"é\\xff\\\\"'],
    ["\u0085\u2028\ufeff", "\u0085\u2028\ufeff", "\u0085\u2028\ufeff"]
  ].freeze

  def test_values_are_quoted_only_where_they_have_to_be
    VALUES.each do |value, alone, between_words|
      assert_equal alone, Text.value(value), value.inspect
      assert_equal between_words, Text.word(value), value.inspect
    end
  end

  def test_what_was_quoted_comes_back
    every_byte = (0..255).map(&:chr).join
    ["", "a", '"', '\\x41', "ü\xC3", every_byte].each do |text|
      assert_equal text.b, Text.unquote(Text.quote(Text.utf8(text)).b).b
    end
    assert_equal "\xAB".b, Text.unquote('"\\xaB"'.b)
  end

  def test_broken_quotes_are_refused
    ['"', '"a', '"a"b', '"\\', '"\\"', '"\\q"', '"\\x4"', '"\\xg0"', '"a\\x"', "\"a\"\n"].each do |written|
      assert_nil Text.unquote(written.b), written
    end
  end

  def test_text_is_utf8_where_it_is_valid_and_binary_where_it_is_not
    assert_equal Encoding::UTF_8, Text.unquote("grüße".b).encoding
    assert_equal Encoding::BINARY, Text.unquote('"\\xff"'.b).encoding
  end

  def test_keys_that_are_no_word_are_refused
    ["", " ", "a b", "a\tb", "a\n", "\x7f", "\xff", :a, nil, 1].each do |key|
      assert_raises(MerkleKV::InvalidArgument, key.inspect) { Text.key(key) }
    end
    ["a", "ключ", '"k"', "a\u00a0b", "ключ".b].each { |key| assert_equal key.b, Text.key(key).b }
  end

  def test_arguments_are_left_as_they_were
    key = "k".b.freeze
    Text.key(key)
    assert_equal Encoding::BINARY, key.encoding
  end
end
