# shellcheck shell=bash
# What the project's scripts do with the JavaScript client. Sourced with the working directory at
# the repository root, and OUT set to a folder for what is built.
# shellcheck disable=SC2034 # the variables are for those who source this

NEEDS=(node:nodejs npm:npm)
MODES=(sync)
ADAPTER=(node clients/nodejs/conformance/adapter.js)

# Nothing is compiled. That all files can be read is seen here.
build() {
    local file
    for file in clients/nodejs/{src,conformance,examples,bench,test}/*.js; do
        node --check "$file" || return
    done
}

# The tests, then the types, for which a program is compiled that uses the package as installed.
own_tests() {
    node --test clients/nodejs/test/*.test.js && check_types
}

check_types() {
    local folder=$OUT/types
    mkdir -p "$folder" || return
    install_packages "$folder" typescript@5.9.3 @types/node@20.19.25 ./clients/nodejs || return
    cp clients/nodejs/test/types.ts clients/nodejs/test/tsconfig.json "$folder" || return
    "$folder/node_modules/.bin/tsc" --project "$folder"
}

# Packages with their exact versions into a folder; nothing is written beside them.
install_packages() {
    local folder=$1
    shift
    npm install --prefix "$folder" --no-save --no-package-lock --no-audit --no-fund \
        --loglevel=error --silent "$@"
}

example() {
    node clients/nodejs/examples/sensors.js "$1" "$2"
}

PEER="ioredis 5.11.1"

bench_build() {
    install_packages "$OUT" ioredis@5.11.1
}

BENCH_OURS=(node clients/nodejs/bench/merklekv.js)
BENCH_REDIS=(env "NODE_PATH=$OUT/node_modules" node clients/nodejs/bench/redis.js)
