//! Answers that wait until what they tell of is kept. A handler returns one like any other result;
//! whoever asked gets it when the journal is so far.

use super::StoreActor;
use actix::Message;
use actix::dev::{MessageResponse, OneshotSender};
use merkle_kv_core::journal::Sequence;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// Answers that wait, those for earlier records first. A clone is the same queue.
#[derive(Clone, Default)]
pub(super) struct Waiting(Rc<RefCell<VecDeque<Held>>>);

/// An answer, and the record that it waits for.
type Held = (Sequence, Box<dyn FnOnce()>);

impl Waiting {
    /// Answers whoever waits for a record up to this one.
    pub(super) fn reach(&self, reached: Sequence) {
        loop {
            // Taken out first, so that nothing is borrowed while others are told.
            let next = {
                let mut queue = self.0.borrow_mut();
                if queue.front().is_none_or(|(at, _)| *at > reached) {
                    return;
                }
                queue.pop_front()
            };
            if let Some((_, answer)) = next {
                answer();
            }
        }
    }

    fn push(&self, at: Sequence, answer: Box<dyn FnOnce()>) {
        self.0.borrow_mut().push_back((at, answer));
    }
}

/// An answer, and what it waits for.
pub(crate) struct Promised<T> {
    value: T,
    until: Option<(Waiting, Sequence)>,
}

impl<T> Promised<T> {
    /// Is answered at once.
    pub(super) fn now(value: T) -> Promised<T> {
        Promised { value, until: None }
    }

    /// Is answered when this record is reached.
    pub(super) fn at(value: T, waiting: &Waiting, at: Sequence) -> Promised<T> {
        Promised { value, until: Some((waiting.clone(), at)) }
    }
}

impl<T: 'static> Promised<T> {
    /// Has it given as soon as it may be.
    pub(super) fn give(self, answer: impl FnOnce(T) + 'static) {
        let Promised { value, until } = self;
        match until {
            None => answer(value),
            Some((waiting, at)) => waiting.push(at, Box::new(move || answer(value))),
        }
    }
}

impl<M> MessageResponse<StoreActor, M> for Promised<M::Result>
where
    M: Message,
    M::Result: 'static,
{
    fn handle(self, _: &mut actix::Context<StoreActor>, asked: Option<OneshotSender<M::Result>>) {
        // Whoever no longer waits does not need it.
        if let Some(asked) = asked {
            self.give(|value| drop(asked.send(value)));
        }
    }
}
