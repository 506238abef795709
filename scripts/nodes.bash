# shellcheck shell=bash
# What the scripts that run nodes have in common: find the program, start processes, ask nodes,
# stop processes. Sourced by them, not run. Talks to nodes through bash's own /dev/tcp, so that
# nothing has to be installed.
# shellcheck disable=SC2034 # some of the variables are for those who source this

REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly REPOSITORY

# How long a node may take to answer, and to end once it was asked to; it gives its clients and
# its broker 5 seconds each. In seconds.
readonly START_LIMIT=30
readonly STOP_LIMIT=15

# The process ids of what this run of the script has started.
STARTED=()

# A node that closes its connection while it is being asked is no reason to end.
trap : PIPE

# Standard error, also for a trap that comes while a command's complaints are dropped.
exec 8>&2

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# The comment at the top of the script, as its --help.
print_help() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
}

# Sets PROGRAM: what NODE_BINARY names, or the release build of this repository, made if need be.
find_program() {
    if [[ -n ${NODE_BINARY:-} ]]; then
        PROGRAM=$NODE_BINARY
        [[ -x $PROGRAM ]] || fail "NODE_BINARY is $PROGRAM, which is no program"
    else
        local target=${CARGO_TARGET_DIR:-target}
        [[ $target == /* ]] || target=$REPOSITORY/$target
        PROGRAM=$target/release/merkle-kv
        command -v cargo >/dev/null ||
            fail "cargo is not there to build the node; install Rust, or set NODE_BINARY"
        [[ -x $PROGRAM ]] || echo "building the node, which takes some minutes the first time"
        # Cargo knows best whether the program is older than its sources.
        (cd "$REPOSITORY" && cargo build --release) || fail "the build failed"
    fi
    # These would override what the scripts decide, and all nodes alike. Others are left alone, so
    # that MERKLE_KV_LOGGING_LEVEL=debug, or a user at the broker, reach every node.
    unset "${!MERKLE_KV_NETWORK_@}" "${!MERKLE_KV_BROKER_@}" MERKLE_KV_NODE_ID \
        MERKLE_KV_MQTT_ENABLED MERKLE_KV_MQTT_BROKER_ADDRESS MERKLE_KV_MQTT_CLIENT_ID \
        MERKLE_KV_LOGGING_FILE_PATH
}

is_port() {
    [[ $1 =~ ^[0-9]{1,5}$ ]] && ((10#$1 >= 1 && 10#$1 <= 65535))
}

is_taken() {
    (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Sets FREE_PORT to one that nobody listens on, from below those the system hands out by itself.
find_free_port() {
    local attempt
    for ((attempt = 0; attempt < 50; attempt++)); do
        FREE_PORT=$((20000 + RANDOM % 10000))
        is_taken "$FREE_PORT" || return 0
    done
    fail "found no free port between 20000 and 29999"
}

# start LOG COMMAND…: sets PID. The process gets a group of its own, so that Ctrl-C at this script
# does not reach it a second time, and nothing of the script's that it would keep open: 8 is its
# standard error, 9 a lock.
start() {
    local log=$1
    shift
    set -m
    "$@" </dev/null >"$log" 2>&1 8>&- 9>&- &
    PID=$!
    set +m
    STARTED+=("$PID")
}

# ask PORT COMMAND: sets ANSWER to the first line of the reply, or to "no answer" if there is none
# within two seconds. It does not print it, since those who ask wait, and may be interrupted
# meanwhile: in bash 5.2 a trap whose signal comes during a command substitution may end the script
# with a syntax error and the status 2 instead.
ask() {
    ANSWER='no answer'
    {
        exec 3<>"/dev/tcp/127.0.0.1/$1" || return 0
        printf '%s\r\nQUIT\r\n' "$2" >&3 &&
            IFS= read -r -t 2 ANSWER <&3 ||
            ANSWER='no answer'
        exec 3>&-
    } 2>/dev/null
    ANSWER=${ANSWER%$'\r'}
}

# Whether a process runs whose command line ends in this. It is empty for one that has ended.
runs() {
    local pid=$1 ending=$2 line=
    [[ $pid =~ ^[0-9]+$ ]] || return 1
    if [[ -d /proc/self ]]; then
        line=$(tr '\0' ' ' <"/proc/$pid/cmdline") || return 1
    else
        line="$(ps -ww -o args= -p "$pid") " || return 1
    fi 2>/dev/null
    [[ ${line% } == *"$ending" ]]
}

# Whether a process is there and is no mere remainder that waits for its parent.
is_alive() {
    kill -0 "$1" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

# Asks processes to stop in order and waits until they are gone; ends by force what is not.
stop_all() {
    local pid deadline=$((SECONDS + STOP_LIMIT))
    for pid in "$@"; do
        kill -TERM "$pid" 2>/dev/null || true
    done
    for pid in "$@"; do
        while is_alive "$pid"; do
            if ((SECONDS >= deadline)); then
                echo "${0##*/}: process $pid did not stop within $STOP_LIMIT s and was killed" >&2
                kill -KILL "$pid" 2>/dev/null || true
            fi
            sleep 0.02
        done
    done
}

# Ends what this run has started, the first last: it may host the broker of the others.
stop_started() {
    exec 2>&8
    if ((${#STARTED[@]})); then
        stop_all "${STARTED[@]:1}"
        stop_all "${STARTED[0]}"
        STARTED=()
    fi
}

# wait_for NAME PORT PID LOG COMMAND PATTERN WHAT: until the reply to the command matches.
wait_for() {
    local name=$1 port=$2 pid=$3 log=$4 command=$5 pattern=$6 what=$7
    local begun=$SECONDS told=0
    # The pattern is meant as one.
    # shellcheck disable=SC2053
    while ask "$port" "$command"; [[ $ANSWER != $pattern ]]; do
        if ! is_alive "$pid"; then
            echo "the log of $name, $log, ends:" >&2
            tail -n 10 "$log" >&2
            fail "$name ended before it $what"
        fi
        if [[ $ANSWER == *refused* ]]; then
            fail "another live node at this broker is called $name: $ANSWER"
        fi
        if ((SECONDS - begun >= START_LIMIT)); then
            fail "$name has not $what within $START_LIMIT s ($ANSWER); see $log"
        fi
        if ((SECONDS - begun >= told + 5)); then
            told=$((SECONDS - begun))
            echo "$name has not $what after $told s: $ANSWER"
        fi
        sleep 0.05
    done
}
