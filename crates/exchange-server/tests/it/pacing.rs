//! How much one party may ask for, and how slowly.

use std::{
    net::SocketAddr,
    num::NonZeroU32,
    time::{Duration, Instant},
};

use care_model::ProblemCode;
use exchange_client::{ClientError, ExchangeClient, SignedIn};
use exchange_protocol::{Problem, envelope};
use exchange_server::PaceSettings;
use secrecy::ExposeSecret as _;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    bare,
    exchange::{Exchange, HELPER, Office, PLANNER, Terminal, bytes, header, json, refused, sign_in},
};

const PARTS: &[(Option<&str>, &[u8])] = &[(Some("cover"), b"{}"), (Some("A.CSV"), b"one two three")];

/// An exchange with an office at its desk, started again with other limits.
async fn paced(set: impl FnOnce(&mut PaceSettings)) -> (Exchange, Office, Terminal) {
    let mut exchange = Exchange::start().await;
    let (office, terminal, _) = exchange.desk(PLANNER, "43").await;
    set(&mut exchange.settings.pace);
    let exchange = exchange.restart().await;
    let terminal = exchange.reconnect(terminal);
    (exchange, office, terminal)
}

/// Asks until it is refused; gives how often it was answered.
async fn until_refused(line: &SignedIn) -> (u32, Problem) {
    for answered in 0..10_000 {
        match line.me().await {
            Ok(_) => {}
            Err(ClientError::Refused(problem)) => return (answered, problem),
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("never refused");
}

/// Reads until the other side closes.
async fn rest(line: &mut (impl AsyncRead + Unpin)) -> String {
    let mut answer = Vec::new();
    let mut piece = [0; 4_096];
    while let Ok(read @ 1..) = line.read(&mut piece).await {
        answer.extend_from_slice(&piece[..read]);
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_asks_too_often_waits_a_second_and_no_other_does() {
    let (exchange, office, terminal) = paced(|pace| pace.requests_a_minute_terminal = NonZeroU32::new(60)).await;
    let other = exchange.terminal(&office, "相談室").await;
    let line = sign_in(&terminal, &office).await.unwrap();
    let (answered, problem) = until_refused(&line).await;
    // Sixty at once, of which signing in took two, and one more for each second that this takes.
    assert!((50..80).contains(&answered), "{answered}");
    assert_eq!((problem.code, problem.status), (ProblemCode::TooManyRequests, 429));
    sign_in(&other, &office).await.unwrap();
    let mut bare = bare::connect(
        &exchange.connection().authority_pem,
        &exchange.running.exchange_url,
        Some(&terminal.identity),
    )
    .await
    .unwrap();
    let ask = "GET /v1/exchange HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    bare.write_all(ask.as_bytes()).await.unwrap();
    let answer = rest(&mut bare).await.to_lowercase();
    assert!(answer.starts_with("http/1.1 429 "), "{answer}");
    for header in ["retry-after: 1\r\n", "careplan-epoch: 1\r\n", "careplan-request: "] {
        assert!(answer.contains(header), "{header:?} is missing in {answer}");
    }
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    line.me().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_of_one_network_have_a_limit_of_their_own() {
    let (exchange, office, terminal) = paced(|pace| pace.requests_a_minute_source = NonZeroU32::new(60)).await;
    let stranger = ExchangeClient::new(&exchange.connection(), None).unwrap();
    let mut answered = 0;
    let refusal = loop {
        match stranger.exchange().await {
            Ok(_) => answered += 1,
            refusal => break refused(refusal),
        }
    };
    assert_eq!(refusal, ProblemCode::TooManyRequests);
    assert!((50..80).contains(&answered), "{answered}");
    let words = messages::problem("too_many_requests", &Default::default());
    // A browser is told in words.
    let authority = exchange.connection().authority_pem;
    let mut page = bare::connect(&authority, &exchange.running.enrolment_url, None)
        .await
        .unwrap();
    let ask = "GET /portal/sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    page.write_all(ask.as_bytes()).await.unwrap();
    let answer = rest(&mut page).await;
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    assert!(answer.contains(&words.what), "{answer}");
    assert!(
        !answer.contains(&words.next),
        "a browser sends nothing by itself: {answer}"
    );
    // Terminals behind the same address go on.
    sign_in(&terminal, &office).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_is_cut_and_one_that_is_only_slow_is_not() {
    const WINDOW: Duration = Duration::from_millis(400);
    let (exchange, office, terminal) = paced(|pace| pace.body_window = WINDOW).await;
    let helper = exchange.office(HELPER, "11").await;
    let step = terminal
        .client
        .sign_in_person(&office.person.person_id, &office.person.password.clone().into())
        .await
        .unwrap();
    let tokens = terminal
        .client
        .sign_in_office(&step, &office.made.office_id, &office.made.password.clone().into())
        .await
        .unwrap();
    let authority = exchange.connection().authority_pem;
    let url = &exchange.running.exchange_url;
    let header = header(&office, &helper, PARTS);
    let body = envelope::write(&json(&header), &bytes(PARTS));
    let head = format!(
        "PUT /v1/deliveries/{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {}\r\n\
         Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
        header.id,
        envelope::MEDIA_TYPE,
        tokens.access.text().expose_secret(),
        body.len()
    );
    let mut line = bare::connect(&authority, url, Some(&terminal.identity)).await.unwrap();
    line.write_all(head.as_bytes()).await.unwrap();
    line.write_all(&body[..body.len() / 2]).await.unwrap();
    let answer = rest(&mut line).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"request_too_slow\""), "{answer}");
    let sender = terminal.client.signed_in(&tokens.access);
    assert!(
        sender.outbox(0, 10).await.unwrap().rows.is_empty(),
        "nothing was stored"
    );
    // Over several windows, each with more than the floor.
    let mut line = bare::connect(&authority, url, Some(&terminal.identity)).await.unwrap();
    line.write_all(head.as_bytes()).await.unwrap();
    for piece in body.chunks(150) {
        line.write_all(piece).await.unwrap();
        tokio::time::sleep(WINDOW / 2).await;
    }
    let answer = rest(&mut line).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_nothing_of_an_answer_is_cut_and_who_takes_it_slowly_is_not() {
    const WINDOW: Duration = Duration::from_millis(600);
    /// Together more than sockets hold.
    const ASKED: usize = 3_000;
    let (exchange, ..) = paced(|pace| {
        pace.answer_window = WINDOW;
        pace.requests_a_minute_source = None;
    })
    .await;
    let authority = exchange.connection().authority_pem;
    let ask = |more: &str| format!("GET /portal/assets/style.css HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
    let ask = ask("").repeat(ASKED - 1) + &ask("Connection: close\r\n");
    for (before_each, is_cut) in [(Duration::ZERO, true), (Duration::from_millis(1), false)] {
        let line = bare::connect(&authority, &exchange.running.enrolment_url, None).await;
        let (mut answers, mut asking) = tokio::io::split(line.unwrap());
        let bytes = ask.clone();
        let asked = tokio::spawn(async move {
            let _ = asking.write_all(bytes.as_bytes()).await;
            asking
        });
        if is_cut {
            tokio::time::sleep(WINDOW * 4).await;
        }
        let begun = Instant::now();
        let (mut got, mut piece) = (Vec::new(), vec![0; 64 * 1_024]);
        while let Ok(read @ 1..) = answers.read(&mut piece).await {
            got.extend_from_slice(&piece[..read]);
            tokio::time::sleep(before_each).await;
        }
        let count = got.windows(13).filter(|word| word == b"HTTP/1.1 200 ").count();
        if is_cut {
            assert!((1..ASKED).contains(&count), "{count}");
        } else {
            assert_eq!(count, ASKED);
            assert!(begun.elapsed() > WINDOW * 2, "that was not slow: {:?}", begun.elapsed());
        }
        drop(asked.await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_network_has_so_many_connections_where_no_certificate_is_asked_for() {
    let (exchange, office, terminal) = paced(|pace| pace.connections_a_source = NonZeroU32::new(2)).await;
    let address = |url: &str| url.strip_prefix("https://").unwrap().parse::<SocketAddr>().unwrap();
    let enrolment = address(&exchange.running.enrolment_url);
    let first = TcpStream::connect(enrolment).await.unwrap();
    let second = TcpStream::connect(enrolment).await.unwrap();
    // The third is closed before a word; nobody else's place is taken by it.
    let mut third = TcpStream::connect(enrolment).await.unwrap();
    let closed = tokio::time::timeout(Duration::from_secs(5), third.read(&mut [0; 1])).await;
    assert!(matches!(closed, Ok(Ok(0) | Err(_))), "{closed:?}");
    drop((first, second));
    let stranger = ExchangeClient::new(&exchange.connection(), None).unwrap();
    while stranger.exchange().await.is_err() {
        tokio::task::yield_now().await;
    }
    // Terminals are not counted by where they are.
    let exchange_address = address(&exchange.running.exchange_url);
    let mut open = Vec::new();
    for _ in 0..5 {
        open.push(TcpStream::connect(exchange_address).await.unwrap());
    }
    sign_in(&terminal, &office).await.unwrap();
}
