#!/usr/bin/env bash
# Measures durable storage beside Redis, after installing Redis if it is missing.
# Arguments go to merkle-kv bench storage: scripts/bench-storage.sh --recovery
set -euo pipefail
# Folders among the arguments are meant from where the caller is.
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Standard output is for the figures.
"$repository/scripts/install-bench-tools.sh" >&2
exec cargo run --profile dist --quiet --manifest-path "$repository/Cargo.toml" -- bench storage "$@"
