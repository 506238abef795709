#!/usr/bin/env bash
# Installs what scripts/bench-storage.sh needs beyond cargo, and only what is missing. Starts
# nothing: where Debian's redis-server package starts a server by itself, that one is left alone.
set -euo pipefail

as_root() {
    if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

if ! command -v redis-server >/dev/null; then
    echo "installing: redis-server"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends redis-server
fi
