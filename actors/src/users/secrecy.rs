//! Warns of files with secrets that others than their owner can read.

use log::warn;
use merkle_kv_core::config::{self, Config};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Reading by a group, and by everybody.
const GROUP_READS: u32 = 0o040;
const ALL_READ: u32 = 0o004;

/// A file of root's is given to the group of a service, so that the service can read and not change
/// it.
const ROOT: u32 = 0;

/// Warns if a configuration file has a secret in it and others can read it.
pub fn warn_of_readable_config(path: &Path) {
    // Whatever cannot be read has been told of before.
    let holds_secret = fs::read_to_string(path).is_ok_and(|text| config::holds_secret(&text));
    if holds_secret && is_readable_by_others(path) {
        let file = path.display();
        warn!(file:%; "others can read the secrets in the configuration file; chmod 600 keeps them");
    }
}

/// Warns if others can read the users, or a private key.
pub(crate) fn warn_of_readable_files(config: &Config) {
    let users = config.security.users_file.as_deref();
    if let Some(path) = users.filter(|path| is_readable_by_others(path)) {
        let file = path.display();
        warn!(file:%; "others can read the hashes of the users' passwords; chmod 600 keeps them");
    }
    let node = config.tls.as_ref().map(|tls| &tls.identity);
    let broker = config.mqtt.as_ref().and_then(|mqtt| mqtt.tls.as_ref()?.identity.as_ref());
    for identity in node.into_iter().chain(broker) {
        if is_readable_by_others(&identity.key_file) {
            let file = identity.key_file.display();
            warn!(file:%; "others can read the private key; chmod 600 keeps it");
        }
    }
}

fn is_readable_by_others(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| {
        let others = if file.uid() == ROOT { ALL_READ } else { GROUP_READS | ALL_READ };
        file.mode() & others != 0
    })
}
