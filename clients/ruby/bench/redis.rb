# frozen_string_literal: true

# Measures redis-rb with the same load.  ruby bench/redis.rb HOST PORT

require "redis"
require_relative "load"

# The load's calls with redis-rb.
class Theirs
  def initialize(host, port)
    @redis = Redis.new(host: host, port: port)
  end

  def set(key, value)
    @redis.set(key, value)
  end

  def get(key)
    @redis.get(key)
  end

  def set_all(keys, value)
    @redis.pipelined { |pipeline| keys.each { |key| pipeline.set(key, value) } }
  end

  def get_all(keys)
    @redis.pipelined { |pipeline| keys.each { |key| pipeline.get(key) } }
  end
end

Load.run(Theirs.new(ARGV.fetch(0), Integer(ARGV.fetch(1))))
