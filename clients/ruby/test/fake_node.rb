# frozen_string_literal: true

require "minitest/autorun"
require "socket"
require "merklekv"

# Greets as a node does, and answers each further line with what the block gives. No answer means
# silence, and :close ends the connection.
class FakeNode
  attr_reader :lines, :connections, :port

  def initialize(greeting: "MerkleKV 0.2.0", &answer)
    @greeting = greeting
    @answer = answer
    @lines = Queue.new
    @connections = 0
    @listener = TCPServer.new("127.0.0.1", 0)
    @port = @listener.local_address.ip_port
    @thread = Thread.new { accept_all }
    @thread.report_on_exception = false
  end

  def client(**options)
    MerkleKV::Client.new(host: "127.0.0.1", port: @port, **options)
  end

  # What was asked so far.
  def seen
    Array.new(@lines.size) { @lines.pop }
  end

  def stop
    @thread.kill
    @listener.close
  end

  private

  def accept_all
    loop do
      socket = @listener.accept
      @connections += 1
      Thread.new { serve(socket) }.report_on_exception = false
    end
  end

  def serve(socket)
    while (line = socket.gets("\n", chomp: true))
      line = line.chomp("\r")
      next socket.write("#{@greeting}\r\n") if line == "VERSION"

      @lines << line
      answer = @answer.call(line)
      break if answer == :close

      socket.write(answer) if answer
    end
  ensure
    socket.close
  end
end

# A test with a node that it can ask for.
class NodeTest < Minitest::Test
  def node(**options, &answer)
    @node = FakeNode.new(**options, &answer)
  end

  def teardown
    @node&.stop
  end
end
