# frozen_string_literal: true

require_relative "operations"

module MerkleKV
  # Collects operations, and sends them together. It belongs to one thread; Client#pipeline makes it.
  #
  #   kv.pipeline { |p| p.set("a", "1"); p.incr("a") } # => [nil, 2]
  class Pipeline
    include Operations

    Known = Struct.new(:result)
    private_constant :Known

    def initialize(&send_all)
      @send_all = send_all
      @entries = []
    end

    # Sends what was collected, and is empty then. A command that the node refuses has its
    # ServerError in its place; the others are done. A pipeline that fails as a whole raises: how many
    # of its commands were done is not known then, and none is repeated.
    # @return [Array] the result of each operation, in order
    def execute
      entries = @entries
      @entries = []
      results = @send_all.call(entries.grep(Request))
      entries.each_with_index { |entry, index| results.insert(index, entry.result) if entry.is_a?(Known) }
      results
    end

    # @return [Integer] how many operations were collected
    def size
      @entries.size
    end

    private

    def run(request)
      @entries << request
      nil
    end

    # A result that needs no asking.
    def known(result)
      @entries << Known.new(result)
      nil
    end
  end
end
