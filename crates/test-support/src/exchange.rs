//! An exchange in this process with the two example offices, reached over a line that tests can break.

use std::{
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use anyhow::{Context, Result};
use care_model::{AccountId, Party, TerminalId};
use chrono::{TimeDelta, Utc};
use exchange_client::{Connection, ExchangeClient, SignedIn, Timeouts};
use exchange_protocol::UpdateOffer;
use exchange_server::{
    Clock, PasswordCost, Running, Server, Settings,
    admin::{Admin, AdminSettings, CERTIFICATE_DAYS, NewExchange, NewOffice, NewPerson},
    backups,
    updates::{self, NewUpdate, PublishError},
};
use tempfile::TempDir;

use crate::{Accounts, CARE_MANAGEMENT, ExampleOffice, HOME_HELP, Line, OpenDesk, enrol, sign_in};

/// What every new version of [`ExampleExchange::publish_update`] says of itself.
pub const UPDATE_NOTES: &str = "受信一覧が見やすくなりました。";

/// A running exchange in a folder of its own, which is deleted with this value.
pub struct ExampleExchange {
    settings: Settings,
    running: Option<Running>,
    /// The way of every terminal to the exchange listener.
    pub line: Line,
    /// 見本居宅介護支援事業所.
    pub manager: ExampleAccounts,
    /// 例示ヘルパーステーション.
    pub service: ExampleAccounts,
    offset_seconds: Arc<AtomicI64>,
    folder: TempDir,
}

/// An example office at an exchange.
pub struct ExampleAccounts {
    /// The office.
    pub office: &'static ExampleOffice,
    /// Its accounts.
    pub accounts: Accounts,
}

impl ExampleExchange {
    /// Makes the exchange, registers both offices, starts the server.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let offset_seconds = Arc::new(AtomicI64::new(0));
        let mut settings = Settings::new(folder.path().join("exchange"));
        settings.engine = test_engine::engine(&settings.data, &settings.keys).await;
        settings.password_cost = PasswordCost::least();
        settings.clock = {
            let offset = Arc::clone(&offset_seconds);
            Clock::new(move || Utc::now() + TimeDelta::seconds(offset.load(Ordering::SeqCst)))
        };
        let admin = Admin::init((&settings).into(), NewExchange::default()).await?;
        let manager = register(&admin, &CARE_MANAGEMENT).await?;
        let service = register(&admin, &HOME_HELP).await?;
        admin.close().await;
        let running = Server::start(settings.clone()).await?;
        let line = Line::to(address(&running.exchange_url)?).await?;
        let exchange = Self {
            settings,
            running: Some(running),
            line,
            manager,
            service,
            offset_seconds,
            folder,
        };
        exchange.write_connection_file().await?;
        Ok(exchange)
    }

    /// The connection file, which leads over the line.
    pub fn connection_file(&self) -> PathBuf {
        self.folder.path().join("connection.json")
    }

    /// The same, read.
    pub fn connection(&self) -> Result<Connection> {
        Ok(Connection::parse(&std::fs::read(self.connection_file())?)?)
    }

    /// A folder below the one that is deleted in the end; made if need be.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Moves the server's clock.
    pub fn move_clock(&self, by: TimeDelta) {
        self.offset_seconds.fetch_add(by.num_seconds(), Ordering::SeqCst);
    }

    /// Ends the server in order and starts it again on the same data, on other ports; the line follows.
    pub async fn restart(&mut self) -> Result<()> {
        self.stop().await;
        let running = Server::start(self.settings.clone()).await?;
        self.line.lead_to(address(&running.exchange_url)?);
        self.running = Some(running);
        self.write_connection_file().await
    }

    /// Starts the server again with so many requests a minute for each terminal; 0 is as many as it likes.
    pub async fn limit_requests(&mut self, a_minute: u32) -> Result<()> {
        self.settings.pace.requests_a_minute_terminal = NonZeroU32::new(a_minute);
        self.restart().await
    }

    /// Starts the server again so that it tells operations how it is, and gives where.
    pub async fn tell_operations(&mut self) -> Result<String> {
        self.settings.operations_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        // The room on the machine that the tests run on is no part of them.
        self.settings.disk_free_floor_bytes = 0;
        self.restart().await?;
        let running = self.running.as_ref().context("the server is stopped")?;
        running.operations_url.clone().context("no listener for operations")
    }

    /// Ends the server in order.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.shutdown().await;
        }
    }

    /// Makes a backup, as the operator's command does beside a server that serves.
    pub async fn back_up(&self, out: &Path) -> Result<()> {
        Ok(backups::back_up((&self.settings).into(), out).await.map(drop)?)
    }

    /// Loses the server with all its data, restores a backup in its place, and serves again.
    pub async fn lose_and_restore(&mut self, from: &Path) -> Result<()> {
        self.stop().await;
        std::fs::remove_dir_all(&self.settings.data)?;
        backups::restore(from, &AdminSettings::from(&self.settings), self.settings.clock.now()).await?;
        self.restart().await
    }

    /// The operator at the same data.
    pub async fn admin(&self) -> Result<Admin> {
        Ok(Admin::open((&self.settings).into()).await?)
    }

    /// Puts up a new version of the client, as the operator does; what the operator's command refuses for its
    /// signature is handed on all the same, as by an exchange that somebody took over.
    pub fn publish_update(&self, target: &str, version: &str, installer: &[u8], signature: &str) -> Result<()> {
        let folder = self.folder("update")?;
        let update = NewUpdate {
            target: target.parse()?,
            version: version.parse()?,
            file: folder.join("installer"),
            signature: folder.join("installer.minisig"),
            notes: UPDATE_NOTES.to_owned(),
        };
        std::fs::write(&update.file, installer)?;
        std::fs::write(&update.signature, signature)?;
        let now = self.settings.clock.now();
        match updates::publish(&self.settings.data, &update, now) {
            Err(PublishError::OtherVersion) => {}
            published => return Ok(published.map(drop)?),
        }
        let offer = UpdateOffer {
            version: update.version,
            notes: update.notes,
            published_at: now,
            size_bytes: installer.len() as u64,
            signature: signature.to_owned(),
        };
        let folder = self.settings.data.join("updates").join(target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(version), installer)?;
        std::fs::write(folder.join("offer.json"), serde_json::to_vec(&offer)?)?;
        Ok(())
    }

    /// Moves the end of an office's licence from now.
    pub async fn set_licence(&self, office: &ExampleOffice, from_now: TimeDelta) -> Result<()> {
        let admin = self.admin().await?;
        let set = admin
            .set_licence(office.number()?, self.settings.clock.now() + from_now)
            .await;
        admin.close().await;
        Ok(set?)
    }

    /// Enrols a new terminal of an office and signs in there.
    pub async fn terminal(&self, at: &ExampleAccounts, name: &str) -> Result<SignedIn> {
        let issue_password = self.issue_password(at.office).await?;
        let connection = self.connection()?;
        let identity = enrol(&connection, &at.accounts, &issue_password, name).await?;
        let client = ExchangeClient::with_timeouts(&connection, Some(&identity), Timeouts::default())?;
        sign_in(&client, at.office, &at.accounts).await
    }

    /// Opens a desk in a new profile, enrols it and signs in.
    pub async fn desk(&self, at: &ExampleAccounts, name: &str) -> Result<OpenDesk> {
        let desk = OpenDesk::open(&self.profile(at, name)).await?;
        let issue_password = self.issue_password(at.office).await?;
        desk.set_up(&self.connection_file(), &at.accounts, &issue_password, name)
            .await?;
        desk.sign_in(at.office, &at.accounts).await?;
        Ok(desk)
    }

    /// Where the profile of a desk of this name is.
    pub fn profile(&self, at: &ExampleAccounts, name: &str) -> PathBuf {
        self.folder.path().join(format!("profile-{}-{name}", at.office.number))
    }

    /// A new one-time password for the certificate of one more terminal.
    pub async fn issue_password(&self, office: &ExampleOffice) -> Result<String> {
        let admin = self.admin().await?;
        let made = admin.issue_password(office.number()?, None, CERTIFICATE_DAYS).await;
        admin.close().await;
        Ok(made?.issue_password)
    }

    /// Makes a certificate file for a new terminal of an office, and gives where it is.
    pub async fn certificate_file(
        &self,
        office: &ExampleOffice,
        terminal_name: &str,
        password: &str,
        days: i64,
    ) -> Result<(PathBuf, TerminalId)> {
        let admin = self.admin().await?;
        let made = admin
            .make_certificate(office.number()?, terminal_name, password, days)
            .await;
        admin.close().await;
        let made = made?;
        let path = self.folder("certificates")?.join(format!("{}.p12", made.terminal));
        made.write(&path)?;
        Ok((path, made.terminal))
    }

    /// Registers one more office.
    pub async fn register_office(&self, party: Party, name: &str) -> Result<()> {
        let admin = self.admin().await?;
        let made = admin
            .register_office(NewOffice::new(party.office, name, vec![party.kind]))
            .await;
        admin.close().await;
        made?;
        Ok(())
    }

    /// Adds a person with a password that must be changed before the first sign-in.
    pub async fn newcomer(&self, at: &ExampleAccounts, provisional_password: &str) -> Result<AccountId> {
        let admin = self.admin().await?;
        let made = admin
            .add_person(NewPerson {
                office: at.office.number()?,
                name: "新任 一郎".to_owned(),
                person_id: None,
                password: Some(provisional_password.to_owned()),
                provisional: true,
            })
            .await;
        admin.close().await;
        Ok(made?.person_id)
    }

    async fn write_connection_file(&self) -> Result<()> {
        let running = self.running.as_ref().context("the server is stopped")?;
        let mut file: serde_json::Value = serde_json::from_str(&running.connection_file())?;
        file["exchange_url"] = format!("https://{}", self.line.address()).into();
        write(&self.connection_file(), &file)
    }
}

fn write(path: &Path, file: &serde_json::Value) -> Result<()> {
    Ok(std::fs::write(path, serde_json::to_vec_pretty(file)?)?)
}

async fn register(admin: &Admin, office: &'static ExampleOffice) -> Result<ExampleAccounts> {
    let made = admin
        .register_office(NewOffice {
            telephone: Some(office.telephone.to_owned()),
            password: Some(office.office_password.to_owned()),
            issue_password: Some(office.issue_password.to_owned()),
            ..NewOffice::new(office.number()?, office.name, vec![office.kind()?])
        })
        .await?;
    let person = admin
        .add_person(NewPerson {
            office: office.number()?,
            name: office.person_name.to_owned(),
            person_id: None,
            password: Some(office.person_password.to_owned()),
            provisional: false,
        })
        .await?;
    Ok(ExampleAccounts {
        office,
        accounts: Accounts {
            office: made.office_id,
            person: person.person_id,
        },
    })
}

fn address(url: &str) -> Result<SocketAddr> {
    url.strip_prefix("https://")
        .and_then(|address| address.parse().ok())
        .context("the server's address")
}
