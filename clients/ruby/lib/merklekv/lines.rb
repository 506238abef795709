# frozen_string_literal: true

module MerkleKV
  # Splits what a socket receives at line feeds. Its buffer grows with the longest line, up to a
  # limit in bytes.
  class Lines
    CHUNK = 64 * 1024
    private_constant :CHUNK

    attr_reader :limit

    # The block reads up to so many bytes into a string, or gives up.
    def initialize(limit, &read)
      @limit = limit
      @read = read
      @buffer = String.new(capacity: CHUNK, encoding: Encoding::BINARY)
      @chunk = String.new(capacity: CHUNK, encoding: Encoding::BINARY)
      @start = 0
    end

    # The next line as bytes, without its end; nil if it is longer than the limit.
    def next
      searched = @start
      until (stop = @buffer.index("\n", searched))
        return if @buffer.bytesize - @start > @limit + 1 # a carriage return may be the last byte

        fill
        searched = @buffer.bytesize - @added
      end
      take(stop)
    end

    # Whether there are bytes that have not been given as lines.
    def left_over?
      @start < @buffer.bytesize
    end

    private

    def take(stop)
      start = @start
      @start = stop + 1
      stop -= 1 if stop > start && @buffer.getbyte(stop - 1) == 13
      @buffer.byteslice(start, stop - start) if stop - start <= @limit
    end

    # Reads more bytes behind those that are there.
    def fill
      if @start == @buffer.bytesize
        @read.call(CHUNK, @buffer)
        @added = @buffer.bytesize
      else
        @buffer = @buffer.byteslice(@start, @buffer.bytesize - @start) if @start.positive?
        @read.call(CHUNK, @chunk)
        @buffer << @chunk
        @added = @chunk.bytesize
      end
      @start = 0
    end
  end
end
