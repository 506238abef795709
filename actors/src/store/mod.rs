//! The store actor: owns the engine, on a thread that does nothing else unless connections share
//! it. Runs batches, takes in what other nodes wrote, and hands out what is to be published.

mod folding;
mod keeping;
mod promised;
mod reaping;

pub(crate) use keeping::{Close, KeepMembers, Secure};

use crate::facts::Facts;
use crate::lane::{Errand, Errands, Round};
use crate::storage::{InMemory, Opened};
use crate::system::LastWords;
use crate::wall_clock;
use actix::{
    Actor, ActorContext, AsyncContext, Context, Handler, Message, MessageResult, Recipient,
    ResponseFuture, StreamHandler,
};
use keeping::Keeping;
use log::{error, warn};
use merkle_kv_core::access::Users;
use merkle_kv_core::change::Change;
use merkle_kv_core::clock::{Hlc, MAX_DRIFT_MILLIS, UnixMillis};
use merkle_kv_core::entry::Entry;
use merkle_kv_core::execute::{Carried, Engine};
use merkle_kv_core::protocol::StoreFacts;
use merkle_kv_core::rate_limit::{RateLimit, Verdict};
use merkle_kv_core::registers::Registers;
use merkle_kv_core::session::{Effect, Hello, Outcome};
use merkle_kv_core::store::{Applied, Snapshot};
use merkle_kv_core::trace::Stage;
use promised::Promised;
use reaping::Reaper;
use std::future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task;

/// Owns a node's data for as long as the node runs. If it panics the node stops, since half of a
/// write may have been done.
pub(crate) struct StoreActor {
    engine: Engine,
    facts: Arc<Facts>,
    /// Whoever publishes, and whether it has been told that there is something.
    publisher: Option<Recipient<Changed>>,
    told: bool,
    /// A [`Sweep`] is on its way.
    sweeping: bool,
    /// The tree is away in a fold; who asked meanwhile for a snapshot waits for the next one.
    folding: bool,
    /// Memory is to be given back.
    gives_back: bool,
    reaper: Reaper,
    waiting: Vec<oneshot::Sender<Snapshot>>,
    /// Who gets the one of the fold under way.
    served: Vec<oneshot::Sender<Snapshot>>,
    clock_warning: RateLimit,
    /// What clients want done; nothing once the actor listens to it.
    errands: Option<Errands>,
    /// A data directory whose journal is started with the actor.
    opened: Option<Opened>,
    keeping: Keeping,
    words: LastWords,
    memory_warning: RateLimit,
}

/// How often a wrong clock is reported, and data beyond its limit.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

impl StoreActor {
    /// With a data directory that has been opened, everything is kept there.
    pub(crate) fn new(
        engine: Engine,
        facts: Arc<Facts>,
        opened: Option<Opened>,
        errands: Errands,
        words: LastWords,
    ) -> StoreActor {
        let keeping = Keeping::new(Box::new(InMemory), engine.store().log_position());
        StoreActor {
            engine,
            facts,
            publisher: None,
            told: false,
            sweeping: false,
            folding: false,
            gives_back: false,
            reaper: Reaper::default(),
            waiting: Vec::new(),
            served: Vec::new(),
            clock_warning: RateLimit::new(WARNING_INTERVAL, 1),
            memory_warning: RateLimit::new(WARNING_INTERVAL, 1),
            errands: Some(errands),
            opened,
            keeping,
            words,
        }
    }

    /// What every change to the data leads to: the publisher hears of it, and a flush is swept.
    fn after_change(&mut self, ctx: &mut Context<StoreActor>) {
        self.end_step(ctx);
        self.tell_publisher();
        if self.engine.is_sweeping() && !self.sweeping {
            self.sweeping = true;
            // To the end of the own mailbox: clients that wait come first.
            ctx.address().do_send(Sweep);
        }
        if !self.folding && self.engine.store_mut().is_fold_due(wall_clock::now()) {
            self.fold(ctx);
        }
        self.look_for_expired(ctx);
    }

    fn run(&mut self, mut errand: Errand, now: UnixMillis, ctx: &mut Context<StoreActor>) {
        let noted = self.engine.store().noted();
        let began = self.facts.tracer.now();
        let progress = errand.run(|batch| batch.run(&mut self.engine, now));
        if let Some(batch) = errand.batch() {
            self.facts.tracer.record(Stage::Store, batch.traced(), began);
        }
        self.end_step(ctx);
        let has_changed = self.engine.store().noted() > noted;
        let ran = (errand, progress);
        let promised = if has_changed { self.promise(ran) } else { self.show(ran) };
        promised.give(|(errand, progress)| errand.finish(progress));
    }

    /// Takes in what others wrote, and warns of what is wrong with it. It counts all the same.
    fn take_in<T>(&mut self, take: impl FnOnce(&mut Engine) -> T) -> T {
        let ahead = self.engine.store().changes_ahead();
        let over = self.engine.applied_over_limit();
        let taken = take(&mut self.engine);
        if self.engine.store().changes_ahead() > ahead {
            self.warn_of_clock();
        }
        if self.engine.applied_over_limit() > over {
            self.warn_of_memory();
        }
        taken
    }

    /// Another node's clock, or this one's, is wrong.
    fn warn_of_clock(&mut self) {
        if let Verdict::Allow { .. } = self.clock_warning.check(self.facts.uptime()) {
            let changes = self.engine.store().changes_ahead();
            warn!(
                changes, limit_ms = MAX_DRIFT_MILLIS;
                "changes come from a clock further ahead than is followed; check the clocks"
            );
        }
    }

    /// Other nodes write more than this one may hold.
    fn warn_of_memory(&mut self) {
        if let Verdict::Allow { .. } = self.memory_warning.check(self.facts.uptime()) {
            let entries = self.engine.applied_over_limit();
            let used_bytes = self.engine.store().memory_bytes();
            warn!(
                entries, used_bytes;
                "what other nodes write is taken beyond storage.memory_limit_mb; raise it on this \
                 node, or delete keys"
            );
        }
    }

    fn tell_publisher(&mut self) {
        let queued = self.engine.queued();
        self.facts.mqtt.queued.set(queued as u64);
        self.facts.mqtt.dropped.set(self.engine.dropped());
        if queued == 0 || self.told {
            return;
        }
        if let Some(publisher) = &self.publisher {
            // Only a hint: if it is lost with a failing publisher, the next one attaches itself.
            publisher.do_send(Changed);
            self.told = true;
        }
    }
}

impl Actor for StoreActor {
    type Context = Context<StoreActor>;

    fn started(&mut self, ctx: &mut Context<StoreActor>) {
        if let Some(errands) = self.errands.take() {
            ctx.add_stream(errands);
        }
        if let Some(opened) = self.opened.take() {
            let (address, last) = (ctx.address(), self.engine.store().log_position());
            let listener = Arc::new(move |said| address.do_send(said));
            match opened.start(listener, self.facts.journal.clone()) {
                Ok(storage) => self.keeping = Keeping::new(Box::new(storage), last),
                Err(error) => {
                    self.words.say(error);
                    return ctx.stop();
                }
            }
        }
        self.look_later(ctx);
        self.look_for_expired_later(ctx);
        self.tell_publisher();
    }
}

/// Runs one slice of each batch, and gives it back once what it tells is kept.
impl StreamHandler<Round> for StoreActor {
    fn handle(&mut self, round: Round, ctx: &mut Context<StoreActor>) {
        let now = wall_clock::now();
        self.engine.look_ahead(round.iter().filter_map(Errand::batch));
        for errand in round {
            self.run(errand, now, ctx);
        }
        self.after_change(ctx);
    }

    /// There are no connections any more. The store ends when it is told to.
    fn finished(&mut self, _: &mut Context<StoreActor>) {}
}

/// Take in what another node wrote. Answers with how many changes won; with nothing if none was
/// taken, since the disk is full.
pub(crate) struct Apply(pub(crate) Vec<Change>);

impl Message for Apply {
    type Result = Option<usize>;
}

impl Handler<Apply> for StoreActor {
    type Result = Promised<Option<usize>>;

    fn handle(&mut self, Apply(changes): Apply, ctx: &mut Context<StoreActor>) -> Self::Result {
        if !self.takes_changes(changes.len()) {
            return Promised::now(None);
        }
        let now = wall_clock::now();
        let won = self.take_in(|engine| {
            let apply = |change| engine.apply(change, now) == Applied::Won;
            changes.into_iter().map(apply).filter(|won| *won).count()
        });
        self.after_change(ctx);
        self.paced(Some(won))
    }
}

/// The data set of this moment.
pub(crate) struct Pin;

impl Message for Pin {
    type Result = Option<Snapshot>;
}

impl Handler<Pin> for StoreActor {
    type Result = ResponseFuture<Option<Snapshot>>;

    fn handle(&mut self, _: Pin, ctx: &mut Context<StoreActor>) -> Self::Result {
        let now = wall_clock::now();
        // Two nodes that are asked for their roots at one moment have most likely reaped the same.
        self.engine.expire_step(now);
        let snapshot = self.engine.store_mut().snapshot(now);
        // The clock of the snapshot is told to others.
        self.end_step(ctx);
        if snapshot.is_some() {
            return Box::pin(future::ready(snapshot));
        }
        let (sender, receiver) = oneshot::channel();
        self.waiting.push(sender);
        if !self.folding {
            self.fold(ctx);
        }
        Box::pin(async move { receiver.await.ok() })
    }
}

/// Prepare for a session that a peer opens.
pub(crate) struct Meet(pub(crate) Box<Hello>);

impl Message for Meet {
    type Result = ();
}

impl Handler<Meet> for StoreActor {
    type Result = ();

    fn handle(&mut self, Meet(hello): Meet, ctx: &mut Context<StoreActor>) {
        self.engine.meet(&hello, wall_clock::now());
        self.end_step(ctx);
    }
}

/// Do what a session asks for. Answers with nothing if it was not done, since the disk is full.
pub(crate) struct CarryOut(pub(crate) Effect);

impl Message for CarryOut {
    type Result = Option<Carried>;
}

impl Handler<CarryOut> for StoreActor {
    type Result = Promised<Option<Carried>>;

    fn handle(&mut self, message: CarryOut, ctx: &mut Context<StoreActor>) -> Self::Result {
        let CarryOut(effect) = message;
        let is_taken = match &effect {
            Effect::Apply { entries, .. }
            | Effect::GiveUp(entries)
            | Effect::WriteAgain(entries) => self.takes_changes(entries.len()),
            // A few bytes.
            Effect::Hello(_) | Effect::Flush(_) => true,
        };
        if !is_taken {
            return Promised::now(None);
        }
        let carried = self.take_in(|engine| engine.carry_out(effect, wall_clock::now()));
        self.after_change(ctx);
        self.promise(Some(carried))
    }
}

/// Hold for dead what both sides of a session do.
pub(crate) struct Conclude(pub(crate) Outcome);

impl Message for Conclude {
    type Result = ();
}

impl Handler<Conclude> for StoreActor {
    type Result = ();

    fn handle(&mut self, Conclude(outcome): Conclude, ctx: &mut Context<StoreActor>) {
        self.engine.conclude(outcome);
        self.after_change(ctx);
    }
}

/// A timestamp for a round of sessions: what is written from now on is above it.
pub(crate) struct Tick;

impl Message for Tick {
    type Result = Option<Hlc>;
}

impl Handler<Tick> for StoreActor {
    type Result = Option<Hlc>;

    fn handle(&mut self, _: Tick, ctx: &mut Context<StoreActor>) -> Option<Hlc> {
        let clock = self.engine.store_mut().tick(wall_clock::now()).ok();
        self.end_step(ctx);
        clock
    }
}

/// Every member has held everything up to here: forget tombstones that old.
pub(crate) struct RaiseWatermark(pub(crate) Hlc);

impl Message for RaiseWatermark {
    type Result = ();
}

impl Handler<RaiseWatermark> for StoreActor {
    type Result = ();

    fn handle(&mut self, message: RaiseWatermark, ctx: &mut Context<StoreActor>) {
        let store = self.engine.store_mut();
        // Without tombstones there is nothing to gain, and every node would look at all it has.
        if store.tombstones() > 0 {
            let registers = store.registers();
            store.raise(Registers { watermark: message.0, ..registers });
            self.after_change(ctx);
        }
    }
}

/// Another limit of memory, in bytes.
pub(crate) struct LimitMemory(pub(crate) Option<u64>);

impl Message for LimitMemory {
    type Result = ();
}

impl Handler<LimitMemory> for StoreActor {
    type Result = ();

    fn handle(&mut self, LimitMemory(bytes): LimitMemory, _: &mut Context<StoreActor>) {
        self.engine.limit_memory(bytes);
    }
}

/// To whoever publishes: the outbox is no longer empty.
pub(crate) struct Changed;

impl Message for Changed {
    type Result = ();
}

/// From whoever publishes from now on. What its predecessor left in flight it restores itself, as
/// after any lost connection.
pub(crate) struct Attach(pub(crate) Recipient<Changed>);

impl Message for Attach {
    type Result = ();
}

impl Handler<Attach> for StoreActor {
    type Result = ();

    fn handle(&mut self, Attach(publisher): Attach, _: &mut Context<StoreActor>) {
        self.publisher = Some(publisher);
        self.told = false;
        self.tell_publisher();
    }
}

/// What became of the message that was taken last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Previous {
    /// The broker has it.
    Arrived,
    /// The connection broke before the broker confirmed it.
    Lost,
}

fn warn_of_given_up(entry: &Entry) {
    let bytes = entry.memory_bytes();
    error!(
        bytes;
        "the broker breaks the connection over one entry, which is set aside and not replicated; \
         let the broker accept larger messages"
    );
}

/// Hand out changes for the next message of about so many bytes.
pub(crate) struct TakeUpdate {
    pub(crate) previous: Previous,
    pub(crate) max_bytes: usize,
}

impl Message for TakeUpdate {
    type Result = Option<Vec<Change>>;
}

impl Handler<TakeUpdate> for StoreActor {
    type Result = Promised<Option<Vec<Change>>>;

    fn handle(&mut self, message: TakeUpdate, _: &mut Context<StoreActor>) -> Self::Result {
        match message.previous {
            Previous::Arrived => self.engine.settle_update(wall_clock::now()),
            Previous::Lost => self.engine.restore_update().iter().for_each(warn_of_given_up),
        }
        let taken = self.engine.take_update(message.max_bytes);
        self.told = taken.is_some();
        self.facts.mqtt.queued.set(self.engine.queued() as u64);
        // A write that others know and this node has lost could not be told from a later one.
        self.promise(taken)
    }
}

/// Publish once more what was confirmed of late: a peer may have missed it.
pub(crate) struct Repeat;

impl Message for Repeat {
    type Result = ();
}

impl Handler<Repeat> for StoreActor {
    type Result = ();

    fn handle(&mut self, _: Repeat, _: &mut Context<StoreActor>) {
        self.engine.repeat(wall_clock::now());
        self.tell_publisher();
    }
}

/// Give back a piece of the room that a flush freed.
struct Sweep;

impl Message for Sweep {
    type Result = ();
}

impl Handler<Sweep> for StoreActor {
    type Result = ();

    fn handle(&mut self, _: Sweep, ctx: &mut Context<StoreActor>) {
        self.sweeping = self.engine.sweep_step();
        if self.sweeping {
            send_soon(ctx, Sweep);
        }
    }
}

/// Sends itself a message when the clients have had their turn: those that wait in the mailbox, and
/// those whose connections share this thread. A message to itself alone would keep the mailbox full,
/// and nothing else on the thread would run until all steps were taken.
fn send_soon<M>(ctx: &Context<StoreActor>, message: M)
where
    M: Message<Result = ()> + Send + 'static,
    StoreActor: Handler<M>,
{
    let store = ctx.address();
    actix_rt::spawn(async move {
        task::yield_now().await;
        store.do_send(message);
    });
}

/// Who may do what from now on; with nothing, everybody may do everything.
pub(crate) struct SetUsers(pub(crate) Option<Arc<Users>>);

impl Message for SetUsers {
    type Result = ();
}

impl Handler<SetUsers> for StoreActor {
    type Result = ();

    fn handle(&mut self, SetUsers(users): SetUsers, _: &mut Context<StoreActor>) {
        self.engine.set_users(users);
    }
}

/// Who may do what now; nothing if everybody may do everything.
pub(crate) struct ReadUsers;

impl Message for ReadUsers {
    type Result = Option<Arc<Users>>;
}

impl Handler<ReadUsers> for StoreActor {
    type Result = Option<Arc<Users>>;

    fn handle(&mut self, _: ReadUsers, _: &mut Context<StoreActor>) -> Self::Result {
        self.engine.users().cloned()
    }
}

/// Facts about the data.
pub(crate) struct ReadFacts;

impl Message for ReadFacts {
    type Result = StoreFacts;
}

impl Handler<ReadFacts> for StoreActor {
    type Result = MessageResult<ReadFacts>;

    fn handle(&mut self, _: ReadFacts, _: &mut Context<StoreActor>) -> Self::Result {
        MessageResult(self.engine.facts())
    }
}
