# frozen_string_literal: true

require_relative "dialect"

module MerkleKV
  # The dialect of MerkleKV since 0.2: values are quoted where they have to be, and lists have an
  # end.
  class StandardDialect < Dialect
    # How many keys a scan asks for at a time.
    PAGE = 1000

    TITLES = { "INFO" => "# Server Information", "STATS" => "STATS" }.freeze
    private_constant :TITLES

    def key_and_value(verb, key, value)
      "#{verb} #{key} #{Text.value(value)}\r\n"
    end

    def value(verb, value)
      "#{verb} #{Text.value(value)}\r\n"
    end

    def pairs(verb, pairs)
      "#{verb} #{pairs.map { |key, value| "#{key} #{Text.word(value)}" }.join(' ')}\r\n"
    end

    # The prefix of HASH, which may be empty.
    def prefix(verb, prefix)
      prefix.empty? ? bare(verb) : "#{verb} #{Text.quote(prefix)}\r\n"
    end

    # A page of keys, behind the last key of the page before if there was one.
    def page(verb, prefix, last)
      after = last && " AFTER #{Text.quote(last)}"
      "#{verb} #{Text.quote(prefix)}#{after} LIMIT #{PAGE}\r\n"
    end

    def login(verb, user, password)
      "#{verb} #{Text.quote(user)} #{Text.quote(password)}\r\n"
    end

    def report(verb)
      bare(verb)
    end

    def read_pong(_request)
      line = first_line
      line == "PONG" ? "PONG" : unexpected(line, "PONG")
    end

    def read_values(request)
      count = parse_header(first_line, "VALUES ")
      asked = request.arguments.first.size
      broken("the node sent #{count} values for #{asked} keys") if count != asked
      values = Array.new(count) { parse_value(next_line) }
      read_end
      values
    end

    # Keys, and whether there may be more behind them.
    def read_page(_request)
      count = parse_header(first_line, "KEYS ")
      broken("the node sent #{count} keys where at most #{PAGE} were asked for") if count > PAGE
      keys = Array.new(count) { unwritten(next_line) }
      read_end
      [keys, count == PAGE]
    end

    def read_report(request)
      line = first_line
      title = TITLES.fetch(request.verb)
      line == title ? read_lines_of_report("END") : unexpected(line, title)
    end

    private

    def missing
      "(null)"
    end

    def unwritten(written)
      Text.unquote(written) || broken("the node sent a quoted string with a wrong escape or without its end")
    end

    def read_end
      line = next_line
      unexpected(line, "END") unless line == "END"
    end
  end
end
