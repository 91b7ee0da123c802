//! A line that can be made bad: a TCP relay between a client and a server.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
    task::JoinHandle,
};

/// Bytes moved at a time: small, so that a cut falls close to where it was asked for.
const PIECE_BYTES: usize = 4 * 1_024;
/// No fault is armed.
const NEVER: i64 = i64::MAX;

/// A relay on a port of its own. Faults are armed on it and happen once; what is not armed passes.
pub struct Line {
    address: SocketAddr,
    faults: Arc<Faults>,
    accepting: JoinHandle<()>,
}

struct Faults {
    target: watch::Sender<SocketAddr>,
    /// Raised to break every connection there is.
    generation: watch::Sender<u64>,
    away: AtomicBool,
    /// Bytes that may still go to the server before every connection is broken.
    up_left: AtomicI64,
    /// The same for bytes to the client.
    down_left: AtomicI64,
    /// A connection that carried as many bytes to the server since this was armed loses the answer to them.
    answer_lost_after: AtomicI64,
    /// Which answers are lost besides, as long as this is there.
    answers_lost: Mutex<Option<Lots>>,
    delay_ms: AtomicU64,
    /// Faults that happened.
    happened: watch::Sender<u32>,
}

/// Draws lots for the answers to what had at least so many bytes.
struct Lots {
    sent_bytes: i64,
    draw: Box<dyn FnMut() -> bool + Send>,
}

impl Line {
    /// A line to this server.
    pub async fn to(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let faults = Arc::new(Faults {
            target: watch::Sender::new(target),
            generation: watch::Sender::new(0),
            away: AtomicBool::new(false),
            up_left: AtomicI64::new(NEVER),
            down_left: AtomicI64::new(NEVER),
            answer_lost_after: AtomicI64::new(NEVER),
            answers_lost: Mutex::new(None),
            delay_ms: AtomicU64::new(0),
            happened: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&faults)));
        Ok(Self {
            address,
            faults,
            accepting,
        })
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server moved, as after a restart on another port. Connections there are stay as they are.
    pub fn lead_to(&self, target: SocketAddr) {
        self.faults.target.send_replace(target);
    }

    /// Takes the network away, or brings it back: connections break, and new ones are closed before a byte.
    pub fn set_away(&self, away: bool) {
        self.faults.away.store(away, Ordering::SeqCst);
        if away {
            self.faults.break_all();
        }
    }

    /// Breaks every connection, once, after this many more bytes have gone to the server.
    pub fn cut_after_sent(&self, bytes: u64) {
        self.faults.up_left.store(count(bytes), Ordering::SeqCst);
    }

    /// Breaks every connection, once, after this many more bytes have come from the server.
    pub fn cut_after_received(&self, bytes: u64) {
        self.faults.down_left.store(count(bytes), Ordering::SeqCst);
    }

    /// Loses one answer: of the next connection that carries at least `sent_bytes` to the server from its beginning
    /// or since it last got an answer. The server has done what was asked; the client never hears of it.
    pub fn lose_answer_to(&self, sent_bytes: u64) {
        self.faults.answer_lost_after.store(count(sent_bytes), Ordering::SeqCst);
    }

    /// From now on loses each answer for which the lot that is drawn says so, of connections that carried at least
    /// `sent_bytes` to the server since they last got one.
    pub fn lose_answers(&self, sent_bytes: u64, draw: impl FnMut() -> bool + Send + 'static) {
        *self.faults.lots() = Some(Lots {
            sent_bytes: count(sent_bytes),
            draw: Box::new(draw),
        });
    }

    /// Loses no answers any more; gives how many faults have happened.
    pub fn keep_answers(&self) -> u32 {
        *self.faults.lots() = None;
        *self.faults.happened.borrow()
    }

    /// Holds everything back for so long, both ways.
    pub fn delay(&self, delay: Duration) {
        let delay = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.faults.delay_ms.store(delay, Ordering::SeqCst);
    }

    /// Waits until this many faults have happened since the line was made.
    pub async fn faults_happened(&self, count: u32) {
        let mut happened = self.faults.happened.subscribe();
        // The sender lives as long as this line.
        let _ = happened.wait_for(|happened| *happened >= count).await;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.accepting.abort();
        self.faults.break_all();
    }
}

impl Faults {
    fn break_all(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }

    fn happens(&self) {
        self.happened.send_modify(|happened| *happened += 1);
    }

    fn lots(&self) -> std::sync::MutexGuard<'_, Option<Lots>> {
        self.answers_lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the answer to so many bytes is lost.
    fn loses_answer_to(&self, sent: i64) -> bool {
        let armed = self.answer_lost_after.load(Ordering::SeqCst);
        let once = sent >= armed
            && self
                .answer_lost_after
                .compare_exchange(armed, NEVER, Ordering::SeqCst, Ordering::SeqCst)
                .is_ok();
        once || self
            .lots()
            .as_mut()
            .is_some_and(|lots| sent >= lots.sent_bytes && (lots.draw)())
    }

    /// Counts bytes off; how many of them may still pass, and whether the fault happens now.
    fn take(left: &AtomicI64, bytes: usize) -> (usize, bool) {
        let taken = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
            NEVER => None,
            left if left <= count(bytes as u64) => Some(NEVER),
            left => Some(left - count(bytes as u64)),
        });
        match taken {
            Ok(before) if before <= count(bytes as u64) => (usize::try_from(before).unwrap_or(0), true),
            _ => (bytes, false),
        }
    }

    async fn hold_back(&self) {
        let delay = self.delay_ms.load(Ordering::SeqCst);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
    }
}

fn count(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(NEVER - 1)
}

async fn accept(listener: TcpListener, faults: Arc<Faults>) {
    while let Ok((client, _)) = listener.accept().await {
        if faults.away.load(Ordering::SeqCst) {
            continue;
        }
        let target = *faults.target.borrow();
        let faults = Arc::clone(&faults);
        tokio::spawn(async move {
            let mut generation = faults.generation.subscribe();
            let Ok(server) = TcpStream::connect(target).await else {
                return;
            };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let unanswered = AtomicI64::new(0);
            // Whichever ends first takes both halves of both connections with it.
            tokio::select! {
                () = carry_up(&faults, &unanswered, from_client, to_server) => {}
                () = carry_down(&faults, &unanswered, from_server, to_client) => {}
                _ = generation.changed() => {}
            }
        });
    }
}

async fn carry_up(faults: &Faults, unanswered: &AtomicI64, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let mut piece = [0; PIECE_BYTES];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        faults.hold_back().await;
        let (passes, cut) = Faults::take(&faults.up_left, read);
        unanswered.fetch_add(count(passes as u64), Ordering::SeqCst);
        if to.write_all(&piece[..passes]).await.is_err() {
            return;
        }
        if cut {
            faults.happens();
            faults.break_all();
            return;
        }
    }
}

async fn carry_down(faults: &Faults, unanswered: &AtomicI64, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let mut piece = [0; PIECE_BYTES];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        if faults.loses_answer_to(unanswered.swap(0, Ordering::SeqCst)) {
            faults.happens();
            return;
        }
        faults.hold_back().await;
        let (passes, cut) = Faults::take(&faults.down_left, read);
        if to.write_all(&piece[..passes]).await.is_err() {
            return;
        }
        if cut {
            faults.happens();
            faults.break_all();
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that answers every 10 bytes with the same 10 bytes, and a line to it.
    async fn echo() -> (Line, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Line::to(listener.local_addr().unwrap()).await.unwrap();
        let server = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut bytes = [0; 10];
                    while stream.read_exact(&mut bytes).await.is_ok() && stream.write_all(&bytes).await.is_ok() {}
                });
            }
        });
        (line, server)
    }

    /// Sends 10 bytes and says how many came back before the end.
    async fn ask(stream: &mut TcpStream) -> usize {
        if stream.write_all(b"0123456789").await.is_err() {
            return 0;
        }
        let mut got = 0;
        let mut bytes = [0; 10];
        while got < 10 {
            match stream.read(&mut bytes[got..]).await {
                Ok(read @ 1..) => got += read,
                _ => break,
            }
        }
        got
    }

    #[tokio::test]
    async fn passes_cuts_loses_and_comes_back() {
        let (line, _server) = echo().await;
        let mut stream = TcpStream::connect(line.address()).await.unwrap();
        assert_eq!(ask(&mut stream).await, 10);

        line.cut_after_received(14);
        assert_eq!(ask(&mut stream).await, 10);
        assert_eq!(ask(&mut stream).await, 4);
        line.faults_happened(1).await;

        let mut stream = TcpStream::connect(line.address()).await.unwrap();
        line.lose_answer_to(10);
        assert_eq!(ask(&mut stream).await, 0);

        let mut stream = TcpStream::connect(line.address()).await.unwrap();
        assert_eq!(ask(&mut stream).await, 10, "a fault happens once");
        line.cut_after_sent(5);
        assert_eq!(ask(&mut stream).await, 0);
        line.faults_happened(3).await;

        line.lose_answers(10, || true);
        let mut stream = TcpStream::connect(line.address()).await.unwrap();
        assert_eq!(ask(&mut stream).await, 0);
        assert_eq!(line.keep_answers(), 4);
        let mut stream = TcpStream::connect(line.address()).await.unwrap();
        assert_eq!(ask(&mut stream).await, 10);

        line.set_away(true);
        let mut stream = TcpStream::connect(line.address()).await.unwrap();
        assert_eq!(ask(&mut stream).await, 0);
        line.set_away(false);
        let mut stream = TcpStream::connect(line.address()).await.unwrap();
        assert_eq!(ask(&mut stream).await, 10);
    }
}
