# frozen_string_literal: true

# The adapter of the conformance suite: it makes the calls that it reads, one a line, with the client
# library, and answers each with one line. See ../../conformance/README.md.

require_relative "../lib/merklekv"
require_relative "wire"

# Holds the client of the calls.
class Adapter
  KINDS = { MerkleKV::InvalidArgument => "argument", MerkleKV::ConnectionError => "connection",
            MerkleKV::TimeoutError => "timeout", MerkleKV::ProtocolError => "protocol",
            MerkleKV::ServerError => "server" }.freeze

  def initialize(input, output)
    @input = input
    @output = output
    @client = MerkleKV::Client.new
  end

  def run
    while (line = @input.gets("\n", chomp: true))
      name, *arguments = Wire.decode(line)
      @output.write(answer(name, arguments), "\n")
      @output.flush
    end
  end

  private

  def answer(name, arguments)
    case name
    when "connect" then connect(*arguments)
    when "pipeline" then pipeline(Array.new(arguments.first.to_i) { Wire.decode(@input.gets("\n", chomp: true)) })
    else
      raise @refused if @refused

      Wire.result(make(@client, name, arguments))
    end
  rescue MerkleKV::Error => e
    error(e)
  end

  # A client that cannot be made answers the next calls.
  def connect(host, port, *options)
    @client.close
    @refused = nil
    options = options.to_h { |option| option.split("=", 2) }
    @client = MerkleKV::Client.new(host: host, port: port.to_i, **settings(options))
    "ok"
  rescue MerkleKV::InvalidArgument => e
    @refused = e
    "ok"
  end

  def settings(options)
    settings = { user: options["user"], password: options["password"],
                 timeout: (options["timeout_ms"].to_f / 1000 if options["timeout_ms"]),
                 connect_attempts: options["connect_attempts"]&.to_i,
                 reply_limit: options["reply_limit"]&.to_i }
    if options["tls"] == "1"
      settings[:tls] = { ca_file: options["ca"], cert_file: options["cert"], key_file: options["key"],
                         server_name: options["server_name"] }.compact
    end
    settings.compact
  end

  def pipeline(calls)
    results = @client.pipeline { |pipeline| calls.each { |name, *arguments| make(pipeline, name, arguments) } }
    lines = results.map { |result| result.is_a?(MerkleKV::ServerError) ? error(result) : Wire.result(result) }
    # A set, a mset and a flush give nothing, as does the get of a missing key.
    lines.each_with_index { |line, index| lines[index] = "ok" if line == "nil" && silent?(calls[index].first) }
    [Wire.line("results", results.size.to_s), *lines].join("\n")
  end

  # Makes a call with a client or a pipeline.
  def make(target, name, arguments)
    result = call(target, name, arguments)
    silent?(name) ? :ok : result
  end

  def silent?(name)
    %w[set set_bytes mset flush auth close].include?(name)
  end

  def call(target, name, arguments)
    case name
    when "get_bytes" then target.get(*arguments)
    when "set_bytes" then target.set(*arguments)
    when "hash" then target.root_hash(*arguments)
    when "mset" then target.mset(arguments.each_slice(2).to_a)
    when "scan" then target.scan(*arguments).to_a
    when "incr", "decr", "expire" then target.public_send(name, arguments[0], *arguments[1]&.to_i)
    else target.public_send(name, *arguments)
    end
  end

  def error(error)
    code = error.is_a?(MerkleKV::ServerError) ? error.code : ""
    Wire.line("error", KINDS.fetch(error.class), code, error.message)
  end
end

Adapter.new($stdin.binmode, $stdout.binmode).run
