#!/usr/bin/env bash
# Starts a cluster of MerkleKV nodes on this machine and returns once every node has joined it.
#
#     scripts/cluster-up.sh [--nodes N] [--broker embedded|mosquitto|URL]
#                           [--base-port PORT] [--run-dir DIR]
#
# --nodes N         how many nodes, 1 to 50; 3 if not said
# --broker WHICH    embedded, which is the default: node 1 hosts it;
#                   mosquitto: Debian's, as a process of its own on a free port;
#                   a URL such as tcp://192.0.2.7:1883: one that runs already
# --base-port PORT  the nodes listen on PORT, PORT+1 and so on, an embedded broker on the port
#                   after those; if not said, on 7379, 7879, 7880 and so on, and on 1883, like
#                   configs/node1.toml to node3.toml
# --run-dir DIR     where configurations, logs and pid files go; run/cluster if not said
#
# The program is the release build of this repository, built first if need be, or the one that the
# variable NODE_BINARY names. MERKLE_KV_LOGGING_*, MERKLE_KV_MQTT_USERNAME, _PASSWORD and
# _TOPIC_PREFIX reach every node. scripts/cluster-down.sh stops the cluster.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=nodes.bash
source "$(dirname "${BASH_SOURCE[0]}")/nodes.bash"

nodes=3 broker=embedded base_port='' run=$REPOSITORY/run/cluster
while (($#)); do
    case $1 in
        -h | --help)
            print_help
            exit
            ;;
        --nodes | --broker | --base-port | --run-dir)
            (($# > 1)) || fail "$1 needs a value; see --help"
            case $1 in
                --nodes) nodes=$2 ;;
                --broker) broker=$2 ;;
                --base-port) base_port=$2 ;;
                --run-dir) run=$2 ;;
            esac
            shift 2
            ;;
        *) fail "what is $1? See --help" ;;
    esac
done
if [[ ! $nodes =~ ^[0-9]{1,2}$ ]] || ((10#$nodes < 1 || 10#$nodes > 50)); then
    fail "--nodes takes a number from 1 to 50, not $nodes"
fi
nodes=$((10#$nodes))
case $broker in
    embedded | mosquitto | ?*://?*) ;;
    *) fail "--broker takes embedded, mosquitto or a URL such as tcp://host:1883, not $broker" ;;
esac
if [[ -n $base_port ]]; then
    is_port "$base_port" || fail "--base-port takes a port from 1 to 65535, not $base_port"
    ((10#$base_port + nodes <= 65535)) ||
        fail "--base-port $base_port leaves no room for $nodes nodes and a broker up to 65535"
    base_port=$((10#$base_port))
fi

ports=()
for ((node = 1; node <= nodes; node++)); do
    if [[ -n $base_port ]]; then
        ports[node]=$((base_port + node - 1))
    elif ((node == 1)); then
        ports[node]=7379
    else
        ports[node]=$((7877 + node))
    fi
done

mkdir -p "$run"
run=$(cd "$run" && pwd)
down=$(dirname "$0")/cluster-down.sh
[[ $run == "$REPOSITORY/run/cluster" ]] || down+=" --run-dir ${run#"$PWD"/}"
# Of two that start at once, one; the lock goes with this process, whatever becomes of it.
exec 9>"$run/lock"
if command -v flock >/dev/null; then
    flock -n 9 || fail "another cluster-up or cluster-down is at work in $run"
fi
for file in "$run"/*.pid; do
    [[ -e $file ]] || continue
    name=$(basename "$file" .pid)
    if runs "$(<"$file")" "$run/$name.toml" || runs "$(<"$file")" "$run/$name.conf"; then
        fail "a cluster is up already ($name has pid $(<"$file")); stop it with $down"
    fi
done
rm -f "$run"/*.pid "$run"/*.toml "$run"/*.conf "$run"/*.log

mosquitto=''
if [[ $broker == mosquitto ]]; then
    # Debian puts it where not every user looks.
    mosquitto=$(PATH="$PATH:/usr/sbin" command -v mosquitto) ||
        fail "mosquitto is not installed; apt-get install mosquitto, or use --broker embedded"
fi
find_program

case $broker in
    embedded)
        broker_port=$([[ -n $base_port ]] && echo $((base_port + nodes)) || echo 1883)
        address=tcp://127.0.0.1:$broker_port
        ;;
    mosquitto)
        find_free_port
        broker_port=$FREE_PORT
        address=tcp://127.0.0.1:$broker_port
        ;;
    *) address=$broker ;;
esac

# write_config NODE: its configuration, as a person would write it.
write_config() {
    cat <<END
node_id = "node$1"

[network]
bind_port = ${ports[$1]}

[mqtt]
broker_address = "$address"
END
    if [[ $broker == embedded ]] && (($1 == 1)); then
        printf '\n[broker]\nenabled = true\nbind_port = %s\n' "$broker_port"
    fi
}

for ((node = 1; node <= nodes; node++)); do
    write_config "$node" >"$run/node$node.toml"
done
"$PROGRAM" check-config --config "$run/node1.toml" >/dev/null || fail "this cluster cannot be"

for ((node = 1; node <= nodes; node++)); do
    port=${ports[node]}
    is_taken "$port" && fail "port $port, for node$node, is taken; name others with --base-port"
done
if [[ $broker == embedded ]] && is_taken "$broker_port"; then
    fail "port $broker_port, for the broker in node1, is taken; name others with --base-port," \
        "or use the broker that is there: --broker $address"
fi

cleanup() {
    # A signal that comes while a command fails may leave the status of that one instead.
    local status=${ended_by:-$?}
    if ((${#STARTED[@]})); then
        echo "${0##*/}: stopping what was started" >&8
        stop_started
        rm -f "$run"/*.pid
    fi
    exit "$status"
}
ended_by=''
trap cleanup EXIT
trap 'ended_by=130; exit 130' INT
trap 'ended_by=143; exit 143' TERM HUP

if [[ -n $mosquitto ]]; then
    # Without set_tcp_nodelay mosquitto lets a small message wait until the one before it is
    # acknowledged, and the receiver's system may delay that acknowledgement by 40 ms.
    cat >"$run/mosquitto.conf" <<END
listener $broker_port 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
END
    start "$run/mosquitto.log" "$mosquitto" -c "$run/mosquitto.conf"
    echo "$PID" >"$run/mosquitto.pid"
    begun=$SECONDS
    until is_taken "$broker_port"; do
        is_alive "$PID" || fail "mosquitto ended: $(tail -n 3 "$run/mosquitto.log")"
        ((SECONDS - begun < START_LIMIT)) || fail "mosquitto does not listen on $broker_port"
        sleep 0.02
    done
    echo "mosquitto listens on port $broker_port"
fi

pids=()
start_node() {
    start "$run/node$1.log" "$PROGRAM" --config "$run/node$1.toml"
    echo "$PID" >"$run/node$1.pid"
    pids[$1]=$PID
}

# wait_for_node NODE COMMAND PATTERN WHAT
wait_for_node() {
    wait_for "node$1" "${ports[$1]}" "${pids[$1]}" "$run/node$1.log" "$2" "$3" "$4"
}

start_node 1
# It may host the broker, which the others would look for in vain.
wait_for_node 1 PING PONG answered
for ((node = 2; node <= nodes; node++)); do
    start_node "$node"
done
for ((node = 1; node <= nodes; node++)); do
    wait_for_node "$node" PING PONG answered
    wait_for_node "$node" 'REPLICATE STATUS' 'REPLICATION enabled connected *' joined
    echo "node$node has joined"
done

# From here on the cluster outlives this script.
STARTED=()
shown=${run#"$PWD"/}
echo
printf '%-9s  %-5s  %-7s  %s\n' node port pid log
for ((node = 1; node <= nodes; node++)); do
    printf '%-9s  %-5s  %-7s  %s\n' \
        "node$node" "${ports[$node]}" "${pids[$node]}" "$shown/node$node.log"
done
if [[ -n $mosquitto ]]; then
    printf '%-9s  %-5s  %-7s  %s\n' \
        mosquitto "$broker_port" "$(<"$run/mosquitto.pid")" "$shown/mosquitto.log"
fi
last=${ports[nodes]}
where=''
[[ $broker != embedded ]] || where=', in node1'
cat <<END

The broker is $address$where.
Write on one node, read on another:

    printf 'SET greeting hello\r\nQUIT\r\n' | nc 127.0.0.1 ${ports[1]}
    printf 'GET greeting\r\nQUIT\r\n' | nc 127.0.0.1 $last

Stop the cluster, and forget its data:

    $down
END
