# shellcheck shell=bash disable=SC2034,SC2154
# What the project's scripts need to know about the Go client. Sourced at the repository's root,
# with OUT set to a folder for what is built.

NEEDS=(go:golang gcc:gcc) # gcc for the detector of races in the tests
MODES=(sync)
ADAPTER=("$OUT/adapter")
PEER="go-redis 9.23.0"
BENCH_OURS=("$OUT/bench-merklekv")
BENCH_REDIS=("$OUT/bench-redis")

build() {
    local version
    version=$(go env GOVERSION) || return
    if ! printf '%s\n' go1.23 "$version" | sort -CV; then
        echo "this is $version, and the client needs go1.23 or newer" >&2
        return 1
    fi
    go build -C clients/go -o "$(realpath "$OUT")/adapter" ./conformance &&
        go build -C clients/go -o "$(realpath "$OUT")/example" ./examples/sensors
}

own_tests() {
    local unformatted
    unformatted=$(gofmt -l clients/go) || return
    if [[ -n $unformatted ]]; then
        echo "gofmt would change: $unformatted" >&2
        return 1
    fi
    go vet -C clients/go ./... && go test -C clients/go -race ./...
}

example() {
    "$OUT/example" "$1" "$2"
}

bench_build() {
    go build -C clients/go/bench -o "$(realpath "$OUT")/bench-merklekv" ./merklekv &&
        go build -C clients/go/bench -o "$(realpath "$OUT")/bench-redis" ./redis
}
