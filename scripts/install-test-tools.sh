#!/usr/bin/env bash
# Installs what the tests need beyond cargo, and only what is missing. Starts nothing:
# where Debian's packages start a broker or a server by themselves, those are left alone.
set -euo pipefail

as_root() {
    if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

has() {
    # /usr/sbin is where Debian puts mosquitto; it is not in the PATH of every user.
    PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null
}

packages=()
has mosquitto || packages+=(mosquitto)
has mosquitto_pub || packages+=(mosquitto-clients)
has redis-server || packages+=(redis-server)
has memcached || packages+=(memcached)
# Asked by package: other netcats answer to `nc` too and take other options.
dpkg-query -W -f '${Status}' netcat-openbsd 2>/dev/null | grep -q 'ok installed' ||
    packages+=(netcat-openbsd)

if ((${#packages[@]})); then
    echo "installing: ${packages[*]}"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${packages[@]}"
fi
