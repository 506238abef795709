# shellcheck shell=bash disable=SC2034,SC2154
# What the project's scripts need to know about the Python client. Sourced at the repository's root,
# with OUT set to a folder for what is built.

NEEDS=(python3:python3)
BENCH_NEEDS=("/usr/lib/python3*/ensurepip:python3-venv") # without it, no venv has pip
MODES=(sync async)
ADAPTER=(python3 clients/python/conformance/adapter.py)
PEER="redis-py 8.1.0"
BENCH_OURS=(python3 clients/python/bench/bench_merklekv.py)
BENCH_REDIS=("$OUT/venv/bin/python" clients/python/bench/bench_redis.py)

# Nothing is to be built, but a file that does not compile should be noticed here.
build() {
    PYTHONPYCACHEPREFIX=$OUT/pycache python3 -m compileall -q \
        clients/python/{src,conformance,examples,tests,bench}
}

own_tests() {
    PYTHONPATH=clients/python/src PYTHONPYCACHEPREFIX=$OUT/pycache \
        python3 -W error -m unittest discover -q -s clients/python/tests
}

example() {
    PYTHONPATH=clients/python/src PYTHONPYCACHEPREFIX=$OUT/pycache \
        python3 clients/python/examples/sensors.py "$1" "$2"
}

bench_build() {
    python3 -m venv "$OUT/venv" &&
        "$OUT/venv/bin/python" -m pip install --quiet --disable-pip-version-check redis==8.1.0
}
