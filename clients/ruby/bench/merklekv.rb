# frozen_string_literal: true

# Measures this library.  ruby bench/merklekv.rb HOST PORT

require_relative "../lib/merklekv"
require_relative "load"

# The load's calls with this library.
class Ours
  def initialize(host, port)
    @kv = MerkleKV::Client.new(host: host, port: port)
  end

  def set(key, value)
    @kv.set(key, value)
  end

  def get(key)
    @kv.get(key)
  end

  def set_all(keys, value)
    @kv.pipeline { |pipeline| keys.each { |key| pipeline.set(key, value) } }
  end

  def get_all(keys)
    @kv.pipeline { |pipeline| keys.each { |key| pipeline.get(key) } }
  end
end

Load.run(Ours.new(ARGV.fetch(0), Integer(ARGV.fetch(1))))
