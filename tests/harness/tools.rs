//! Where `scripts/install-test-tools.sh` puts what it installs for this project alone.

use std::path::{Path, PathBuf};

pub(crate) fn test_tool(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools").join(name)
}
