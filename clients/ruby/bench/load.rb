# frozen_string_literal: true

# What both benchmark programs run: the same calls, as often, with the same data.
module Load
  WARM_UP = 2000
  SINGLE_CALLS = 20_000
  BATCH = 100
  PIPELINED = 200_000
  KEYS = Array.new(1000) { |number| "bench:#{number}" }.freeze
  VALUE = ("x" * 64).freeze

  module_function

  # Prints operations per second. The client has set, get, set_all and get_all.
  def run(client)
    WARM_UP.times { |i| client.set(KEYS[i % KEYS.size], VALUE) }
    measure("single set", SINGLE_CALLS, 1) { |i| client.set(KEYS[i % KEYS.size], VALUE) }
    measure("single get", SINGLE_CALLS, 1) { |i| check(client.get(KEYS[i % KEYS.size])) }
    measure("pipelined set", PIPELINED / BATCH, BATCH) { |i| client.set_all(batch(i), VALUE) }
    measure("pipelined get", PIPELINED / BATCH, BATCH) { |i| client.get_all(batch(i)).each { |got| check(got) } }
  end

  def batch(number)
    KEYS[number * BATCH % KEYS.size, BATCH]
  end

  def check(got)
    raise "#{got.inspect} came back" unless got == VALUE
  end

  def measure(name, calls, operations, &call)
    start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    calls.times(&call)
    seconds = Process.clock_gettime(Process::CLOCK_MONOTONIC) - start
    puts "#{name} #{(calls * operations / seconds).round}"
  end
end
