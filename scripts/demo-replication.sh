#!/usr/bin/env bash
# Shows replication: starts two nodes, writes on one, reads on the other until the write is there,
# and says how long that took. Stops the nodes at the end.
#
#     scripts/demo-replication.sh [--base-port PORT]
#
# --base-port PORT  the nodes listen on PORT and PORT+1; 7600 if not said
#
# Node A hosts the broker, on a free port. The time of a line begins when A has confirmed the write
# and ends when B has given the new value. Exit code 1 if something did not arrive.
# The program is the release build of this repository, built first if need be, or the one that the
# variable NODE_BINARY names.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=nodes.bash
source "$(dirname "${BASH_SOURCE[0]}")/nodes.bash"

# How long a write may take to the other node, in microseconds.
readonly ARRIVAL_LIMIT=5000000

base_port=7600
while (($#)); do
    case $1 in
        -h | --help)
            print_help
            exit
            ;;
        --base-port)
            (($# > 1)) || fail "$1 needs a value; see --help"
            base_port=$2
            shift 2
            ;;
        *) fail "what is $1? See --help" ;;
    esac
done
if ! is_port "$base_port" || ((10#$base_port == 65535)); then
    fail "--base-port takes a port from 1 to 65534, not $base_port"
fi
port_a=$((10#$base_port)) port_b=$((10#$base_port + 1))

find_program
for port in "$port_a" "$port_b"; do
    is_taken "$port" && fail "port $port is taken; name others with --base-port"
done
find_free_port
broker_port=$FREE_PORT

run=$(mktemp -d)
trap 'stop_started; rm -rf "$run"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

cat >"$run/a.toml" <<END
node_id = "demo-a"
[network]
bind_port = $port_a
[broker]
enabled = true
bind_port = $broker_port
END
cat >"$run/b.toml" <<END
node_id = "demo-b"
[network]
bind_port = $port_b
[mqtt]
broker_address = "tcp://127.0.0.1:$broker_port"
END

# start_node LETTER PORT
start_node() {
    start "$run/$1.log" "$PROGRAM" --config "$run/$1.toml"
    wait_for "node ${1^}" "$2" "$PID" "$run/$1.log" PING PONG answered
    wait_for "node ${1^}" "$2" "$PID" "$run/$1.log" \
        'REPLICATE STATUS' 'REPLICATION enabled connected *' joined
}
start_node a "$port_a"
start_node b "$port_b"
echo "node A: 127.0.0.1:$port_a, hosts the broker on port $broker_port"
echo "node B: 127.0.0.1:$port_b"
echo

# One connection to each for all that follows, so that connecting is not part of the times.
exec 3<>"/dev/tcp/127.0.0.1/$port_a" 4<>"/dev/tcp/127.0.0.1/$port_b"

# command SOCKET LINE: sets REPLY_LINE.
command() {
    printf '%s\r\n' "$2" >&"$1"
    IFS= read -r -t 10 REPLY_LINE <&"$1" || fail "no reply to $2"
    REPLY_LINE=${REPLY_LINE%$'\r'}
}

microseconds() {
    NOW=${EPOCHREALTIME/[.,]/}
}

missed=0

# show WRITER WRITE READER READ EXPECTED: the writer is 3 for A or 4 for B, the reader the other.
show() {
    local writer=$1 write=$2 reader=$3 read=$4 expected=$5 begun elapsed
    local names=('' '' '' A B)
    command "$writer" "$write"
    microseconds
    begun=$NOW
    while
        command "$reader" "$read"
        microseconds
        elapsed=$((NOW - begun))
        [[ $REPLY_LINE != "$expected" ]]
    do
        if ((elapsed > ARRIVAL_LIMIT)); then
            printf '%s: %-24s  %s: %s gave %s, not %s\n' \
                "${names[writer]}" "$write" "${names[reader]}" "$read" "$REPLY_LINE" "$expected"
            missed=$((missed + 1))
            return 0
        fi
    done
    printf '%s: %-24s  %s: %-12s -> %-18s %4d.%01d ms\n' "${names[writer]}" "$write" \
        "${names[reader]}" "$read" "$REPLY_LINE" $((elapsed / 1000)) $((elapsed % 1000 / 100))
}

show 3 'SET greeting hello' 4 'GET greeting' 'VALUE hello'
show 3 'APPEND greeting , world' 4 'GET greeting' 'VALUE hello, world'
show 3 'INCR visits' 4 'GET visits' 'VALUE 1'
show 3 'INCR visits 41' 4 'GET visits' 'VALUE 42'
show 3 'DEL greeting' 4 'GET greeting' '(null)'
show 4 'SET reply hello back' 3 'GET reply' 'VALUE hello back'
exec 3>&- 4>&-

echo
if ((missed)); then
    fail "$missed of 6 writes did not arrive within $((ARRIVAL_LIMIT / 1000000)) s"
fi
echo "all 6 writes arrived"
