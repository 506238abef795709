#!/usr/bin/env bash
# Stops the cluster that scripts/cluster-up.sh started, in order, and waits until it is gone.
# Its logs stay; its data was in memory, unless its nodes were told to keep it.
#
#     scripts/cluster-down.sh [--run-dir DIR]
#
# --run-dir DIR   as given to cluster-up.sh; run/cluster if not said
#
# Ends a process only if its command line is the one that cluster-up.sh gave it.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=nodes.bash
source "$(dirname "${BASH_SOURCE[0]}")/nodes.bash"

run=$REPOSITORY/run/cluster
while (($#)); do
    case $1 in
        -h | --help)
            print_help
            exit
            ;;
        --run-dir)
            (($# > 1)) || fail "$1 needs a value; see --help"
            run=$2
            shift 2
            ;;
        *) fail "what is $1? See --help" ;;
    esac
done

if [[ ! -d $run ]]; then
    echo "no cluster is up: there is no $run"
    exit
fi
run=$(cd "$run" && pwd)
exec 9>"$run/lock"
if command -v flock >/dev/null; then
    flock -n 9 || fail "another cluster-up or cluster-down is at work in $run"
fi

stopped=0

# stop_one NAME SETTINGS: by its pid file.
stop_one() {
    local file=$run/$1.pid pid
    [[ -e $file ]] || return 0
    pid=$(<"$file")
    if runs "$pid" "$2"; then
        stop_all "$pid"
        echo "$1 (pid $pid) has stopped"
        stopped=$((stopped + 1))
    else
        echo "$1 was gone already"
    fi
    rm -f "$file"
}

# node1 last of the nodes, as it may host the broker, which the others still say goodbye to.
for file in "$run"/node*.pid; do
    name=$(basename "$file" .pid)
    [[ $name == node1 ]] || stop_one "$name" "--config $run/$name.toml"
done
stop_one node1 "--config $run/node1.toml"
stop_one mosquitto "-c $run/mosquitto.conf"
((stopped)) || echo "no cluster is up in $run"
