# shellcheck shell=bash disable=SC2034,SC2154
# What the project's scripts need to know about the Rust client. Sourced at the repository's root,
# with OUT set to a folder for what is built.

NEEDS=(cargo:cargo)
MODES=(sync async)
ADAPTER=("$OUT/release/examples/adapter")
PEER="redis-rs 1.8.1"
BENCH_OURS=("$OUT/release/examples/bench_ours")
BENCH_REDIS=("$OUT/release/examples/bench_redis")

# A folder of its own, so that what is built here and there does not wait for one another.
client_cargo() {
    local command=$1
    shift
    cargo "$command" -q --locked -p merklekv-client --target-dir "$OUT" "$@"
}

build() {
    client_cargo build --release --all-features --example adapter --example sessions
}

own_tests() {
    client_cargo test --all-features
}

example() {
    "$OUT/release/examples/sessions" "$1" "$2"
}

bench_build() {
    client_cargo build --release --example bench_ours --example bench_redis
}
