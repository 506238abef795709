//! Whether what was measured kept its budget.

use std::fmt;

/// Whether a budget was kept; nothing is judged that was measured otherwise than the budget says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Kept,
    Broken,
    NotJudged,
}

impl Verdict {
    pub(super) fn of(is_kept: bool) -> Verdict {
        if is_kept { Verdict::Kept } else { Verdict::Broken }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Kept => "ok",
            Verdict::Broken => "BROKEN",
            Verdict::NotJudged => "-",
        })
    }
}
