# shellcheck shell=bash
# What the scripts about client libraries have in common: which languages there are, and what each
# brings in clients/LANGUAGE/tasks.bash. Sourced by them behind nodes.bash, not run.
# shellcheck disable=SC2034 # some of the variables are for those who source this

readonly LANGUAGES=(python nodejs go java rust dotnet cpp ruby php)

# Sets CHOSEN to the arguments, or to all languages if there are none.
choose_languages() {
    CHOSEN=("$@")
    (($#)) || CHOSEN=("${LANGUAGES[@]}")
    local language
    for language in "${CHOSEN[@]}"; do
        [[ " ${LANGUAGES[*]} " == *" $language "* ]] ||
            fail "'$language' is not one of: ${LANGUAGES[*]}"
    done
}

# load LANGUAGE: reads its tasks. For a subshell, as they replace those of another language.
load() {
    LANGUAGE=$1
    OUT=$REPOSITORY/target/clients/$LANGUAGE
    mkdir -p "$OUT"
    NEEDS=() BENCH_NEEDS=()
    # shellcheck source=/dev/null
    source "$REPOSITORY/clients/$LANGUAGE/tasks.bash"
}

as_root() {
    if ((EUID)); then sudo "$@"; else "$@"; fi
}

# is_there WHAT: a program, or a file if it begins with a slash (it may be a pattern).
is_there() {
    if [[ $1 == /* ]]; then compgen -G "$1" >/dev/null; else command -v "$1" >/dev/null; fi
}

# install_needed NEEDS|BENCH_NEEDS: the Debian packages of what the chosen languages lack.
install_needed() {
    local packages=() language need
    while read -r need; do
        is_there "${need%%:*}" || packages+=("${need#*:}")
    done < <(
        # The conformance suite's own: it is written in Python and makes certificates.
        printf '%s\n' python3:python3 openssl:openssl
        for language in "${CHOSEN[@]}"; do
            (load "$language" && declare -n needs=$1 && printf '%s\n' "${needs[@]}")
        done | grep . | sort -u
    )
    ((${#packages[@]})) || return 0
    echo "installing: ${packages[*]}"
    as_root apt-get update -q >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${packages[@]}" >/dev/null
}
