//! A terminal that does not show what is typed, for passwords.

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use std::io;
use std::os::fd::AsFd;

/// A terminal that shows nothing, until this is dropped. An interrupt from the keyboard is a
/// character meanwhile, as it would leave the terminal so; no password has it.
pub(crate) struct Hidden<'a, T: AsFd> {
    terminal: &'a T,
    before: Termios,
}

impl<T: AsFd> Hidden<'_, T> {
    /// Throws away what was typed before.
    pub(crate) fn new(terminal: &T) -> io::Result<Hidden<'_, T>> {
        let before = tcgetattr(terminal)?;
        let mut hidden = before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO | LocalFlags::ISIG);
        tcsetattr(terminal, SetArg::TCSAFLUSH, &hidden)?;
        Ok(Hidden { terminal, before })
    }
}

impl<T: AsFd> Drop for Hidden<'_, T> {
    fn drop(&mut self) {
        // There is nobody to tell but the person who sees it.
        let _ = tcsetattr(self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}
