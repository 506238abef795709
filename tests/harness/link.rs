//! A link between two nodes that can be slow or be cut: a TCP proxy. Knows nothing of what passes.
//!
//! Each direction of a connection has a thread that reads and one that writes, with a queue of
//! chunks between them. A chunk is written when its time has come, and meanwhile others are read:
//! a slow link is late and not narrow.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const CHUNK_BYTES: usize = 16 << 10;

/// How many chunks are under way in one direction: as many as a fast sender can have out during a
/// long delay. Whoever sends more waits, as at a full socket.
const MAX_CHUNKS: usize = 4_096;

/// Passes connections on to one target. Made by a test, which points one node at the link instead
/// of the other; when dropped, nobody listens there any more and its connections are closed.
pub(crate) struct Link {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Waits for connections, and at its end for the threads of all of them.
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    target: SocketAddr,
    control: Mutex<Control>,
    bytes: AtomicUsize,
}

#[derive(Default)]
struct Control {
    delay: Duration,
    cut_after: Option<usize>,
    cut_each: Option<usize>,
    is_refusing: bool,
    has_ended: bool,
    connections: usize,
    live: Vec<Weak<Connection>>,
}

struct Connection {
    /// The sockets towards who connected and towards the target.
    ends: [TcpStream; 2],
    flow: Mutex<Flow>,
    /// Wakes those who wait for a chunk's time.
    cut: Condvar,
}

/// How much of a connection is left before it is cut.
struct Flow {
    is_cut: bool,
    unsent_bytes: usize,
    /// Also counts what one direction is writing at this moment: the other one must not cut it off.
    unwritten_bytes: usize,
}

/// Bytes on their way; none at the end of the stream.
struct Chunk {
    due: Instant,
    bytes: Vec<u8>,
}

impl Link {
    pub(crate) fn to(target: SocketAddr) -> Link {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared =
            Arc::new(Shared { target, control: Mutex::default(), bytes: AtomicUsize::new(0) });
        let of_acceptor = Arc::clone(&shared);
        let acceptor = thread::spawn(move || of_acceptor.accept(&listener));
        Link { address, shared, acceptor: Some(acceptor) }
    }

    /// Where to connect instead of at the target.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How much later everything arrives that is sent from now on, in each direction. A connection
    /// is still made at once.
    pub(crate) fn delay(&self, delay: Duration) {
        self.shared.control().delay = delay;
    }

    /// Closes all connections at once, at both ends. What is on its way is lost.
    pub(crate) fn cut(&self) {
        for connection in self.shared.control().live.drain(..) {
            if let Some(connection) = connection.upgrade() {
                connection.cut();
            }
        }
    }

    /// Cuts the next connection when so many bytes have passed, both directions together. Exactly
    /// these arrive, then the stream ends at both ends; what they still send is lost without a word.
    pub(crate) fn cut_after(&self, bytes: usize) {
        self.shared.control().cut_after = Some(bytes);
    }

    /// Cuts each connection from now on when so many bytes have passed; none if there is no number.
    pub(crate) fn cut_each_after(&self, bytes: Option<usize>) {
        self.shared.control().cut_each = bytes;
    }

    /// Whether connections are closed as soon as they are made, without a word to the target. To
    /// end those that are open too, refuse first and then cut.
    pub(crate) fn refuse(&self, is_refusing: bool) {
        self.shared.control().is_refusing = is_refusing;
    }

    /// Connections passed on so far. Whoever has accepted one finds it counted.
    pub(crate) fn connections(&self) -> usize {
        self.shared.control().connections
    }

    /// Bytes passed on so far, in both directions of all connections. Whoever has received a byte
    /// finds it counted.
    pub(crate) fn bytes(&self) -> usize {
        self.shared.bytes.load(Ordering::SeqCst)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        {
            let mut control = self.shared.control();
            control.has_ended = true;
            control.is_refusing = true;
        }
        self.cut();
        // Wakes the acceptor.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap()
    }

    fn accept(&self, listener: &TcpListener) {
        thread::scope(|scope| {
            for client in listener.incoming() {
                if self.control().has_ended {
                    return;
                }
                if let Some(connection) = client.ok().and_then(|client| self.admit(client)) {
                    scope.spawn(move || connection.run(self));
                }
            }
        });
    }

    /// Under one lock, so that a connection is either refused or there to be cut and counted.
    fn admit(&self, client: TcpStream) -> Option<Arc<Connection>> {
        let mut control = self.control();
        if control.is_refusing {
            return None;
        }
        let ends = [client, TcpStream::connect(self.target).ok()?];
        for end in &ends {
            end.set_nodelay(true).ok()?;
        }
        let bytes = control.cut_after.take().or(control.cut_each).unwrap_or(usize::MAX);
        let flow = Flow { is_cut: false, unsent_bytes: bytes, unwritten_bytes: bytes };
        let connection = Connection { ends, flow: Mutex::new(flow), cut: Condvar::new() };
        let connection = Arc::new(connection);
        control.live.push(Arc::downgrade(&connection));
        control.connections += 1;
        Some(connection)
    }
}

impl Connection {
    /// Ends when both directions have ended, or when it is cut by hand. One that is cut by its bytes
    /// lasts until both ends have closed it; what it reads meanwhile has no leave to pass.
    fn run(&self, shared: &Shared) {
        self.has_written(0);
        let [client, target] = &self.ends;
        thread::scope(|scope| {
            for (from, to) in [(client, target), (target, client)] {
                let (queue, chunks) = sync_channel(MAX_CHUNKS);
                scope.spawn(move || read(from, &queue, shared));
                scope.spawn(move || self.write(to, &chunks, shared));
            }
        });
    }

    fn write(&self, mut to: &TcpStream, chunks: &Receiver<Chunk>, shared: &Shared) {
        for chunk in chunks {
            if self.is_cut_before(chunk.due) {
                return;
            }
            if chunk.bytes.is_empty() {
                let _ = to.shutdown(Shutdown::Write);
                return;
            }
            let count = self.take_leave(chunk.bytes.len());
            shared.bytes.fetch_add(count, Ordering::SeqCst);
            if to.write_all(&chunk.bytes[..count]).is_err() {
                self.cut();
                return;
            }
            self.has_written(count);
        }
    }

    fn is_cut_before(&self, due: Instant) -> bool {
        let wait = due.saturating_duration_since(Instant::now());
        let flow = self.flow.lock().unwrap();
        let (flow, _) = self.cut.wait_timeout_while(flow, wait, |flow| !flow.is_cut).unwrap();
        flow.is_cut
    }

    /// How many of these bytes may pass.
    fn take_leave(&self, bytes: usize) -> usize {
        let mut flow = self.flow.lock().unwrap();
        let count = bytes.min(flow.unsent_bytes);
        flow.unsent_bytes -= count;
        count
    }

    fn has_written(&self, bytes: usize) {
        let mut flow = self.flow.lock().unwrap();
        flow.unwritten_bytes -= bytes;
        if flow.unwritten_bytes > 0 {
            return;
        }
        for end in &self.ends {
            // Not closed for reading: a socket that is closed over unread bytes resets the
            // connection, and drops what it was given to send and the other side has no room for.
            let _ = end.shutdown(Shutdown::Write);
        }
    }

    fn cut(&self) {
        self.flow.lock().unwrap().is_cut = true;
        self.cut.notify_all();
        for end in &self.ends {
            // An end that has gone by itself needs no closing.
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

/// Ends with the stream, or when nobody writes any more. A broken stream is one that ends.
fn read(mut from: &TcpStream, queue: &SyncSender<Chunk>, shared: &Shared) {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let count = from.read(&mut buffer).unwrap_or(0);
        let due = Instant::now() + shared.control().delay;
        let chunk = Chunk { due, bytes: buffer[..count].to_vec() };
        if queue.send(chunk).is_err() || count == 0 {
            return;
        }
    }
}
