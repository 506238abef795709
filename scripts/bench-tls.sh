#!/usr/bin/env bash
# Measures a node with TLS beside Redis with TLS, in turns: redis-benchmark on one processor, the
# server under load on another, the other server idle. Prints requests per second and their ratio.
#
# Usage: scripts/bench-tls.sh [ROUNDS]    (default 3; NODE_BINARY=FILE measures another program)
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
rounds=${1:-3}
program=${NODE_BINARY:-$repository/target/dist/merkle-kv}
requests=${REQUESTS:-200000}

[[ $rounds =~ ^[1-9][0-9]?$ ]] || { echo "rounds: a number from 1 to 99" >&2; exit 1; }
[[ -x $program ]] || { echo "$program is missing: cargo build --profile dist" >&2; exit 1; }
"$repository/scripts/install-bench-tools.sh" >&2

folder=$(mktemp -d)
servers=()
end() {
    for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
    wait
    rm -rf "$folder"
}
trap end EXIT
cd "$folder"

# One certificate for both, so that both do the same work in a handshake.
curve=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
openssl req -x509 "${curve[@]}" -keyout ca.key -out ca.pem -subj /CN=ca -days 2 \
    -addext basicConstraints=critical,CA:TRUE 2>/dev/null
openssl req "${curve[@]}" -keyout server.key -out server.csr -subj /CN=server 2>/dev/null
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem \
    -extfile <(echo subjectAltName=IP:127.0.0.1) 2>/dev/null

cat > node.toml <<TOML
node_id = "bench-tls"
network.bind_port = 19379
mqtt.enabled = false
[tls]
enabled = true
cert_file = "server.pem"
key_file = "server.key"
ca_file = "ca.pem"
TOML
taskset -c 0 "$program" --config node.toml 2> node.log &
servers+=($!)
taskset -c 0 redis-server --port 0 --tls-port 19380 --tls-cert-file server.pem \
    --tls-key-file server.key --tls-ca-cert-file ca.pem --tls-auth-clients no \
    --save '' --appendonly no > redis.log &
servers+=($!)

answers() {
    redis-cli --tls --cacert ca.pem -p "$1" PING 2>/dev/null | grep -q PONG
}
for port in 19379 19380; do
    for _ in $(seq 100); do answers "$port" && break; sleep 0.1; done
    answers "$port" || { cat node.log redis.log >&2; exit 1; }
done

# Requests per second of a server: port, command, pipeline.
measure() {
    taskset -c 1 redis-benchmark --tls --cacert ca.pem -h 127.0.0.1 -p "$1" -t "$2" -P "$3" \
        -n "$requests" -r 100000 -d 100 -c 50 --csv | awk -F'"' 'END { print $4 }'
}

printf '%-8s %8s %5s %14s %14s %6s\n' command pipeline round node/s redis/s ratio
for round in $(seq "$rounds"); do
    for pipeline in 1 16 100; do
        for command in set get; do
            node=$(measure 19379 "$command" "$pipeline")
            redis=$(measure 19380 "$command" "$pipeline")
            printf '%-8s %8s %5s %14.0f %14.0f %6.2f\n' "$command" "$pipeline" "$round" \
                "$node" "$redis" "$(awk "BEGIN { print $node / $redis }")"
        done
    done
done
