//! Starts an actor and reports how it ends.
//!
//! actix's own `Supervisor` restarts an actor that stops, on the same state, but not one that
//! panics: the task dies, its mailbox closes, and messages to it vanish. So every watched actor
//! runs as a task whose end is awaited, and is started anew from scratch.

use crate::exit::ExitReason;
use actix::{Actor, Addr, AsyncContext, Context};
use std::cell::RefCell;
use std::rc::Rc;

/// Where an actor leaves the cause before it stops because it cannot go on.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastWords(Rc<RefCell<Option<String>>>);

impl LastWords {
    /// The actor is about to stop because of this.
    pub(crate) fn say(&self, cause: impl ToString) {
        *self.0.borrow_mut() = Some(cause.to_string());
    }

    fn reason(&self) -> ExitReason {
        self.0.borrow_mut().take().map_or(ExitReason::Asked, ExitReason::Failed)
    }
}

/// Starts an actor on the current thread. `ended` is called once, after its last message.
pub(crate) fn start_watched<A>(
    make: impl FnOnce(LastWords) -> A,
    ended: impl FnOnce(ExitReason) + 'static,
) -> Addr<A>
where
    A: Actor<Context = Context<A>>,
{
    let words = LastWords::default();
    let context = Context::new();
    let address = context.address();
    let task = actix_rt::spawn(context.into_future(make(words.clone())));
    actix_rt::spawn(async move {
        ended(match task.await {
            Ok(()) => words.reason(),
            Err(error) if error.is_panic() => ExitReason::Panicked,
            Err(error) => ExitReason::Failed(error.to_string()),
        });
    });
    address
}
