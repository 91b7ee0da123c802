//! `desk-bridge --profile DIR --ui DIR [--port N]`: prints one JSON line with the address and the token, and serves
//! until it is told to end (SIGTERM, Ctrl-C).

use std::{
    io::{self, Write as _},
    net::Ipv4Addr,
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context as _, anyhow};
use clap::Parser;
use desk::{
    Desk, DeskSettings,
    ports::{KeySource, SessionKeeping, SystemClock},
};
use desk_bridge::{Bridge, Pages, ScriptedSurface, Token, claim_profile};
use tokio::net::TcpListener;

/// A desk without a window, for tests and pictures. Never shipped.
#[derive(Parser)]
#[command(name = "desk-bridge", version)]
struct Arguments {
    /// The throw-away profile; made if it is not there.
    #[arg(long)]
    profile: PathBuf,
    /// The throw-away folder of further profiles; without it there is the one.
    #[arg(long)]
    profiles: Option<PathBuf>,
    /// The folder of the built page.
    #[arg(long)]
    ui: PathBuf,
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // Standard output carries the one line that tests read, so the log goes to standard error.
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    // Before any connection: rustls takes the provider that was installed first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();

    let arguments = Arguments::parse();
    claim_profile(&arguments.profile)?;
    if let Some(profiles) = &arguments.profiles {
        claim_profile(profiles)?;
    }
    let pages = Pages::read(&arguments.ui)?;
    let surface = Arc::new(ScriptedSurface::default());
    let settings = DeskSettings {
        profile_dir: arguments.profile,
        profiles_dir: arguments.profiles,
        key: KeySource::File,
        session: SessionKeeping::WhileOpen,
        surface: surface.clone(),
        clock: Arc::new(SystemClock),
    };
    let desk = Desk::open(settings)
        .await
        .map_err(|error| anyhow!("the profile cannot be opened: {error}"))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port))
        .await
        .context("cannot listen on 127.0.0.1")?;
    let bridge = Arc::new(Bridge {
        desk: Arc::clone(&desk),
        surface,
        pages,
        token: Token::generate()?,
        address: listener.local_addr()?,
    });
    announce(&bridge)?;

    let ending = async {
        ended().await;
        // Open event streams would keep a graceful end waiting for their listeners.
        desk.shutdown().await;
    };
    tokio::select! {
        served = axum::serve(listener, bridge.router()).into_future() => served?,
        () = ending => {}
    }
    Ok(())
}

/// Hands address and token to whoever started the bridge.
fn announce(bridge: &Bridge) -> io::Result<()> {
    let line = serde_json::json!({ "url": bridge.url(), "token": bridge.token.reveal() });
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}

/// Waits for SIGTERM or Ctrl-C.
async fn ended() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
