#!/usr/bin/env bash
# Builds what can be unpacked anywhere: target/release-files/merkle-kv-VERSION-TARGET.tar.gz with the
# program, its manual and completions, configurations, the systemd unit and the licence, and a file
# with its SHA-256 beside it.
#   scripts/build-release.sh           for this machine's C library
#   scripts/build-release.sh --musl    one static file, for any Linux of this processor; takes
#                                      musl-gcc (Debian: musl-tools) and the target of rustup
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

host=$(rustc -vV | sed -n 's/^host: //p')
case ${1:-} in
    "") target=$host ;;
    --musl) target=${host/-gnu/-musl} ;;
    *)
        echo "usage: scripts/build-release.sh [--musl]" >&2
        exit 1
        ;;
esac
if [[ $target != "$host" ]]; then
    command -v musl-gcc >/dev/null || {
        echo "musl-gcc is missing: apt-get install musl-tools" >&2
        exit 1
    }
    rustup target add "$target"
fi

cargo build --profile dist --locked --target "$target"
program=target/$target/dist/merkle-kv
version=$("$program" --version | cut -d ' ' -f 2)
name=merkle-kv-$version-$target
files=target/release-files

rm -rf "${files:?}/$name"
mkdir -p "$files/$name"
install -m 755 "$program" "$files/$name/"
scripts/package-files.sh "$program" "$files/$name/share"
cp -r LICENSE README.md CHANGELOG.md configs docs "$files/$name/"
mkdir "$files/$name/systemd"
cp deploy/systemd/* "$files/$name/systemd/"

# The same bytes whoever builds it: no owners, in one order, with the time of the commit.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" \
    -C "$files" -cf - "$name" | gzip -n >"$files/$name.tar.gz"
(cd "$files" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
echo "built $files/$name.tar.gz"
