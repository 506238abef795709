# frozen_string_literal: true

module MerkleKV
  # What every operation of this library fails with. The cause, if there is one, is in `cause`.
  class Error < StandardError; end

  # Refused before anything was sent, such as a key with a space. The connection lives.
  class InvalidArgument < Error; end

  # An error that has to do with a node.
  class NodeError < Error
    # @return [String] host:port of the node
    attr_reader :address

    def initialize(address, message)
      @address = address
      super("#{address}: #{message}")
    end
  end

  # The connection could not be opened or it broke, TLS failed, or the client was closed. The next
  # call opens another. If it broke behind a write, nobody knows whether the node did it.
  class ConnectionError < NodeError; end

  # A reply was not there in time. The connection is closed, since a late reply would be taken for
  # that of the next command.
  class TimeoutError < NodeError; end

  # The answer is none of this protocol, or not one to this command. The connection is closed.
  class ProtocolError < NodeError; end

  # The node refused the command. The connection lives.
  class ServerError < NodeError
    # @return [String] the words before the first colon, such as "Wrong type", or the whole
    #   sentence if it has none
    attr_reader :code

    # @return [String] what the node said
    attr_reader :sentence

    def initialize(address, sentence)
      @sentence = sentence
      @code = sentence[/\A[^:]*/]
      super(address, "the node refused the command: #{sentence}")
    end
  end
end
