# shellcheck shell=bash disable=SC2034,SC2154
# What the project's scripts need to know about the C++ client. Sourced at the repository's root,
# with OUT set to a folder for what is built.

NEEDS=(g++:g++ cmake:cmake "/usr/include/openssl/ssl.h:libssl-dev")
BENCH_NEEDS=("/usr/include/hiredis/hiredis.h:libhiredis-dev")
MODES=(sync)
ADAPTER=("$OUT/adapter")
PEER="hiredis 0.14.1"
BENCH_OURS=("$OUT/bench/bench_merklekv")
BENCH_REDIS=("$OUT/bench/bench_redis")

build() {
    cmake -S clients/cpp -B "$OUT" -DCMAKE_BUILD_TYPE=Release -DMERKLEKV_TLS=ON >/dev/null &&
        cmake --build "$OUT" --parallel 2 >/dev/null
}

own_tests() {
    ctest --test-dir "$OUT" --output-on-failure --no-tests=error
}

example() {
    "$OUT/example" "$1" "$2"
}

bench_build() {
    cmake -S clients/cpp -B "$OUT" -DCMAKE_BUILD_TYPE=Release -DMERKLEKV_BENCH=ON >/dev/null &&
        cmake --build "$OUT" --parallel 2 --target bench_merklekv bench_redis >/dev/null
}
