//! A browser without a screen: real HTTPS, a jar of cookies, and the secret of the last form.

use std::{collections::BTreeMap, sync::Arc};

use exchange_server::operators::NewOperator;
use exchange_store::OperatorRole;
use rustls::{ClientConfig, RootCertStore, version::TLS13};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::exchange::{Exchange, Office};

/// The password of every operator here.
pub(crate) const OPERATOR_PASSWORD: &str = "unei-no-aikotoba-2026";

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Shown {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines();
        let mut pairs = lines.filter_map(|line| line.split_once(": "));
        pairs
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Where the answer leads to.
    pub(crate) fn to(&self) -> &str {
        self.header("location").unwrap_or_default()
    }

    /// The code of the problem on the page.
    pub(crate) fn problem(&self) -> Option<&str> {
        self.between("data-code=\"", "\"")
    }

    /// The first text between two others.
    pub(crate) fn between(&self, from: &str, to: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(from)?;
        rest.split_once(to).map(|(found, _)| found)
    }

    /// A password that the page shows.
    pub(crate) fn secret(&self) -> Option<String> {
        self.between("<p class=\"secret\">", "</p>").map(str::to_owned)
    }
}

/// A browser at the portal.
#[derive(Clone)]
pub(crate) struct Browser {
    address: String,
    connector: TlsConnector,
    pub(crate) cookies: BTreeMap<String, String>,
    /// What the forms of the last page carried.
    pub(crate) form: String,
    /// Lines of the head that each request carries besides.
    pub(crate) extra: String,
}

impl Browser {
    pub(crate) fn at(exchange: &Exchange) -> Self {
        let mut roots = RootCertStore::empty();
        let authority = exchange.connection().authority_pem;
        roots
            .add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let url = &exchange.running.enrolment_url;
        Self {
            address: url.strip_prefix("https://").unwrap().to_owned(),
            connector: TlsConnector::from(Arc::new(config)),
            cookies: BTreeMap::new(),
            form: String::new(),
            extra: String::new(),
        }
    }

    /// A browser in which an office has signed in.
    pub(crate) async fn signed_in(exchange: &Exchange, office: &Office) -> Self {
        let mut browser = Self::at(exchange);
        let shown = browser
            .sign_in(office.made.office_id.as_str(), &office.made.password)
            .await;
        assert_eq!((shown.status, shown.to()), (303, "/portal/home"), "{shown:?}");
        browser
    }

    /// A browser in which an operator of this role has signed in, and changed the first password.
    pub(crate) async fn operator(exchange: &Exchange, role: OperatorRole) -> Self {
        let new = NewOperator {
            name: "運営 太郎".to_owned(),
            role,
            operator_id: None,
            password: Some(OPERATOR_PASSWORD.to_owned()),
            provisional: false,
        };
        let made = exchange.admin.add_operator(new).await.unwrap();
        let mut browser = Self::at(exchange);
        let shown = browser
            .sign_in_operator(made.operator_id.as_str(), OPERATOR_PASSWORD)
            .await;
        assert_eq!((shown.status, shown.to()), (303, "/portal/operator/home"), "{shown:?}");
        browser
    }

    pub(crate) async fn sign_in_operator(&mut self, id: &str, password: &str) -> Shown {
        self.get("/portal/operator/sign-in").await;
        self.post("/portal/operator/sign-in", &[("id", id), ("password", password)])
            .await
    }

    pub(crate) async fn sign_in(&mut self, id: &str, password: &str) -> Shown {
        self.get("/portal/sign-in").await;
        self.post("/portal/sign-in", &[("id", id), ("password", password)])
            .await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Shown {
        self.call("GET", path, "", "").await
    }

    /// Sends a form with the secret of the last page.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let form = self.form.clone();
        self.post_as(path, Some(&form), fields).await
    }

    /// Sends a form with another secret, or none.
    pub(crate) async fn post_as(&mut self, path: &str, form: Option<&str>, fields: &[(&str, &str)]) -> Shown {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form.map(|form| ("form", form)));
        body.extend_pairs(fields);
        let body = body.finish();
        self.call("POST", path, "application/x-www-form-urlencoded", &body)
            .await
    }

    /// Says that a form of so many bytes comes, and sends none of it.
    pub(crate) async fn announce(&mut self, path: &str, bytes: usize) -> Shown {
        let media_type = "application/x-www-form-urlencoded";
        self.exchange("POST", path, media_type, bytes, "").await
    }

    pub(crate) async fn call(&mut self, method: &str, path: &str, media_type: &str, body: &str) -> Shown {
        self.exchange(method, path, media_type, body.len(), body).await
    }

    async fn exchange(&mut self, method: &str, path: &str, media_type: &str, length: usize, body: &str) -> Shown {
        let stream = TcpStream::connect(&self.address).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let mut stream = self.connector.connect(name, stream).await.unwrap();
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\nContent-Type: \
             {media_type}\r\nCookie: {}\r\n{}\r\n{body}",
            self.address,
            cookies.join("; "),
            self.extra,
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let mut piece = [0; 16_384];
        while let Ok(read @ 1..) = stream.read(&mut piece).await {
            answer.extend_from_slice(&piece[..read]);
        }
        let text = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let shown = Shown {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        };
        for (_, cookie) in head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match cookie.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        if let Some(form) = shown.between("name=\"form\" value=\"", "\"") {
            self.form = form.to_owned();
        }
        shown
    }
}
