//! Copies of what was received, for 内容を見る: of the files that are read, and no longer than is set (D14, ADR 53).
//!
//! A copy is made of what landed, after everything else about it is done: no claim, no landing and no confirmation
//! waits for it, and what becomes of it changes nothing of them. A process that dies before, or a disk that is full,
//! leaves a delivery without a copy; it is made later, for as long as the files lie where they landed.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use care_model::{DeliveryId, Digest, ExchangeFileName, ProblemCode, limits};
use chrono::{DateTime, TimeDelta, Utc};
use desk_ipc::{CommandError, DeskEvent};
use exchange_flow::pickup::PickupState;
use exchange_protocol::{DeliveryHeader, PartRole};

use crate::{
    core::Core,
    cover::Cover,
    spool::{CopyError, Spool},
    store::{CopiedPart, ReceivedCopy},
};

/// A delivery that was received, with its copy.
pub(crate) struct Received {
    pub(crate) header: DeliveryHeader,
    pub(crate) cover: Cover,
    pub(crate) copies: Vec<CopiedPart>,
}

/// A file to be copied.
struct Wanted {
    part: usize,
    path: PathBuf,
    size_bytes: u64,
    digest: Digest,
}

impl Core {
    /// What was received, from its copy; refused where there is none.
    pub(crate) async fn received(&self, delivery: DeliveryId) -> Result<Received, CommandError> {
        let gone = || CommandError::new(ProblemCode::ReceivedCopyGone).with("days", self.settings().kept_days);
        // What has just landed need not have one yet. Why one cannot be made is no reason to say nothing.
        if self.keep_received(delivery).await {
            self.tell(DeskEvent::InboxChanged);
        }
        // The sweep waits until the copies were found.
        let compositions = self.compositions.lock().await;
        let ReceivedCopy::Made(copies) = self.store.received_copy(delivery).await? else {
            return Err(gone());
        };
        let places: Vec<_> = copies.iter().map(|copy| copy.place.clone()).collect();
        let whole = self
            .blocking(move |spool| Ok(places.iter().all(|place| spool.holds(place))))
            .await?;
        drop(compositions);
        let listed = self.store.inbox_entry(delivery).await?;
        let listed = listed.filter(|_| whole).ok_or_else(gone)?;
        Ok(Received {
            header: listed.entry.header,
            cover: listed.cover.unwrap_or_default(),
            copies,
        })
    }

    /// Copies what has just landed. The desk closes after that, so that what takes the files away may follow at once.
    pub(crate) fn begin_keeping(self: &Arc<Self>, delivery: DeliveryId) {
        let (core, transfer) = (Arc::clone(self), self.begin_transfer());
        tokio::spawn(async move {
            let _transfer = transfer;
            if core.keep_received(delivery).await {
                core.tell(DeskEvent::InboxChanged);
            }
        });
    }

    /// Copies whatever landed in the days that are set and has no copy.
    pub(crate) async fn keep_all_received(&self) -> Result<(), CommandError> {
        let mut kept = false;
        if self.settings().keeps_copies() {
            for delivery in self.store.received_without_copy(self.kept_since()).await? {
                if self.closing.is_cancelled() {
                    break;
                }
                kept |= self.keep_received(delivery).await;
            }
        }
        if kept {
            self.tell(DeskEvent::InboxChanged);
        }
        Ok(())
    }

    /// Forgets copies that are older than is set; answers how many.
    pub(crate) async fn forget_received(&self) -> Result<u64, CommandError> {
        Ok(self.store.forget_received(self.kept_since()).await?)
    }

    fn kept_since(&self) -> DateTime<Utc> {
        self.now() - TimeDelta::days(i64::from(self.settings().kept_days))
    }

    /// Copies a delivery that landed here, unless that was done. True if there is a copy now that was not there before.
    async fn keep_received(&self, delivery: DeliveryId) -> bool {
        let _one = self.keeping_received.lock().await;
        match self.keep_landed(delivery).await {
            Ok(kept) => kept,
            Err(error) => {
                tracing::warn!(
                    code = error.code.as_str(),
                    "what was received cannot be copied; it is tried again later"
                );
                false
            }
        }
    }

    async fn keep_landed(&self, delivery: DeliveryId) -> Result<bool, CommandError> {
        let missing = matches!(self.store.received_copy(delivery).await?, ReceivedCopy::Missing);
        if !missing || !self.settings().keeps_copies() {
            return Ok(false);
        }
        let pickup = self.store.pickup(delivery).await?.filter(|pickup| {
            let state = &pickup.state;
            matches!(state, PickupState::Landed { .. } | PickupState::Confirmed { .. })
        });
        let landed = pickup.and_then(|pickup| pickup.content.landed);
        let listed = self.store.inbox_entry(delivery).await?;
        let (Some(landed), Some(listed)) = (landed, listed) else {
            return Ok(false);
        };
        let wanted = wanted(&listed.entry.header, &landed);
        let copied = self.blocking(move |spool| copy(spool, wanted)).await?;
        let noted = self.store.add_received_copy(delivery, copied.as_deref()).await;
        if let (Err(_), Some(copied)) = (&noted, copied.clone()) {
            self.blocking(move |spool| {
                remove(spool, &copied);
                Ok(())
            })
            .await?;
        }
        noted?;
        Ok(copied.is_some())
    }
}

/// The files that 内容を見る reads: those of the standard but images, up to what a reading holds.
fn wanted(header: &DeliveryHeader, landed: &Path) -> Vec<Wanted> {
    let mut left_bytes = limits::READING_BYTES_MAX;
    let parts = header.parts.iter().enumerate();
    let standard = parts.filter(|(_, part)| part.role == PartRole::StandardFile);
    let wanted = standard.filter_map(|(place, part)| {
        let name = ExchangeFileName::parse(part.name.as_deref()?).ok()?;
        let read = !name.kind.is_image() && part.size_bytes <= left_bytes;
        left_bytes -= if read { part.size_bytes } else { 0 };
        read.then(|| Wanted {
            part: place,
            path: landed.join(name.as_str()),
            size_bytes: part.size_bytes,
            digest: part.digest,
        })
    });
    wanted.collect()
}

/// Copies files that are still what was received; none if one is not. An error is one of the profile, and nothing of
/// the copies stays then. Blocks.
fn copy(spool: &Spool, wanted: Vec<Wanted>) -> io::Result<Option<Vec<CopiedPart>>> {
    let mut copies = Vec::with_capacity(wanted.len());
    for file in wanted {
        let Ok(original) = File::open(&file.path) else {
            remove(spool, &copies);
            return Ok(None);
        };
        match spool.copy(original, file.size_bytes, |_| ()) {
            Ok(copied) => {
                copies.push(CopiedPart {
                    part: file.part,
                    place: copied.place,
                });
                if copied.digest != file.digest {
                    remove(spool, &copies);
                    return Ok(None);
                }
            }
            Err(error) => {
                remove(spool, &copies);
                return match error {
                    CopyError::Write(error) => Err(error),
                    CopyError::Read(_) | CopyError::TooLarge => Ok(None),
                };
            }
        }
    }
    match spool.sync(copies.iter().map(|copy| &copy.place)) {
        Ok(()) => Ok(Some(copies)),
        Err(error) => {
            remove(spool, &copies);
            Err(error)
        }
    }
}

fn remove(spool: &Spool, copies: &[CopiedPart]) {
    copies.iter().for_each(|copy| spool.remove(&copy.place));
}

#[cfg(test)]
mod tests {
    use care_model::{Party, ServiceKind};
    use exchange_protocol::{Part, Sealing};

    use super::*;

    /// A header of files of the standard, and where they landed.
    fn landed(files: &[(&str, &[u8])]) -> (tempfile::TempDir, DeliveryHeader) {
        let dir = tempfile::tempdir().unwrap();
        let party = |office: &str, kind: &str| {
            let office = care_model::OfficeNumber::parse(office).unwrap();
            Party::new(office, ServiceKind::parse(kind).unwrap())
        };
        let parts = files.iter().map(|(name, bytes)| {
            std::fs::write(dir.path().join(name), bytes).unwrap();
            Part {
                role: PartRole::StandardFile,
                name: Some((*name).to_owned()),
                size_bytes: bytes.len() as u64,
                digest: Digest::of(bytes),
            }
        });
        let header = DeliveryHeader {
            id: DeliveryId::generate(),
            from: party("9970100013", "43"),
            to: party("9970101003", "11"),
            serial: None,
            unit: None,
            declared_month: None,
            declared_recipients: None,
            parts: parts.collect(),
            sealing: Sealing::None,
        };
        (dir, header)
    }

    const PLAN: &str = "UP1KYO_9970100013_43_9970101003_11_20260326090137.CSV";
    const WEEK: &str = "UP3KYO_9970100013_43_9970101003_11_20260326090137.CSV";

    #[test]
    fn only_what_is_whole_is_copied_and_half_a_copy_goes() {
        let (dir, header) = landed(&[(PLAN, b"one"), (WEEK, b"two")]);
        let spool_dir = tempfile::tempdir().unwrap();
        let spool = Spool::new(spool_dir.path().to_owned());
        let copies = || std::fs::read_dir(spool_dir.path()).unwrap().count();
        let copied = copy(&spool, wanted(&header, dir.path())).unwrap().unwrap();
        assert_eq!((copied.len(), copies()), (2, 2));
        remove(&spool, &copied);
        for other in [b"TWO".as_slice(), b"two and more", b"t"] {
            std::fs::write(dir.path().join(WEEK), other).unwrap();
            assert!(copy(&spool, wanted(&header, dir.path())).unwrap().is_none());
            assert_eq!(copies(), 0);
        }
        std::fs::remove_file(dir.path().join(WEEK)).unwrap();
        assert!(copy(&spool, wanted(&header, dir.path())).unwrap().is_none());
        assert_eq!(copies(), 0);
        // A profile that cannot be written is another matter: it may be, later.
        std::fs::write(dir.path().join(WEEK), b"two").unwrap();
        drop(spool_dir);
        assert!(copy(&spool, wanted(&header, dir.path())).is_err());
    }

    #[test]
    fn what_is_not_read_is_not_copied() {
        let image = "UPKIHON_IMAGE_9970100013_46_9970101003_43_20260326090137_0001.jpg";
        let (dir, mut header) = landed(&[(PLAN, b"one"), (image, b"a picture"), (WEEK, b"two")]);
        let parts = |header: &DeliveryHeader| -> Vec<usize> {
            let wanted = wanted(header, dir.path());
            wanted.iter().map(|file| file.part).collect()
        };
        assert_eq!(parts(&header), [0, 2]);
        header.parts[0].size_bytes = limits::READING_BYTES_MAX;
        assert_eq!(parts(&header), [0]);
        header.parts[0].size_bytes += 1;
        assert_eq!(parts(&header), [2]);
        header.parts[2].role = PartRole::Attachment;
        assert_eq!(parts(&header), Vec::<usize>::new());
    }
}
