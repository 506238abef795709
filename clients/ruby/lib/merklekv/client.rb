# frozen_string_literal: true

require_relative "dialer"
require_relative "operations"
require_relative "pipeline"

module MerkleKV
  # Talks to one node over one connection, which the first call opens. Threads may share a client:
  # their calls take turns. After a fork, the child opens a connection of its own.
  class Client
    include Operations

    # Seconds that a connection may be unused before it is looked at.
    IDLE_CHECK = 1.0
    private_constant :IDLE_CHECK

    # Makes a client, gives it to the block, and closes it behind that. Without a block, new.
    def self.open(**options)
      client = new(**options)
      return client unless block_given?

      begin
        yield client
      ensure
        client.close
      end
    end

    # Opens no connection: the first call does.
    #
    # @param timeout [Numeric] seconds that one reply may take, connecting included
    # @param user [String, nil] who logs in, on every connection
    # @param tls [Boolean, Hash] true for TLS with the system's authorities, or a Hash with any of
    #   ca_file, cert_file, key_file and server_name
    # @param connect_attempts [Integer] how often connecting is tried before a call fails
    # @param reply_limit [Integer] bytes of the longest line that is read
    def initialize(host: "localhost", port: 7379, timeout: 5, user: nil, password: nil, tls: false,
                   connect_attempts: 4, reply_limit: 16 * 1024 * 1024)
      @timeout = timeout
      @login = user && login_request(user, password.to_s)
      @dialer = Dialer.new(host, port, timeout: timeout, tls: tls ? Tls.new(tls, host) : nil,
                                       attempts: connect_attempts, reply_limit: reply_limit)
      @mutex = Mutex.new
      @closed = false
    end

    # The keys that begin with a prefix, in byte order. Asks for 1000 at a time, when the loop gets
    # there; other calls may be made within it.
    # @return [Enumerator<String>] without a block
    def scan(prefix = "")
      prefix = Text.any(prefix, "prefix")
      return enum_for(:scan, prefix) unless block_given?

      last = nil
      loop do
        keys, more = run(Request.new("SCAN", :page, [prefix, last], :read_page, read: true))
        keys.each { |key| yield key }
        return unless more

        last = Text.utf8(keys.last)
      end
    end

    # Logs in: this connection, and those after it, are this user's.
    # @return [nil]
    def auth(user, password)
      login = login_request(user, password)
      run(login) { @login = login }
    end

    # Gives the block a pipeline and sends what was collected behind it. Without a block, gives the
    # pipeline, to be sent with Pipeline#execute.
    # @return [Array, Pipeline] see Pipeline#execute
    def pipeline
      pipeline = Pipeline.new { |requests| run_all(requests) }
      return pipeline unless block_given?

      yield pipeline
      pipeline.execute
    end

    # Closes the connection. What other threads wait for, and all later calls, fail with a
    # ConnectionError. May be called twice.
    # @return [nil]
    def close
      @closed = true
      @connection&.shutdown
      @mutex.synchronize { drop }
      nil
    end

    # Shows the node, and no password.
    def inspect
      "#<#{self.class} #{@dialer.address}>"
    end

    private

    def login_request(user, password)
      Request.new("AUTH", :login, [Text.any(user, "user"), Text.any(password, "password")], :read_ok)
    end

    # Runs one request. The block follows its success, still within the turn.
    def run(request)
      converse(request.read?) do |connection|
        result = connection.ask(request)
        yield if block_given?
        result
      end
    end

    def run_all(requests)
      requests.empty? ? [] : converse(false) { |connection| connection.ask_all(requests) }
    end

    def known(result)
      result
    end

    # Has the block talk to the node when it is its turn; once more if the connection breaks and
    # that does no harm.
    def converse(again, &block)
      @mutex.synchronize do
        deadline = Connection.now + @timeout
        connect(deadline)
        begin
          return talk(deadline, &block)
        rescue ConnectionError
          raise unless again && !@closed
        end
        connect(deadline)
        talk(deadline, &block)
      end
    rescue ConnectionError
      @closed ? raise(closed_error) : raise
    end

    # Whatever interrupts a call, a Timeout or the end of its thread too, leaves the connection out of
    # step: it is dropped then.
    def talk(deadline)
      @connection.deadline = deadline
      in_step = false
      result = yield @connection
      in_step = true
      result
    rescue ServerError, InvalidArgument
      in_step = true
      raise
    ensure
      in_step ? @last_used = Connection.now : drop
    end

    # Sees to it that there is a connection, of this process, that the node did not close meanwhile
    # and on which nothing is left that would be taken for the next reply.
    def connect(deadline)
      raise closed_error if @closed

      drop if @connection && (@process != Process.pid || @connection.left_over? || unused_and_stale?)
      return if @connection

      @connection = @dialer.dial(deadline, @login)
      @process = Process.pid
    end

    def unused_and_stale?
      Connection.now - @last_used > IDLE_CHECK && @connection.stale?
    end

    def drop
      @connection&.close
      @connection = nil
    end

    def closed_error
      ConnectionError.new(@dialer.address, "the client was closed; make another")
    end
  end
end
