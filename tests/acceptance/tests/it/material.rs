//! What the stories send, and how they compare it with what arrived.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use bytes::Bytes;
use care_model::{DeliveryId, Digest, Edition, Party, ServiceMonth};
use care_samples::{SampleUnit, Samples, Size, UnitRequest};
use desk_ipc::{SendStateView, SendView};
use exchange_protocol::{DeliveryHeader, Part, PartRole, Sealing};
use test_support::{CARE_MANAGEMENT, HOME_HELP};

/// Every unit of home care between the two offices, in both directions.
pub(crate) fn all_units() -> Result<Vec<SampleUnit>> {
    let month = ServiceMonth::parse("202604")?;
    let (manager, service) = (CARE_MANAGEMENT.party()?, HOME_HELP.party()?);
    Ok(Samples::new(1).home_care(manager, service, month, Size::Recipients(3))?)
}

/// So many small schedules from the care management office.
pub(crate) fn schedules(count: usize) -> Result<Vec<SampleUnit>> {
    let mut samples = Samples::new(2);
    (0..count)
        .map(|_| {
            Ok(samples.unit(&UnitRequest {
                unit: "home_schedule",
                edition: Edition::V4,
                from: CARE_MANAGEMENT.party()?,
                to: HOME_HELP.party()?,
                month: ServiceMonth::parse("202604")?,
                size: Size::Recipients(1),
            })?)
        })
        .collect()
}

/// Writes units into a folder and gives the paths of their files.
pub(crate) fn written(units: &[SampleUnit], folder: &Path) -> Result<Vec<PathBuf>> {
    for unit in units {
        unit.write_into(folder)?;
    }
    let files = units.iter().flat_map(|unit| &unit.files);
    Ok(files.map(|file| folder.join(file.name.as_str())).collect())
}

/// Names and bytes of files.
pub(crate) fn contents(paths: &[PathBuf]) -> Result<BTreeMap<String, Vec<u8>>> {
    paths.iter().map(|path| Ok((name(path)?, fs::read(path)?))).collect()
}

/// Names and bytes of everything in the folders below a folder, each delivery having its own.
pub(crate) fn landed(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for delivery in fs::read_dir(folder)? {
        for file in fs::read_dir(delivery?.path())? {
            let path = file?.path();
            let before = found.insert(name(&path)?, fs::read(&path)?);
            anyhow::ensure!(before.is_none(), "{} landed twice", path.display());
        }
    }
    Ok(found)
}

fn name(path: &Path) -> Result<String> {
    Ok(path.file_name().context("a name")?.to_string_lossy().into_owned())
}

/// The deliveries of a send, all of which must have been accepted.
pub(crate) fn accepted(view: &SendView) -> Result<Vec<DeliveryId>> {
    view.deliveries
        .iter()
        .map(|row| match row.state {
            SendStateView::Sent { .. } => Ok(row.delivery),
            ref other => anyhow::bail!("not sent: {other:?}"),
        })
        .collect()
}

/// Bytes that do not repeat, so that a piece in the wrong place shows.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A delivery of attachments as a client puts it on the wire.
pub(crate) struct Wired {
    pub(crate) id: DeliveryId,
    pub(crate) header_json: Bytes,
    pub(crate) parts: std::sync::Arc<Vec<Bytes>>,
}

/// Such a delivery with parts of these sizes.
pub(crate) fn wired(from: Party, to: Party, sizes: &[usize]) -> Result<Wired> {
    let mut all = noise(sizes.iter().sum());
    for byte in &mut all {
        // Plain text is an attachment that both sides allow.
        *byte = b'a' + *byte % 26;
    }
    let mut rest = Bytes::from(all);
    let parts: Vec<Bytes> = sizes.iter().map(|size| rest.split_to(*size)).collect();
    let header = DeliveryHeader {
        id: DeliveryId::generate(),
        from,
        to,
        serial: None,
        unit: None,
        declared_month: None,
        declared_recipients: None,
        parts: parts
            .iter()
            .map(|bytes| Part {
                role: PartRole::Attachment,
                name: None,
                size_bytes: bytes.len() as u64,
                digest: Digest::of(bytes),
            })
            .collect(),
        sealing: Sealing::None,
    };
    Ok(Wired {
        id: header.id,
        header_json: serde_json::to_vec(&header)?.into(),
        parts: parts.into(),
    })
}
