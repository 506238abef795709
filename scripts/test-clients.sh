#!/usr/bin/env bash
# Builds the client libraries, and runs for each its own tests, its example and the conformance
# suite against live nodes. Prints one line for each language.
#
# Usage: scripts/test-clients.sh [LANGUAGE...]
#
# Languages: python nodejs go java rust dotnet cpp ruby php; all nine unless some are named.
# Installs what they need and is missing, from Debian's packages and the languages' registries.
# NODE_BINARY=FILE tests against another program; JOBS=N runs N languages at a time (2).
set -euo pipefail
# shellcheck source=scripts/nodes.bash
source "$(dirname "${BASH_SOURCE[0]}")/nodes.bash"
# shellcheck source=scripts/clients.bash
source "$(dirname "${BASH_SOURCE[0]}")/clients.bash"

case ${1:-} in -h | --help) print_help && exit ;; esac
choose_languages "$@"
jobs=${JOBS:-2}
[[ $jobs =~ ^[1-9]$ ]] || fail "JOBS is '$jobs', not a number from 1 to 9"

find_program
install_needed NEEDS
cd "$REPOSITORY"

folder=$(mktemp -d)
trap 'stop_started; rm -rf "$folder"' EXIT

# step WHAT COMMAND…: runs it with its output in a file, which is shown if it ends with an error.
step() {
    STEP=$1
    shift
    "$@" >"$folder/$LANGUAGE.log" 2>&1
}

# In the trap of a language's own process: what failed, and all that it said.
tell_failure() {
    local status=$?
    ((status)) || return 0
    echo "$LANGUAGE: $STEP failed ($status):"
    cat "$folder/$LANGUAGE.log"
}

# The suite, in one of the ways in which the library can be called.
suite() {
    python3 clients/conformance/run.py --node "$PROGRAM" --name "$LANGUAGE $1" -- \
        "${ADAPTER[@]}" "$1"
}

# All that is to be shown of one language; says one line if all is well. Not to be called behind
# `if` or before `||`: bash would go on after an error then.
test_language() {
    local begun=$SECONDS counts='' mode
    load "$1"
    step "the build" build
    step "its own tests" own_tests
    step "the example" example 127.0.0.1 "$PORT"
    for mode in "${MODES[@]}"; do
        step "the suite ($mode)" suite "$mode"
        counts+="$(tail -n 1 "$folder/$LANGUAGE.log" |
            sed -E 's/.*: ([0-9]+ passed), 0 failed(, [0-9]+ not for it)?.*/\1\2/') ($mode), "
    done
    printf '%-8s %-34s own tests and example ok, %d s\n' \
        "$LANGUAGE" "${counts%, }" $((SECONDS - begun))
}

# The node of the examples; the suite starts its own.
start_node() {
    find_free_port
    PORT=$FREE_PORT
    printf 'node_id = "examples"\nnetwork.bind_port = %d\nmqtt.enabled = false\n' "$PORT" \
        >"$folder/node.toml"
    start "$folder/node.log" "$PROGRAM" --config "$folder/node.toml"
    wait_for examples "$PORT" "$PID" "$folder/node.log" PING PONG answered
}

start_node
failed=0 running=0
finish_one() {
    wait -n || failed=$((failed + 1))
    running=$((running - 1))
}
for language in "${CHOSEN[@]}"; do
    ((running < jobs)) || finish_one
    (
        # In place of the trap that stops the node, which is not this process's to stop.
        trap tell_failure EXIT
        test_language "$language"
    ) &
    running=$((running + 1))
done
while ((running)); do finish_one; done

echo "$((${#CHOSEN[@]} - failed)) passed, $failed failed"
((failed == 0))
