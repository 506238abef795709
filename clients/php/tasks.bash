# shellcheck shell=bash disable=SC2034,SC2154
# What the project's scripts need to know about the PHP client. Sourced at the repository's root.

NEEDS=(php:php-cli)
BENCH_NEEDS=('/usr/lib/php/*/redis.so:php-redis')
MODES=(sync)
ADAPTER=(php clients/php/conformance/adapter.php)
PEER="phpredis 5.3.7"
BENCH_OURS=(php clients/php/bench/merklekv.php)
BENCH_REDIS=(php clients/php/bench/redis.php)

# Nothing is to be built, but a file that does not compile should be noticed here.
build() {
    local file
    while IFS= read -r file; do
        php -l "$file" || return 1
    done < <(find clients/php -name '*.php')
}

own_tests() {
    php -d error_reporting=-1 -d display_errors=1 clients/php/tests/run.php
}

example() {
    php clients/php/examples/readings.php "$1" "$2"
}

# phpredis is a package of Debian.
bench_build() { :; }
