//! What is sent: bundles of the standard, made beforehand, each under names and a cover of its own.

use anyhow::{Context, Result};
use bytes::Bytes;
use care_model::{
    Address, DeliveryId, Digest, Edition, ExchangeFileName, FileKind, NameMonth, Party, Serial, ServiceMonth,
};
use care_samples::{SampleUnit, Samples, Size, UnitRequest};
use exchange_protocol::{DeliveryHeader, Part, PartRole, Sealing};

/// Bundles of each kind that are made; more would be more of the same.
const BUNDLES: u32 = 64;
/// Care recipients of the largest bundle; the smallest has one.
const RECIPIENTS_MAX: u32 = 12;
const MONTH: &str = "202604";

/// From an office that plans to one that serves, and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A schedule of who plans care.
    Plan,
    /// What was done, by who gives it.
    Actual,
}

impl Way {
    fn unit(self) -> &'static str {
        match self {
            Self::Plan => "home_schedule",
            Self::Actual => "home_actual",
        }
    }
}

/// Bundles whose bytes are made and digested.
#[derive(Debug)]
pub struct Stock {
    plans: Vec<Bundle>,
    actuals: Vec<Bundle>,
    month: ServiceMonth,
}

#[derive(Debug)]
struct Bundle {
    recipients: u32,
    files: Vec<(FileKind, NameMonth, Bytes, Digest)>,
}

/// A delivery that is ready to leave.
#[derive(Debug)]
pub struct Outgoing {
    /// Its identity, new.
    pub id: DeliveryId,
    /// Its header as it travels.
    pub header_json: Vec<u8>,
    /// The cover and the files.
    pub parts: Vec<Bytes>,
    /// Of each part.
    pub digests: Vec<Digest>,
}

impl Outgoing {
    /// Bytes of its parts.
    pub fn size_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.len() as u64).sum()
    }
}

impl Stock {
    /// Makes the bundles that follow from a seed, of one office that plans and one that serves.
    pub fn make(seed: u64, planner: Party, provider: Party) -> Result<Self> {
        let month = ServiceMonth::parse(MONTH)?;
        let mut samples = Samples::new(seed);
        let mut make = |way: Way, from, to| {
            (0..BUNDLES)
                .map(|number| {
                    let recipients = 1 + number % RECIPIENTS_MAX;
                    let unit = samples.unit(&UnitRequest {
                        unit: way.unit(),
                        edition: Edition::V4,
                        from,
                        to,
                        month,
                        size: Size::Recipients(recipients),
                    })?;
                    Ok(Bundle::of(recipients, unit))
                })
                .collect::<Result<Vec<_>>>()
        };
        Ok(Self {
            plans: make(Way::Plan, planner, provider)?,
            actuals: make(Way::Actual, provider, planner)?,
            month,
        })
    }

    /// The delivery of a number: another number is another serial, another cover, and mostly another bundle.
    pub fn delivery(&self, number: u64, way: Way, from: Party, to: Party) -> Result<Outgoing> {
        let bundles = match way {
            Way::Plan => &self.plans,
            Way::Actual => &self.actuals,
        };
        let bundle = &bundles[usize::try_from(number % bundles.len() as u64)?];
        let serial = Serial::parse(&format!("202603{:08}", number % 100_000_000))?;
        let id = DeliveryId::generate();
        let cover = Bytes::from(format!("{{\"note\":\"{number} {id}\",\"attachments\":[]}}"));
        let mut parts = vec![Part {
            role: PartRole::Cover,
            name: None,
            size_bytes: cover.len() as u64,
            digest: Digest::of(&cover),
        }];
        let mut bytes = vec![cover];
        let address = |party: Party| Address {
            office: party.office,
            kind: Some(party.kind),
        };
        for (kind, month, content, digest) in &bundle.files {
            let name = ExchangeFileName::from_parts(*kind, *month, address(from), address(to), serial, None);
            parts.push(Part {
                role: PartRole::StandardFile,
                name: Some(name.context("a name of the standard")?.as_str().to_owned()),
                size_bytes: content.len() as u64,
                digest: *digest,
            });
            bytes.push(content.clone());
        }
        let digests = parts.iter().map(|part| part.digest).collect();
        let header = DeliveryHeader {
            id,
            from,
            to,
            serial: Some(serial),
            unit: Some(way.unit().to_owned()),
            declared_month: Some(self.month),
            declared_recipients: Some(bundle.recipients),
            parts,
            sealing: Sealing::None,
        };
        Ok(Outgoing {
            id,
            header_json: serde_json::to_vec(&header)?,
            parts: bytes,
            digests,
        })
    }
}

impl Bundle {
    fn of(recipients: u32, unit: SampleUnit) -> Self {
        let files = unit.files.into_iter().map(|file| {
            let digest = Digest::of(&file.bytes);
            (file.name.kind, file.name.month, Bytes::from(file.bytes), digest)
        });
        Self {
            recipients,
            files: files.collect(),
        }
    }
}
