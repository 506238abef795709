# frozen_string_literal: true

module MerkleKV
  # How keys and values are written and read: which need quotes, and what is in them.
  #
  # All text is handled with the encoding UTF-8, whether it is valid or not, for strings to be
  # joined without regard to the encodings that they came with. Their bytes are never changed.
  module Text
    NOT_IN_KEYS = /[\x00-\x20\x7f]/
    # Empty, ambiguous at its ends, or with a control character other than tab.
    NEEDS_QUOTES = /\A\z|\A[" ]|[\x00-\x08\x0a-\x1f\x7f]| \z/
    ESCAPED = /["\\\x00-\x1f\x7f]/n
    ESCAPES = [*0..31, 127].to_h { |byte| [byte.chr, format('\x%02x', byte)] }
                           .merge('"' => '\"', "\\" => '\\\\', "\n" => '\n', "\r" => '\r',
                                  "\t" => '\t', "\0" => '\0').freeze
    QUOTED = /\A"(?:[^"\\]++|\\(?:["\\nrt0]|x[0-9a-fA-F]{2}))*+"\z/n
    ESCAPE = /\\(?:x..|.)/n
    UNESCAPES = Hash.new { |_, escape| escape[2, 2].hex.chr }
                    .merge('\"' => '"', '\\\\' => "\\", '\n' => "\n", '\r' => "\r",
                           '\t' => "\t", '\0' => "\0").freeze
    private_constant(*constants)

    module_function

    # The same bytes with the encoding UTF-8.
    def utf8(string)
      string.encoding == Encoding::UTF_8 ? string : string.dup.force_encoding(Encoding::UTF_8)
    end

    # A key, checked: one word of a line.
    def key(key)
      raise InvalidArgument, "the key #{key.inspect} is no String" unless key.is_a?(String)

      key = utf8(key)
      raise InvalidArgument, "the key is empty; a key has at least one byte" if key.empty?
      raise InvalidArgument, "the key #{key.inspect} is not UTF-8" unless key.valid_encoding?
      return key unless key.match?(NOT_IN_KEYS)

      raise InvalidArgument, "the key #{key.inspect} has a space or a control character; keys have neither"
    end

    # Text that may be anything: a value, a message, a prefix, a password.
    def any(text, name)
      raise InvalidArgument, "the #{name} #{text.inspect} is no String" unless text.is_a?(String)

      utf8(text)
    end

    # A value as it is written: in quotes if it has to be.
    def value(value)
      raw?(value) ? value : quote(value)
    end

    # Likewise between the words of MSET, where spaces and tabs separate.
    def word(value)
      raw?(value) && !value.match?(/[ \t]/) ? value : quote(value)
    end

    def raw?(value)
      value.valid_encoding? && !value.match?(NEEDS_QUOTES)
    end

    def quote(text)
      escaped = utf8(text.b.gsub(ESCAPED, ESCAPES))
      "\"#{escaped.scrub { |bytes| bytes.bytes.map { |byte| format('\x%02x', byte) }.join }}\""
    end

    # What a node wrote, out of its quotes if it begins with one. Takes bytes and gives text, or
    # nil for what does not end as a quoted string.
    def unquote(written)
      return text(written) unless written.start_with?('"')
      return unless QUOTED.match?(written)

      text(written.byteslice(1, written.bytesize - 2).gsub(ESCAPE, UNESCAPES))
    end

    # Bytes that came, as UTF-8 if they are that, else as binary.
    def text(bytes)
      bytes.force_encoding(Encoding::UTF_8)
      bytes.valid_encoding? ? bytes : bytes.force_encoding(Encoding::BINARY)
    end
  end
end
