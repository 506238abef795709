# frozen_string_literal: true

require "io/wait"
require_relative "legacy_dialect"
require_relative "lines"
require_relative "standard_dialect"
require_relative "tls"

module MerkleKV
  # One connection, in step: whoever has it may send a command and read its reply. It gives up at a
  # deadline, which is a time of the monotonic clock.
  class Connection
    # How many bytes of commands may be on their way before their replies are read. A node stops
    # reading from a client that leaves its replies unread, so writing without end would wait for
    # ever.
    WINDOW = 32 * 1024

    # The seconds of a clock that nobody sets.
    def self.now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    # @return [String] host:port of the node
    attr_reader :address

    # When the reply that is waited for has to be there.
    attr_writer :deadline

    def initialize(socket, address, timeout, reply_limit)
      @socket = socket
      @io = socket.to_io
      @plain = socket.equal?(@io)
      @address = address
      @timeout = timeout
      @lines = Lines.new(reply_limit) { |size, buffer| receive(size, buffer) }
    end

    # Asks which dialect the node speaks, and logs in if there is somebody to be.
    def greet(login)
      write("VERSION\r\n")
      @dialect = dialect_of(first_line)
      ask(login) if login
    end

    # Sends a command and gives its result.
    def ask(request)
      write(request.line(@dialect))
      @dialect.public_send(request.reply, request)
    end

    # Sends many commands, and gives the result or the ServerError of each.
    def ask_all(requests)
      lines = requests.map { |request| request.line(@dialect) } # all of them before any is sent
      results = []
      while results.size < requests.size
        count = write_window(lines, results.size)
        requests[results.size, count].each do |request|
          results << result_of(request)
          @deadline = nil # the next reply has one of its own
        end
      end
      results
    end

    # The first line of a reply.
    def first_line
      line = next_line
      return line unless line.start_with?("ERROR")

      raise ServerError.new(@address, Text.text(line.delete_prefix("ERROR").delete_prefix(":").delete_prefix(" ")))
    end

    def next_line
      @lines.next || raise(ProtocolError.new(@address, "a line is longer than the reply limit of #{reply_limit} bytes"))
    end

    def reply_limit
      @lines.limit
    end

    # Whether bytes have been read that nobody asked for.
    def left_over?
      @lines.left_over?
    end

    # Whether the node closed the connection, or sent what nobody asked for.
    def stale?
      @socket.read_nonblock(1, exception: false) != :wait_readable
    rescue SystemCallError, IOError, *Tls.errors
      true
    end

    # Ends what another thread waits for.
    def shutdown
      @io.shutdown
    rescue SystemCallError, IOError
      nil # it is closed already
    end

    def close
      @io.close
    rescue SystemCallError, IOError
      nil # it is closed already
    end

    private

    def dialect_of(greeting)
      case greeting
      when /\AMerkleKV ./n then StandardDialect.new(self)
      when /\AVERSION ./n then LegacyDialect.new(self)
      else raise ProtocolError.new(@address, "the node greets with #{greeting.byteslice(0, 80).inspect}; " \
                                             "is it a MerkleKV node?")
      end
    end

    def result_of(request)
      @dialect.public_send(request.reply, request)
    rescue ServerError => e
      e
    end

    # Sends as many of the lines behind the first ones as fit, at least one, and gives their number.
    def write_window(lines, first)
      batch = String.new(capacity: WINDOW, encoding: Encoding::UTF_8)
      count = 0
      while (line = lines[first + count]) && (count.zero? || batch.bytesize + line.bytesize <= WINDOW)
        batch << line
        count += 1
      end
      write(batch)
      count
    end

    def write(bytes)
      until bytes.empty?
        sent = @socket.write_nonblock(bytes, exception: false)
        if sent.is_a?(Symbol)
          wait(sent)
        else
          bytes = bytes.byteslice(sent, bytes.bytesize)
        end
      end
    rescue SystemCallError, IOError, *Tls.errors => e
      broke(e.message)
    end

    # Reads into the buffer. A plain socket is waited for first, as its reply is hardly ever there yet.
    def receive(size, buffer)
      wait(:wait_readable) if @plain
      while (got = @socket.read_nonblock(size, buffer, exception: false)).is_a?(Symbol)
        wait(got)
      end
      broke("the node closed it") unless got
    rescue SystemCallError, IOError, *Tls.errors => e
      broke(e.message)
    end

    def wait(direction)
      @deadline ||= Connection.now + @timeout
      left = @deadline - Connection.now
      return if left.positive? && @io.public_send(direction, left)

      raise TimeoutError.new(@address, "no reply within #{@timeout} s; is the node overloaded, " \
                                       "or the timeout too short?")
    end

    def broke(reason)
      raise ConnectionError.new(@address, "the connection broke: #{reason}")
    end
  end
end
