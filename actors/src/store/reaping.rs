//! When the store looks for values whose time is over: ten times a second, as long as there are
//! such, and a piece at a time, with the turns of clients between.

use super::{StoreActor, send_soon};
use crate::wall_clock;
use actix::{AsyncContext, Context, Handler, Message};
use merkle_kv_core::store::Reaping;
use std::time::{Duration, Instant};

/// How long after its time a value stands in memory at most, if there is little to do. Nobody reads
/// it meanwhile.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// How often the tree is folded on another thread for this alone. While clients write much, each
/// fold is for as many writes as gather meanwhile.
const FOLD_INTERVAL: Duration = Duration::from_secs(1);

/// What the store knows of its search.
#[derive(Debug, Default)]
pub(super) struct Reaper {
    /// A [`Reap`] is on its way.
    is_reaping: bool,
    looked: Option<Instant>,
    folded: Option<Instant>,
}

impl StoreActor {
    /// Looks for what is over, unless that was done just now.
    pub(super) fn look_for_expired(&mut self, ctx: &mut Context<StoreActor>) {
        let Some(next) = self.engine.store().next_expiry() else {
            return;
        };
        let is_early = next > wall_clock::now() || is_within(self.reaper.looked, LOOK_INTERVAL);
        if !self.reaper.is_reaping && !is_early {
            self.reap_soon(ctx);
        }
    }

    fn reap_soon(&mut self, ctx: &Context<StoreActor>) {
        self.reaper.is_reaping = true;
        send_soon(ctx, Reap);
    }

    /// Looks also while no message comes. A busy store does not get to its timers, and looks after
    /// each message.
    pub(super) fn look_for_expired_later(&self, ctx: &mut Context<StoreActor>) {
        ctx.run_interval(LOOK_INTERVAL, |actor, ctx| actor.look_for_expired(ctx));
    }
}

fn is_within(last: Option<Instant>, interval: Duration) -> bool {
    last.is_some_and(|last| last.elapsed() < interval)
}

/// Take a step towards having reaped everything that is over.
struct Reap;

impl Message for Reap {
    type Result = ();
}

impl Handler<Reap> for StoreActor {
    type Result = ();

    fn handle(&mut self, _: Reap, ctx: &mut Context<StoreActor>) {
        self.reaper.is_reaping = false;
        match self.engine.expire_step(wall_clock::now()) {
            Reaping::More => self.reap_soon(ctx),
            Reaping::AwaitsFold => {
                self.reaper.looked = Some(Instant::now());
                if !self.folding && !is_within(self.reaper.folded, FOLD_INTERVAL) {
                    self.reaper.folded = Some(Instant::now());
                    self.fold(ctx);
                }
            }
            Reaping::Done => self.reaper.looked = Some(Instant::now()),
        }
        self.after_change(ctx);
    }
}
