# frozen_string_literal: true

require_relative "text"

module MerkleKV
  # What a node speaks over one connection: the lines that are sent, and the replies to them. The
  # two dialects are subclasses. Replies that are none to their command raise ProtocolError, and
  # refusals ServerError.
  class Dialect
    INT64 = (-(2**63)..(2**63 - 1)).freeze
    HASH = /\AHASH (?:.* )?([0-9a-fA-F]{64})\z/n
    private_constant :HASH

    def initialize(connection)
      @connection = connection
    end

    # How each form of request is written.

    def bare(verb)
      "#{verb}\r\n"
    end

    def key(verb, key)
      "#{verb} #{key}\r\n"
    end

    def key_and_number(verb, key, number)
      "#{verb} #{key} #{number}\r\n"
    end

    def keys(verb, keys)
      "#{verb} #{keys.join(' ')}\r\n"
    end

    # How each form of reply is read.

    def read_ok(_request)
      line = first_line
      line == "OK" ? nil : unexpected(line, "OK")
    end

    def read_value(_request)
      parse_value(first_line)
    end

    def read_text(_request)
      line = first_line
      line.start_with?("VALUE ") ? parse_value(line) : unexpected(line, "the new value")
    end

    def read_new_number(_request)
      number_behind("VALUE ", INT64.begin)
    end

    # A fact that is a number and named after its command.
    def read_count(request)
      number_behind("#{request.verb} ", 0)
    end

    def read_ttl(_request)
      number_behind("TTL ", -2)
    end

    def read_deleted(_request)
      either("DELETED")
    end

    # The reply to EXPIRE and PERSIST.
    def read_changed(_request)
      either("OK")
    end

    # The reply to PING and ECHO with a message.
    def read_message(request)
      line = first_line
      name = request.verb == "PING" ? "PONG " : "ECHO "
      if line.start_with?(name)
        message = unwritten(line.byteslice(name.bytesize, line.bytesize))
        return message if message.b == request.arguments.first.b
      end
      unexpected(line, "#{name}and the message")
    end

    # A prefix, if one was asked for, stands before the digest.
    def read_hash(_request)
      line = first_line
      found = HASH.match(line)
      found ? found[1].force_encoding(Encoding::UTF_8) : unexpected(line, "a hash of 64 hex digits")
    end

    def read_version(_request)
      line = first_line
      version = line[/\A(?:MerkleKV|VERSION) (.+)\z/n, 1]
      version ? Text.text(version) : unexpected(line, "the version of a MerkleKV node")
    end

    private

    def next_line
      @connection.next_line
    end

    def first_line
      @connection.first_line
    end

    def unexpected(line, expected)
      shown = line.bytesize > 80 ? "#{line.byteslice(0, 80).inspect}…" : line.inspect
      broken("the node sent #{shown} where #{expected} was expected; is it a MerkleKV node?")
    end

    def broken(message)
      raise ProtocolError.new(@connection.address, message)
    end

    def parse_value(line)
      return unwritten(line.byteslice(6, line.bytesize)) if line.start_with?("VALUE ")

      line == missing ? nil : unexpected(line, "a value")
    end

    def number_behind(name, least)
      line = first_line
      digits = line.delete_prefix(name)
      if line.start_with?(name) && digits.match?(/\A-?[0-9]{1,19}\z/n)
        number = digits.to_i
        return number if number >= least && INT64.cover?(number)
      end
      unexpected(line, "#{name}and a number of 64 bits")
    end

    def either(yes)
      line = first_line
      return true if line == yes

      line == "NOT_FOUND" ? false : unexpected(line, "#{yes} or NOT_FOUND")
    end

    # The count in the header of a list.
    def parse_header(line, name)
      digits = line.delete_prefix(name)
      return digits.to_i if line.start_with?(name) && digits.match?(/\A[0-9]{1,19}\z/n)

      unexpected(line, "#{name}and a number")
    end

    # The lines of INFO and STATS. How many there are is not said, so together they may have as many
    # bytes as a line.
    def read_lines_of_report(last)
      report = {}
      size = 0
      until (line = next_line) == last
        size += line.bytesize
        broken("the report is longer than the reply limit") if size > @connection.reply_limit
        name, colon, text = line.partition(":")
        unexpected(line, "a name and a text with a colon between them") if colon.empty?
        report[Text.text(name)] = Text.text(text)
      end
      report
    end
  end
end
