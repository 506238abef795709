#!/usr/bin/env bash
# Installs what scripts/bench-storage.sh and scripts/bench-compare.sh need beyond cargo, and only
# what is missing. Starts nothing: where Debian's packages start a server by themselves, that one is
# left alone.
set -euo pipefail

as_root() {
    if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

has() {
    # /usr/sbin is where Debian puts mosquitto; it is not in the PATH of every user.
    PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null
}

packages=()
has redis-server || packages+=(redis-server)
has memcached || packages+=(memcached)
has mosquitto || packages+=(mosquitto)
has taskset || packages+=(util-linux)

if ((${#packages[@]})); then
    echo "installing: ${packages[*]}"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${packages[@]}"
fi
