//! Hashes over lines, and the signatures that stand for all lines up to one.

use std::fmt;

use aws_lc_rs::signature::Ed25519KeyPair;
use care_model::{Digest, ShapeError};
use chrono::{DateTime, Utc};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::{Chain, Opening, Receipt, Record, record::instant};

/// In front of what is hashed and signed, so that no signature of one kind is one of another.
const FIRST_HASH: &[u8] = b"careplan-audit chain 1\n";
const CHECKPOINT: &[u8] = b"careplan-audit checkpoint 1\n";
const END: &[u8] = b"careplan-audit end 1\n";
const OPENING: &[u8] = b"careplan-audit opening 1\n";
const RECEIPT: &[u8] = b"careplan-audit receipt 1\n";

/// A line could not be written as JSON.
#[derive(Debug, Error)]
#[error("a line of the audit could not be written")]
pub struct WriteError(#[from] pub(crate) serde_json::Error);

/// The hash before a chain's first line. It stands for the chain's name, so that no line fits another chain.
pub fn first_hash(chain: &Chain) -> Digest {
    let hash = Sha256::new().chain_update(FIRST_HASH).chain_update(chain.name());
    Digest::from_bytes(hash.finalize().into())
}

/// The hash of a line: SHA-256 over the hash before it and its JSON.
pub fn next_hash(previous: &Digest, record: &Record) -> Result<Digest, WriteError> {
    let json = serde_json::to_vec(record)?;
    let hash = Sha256::new().chain_update(previous.as_bytes()).chain_update(json);
    Ok(Digest::from_bytes(hash.finalize().into()))
}

/// All of a chain up to a line, as it was at a moment. Signed within seconds of the act (D10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Which chain.
    pub chain: Chain,
    /// The last line that it stands for.
    pub sequence: u64,
    /// That line's hash, and so every line's before it.
    pub hash: Digest,
    /// When it was signed.
    #[serde(with = "instant")]
    pub at: DateTime<Utc>,
}

/// The last line of an export: all that is before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Records in the export.
    pub records: u64,
    /// Checkpoints in the export.
    pub checkpoints: u64,
    /// SHA-256 over every byte before this line.
    pub digest: Digest,
}

/// What is signed, byte for byte.
pub(crate) trait Signed: Serialize {
    /// What stands in front of its JSON.
    const KIND: &'static [u8];

    fn message(&self) -> Result<Vec<u8>, WriteError> {
        let mut message = Self::KIND.to_vec();
        serde_json::to_writer(&mut message, self)?;
        Ok(message)
    }
}

impl Signed for Checkpoint {
    const KIND: &'static [u8] = CHECKPOINT;
}

impl Signed for End {
    const KIND: &'static [u8] = END;
}

impl Signed for Opening {
    const KIND: &'static [u8] = OPENING;
}

impl Signed for Receipt {
    const KIND: &'static [u8] = RECEIPT;
}

/// An Ed25519 signature; the same key signs the same bytes to the same signature.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature([u8; 64]);

impl Signature {
    /// Takes the 64 bytes as stored.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, ShapeError> {
        let bytes = bytes.try_into().map_err(|_| ShapeError { kind: "signature" })?;
        Ok(Self(bytes))
    }

    /// The 64 bytes to store.
    pub fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(…)")
    }
}

impl TryFrom<String> for Signature {
    type Error = ShapeError;
    fn try_from(text: String) -> Result<Self, ShapeError> {
        // Two digests of hexadecimal characters side by side, read as such.
        let error = ShapeError { kind: "signature" };
        let (first, second) = text.split_at_checked(64).ok_or(error)?;
        let (first, second) = (Digest::parse(first)?, Digest::parse(second)?);
        Self::from_slice(&[first.as_bytes().as_slice(), second.as_bytes()].concat())
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> Self {
        signature.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The exchange's audit key with its certificate.
pub struct Signer {
    key: Ed25519KeyPair,
    certificate_pem: String,
}

/// The audit key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the audit key cannot be used")]
pub struct SignerError;

/// The key is never printed.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// Takes an Ed25519 key in PKCS#8 and the certificate that the authority issued for it, both in PEM.
    pub fn new(key_pem: &str, certificate_pem: String) -> Result<Self, SignerError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|_| SignerError)?;
        let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der()).map_err(|_| SignerError)?;
        Ok(Self { key, certificate_pem })
    }

    /// The certificate in PEM: what an export carries.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Signs a checkpoint.
    pub fn sign_checkpoint(&self, checkpoint: &Checkpoint) -> Result<Signature, WriteError> {
        self.sign(checkpoint)
    }

    pub(crate) fn sign(&self, what: &impl Signed) -> Result<Signature, WriteError> {
        let signature = self.key.sign(&what.message()?);
        // Ed25519 signatures have 64 bytes.
        let mut bytes = [0; 64];
        bytes.copy_from_slice(signature.as_ref());
        Ok(Signature(bytes))
    }
}
