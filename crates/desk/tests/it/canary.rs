//! One invented person goes through everything, and is then looked for wherever nobody may be named: logs at the level
//! that says most, figures, notices, support file, audit, the server's data and the profiles.
//!
//! The server and both desks run in this process, so that one log holds what all of them say.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, ensure};
use care_model::{DeliveryId, OfficeNumber, Party, ProblemCode, ServiceKind};
use desk_ipc::{
    CompositionMode, DeliveryRequest, DeskCommands, DetailRequest, EditNote, ListExport, ListName, ListQuery,
    ListRequest, OfficeSearch, OfficeSignInStart, PersonSignInStart,
};
use exchange_client::SignedIn;
use exchange_protocol::PartRole;
use test_support::{CARE_MANAGEMENT, ExampleExchange, HOME_HELP, OpenDesk};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Logged, only, pdf, send_raw, unit};

/// The person's name: in the records, the message, the attachment's name and its content, in what is typed.
const NAME: &str = "金糸雀";
/// The person's number as insured (被保険者番号).
const INSURED: &str = "9990001117";
/// What is typed where letters of other alphabets have no place: passwords, and the folders on the PC.
const TYPED: &str = "KANARIA-77-secret";
/// What the terminals are called, which the exchange lists for their office.
const TERMINAL: &str = "KANARIA-terminal";
/// Somebody of the staff, whom the exchange lists for their office: [`ExampleExchange::newcomer`].
const STAFF: &str = "新任 一郎";

/// A text as it may be written somewhere.
fn forms(text: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let utf16: Vec<u16> = text.encode_utf16().collect();
    let percent: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let json: String = utf16.iter().map(|unit| format!("\\u{unit:04x}")).collect();
    let hexadecimal: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let of_list: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
    let mut forms = vec![
        ("UTF-8", text.as_bytes().to_vec()),
        ("MS932", care_csv::encode(text).context("MS932")?),
        ("UTF-16", utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect()),
        ("an address, lower", percent.to_ascii_lowercase().into_bytes()),
        ("an address", percent.into_bytes()),
        ("JSON", json.into_bytes()),
        ("hexadecimal digits", hexadecimal.into_bytes()),
        ("a list of bytes", of_list.join(", ").into_bytes()),
    ];
    // Some texts are the same in several; each is told once.
    forms.dedup_by(|a, b| a.1 == b.1);
    Ok(forms
        .into_iter()
        .map(|(form, bytes)| (format!("{text} as {form}"), bytes))
        .collect())
}

/// What may stand nowhere.
struct Unsaid(Vec<(String, Vec<u8>)>);

impl Unsaid {
    fn of(texts: &[&str]) -> Result<Self> {
        let forms: Vec<Vec<_>> = texts.iter().map(|text| forms(text)).collect::<Result<_>>()?;
        Ok(Self(forms.concat()))
    }

    #[track_caller]
    fn is_not_in(&self, place: &str, bytes: &[u8]) {
        for (what, form) in &self.0 {
            let found = memchr::memmem::find(bytes, form);
            let around = found.map(|at| {
                let (from, to) = (at.saturating_sub(80), (at + 120).min(bytes.len()));
                String::from_utf8_lossy(&bytes[from..to]).into_owned()
            });
            assert_eq!(around, None, "{what} stands in {place}");
        }
    }

    /// Looks through every file; gives how many bytes that were.
    fn is_not_below(&self, folder: &Path) -> Result<usize> {
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            self.is_not_in(
                "a name of a file",
                path.file_name().unwrap_or_default().as_encoded_bytes(),
            );
            if path.is_dir() {
                seen += self.is_not_below(&path)?;
                continue;
            }
            // A file of a database that is in use comes and goes.
            let Ok(bytes) = std::fs::read(&path) else { continue };
            self.is_not_in(&path.display().to_string(), &bytes);
            seen += bytes.len();
        }
        Ok(seen)
    }
}

/// Writes the person into the files of a unit: one name and one number in place of the invented ones.
fn name_the_person(paths: &[std::path::PathBuf]) -> Result<()> {
    let (mut named, mut numbered) = (0, 0);
    for path in paths {
        let mut text = care_csv::decode(&std::fs::read(path)?).into_owned();
        for given in ["太郎", "花子", "一郎", "さくら", "ｶﾅ子", "三郎", "十郎"] {
            named += text.matches(given).count();
            text = text.replace(given, NAME);
        }
        let offices = [CARE_MANAGEMENT.number, HOME_HELP.number];
        let insured = text.split([',', '"', '\r', '\n']).find(|field| {
            let is_number = field.len() == 10 && field.bytes().all(|byte| byte.is_ascii_digit());
            is_number && field.starts_with("990") && !offices.contains(field)
        });
        if let Some(insured) = insured.map(str::to_owned) {
            numbered += 1;
            text = text.replace(&insured, INSURED);
        }
        std::fs::write(path, care_csv::encode(&text).context("the text is of MS932")?)?;
    }
    ensure!(
        named > 0 && numbered > 0,
        "{named} names and {numbered} numbers were written"
    );
    Ok(())
}

/// An attachment of some size with the person in its name and all through it.
fn attachment(folder: &Path, bytes: usize) -> Result<std::path::PathBuf> {
    let path = pdf(folder, &format!("{NAME}の報告.pdf"), 0)?;
    let line = format!("{NAME} {INSURED}\n");
    let content = [b"%PDF-1.7\n", line.repeat(bytes / line.len()).as_bytes()].concat();
    std::fs::write(&path, content)?;
    Ok(path)
}

async fn write_note(desk: &OpenDesk, composition: desk_ipc::CompositionId) -> Result<()> {
    let edit = EditNote {
        composition,
        delivery: None,
        note: format!("{NAME}さん（{INSURED}）のことです。"),
    };
    desk.desk.edit_note(edit).await?;
    Ok(())
}

/// A delivery past the desk's own checks, with the person in its cover.
async fn send_past(line: &SignedIn, to: Party, name: &str, content: &[u8]) -> Result<Result<DeliveryId, ProblemCode>> {
    let cover = serde_json::to_vec(&serde_json::json!({ "note": NAME, "attachments": [name] }))?;
    let parts: [(PartRole, Option<&str>, &[u8]); 2] =
        [(PartRole::Cover, None, &cover), (PartRole::Attachment, None, content)];
    send_raw(line, to, None, &parts).await
}

/// Wrong passwords and wrong IDs at both steps, and then the right ones.
async fn sign_in_after_slips(exchange: &ExampleExchange, desk: &OpenDesk) -> Result<()> {
    desk.desk.sign_out(()).await?;
    let person = |id: String, password: &str| PersonSignInStart {
        person_id: id,
        password: password.to_owned(),
        remember: false,
    };
    let at = &exchange.manager;
    let id = at.accounts.person.to_string();
    ensure!(desk.desk.sign_in_person(person(id.clone(), TYPED)).await.is_err());
    ensure!(desk.desk.sign_in_person(person(NAME.to_owned(), TYPED)).await.is_err());
    desk.desk.sign_in_person(person(id, at.office.person_password)).await?;
    let wrong = OfficeSignInStart {
        office_id: at.accounts.office.to_string(),
        password: TYPED.to_owned(),
        remember: false,
    };
    ensure!(desk.desk.sign_in_office(wrong).await.is_err());
    desk.desk.sign_in_back(()).await?;
    desk.sign_in(at.office, &at.accounts).await
}

/// What an operator's monitoring is told.
async fn metrics(url: &str) -> Result<String> {
    let address = url.strip_prefix("http://").context("an address")?;
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// The office's own part of the audit, once both confirmations are sealed.
async fn audit(line: &SignedIn) -> Result<Vec<u8>> {
    let sealed = async {
        loop {
            let mut stream = line.audit_export().await?;
            let mut all = Vec::new();
            while let Some(piece) = stream.next().await? {
                all.extend_from_slice(&piece);
            }
            if String::from_utf8_lossy(&all).matches("\"confirm\"").count() >= 2 {
                return Ok::<_, anyhow::Error>(all);
            }
            // Nobody is told when the exchange has sealed: it is asked again.
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    let patience = Duration::from_secs(60);
    tokio::time::timeout(patience, sealed)
        .await
        .context("nothing is sealed")?
}

/// What was put into the system's folder for temporary files since then, of all processes; big files are others'.
fn temporary_since(start: SystemTime, but: &Path, unsaid: &Unsaid) -> Result<()> {
    const BYTES_MAX: u64 = 1_024 * 1_024;
    for entry in std::fs::read_dir(std::env::temp_dir())?.flatten() {
        let path = entry.path();
        let Ok(facts) = entry.metadata() else { continue };
        let is_new = facts.modified().is_ok_and(|at| at >= start);
        if is_new && facts.is_file() && facts.len() <= BYTES_MAX && !but.starts_with(&path) {
            // It may be gone by now, or be somebody else's.
            if let Ok(bytes) = std::fs::read(&path) {
                unsaid.is_not_in(&path.display().to_string(), &bytes);
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_named_where_nobody_may_be() -> Result<()> {
    let start = SystemTime::now() - Duration::from_secs(1);
    let logged = Logged::of_this_process();
    let mut exchange = ExampleExchange::start().await?;
    let operations = exchange.tell_operations().await?;
    let manager = exchange.desk(&exchange.manager, TERMINAL).await?;
    let service = exchange.desk(&exchange.service, TERMINAL).await?;
    let rogue = exchange.terminal(&exchange.manager, TERMINAL).await?;
    exchange.newcomer(&exchange.manager, TYPED).await?;
    sign_in_after_slips(&exchange, &manager).await?;

    // A draft that stays, and one delivery in one request, one in chunks, one that is taken back.
    let origin = exchange.folder(&format!("{TYPED}-origin"))?;
    let (_, mut small) = unit(&origin, 70, "home_plan")?;
    name_the_person(&small)?;
    small.push(attachment(&origin, 4_000)?);
    let draft = manager.compose(CompositionMode::Compose, small.clone()).await?;
    write_note(&manager, draft.id).await?;
    manager.desk.save_draft(draft.id).await?;
    let large = exchange.folder(&format!("{TYPED}-large"))?;
    let (_, mut chunked) = unit(&large, 71, "home_schedule")?;
    name_the_person(&chunked)?;
    chunked.push(attachment(&large, 700_000)?);
    let back = exchange.folder(&format!("{TYPED}-back"))?;
    let (_, recalled) = unit(&back, 72, "home_schedule")?;
    name_the_person(&recalled)?;
    let mut sent = Vec::new();
    for files in [small, chunked, recalled] {
        let view = manager.compose(CompositionMode::Compose, files).await?;
        write_note(&manager, view.id).await?;
        manager.start_sending(view.id).await?;
        sent.push(only(&manager.sent(view.id).await?.deliveries)?.delivery);
    }
    service.arrived(&sent).await?;
    manager.desk.recall_send(DeliveryRequest { delivery: sent[2] }).await?;

    // What is refused here, and what is refused there.
    let program = origin.join(format!("{NAME}.exe"));
    std::fs::write(&program, format!("MZ\0{NAME}"))?;
    manager.compose(CompositionMode::Compose, vec![program]).await?;
    let unknown = Party::new(OfficeNumber::parse("9970199999")?, ServiceKind::parse("11")?);
    let text = format!("{NAME} {INSURED}");
    let nowhere = send_past(&rogue, unknown, &format!("{NAME}.txt"), text.as_bytes()).await?;
    assert!(nowhere.is_err());
    let program = format!("MZ\0{NAME}");
    let refused = send_past(&rogue, HOME_HELP.party()?, &format!("{NAME}.exe"), program.as_bytes()).await?;
    assert_eq!(refused, Err(ProblemCode::AttachmentKindRefused));

    // Found, listed, fetched, shown, exported, told to the help desk.
    let typed = |text: &str| ListQuery {
        text: text.to_owned(),
        ..ListQuery::default()
    };
    let found = service
        .desk
        .inbox(ListRequest {
            query: typed(NAME),
            from: 0,
            count: 10,
        })
        .await?;
    assert!(found.matching >= 2, "{found:?}");
    let search = OfficeSearch {
        text: NAME.to_owned(),
        kind: None,
        after: None,
    };
    manager.desk.search_offices(search).await?;
    let target = exchange.folder(&format!("{TYPED}-{NAME}"))?;
    service.receive(&sent[..2], &target).await?;
    for delivery in &sent[..2] {
        let of = |list| DetailRequest {
            list,
            delivery: *delivery,
        };
        manager.desk.delivery_detail(of(ListName::Outbox)).await?;
        service.desk.delivery_detail(of(ListName::Inbox)).await?;
    }
    let shown = exchange.folder(&format!("{TYPED}-shown"))?;
    service.surface.answer_save(&shown.join("list.csv"));
    let export = ListExport {
        list: ListName::Inbox,
        query: ListQuery::default(),
    };
    service.desk.export_list(export).await?;
    let list = std::fs::read(shown.join("list.csv"))?;
    assert!(
        String::from_utf8_lossy(&list).contains(NAME),
        "the person who chose the file reads it there"
    );
    let mut support = Vec::new();
    for (desk, name) in [(&manager, "support-1.txt"), (&service, "support-2.txt")] {
        let path = shown.join(name);
        desk.surface.answer_save(&path);
        desk.desk.save_support_file(()).await?.context("a support file")?;
        support.extend(std::fs::read(&path)?);
    }

    let nobody = Unsaid::of(&[NAME, INSURED, TYPED, TERMINAL, STAFF])?;
    nobody.is_not_in("the support file", &support);
    let figures = metrics(&operations).await?;
    assert!(figures.contains("careplan_ready "), "{figures}");
    nobody.is_not_in("the figures", figures.as_bytes());
    let notices = format!(
        "{:?} {:?} {:?}",
        manager.surface.notices(),
        service.surface.notices(),
        service.surface.tray()
    );
    assert!(!service.surface.notices().is_empty());
    nobody.is_not_in("a notice", notices.as_bytes());

    // Terminals and staff are the office's own to see in its audit; the person is nobody's.
    let person = Unsaid::of(&[NAME, INSURED, TYPED])?;
    let line = exchange.terminal(&exchange.service, TERMINAL).await?;
    person.is_not_in("the audit", &audit(&line).await?);
    for at in [&exchange.manager, &exchange.service] {
        let seen = nobody.is_not_below(&exchange.profile(at, TERMINAL))?;
        assert!(seen > 100_000, "only {seen} bytes of a profile were looked through");
    }
    let data = exchange.folder("exchange")?;
    let seen = person.is_not_below(&data)?;
    assert!(seen > 100_000, "only {seen} bytes of the server were looked through");
    temporary_since(start, &data, &nobody)?;

    exchange.stop().await;
    let logged = logged.text();
    for said in [
        "a request was answered",
        "/v1/inbox/{id}/claim",
        "/v1/uploads/{id}/{part}",
    ] {
        assert!(logged.contains(said), "the log says nothing of {said}");
    }
    nobody.is_not_in("the log", logged.as_bytes());
    Ok(())
}
