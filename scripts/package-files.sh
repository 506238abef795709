#!/usr/bin/env bash
# Makes what a package holds beside the program and what stands in the repository: the manual and the
# completions of shells, which the program writes itself.
#   scripts/package-files.sh PROGRAM [DIR]     DIR is target/package if it is not given
set -euo pipefail

if (($# < 1 || $# > 2)); then
    echo "usage: scripts/package-files.sh PROGRAM [DIR]" >&2
    exit 1
fi
program=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dir=${2:-target/package}

rm -rf "$dir"
mkdir -p "$dir/man"
"$program" man --out "$dir/man"
for shell in bash zsh fish; do
    "$program" completions "$shell" >"$dir/merkle-kv.$shell"
done
