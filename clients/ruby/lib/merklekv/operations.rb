# frozen_string_literal: true

require_relative "request"

module MerkleKV
  # The operations of a client and of a pipeline. A client gives the result of each at once; a
  # pipeline collects them and gives all results in the end.
  #
  # Keys and values are Strings. A value is any bytes, and comes back with the encoding UTF-8 if it
  # is that, else as binary. Arguments that cannot be sent raise InvalidArgument.
  module Operations
    # Gives a key a value, without an expiry.
    # @return [nil]
    def set(key, value)
      run(Request.new("SET", :key_and_value, [Text.key(key), Text.any(value, "value")], :read_ok))
    end

    # @return [String, nil] the value, or nil if there is no such key
    def get(key)
      run(Request.new("GET", :key, [Text.key(key)], :read_value, read: true))
    end

    # @return [Boolean] whether there was such a key
    def delete(key)
      run(Request.new("DEL", :key, [Text.key(key)], :read_deleted))
    end

    # Adds to the number of a key, which counts as 0 if it is missing.
    # @return [Integer] the new number, of 64 bits
    def incr(key, n = 1)
      add("INCR", key, n)
    end

    # Subtracts likewise.
    # @return [Integer] the new number
    def decr(key, n = 1)
      add("DECR", key, n)
    end

    # Puts a value behind the one that is there.
    # @return [String] the whole new value
    def append(key, value)
      run(Request.new("APPEND", :key_and_value, [Text.key(key), Text.any(value, "value")], :read_text))
    end

    # Puts a value before the one that is there.
    # @return [String] the whole new value
    def prepend(key, value)
      run(Request.new("PREPEND", :key_and_value, [Text.key(key), Text.any(value, "value")], :read_text))
    end

    # @param keys [Array<String>] also as one Array
    # @return [Array<String, nil>] for each key what get would give
    def mget(*keys)
      keys = keys.flatten.map { |key| Text.key(key) }
      keys.empty? ? known([]) : run(Request.new("MGET", :keys, [keys], :read_values, read: true))
    end

    # Gives several keys their values: all of them, or none if it fails.
    # @param pairs [Hash, Array<Array>] keys and values
    # @return [nil]
    def mset(pairs)
      pairs = pairs.map { |key, value| [Text.key(key), Text.any(value, "value")] }
      pairs.empty? ? known(nil) : run(Request.new("MSET", :pairs, [pairs], :read_ok))
    end

    # @param keys [Array<String>] also as one Array
    # @return [Integer] how many of them there are; a key named twice counts twice
    def exists(*keys)
      keys = keys.flatten.map { |key| Text.key(key) }
      keys.empty? ? known(0) : run(Request.new("EXISTS", :keys, [keys], :read_count, read: true))
    end

    # Has a key deleted in so many seconds, on every node; at once if they are not above zero.
    # @return [Boolean] whether there is such a key
    def expire(key, seconds)
      run(Request.new("EXPIRE", :key_and_number, [Text.key(key), integer(seconds)], :read_changed))
    end

    # Keeps a key that was to expire.
    # @return [Boolean] whether there is such a key with an expiry
    def persist(key)
      run(Request.new("PERSIST", :key, [Text.key(key)], :read_changed))
    end

    # @return [Integer] whole seconds until the key expires; -1 without an expiry, -2 without a key
    def ttl(key)
      run(Request.new("TTL", :key, [Text.key(key)], :read_ttl, read: true))
    end

    # @return [Integer] the number of keys
    def dbsize
      run(Request.new("DBSIZE", :bare, [], :read_count, read: true))
    end

    # @return [String] the message, or PONG without one
    def ping(message = nil)
      return run(Request.new("PING", :bare, [], :read_pong, read: true)) unless message

      run(Request.new("PING", :value, [Text.any(message, "message")], :read_message, read: true))
    end

    # @return [String] the message
    def echo(message)
      run(Request.new("ECHO", :value, [Text.any(message, "message")], :read_message, read: true))
    end

    # @return [Hash{String => String}] the node, its data and its place in the cluster
    def info
      run(Request.new("INFO", :report, [], :read_report, read: true))
    end

    # @return [Hash{String => String}] the node's counters since its start
    def stats
      run(Request.new("STATS", :report, [], :read_report, read: true))
    end

    # @return [String] the version of the node, such as 0.2.0
    def version
      run(Request.new("VERSION", :bare, [], :read_version, read: true))
    end

    # @return [Integer] estimated bytes of the node's data
    def memory
      run(Request.new("MEMORY", :bare, [], :read_count, read: true))
    end

    # The root of the node's Merkle tree, or that of the keys that begin with the prefix. Not called
    # hash, which is what Ruby asks every object for.
    # @return [String] 64 hex digits
    def root_hash(prefix = "")
      run(Request.new("HASH", :prefix, [Text.any(prefix, "prefix")], :read_hash, read: true))
    end

    # Deletes every key of the whole cluster, not only of this node.
    # @return [nil]
    def flush
      run(Request.new("FLUSH", :bare, [], :read_ok))
    end

    private

    # INCR and DECR, for which 1 need not be said.
    def add(verb, key, number)
      key = Text.key(key)
      return run(Request.new(verb, :key, [key], :read_new_number)) if integer(number) == 1

      run(Request.new(verb, :key_and_number, [key, number], :read_new_number))
    end

    def integer(number)
      return number if number.is_a?(Integer) && Dialect::INT64.cover?(number)

      raise InvalidArgument, "#{number.inspect} is no Integer of 64 bits"
    end
  end
end
