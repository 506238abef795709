//! What can be wrong with a configuration, and how it is told to the person who has to mend it:
//! all of it at once, each in one line. Decides nothing about what is wrong.

use std::fmt;
use std::sync::Arc;

/// The most problems that are told at once: more do not fit on a screen.
const MAX_PROBLEMS: usize = 100;

/// Everything that is wrong with a configuration, at least one thing: first what has a line in the
/// file, by line, then what the file lacks, then the environment, by name. `Display` writes a
/// [`Problem`] per line. Holds no value of a secret key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    told: Vec<Problem>,
    untold: usize,
}

impl Problems {
    /// The problems in the order in which they are displayed, 100 at most.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.told.iter()
    }

    /// How many problems there are beyond those of [`Problems::iter`].
    pub fn untold(&self) -> usize {
        self.untold
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.told.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        match self.untold {
            0 => Ok(()),
            untold => write!(f, "\nand {untold} more"),
        }
    }
}

impl std::error::Error for Problems {}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{}: {cause}", self.key_in_file())]
pub struct Problem {
    /// Where it was written.
    pub place: Place,
    /// The key as the file has it (`network.bind_port`); `None` if it is about no single key.
    pub key: Option<String>,
    /// What is wrong there.
    pub cause: Cause,
}

impl Problem {
    /// A variable is named after its key, so only the file needs both.
    fn key_in_file(&self) -> String {
        match (&self.place, &self.key) {
            (Place::Line { .. } | Place::File { .. }, Some(key)) => format!(": {key}"),
            (Place::Line { .. } | Place::File { .. }, None) | (Place::Variable { .. }, _) => {
                String::new()
            }
        }
    }
}

/// Where something was written, or should have been. The order is that of [`Problems`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Place {
    /// A line of the file, from 1.
    #[error("{file}:{line}")]
    Line {
        /// The name that [`load`](super::load) was given.
        file: Arc<str>,
        /// The line, from 1.
        line: usize,
    },
    /// The file as a whole.
    #[error("{file}")]
    File {
        /// The name that [`load`](super::load) was given.
        file: Arc<str>,
    },
    /// A variable of the environment.
    #[error("{name}")]
    Variable {
        /// Its name.
        name: String,
    },
}

/// What is wrong. Whatever the cause, there is no configuration and nothing has happened yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The file is too large to be a configuration, and was not read.
    #[error("the file has {bytes} bytes, the most is {most}; is this the right file?")]
    FileTooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// The line is not TOML.
    #[error("column {column}: {message}")]
    Syntax {
        /// The character within the line, from 1.
        column: usize,
        /// What the parser says about it.
        message: String,
    },
    /// There is no such key or section.
    #[error("unknown {what}; {hint}")]
    Unknown {
        /// `key`, `section` or `variable`.
        what: &'static str,
        /// The nearest name there is, or where to look.
        hint: String,
    },
    /// A section was written as if it were a key.
    #[error("found {found}, expected a section")]
    NotASection {
        /// What was written.
        found: String,
    },
    /// The value is of the wrong type or out of its limits.
    #[error("found {found}, expected {expected}")]
    Refused {
        /// What was written, cut after 60 characters; of a secret, only its type; of a list, the
        /// first element that is wrong, or how long it is.
        found: String,
        /// What is allowed.
        expected: String,
    },
    /// The broker address carries a user or password, so it is not shown.
    #[error("found an address with credentials; they go into mqtt.username and mqtt.password")]
    Credentials,
    /// A key that is needed was written nowhere.
    #[error("missing; {advice}")]
    Missing {
        /// What to write.
        advice: String,
    },
    /// There is a password but nobody it belongs to.
    #[error("a password without mqtt.username")]
    PasswordWithoutUsername,
    /// Clients have to log in, but whoever says to be a peer is given everything.
    #[error(
        "users without security.cluster_secret: anybody could read and change all data as a peer; \
         set the secret on every node, or anti_entropy.enabled = false"
    )]
    UsersWithoutSecret,
    /// There is a certificate for the broker without its key, or the other way round.
    #[error("{other} is missing; a certificate and its private key are given together")]
    HalfAnIdentity {
        /// The key that was not written.
        other: String,
    },
    /// The broker and the node would listen on the same port.
    #[error("port {port} on the same address is also {other}; one of them has to move")]
    PortTakenTwice {
        /// The port.
        port: u16,
        /// The other key.
        other: String,
    },
    /// A peer would be given up before the next round could meet it.
    #[error(
        "peers would be given up after {hours} h, with {seconds} s between rounds; \
         raise evict_after_hours or lower interval_seconds"
    )]
    EvictedBetweenRounds {
        /// The silence after which a peer is given up.
        hours: u64,
        /// The time between two rounds.
        seconds: u64,
    },
}

/// Collects problems while a configuration is read.
pub(super) struct Report {
    file: Arc<str>,
    problems: Vec<Problem>,
}

impl Report {
    pub(super) fn new(file_name: &str) -> Self {
        Self { file: Arc::from(file_name), problems: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn line(&self, line: usize) -> Place {
        Place::Line { file: Arc::clone(&self.file), line }
    }

    pub(super) fn file(&self) -> Place {
        Place::File { file: Arc::clone(&self.file) }
    }

    pub(super) fn add(&mut self, place: Place, key: Option<String>, cause: Cause) {
        self.problems.push(Problem { place, key, cause });
    }

    pub(super) fn into_problems(self) -> Problems {
        let mut told = self.problems;
        told.sort_by(|one, other| one.place.cmp(&other.place));
        let untold = told.len().saturating_sub(MAX_PROBLEMS);
        told.truncate(MAX_PROBLEMS);
        Problems { told, untold }
    }
}
