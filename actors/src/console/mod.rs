//! `merkle-kv cli`: commands to one node, typed at a prompt, as arguments, or as lines of standard
//! input; and what the console does itself. What a line or a reply is, `core::console` says.

mod export;
mod history;
mod import;
mod interrupts;
mod progress;
mod prompt;
mod refusals;
mod screen;
mod session;
mod sink;
mod tools;
mod watch;

use crate::client::{CallError, Target};
use merkle_kv_core::console::{BadUsage, RawReply, Tool, printable, row_help};
pub(crate) use screen::Screen;
use session::Session;
use std::io::{self, BufRead, IsTerminal, Read};
use std::time::Duration;
use tools::Tools;

/// What to do.
#[derive(Clone, Debug)]
pub struct ConsolePlan {
    /// The node, and as whom.
    pub target: Target,
    /// One command; without one, lines are read from standard input, with a prompt if it is a terminal.
    pub command: Vec<String>,
    /// One JSON object for each reply.
    pub json: bool,
    /// No colours, also on a terminal.
    pub no_color: bool,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every command was carried out.
    AllDone,
    /// A command was refused; its reply has been shown.
    SomeRefused,
}

/// Why it did not go.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The node could not be asked.
    #[error("{}", .0.shown())]
    Call(CallError),
    /// There is no such command to tell about.
    #[error("{word} is no command; HELP lists them")]
    NoSuchCommand {
        /// What was asked for.
        word: String,
    },
    /// The words after `watch`, `export` or `import` are none that they take.
    #[error(transparent)]
    Usage(#[from] BadUsage),
    /// A file cannot be used.
    #[error("cannot {doing} {file}: {reason}")]
    File {
        /// What was to be done with it.
        doing: &'static str,
        /// As it was named.
        file: String,
        /// What the system said. Not as a cause, which would be told a second time.
        reason: io::Error,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Data would have to be read where the commands come from.
    #[error("name a file to import: standard input holds the commands")]
    InputIsTaken,
    /// Standard input or output is broken.
    #[error("cannot read commands or write replies")]
    Stream(#[from] io::Error),
    /// The terminal is.
    #[error("cannot use the terminal")]
    Terminal(#[from] rustyline::error::ReadlineError),
}

/// Not as a cause, which would be told a second time and as it came.
impl From<CallError> for ConsoleError {
    fn from(error: CallError) -> ConsoleError {
        ConsoleError::Call(error)
    }
}

/// The longest line of a script: a value of 64 MiB, each of whose bytes is escaped, and a key.
const MAX_LINE_BYTES: u64 = 257 << 20;

/// For a connection that carries a data set, and for each wait of it: a node may be busy for a while.
const TRANSFER_PATIENCE: Duration = Duration::from_secs(30);

/// Runs until the command, the input, or the person at the prompt has ended.
pub fn run(plan: ConsolePlan) -> Result<Outcome, ConsoleError> {
    let screen = Screen::new(plan.json, plan.no_color);
    if let Some(word) = asked_row(&plan.command) {
        return help(word, &screen);
    }
    let tools = Tools::new(plan.target.clone(), plan.command.is_empty());
    let words: Vec<Vec<u8>> = plan.command.iter().map(|word| word.clone().into_bytes()).collect();
    let done = match Tool::of_words(&words) {
        Some(tool) => tool.map_err(ConsoleError::from).and_then(|tool| tools.run(tool, &screen)),
        None => converse(Session::open(plan.target)?, &plan.command, &tools, &screen),
    };
    match done {
        // Whoever read the replies has had enough.
        Err(ConsoleError::Stream(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(Outcome::AllDone)
        }
        done => done,
    }
}

fn converse(
    session: Session,
    command: &[String],
    tools: &Tools,
    screen: &Screen,
) -> Result<Outcome, ConsoleError> {
    match (command.is_empty(), io::stdin().is_terminal()) {
        (false, _) => one(session, command, screen),
        (true, true) => prompt::run(session, tools, screen),
        (true, false) => lines(session, tools, screen),
    }
}

/// The command about which HELP is asked. The node's own HELP takes no argument.
fn asked_row(command: &[String]) -> Option<&str> {
    match command {
        [help, word] if help.eq_ignore_ascii_case("HELP") => Some(word),
        _ => None,
    }
}

fn help(word: &str, screen: &Screen) -> Result<Outcome, ConsoleError> {
    let unknown = || ConsoleError::NoSuchCommand { word: printable(word.as_bytes()) };
    screen.write(&row_help(word).ok_or_else(unknown)?)?;
    Ok(Outcome::AllDone)
}

fn one(mut session: Session, command: &[String], screen: &Screen) -> Result<Outcome, ConsoleError> {
    let line = session.command_line(command)?;
    let reply = session.ask(line.as_bytes())?;
    screen.reply(&reply)?;
    Ok(if reply.is_error() { Outcome::SomeRefused } else { Outcome::AllDone })
}

/// Whether the node ends the conversation behind this reply.
fn is_last(line: &[u8], reply: &RawReply) -> bool {
    !reply.is_error() && matches!(session::word(line).as_str(), "QUIT" | "SHUTDOWN")
}

fn lines(mut session: Session, tools: &Tools, screen: &Screen) -> Result<Outcome, ConsoleError> {
    let mut input = io::stdin().lock();
    let mut outcome = Outcome::AllDone;
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok(outcome);
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        if let Some(tool) = Tool::of_line(line) {
            match tool.map_err(ConsoleError::from).and_then(|tool| tools.run(tool, screen)) {
                Ok(Outcome::AllDone) => {}
                Ok(Outcome::SomeRefused) => outcome = Outcome::SomeRefused,
                Err(error @ ConsoleError::Stream(_)) => return Err(error),
                Err(error) => {
                    eprintln!("{error}");
                    outcome = Outcome::SomeRefused;
                }
            }
            continue;
        }
        let reply = session.ask(line)?;
        screen.reply(&reply)?;
        if reply.is_error() {
            outcome = Outcome::SomeRefused;
        }
        if is_last(line, &reply) {
            return Ok(outcome);
        }
    }
}
