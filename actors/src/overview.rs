//! `merkle-kv status`: asks the nodes of a cluster what they hold, all at once, and again while their
//! roots differ. What the answers come to, `core::overview` says.

use crate::client::{CallError, Connection, Patience, Target};
use crate::console::Screen;
use merkle_kv_core::console::{ClientReply, printable};
use merkle_kv_core::overview::{KnownPeer, NodeView, Overview, Verdict, known_peers, table};
use std::io;
use std::thread;
use std::time::{Duration, Instant};

/// For all that one node is asked at one look.
const NODE_LIMIT: Duration = Duration::from_secs(3);

/// Looks until roots that differ are called so: writes travel in milliseconds, and a repair takes a
/// second or two.
const LOOKS: usize = 6;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(400);

/// Nodes that are asked at most; each costs a thread.
const MAX_NODES: usize = 256;

/// What to look at.
#[derive(Clone, Debug)]
pub struct StatusPlan {
    /// The nodes that are named, at least one; their peers are found.
    pub targets: Vec<Target>,
    /// One JSON object instead of a table.
    pub json: bool,
    /// No colours, also on a terminal.
    pub no_color: bool,
    /// Look again after so long, without an end.
    pub watch: Option<Duration>,
}

/// Looks, and prints what there is to see. Gives the last verdict.
pub fn run(plan: &StatusPlan) -> io::Result<Verdict> {
    let screen = Screen::new(plan.json, plan.no_color);
    loop {
        let (overview, verdict) = settled(&plan.targets);
        let mut text = match plan.json {
            true => overview.to_json(&verdict) + "\n",
            false => table(&overview, &verdict, screen.palette()),
        };
        let Some(pause) = plan.watch else {
            screen.write(&text)?;
            return Ok(verdict);
        };
        if !plan.json {
            const TO_AN_EMPTY_SCREEN: &str = "\x1b[H\x1b[2J";
            match screen.is_terminal() {
                true => text.insert_str(0, TO_AN_EMPTY_SCREEN),
                false => text.push('\n'),
            }
        }
        screen.write(&text)?;
        thread::sleep(pause);
    }
}

/// Looks until the roots are equal or have had their time.
fn settled(targets: &[Target]) -> (Overview, Verdict) {
    let mut overview = look(targets);
    let mut before = None;
    for _ in 1..LOOKS {
        if !overview.may_settle() {
            break;
        }
        thread::sleep(PAUSE);
        before = Some(std::mem::replace(&mut overview, look(targets)));
    }
    let verdict = overview.verdict(before.as_ref());
    (overview, verdict)
}

/// Asks the nodes that are named, then the peers that they tell of.
fn look(named: &[Target]) -> Overview {
    let mut overview = Overview::default();
    let mut peers: Vec<KnownPeer> = Vec::new();
    let mut now = None;
    for answer in ask_all(named.to_vec()) {
        match answer.peers {
            Ok(known) => peers.extend(known),
            // Whoever names several is taken to have named all.
            Err(error) if named.len() == 1 => overview.unlisted = Some(error),
            Err(_) => {}
        }
        now = now.or(answer.view.unix_seconds);
        add(&mut overview, answer.view);
    }
    let mut targets: Vec<Target> = Vec::new();
    for peer in &peers {
        let is_there = |view: &NodeView| is_same(view, peer);
        let is_listed = targets.iter().any(|target| target.address() == peer.address);
        if overview.nodes.iter().any(is_there) || is_listed {
            continue;
        }
        match named.first().map(|target| target.at(&peer.address)) {
            Some(Ok(target)) => targets.push(target),
            Some(Err(error)) => {
                add(&mut overview, NodeView::down(&peer.address, error.to_string()));
            }
            None => {}
        }
    }
    targets.truncate(MAX_NODES);
    for answer in ask_all(targets) {
        add(&mut overview, answer.view);
    }
    for view in &mut overview.nodes {
        let Some(peer) = peers.iter().find(|peer| is_same(view, peer)) else { continue };
        // A node that is down has no name but the one that others know.
        view.node_id = view.node_id.take().or_else(|| peer.node_id.clone());
        let ago = now.zip(peer.last_equal).map(|(now, then)| now.saturating_sub(then));
        view.equal_seconds_ago = ago;
    }
    overview
}

fn is_same(view: &NodeView, peer: &KnownPeer) -> bool {
    view.address == peer.address || view.node_id.is_some() && view.node_id == peer.node_id
}

/// A node may be reached under several addresses; it has one line.
fn add(overview: &mut Overview, view: NodeView) {
    let is_new = overview.nodes.iter().all(|other| {
        other.address != view.address && (view.node_id.is_none() || other.node_id != view.node_id)
    });
    if is_new {
        overview.nodes.push(view);
    }
}

/// What a node says of itself, and whom it knows or why it does not say.
struct Answer {
    view: NodeView,
    peers: Result<Vec<KnownPeer>, String>,
}

fn ask_all(targets: Vec<Target>) -> Vec<Answer> {
    thread::scope(|scope| {
        let asked: Vec<_> = targets
            .iter()
            .map(|target| (target, thread::Builder::new().spawn_scoped(scope, || ask(target))))
            .collect();
        asked
            .into_iter()
            .map(|(target, thread)| {
                let failed = || Answer::failed(target, "it could not be asked".to_owned());
                match thread.map(thread::ScopedJoinHandle::join) {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(_)) | Err(_) => failed(),
                }
            })
            .collect()
    })
}

impl Answer {
    fn failed(target: &Target, error: String) -> Answer {
        let view = NodeView::down(target.address(), error);
        // That it is down says enough; there is no second complaint about its peers.
        Answer { view, peers: Ok(Vec::new()) }
    }
}

fn ask(target: &Target) -> Answer {
    asked(target).unwrap_or_else(|error| Answer::failed(target, short(&error)))
}

fn asked(target: &Target) -> Result<Answer, CallError> {
    let patience = Patience::Until(Instant::now() + NODE_LIMIT);
    let mut connection = Connection::open(target, patience)?;
    let mut reply = |command: &str| {
        connection.ask(command.as_bytes(), patience).map(|reply| ClientReply::of(&reply))
    };
    let (info, stats, hash, peers) =
        (reply("INFO")?, reply("STATS")?, reply("HASH")?, reply("PEERS")?);
    let view = NodeView::of(target.address(), &info, &stats, &hash);
    let peers = match &peers {
        ClientReply::Error(error) => {
            Err(format!("{} does not tell its peers: {error}; name every node", view.name()))
        }
        peers => Ok(known_peers(peers)),
    };
    Ok(Answer { view, peers })
}

/// The cause without the address, which stands beside it.
fn short(error: &CallError) -> String {
    match error {
        CallError::Refused { .. } => "nothing listens there".to_owned(),
        CallError::Silent { limit, .. } => {
            format!("it is silent for {} seconds", limit.as_secs_f32().round())
        }
        CallError::Insecure { reason, .. } => {
            printable(format!("no secure connection: {reason}").as_bytes())
        }
        CallError::Closed { .. } => "it closes the connection".to_owned(),
        CallError::Address { .. }
        | CallError::Unknown { .. }
        | CallError::Garbage { .. }
        | CallError::TooLong { .. }
        | CallError::TurnedAway { .. }
        | CallError::Told { .. }
        | CallError::Stranger { .. }
        | CallError::Login { .. }
        | CallError::Password { .. }
        | CallError::Argument(_)
        | CallError::Io { .. } => printable(error.to_string().as_bytes()),
    }
}
