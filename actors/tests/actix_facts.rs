//! What this crate takes for granted of actix 0.13, and its documentation does not promise. If an
//! update changes one of these, the design that rests on it is to be looked at again.
#![allow(clippy::unwrap_used, missing_docs)]

use actix::io::{FramedWrite, WriteHandler};
use actix::{
    Actor, ActorContext, ActorFutureExt, Arbiter, AsyncContext, Context, Handler, MailboxError,
    Message, ResponseFuture, Supervised, Supervisor, System, WrapFuture,
};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time;
use tokio_util::codec::LinesCodec;

const COUNT: Ordering = Ordering::SeqCst;

/// An actor that counts what it is told, and can be told to fail or to take its time.
#[derive(Clone, Default)]
struct Worker {
    handled: Arc<AtomicUsize>,
    started: Arc<AtomicUsize>,
    capacity: Option<usize>,
}

impl Actor for Worker {
    type Context = Context<Worker>;

    fn started(&mut self, ctx: &mut Context<Worker>) {
        self.started.fetch_add(1, COUNT);
        if let Some(capacity) = self.capacity {
            ctx.set_mailbox_capacity(capacity);
        }
    }
}

impl Supervised for Worker {}

enum Order {
    Count,
    Panic,
    Wait(Duration),
}

impl Message for Order {
    type Result = ();
}

impl Handler<Order> for Worker {
    type Result = ();

    fn handle(&mut self, order: Order, ctx: &mut Context<Worker>) {
        match order {
            Order::Count => {}
            Order::Panic => panic!("a test asked for it"),
            Order::Wait(time) => ctx.wait(time::sleep(time).into_actor(self)),
        }
        self.handled.fetch_add(1, COUNT);
    }
}

fn run<T>(test: impl Future<Output = T>) -> T {
    System::new().block_on(test)
}

#[test]
fn a_supervisor_does_not_restart_an_actor_that_panics() {
    run(async {
        let worker = Worker::default();
        let started = worker.started.clone();
        let address = Supervisor::start(move |_| worker);
        address.send(Order::Count).await.unwrap();
        assert!(matches!(address.send(Order::Panic).await, Err(MailboxError::Closed)));
        assert!(!address.connected());
        assert!(matches!(address.send(Order::Count).await, Err(MailboxError::Closed)));
        // No error, no trace.
        address.do_send(Order::Count);
        assert_eq!(started.load(COUNT), 1);
    });
}

#[test]
fn the_mailbox_capacity_bounds_nobody_who_clones_the_address() {
    run(async {
        let worker = Worker { capacity: Some(4), ..Worker::default() };
        let handled = worker.handled.clone();
        let address = worker.start();
        address.send(Order::Count).await.unwrap();
        let accepted = (0..1_000).filter(|_| address.clone().try_send(Order::Count).is_ok());
        assert_eq!(accepted.count(), 1_000);
        (0..1_000).for_each(|_| address.do_send(Order::Count));
        address.send(Order::Count).await.unwrap();
        assert_eq!(handled.load(COUNT), 2_002);
    });
}

#[test]
fn a_mailbox_is_emptied_before_the_timers_of_its_actor_run() {
    struct Busy {
        since: Instant,
        timer_after: Arc<AtomicUsize>,
    }
    impl Actor for Busy {
        type Context = Context<Busy>;

        fn started(&mut self, ctx: &mut Context<Busy>) {
            ctx.run_later(Duration::from_millis(1), |busy, _| {
                busy.timer_after.store(busy.since.elapsed().as_millis() as usize, COUNT);
            });
        }
    }
    impl Handler<Order> for Busy {
        type Result = ();

        fn handle(&mut self, _: Order, _: &mut Context<Busy>) {
            thread::sleep(Duration::from_millis(2));
        }
    }
    run(async {
        let timer_after = Arc::new(AtomicUsize::new(0));
        let address = Busy { since: Instant::now(), timer_after: timer_after.clone() }.start();
        (0..100).for_each(|_| address.do_send(Order::Count));
        address.send(Order::Count).await.unwrap();
        time::sleep(Duration::from_millis(20)).await;
        assert!(timer_after.load(COUNT) >= 200, "{} ms", timer_after.load(COUNT));
    });
}

#[test]
fn ctx_wait_stops_the_mailbox_too() {
    run(async {
        let worker = Worker::default();
        let handled = worker.handled.clone();
        let address = worker.start();
        let begun = Instant::now();
        address.send(Order::Wait(Duration::from_millis(100))).await.unwrap();
        address.send(Order::Count).await.unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(100));
        assert_eq!(handled.load(COUNT), 2);
    });
}

#[test]
fn system_stop_drops_what_other_threads_have_in_flight() {
    struct Slow(Arc<AtomicUsize>);
    impl Actor for Slow {
        type Context = Context<Slow>;
    }
    impl Handler<Order> for Slow {
        type Result = ResponseFuture<()>;

        fn handle(&mut self, _: Order, _: &mut Context<Slow>) -> Self::Result {
            let done = self.0.clone();
            Box::pin(async move {
                time::sleep(Duration::from_millis(200)).await;
                done.fetch_add(1, COUNT);
            })
        }
    }
    let done = Arc::new(AtomicUsize::new(0));
    let runner = System::new();
    let arbiter = Arbiter::new();
    let slow = Slow(done.clone());
    let address = runner.block_on(async {
        let address = Slow::start_in_arbiter(&arbiter.handle(), |_| slow);
        (0..50).for_each(|_| address.do_send(Order::Count));
        address
    });
    System::current().stop();
    runner.run().unwrap();
    arbiter.stop();
    arbiter.join().unwrap();
    drop(address);
    assert_eq!(done.load(COUNT), 0);
}

#[test]
fn an_actor_without_addresses_lives_as_long_as_what_it_has_spawned() {
    struct Kept(Arc<AtomicUsize>);
    impl Actor for Kept {
        type Context = Context<Kept>;

        fn started(&mut self, ctx: &mut Context<Kept>) {
            let work = time::sleep(Duration::from_millis(30)).into_actor(self);
            ctx.spawn(work.map(|(), kept, ctx| {
                kept.0.fetch_add(1, COUNT);
                ctx.stop();
            }));
        }
    }
    run(async {
        let finished = Arc::new(AtomicUsize::new(0));
        drop(Kept(finished.clone()).start());
        time::sleep(Duration::from_millis(200)).await;
        assert_eq!(finished.load(COUNT), 1);
    });
}

/// Writes through actix's own writer.
struct Writer {
    socket: Option<TcpStream>,
    lines: usize,
}

impl Actor for Writer {
    type Context = Context<Writer>;

    fn started(&mut self, ctx: &mut Context<Writer>) {
        let socket = self.socket.take().unwrap();
        let mut framed = FramedWrite::new(socket, LinesCodec::new(), ctx);
        let line = "x".repeat(64 << 10);
        (0..self.lines).for_each(|_| framed.write(line.clone()));
        ctx.stop();
    }
}

impl WriteHandler<tokio_util::codec::LinesCodecError> for Writer {}

#[test]
fn framed_write_takes_whatever_it_is_given_and_loses_it_when_the_actor_stops() {
    let received = run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(client, listener.accept());
        let begun = Instant::now();
        // 64 MiB to a client that does not read: no error, no wait.
        Writer { socket: Some(client.unwrap()), lines: 1_000 }.start();
        time::sleep(Duration::from_millis(100)).await;
        assert!(begun.elapsed() < Duration::from_secs(10));
        let mut bytes = Vec::new();
        let mut socket: TcpStream = accepted.unwrap().0;
        let read: io::Result<usize> = socket.read_to_end(&mut bytes).await;
        read.map_or(bytes.len(), |bytes| bytes)
    });
    assert!(received < 1_000 * (64 << 10), "{received} bytes came through");
}
