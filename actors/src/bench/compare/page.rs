//! The part of a page that holds what was measured, between two markers.

use crate::bench::servers::ServerError;
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::Path;

const BEGIN: &str = "<!-- measured -->\n";
const END: &str = "<!-- /measured -->";

/// An error if the page has no such part.
pub(super) fn check(page: &Path) -> Result<(), ServerError> {
    write_text(page, None)
}

/// Replaces the part.
pub(super) fn write(page: &Path, measured: &str) -> Result<(), ServerError> {
    write_text(page, Some(measured))
}

fn write_text(page: &Path, measured: Option<&str>) -> Result<(), ServerError> {
    let failed = |source| ServerError::File { path: page.to_owned(), source };
    let text = fs::read_to_string(page).map_err(failed)?;
    let missing =
        || Error::new(ErrorKind::InvalidData, format!("has no {} and {END}", BEGIN.trim()));
    let replaced = replace(&text, measured.unwrap_or_default()).ok_or_else(missing);
    let replaced = replaced.map_err(failed)?;
    if measured.is_some() { fs::write(page, replaced).map_err(failed) } else { Ok(()) }
}

/// The page with this between the markers, as it is; nothing if it has none.
fn replace(page: &str, measured: &str) -> Option<String> {
    let (before, behind) = page.split_once(BEGIN)?;
    let (_, after) = behind.split_once(END)?;
    Some(format!("{before}{BEGIN}```text\n{measured}```\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_the_markers_is_replaced_and_nothing_else() {
        let page = "# A\n<!-- measured -->\nold\n<!-- /measured -->\nB\n";
        let new = "# A\n<!-- measured -->\n```text\nnew\n```\n<!-- /measured -->\nB\n";
        assert_eq!(replace(page, "new\n").unwrap(), new);
        assert_eq!(replace(new, "new\n").unwrap(), new);
        assert_eq!(replace("<!-- measured -->\nold\n", "new"), None);
        assert_eq!(replace("old <!-- /measured -->\n", "new"), None);
    }
}
