//! What the console does itself: `watch`, `export` and `import`, each over a connection of its own.

use super::export::{self, ExportPlan};
use super::import::{self, ImportPlan};
use super::interrupts::Interrupts;
use super::screen::Screen;
use super::watch::{self, WatchPlan};
use super::{ConsoleError, Outcome};
use crate::client::Target;
use merkle_kv_core::console::Tool;
use std::cell::OnceCell;

/// The tools, and whom they ask.
pub(super) struct Tools {
    target: Target,
    /// Whether standard input holds commands, and no data.
    is_input_taken: bool,
    interrupts: OnceCell<Interrupts>,
}

impl Tools {
    pub(super) fn new(target: Target, is_input_taken: bool) -> Tools {
        Tools { target, is_input_taken, interrupts: OnceCell::new() }
    }

    /// Runs one to its end.
    pub(super) fn run(&self, tool: Tool, screen: &Screen) -> Result<Outcome, ConsoleError> {
        match tool {
            Tool::Watch { key, count, interval, ttl } => {
                let plan = WatchPlan { key, count, interval, ttl };
                watch::run(plan, &self.target, screen, &self.interrupts()?.awaited())
            }
            Tool::Export { prefix, format, file } => {
                let plan = ExportPlan { prefix, format, file };
                let exported = export::run(&plan, &self.target, &self.interrupts()?.awaited())?;
                screen.transferred(&exported, plan.file.is_some())?;
                Ok(Outcome::AllDone)
            }
            Tool::Import { file: None, .. } if self.is_input_taken => {
                Err(ConsoleError::InputIsTaken)
            }
            Tool::Import { format, stop_on_error, file } => {
                // Nothing would be noticed while standard input is waited for.
                let interrupts = file.as_ref().map(|_| self.interrupts()).transpose()?;
                let awaited = interrupts.map(Interrupts::awaited);
                let plan = ImportPlan { format, stop_on_error, file };
                let (imported, ended) = import::run(&plan, &self.target, awaited.as_ref())?;
                screen.transferred(&imported, true)?;
                ended?;
                let is_all = imported.refused == 0;
                Ok(if is_all { Outcome::AllDone } else { Outcome::SomeRefused })
            }
        }
    }

    fn interrupts(&self) -> Result<&Interrupts, ConsoleError> {
        if let Some(interrupts) = self.interrupts.get() {
            return Ok(interrupts);
        }
        let interrupts = Interrupts::new()?;
        Ok(self.interrupts.get_or_init(|| interrupts))
    }
}
