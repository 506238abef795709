# frozen_string_literal: true

require_relative "dialect"

module MerkleKV
  # The dialect of MerkleKV 0.1: nothing is quoted, and the node trims its lines. What would not
  # come through raises InvalidArgument before anything is sent.
  class LegacyDialect < Dialect
    # Sent as a PING behind INFO and STATS, which do not say where they end.
    END_OF_REPORT = "end-of-report"
    SPACE_AT_END = /\A[[:space:]]|[[:space:]]\z/
    private_constant :END_OF_REPORT, :SPACE_AT_END

    def key(verb, key)
      super(verb, word(key, "key"))
    end

    def key_and_number(verb, key, number)
      super(verb, word(key, "key"), number)
    end

    def keys(verb, keys)
      super(verb, keys.each { |key| word(key, "key") })
    end

    def key_and_value(verb, key, value)
      "#{verb} #{word(key, 'key')} #{whole(value)}\r\n"
    end

    def value(verb, value)
      "#{verb} #{whole(value)}\r\n"
    end

    def pairs(verb, pairs)
      words = pairs.map { |key, value| "#{word(key, 'key')} #{word(value, 'value')}" }
      "#{verb} #{words.join(' ')}\r\n"
    end

    def prefix(verb, prefix)
      prefix.empty? ? bare(verb) : "#{verb} #{word(prefix, 'prefix')}\r\n"
    end

    # There are no pages: all keys come at once.
    def page(verb, prefix, _last)
      prefix(verb, prefix)
    end

    def login(verb, user, password)
      "#{verb} #{word(user, 'user')} #{word(password, 'password')}\r\n"
    end

    def report(verb)
      "#{verb}\r\nPING #{END_OF_REPORT}\r\n"
    end

    def read_pong(_request)
      line = first_line
      ["PONG", "PONG "].include?(line) ? "PONG" : unexpected(line, "PONG")
    end

    # A line "key value" or "key NOT_FOUND" for each key. A value may be NOT_FOUND itself, and only
    # the number of found keys in the header tells.
    def read_values(request)
      keys = request.arguments.first
      line = first_line
      return Array.new(keys.size) if line == "NOT_FOUND"

      found = parse_header(line, "VALUES ")
      values = keys.map { |key| value_of(key, found == keys.size) }
      return values if values.compact.size == found

      broken("the node says that #{found} keys have a value, and sent #{values.compact.size}")
    end

    def read_page(_request)
      count = parse_header(first_line, "KEYS ")
      keys = []
      keys << unwritten(next_line) while keys.size < count
      [keys, false]
    end

    def read_report(request)
      line = first_line
      return read_lines_of_report(end_of_report) if line == request.verb

      unexpected(line, request.verb)
    rescue ServerError
      line = next_line
      line == end_of_report ? raise : unexpected(line, end_of_report)
    end

    private

    def missing
      "NOT_FOUND"
    end

    def unwritten(written)
      Text.text(written)
    end

    def value_of(key, all_found)
      line = next_line
      name = "#{key} ".b
      unexpected(line, "the line of the key #{key}") unless line.start_with?(name)
      text = line.byteslice(name.bytesize, line.bytesize)
      text == "NOT_FOUND" && !all_found ? nil : Text.text(text)
    end

    def end_of_report
      "PONG #{END_OF_REPORT}"
    end

    # A value that is the rest of its line.
    def whole(value)
      problem = if value.empty? then "is empty"
                elsif value.b.match?(/[\r\n]/n) then "has a line break"
                elsif spaced?(value) then "begins or ends with white space"
                end
      problem ? refuse("value", problem) : value
    end

    # One word of a line.
    def word(text, name)
      problem = if text.empty? then "is empty"
                elsif text.b.match?(/[ \t\r\n]/n) then "has a space, a tab or a line break"
                elsif spaced?(text) then "begins or ends with white space"
                end
      problem ? refuse(name, problem) : text
    end

    def spaced?(text)
      text.valid_encoding? && text.match?(SPACE_AT_END)
    end

    def refuse(name, problem)
      raise InvalidArgument, "the #{name} #{problem}, which the legacy dialect of this node cannot carry"
    end
  end
end
