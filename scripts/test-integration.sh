#!/usr/bin/env bash
# Runs the integration tests in tests/integration against live nodes, with pytest in an environment
# of its own under target/integration.
#
#     scripts/test-integration.sh [ARGUMENT…]
#
# Arguments go to tests/integration/run_tests.py, whose --help explains them; without any it is
# --mode ci. The node is built first (cargo build --release), unless --node or --port is among the
# arguments or the variable NO_BUILD is 1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

SUITE=tests/integration
TOOLS=target/integration/python

fail() {
    echo "${0##*/}: $*" >&2
    exit 2
}

command -v python3 >/dev/null || fail "python3 is not installed; apt-get install python3 python3-venv"

# The requirements that were installed are kept beside them, so that others are noticed.
if ! cmp -s "$SUITE/requirements.txt" "$TOOLS/requirements.txt"; then
    echo "installing $(paste -sd ' ' "$SUITE/requirements.txt") into $TOOLS"
    rm -rf "$TOOLS"
    python3 -m venv "$TOOLS" || fail "python3 makes no environment; apt-get install python3-venv"
    "$TOOLS/bin/python" -m pip install -q --disable-pip-version-check -r "$SUITE/requirements.txt"
    cp "$SUITE/requirements.txt" "$TOOLS/requirements.txt"
fi

build=1
[[ ${NO_BUILD:-} != 1 ]] || build=0
for argument in "$@"; do
    case $argument in
        -h | --help | --node | --node=* | --port | --port=*) build=0 ;;
    esac
done
if ((build)); then
    command -v cargo >/dev/null ||
        fail "cargo is not there to build the node; install Rust, or name a program with --node"
    cargo build --release
fi

(($#)) || set -- --mode ci
exec "$TOOLS/bin/python" "$SUITE/run_tests.py" "$@"
