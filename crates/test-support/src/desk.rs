//! A desk without a window: dialogs answer what a test laid out.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use care_model::DeliveryId;
use desk::{
    Desk, DeskSettings,
    ports::{KeySource, Notice, SessionKeeping, Surface, SystemClock, TrayState, UpdateChannel},
};
use desk_ipc::{
    ComposeStart, CompositionId, CompositionMode, CompositionView, DeskCommands, DeskEvent, EnrolStart, InboxRow,
    InboxStatus, OfficeSignInStart, OutboxRow, PersonSignInStart, PickupStart, SendStart, SendView, Stage,
};
use tokio::sync::broadcast::error::RecvError;

use crate::{Accounts, ExampleOffice};

/// Longer than anything of a test takes, shorter than the runner's time-out.
const WAITED_MAX: Duration = Duration::from_secs(200);

/// What the next dialogs answer, and what was shown.
#[derive(Default)]
pub struct ScriptedSurface {
    folder: Mutex<Option<PathBuf>>,
    connection_file: Mutex<Option<PathBuf>>,
    certificate_file: Mutex<Option<PathBuf>>,
    move_file: Mutex<Option<PathBuf>>,
    save: Mutex<Option<PathBuf>>,
    opened: Mutex<Vec<String>>,
    starts_with_computer: AtomicBool,
    updates: Mutex<Option<UpdateChannel>>,
    installed: Mutex<Vec<PathBuf>>,
    notices: Mutex<Vec<Notice>>,
    tray: Mutex<TrayState>,
}

impl ScriptedSurface {
    /// Every notice so far.
    pub fn notices(&self) -> Vec<Notice> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the tray shows.
    pub fn tray(&self) -> TrayState {
        *self.tray.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lays out the answer of the next dialog for a folder.
    pub fn answer_folder(&self, path: &Path) {
        lay_out(&self.folder, path);
    }

    /// Lays out the answer of the next dialog for the connection file.
    pub fn answer_connection_file(&self, path: &Path) {
        lay_out(&self.connection_file, path);
    }

    /// Lays out the answer of the next dialog for a certificate file.
    pub fn answer_certificate_file(&self, path: &Path) {
        lay_out(&self.certificate_file, path);
    }

    /// Lays out the answer of the next dialog for the file of a move.
    pub fn answer_move_file(&self, path: &Path) {
        lay_out(&self.move_file, path);
    }

    /// Lays out the answer of the next dialog for a new file.
    pub fn answer_save(&self, path: &Path) {
        lay_out(&self.save, path);
    }

    /// Says where new versions come from.
    pub fn answer_updates(&self, channel: UpdateChannel) {
        *self.updates.lock().unwrap_or_else(PoisonError::into_inner) = Some(channel);
    }

    /// Every installer that was handed to the system.
    pub fn installed(&self) -> Vec<PathBuf> {
        self.installed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every web address that was opened.
    pub fn opened(&self) -> Vec<String> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn taken(answer: &Mutex<Option<PathBuf>>) -> Option<PathBuf> {
    answer.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn lay_out(answer: &Mutex<Option<PathBuf>>, path: &Path) {
    *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(path.to_owned());
}

/// A future that answers at once, as dialogs of a script do.
type Answer<'a, T> = std::pin::Pin<Box<dyn Future<Output = Option<T>> + Send + 'a>>;

impl Surface for ScriptedSurface {
    fn choose_files(&self) -> Answer<'_, Vec<PathBuf>> {
        Box::pin(std::future::ready(None))
    }

    fn choose_folder(&self) -> Answer<'_, PathBuf> {
        Box::pin(std::future::ready(taken(&self.folder)))
    }

    fn choose_connection_file(&self) -> Answer<'_, PathBuf> {
        Box::pin(std::future::ready(taken(&self.connection_file)))
    }

    fn choose_certificate_file(&self) -> Answer<'_, PathBuf> {
        Box::pin(std::future::ready(taken(&self.certificate_file)))
    }

    fn choose_move_file(&self) -> Answer<'_, PathBuf> {
        Box::pin(std::future::ready(taken(&self.move_file)))
    }

    fn save_file(&self, _suggested: &str) -> Answer<'_, PathBuf> {
        Box::pin(std::future::ready(taken(&self.save)))
    }

    fn open_web(&self, address: &str) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.push(address.to_owned());
    }

    fn starts_with_computer(&self) -> Option<bool> {
        Some(self.starts_with_computer.load(Ordering::Acquire))
    }

    fn set_starts_with_computer(&self, starts: bool) -> Result<(), &'static str> {
        self.starts_with_computer.store(starts, Ordering::Release);
        Ok(())
    }

    fn notify(&self, notice: Notice) {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).push(notice);
    }

    fn show_tray(&self, state: TrayState) {
        *self.tray.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn reveal(&self, _: &Path) {}

    fn updates(&self) -> Option<UpdateChannel> {
        self.updates.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn install_update(&self, installer: &Path) -> Result<(), &'static str> {
        let mut installed = self.installed.lock().unwrap_or_else(PoisonError::into_inner);
        installed.push(installer.to_owned());
        Ok(())
    }
}

/// An office's desk in this process, its profile key in a file.
pub struct OpenDesk {
    /// The desk itself, for whatever has no shorter way here.
    pub desk: Arc<Desk>,
    /// Its stand-in for a window.
    pub surface: Arc<ScriptedSurface>,
}

impl OpenDesk {
    /// Opens the profile, new or not, as the window does.
    pub async fn open(profile: &Path) -> Result<Self> {
        Self::open_with(profile, |_| {}).await
    }

    /// The same with other settings.
    pub async fn open_with(profile: &Path, change: impl FnOnce(&mut DeskSettings)) -> Result<Self> {
        let surface = Arc::new(ScriptedSurface::default());
        let mut settings = DeskSettings {
            profile_dir: profile.to_owned(),
            profiles_dir: None,
            key: KeySource::File,
            session: SessionKeeping::WhileOpen,
            surface: Arc::clone(&surface) as Arc<dyn Surface>,
            clock: Arc::new(SystemClock),
        };
        change(&mut settings);
        let desk = Desk::open(settings).await?;
        Ok(Self { desk, surface })
    }

    /// 初期設定: connection file and one-time password.
    pub async fn set_up(
        &self,
        connection_file: &Path,
        accounts: &Accounts,
        issue_password: &str,
        terminal_name: &str,
    ) -> Result<()> {
        lay_out(&self.surface.connection_file, connection_file);
        self.desk
            .choose_connection_file(())
            .await?
            .context("no connection file")?;
        self.desk
            .enrol(EnrolStart {
                office_id: accounts.office.to_string(),
                issue_password: issue_password.to_owned(),
                terminal_name: terminal_name.to_owned(),
            })
            .await?;
        Ok(())
    }

    /// Both steps of ログイン.
    pub async fn sign_in(&self, office: &ExampleOffice, accounts: &Accounts) -> Result<()> {
        self.desk
            .sign_in_person(PersonSignInStart {
                person_id: accounts.person.to_string(),
                password: office.person_password.to_owned(),
                remember: false,
            })
            .await?;
        let start = self
            .desk
            .sign_in_office(OfficeSignInStart {
                office_id: accounts.office.to_string(),
                password: office.office_password.to_owned(),
                remember: false,
            })
            .await?;
        ensure!(
            matches!(start.stage, Stage::Open { .. }),
            "signed in, but {:?}",
            start.stage
        );
        Ok(())
    }

    /// Drops files on 新規作成 or 一括送信.
    pub async fn compose(&self, mode: CompositionMode, files: Vec<PathBuf>) -> Result<CompositionView> {
        let drop = self.desk.drop_files(files);
        let start = ComposeStart {
            mode,
            drop: Some(drop.id),
        };
        Ok(self.desk.open_composition(start).await?)
    }

    /// 送信, with every warning confirmed. Returns as soon as the deliveries are rows.
    pub async fn start_sending(&self, composition: CompositionId) -> Result<SendView> {
        let start = SendStart {
            composition,
            confirmed: true,
            on_paper: Vec::new(),
        };
        Ok(self.desk.send_composition(start).await?)
    }

    /// Waits until nothing of the send is under way.
    pub async fn sent(&self, composition: CompositionId) -> Result<SendView> {
        self.when(async || {
            let view = self.desk.sending(composition).await?;
            Ok(view.finished.then_some(view))
        })
        .await
    }

    /// Drops, sends and waits: the whole left half of the main job.
    pub async fn send_files(&self, mode: CompositionMode, files: Vec<PathBuf>) -> Result<SendView> {
        let composition = self.compose(mode, files).await?;
        ensure!(composition.can_send, "it cannot be sent: {composition:?}");
        self.start_sending(composition.id).await?;
        self.sent(composition.id).await
    }

    /// データ取得 into a folder; waits until each is 済 or has failed, and gives the rows.
    pub async fn receive(&self, deliveries: &[DeliveryId], folder: &Path) -> Result<Vec<InboxRow>> {
        self.start_receiving(deliveries, folder).await?;
        self.when(async || {
            let rows = self.inbox_rows(deliveries).await?;
            let ended = rows.iter().all(|row| match &row.status {
                InboxStatus::Waiting { problem } => problem.is_some(),
                InboxStatus::Fetching { .. } => false,
                _ => true,
            });
            Ok(ended.then_some(rows))
        })
        .await
    }

    /// データ取得, without waiting for its end.
    pub async fn start_receiving(&self, deliveries: &[DeliveryId], folder: &Path) -> Result<()> {
        lay_out(&self.surface.folder, folder);
        let folder = self.desk.choose_folder(()).await?.context("no folder")?;
        self.desk
            .pick_up(PickupStart {
                deliveries: deliveries.to_vec(),
                folder: Some(folder.id),
            })
            .await?;
        Ok(())
    }

    /// Waits until 受信一覧 shows all of these, and gives their rows in the same order.
    pub async fn arrived(&self, deliveries: &[DeliveryId]) -> Result<Vec<InboxRow>> {
        self.desk.refresh(()).await?;
        self.when(async || Ok(self.inbox_rows(deliveries).await.ok())).await
    }

    /// The row of 送信一覧 once it is as `wanted`.
    pub async fn outbox_row(&self, delivery: DeliveryId, wanted: impl Fn(&OutboxRow) -> bool) -> Result<OutboxRow> {
        self.when(async || {
            let rows = self.desk.outbox(desk_ipc::ListRequest::first()).await?.rows;
            Ok(rows.into_iter().find(|row| row.delivery == delivery && wanted(row)))
        })
        .await
    }

    async fn inbox_rows(&self, deliveries: &[DeliveryId]) -> Result<Vec<InboxRow>> {
        let rows = self.desk.inbox(desk_ipc::ListRequest::first()).await?.rows;
        let row = |delivery: &DeliveryId| rows.iter().find(|row| row.delivery == *delivery).cloned();
        deliveries
            .iter()
            .map(row)
            .collect::<Option<_>>()
            .context("not in the list")
    }

    /// Waits until something is on its way, or nothing is. No hint marks either moment, so it is looked again and again.
    pub async fn is_transferring(&self, wanted: bool) {
        while self.desk.is_transferring() != wanted {
            tokio::task::yield_now().await;
        }
    }

    /// Asks again after every hint of the desk until the answer is there. Whoever waits in vain is told so (and where, with
    /// `RUST_BACKTRACE`), before the runner's time-out would end the test without a word.
    pub async fn when<T>(&self, ask: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
        let answer = tokio::time::timeout(WAITED_MAX, self.told(ask)).await;
        answer.context("waited in vain")?
    }

    async fn told<T>(&self, ask: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
        let mut events = self.desk.events();
        loop {
            if let Some(answer) = ask().await? {
                return Ok(answer);
            }
            loop {
                match events.recv().await {
                    Ok(DeskEvent::Progress { .. } | DeskEvent::DragOver { .. }) => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => bail!("the desk was closed"),
                }
            }
        }
    }
}
