//! From a certificate to an open desk: the two steps of ログイン, passwords, and keeping the session alive.

mod stage;

use std::{
    sync::{Arc, PoisonError, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use care_model::{AccountId, OfficeNumber, ProblemCode, ServiceKind, TerminalId, limits};
use chrono::{DateTime, TimeDelta, Utc};
use desk_ipc::{CommandError, DeskEvent, OfficeSignInStart, PasswordChange, PersonSignInStart, StartView};
use exchange_client::{
    AccessToken, ClientIdentity, Connection, ExchangeClient, Proxy, RefreshToken, SessionTokens, SignedIn, StepToken,
};
use exchange_protocol::{AccountFamily, Me, Session};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::{
    core::Core,
    enrolment::parse_connection,
    moving::Moved,
    outbox::QueueOrder,
    ports::SessionKeeping,
    profile::{OfficeMark, mark_office},
    refusal,
    store::ValueName,
};

/// How long before its end a session is renewed.
const RENEW_BEFORE_MINUTES: i64 = 5;
/// The goodbye to the exchange is a courtesy; nobody waits long for it.
const GOODBYE_SECONDS: u64 = 3;
/// Between two renewals, and two tries to renew while the exchange is away.
const RENEW_AGAIN_SECONDS: u64 = 15;

/// Who and what this terminal is, as far as known.
#[derive(Default)]
pub(crate) struct Standing {
    pub(crate) connection: Option<Connection>,
    pub(crate) identity: Option<Identity>,
    pub(crate) client: Option<ExchangeClient>,
    /// From step 1; good for step 2.
    step_token: Option<StepToken>,
    session: Option<Session>,
    /// Why the exchange ended the session before.
    pub(crate) ended: Option<CommandError>,
    /// Whether the screen is locked: the session works on, and no person is there.
    locked: bool,
    pub(crate) me: Option<Me>,
    remembered: RememberedIds,
    /// What was moved here from another PC, if anything was.
    pub(crate) moved: Option<Moved>,
}

impl Standing {
    /// Whether a signed-in person is there.
    fn is_open(&self) -> bool {
        self.session.is_some() && !self.locked
    }

    /// The session, which is not this desk's any more.
    fn take_session(&mut self) -> Option<Session> {
        self.step_token = None;
        self.locked = false;
        self.session.take()
    }
}

/// Key and certificate of this terminal, with what the enrolment said of its office.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) terminal: TerminalId,
    pub(crate) office: OfficeNumber,
    pub(crate) office_name: String,
    pub(crate) kinds: Vec<ServiceKind>,
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) terminal_name: String,
    /// When this certificate took another one's place without the operator.
    #[serde(default)]
    pub(crate) renewed_at: Option<DateTime<Utc>>,
}

/// IDs, never passwords.
#[derive(Clone, Default, Serialize, Deserialize)]
struct RememberedIds {
    person: Option<AccountId>,
    office: Option<AccountId>,
}

/// A client with the right to ask: what every call of a signed-in person needs.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) exchange: SignedIn,
    token: String,
}

impl Core {
    pub(crate) fn standing(&self) -> RwLockReadGuard<'_, Standing> {
        self.standing.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change_standing(&self) -> RwLockWriteGuard<'_, Standing> {
        self.standing.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a session to work under; behind a locked screen too.
    pub(crate) fn is_signed_in(&self) -> bool {
        self.standing().session.is_some()
    }

    /// Whether a signed-in person is there: what the profile holds of people is shown to nobody else (D13).
    pub(crate) fn is_open(&self) -> bool {
        self.standing().is_open()
    }

    /// This terminal, once it is enrolled.
    pub(crate) fn identity(&self) -> Option<Identity> {
        self.standing().identity.clone()
    }

    /// Reads what the profile knows, once its key is there.
    pub(crate) async fn recall(&self) -> Result<(), CommandError> {
        let connection: Option<String> = self.store.value(ValueName::Connection).await?;
        let connection = connection.map(|text| parse_connection(&text)).transpose()?;
        let identity: Option<Identity> = self.store.value(ValueName::Identity).await?;
        let session = self.recall_session().await?;
        let me: Option<Me> = self.store.value(ValueName::Me).await?;
        let remembered: Option<RememberedIds> = self.store.value(ValueName::RememberedIds).await?;
        let moved: Option<Moved> = self.store.value(ValueName::Moved).await?;
        let client = match (&connection, &identity) {
            // An identity that cannot be used is told at ログイン, where a new one can be got.
            (Some(connection), Some(identity)) => client_of(connection, identity, &self.proxy()?).ok(),
            _ => None,
        };
        let now = self.now();
        let mut standing = self.change_standing();
        *standing = Standing {
            connection,
            identity,
            client,
            step_token: None,
            session: session.filter(|session| session.refresh_until > now),
            ended: None,
            locked: false,
            me,
            remembered: remembered.unwrap_or_default(),
            moved,
        };
        Ok(())
    }

    /// The session of an earlier run, where this host keeps it; otherwise one that another host left is forgotten.
    async fn recall_session(&self) -> Result<Option<Session>, CommandError> {
        match self.session_keeping {
            SessionKeeping::BetweenRuns => Ok(self.store.value(ValueName::Session).await?),
            SessionKeeping::WhileOpen => {
                self.store.forget_value(ValueName::Session).await?;
                Ok(None)
            }
        }
    }

    /// Keeps a new session for the next run, where this host does.
    async fn keep_tokens(&self, session: &Session) -> Result<(), CommandError> {
        match self.session_keeping {
            SessionKeeping::BetweenRuns => Ok(self.store.set_value(ValueName::Session, session).await?),
            SessionKeeping::WhileOpen => Ok(()),
        }
    }

    /// Takes the way to the exchange that 設定 names now. What is under way ends as it began.
    pub(crate) fn go_another_way(&self) -> Result<(), CommandError> {
        let proxy = self.proxy()?;
        let mut standing = self.change_standing();
        if let (Some(connection), Some(identity)) = (&standing.connection, &standing.identity) {
            let client = client_of(connection, identity, &proxy)?;
            standing.client = Some(client);
        }
        drop(standing);
        self.sync_wanted.notify_one();
        Ok(())
    }

    /// ログイン step 1.
    pub(crate) async fn sign_in_person(&self, start: PersonSignInStart) -> Result<StartView, CommandError> {
        let person_id = account(&start.person_id, AccountFamily::Person)?;
        let client = self.client()?;
        let answer = client
            .sign_in_person(&person_id, &SecretString::from(start.password))
            .await;
        let step = self.heard(answer)?;
        self.remember(|ids| ids.person = start.remember.then_some(person_id))
            .await?;
        {
            let mut standing = self.change_standing();
            standing.step_token = Some(step);
            standing.ended = None;
        }
        Ok(self.start_view())
    }

    /// Changes a password, provisional or not. Nobody need be signed in: a provisional one signs nobody in.
    pub(crate) async fn change_password(&self, change: PasswordChange) -> Result<(), CommandError> {
        let account_id = AccountId::parse(&change.account_id)
            .ok()
            .filter(|id| AccountFamily::of(id).is_some())
            .ok_or(ProblemCode::PersonIdExpected)?;
        let length = change.new_password.chars().count();
        if !(limits::PASSWORD_CHARS_MIN..=limits::PASSWORD_CHARS_MAX).contains(&length) {
            return Err(CommandError::new(ProblemCode::PasswordLength)
                .with("min", limits::PASSWORD_CHARS_MIN)
                .with("max", limits::PASSWORD_CHARS_MAX));
        }
        let (password, new_password) = (
            SecretString::from(change.password),
            SecretString::from(change.new_password),
        );
        let answer = self
            .client()?
            .change_password(&account_id, &password, &new_password)
            .await;
        self.heard(answer)
    }

    /// ログイン step 2.
    pub(crate) async fn sign_in_office(self: &Arc<Self>, start: OfficeSignInStart) -> Result<StartView, CommandError> {
        let office_id = account(&start.office_id, AccountFamily::Office)?;
        let client = self.client()?;
        let step = self.standing().step_token.clone().ok_or(ProblemCode::SignInRequired)?;
        let answer = client
            .sign_in_office(&step, &office_id, &SecretString::from(start.password))
            .await;
        let session = match self.heard(answer) {
            Ok(tokens) => kept(&tokens),
            Err(error) => {
                if error.code == ProblemCode::SignInRequired {
                    // Step 1 lasts five minutes; it has to be done again.
                    self.change_standing().step_token = None;
                }
                return Err(error);
            }
        };
        self.keep_tokens(&session).await?;
        self.remember(|ids| ids.office = start.remember.then_some(office_id))
            .await?;
        let line = line_of(client.clone(), session.access_token.clone())?;
        let me = self.heard(line.exchange.me().await)?;
        self.learn_me(me).await?;
        let former = {
            let mut standing = self.change_standing();
            let former = standing.take_session();
            standing.session = Some(session);
            former
        };
        if let Some(former) = former {
            // The screen was locked: whoever signs in, they have a session of their own.
            self.end_later(client, former)?;
        }
        self.session_moved().await;
        Ok(self.start_view())
    }

    /// Back from step 2 to step 1.
    pub(crate) fn sign_in_back(&self) -> StartView {
        self.change_standing().step_token = None;
        self.start_view()
    }

    /// ログアウト. Transfers that run keep the right they began with; the exchange is told when they have ended.
    pub(crate) async fn sign_out(self: &Arc<Self>) -> Result<StartView, CommandError> {
        let (session, client) = {
            let mut standing = self.change_standing();
            standing.ended = None;
            (standing.take_session(), standing.client.clone())
        };
        self.forget_session().await?;
        if let (Some(session), Some(client)) = (session, client) {
            self.end_later(client, session)?;
            self.tell(DeskEvent::SignedOut);
            self.session_moved().await;
        }
        Ok(self.start_view())
    }

    /// The idle lock. What is under way goes on under the session that is here; nothing of it reaches the page until
    /// both steps of ログイン are done again (D13).
    pub(crate) fn lock_screen(&self) -> StartView {
        let locked = {
            let mut standing = self.change_standing();
            standing.step_token = None;
            standing.locked = standing.session.is_some();
            standing.locked
        };
        if locked {
            self.tell(DeskEvent::SignedOut);
        }
        self.start_view()
    }

    /// Ends a session at the exchange once the transfers that may have begun under it have ended.
    fn end_later(self: &Arc<Self>, client: ExchangeClient, session: Session) -> Result<(), CommandError> {
        let core = Arc::clone(self);
        let line = line_of(client, session.access_token)?;
        tokio::spawn(async move {
            core.transfers_done().await;
            let _ = timeout(Duration::from_secs(GOODBYE_SECONDS), line.exchange.sign_out()).await;
        });
        Ok(())
    }

    /// Ends the person's sessions everywhere, then this one. Only the exchange's own answer says that it is so.
    pub(crate) async fn sign_out_everywhere(self: &Arc<Self>) -> Result<StartView, CommandError> {
        let line = self.line().await?;
        let ended = line.exchange.sign_out_everywhere().await;
        self.heard_by(&line, ended).await?;
        self.sign_out().await
    }

    /// The exchange refused the right to ask. It may only have run out, for instance because this PC's clock is slow:
    /// a session is dropped when it cannot be renewed either.
    pub(crate) async fn session_lost(&self, line: &Line) {
        let is_current = |session: &Session| session.access_token == line.token;
        if self.standing().session.as_ref().is_some_and(is_current)
            && let Err(error) = self.renew(Some(&line.token)).await
        {
            tracing::info!(code = error.code.as_str(), "a refused session was not renewed");
        }
    }

    async fn token_lost(&self, token: &str, why: &CommandError) {
        {
            let mut standing = self.change_standing();
            match &standing.session {
                Some(session) if session.access_token == token => standing.take_session(),
                _ => return,
            };
            standing.ended = Some(why.clone());
        }
        if let Err(error) = self.forget_session().await {
            tracing::warn!(code = error.code.as_str(), "an ended session stays in the profile");
        }
        self.tell(DeskEvent::SignedOut);
        self.session_moved().await;
    }

    async fn session_moved(&self) {
        self.session_changed.notify_waiters();
        self.sync_wanted.notify_one();
        self.confirm_wanted.notify_waiters();
        let _ = self.queue.send(QueueOrder::Wake);
        self.show_tray().await;
    }

    /// The right to ask, renewed if it is about to end.
    pub(crate) async fn line(&self) -> Result<Line, CommandError> {
        let (client, session) = {
            let standing = self.standing();
            (standing.client.clone(), standing.session.clone())
        };
        let client = client.ok_or(ProblemCode::ProfileEmpty)?;
        let session = session.ok_or(ProblemCode::SignInRequired)?;
        if session.access_until > self.now() {
            return line_of(client, session.access_token);
        }
        line_of(client, self.renew(None).await?.access_token)
    }

    /// Gets new tokens if the present ones are about to end, or are those that were refused.
    async fn renew(&self, refused: Option<&str>) -> Result<Session, CommandError> {
        let _one = self.refreshing.lock().await;
        let session = self.standing().session.clone().ok_or(ProblemCode::SignInRequired)?;
        if session.access_until - TimeDelta::minutes(RENEW_BEFORE_MINUTES) > self.now()
            && refused != Some(session.access_token.as_str())
        {
            return Ok(session);
        }
        let client = self.client()?;
        let answer = client
            .refresh(&RefreshToken::new(session.refresh_token.clone().into()))
            .await;
        match self.heard(answer) {
            Ok(tokens) => {
                let renewed = kept(&tokens);
                if self.adopt(&session, &renewed).await? {
                    return Ok(renewed);
                }
                // Whoever was signed in has left meanwhile: what was renewed for them ends too.
                let line = line_of(client, renewed.access_token)?;
                tokio::spawn(async move {
                    let _ = timeout(Duration::from_secs(GOODBYE_SECONDS), line.exchange.sign_out()).await;
                });
                Err(ProblemCode::SignInRequired.into())
            }
            Err(error) => {
                let passing = matches!(
                    error.code,
                    ProblemCode::ServerUnreachable
                        | ProblemCode::ServerInterrupted
                        | ProblemCode::ServerBusy
                        | ProblemCode::TooManyRequests
                        | ProblemCode::RequestTooSlow
                );
                if !passing {
                    self.token_lost(&session.access_token, &error).await;
                }
                Err(error)
            }
        }
    }

    /// Goes on with renewed tokens; false if the session that they renew is not the one here any more.
    async fn adopt(&self, spent: &Session, renewed: &Session) -> Result<bool, CommandError> {
        let _one = self.keeping_session.lock().await;
        let is_current = |standing: &Standing| {
            let session = standing.session.as_ref();
            session.is_some_and(|session| session.refresh_token == spent.refresh_token)
        };
        if !is_current(&self.standing()) {
            return Ok(false);
        }
        self.keep_tokens(renewed).await?;
        let mut standing = self.change_standing();
        // Whoever signed out while that was stored waits to forget it.
        let stays = is_current(&standing);
        if stays {
            standing.session = Some(renewed.clone());
        }
        Ok(stays)
    }

    /// Forgets the session of this profile, after any that is just being stored.
    async fn forget_session(&self) -> Result<(), CommandError> {
        let _one = self.keeping_session.lock().await;
        Ok(self.store.forget_value(ValueName::Session).await?)
    }

    /// Keeps the session alive until the desk closes.
    pub(crate) async fn keep_session(self: Arc<Self>) {
        loop {
            let changed = self.session_changed.notified();
            let until = self.standing().session.as_ref().map(|session| session.access_until);
            let wait = match until {
                None => None,
                Some(until) => {
                    let left = until - TimeDelta::minutes(RENEW_BEFORE_MINUTES) - self.now();
                    Some(left.to_std().unwrap_or(Duration::ZERO))
                }
            };
            let due = async {
                match wait {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.closing.cancelled() => return,
                () = changed => {}
                () = due => {
                    // Never twice in a row, even where this PC's clock is so far ahead that new tokens look old.
                    let _ = self.renew(None).await;
                    tokio::select! {
                        () = self.closing.cancelled() => return,
                        () = tokio::time::sleep(Duration::from_secs(RENEW_AGAIN_SECONDS)) => {}
                    }
                }
            }
        }
    }

    pub(crate) fn client(&self) -> Result<ExchangeClient, CommandError> {
        let standing = self.standing();
        match (&standing.client, &standing.identity) {
            (Some(client), _) => Ok(client.clone()),
            (None, Some(_)) => Err(ProblemCode::CertificateMissing.into()),
            (None, None) => Err(ProblemCode::ProfileEmpty.into()),
        }
    }

    async fn remember(&self, change: impl FnOnce(&mut RememberedIds)) -> Result<(), CommandError> {
        let remembered = {
            let mut standing = self.change_standing();
            change(&mut standing.remembered);
            standing.remembered.clone()
        };
        Ok(self.store.set_value(ValueName::RememberedIds, &remembered).await?)
    }

    /// Keeps what the exchange says of this office and person.
    pub(crate) async fn learn_me(&self, me: Me) -> Result<(), CommandError> {
        self.store.set_value(ValueName::Me, &me).await?;
        self.mark_office(me.office.number, &me.office.name).await;
        self.change_standing().me = Some(me);
        Ok(())
    }

    /// Notes in clear whose profile this is. Without the note the list of profiles names it less well, no more.
    pub(crate) async fn mark_office(&self, number: OfficeNumber, name: &str) {
        if !self.lists_profiles {
            return;
        }
        let (profile, name) = (self.profile.dir().to_owned(), name.to_owned());
        let marked = tokio::task::spawn_blocking(move || mark_office(&profile, &OfficeMark { number, name })).await;
        if let Ok(Err(error)) = marked {
            tracing::warn!(code = error.code.as_str(), "the profile's office is not noted");
        }
    }

    /// Ends the session at the exchange, as far as it can be reached; for a profile that was closed.
    pub(crate) async fn say_goodbye(&self) {
        let (session, client) = {
            let mut standing = self.change_standing();
            (standing.take_session(), standing.client.clone())
        };
        if self.session_keeping == SessionKeeping::WhileOpen
            && let (Some(session), Some(client)) = (session, client)
            && let Ok(line) = line_of(client, session.access_token)
        {
            let _ = timeout(Duration::from_secs(GOODBYE_SECONDS), line.exchange.sign_out()).await;
        }
    }
}

/// An ID of the family that the field asks for; told before anything is sent.
pub(crate) fn account(typed: &str, family: AccountFamily) -> Result<AccountId, CommandError> {
    let expected = match family {
        AccountFamily::Person => ProblemCode::PersonIdExpected,
        AccountFamily::Office => ProblemCode::OfficeIdExpected,
    };
    match AccountId::parse(typed) {
        Ok(id) if AccountFamily::of(&id) == Some(family) => Ok(id),
        _ => Err(expected.into()),
    }
}

pub(crate) fn client_of(
    connection: &Connection,
    identity: &Identity,
    proxy: &Proxy,
) -> Result<ExchangeClient, CommandError> {
    let identity = ClientIdentity {
        certificate_pem: identity.certificate_pem.clone(),
        key_pem: identity.key_pem.clone().into(),
    };
    ExchangeClient::through(proxy, connection, Some(&identity))
        .map_err(|error| refusal::logged(ProblemCode::CertificateMissing, &error))
}

/// The tokens in the form in which they are kept.
fn kept(tokens: &SessionTokens) -> Session {
    Session {
        access_token: tokens.access.text().expose_secret().to_owned(),
        access_until: tokens.access_until,
        refresh_token: tokens.refresh.text().expose_secret().to_owned(),
        refresh_until: tokens.refresh_until,
    }
}

fn line_of(client: ExchangeClient, token: String) -> Result<Line, CommandError> {
    let access = AccessToken::new(token.clone().into()).ok_or(ProblemCode::SignInRequired)?;
    Ok(Line {
        exchange: client.signed_in(&access),
        token,
    })
}
