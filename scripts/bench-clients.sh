#!/usr/bin/env bash
# Measures each client library beside the Redis client that most programs of its language use, both
# against one node, the latter over RESP, in turns. Prints a table in Markdown: thousands of
# operations per second, and how many times those of the Redis client they are.
#
# Usage: scripts/bench-clients.sh [--rounds N] [LANGUAGE...]
#
# The node has one processor, the client another. Each figure is the median of N rounds (3).
# NODE_BINARY=FILE measures another program.
set -euo pipefail
# shellcheck source=scripts/nodes.bash
source "$(dirname "${BASH_SOURCE[0]}")/nodes.bash"
# shellcheck source=scripts/clients.bash
source "$(dirname "${BASH_SOURCE[0]}")/clients.bash"

rounds=3
case ${1:-} in
    -h | --help) print_help && exit ;;
    --rounds) rounds=${2:-} && shift 2 ;;
esac
[[ $rounds =~ ^[1-9]$ ]] || fail "--rounds is '$rounds', not a number from 1 to 9"
choose_languages "$@"

find_program
install_needed NEEDS
install_needed BENCH_NEEDS
cd "$REPOSITORY"

folder=$(mktemp -d)
trap 'stop_started; rm -rf "$folder"' EXIT

readonly LOADS=("single set" "single get" "pipelined set" "pipelined get")

# The operations per second of one load in all rounds of one program: their median.
median() {
    grep -h "^$2 " "$folder/$LANGUAGE.$1".* | awk '{ print $3 }' | sort -n |
        awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

measure() {
    load "$1"
    echo "$LANGUAGE: building" >&2
    if ! { build && bench_build; } >"$folder/build.log" 2>&1; then
        cat "$folder/build.log" >&2
        fail "$LANGUAGE: the build failed"
    fi
    local round load ours redis
    for ((round = 1; round <= rounds; round++)); do
        echo "$LANGUAGE: round $round of $rounds" >&2
        taskset -c 1 "${BENCH_OURS[@]}" 127.0.0.1 "$PORT" >"$folder/$LANGUAGE.ours.$round"
        [[ -n $PEER ]] || continue
        taskset -c 1 "${BENCH_REDIS[@]}" 127.0.0.1 "$PORT" >"$folder/$LANGUAGE.redis.$round"
    done
    local row="| $LANGUAGE | ${PEER:-none to be had} |"
    for load in "${LOADS[@]}"; do
        ours=$(median ours "$load")
        redis=$([[ -z $PEER ]] || median redis "$load")
        row+=$(awk -v ours="$ours" -v redis="$redis" 'BEGIN {
            printf " %.1f", ours / 1000
            if (redis) printf ", %.2f", ours / redis
        }')" |"
    done
    echo "$row"
}

find_free_port
PORT=$FREE_PORT
printf 'node_id = "clients"\nnetwork.bind_port = %d\nmqtt.enabled = false\n' "$PORT" \
    >"$folder/node.toml"
start "$folder/node.log" taskset -c 0 "$PROGRAM" --config "$folder/node.toml"
wait_for clients "$PORT" "$PID" "$folder/node.log" PING PONG answered

echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) processors; keys of 8"
echo "bytes, values of 64; pipelines of 100; median of $rounds rounds."
echo
echo '| language | beside | single set | single get | pipelined set | pipelined get |'
echo '|---|---|---|---|---|---|'
for language in "${CHOSEN[@]}"; do
    # The node is not this process's to stop.
    (trap - EXIT && measure "$language")
done
