//! Enrolment, the two steps of ログイン, and what a signed-in person may ask about people and offices.

use std::fmt;

use care_model::{AccountId, OfficeNumber};
use chrono::{DateTime, Utc};
use exchange_protocol::{
    EnrolmentAnswer, EnrolmentRequest, ExchangeAnswer, Me, NewsPage, OfficeEntry, OfficePage, OfficeSearch,
    OfficeSignIn, PasswordChange, PersonSignIn, PersonSignInAnswer, RefreshSession, RenewalAnswer, RenewalRequest,
    Session, TerminalPage, ThisTerminal,
};
use http::{HeaderValue, Method};
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    ClientError,
    transport::{ExchangeClient, json_body},
};

/// Good for step 2 on this terminal for five minutes.
#[derive(Clone)]
pub struct StepToken(SecretString);

/// Speaks for a signed-in person at this terminal.
#[derive(Clone)]
pub struct AccessToken {
    text: SecretString,
    header: HeaderValue,
}

/// Buys one new session.
#[derive(Clone)]
pub struct RefreshToken(SecretString);

/// The tokens of a session.
#[derive(Debug, Clone)]
pub struct SessionTokens {
    /// For every call.
    pub access: AccessToken,
    /// Until then.
    pub access_until: DateTime<Utc>,
    /// For [`ExchangeClient::refresh`], once.
    pub refresh: RefreshToken,
    /// Until then.
    pub refresh_until: DateTime<Utc>,
}

impl AccessToken {
    /// A token as it was stored; none if it cannot be one.
    pub fn new(text: SecretString) -> Option<Self> {
        let mut header = HeaderValue::try_from(format!("Bearer {}", text.expose_secret())).ok()?;
        header.set_sensitive(true);
        Some(Self { text, header })
    }

    /// The token's text, for whoever stores it.
    pub fn text(&self) -> &SecretString {
        &self.text
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}

impl RefreshToken {
    /// A token as it was stored.
    pub fn new(text: SecretString) -> Self {
        Self(text)
    }

    /// The token's text, for whoever stores it.
    pub fn text(&self) -> &SecretString {
        &self.0
    }
}

/// No token is ever printed.
macro_rules! secret_debug {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}
secret_debug!(StepToken, AccessToken, RefreshToken);

impl ExchangeClient {
    /// What anybody may know of the exchange, asked of the listener that needs no certificate.
    pub async fn exchange(&self) -> Result<ExchangeAnswer, ClientError> {
        self.read_again(|| self.call(self.enrolment_request(Method::GET, "/v1/exchange")))
            .await
    }

    /// Gets the certificate for a key made here, with the password that is good once.
    pub async fn enrol(&self, request: &EnrolmentRequest) -> Result<EnrolmentAnswer, ClientError> {
        let call = self.enrolment_request(Method::POST, "/v1/enrolments");
        self.call(json_body(call, request)?).await
    }

    /// The same where the terminal shows the certificate that it has, ended or not: it stays the same terminal.
    pub async fn enrol_again(&self, request: &EnrolmentRequest) -> Result<EnrolmentAnswer, ClientError> {
        let call = self.request(Method::POST, "/v1/enrolments", None);
        self.call(json_body(call, request)?).await
    }

    /// Who this terminal is, by the certificate that it shows.
    pub async fn this_terminal(&self) -> Result<ThisTerminal, ClientError> {
        self.read_again(|| self.call(self.request(Method::GET, "/v1/terminal", None)))
            .await
    }

    /// Step 1 of ログイン.
    pub async fn sign_in_person(&self, person: &AccountId, password: &SecretString) -> Result<StepToken, ClientError> {
        let body = PersonSignIn {
            person_id: person.clone(),
            password: password.expose_secret().to_owned(),
        };
        let call = self.request(Method::POST, "/v1/sign-in/person", None);
        let answer: PersonSignInAnswer = self.call(json_body(call, &body)?).await?;
        Ok(StepToken(answer.step_token.into()))
    }

    /// Step 2 of ログイン.
    pub async fn sign_in_office(
        &self,
        step: &StepToken,
        office: &AccountId,
        password: &SecretString,
    ) -> Result<SessionTokens, ClientError> {
        let body = OfficeSignIn {
            step_token: step.0.expose_secret().to_owned(),
            office_id: office.clone(),
            password: password.expose_secret().to_owned(),
        };
        let call = self.request(Method::POST, "/v1/sign-in/office", None);
        tokens(self.call(json_body(call, &body)?).await?)
    }

    /// Changes the password of a person or the office, provisional or not.
    pub async fn change_password(
        &self,
        account: &AccountId,
        password: &SecretString,
        new_password: &SecretString,
    ) -> Result<(), ClientError> {
        let body = PasswordChange {
            account_id: account.clone(),
            password: password.expose_secret().to_owned(),
            new_password: new_password.expose_secret().to_owned(),
        };
        let call = self.request(Method::POST, "/v1/accounts/password", None);
        self.send(json_body(call, &body)?).await?;
        Ok(())
    }

    /// A new session for a refresh token, which is spent by this.
    pub async fn refresh(&self, refresh: &RefreshToken) -> Result<SessionTokens, ClientError> {
        let body = RefreshSession {
            refresh_token: refresh.0.expose_secret().to_owned(),
        };
        let call = self.request(Method::POST, "/v1/sign-in/refresh", None);
        tokens(self.call(json_body(call, &body)?).await?)
    }

    /// The calls of a signed-in person.
    pub fn signed_in(&self, access: &AccessToken) -> SignedIn {
        SignedIn {
            client: self.clone(),
            access: access.clone(),
        }
    }
}

fn tokens(session: Session) -> Result<SessionTokens, ClientError> {
    Ok(SessionTokens {
        access: AccessToken::new(session.access_token.into())
            .ok_or_else(|| ClientError::malformed("a token that no header can hold"))?,
        access_until: session.access_until,
        refresh: RefreshToken::new(session.refresh_token.into()),
        refresh_until: session.refresh_until,
    })
}

/// A terminal's line together with a session. Cheap to clone.
#[derive(Clone)]
pub struct SignedIn {
    pub(crate) client: ExchangeClient,
    access: AccessToken,
}

impl SignedIn {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, path, Some(&self.access))
    }

    /// ログアウト. Transfers under way end with it.
    pub async fn sign_out(&self) -> Result<(), ClientError> {
        self.client.send(self.request(Method::POST, "/v1/sign-out")).await?;
        Ok(())
    }

    /// Ends every session of the person, at whatever terminal, this one too.
    pub async fn sign_out_everywhere(&self) -> Result<(), ClientError> {
        let request = self.request(Method::POST, "/v1/sign-out/everywhere");
        self.client.send(request).await?;
        Ok(())
    }

    /// Who is signed in, where, and until when.
    pub async fn me(&self) -> Result<Me, ClientError> {
        self.client
            .read_again(|| self.client.call(self.request(Method::GET, "/v1/me")))
            .await
    }

    /// What the directory says of an office.
    pub async fn office(&self, number: OfficeNumber) -> Result<OfficeEntry, ClientError> {
        let path = format!("/v1/offices/{number}");
        self.client
            .read_again(|| self.client.call(self.request(Method::GET, &path)))
            .await
    }

    /// A page of the directory by number (宛先検索).
    pub async fn search_offices(&self, search: &OfficeSearch) -> Result<OfficePage, ClientError> {
        self.client
            .read_again(|| async {
                let call = self.request(Method::POST, "/v1/offices/search");
                self.client.call(json_body(call, search)?).await
            })
            .await
    }

    /// The next certificate of this terminal. Asking again with the same request gets the same answer.
    pub async fn renew_certificate(&self, request: &RenewalRequest) -> Result<RenewalAnswer, ClientError> {
        self.client
            .read_again(|| async {
                let call = self.request(Method::POST, "/v1/terminals/renewal");
                self.client.call(json_body(call, request)?).await
            })
            .await
    }

    /// The terminals of the office, stopped ones too, newest first.
    pub async fn terminals(&self) -> Result<TerminalPage, ClientError> {
        self.client
            .read_again(|| self.client.call(self.request(Method::GET, "/v1/terminals")))
            .await
    }

    /// お知らせ一覧.
    pub async fn news(&self) -> Result<NewsPage, ClientError> {
        self.client
            .read_again(|| self.client.call(self.request(Method::GET, "/v1/news")))
            .await
    }
}
