//! How the store has its Merkle tree folded: what was written is gathered here, a piece at a time, and
//! the fold runs on another thread.

use super::{StoreActor, send_soon};
use crate::{threads, wall_clock};
use actix::{ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use std::panic;
use std::time::Duration;
use tokio::task;

/// Longer than the allocator keeps what it may need again, which is a second.
const GIVE_BACK_AFTER: Duration = Duration::from_millis(1_500);

impl StoreActor {
    /// Folds what has been written by now, and answers who waits for a snapshot.
    pub(super) fn fold(&mut self, ctx: &mut Context<StoreActor>) {
        if self.folding {
            return;
        }
        self.begin_picture();
        self.folding = self.engine.store_mut().start_fold(wall_clock::now());
        self.served = std::mem::take(&mut self.waiting);
        self.gather(ctx);
    }

    /// A fold takes memory for a moment, which the allocator gives back only when it is asked later.
    fn give_back_later(&mut self, ctx: &mut Context<StoreActor>) {
        if !std::mem::replace(&mut self.gives_back, true) {
            ctx.run_later(GIVE_BACK_AFTER, |actor, _| {
                actor.gives_back = false;
                merkle_kv_allocator::give_back();
            });
        }
    }

    fn gather(&mut self, ctx: &mut Context<StoreActor>) {
        let Some(fold) = self.engine.store_mut().gather() else {
            return send_soon(ctx, Gather);
        };
        let folded = task::spawn_blocking(move || fold.run_with_pauses(threads::turns_to_others()));
        ctx.spawn(folded.into_actor(self).map(move |folded, actor, ctx| {
            let tree = match folded {
                Ok(tree) => tree,
                // The tree is lost: as if this actor had failed itself.
                Err(error) => panic::resume_unwind(error.into_panic()),
            };
            actor.folding = false;
            actor.give_back_later(ctx);
            let snapshot = actor.engine.store_mut().end_fold(tree);
            actor.end_picture(&snapshot.tree);
            for asked in actor.served.drain(..) {
                // Who no longer waits does not need it.
                let _ = asked.send(snapshot.clone());
            }
            let is_wanted = !actor.waiting.is_empty() || actor.wants_picture();
            if is_wanted || actor.engine.store_mut().is_fold_due(wall_clock::now()) {
                actor.fold(ctx);
            }
        }));
    }
}

/// Gather a piece of what is to be folded.
struct Gather;

impl Message for Gather {
    type Result = ();
}

impl Handler<Gather> for StoreActor {
    type Result = ();

    fn handle(&mut self, _: Gather, ctx: &mut Context<StoreActor>) {
        self.gather(ctx);
    }
}
