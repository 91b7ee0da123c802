//! Certificates of our own authority that are no good yet, or for something else: over real TLS each is let through the
//! handshake, is nobody, and is answered in words. One that is not of our authority does not even get that far.

use std::fs;

use care_model::{ProblemCode, TerminalId};
use chrono::TimeDelta;
use exchange_client::{ClientError, ClientIdentity, ExchangeClient, make_certificate_request};
use exchange_protocol::EnrolmentRequest;
use fault_row::{Breaches, Row};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose as Use, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ED25519, SignatureAlgorithm,
};

use crate::exchange::{Exchange, HELPER, Office, PLANNER, Terminal, account, refused, sign_in};

/// The authority of a running exchange, by the files that its operator guards.
pub(crate) fn authority(exchange: &Exchange) -> Issuer<'static, KeyPair> {
    let read = |name: &str| fs::read_to_string(exchange.settings.keys.join(name)).unwrap();
    let key = KeyPair::from_pem(&read("authority.key.pem")).unwrap();
    Issuer::from_ca_cert_pem(&read("authority.pem"), key).unwrap()
}

/// Another authority under the same name as ours.
fn impostor() -> Issuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Careplan Exchange", "Careplan Exchange Authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Issuer::new(params, KeyPair::generate().unwrap())
}

fn named(organization: &str, common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, organization);
    name.push(DnType::CommonName, common);
    name
}

/// A certificate that names this terminal of this office, for these uses.
pub(crate) fn issue(
    issuer: &Issuer<'static, KeyPair>,
    office: &Office,
    terminal: TerminalId,
    uses: &[Use],
    algorithm: &'static SignatureAlgorithm,
) -> ClientIdentity {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = named(office.made.number.as_str(), &terminal.to_string());
    params.is_ca = IsCa::ExplicitNoCa;
    params.extended_key_usages = uses.to_vec();
    ClientIdentity {
        certificate_pem: params.signed_by(&key, issuer).unwrap().pem(),
        key_pem: key.serialize_pem().into(),
    }
}

/// How each kind of request is answered to whoever shows this: as a terminal, for a person with a good token, and as
/// somebody who signs in.
async fn answers(
    exchange: &Exchange,
    identity: &ClientIdentity,
    token: &exchange_client::AccessToken,
) -> [ProblemCode; 3] {
    let client = ExchangeClient::new(&exchange.connection(), Some(identity)).unwrap();
    let code = |error: ClientError| error.code();
    let password = "any password".to_owned().into();
    [
        code(client.this_terminal().await.unwrap_err()),
        code(client.signed_in(token).outbox(0, 1).await.unwrap_err()),
        code(
            client
                .sign_in_person(&account("c0000000000"), &password)
                .await
                .map(drop)
                .unwrap_err(),
        ),
    ]
}

async fn token(terminal: &Terminal, office: &Office) -> exchange_client::AccessToken {
    let client = &terminal.client;
    let step = client
        .sign_in_person(&office.person.person_id, &office.person.password.clone().into())
        .await
        .unwrap();
    let tokens = client
        .sign_in_office(&step, &office.made.office_id, &office.made.password.clone().into())
        .await;
    tokens.unwrap().access
}

#[tokio::test(flavor = "multi_thread")]
async fn row_16_one_that_does_not_hold_yet_is_answered_in_words_until_it_does() {
    let row = Row::open(16, "a certificate that does not hold yet");
    let exchange = Exchange::start().await;
    let (office, terminal, line) = exchange.desk(PLANNER, "43").await;
    // It holds from a day before it was issued, by the server's clock, which is put back.
    exchange.clock.advance(TimeDelta::hours(-25));
    assert_eq!(
        refused(terminal.client.this_terminal().await),
        ProblemCode::CertificateEarly
    );
    assert_eq!(
        refused(sign_in(&terminal, &office).await.map(drop)),
        ProblemCode::CertificateEarly
    );
    assert_eq!(refused(line.outbox(0, 1).await), ProblemCode::CertificateEarly);
    exchange.clock.advance(TimeDelta::hours(2));
    line.outbox(0, 1).await.unwrap();
    terminal.client.this_terminal().await.unwrap();
    row.close(3, Breaches::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn row_16_one_of_ours_for_another_use_is_nobody_and_is_told_so() {
    let row = Row::open(16, "certificates for another use, forged, of another office's terminal");
    let mut shown_ones = 0;
    let exchange = Exchange::start().await;
    let (office, terminal, _) = exchange.desk(PLANNER, "43").await;
    let token = token(&terminal, &office).await;
    let known = terminal.answer.terminal;
    let (ours, ecdsa) = (authority(&exchange), &rcgen::PKCS_ECDSA_P256_SHA256);
    for (uses, algorithm) in [
        // As the server's own, as the audit's, and as of an authority that says nothing of the use.
        (vec![Use::ServerAuth], ecdsa),
        (vec![Use::TimeStamping], &PKCS_ED25519),
        (vec![Use::CodeSigning, Use::EmailProtection], ecdsa),
        (Vec::new(), ecdsa),
    ] {
        let shown = issue(&ours, &office, known, &uses, algorithm);
        let answers = answers(&exchange, &shown, &token).await;
        assert_eq!(answers, [ProblemCode::CertificateWrongUse; 3], "{uses:?}");
        shown_ones += 1;
    }
    // For terminals, naming one, and of ours: but not the one that was given to it.
    let forged = issue(&ours, &office, known, &[Use::ClientAuth], ecdsa);
    assert_eq!(
        answers(&exchange, &forged, &token).await,
        [ProblemCode::CertificateForeign; 3]
    );
    // What is not of ours is that whatever it is for, and under whoever's name it was signed.
    for issuer in [impostor(), authority(&Exchange::start().await)] {
        for uses in [[Use::ServerAuth], [Use::TimeStamping], [Use::ClientAuth]] {
            let shown = issue(&issuer, &office, known, &uses, ecdsa);
            let answers = answers(&exchange, &shown, &token).await;
            assert_eq!(answers, [ProblemCode::CertificateForeign; 3], "{uses:?}");
            shown_ones += 1;
        }
    }
    // A good certificate of another office, with the token of a person of this one.
    let (_, elsewhere, _) = exchange.desk(HELPER, "11").await;
    let theirs = elsewhere.client.signed_in(&token);
    assert_eq!(refused(theirs.outbox(0, 1).await), ProblemCode::SignInRequired);
    // The terminal itself goes on.
    terminal.client.signed_in(&token).me().await.unwrap();
    row.close(shown_ones + 2, Breaches::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shows_one_for_another_use_gets_a_new_terminal_and_takes_over_none() {
    let exchange = Exchange::start().await;
    let (office, terminal, line) = exchange.desk(PLANNER, "43").await;
    let known = terminal.answer.terminal;
    let shown = issue(
        &authority(&exchange),
        &office,
        known,
        &[Use::ServerAuth],
        &rcgen::PKCS_ECDSA_P256_SHA256,
    );
    let (_, request_pem) = make_certificate_request("受付").unwrap();
    let issued = exchange
        .admin
        .issue_password(office.made.number, None, 730)
        .await
        .unwrap();
    let request = EnrolmentRequest {
        office_id: office.made.office_id.clone(),
        issue_password: issued.issue_password,
        request_pem,
        terminal_name: "受付".to_owned(),
    };
    let client = ExchangeClient::new(&exchange.connection(), Some(&shown)).unwrap();
    let answer = client.enrol_again(&request).await.unwrap();
    assert_ne!(answer.terminal, known);
    assert_eq!(line.terminals().await.unwrap().terminals.len(), 2);
    terminal.client.this_terminal().await.unwrap();
}
