//! What is told of an export or an import: while it runs, and when it has ended.

use serde_json::json;
use std::time::Duration;

/// How an export or an import has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// Which of the two.
    pub direction: Direction,
    /// The file, as it is named to people.
    pub file: String,
    /// Keys that were written.
    pub keys: u64,
    /// Records that were refused.
    pub refused: u64,
    /// Keys of which it is not known, as the node was gone before it answered.
    pub unknown: u64,
    /// How long it took.
    pub elapsed: Duration,
}

/// Where the data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To a file.
    Export,
    /// To a node.
    Import,
}

impl Transferred {
    /// A line for people, without its line end.
    pub fn line(&self) -> String {
        let Transferred { direction, file, keys, refused, unknown, elapsed } = self;
        let seconds = elapsed.as_secs_f64();
        let keys = counted(*keys, "key");
        let mut line = match direction {
            Direction::Export => format!("exported {keys} to {file} in {seconds:.1} s"),
            Direction::Import => format!("imported {keys} from {file} in {seconds:.1} s"),
        };
        if *refused > 0 {
            line.push_str(&format!(", {} refused", counted(*refused, "record")));
        }
        if *unknown > 0 {
            let unknown = counted(*unknown, "more key");
            line.push_str(&format!(
                ", and {unknown} may have been; to import the file again does no harm"
            ));
        }
        line
    }

    /// The same as an object, on one line without its line end.
    pub fn to_json(&self) -> String {
        let seconds = self.elapsed.as_secs_f64();
        match self.direction {
            Direction::Export => json!({ "exported": self.keys, "seconds": seconds }),
            Direction::Import => json!({
                "imported": self.keys,
                "refused": self.refused,
                "unknown": self.unknown,
                "seconds": seconds,
            }),
        }
        .to_string()
    }
}

/// What stands beside a bar: how many keys are done, and how fast.
pub fn pace(keys: u64, elapsed: Duration) -> String {
    let rate = keys as f64 / elapsed.as_secs_f64().max(0.001);
    format!("{}, {rate:.0}/s", counted(keys, "key"))
}

fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: Transferred = Transferred {
        direction: Direction::Export,
        file: String::new(),
        keys: 1000,
        refused: 0,
        unknown: 0,
        elapsed: Duration::from_millis(120),
    };

    #[test]
    fn a_line_tells_what_was_done_and_what_was_not() {
        let file = || "f.csv".to_owned();
        let export = Transferred { file: file(), ..EXPORT };
        assert_eq!(export.line(), "exported 1000 keys to f.csv in 0.1 s");
        let import = Transferred {
            direction: Direction::Import,
            file: file(),
            keys: 1,
            refused: 2,
            unknown: 3,
            ..EXPORT
        };
        assert_eq!(
            import.line(),
            "imported 1 key from f.csv in 0.1 s, 2 records refused, and 3 more keys may have been; \
             to import the file again does no harm"
        );
        assert_eq!(export.to_json(), r#"{"exported":1000,"seconds":0.12}"#);
        let expected = r#"{"imported":1,"refused":2,"seconds":0.12,"unknown":3}"#;
        assert_eq!(import.to_json(), expected);
    }

    #[test]
    fn a_pace_is_in_keys_per_second() {
        assert_eq!(pace(1000, Duration::from_millis(500)), "1000 keys, 2000/s");
        assert_eq!(pace(1, Duration::ZERO), "1 key, 1000/s");
    }
}
