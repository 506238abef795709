# shellcheck shell=bash disable=SC2034,SC2154
# What the project's scripts need to know about the Ruby client. Sourced at the repository's root,
# with OUT set to a folder for what is built. The tests use minitest, which comes with ruby.

NEEDS=(ruby:ruby gem:ruby)
BENCH_NEEDS=('/usr/share/rubygems-integration/all/gems/redis-*:ruby-redis')
MODES=(sync)
ADAPTER=(ruby clients/ruby/conformance/adapter.rb)
PEER="redis-rb 4.8.0"
BENCH_OURS=(ruby clients/ruby/bench/merklekv.rb)
BENCH_REDIS=(ruby clients/ruby/bench/redis.rb)

# The gem is built and installed into $OUT, for the example to use it as a program would.
build() {
    local gem
    gem=$(realpath "$OUT")/merklekv.gem
    gem build --quiet -C clients/ruby --output "$gem" merklekv.gemspec >/dev/null &&
        gem install --quiet --silent --local --no-document --install-dir "$OUT/gems" "$gem"
}

own_tests() {
    ruby -w -I clients/ruby/lib -e 'Dir["./clients/ruby/test/*_test.rb"].each { |file| require file }'
}

example() {
    GEM_PATH=$OUT/gems ruby clients/ruby/examples/sessions.rb "$1" "$2"
}

# redis-rb is a package of Debian.
bench_build() { :; }
