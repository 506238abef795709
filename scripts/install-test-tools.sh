#!/usr/bin/env bash
# Installs what the tests need beyond cargo, and only what is missing. Starts nothing:
# no package of these may start a service that was not there before.
# Libraries of Redis clients go into target/test-tools, in the versions that stand here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

REDIS_PY=8.1.0
IOREDIS=5.11.1
TOOLS=target/test-tools

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
has redis-cli || packages+=(redis-tools)
has redis-server || packages+=(redis-server)
# For promtool, which checks rules and metrics.
has promtool || packages+=(prometheus)
has memcached || packages+=(memcached)
has python3 || packages+=(python3)
has chromium || packages+=(chromium)
has chromedriver || packages+=(chromium-driver)
# Debian has the installer of packages in a package of its own.
python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
# Its systemd-analyze checks the unit; nothing of it has to run.
has systemd-analyze || packages+=(systemd)
has node || packages+=(nodejs)
has npm || packages+=(npm)
# Asked by package: other netcats answer to `nc` too and take other options.
dpkg-query -W -f '${Status}' netcat-openbsd 2>/dev/null | grep -q 'ok installed' ||
    packages+=(netcat-openbsd)

# What Debian's packages ask before they start a service; 101 is no.
POLICY=/usr/sbin/policy-rc.d

if ((${#packages[@]})); then
    echo "installing: ${packages[*]}"
    if [[ ! -e $POLICY ]]; then
        trap 'as_root rm -f "$POLICY"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
        as_root chmod +x "$POLICY"
    fi
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${packages[@]}"
fi

mkdir -p "$TOOLS"

if [[ $("$TOOLS/python/bin/python" -c 'import redis; print(redis.__version__)' 2>/dev/null) \
    != "$REDIS_PY" ]]; then
    echo "installing: redis-py $REDIS_PY"
    rm -rf "$TOOLS/python"
    python3 -m venv "$TOOLS/python"
    "$TOOLS/python/bin/python" -m pip install -q --disable-pip-version-check "redis==$REDIS_PY"
fi

if ! grep -qs "\"version\": \"$IOREDIS\"" "$TOOLS/node/node_modules/ioredis/package.json"; then
    echo "installing: ioredis $IOREDIS"
    rm -rf "$TOOLS/node"
    mkdir -p "$TOOLS/node"
    npm install --prefix "$TOOLS/node" --no-save --ignore-scripts --no-audit --no-fund --silent \
        "ioredis@$IOREDIS"
fi
