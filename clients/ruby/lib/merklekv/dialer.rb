# frozen_string_literal: true

require "socket"
require_relative "connection"

module MerkleKV
  # Opens connections to one node, and tries again if that fails.
  class Dialer
    # Seconds behind the first attempt. Each further pause is twice as long.
    FIRST_PAUSE = 0.05

    # @return [String] host:port
    attr_reader :address

    def initialize(host, port, timeout:, tls:, attempts:, reply_limit:)
      @host = host
      @port = port
      @address = host.include?(":") ? "[#{host}]:#{port}" : "#{host}:#{port}"
      @timeout = timeout
      @tls = tls
      @attempts = attempts
      @reply_limit = reply_limit
    end

    # A connection that has greeted, and logged in if there is a login.
    def dial(deadline, login)
      attempt = 1
      begin
        open(deadline, login)
      rescue ConnectionError
        pause = Dialer.pause_after(attempt)
        raise if attempt >= @attempts || Connection.now + pause > deadline

        attempt += 1
        sleep(pause)
        retry
      end
    end

    # Up to half of a pause is left off at random ("equal jitter"), for the clients of a node that
    # restarts not to come all at once.
    def self.pause_after(attempt)
      pause = FIRST_PAUSE * (2**(attempt - 1))
      pause - rand * pause / 2
    end

    private

    def open(deadline, login)
      socket = open_socket(deadline)
      connection = Connection.new(secured(socket, deadline), @address, @timeout, @reply_limit)
      connection.deadline = deadline
      connection.greet(login)
      greeted = true
      connection
    ensure
      socket&.close unless greeted
    end

    # The names of a host may have several addresses. Each gets its share of the time.
    def open_socket(deadline)
      addresses = Addrinfo.getaddrinfo(@host, @port, nil, :STREAM, timeout: left(deadline))
      addresses.each_with_index do |address, index|
        share = left(deadline) / (addresses.size - index)
        return connect(address, share)
      rescue SystemCallError => e
        raise cannot_connect(e, deadline) if index == addresses.size - 1
      end
    rescue SocketError => e
      raise cannot_connect(e, deadline)
    end

    def connect(address, seconds)
      socket = address.connect(timeout: seconds)
      socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
      socket
    end

    def secured(socket, deadline)
      return socket unless @tls

      @tls.wrap(socket) do |direction|
        socket.public_send(direction, left(deadline)) || raise(too_late)
      end
    rescue SystemCallError, IOError, *Tls.errors => e
      raise ConnectionError.new(@address, "TLS failed: #{e.message}")
    end

    def left(deadline)
      seconds = deadline - Connection.now
      seconds.positive? ? seconds : raise(too_late)
    end

    def cannot_connect(error, deadline)
      return too_late if Connection.now >= deadline

      ConnectionError.new(@address, "cannot connect; is a node running there?: #{error.message}")
    end

    def too_late
      TimeoutError.new(@address, "no connection within #{@timeout} s; is the node reachable, or the timeout too short?")
    end
  end
end
