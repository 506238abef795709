#!/usr/bin/env bash
# Measures a node beside Redis and memcached, after installing those if they are missing.
# Arguments go to merkle-kv bench compare: scripts/bench-compare.sh --throughput --rounds 3
set -euo pipefail
# Files among the arguments are meant from where the caller is.
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Standard output is for the figures.
"$repository/scripts/install-bench-tools.sh" >&2
exec cargo run --profile dist --quiet --manifest-path "$repository/Cargo.toml" -- bench compare "$@"
