#!/usr/bin/env bash
# All that has to pass before a commit: format, lints, documentation, dependencies, tests.
# Stops at the first step that fails. The release profile throughout, so that lints and
# documentation share what they compile and the tests share theirs with the binary that ships.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() {
    local name=$1 begun=$SECONDS status=0
    shift
    echo "== $name: $*"
    # In an `if`, so that `set -e` leaves us time to say which step it was.
    if "$@"; then :; else status=$?; fi
    echo "== $name: $( ((status)) && echo "failed ($status)" || echo ok) after $((SECONDS - begun)) s"
    return "$status"
}

step tools scripts/install-check-tools.sh
step format cargo fmt --all --check
step lints cargo clippy --release --workspace --all-targets -- -D warnings
step lints-without-broker cargo clippy --release --no-default-features -- -D warnings
step lints-with-otlp cargo clippy --release -p merkle-kv-actors --features otlp --all-targets -- \
    -D warnings
step documentation env RUSTDOCFLAGS="-D warnings" \
    cargo doc --release --no-deps --workspace --document-private-items
step dependencies cargo deny check bans licenses sources
step tests scripts/test.sh
step clients scripts/test-clients.sh
step integration scripts/test-integration.sh
