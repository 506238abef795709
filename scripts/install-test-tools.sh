#!/usr/bin/env bash
# Installs what the tests need beyond cargo, and only what is missing. Starts nothing:
# where Debian's mosquitto package starts a broker by itself, that one is left alone.
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
has python3 || packages+=(python3)
has node || packages+=(nodejs)
has npm || packages+=(npm)
# Asked by package: other netcats answer to `nc` too and take other options.
dpkg-query -W -f '${Status}' netcat-openbsd 2>/dev/null | grep -q 'ok installed' ||
    packages+=(netcat-openbsd)

if ((${#packages[@]})); then
    echo "installing: ${packages[*]}"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${packages[@]}"
fi

mkdir -p "$TOOLS"

# The server is in redis-tools too, as redis-check-rdb: which of them it is, it sees by its name.
# The package redis-server would add nothing but a service that starts by itself.
if ! "$TOOLS/redis-server" --version 2>/dev/null | grep -q '^Redis server'; then
    ln -sf "$(command -v redis-server || command -v redis-check-rdb)" "$TOOLS/redis-server"
    "$TOOLS/redis-server" --version
fi

if [[ $("$TOOLS/python/bin/python" -c 'import redis; print(redis.__version__)' 2>/dev/null) \
    != "$REDIS_PY" ]]; then
    echo "installing: redis-py $REDIS_PY"
    # Debian has the installer of packages in a package of its own.
    if ! python3 -c 'import ensurepip' 2>/dev/null; then
        as_root apt-get update -q
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-install-recommends python3-venv
    fi
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
