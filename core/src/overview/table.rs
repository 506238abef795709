//! The cluster for a person.

use super::node::NodeView;
use super::verdict::{Overview, Verdict};
use crate::console::{Palette, columns, printable};

const TITLES: [&str; 11] = [
    "NODE",
    "ADDRESS",
    "UP",
    "READY",
    "KEYS",
    "ROOT",
    "EQUAL",
    "QUEUE",
    "LAST EQUAL",
    "VERSION",
    "UPTIME",
];

/// Columns that are coloured where they say that something is wrong.
const UP: usize = 2;
const READY: usize = 3;
const EQUAL: usize = 6;

/// As much of a root as people compare.
const ROOT_DIGITS: usize = 8;

/// A table with a line for each node, and the verdict below it.
pub fn table(overview: &Overview, verdict: &Verdict, palette: Palette) -> String {
    let titles = TITLES.map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = overview.nodes.iter().map(|node| cells(overview, node)).collect();
    let laid_out = columns(&[vec![titles], rows.clone()].concat());
    let mut lines = laid_out.lines();
    let mut text = palette.faint(lines.next().unwrap_or_default());
    text.push('\n');
    for (line, row) in lines.zip(&rows) {
        // Colours take no room, so they come after the columns have been measured.
        let is_bad = [UP, READY, EQUAL].iter().any(|column| row[*column] == "no");
        text.push_str(&if is_bad { palette.bad(line) } else { line.to_owned() });
        text.push('\n');
    }
    let sentence = printable(verdict.to_string().as_bytes());
    text.push_str(&match verdict {
        Verdict::Well { .. } => palette.good(&sentence),
        Verdict::Busy { .. } => palette.doubtful(&sentence),
        Verdict::Incomplete { .. } | Verdict::Different { .. } => palette.bad(&sentence),
    });
    text.push('\n');
    text
}

fn cells(overview: &Overview, node: &NodeView) -> Vec<String> {
    let text = |text: &Option<String>| match text {
        Some(text) => printable(text.as_bytes()),
        None => "-".to_owned(),
    };
    let number = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
    let yes = |is: Option<bool>| is.map_or("-", |is| if is { "yes" } else { "no" }).to_owned();
    let root = node.root.as_ref().map(|root| root.chars().take(ROOT_DIGITS).collect());
    vec![
        text(&node.node_id),
        printable(node.address.as_bytes()),
        yes(Some(node.is_up())),
        yes(node.is_ready),
        number(node.keys),
        text(&root),
        yes(overview.is_equal(node)),
        number(node.queued),
        node.equal_seconds_ago.map_or("-".to_owned(), |ago| duration(ago) + " ago"),
        text(&node.version),
        node.uptime_seconds.map_or("-".to_owned(), duration),
    ]
}

/// A time in its largest units, as `3d 4h`.
fn duration(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match seconds {
        0..MINUTE => format!("{seconds}s"),
        MINUTE..HOUR => format!("{}m {}s", seconds / MINUTE, seconds % MINUTE),
        HOUR..DAY => format!("{}h {}m", seconds / HOUR, seconds % HOUR / MINUTE),
        DAY.. => format!("{}d {}h", seconds / DAY, seconds % DAY / HOUR),
    }
}
