//! Starting and ending an exchange server.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use exchange_store::{Store, StoreError};
use metrics::Gauge;
use thiserror::Error;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    Settings,
    admin::connection_file,
    app::{App, Inner, exchange_name},
    audit,
    keys::{Keys, KeysError},
    listener::{self, Sources},
    mail::{self, Mails},
    operations::{self, Health, Meters},
    pace::{Pace, Places, SENDS_AT_ONCE_MAX, SENDS_WAIT, SENDS_WAITING_MAX},
    passwords::{PasswordError, Passwords},
    portal::session::IDLE_MINUTES,
    router::{Listener, router},
    settings::url_of,
    tls::{TlsError, configure},
    updates,
};

/// Days after which an upload that nobody touched is dropped.
const STALE_UPLOAD_DAYS: i64 = 7;
/// How often contents are looked for that no row of a shared exchange knows.
const ORPHANS_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// Why a server did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Its keys.
    #[error("the exchange's keys cannot be used")]
    Keys(#[from] KeysError),
    /// Its storage.
    #[error("the exchange's storage cannot be used")]
    Store(#[from] StoreError),
    /// TLS.
    #[error("the exchange's TLS cannot be set up")]
    Tls(#[from] TlsError),
    /// Password hashing.
    #[error("passwords cannot be hashed as set")]
    Passwords(#[from] PasswordError),
    /// What is counted.
    #[error("counters cannot be set up")]
    Meters(#[source] metrics_exporter_prometheus::BuildError),
    /// An address is taken, or not this machine's.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// An exchange server.
#[derive(Debug)]
pub struct Server;

/// A server that runs. Dropping it does not end it; [`Running::shutdown`] does.
pub struct Running {
    /// Where terminals connect.
    pub exchange_url: String,
    /// Where terminals without a certificate connect.
    pub enrolment_url: String,
    /// Where whoever runs the server asks how it is, if anywhere.
    pub operations_url: Option<String>,
    connection_file: String,
    app: App,
    end: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    /// Ends last, so that one can ask meanwhile.
    operations: Option<(watch::Sender<bool>, JoinHandle<()>)>,
}

impl Server {
    /// Starts a server and returns once it takes connections.
    pub async fn start(settings: Settings) -> Result<Running, StartError> {
        let exchange = bind(settings.listen).await?;
        let enrolment = bind(settings.enrolment_listen).await?;
        Self::start_on(settings, exchange, enrolment, false).await
    }

    /// The same on sockets that listen already; a sandbox begins anew on the same ones.
    pub(crate) async fn start_on(
        settings: Settings,
        exchange: TcpListener,
        enrolment: TcpListener,
        sandbox: bool,
    ) -> Result<Running, StartError> {
        let keys = Keys::open(
            &settings.keys,
            &settings.data,
            &settings.engine,
            crate::app::DEFAULT_EXCHANGE_NAME,
        )
        .await?;
        let store = Store::open(settings.engine.clone(), keys.masters).await?;
        let tls = configure(&keys.authority, &settings.server_names, settings.clock.now())?;
        let operations = match settings.operations_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let meters = Meters::new(operations.is_some()).map_err(StartError::Meters)?;
        store.measure(meters.of_store());
        if !store.is_shared() {
            // Before anybody is served: what died between folder and row is cleared away.
            store.delete_erased(settings.clock.now()).await?;
            store.delete_orphans(settings.clock.now()).await?;
            store.find_missing_contents().await?;
        }
        let exchange_url = url_of(local(&exchange, settings.listen)?, &settings.server_names);
        let enrolment_url = url_of(local(&enrolment, settings.enrolment_listen)?, &settings.server_names);
        let connection_file = connection_file(&store, &keys.authority, &exchange_url, &enrolment_url).await?;
        let (end, ending) = watch::channel(false);
        let app = App::new(Inner {
            epoch: store.epoch().await?,
            store,
            data: settings.data,
            clock: settings.clock.clone(),
            authority: Arc::new(keys.authority),
            exchange_url: exchange_url.clone(),
            enrolment_url: enrolment_url.clone(),
            audit: keys.audit,
            certificate: tls.certificate,
            passwords: Passwords::new(settings.password_cost)?,
            health: Health::new(settings.clock.now(), settings.disk_free_floor_bytes),
            meters,
            pace: Pace::new(&settings.pace),
            mails: settings.mail.map(|mail| Mails::new(mail, &settings.server_names)),
            listening: mail::Listening::default(),
            sends: Places::new(SENDS_AT_ONCE_MAX, SENDS_WAITING_MAX, SENDS_WAIT),
            ending: ending.clone(),
            sandbox: sandbox.then(|| end.clone()),
        });
        tracing::info!(exchange = %exchange_name(&app.store).await?, "the exchange starts");
        // Terminals are known by their certificates, and many may stand behind one address.
        let a_source_max = settings.pace.connections_a_source;
        let serve = |socket, tls, which, open: &Gauge| {
            let router = router(app.clone(), which);
            let a_source_max = a_source_max.filter(|_| which == Listener::Enrolment);
            let sources = Sources::new(a_source_max);
            tokio::spawn(listener::serve(
                socket,
                tls,
                router,
                open.clone(),
                sources,
                settings.pace.answer_window,
                ending.clone(),
            ))
        };
        let (terminals, others) = (&app.meters.exchange_connections, &app.meters.enrolment_connections);
        let mut tasks = vec![
            serve(exchange, tls.exchange, Listener::Exchange, terminals),
            serve(enrolment, tls.enrolment, Listener::Enrolment, others),
        ];
        tasks.push(tokio::spawn(sweep_again(
            app.clone(),
            settings.sweep_every,
            ending.clone(),
        )));
        tasks.push(tokio::spawn(audit::seal_again(
            app.clone(),
            settings.seal_every,
            ending.clone(),
        )));
        tasks.push(tokio::spawn(mail::send_again(app.clone(), ending.clone())));
        let mut operations_url = None;
        let operations = match operations {
            Some(socket) => {
                let address = local(&socket, settings.listen)?;
                operations_url = Some(format!("http://{address}"));
                let (ended, ending) = watch::channel(false);
                Some((ended, tokio::spawn(operations::serve(socket, app.clone(), ending))))
            }
            None => None,
        };
        Ok(Running {
            exchange_url,
            enrolment_url,
            operations_url,
            connection_file,
            app,
            end,
            tasks,
            operations,
        })
    }
}

impl Running {
    /// The connection file (接続ファイル) of this server.
    pub fn connection_file(&self) -> String {
        self.connection_file.clone()
    }

    /// Looks now for what ends by time; the server does so by itself from time to time.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        sweep(&self.app).await
    }

    /// Sends the mails that are due now; the server does so by itself every few seconds.
    pub async fn send_mails(&self) -> Result<(), StoreError> {
        mail::send_due(&self.app, &mut self.app.ending.clone()).await
    }

    /// How many mails are to be sent.
    pub async fn mails_queued(&self) -> Result<u64, StoreError> {
        Ok(self.app.store.figures().await?.mails)
    }

    /// Chains and signs the audit now; the server does so by itself every few seconds.
    pub async fn seal_audit(&self) -> Result<(), StoreError> {
        let sealed = self.app.store.seal_audit(&self.app.audit, self.app.clock.now());
        sealed.await.map(drop)
    }

    /// How many passwords were hashed or tried since the start: each costs the same, whoever's it is.
    pub fn password_work(&self) -> u64 {
        self.app.passwords.work()
    }

    /// Waits until the server is told to end.
    pub(crate) async fn told_to_end(&self) {
        listener::is_ending(&mut self.app.ending.clone()).await;
    }

    /// Says from now on that the server is about to end, to whoever asks whether it is ready.
    pub fn drain(&self) {
        self.app.health.drain();
    }

    /// Ends in order: takes no more, lets requests under way end, closes the storage.
    pub async fn shutdown(self) {
        self.drain();
        self.end.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the server died");
            }
        }
        if let Some((ended, task)) = self.operations {
            ended.send_replace(true);
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the server died");
            }
        }
        let store = self.app.store.clone();
        drop(self.app);
        store.close().await;
    }
}

pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen { address, source })
}

fn local(listener: &TcpListener, address: SocketAddr) -> Result<SocketAddr, StartError> {
    listener
        .local_addr()
        .map_err(|source| StartError::Listen { address, source })
}

async fn sweep_again(app: App, every: std::time::Duration, mut ending: watch::Receiver<bool>) {
    let mut turns = tokio::time::interval(every);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    if app.store.is_shared()
        && let Err(error) = app.store.find_missing_contents().await
    {
        tracing::warn!(%error, "missing contents could not be looked for; they are once a day");
    }
    loop {
        let swept = tokio::select! {
            () = listener::is_ending(&mut ending) => return,
            _ = turns.tick() => sweep_in_turn(&app, every).await,
            () = app.store.erasure_due() => app.store.delete_erased(app.clock.now()).await.map(drop),
        };
        if let Err(error) = swept {
            tracing::error!(%error, "the sweep failed and is tried again");
        }
    }
}

/// Of several nodes one sweeps each time; what the server has for itself every one looks after.
async fn sweep_in_turn(app: &App, every: Duration) -> Result<(), StoreError> {
    let now = app.clock.now();
    if app.store.takes_turn("swept_at", every, now).await? {
        sweep(app).await?;
    } else {
        renew_certificate(app, now);
        mail::note_listening(app, now).await?;
        app.health.swept(now);
    }
    if app.store.is_shared()
        && let Err(error) = updates::take_over(&app.store, &app.data).await
    {
        tracing::warn!(%error, "versions of the client that other nodes hand on cannot be taken over yet");
    }
    if app.store.is_shared() && app.store.takes_turn("orphans_deleted_at", ORPHANS_EVERY, now).await? {
        app.store.delete_orphans(now).await?;
        app.store.find_missing_contents().await?;
    }
    Ok(())
}

fn renew_certificate(app: &App, now: DateTime<Utc>) {
    match app.certificate.renew_if_due(&app.authority, now) {
        Ok(true) => tracing::info!("the server's certificate was renewed"),
        Ok(false) => {}
        // The present one holds for weeks yet; it is tried again with the next sweep.
        Err(error) => tracing::error!(%error, "the server's certificate cannot be renewed"),
    }
}

async fn sweep(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    renew_certificate(app, now);
    mail::note_listening(app, now).await?;
    mail::make_notices(app, now).await?;
    while app.store.attend_unfetched(now).await? > 0 {}
    app.store
        .drop_stale_uploads(now - TimeDelta::days(STALE_UPLOAD_DAYS))
        .await?;
    app.store.drop_ended_sessions(now).await?;
    app.store.drop_forgotten_tries(now).await?;
    let idle_since = now - TimeDelta::minutes(IDLE_MINUTES);
    app.store.drop_ended_portal_sessions(idle_since, now).await?;
    app.store.delete_erased(now).await?;
    app.health.swept(now);
    Ok(())
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("exchange_url", &self.exchange_url)
            .field("enrolment_url", &self.enrolment_url)
            .finish_non_exhaustive()
    }
}
