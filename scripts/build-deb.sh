#!/usr/bin/env bash
# Builds the Debian package, and looks at it with dpkg-deb and, where it is installed, lintian.
# Arguments go to `cargo deb`. The package ends up in target/debian/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly CARGO_DEB_VERSION=3.8.0

if ! cargo deb --version 2>/dev/null | grep -qx "cargo-deb $CARGO_DEB_VERSION"; then
    echo "installing: cargo-deb $CARGO_DEB_VERSION"
    cargo install --locked --version "$CARGO_DEB_VERSION" cargo-deb
fi

# With NO_BUILD=1 the program that is in target/dist/ already is packaged, as it is.
if [[ -z ${NO_BUILD:-} ]]; then
    cargo build --profile dist --locked
fi
scripts/package-files.sh target/dist/merkle-kv
cargo deb --no-build --profile dist "$@"

package=$(ls -t target/debian/merkle-kv_*.deb | head -n 1)
dpkg-deb --info "$package"
dpkg-deb --contents "$package"
if command -v lintian >/dev/null; then
    # What changed is told in CHANGELOG.md; Debian's own form of it is for Debian's archive.
    lintian --fail-on error --suppress-tags no-changelog "$package"
fi
echo "built $package"
