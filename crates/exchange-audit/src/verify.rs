//! Reading an export and finding what is wrong with it, with the authority's certificate alone.

use std::io::{self, BufRead, Read as _};

use care_model::Digest;
use chrono::{DateTime, Utc};
use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject as _};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, aws_lc_rs as algorithms};

use crate::{
    Chain, Checkpoint, Entry, Head, Period, Signature, WriteError,
    export::{FORM, Line},
    first_hash, next_hash,
    signed::Signed,
};

/// Bytes of one line: the longest one is the receipt of a delivery of many files, made from a header of 256 KiB at most.
const LINE_BYTES_MAX: u64 = 512 * 1_024;
/// What the audit key's certificate is issued for: id-kp-timeStamping. Terminals' and servers' are for TLS alone.
const PURPOSE: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];

/// An export in which everything holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Whose chain it is.
    pub chain: Chain,
    /// What the exchange is called.
    pub exchange: String,
    /// When it was taken out.
    pub made_at: DateTime<Utc>,
    /// Of which period it is, if it is an inspection record.
    pub period: Option<Period>,
    /// How many acts it tells of.
    pub records: u64,
    /// The last checkpoint: up to where it is signed. None if there is no act in it, and of an inspection record.
    pub sealed: Option<Checkpoint>,
}

/// Something in an export does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Breach {
    /// In which line, from 1.
    pub line: u64,
    /// What it is.
    pub flaw: Flaw,
}

/// What can be wrong with an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// It is no export of an audit, or of a newer form.
    NoExport,
    /// The signing key is not vouched for by this exchange's authority.
    ForeignKey,
    /// The line is none that an exchange writes.
    Unreadable,
    /// The first line is not the one that the second one signs.
    Head,
    /// The second line of an inspection record is missing.
    Opening,
    /// A line is missing, doubled, or at another place.
    Sequence,
    /// The line, or one before it, was changed.
    Hash,
    /// A checkpoint of another chain, or of another place.
    CheckpointElsewhere,
    /// A receipt is missing, doubled, or at another place, or it is another delivery's.
    Receipt,
    /// A signature is not the signing key's.
    Signature,
    /// Acts at the end that no checkpoint stands for.
    Unsealed,
    /// The end is missing.
    Cut,
    /// The last line counts or digests something else.
    End,
    /// There is something behind the end.
    BehindEnd,
    /// It does not continue the earlier export.
    Diverges,
}

/// Why an export was not verified.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// It could not be read.
    #[error("the export cannot be read")]
    Read(#[from] io::Error),
    /// The authority's certificate is none.
    #[error("the authority's certificate cannot be read")]
    Authority,
    /// It or the earlier one is an inspection record: only exports of whole chains are compared.
    #[error("an inspection record is compared with nothing")]
    Incomparable,
    /// Something in it does not hold.
    #[error("line {} does not hold", .0.line)]
    Breach(Breach),
}

/// Verifies an export against the authority's certificate in PEM. With the last checkpoint of an earlier export of the
/// same chain it is also found whether this one continues that one.
pub fn verify(
    export: impl BufRead,
    authority_pem: &str,
    earlier: Option<&Checkpoint>,
) -> Result<Verified, VerifyError> {
    verify_each(export, authority_pem, earlier, |_| ())
}

/// The same; hands every act over as it is read. What was handed over counts only once all of it was verified.
pub fn verify_each(
    export: impl BufRead,
    authority_pem: &str,
    earlier: Option<&Checkpoint>,
    each: impl FnMut(Entry),
) -> Result<Verified, VerifyError> {
    let mut lines = Lines {
        export,
        number: 0,
        digest: Sha256::new(),
    };
    let first = lines.next()?;
    let of_first = Digest::from_bytes(lines.digest.clone().finalize().into());
    let Some(Line::Head(head)) = first.filter(|line| matches!(line, Line::Head(head) if head.careplan_audit == FORM))
    else {
        return Err(lines.breach(Flaw::NoExport));
    };
    let authority = CertificateDer::from_pem_slice(authority_pem.as_bytes()).map_err(|_| VerifyError::Authority)?;
    let anchor = anchor_from_trusted_cert(&authority).map_err(|_| VerifyError::Authority)?;
    let certificate =
        CertificateDer::from_pem_slice(head.certificate.as_bytes()).map_err(|_| lines.breach(Flaw::ForeignKey))?;
    let key = EndEntityCert::try_from(&certificate).map_err(|_| lines.breach(Flaw::ForeignKey))?;
    // An export is judged by its own time: it is evidence for years.
    let made_at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(
        u64::try_from(head.made_at.timestamp()).unwrap_or(0),
    ));
    key.verify_for_usage(
        &[
            algorithms::ECDSA_P256_SHA256,
            algorithms::ECDSA_P384_SHA384,
            algorithms::ED25519,
        ],
        &[anchor],
        &[],
        made_at,
        KeyUsage::required(PURPOSE),
        None,
        None,
    )
    .map_err(|_| lines.breach(Flaw::ForeignKey))?;
    if earlier.is_some_and(|earlier| earlier.chain != head.chain) {
        return Err(lines.breach(Flaw::Diverges));
    }
    if earlier.is_some() && head.period.is_some() {
        return Err(VerifyError::Incomparable);
    }
    let after = match head.period {
        None => (0, first_hash(&head.chain)),
        Some(_) => opening(&mut lines, &key, of_first)?,
    };
    walk(&mut lines, &key, head, after, earlier, each)
}

/// The place in the chain at which an inspection record begins.
fn opening(
    lines: &mut Lines<impl BufRead>,
    key: &EndEntityCert<'_>,
    of_first: Digest,
) -> Result<(u64, Digest), VerifyError> {
    let Some(line) = lines.next()? else {
        return Err(lines.breach(Flaw::Cut));
    };
    let Line::Opening { of, signature } = line else {
        return Err(lines.breach(Flaw::Opening));
    };
    lines.signed(key, &of, signature)?;
    if of.head != of_first {
        // The opening is the exchange's own word, so it is the line before it that was changed.
        return Err(changed_head());
    }
    Ok((of.sequence, of.hash))
}

fn changed_head() -> VerifyError {
    VerifyError::Breach(Breach {
        line: 1,
        flaw: Flaw::Head,
    })
}

fn walk(
    lines: &mut Lines<impl BufRead>,
    key: &EndEntityCert<'_>,
    head: Head,
    (mut sequence, mut hash): (u64, Digest),
    earlier: Option<&Checkpoint>,
    mut each: impl FnMut(Entry),
) -> Result<Verified, VerifyError> {
    let (mut records, mut checkpoints) = (0, 0);
    let mut sealed: Option<Checkpoint> = None;
    // A record that waits for its receipt.
    let mut due: Option<Entry> = None;
    loop {
        let before = lines.digest.clone();
        let Some(line) = lines.next()? else {
            return Err(lines.breach(Flaw::Cut));
        };
        if let Some(mut entry) = due.take() {
            match line {
                Line::Receipt { of, signature }
                    if of.record == entry.hash && entry.record.receipted() == Some(of.delivery) =>
                {
                    lines.signed(key, &of, signature)?;
                    entry.receipt = Some(of);
                    each(entry);
                }
                _ => return Err(lines.breach(Flaw::Receipt)),
            }
            continue;
        }
        match line {
            // Only the head of an inspection record has an opening behind it, so that head lost its period.
            Line::Opening { .. } if lines.number == 2 => return Err(changed_head()),
            Line::Head(_) | Line::Opening { .. } => return Err(lines.breach(Flaw::Unreadable)),
            Line::Receipt { .. } => return Err(lines.breach(Flaw::Receipt)),
            Line::Record { of, hash: told } => {
                if of.sequence != sequence + 1 {
                    return Err(lines.breach(Flaw::Sequence));
                }
                sequence = of.sequence;
                hash = next_hash(&hash, &of).map_err(|_| lines.breach(Flaw::Unreadable))?;
                if hash != told {
                    return Err(lines.breach(Flaw::Hash));
                }
                if earlier.is_some_and(|earlier| earlier.sequence == sequence && earlier.hash != hash) {
                    return Err(lines.breach(Flaw::Diverges));
                }
                records += 1;
                let entry = Entry {
                    line: lines.number,
                    record: of,
                    hash,
                    receipt: None,
                };
                if head.period.is_some() && entry.record.receipted().is_some() {
                    due = Some(entry);
                } else {
                    each(entry);
                }
            }
            Line::Checkpoint { of, signature } => {
                let is_again = sealed.as_ref().is_some_and(|sealed| sealed.sequence == sequence);
                if of.chain != head.chain || of.sequence != sequence || of.hash != hash || is_again {
                    return Err(lines.breach(Flaw::CheckpointElsewhere));
                }
                lines.signed(key, &of, signature)?;
                checkpoints += 1;
                sealed = Some(of);
            }
            Line::End { of, signature } => {
                lines.signed(key, &of, signature)?;
                let digest = Digest::from_bytes(before.finalize().into());
                if (of.records, of.checkpoints, of.digest) != (records, checkpoints, digest) {
                    return Err(lines.breach(Flaw::End));
                }
                let is_sealed = sealed.as_ref().map_or(0, |sealed| sealed.sequence) == sequence;
                if head.period.is_none() && !is_sealed {
                    return Err(lines.breach(Flaw::Unsealed));
                }
                if earlier.is_some_and(|earlier| earlier.sequence > sequence) {
                    return Err(lines.breach(Flaw::Diverges));
                }
                if lines.next()?.is_some() {
                    return Err(lines.breach(Flaw::BehindEnd));
                }
                return Ok(Verified {
                    chain: head.chain,
                    exchange: head.exchange,
                    made_at: head.made_at,
                    period: head.period,
                    records,
                    sealed,
                });
            }
        }
    }
}

/// The lines of an export, with where we are and what came so far.
struct Lines<R> {
    export: R,
    number: u64,
    digest: Sha256,
}

impl<R: BufRead> Lines<R> {
    /// The next line, which must be written exactly as we would write it; none at the end.
    fn next(&mut self) -> Result<Option<Line>, VerifyError> {
        let mut bytes = Vec::new();
        self.export
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut bytes)?;
        self.number += 1;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.digest.update(&bytes);
        let flaw = if self.number == 1 {
            Flaw::NoExport
        } else {
            Flaw::Unreadable
        };
        let line: Line = serde_json::from_slice(&bytes).map_err(|_| self.breach(flaw))?;
        match line.written() {
            Ok(written) if written == bytes => Ok(Some(line)),
            Ok(_) | Err(WriteError(_)) => Err(self.breach(flaw)),
        }
    }

    fn signed(&self, key: &EndEntityCert<'_>, what: &impl Signed, signature: Signature) -> Result<(), VerifyError> {
        let message = what.message().map_err(|_| self.breach(Flaw::Unreadable))?;
        key.verify_signature(algorithms::ED25519, &message, signature.as_bytes())
            .map_err(|_| self.breach(Flaw::Signature))
    }

    fn breach(&self, flaw: Flaw) -> VerifyError {
        VerifyError::Breach(Breach {
            line: self.number,
            flaw,
        })
    }
}
