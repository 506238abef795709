//! Where replies go: aligned and coloured to a terminal, as they come to everything else.

use merkle_kv_core::console::transfer::Transferred;
use merkle_kv_core::console::{
    ClientReply, Palette, RawReply, Seen, Watched, plain, pretty, printable,
};
use std::env;
use std::io::{self, IsTerminal, Write};

/// Standard output, and how replies look there.
pub(crate) struct Screen {
    is_json: bool,
    is_terminal: bool,
    palette: Palette,
}

impl Screen {
    pub(crate) fn new(is_json: bool, no_color: bool) -> Screen {
        let is_terminal = io::stdout().is_terminal();
        Screen { is_json, is_terminal, palette: palette(is_terminal, no_color) }
    }

    pub(crate) fn palette(&self) -> Palette {
        self.palette
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    pub(crate) fn reply(&self, reply: &RawReply) -> io::Result<()> {
        let text = match (self.is_json, self.is_terminal) {
            (true, _) => ClientReply::of(reply).to_json() + "\n",
            (false, true) => pretty(&ClientReply::of(reply), self.palette),
            (false, false) => plain(reply),
        };
        self.write(&text)
    }

    /// What a key that is watched has now.
    pub(super) fn news(&self, watched: &Watched, seen: &Seen, time: &str) -> io::Result<()> {
        let text = match self.is_json {
            true => watched.to_json(seen, time) + "\n",
            false => watched.line(seen, time, self.is_terminal, self.palette),
        };
        self.write(&text)
    }

    /// What became of an export or an import. Standard output may be where the data went.
    pub(super) fn transferred(&self, all: &Transferred, is_output_free: bool) -> io::Result<()> {
        if self.is_json && is_output_free {
            return self.write(&(all.to_json() + "\n"));
        }
        eprintln!("{}", printable(all.line().as_bytes()));
        Ok(())
    }

    /// What stands beside replies, for people.
    pub(super) fn aside(&self, text: &str) -> io::Result<()> {
        if self.is_json { Ok(()) } else { self.write(&self.palette.faint(text)) }
    }

    /// Ends a line that something else has begun on a terminal.
    pub(super) fn end_line(&self) -> io::Result<()> {
        if self.is_terminal { self.write("\n") } else { Ok(()) }
    }

    pub(crate) fn write(&self, text: &str) -> io::Result<()> {
        let mut output = io::stdout().lock();
        output.write_all(text.as_bytes())?;
        output.flush()
    }
}

/// Colours if there is a terminal that has them and nobody minds: <https://no-color.org>.
fn palette(is_terminal: bool, no_color: bool) -> Palette {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    if is_terminal && !no_color && !is_set("NO_COLOR") && !is_dumb {
        Palette::Coloured
    } else {
        Palette::Colourless
    }
}
