//! Writes the first inputs of every corpus below a folder: `cargo run -p fuzz --example seeds -- crates/fuzz/corpus`.
//!
//! They are small whole files, names and requests, because changes of something right reach further than noise.
//! The connection files and what has a key behind it (`certificate_file`, `shown_certificate`) are kept as they are; the
//! others follow from the sample builder.

use std::{collections::BTreeMap, env, error::Error, fs, path::Path};

use bytes::Bytes;
use care_model::{DeliveryId, Digest, Edition, FileKind, NameReading, Party, ProblemCode, SendUnit, ServiceMonth};
use care_samples::{ExampleOffices, SampleUnit, Samples, Size, UnitRequest};
use exchange_protocol::{DeliveryHeader, Part, PartRole, Problem, Sealing, envelope};

/// Between two files of a pile.
const SEPARATOR: u8 = 0x1e;
/// Bytes of a faulty file that is kept; the one over every limit stays away.
const FAULT_BYTES_MAX: usize = 4_000;
/// Inputs by target and file name.
type Seeds = BTreeMap<(&'static str, String), Vec<u8>>;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).ok_or("the folder is missing")?;
    let mut seeds = Seeds::new();
    for edition in [Edition::V4, Edition::V3] {
        for unit in SendUnit::of_edition(edition) {
            let made = sample(unit.id, edition)?;
            names(&made, &mut seeds);
            contents(&made, edition, &mut seeds);
            piles(&made, edition, &mut seeds);
        }
    }
    faults(&mut seeds)?;
    near_misses(&mut seeds);
    requests(&mut seeds)?;
    ranges(&mut seeds);
    settings(&mut seeds);
    columns(&mut seeds)?;
    for ((target, name), bytes) in &seeds {
        let folder = Path::new(&folder).join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}

fn sample(unit: &'static str, edition: Edition) -> Result<SampleUnit, Box<dyn Error>> {
    let (from, to) = ExampleOffices::new()?.ends_of(unit);
    let request = UnitRequest {
        unit,
        edition,
        from,
        to,
        month: ServiceMonth::parse("202604")?,
        size: Size::Recipients(1),
    };
    Ok(Samples::new(7).unit(&request)?)
}

fn names(made: &SampleUnit, seeds: &mut Seeds) {
    for file in &made.files {
        let name = file.name.as_str();
        seeds.insert(("name", format!("seed-{name}")), name.as_bytes().to_vec());
    }
}

/// The files of every fault that the builder knows, each as a pile; its names by themselves.
fn faults(seeds: &mut Seeds) -> Result<(), Box<dyn Error>> {
    for fault in care_samples::faults(Edition::V4, 7, ServiceMonth::parse("202604")?)? {
        let files = fault.files.iter().filter(|(_, bytes)| bytes.len() < FAULT_BYTES_MAX);
        let files: Vec<Vec<u8>> = files
            .map(|(name, bytes)| [name.as_bytes(), b"\n", bytes].concat())
            .collect();
        seeds.insert(("bundle", format!("fault-{}", fault.id)), files.join(&SEPARATOR));
        for (name, bytes) in fault.files.iter().filter(|(name, _)| fault.faulty_files.contains(name)) {
            let key = format!("fault-{}", fault.id);
            match NameReading::of(name).standard() {
                None => {
                    seeds.insert(("name", key), name.as_bytes().to_vec());
                }
                Some(standard) if bytes.len() < FAULT_BYTES_MAX => {
                    seeds.insert(("csv", key), content(standard.kind, Edition::V4, bytes));
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

/// The names that people and programs write by mistake.
fn near_misses(seeds: &mut Seeds) {
    let right = "UPPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV";
    let wrong = [
        ("lower-case", right.to_lowercase()),
        ("wide-digits", right.replace("202604", "２０２６０４")),
        ("combining-low-line", right.replace('_', "\u{332}")),
        ("hyphens", right.replace('_', "-")),
        ("copy-1", right.replace(".CSV", " (1).CSV")),
        ("copy-ja", right.replace(".CSV", " - コピー.CSV")),
        ("office-9", right.replace("9970100013", "997010001")),
        ("serial-15", right.replace("20260326095635", "202603260956350")),
        ("text", right.replace(".CSV", ".txt")),
        ("stray-month", right.replace("UPPLAN_202604", "UPKIHON_000000")),
        ("empty", String::new()),
        ("memo", "memo.pdf".to_owned()),
    ];
    for (what, name) in wrong {
        seeds.insert(("name", format!("near-{what}")), name.into_bytes());
    }
}

/// The first byte chooses kind and edition as the target does, the second the size of the pieces.
fn content(kind: FileKind, edition: Edition, bytes: &[u8]) -> Vec<u8> {
    let kinds = FileKind::ALL;
    let place = kinds.iter().position(|known| *known == kind).unwrap_or(0);
    let choice = if edition == Edition::V3 {
        place + kinds.len()
    } else {
        place
    };
    [&[u8::try_from(choice).unwrap_or(0), 99], bytes].concat()
}

fn contents(made: &SampleUnit, edition: Edition, seeds: &mut Seeds) {
    for file in &made.files {
        let input = content(file.name.kind, edition, &file.bytes);
        let name = format!("seed-{}-{}", file.name.kind.prefix(), short(edition));
        // A program that writes UTF-8 and LF, for the repair.
        let text = care_csv::decode(&file.bytes).replace("\r\n", "\n").into_bytes();
        let wrong = [&input[..1], &[1], &text].concat();
        seeds.insert(("repair", format!("{name}-utf8")), wrong);
        seeds.insert(("text", name.clone()), input.clone());
        seeds.insert(("csv", name), input);
    }
}

fn piles(made: &SampleUnit, edition: Edition, seeds: &mut Seeds) {
    let files: Vec<Vec<u8>> = made
        .files
        .iter()
        .map(|file| [file.name.as_str().as_bytes(), b"\n", &file.bytes].concat())
        .collect();
    let name = |what: &str| format!("seed-{}-{}-{what}", made.unit, short(edition));
    seeds.insert(("bundle", name("whole")), files.join(&SEPARATOR));
    seeds.insert(("reading", name("whole")), files.join(&SEPARATOR));
    if let Some((_, rest)) = files.split_first().filter(|(_, rest)| !rest.is_empty()) {
        seeds.insert(("bundle", name("first-missing")), rest.join(&SEPARATOR));
    }
}

fn short(edition: Edition) -> &'static str {
    match edition {
        Edition::V4 => "v4",
        Edition::V3 => "v3",
    }
}

/// A delivery in one request, and refusals.
fn requests(seeds: &mut Seeds) -> Result<(), Box<dyn Error>> {
    let offices = ExampleOffices::new()?;
    for (what, parts) in [
        ("one", vec![("UPPLAN_202604.CSV", "202407,990010")]),
        ("two", vec![("A.CSV", "one"), ("B.CSV", "")]),
    ] {
        let header = header(offices.care_management, offices.home_help, &parts)?;
        let parts: Vec<Bytes> = parts
            .iter()
            .map(|(_, text)| Bytes::from_static(text.as_bytes()))
            .collect();
        let body = envelope::write(&serde_json::to_vec(&header)?, &parts);
        seeds.insert(("envelope", format!("seed-{what}")), body.to_vec());
    }
    for code in [ProblemCode::DestinationUnknown, ProblemCode::ServerBusy] {
        let problem = Problem::new(code).with("max", 3);
        seeds.insert(("problem", format!("seed-{code}")), serde_json::to_vec(&problem)?);
    }
    Ok(())
}

/// What a terminal asks for, and what an answer says it holds.
fn ranges(seeds: &mut Seeds) {
    for (what, text) in [
        ("from", "bytes=0-"),
        ("between", "bytes=5-9"),
        ("last", "bytes=-3"),
        ("two", "bytes=0-1,3-4"),
        ("backwards", "bytes=9-5"),
        ("largest", "bytes=18446744073709551615-18446744073709551615"),
        ("held", "bytes 5-9/10"),
        ("held-largest", "bytes 0-18446744073709551614/18446744073709551615"),
        ("held-of-unknown", "bytes 5-9/*"),
    ] {
        seeds.insert(("range", format!("seed-{what}")), text.into());
    }
}

/// The files of the shared engine and of the mail server, and lines with an address and names.
fn settings(seeds: &mut Seeds) {
    let engine = r#"database = "postgres://exchange:geheim@db.example/exchange"
[bucket]
endpoint = "https://s3.example"
name = "exchange"
prefix = "a/"
region = "ap-northeast-1"
access_key_id = "id"
secret_access_key = "geheim"
"#;
    let mail = r#"host = "smtp.example.jp"
port = 465
tls = "tls"
user = "exchange"
password = "geheim"
from = "oshirase@example.jp"
after_hours = 2
"#;
    let here = "host = \"localhost\"\ntls = \"none\"\nfrom = \"oshirase@example.jp\"\n";
    let digits = |text: &str| text.replace("= \"geheim\"", "= 7531594862");
    for (what, text) in [
        ("engine", engine.to_owned()),
        ("engine-secret-of-digits", digits(engine)),
        ("mail", mail.to_owned()),
        ("mail-here", here.to_owned()),
        ("mail-password-of-digits", digits(mail)),
        (
            "traces",
            "http://127.0.0.1:4318\nlocalhost\n127.0.0.1\n::1\n".to_owned(),
        ),
        (
            "traces-path",
            "http://collector.example.jp/v2/traces\nexchange.example.jp\n".to_owned(),
        ),
    ] {
        seeds.insert(("settings", format!("seed-{what}")), text.into_bytes());
    }
}

/// What stands in columns of the server's rows.
fn columns(seeds: &mut Seeds) -> Result<(), Box<dyn Error>> {
    let offices = ExampleOffices::new()?;
    let parts = [("UPPLAN_202604.CSV", "202407,990010")];
    let header = header(offices.care_management, offices.home_help, &parts)?;
    let json = serde_json::to_vec(&header)?;
    for (what, column) in [
        ("header-torn", json[..json.len() / 2].to_vec()),
        ("header", json),
        ("id", header.id.as_bytes().to_vec()),
        ("digest", Digest::of(b"one").as_bytes().to_vec()),
        ("office", b"9970100013".to_vec()),
        ("kinds", b"43,11,A2".to_vec()),
        ("time", b"1790000000000".to_vec()),
        ("number-largest", i64::MAX.to_string().into_bytes()),
        ("number-least", i64::MIN.to_be_bytes().to_vec()),
        (
            "outgoing",
            br#"{"state":"queued","tries":3,"not_before":"2026-12-01T00:00:00Z","maybe_sent":true}"#.to_vec(),
        ),
        (
            "outgoing-held",
            br#"{"state":"held","problem":"destination_unknown","maybe_sent":false}"#.to_vec(),
        ),
        ("incoming", br#"{"state":"landing","fence":2}"#.to_vec()),
    ] {
        seeds.insert(("stored", format!("seed-{what}")), column);
    }
    Ok(())
}

fn header(from: Party, to: Party, parts: &[(&str, &str)]) -> Result<DeliveryHeader, Box<dyn Error>> {
    Ok(DeliveryHeader {
        // A fixed id, so that the seeds are the same every time.
        id: serde_json::from_str::<DeliveryId>("\"019abd00-0000-7000-8000-000000000001\"")?,
        from,
        to,
        serial: Some(care_model::Serial::parse("20260326095635")?),
        unit: Some("home_schedule".to_owned()),
        declared_month: Some(ServiceMonth::parse("202604")?),
        declared_recipients: Some(1),
        parts: parts
            .iter()
            .map(|(name, text)| Part {
                role: PartRole::StandardFile,
                name: Some((*name).to_owned()),
                size_bytes: text.len() as u64,
                digest: Digest::of(text.as_bytes()),
            })
            .collect(),
        sealing: Sealing::None,
    })
}
