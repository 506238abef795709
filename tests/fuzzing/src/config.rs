//! What stands in a configuration file and in the environment: it is good, and then means the same
//! when it is printed and read again, or each mistake is told in a line that a terminal can show.

use merkle_kv_core::config::{Secret, load};
use std::collections::BTreeMap;

/// Separates the file from the variables in an input, and these from each other: no text has it.
pub(crate) const SEPARATOR: char = '\0';

/// The file, and behind a separator each variable as NAME=value.
pub(crate) fn config(input: &[u8]) -> usize {
    let input = String::from_utf8_lossy(input);
    let mut parts = input.split(SEPARATOR);
    let text = parts.next().unwrap_or_default();
    let variables = parts.filter_map(|part| part.split_once('='));
    let environment: BTreeMap<String, String> =
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    match load(text, "fuzzed.toml", &environment) {
        Ok(config) => {
            let printed = config.to_toml();
            match load(&printed, "printed.toml", &BTreeMap::new()) {
                Ok(again) => assert_eq!(again.to_toml(), printed),
                Err(problems) => {
                    assert!(printed.contains(Secret::MASK), "{problems}\nfrom {printed}")
                }
            }
            1
        }
        Err(problems) => {
            let said = problems.to_string();
            assert!(!said.is_empty(), "no reason is given");
            assert!(!said.replace('\n', "").contains(char::is_control), "{said:?}");
            0
        }
    }
}
