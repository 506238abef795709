#!/usr/bin/env bash
# Runs all tests of the workspace, after installing the tools they need if any is missing.
# Arguments go to cargo test: scripts/test.sh -p merkle-kv-core journal
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install-test-tools.sh
if (($#)); then
    exec cargo test --release "$@"
fi
cargo test --release --workspace
# What is not built in unless it is asked for.
exec cargo test --release -p merkle-kv-actors --features otlp --lib -- tracing
