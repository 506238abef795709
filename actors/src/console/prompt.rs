//! The prompt: editing, history, and completion of commands and keys.

use super::history::{self, History};
use super::screen::Screen;
use super::session::{Session, word};
use super::tools::Tools;
use super::{ConsoleError, Outcome, is_last};
use merkle_kv_core::console::{
    BadUsage, Palette, Tool, complete_option, complete_word, key_places, row_help, tool_rows,
};
use merkle_kv_core::protocol::KeyPlaces;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

/// Asks for lines until Ctrl-D, `quit` or `exit`. What fails is told, and the next line asked for.
pub(super) fn run(
    session: Session,
    tools: &Tools,
    screen: &Screen,
) -> Result<Outcome, ConsoleError> {
    let prompt = format!("{}> ", session.address());
    let session = Rc::new(RefCell::new(session));
    let config = Config::builder()
        .max_history_size(history::MAX_LINES)?
        .completion_type(CompletionType::List)
        .build();
    let mut editor: Editor<Completion, FileHistory> = Editor::with_config(config)?;
    editor.set_helper(Some(Completion { session: session.clone(), palette: screen.palette() }));
    let history = History::open(&mut editor);
    loop {
        let line = match editor.readline(&prompt) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(Outcome::AllDone),
            Err(error) => return Err(error.into()),
        };
        history.keep(&mut editor, &line);
        match action(&line) {
            Action::Nothing => {}
            Action::Leave => return Ok(Outcome::AllDone),
            Action::Explain(word) => match row_help(word) {
                Some(text) => screen.write(&text)?,
                None => screen.write(&format!("{word} is no command; HELP lists them\n"))?,
            },
            Action::Use(tool) => {
                let used =
                    tool.map_err(ConsoleError::from).and_then(|tool| tools.run(tool, screen));
                if let Err(error) = used {
                    eprintln!("{}", screen.palette().bad(&error.to_string()));
                }
            }
            Action::Ask => {
                let mut session = session.borrow_mut();
                match session.ask(line.as_bytes()) {
                    Ok(reply) => {
                        screen.reply(&reply)?;
                        if word(line.as_bytes()) == "HELP" {
                            screen.aside(&tool_rows())?;
                        }
                        if is_last(line.as_bytes(), &reply) {
                            return Ok(Outcome::AllDone);
                        }
                    }
                    // The next command finds out whether the node is back.
                    Err(error) => eprintln!("{}", screen.palette().bad(&error.shown())),
                }
            }
        }
    }
}

/// What a line asks for.
enum Action<'a> {
    Nothing,
    Leave,
    Explain(&'a str),
    Use(Result<Tool, BadUsage>),
    Ask,
}

fn action(line: &str) -> Action<'_> {
    if let Some(tool) = Tool::of_line(line.as_bytes()) {
        return Action::Use(tool);
    }
    let mut words = line.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (None, _, _) => Action::Nothing,
        (Some(word), None, _) if word.eq_ignore_ascii_case("exit") => Action::Leave,
        (Some(help), Some(word), None) if help.eq_ignore_ascii_case("help") => {
            Action::Explain(word)
        }
        (Some(_), _, _) => Action::Ask,
    }
}

/// Offers words: commands at the beginning, and keys where the command has some.
struct Completion {
    session: Rc<RefCell<Session>>,
    palette: Palette,
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        end: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = &line[..end];
        let start = typed.rfind(' ').map_or(0, |space| space + 1);
        let word = &typed[start..];
        let mut before = typed[..start].split_whitespace();
        let Some(command) = before.next() else {
            return Ok((start, complete_word(word)));
        };
        let at = before.count();
        if command.eq_ignore_ascii_case("help") {
            return Ok((start, complete_word(word)));
        }
        let options = complete_option(command, word);
        if !options.is_empty() {
            return Ok((start, options));
        }
        let is_key = match key_places(command) {
            KeyPlaces::None => false,
            KeyPlaces::First => at == 0,
            KeyPlaces::All => true,
            KeyPlaces::Alternate => at.is_multiple_of(2),
        };
        // It is borrowed only while a command runs, when nobody types.
        let keys = |mut session: std::cell::RefMut<'_, Session>| session.keys(word);
        let found = self.session.try_borrow_mut().ok().filter(|_| is_key).map(keys);
        Ok((start, found.unwrap_or_default()))
    }
}

impl Highlighter for Completion {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(
        &'s self,
        prompt: &'p str,
        _default: bool,
    ) -> Cow<'b, str> {
        Cow::Owned(self.palette.faint(prompt))
    }
}

impl Hinter for Completion {
    type Hint = String;
}

impl Validator for Completion {}

impl Helper for Completion {}
