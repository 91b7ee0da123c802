//! The server's own certificate: renewed in time, without a restart, on both listeners.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use rustls::{ClientConfig, RootCertStore, time_provider::TimeProvider, version::TLS13};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::exchange::{Exchange, PLANNER};

/// A client whose clock stands still.
#[derive(Debug)]
struct At(DateTime<Utc>);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.timestamp()).unwrap();
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// The certificate that a client is shown at a time; an error if it does not trust it then.
pub(crate) async fn shown(
    exchange: &Exchange,
    url: &str,
    at: DateTime<Utc>,
) -> Result<CertificateDer<'static>, std::io::Error> {
    let mut roots = RootCertStore::empty();
    let authority = exchange.connection().authority_pem;
    roots
        .add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_details(provider, Arc::new(At(at)))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(url.strip_prefix("https://").unwrap()).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let chain = stream.get_ref().1.peer_certificates().unwrap();
    Ok(chain[0].clone().into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_renewed_while_the_server_runs() {
    let exchange = Exchange::start().await;
    let urls = [&exchange.running.exchange_url, &exchange.running.enrolment_url];
    let mut first = Vec::new();
    for url in urls {
        first.push(shown(&exchange, url, exchange.clock.now()).await.unwrap());
    }
    exchange.clock.advance(TimeDelta::days(300));
    exchange.running.sweep().await.unwrap();
    for (url, first) in urls.into_iter().zip(&first) {
        assert_eq!(&shown(&exchange, url, exchange.clock.now()).await.unwrap(), first);
        // Left alone it would keep everybody out in the end.
        let later = exchange.clock.now() + TimeDelta::days(98);
        assert!(shown(&exchange, url, later).await.is_err());
    }
    exchange.clock.advance(TimeDelta::days(10));
    exchange.running.sweep().await.unwrap();
    for (url, first) in urls.into_iter().zip(&first) {
        for days in [0, 98, 390] {
            let at = exchange.clock.now() + TimeDelta::days(days);
            assert_ne!(&shown(&exchange, url, at).await.unwrap(), first, "{days} days later");
        }
    }
    // Terminals go on as ever.
    let (_, _, line) = exchange.desk(PLANNER, "43").await;
    line.me().await.unwrap();
}
