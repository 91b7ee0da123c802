//! A switch on the way: hands each connection to the next of its backends that answers, and can be cut or stalled.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy, copy_bidirectional, sink},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    time::sleep,
};

/// What the switch does with what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Hands it on.
    Passes,
    /// Ends every connection, also new ones.
    Cut,
    /// Takes it and hands nothing on.
    Stalls,
    /// Hands each piece on after a while.
    Crawls,
    /// Hands on what reads, and refuses what writes with this status: an object store without rights, or without room.
    Refuses(u16),
}

/// How long a piece takes where it crawls.
const CRAWL: Duration = Duration::from_millis(40);

pub(crate) struct Switch {
    pub(crate) address: SocketAddr,
    backends: Arc<Mutex<Vec<Option<SocketAddr>>>>,
    line: watch::Sender<Line>,
}

impl Switch {
    pub(crate) async fn before(backends: &[SocketAddr]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let backends = Arc::new(Mutex::new(backends.iter().copied().map(Some).collect::<Vec<_>>()));
        let (line, state) = watch::channel(Line::Passes);
        let (known, turn) = (Arc::clone(&backends), AtomicUsize::new(0));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let line = *state.borrow();
                if line == Line::Cut {
                    continue;
                }
                let known: Vec<SocketAddr> = known.lock().unwrap().iter().flatten().copied().collect();
                let first = turn.fetch_add(1, Ordering::Relaxed);
                if let Line::Refuses(status) = line {
                    tokio::spawn(only_read(client, known[0], status));
                } else {
                    tokio::spawn(connect(client, known, first, state.clone()));
                }
            }
        });
        Self {
            address,
            backends,
            line,
        }
    }

    /// Takes one of the backends away, or puts another in its place.
    pub(crate) fn replace(&self, place: usize, backend: Option<SocketAddr>) {
        self.backends.lock().unwrap()[place] = backend;
    }

    pub(crate) fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

async fn connect(client: TcpStream, backends: Vec<SocketAddr>, first: usize, state: watch::Receiver<Line>) {
    for place in 0..backends.len() {
        let backend = backends[(first + place) % backends.len()];
        if let Ok(server) = TcpStream::connect(backend).await {
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let mut until_cut = state.clone();
            tokio::select! {
                () = hand_on(from_client, to_server, state.clone()) => {}
                () = hand_on(from_server, to_client, state) => {}
                _ = until_cut.wait_for(|line| matches!(line, Line::Cut | Line::Refuses(_))) => {}
            }
            return;
        }
    }
}

/// One request to a store: handed on if it reads, refused if it writes.
async fn only_read(mut client: TcpStream, store: SocketAddr, status: u16) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    if !head.starts_with("PUT ") {
        // The store ends the line with its answer, so that the next request is looked at as well.
        let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
        let mut server = TcpStream::connect(store).await?;
        server.write_all(head.as_bytes()).await?;
        copy_bidirectional(&mut client, &mut server).await?;
        return Ok(());
    }
    let length = head.to_lowercase().lines().find_map(|line| {
        let length = line.strip_prefix("content-length:")?;
        length.trim().parse().ok()
    });
    // What is said before the body was taken might be lost with it.
    copy(&mut (&mut client).take(length.unwrap_or(0)), &mut sink()).await?;
    let answer = format!("HTTP/1.1 {status} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    client.write_all(answer.as_bytes()).await?;
    client.shutdown().await
}

async fn hand_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<Line>) {
    let mut piece = vec![0; 64 * 1_024];
    loop {
        match from.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(read) => {
                if *state.borrow() == Line::Crawls {
                    sleep(CRAWL).await;
                }
                if state.wait_for(|line| *line != Line::Stalls).await.is_err()
                    || to.write_all(&piece[..read]).await.is_err()
                {
                    return;
                }
            }
        }
    }
}
