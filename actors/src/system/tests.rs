//! A panic in each kind of actor, in a whole node with real sockets: what must live on does, and
//! what must not ends the node.

use super::{Child, SystemActor, start_watched};
use crate::admin::AdminActor;
use crate::connection::{self, ConnectionActor};
use crate::exit::ExitReason;
use crate::listener::ListenerActor;
use crate::mqtt::MqttActor;
use crate::node::{Node, Signals};
use crate::store::StoreActor;
use crate::sync::SyncActor;
use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, Message};
use merkle_kv_core::config;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

#[cfg(feature = "broker")]
use crate::broker::BrokerActor;

const PATIENCE: Duration = Duration::from_secs(20);

/// Makes the actor that handles it panic.
struct Panic;

impl Message for Panic {
    type Result = ();
}

macro_rules! panics {
    ($($actor:ty),+) => {$(
        impl Handler<Panic> for $actor {
            type Result = ();

            fn handle(&mut self, _: Panic, _: &mut Context<$actor>) {
                panic!("a test asked for it");
            }
        }
    )+};
}

panics!(SystemActor, StoreActor, ListenerActor, ConnectionActor, MqttActor, SyncActor, AdminActor);
#[cfg(feature = "broker")]
panics!(BrokerActor);

struct PanicIn(Child);

impl Message for PanicIn {
    type Result = ();
}

impl Handler<PanicIn> for SystemActor {
    type Result = ();

    fn handle(&mut self, PanicIn(child): PanicIn, ctx: &mut Context<SystemActor>) {
        let has_heard = match child {
            Child::Store => panic_in(&self.children.store()),
            Child::Listener => panic_in(&self.children.listener()),
            Child::Mqtt => panic_in(&self.children.mqtt().unwrap()),
            Child::Sync => panic_in(&self.children.sync().unwrap()),
            Child::Admin => panic_in(&self.children.admin()),
            #[cfg(feature = "broker")]
            Child::Broker => panic_in(&self.children.broker()),
            #[cfg(not(feature = "broker"))]
            Child::Broker => true,
        };
        if !has_heard {
            ctx.notify_later(PanicIn(child), Duration::from_millis(5));
        }
    }
}

/// False if the actor has failed already and the next one is yet to start.
fn panic_in<A>(actor: &Addr<A>) -> bool
where
    A: Actor<Context = Context<A>> + Handler<Panic>,
{
    let is_there = actor.connected();
    actor.do_send(Panic);
    is_there
}

fn node(name: &str, sections: &str) -> Node {
    let text = format!("node_id = \"{name}\"\n[network]\nbind_port = 0\n{sections}");
    let config = config::load(&text, "test", &BTreeMap::new()).unwrap();
    Node::start(&config, Signals::Ignore).unwrap()
}

fn lonely(name: &str) -> Node {
    node(name, "[mqtt]\nenabled = false\n")
}

/// Two nodes that replicate; the first hosts the broker.
#[cfg(feature = "broker")]
fn pair() -> (Node, Node) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let joins = format!("[mqtt]\nbroker_address = \"tcp://127.0.0.1:{port}\"\n");
    let hosts = format!("{joins}[broker]\nenabled = true\nbind_port = {port}\n");
    let pair = (node("a", &hosts), node("b", &joins));
    for node in [&pair.0, &pair.1] {
        let mut client = Client::of(node);
        client.until("REPLICATE STATUS", |reply| reply.contains(" connected "));
    }
    pair
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn of(node: &Node) -> Client {
        let stream = TcpStream::connect(node.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client(BufReader::new(stream))
    }

    fn ask(&mut self, command: &str) -> String {
        self.0.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn until(&mut self, command: &str, holds: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reply = self.ask(command);
            if holds(&reply) {
                return;
            }
            assert!(Instant::now() < deadline, "{command} still answers {reply}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn is_closed(&mut self) -> bool {
        let mut line = String::new();
        // A reset is a close too.
        self.0.read_line(&mut line).map_or(true, |bytes| bytes == 0)
    }
}

fn restarts(client: &mut Client) -> u64 {
    let mut count = None;
    let mut line = client.ask("STATS");
    while line != "END" {
        count = line.strip_prefix("actor_restarts:").map(|count| count.parse().unwrap()).or(count);
        line.clear();
        client.0.read_line(&mut line).unwrap();
        line.truncate(line.trim_end().len());
    }
    count.unwrap()
}

#[test]
fn a_panic_in_the_store_ends_the_node() {
    let node = lonely("store");
    let mut client = Client::of(&node);
    assert_eq!(client.ask("SET k v"), "OK");
    node.system().do_send(PanicIn(Child::Store));
    assert!(client.is_closed());
    assert_eq!(node.wait(), ExitReason::Panicked);
}

#[test]
fn a_panic_in_the_system_actor_ends_the_node() {
    let node = lonely("system");
    node.system().do_send(Panic);
    assert_eq!(node.wait(), ExitReason::Panicked);
}

#[test]
fn a_panic_in_the_listener_is_survived_by_clients_and_new_ones_come_in() {
    let node = lonely("listener");
    let mut old = Client::of(&node);
    assert_eq!(old.ask("SET k v"), "OK");
    for times in 1..=3 {
        node.system().do_send(PanicIn(Child::Listener));
        // Between the two listeners, a client waits in the queue of the socket.
        assert_eq!(Client::of(&node).ask("GET k"), "VALUE v");
        assert_eq!(old.ask("GET k"), "VALUE v");
        let deadline = Instant::now() + PATIENCE;
        while restarts(&mut old) < times {
            assert!(Instant::now() < deadline);
        }
        // Whoever is answered now was accepted by the new listener.
        assert_eq!(Client::of(&node).ask("GET k"), "VALUE v");
    }
    node.stop();
    assert_eq!(node.wait(), ExitReason::Asked);
}

#[test]
fn a_panic_in_the_admin_actor_is_survived_by_clients_and_pages_are_served_again() {
    let node = node("admin", "[mqtt]\nenabled = false\n[admin]\nenabled = true\nbind_port = 0\n");
    let mut client = Client::of(&node);
    for times in 1..=2 {
        node.system().do_send(PanicIn(Child::Admin));
        let deadline = Instant::now() + PATIENCE;
        while restarts(&mut client) < times {
            assert!(Instant::now() < deadline);
        }
        // Between the two actors, a request waits in the queue of the socket.
        let mut page = TcpStream::connect(node.admin_address().unwrap()).unwrap();
        page.set_read_timeout(Some(PATIENCE)).unwrap();
        page.write_all(b"GET /health/live HTTP/1.1\r\nHost: node\r\n\r\n").unwrap();
        let mut status = String::new();
        BufReader::new(page).read_line(&mut status).unwrap();
        assert_eq!(status, "HTTP/1.1 200 OK\r\n");
    }
}

#[test]
fn a_panic_in_a_connection_closes_that_one_and_frees_its_place() {
    let node = node("connection", "max_connections = 2\n[mqtt]\nenabled = false\n");
    let (mut doomed, mut other) = (Client::of(&node), Client::of(&node));
    assert_eq!((doomed.ask("SET k v"), other.ask("PING")), ("OK".into(), "PONG".into()));
    connection::tests::of(doomed.0.get_ref().local_addr().unwrap()).do_send(Panic);
    assert!(doomed.is_closed());
    let deadline = Instant::now() + PATIENCE;
    while Client::of(&node).ask("GET k") != "VALUE v" {
        assert!(Instant::now() < deadline, "its place was not freed");
    }
    assert_eq!((other.ask("PING"), restarts(&mut other)), ("PONG".into(), 0));
}

#[test]
fn after_a_panic_in_the_sync_actor_peers_are_met_as_before() {
    let a = lonely("sync-a");
    let peers = format!("[anti_entropy]\npeer_list = [\"{}\"]\n", a.address());
    let b = node("sync-b", &format!("[mqtt]\nenabled = false\n{peers}"));
    let (mut on_a, mut on_b) = (Client::of(&a), Client::of(&b));
    for times in 1..=2 {
        assert_eq!(on_a.ask(&format!("SET k {times}")), "OK");
        for node in [&a, &b] {
            node.system().do_send(PanicIn(Child::Sync));
        }
        // The next one begins with every peer that it knows of.
        let value = format!("VALUE {times}");
        on_b.until("GET k", |reply| reply == value);
        // One that is yet to fail may have met its peer before.
        let deadline = Instant::now() + PATIENCE;
        while (restarts(&mut on_a), restarts(&mut on_b)) != (times, times) {
            assert!(Instant::now() < deadline);
        }
    }
}

#[cfg(feature = "broker")]
#[test]
fn a_panic_in_the_mqtt_actor_loses_no_write() {
    let (a, b) = pair();
    let (mut on_a, mut on_b) = (Client::of(&a), Client::of(&b));
    for round in 0..3 {
        // Some of these are in flight when the actor dies, some wait, some are written after.
        for n in 0..500 {
            assert_eq!(on_b.ask(&format!("SET k{n} {round}")), "OK");
            if n == 250 {
                b.system().do_send(PanicIn(Child::Mqtt));
            }
        }
        for n in 0..500 {
            let value = format!("VALUE {round}");
            on_a.until(&format!("GET k{n}"), |reply| reply == value);
        }
    }
    assert_eq!(restarts(&mut on_b), 3);
}

#[cfg(feature = "broker")]
#[test]
fn a_panic_in_the_broker_actor_is_followed_by_a_new_broker_on_the_same_port() {
    let (a, b) = pair();
    let (mut on_a, mut on_b) = (Client::of(&a), Client::of(&b));
    a.system().do_send(PanicIn(Child::Broker));
    on_b.until("REPLICATE STATUS", |reply| reply.contains(" connecting "));
    for client in [&mut on_a, &mut on_b] {
        client.until("REPLICATE STATUS", |reply| reply.contains(" connected "));
    }
    assert_eq!(on_b.ask("SET after restart"), "OK");
    on_a.until("GET after", |reply| reply == "VALUE restart");
    assert_eq!(restarts(&mut on_a), 1);
}

/// Stops, or fails, as it is told.
struct Ending(fn(&mut Context<Ending>));

impl Actor for Ending {
    type Context = Context<Ending>;

    fn started(&mut self, ctx: &mut Context<Ending>) {
        (self.0)(ctx);
    }
}

#[test]
fn how_an_actor_ended_is_told_once_and_for_each_way_to_end() {
    let told = |end: fn(&mut Context<Ending>), last_words: bool| {
        let (sender, receiver) = mpsc::channel();
        actix::System::new().block_on(async move {
            let make = |words: super::LastWords| {
                if last_words {
                    words.say("no socket");
                }
                Ending(end)
            };
            let _address = start_watched(make, move |reason| sender.send(reason).unwrap());
            tokio::time::sleep(Duration::from_millis(20)).await;
        });
        receiver.iter().collect::<Vec<_>>()
    };
    assert_eq!(told(|ctx| ctx.stop(), false), [ExitReason::Asked]);
    assert_eq!(told(|ctx| ctx.stop(), true), [ExitReason::Failed("no socket".into())]);
    assert_eq!(told(|_| panic!("a test asked for it"), true), [ExitReason::Panicked]);
    assert_eq!(told(|ctx| ctx.terminate(), false), [ExitReason::Asked]);
}
