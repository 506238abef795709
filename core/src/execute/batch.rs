//! A batch: all requests of one received chunk, run in order and in slices. A slice ends when the
//! batch is done, when enough has been written or done for now, or when the node must be asked.

use super::engine::{Count, Engine, Outcome};
use super::lookup::Lookup;
use super::redis::greeting;
use super::search::KeySearch;
use crate::access::{Identity, User, Users};
use crate::clock::UnixMillis;
use crate::entry::Entry;
use crate::merkle::Digest;
use crate::naming::PeerAddress;
use crate::protocol::{
    ClientAction, ClientError, ClientFacts, Command, Credentials, Hello, Keys, Nested, NodeFacts,
    PeerFacts, ReplicateAction, ReplicationFacts, Reply, ReplyWriter, Report, Request, RespVersion,
    StoreFacts, SyncFacts, Wording,
};
use crate::store::{Reaping, Snapshot, WARMED};
use crate::version::Version;
use bytes::{Bytes, BytesMut};
use std::sync::Arc;
use std::vec;

/// Replies that one slice makes before they are sent, in bytes: what a client that does not read
/// can make the node hold, beside one line.
pub(super) const SLICE_OUTPUT_BYTES: usize = 256 << 10;

/// Commands that one slice runs before other clients have their turn. At about half a microsecond
/// each, a slice takes half a millisecond.
const SLICE_COMMANDS: usize = 1_000;

/// Fewer requests than this are not worth looking ahead.
const FEW_REQUESTS: usize = 4;

/// What only the node as a whole can answer or do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Facts for INFO.
    Info,
    /// Facts for STATS.
    Stats,
    /// The data set of this moment, which takes a while.
    Snapshot,
    /// The open connections, or what one of them is.
    Client(ClientAction),
    /// Who the client is; it says what it wants to be called and to hear.
    Hello(Hello),
    /// Whether somebody is who they say they are, and if so, the rest of their HELLO.
    LogIn(Box<Login>),
    /// Forget what the client has said of itself.
    Reset,
    /// All keys that match. To look for them can take a second, so it is not done between other
    /// commands.
    Keys(KeySearch),
    /// Switch or show replication.
    Replicate(ReplicateAction),
    /// The digest of everything, or of the keys with a prefix. To compute it can take a second, so
    /// it is not done between other commands.
    Hash(Option<Bytes>),
    /// Sessions with every peer, or with one, run now.
    Sync(Option<PeerAddress>),
    /// The other nodes.
    Peers,
    /// Close the connection once the reply is written; what follows is not run.
    Quit,
    /// Stop the node.
    Shutdown,
}

/// Somebody who claims to be a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Who, and the password.
    pub credentials: Credentials,
    /// The users of the moment at which it was asked.
    pub users: Arc<Users>,
    /// What is to be answered if it is true; nothing is that it is.
    pub(super) then: Option<Hello>,
}

impl Login {
    /// A login that is answered by who it is, and by nothing else.
    pub fn new(credentials: Credentials, users: Arc<Users>) -> Login {
        Login { credentials, users, then: None }
    }
}

/// The answer to a [`Question`].
#[derive(Debug)]
pub enum Answer {
    /// To Info and Stats.
    Node(Box<NodeFacts>),
    /// To Snapshot.
    Snapshot(Snapshot),
    /// To Client(List).
    Clients(Vec<ClientFacts>),
    /// To Hello, and to Client: the connection that asks.
    Client(Box<ClientFacts>),
    /// To LogIn: who it is.
    User(Arc<User>),
    /// To Keys.
    Keys(Vec<Entry>),
    /// To Replicate(Status).
    Replication(ReplicationFacts),
    /// To Hash.
    Hash(Digest),
    /// To Sync: every session, in the order in which they ended.
    Sync(Vec<SyncFacts>),
    /// To Peers.
    Peers(Vec<PeerFacts>),
    /// It is done.
    Done,
    /// It cannot be done.
    Refused(ClientError),
}

/// Why a slice ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Every request is answered.
    Done,
    /// There is more; send what is written, and run again.
    More,
    /// [`Batch::answer`] this, and run again.
    Ask(Question),
}

impl Engine {
    /// Has the store look ahead at the keys of batches that are run next, of each the few that it
    /// would not look ahead at itself.
    pub fn look_ahead<'a>(&self, batches: impl Iterator<Item = &'a Batch> + Clone) {
        let few = batches.map(|batch| batch.requests.as_slice());
        let few = few.filter(|requests| requests.len() < FEW_REQUESTS);
        if few.clone().map(<[Request]>::len).sum::<usize>() >= FEW_REQUESTS {
            self.store.warm(few.flat_map(keys_of));
        }
    }
}

/// The first key of each request that has one.
fn keys_of(requests: &[Request]) -> impl Iterator<Item = &[u8]> {
    requests.iter().filter_map(|request| match request {
        Request::Command(_, command) => command.key().map(|key| &key[..]),
        Request::Refused(_) | Request::Broken(_) => None,
    })
}

/// Requests under way. Made by a connection, run by whoever owns the engine.
#[derive(Debug)]
pub struct Batch {
    requests: vec::IntoIter<Request>,
    wording: Wording,
    work: Option<Work>,
    closes: bool,
    traced: Vec<Version>,
    identity: Identity,
    /// Replies written so far. Whoever sends them empties it.
    pub output: BytesMut,
}

/// The request that is neither done nor waiting.
#[derive(Debug)]
enum Work {
    Writing(ReplyWriter),
    Looking(Lookup),
    Found(Lookup, Snapshot),
    Counting(Count),
    /// What is over in a snapshot is reaped from this key on, to be counted then.
    Reaping(Count, Snapshot, Vec<u8>),
    Sweeping(Command),
    Asking(Question, Option<Box<StoreFacts>>),
}

impl Batch {
    /// A batch of which nothing has been run. `output` is an empty buffer to reuse.
    pub fn new(requests: Vec<Request>, wording: Wording, output: BytesMut) -> Batch {
        let requests = requests.into_iter();
        let (identity, traced) = (Identity::default(), Vec::new());
        Batch { requests, wording, work: None, closes: false, traced, identity, output }
    }

    /// Runs one slice.
    pub fn run(&mut self, engine: &mut Engine, now: UnixMillis) -> Progress {
        let progress = self.run_slice(engine, now);
        self.traced = engine.store.take_traced();
        progress
    }

    /// The writes of the last slice that are traced.
    pub fn traced(&self) -> &[Version] {
        &self.traced
    }

    fn run_slice(&mut self, engine: &mut Engine, now: UnixMillis) -> Progress {
        let mut warmed = 0;
        for _ in 0..SLICE_COMMANDS {
            if self.output.len() >= SLICE_OUTPUT_BYTES {
                return Progress::More;
            }
            if self.work.is_none() {
                if warmed == 0 {
                    warmed = self.warm(engine);
                }
                warmed -= 1;
                self.work = match self.requests.next() {
                    None => return Progress::Done,
                    Some(request) => Some(self.begin(request, engine, now)),
                };
            }
            match self.work.take() {
                None => {}
                Some(Work::Writing(mut writer)) => {
                    let ended = writer.write(&mut self.output, SLICE_OUTPUT_BYTES);
                    if !ended {
                        self.work = Some(Work::Writing(writer));
                        return Progress::More;
                    }
                }
                Some(Work::Looking(lookup)) => {
                    if engine.expire_step(now) == Reaping::More {
                        self.work = Some(Work::Looking(lookup));
                        return Progress::More;
                    }
                    let Some(snapshot) = engine.store.snapshot(now) else {
                        self.work = Some(Work::Looking(lookup));
                        return Progress::Ask(Question::Snapshot);
                    };
                    self.work = Some(self.writing(lookup.reply(&snapshot, &engine.store, now)));
                }
                Some(Work::Found(lookup, snapshot)) => {
                    self.work = Some(self.writing(lookup.reply(&snapshot, &engine.store, now)));
                }
                Some(Work::Counting(count)) => {
                    let left =
                        if engine.sweep_step() { Reaping::More } else { engine.expire_step(now) };
                    self.work = Some(match left {
                        Reaping::Done => self.counted(count, engine),
                        Reaping::More | Reaping::AwaitsFold => Work::Counting(count),
                    });
                    match left {
                        Reaping::Done => {}
                        Reaping::More => return Progress::More,
                        Reaping::AwaitsFold => return Progress::Ask(Question::Snapshot),
                    }
                }
                Some(Work::Reaping(count, snapshot, from)) => {
                    if let Some(from) = engine.expire_in(&snapshot, &from, now) {
                        self.work = Some(Work::Reaping(count, snapshot, from));
                        return Progress::More;
                    }
                    self.work = Some(self.counted(count, engine));
                }
                Some(Work::Sweeping(command)) => {
                    engine.sweep_step();
                    self.work = Some(self.work_of(engine.run(command, now)));
                    return Progress::More;
                }
                Some(Work::Asking(question, facts)) => {
                    self.work = Some(Work::Asking(question.clone(), facts));
                    return Progress::Ask(question);
                }
            }
        }
        Progress::More
    }

    /// Takes the answer to the question that the last slice ended with.
    pub fn answer(&mut self, answer: Answer) {
        match (&self.work, &answer) {
            (Some(Work::Looking(lookup)), Answer::Snapshot(snapshot)) => {
                self.work = Some(Work::Found(lookup.clone(), snapshot.clone()));
                return;
            }
            (Some(Work::Counting(count)), Answer::Snapshot(snapshot)) => {
                self.work = Some(Work::Reaping(*count, snapshot.clone(), Vec::new()));
                return;
            }
            (Some(Work::Looking(_) | Work::Counting(_)), Answer::Refused(error)) => {
                self.work = Some(self.writing(Reply::Error(error.clone())));
                return;
            }
            _ => {}
        }
        let (question, facts) = match self.work.take() {
            Some(Work::Asking(question, facts)) => (question, facts),
            // Nobody asked: an answer that comes twice must not cost another command its reply.
            other => {
                self.work = other;
                return;
            }
        };
        if question == Question::Quit {
            self.close();
        }
        let store = facts.map(|facts| *facts).unwrap_or_default();
        let reply = match (answer, question) {
            (Answer::User(user), Question::LogIn(login)) => {
                self.identity = Identity::of(user);
                if let Some(hello) = login.then {
                    self.work = Some(Work::Asking(Question::Hello(hello), None));
                    return;
                }
                Reply::Ok
            }
            (Answer::Node(node), Question::Stats) => {
                Reply::Report(Report::Stats(Box::new((*node, store))))
            }
            (Answer::Node(mut node), _) => {
                // The digest of everything would confirm a guess at what is not shown.
                node.root = node.root.filter(|_| self.identity.sight().is_whole());
                Reply::Report(Report::Info(Box::new((*node, store))))
            }
            (Answer::Clients(clients), _) => Reply::Report(Report::Clients(clients)),
            (Answer::Client(client), Question::Hello(hello)) => {
                self.speak(hello.version);
                Reply::Nested(greeting(self.wording, &client))
            }
            (Answer::Client(client), Question::Client(action)) => match action {
                ClientAction::Id => Reply::Number("ID", client.id),
                ClientAction::GetName if client.name.is_empty() => Reply::NoValue,
                ClientAction::GetName => Reply::Nested(Nested::text(client.name)),
                ClientAction::List
                | ClientAction::Info
                | ClientAction::SetName(_)
                | ClientAction::Ignored => Reply::Report(Report::Clients(vec![*client])),
            },
            (Answer::Client(_), _) => Reply::Ok,
            (Answer::Done, Question::Reset) => {
                self.speak(Some(RespVersion::default()));
                self.identity = Identity::default();
                Reply::Nested(Nested::Word("RESET"))
            }
            (Answer::Keys(entries), _) => {
                Reply::Keys(Keys { count: entries.len(), entries: Box::new(entries.into_iter()) })
            }
            (Answer::Replication(facts), _) => Reply::Replication(facts),
            (Answer::Hash(digest), Question::Hash(prefix)) => Reply::Hash(prefix, digest),
            (Answer::Hash(digest), _) => Reply::Hash(None, digest),
            (Answer::Sync(sessions), _) => Reply::Report(Report::Sync(sessions)),
            (Answer::Peers(peers), _) => Reply::Report(Report::Peers(peers)),
            // A snapshot that was asked for is answered above.
            (Answer::Snapshot(_), _) | (Answer::User(_), _) | (Answer::Done, _) => Reply::Ok,
            (Answer::Refused(error), _) => Reply::Error(error),
        };
        self.work = Some(self.writing(reply));
    }

    /// Has the store look ahead at the next keys. For how many requests, at least one.
    fn warm(&self, engine: &Engine) -> usize {
        let next = self.requests.as_slice();
        let next = &next[..next.len().min(WARMED)];
        if next.len() >= FEW_REQUESTS {
            engine.store.warm(keys_of(next));
        }
        next.len().max(1)
    }

    /// How many requests the next slice is worth, about: what goes on may take all of it.
    pub fn slice_requests(&self) -> usize {
        if self.work.is_some() { SLICE_COMMANDS } else { self.requests.len() }
    }

    /// Begins with other requests of the same connection, once all are answered.
    pub fn go_on(&mut self, requests: Vec<Request>) {
        self.requests = requests.into_iter();
    }

    /// Whether the connection is to be closed once the output is sent.
    pub fn closes(&self) -> bool {
        self.closes
    }

    /// Goes on in this version of RESP, if one was asked for.
    fn speak(&mut self, version: Option<RespVersion>) {
        match (self.wording, version) {
            (Wording::Resp(_), Some(version)) => self.wording = Wording::Resp(version),
            (Wording::Resp(_), None) | (Wording::Text(_), _) => {}
        }
    }

    fn begin(&mut self, request: Request, engine: &mut Engine, now: UnixMillis) -> Work {
        match request {
            Request::Refused(error) => {
                engine.count_refused();
                self.writing(Reply::Error(error))
            }
            Request::Broken(error) => {
                engine.count_refused();
                self.close();
                self.writing(Reply::Error(error))
            }
            Request::Command(id, command) => {
                let Some(users) = &engine.users else {
                    return self.work_of(engine.start(id, command, now));
                };
                match self.identity.check(users, id, &command) {
                    Ok(()) => {
                        let outcome = engine.start(id, command, now);
                        self.work_of(outcome.seen_by(self.identity.sight()))
                    }
                    Err(error) => {
                        engine.count_not_permitted();
                        self.writing(Reply::Error(error))
                    }
                }
            }
        }
    }

    /// What follows is not run.
    fn close(&mut self) {
        self.closes = true;
        self.requests = Vec::new().into_iter();
    }

    fn work_of(&self, outcome: Outcome) -> Work {
        match outcome {
            Outcome::Reply(reply) => self.writing(reply),
            Outcome::Looking(lookup) => Work::Looking(lookup),
            Outcome::Counting(count) => Work::Counting(count),
            Outcome::Sweeping(command) => Work::Sweeping(command),
            Outcome::Ask(question) => Work::Asking(question, None),
        }
    }

    fn counted(&self, count: Count, engine: &Engine) -> Work {
        let ask = |question| Work::Asking(question, Some(Box::new(engine.facts())));
        match count {
            Count::Keys => self.writing(Reply::Number("DBSIZE", engine.store.keys() as u64)),
            Count::Memory => {
                self.writing(Reply::Number("MEMORY", engine.store.memory_bytes() as u64))
            }
            Count::Info => ask(Question::Info),
            Count::Stats => ask(Question::Stats),
        }
    }

    fn writing(&self, reply: Reply) -> Work {
        Work::Writing(ReplyWriter::new(reply, self.wording))
    }
}
