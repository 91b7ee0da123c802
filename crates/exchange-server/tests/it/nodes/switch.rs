//! A switch on the way: hands each connection to the next of its backends that answers, and can be cut or stalled.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
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
}

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
                if *state.borrow() == Line::Cut {
                    continue;
                }
                let known: Vec<SocketAddr> = known.lock().unwrap().iter().flatten().copied().collect();
                let first = turn.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(connect(client, known, first, state.clone()));
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
                _ = until_cut.wait_for(|line| *line == Line::Cut) => {}
            }
            return;
        }
    }
}

async fn hand_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<Line>) {
    let mut piece = vec![0; 64 * 1_024];
    loop {
        match from.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(read) => {
                if state.wait_for(|line| *line != Line::Stalls).await.is_err()
                    || to.write_all(&piece[..read]).await.is_err()
                {
                    return;
                }
            }
        }
    }
}
