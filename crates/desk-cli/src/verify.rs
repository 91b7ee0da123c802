//! `verify`: whether an office's part of the audit, or its record for inspections, is what the exchange wrote; needs no
//! sign-in and no server.

use std::{
    fs::File,
    io::{BufReader, Read as _},
    path::Path,
};

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use exchange_audit::{Breach, Chain, Checkpoint, Flaw, Period, Verified, VerifyError, verify};
use serde::{Deserialize, Serialize};

use crate::{
    arguments::{Arguments, Verify},
    output::{Failure, Output},
    session,
    surface::Named,
};

/// Bytes of a connection file; a real one has about two kilobytes.
const CONNECTION_BYTES_MAX: u64 = 64 * 1_024;
/// Of the time of Japan.
const SECONDS_AHEAD: i32 = 9 * 3_600;

/// What was found, for programs.
#[derive(Serialize)]
struct VerifiedLine<'a> {
    verified: bool,
    chain: &'a Chain,
    exchange: &'a str,
    made_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<Period>,
    records: u64,
    sealed: Option<&'a Checkpoint>,
    continues_earlier: bool,
}

/// What does not hold, for programs.
#[derive(Serialize)]
struct BreachLine<'a> {
    verified: bool,
    file: &'a Path,
    line: u64,
    flaw: Flaw,
    message: String,
}

/// Verifies an export, and with an earlier one that it continues that.
pub(crate) async fn verify_export(arguments: &Arguments, given: &Verify, output: &Output) -> Result<(), Failure> {
    let authority_pem = match &given.connection {
        Some(path) => authority_of(path)?,
        None => own_authority(arguments).await?,
    };
    let earlier = match &given.earlier {
        None => None,
        Some(path) => Some(judged(
            path,
            &authority_pem,
            None,
            output,
            messages::audit::earlier_bad,
        )?),
    };
    if earlier.as_ref().is_some_and(|earlier| earlier.period.is_some()) {
        return Err(Failure::Unread(messages::audit::incomparable()));
    }
    let checkpoint = earlier.as_ref().and_then(|earlier| earlier.sealed.as_ref());
    let verified = judged(&given.file, &authority_pem, checkpoint, output, messages::audit::bad)?;
    let line = VerifiedLine {
        verified: true,
        chain: &verified.chain,
        exchange: &verified.exchange,
        made_at: verified.made_at,
        period: verified.period,
        records: verified.records,
        sealed: verified.sealed.as_ref(),
        continues_earlier: earlier.is_some(),
    };
    output.say(&line, || told(&verified, earlier.is_some()));
    Ok(())
}

/// The export of a file if everything in it holds; otherwise what does not was told.
fn judged(
    path: &Path,
    authority_pem: &str,
    earlier: Option<&Checkpoint>,
    output: &Output,
    sentence: fn(u64, String) -> String,
) -> Result<Verified, Failure> {
    let file = File::open(path).map_err(|_| unread(path))?;
    match verify(BufReader::new(file), authority_pem, earlier) {
        Ok(verified) => Ok(verified),
        Err(VerifyError::Breach(Breach { line, flaw })) => {
            let breach = BreachLine {
                verified: false,
                file: path,
                line,
                flaw,
                message: flaw_text(flaw),
            };
            output.say(&breach, || {
                vec![sentence(line, flaw_text(flaw)), messages::audit::bad_next()]
            });
            Err(Failure::Told)
        }
        Err(VerifyError::Read(_)) => Err(unread(path)),
        Err(VerifyError::Incomparable) => Err(Failure::Unread(messages::audit::incomparable())),
        Err(VerifyError::Authority) => Err(Failure::Unread(messages::audit::authority_missing())),
    }
}

fn told(verified: &Verified, continues: bool) -> Vec<String> {
    let chain = match verified.chain {
        Chain::Exchange => messages::audit::of_exchange(),
        Chain::Office(office) => messages::audit::of_office(office),
    };
    if let Some(period) = verified.period {
        return vec![
            messages::audit::record_good(&verified.exchange, chain),
            messages::audit::record_period(
                day_in_japan(period.from),
                // The last day that is in it.
                day_in_japan(period.until - TimeDelta::milliseconds(1)),
                in_japan(verified.made_at),
            ),
            match verified.records {
                0 => messages::audit::record_empty(),
                records => messages::audit::record_records(records),
            },
        ];
    }
    let mut lines = vec![messages::audit::good(&verified.exchange, chain)];
    match &verified.sealed {
        None => lines.push(messages::audit::good_empty()),
        Some(sealed) => {
            lines.push(messages::audit::good_records(verified.records));
            lines.push(messages::audit::good_sealed(in_japan(sealed.at), sealed.sequence));
        }
    }
    if continues {
        lines.push(messages::audit::good_continues());
    }
    lines
}

fn in_japan(at: DateTime<Utc>) -> String {
    shown(at, "%Y-%m-%d %H:%M:%S")
}

fn day_in_japan(at: DateTime<Utc>) -> String {
    shown(at, "%Y-%m-%d")
}

fn shown(at: DateTime<Utc>, form: &str) -> String {
    match FixedOffset::east_opt(SECONDS_AHEAD) {
        Some(japan) => at.with_timezone(&japan).format(form).to_string(),
        None => at.to_rfc3339(),
    }
}

fn flaw_text(flaw: Flaw) -> String {
    match flaw {
        Flaw::NoExport => messages::audit::no_export(),
        Flaw::ForeignKey => messages::audit::foreign_key(),
        Flaw::Unreadable => messages::audit::unreadable(),
        Flaw::Head => messages::audit::head(),
        Flaw::Opening => messages::audit::opening(),
        Flaw::Receipt => messages::audit::receipt(),
        Flaw::Sequence => messages::audit::sequence(),
        Flaw::Hash => messages::audit::hash(),
        Flaw::CheckpointElsewhere => messages::audit::checkpoint_elsewhere(),
        Flaw::Signature => messages::audit::signature(),
        Flaw::Unsealed => messages::audit::unsealed(),
        Flaw::Cut => messages::audit::cut(),
        Flaw::End => messages::audit::end(),
        Flaw::BehindEnd => messages::audit::behind_end(),
        Flaw::Diverges => messages::audit::diverges(),
    }
}

/// The authority that a connection file names.
fn authority_of(path: &Path) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct ConnectionFile {
        authority_pem: String,
    }

    let file = File::open(path).map_err(|_| unread(path))?;
    let mut bytes = Vec::new();
    let read = file.take(CONNECTION_BYTES_MAX).read_to_end(&mut bytes);
    read.map_err(|_| unread(path))?;
    // Editors on Windows like to put a byte order mark in front.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let connection: ConnectionFile = serde_json::from_slice(bytes)
        .map_err(|_| Failure::Unread(messages::audit::connection_unreadable(path.display())))?;
    Ok(connection.authority_pem)
}

/// The authority that this terminal was set up with.
async fn own_authority(arguments: &Arguments) -> Result<String, Failure> {
    let (desk, _) = session::open(arguments, Named::default()).await?;
    let authority = desk.authority_pem();
    desk.shutdown().await;
    authority.ok_or_else(|| Failure::Unread(messages::audit::authority_missing()))
}

fn unread(path: &Path) -> Failure {
    Failure::Unread(messages::cli::path_unreadable(path.display()))
}
