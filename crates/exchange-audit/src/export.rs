//! Writing an export, line by line.

use care_model::Digest;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    Chain, Checkpoint, End, Opening, Period, Place, Receipt, Record, Signature, Signer, WriteError, record::instant,
};

/// The version of the form of exports.
pub(crate) const FORM: u32 = 1;

/// The first line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The form of the export, 1 today.
    pub careplan_audit: u32,
    /// Whose chain it is.
    pub chain: Chain,
    /// What the exchange is called.
    pub exchange: String,
    /// When it was taken out.
    #[serde(with = "instant")]
    pub made_at: DateTime<Utc>,
    /// Of which period it is, if it is an inspection record; none of a whole chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// The certificate of the signing key in PEM, issued by the exchange's authority.
    pub certificate: String,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    Head(Head),
    Opening { of: Opening, signature: Signature },
    Record { of: Record, hash: Digest },
    Receipt { of: Receipt, signature: Signature },
    Checkpoint { of: Checkpoint, signature: Signature },
    End { of: End, signature: Signature },
}

impl Line {
    /// The line's bytes, with the line feed.
    pub(crate) fn written(&self) -> Result<Vec<u8>, WriteError> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// An export that is being written. The caller keeps the lines that come out, in their order.
#[derive(Debug)]
pub struct Export {
    digest: Sha256,
    records: u64,
    checkpoints: u64,
}

impl Export {
    /// Begins the export of a whole chain; gives its first line.
    pub fn begin(
        chain: Chain,
        exchange: String,
        signer: &Signer,
        made_at: DateTime<Utc>,
    ) -> Result<(Self, Vec<u8>), WriteError> {
        let mut export = Self {
            digest: Sha256::new(),
            records: 0,
            checkpoints: 0,
        };
        let head = export.line(&Line::Head(Head {
            careplan_audit: FORM,
            chain,
            exchange,
            made_at,
            period: None,
            certificate: signer.certificate_pem().to_owned(),
        }))?;
        Ok((export, head))
    }

    /// Begins an inspection record, which goes on after a place of the chain; gives its first two lines. Each record
    /// that has a [receipt](Record::receipted) gets it right behind it, and checkpoints stand in it nowhere: its last
    /// line signs all of it.
    pub fn begin_period(
        chain: Chain,
        exchange: String,
        signer: &Signer,
        made_at: DateTime<Utc>,
        period: Period,
        after: Place,
    ) -> Result<(Self, Vec<u8>), WriteError> {
        let mut export = Self {
            digest: Sha256::new(),
            records: 0,
            checkpoints: 0,
        };
        let mut bytes = export.line(&Line::Head(Head {
            careplan_audit: FORM,
            chain,
            exchange,
            made_at,
            period: Some(period),
            certificate: signer.certificate_pem().to_owned(),
        }))?;
        let opening = Opening {
            head: Digest::from_bytes(Sha256::digest(&bytes).into()),
            sequence: after.sequence,
            hash: after.hash,
        };
        let signature = signer.sign(&opening)?;
        bytes.extend(export.line(&Line::Opening { of: opening, signature })?);
        Ok((export, bytes))
    }

    /// The line of a receipt, right behind its record.
    pub fn receipt(&mut self, receipt: Receipt, signer: &Signer) -> Result<Vec<u8>, WriteError> {
        let signature = signer.sign(&receipt)?;
        self.line(&Line::Receipt { of: receipt, signature })
    }

    /// The line of a record.
    pub fn record(&mut self, record: Record, hash: Digest) -> Result<Vec<u8>, WriteError> {
        self.records += 1;
        self.line(&Line::Record { of: record, hash })
    }

    /// The line of a checkpoint; it comes right behind the record that it stands for.
    pub fn checkpoint(&mut self, checkpoint: Checkpoint, signature: Signature) -> Result<Vec<u8>, WriteError> {
        self.checkpoints += 1;
        self.line(&Line::Checkpoint {
            of: checkpoint,
            signature,
        })
    }

    /// The last line, without which an export was cut off.
    pub fn end(self, signer: &Signer) -> Result<Vec<u8>, WriteError> {
        let end = End {
            records: self.records,
            checkpoints: self.checkpoints,
            digest: Digest::from_bytes(self.digest.finalize().into()),
        };
        let signature = signer.sign(&end)?;
        Line::End { of: end, signature }.written()
    }

    fn line(&mut self, line: &Line) -> Result<Vec<u8>, WriteError> {
        let bytes = line.written()?;
        self.digest.update(&bytes);
        Ok(bytes)
    }
}
