//! Repairs: what can be put right without changing what a file says, as a copy in the file's place (修正版).
//!
//! The original is never touched. The copy goes through the spool like every file, and beside the original it is
//! written once more as a new file, so that the office keeps what it sends. Only that second writing may fail: then
//! the copy is used for this send all the same.

mod beside;

use std::{
    io::{self, Read},
    path::Path,
};

use care_csv::{Change, Repair};
use care_model::{Finding, NameReading, ProblemCode, limits};
use desk_ipc::{
    CHANGES_SHOWN_MAX, CommandError, FINDINGS_SHOWN_MAX, FindingView, RepairRequest, RepairView, RepairedView,
};

use crate::{
    compose::HeldFile,
    core::Core,
    intake::{self, TakenFile},
    spool::{Spool, SpoolRef},
    words,
};

pub use beside::write_new;

impl HeldFile {
    /// Whether a repair can be offered, from the findings of the file alone.
    pub(crate) fn is_repairable(&self) -> bool {
        let Ok(content) = &self.taken.content else { return false };
        let findings = content.facts.as_deref().map_or(&[][..], |facts| &facts.findings);
        self.attached_to.is_none()
            && self.taken.size_bytes <= limits::REPAIR_BYTES_MAX
            && care_csv::is_repairable(findings, &self.taken.name)
    }
}

/// What a repair would make of a file.
struct Mended {
    view: RepairView,
    copy: Option<Repair>,
}

/// A repaired copy in the spool, and its bytes.
struct Kept {
    taken: TakenFile,
    copy: Repair,
}

impl Core {
    /// What a repair would change. Where a character stands in the way, it is among what remains and there is no change.
    pub(crate) async fn preview_repair(&self, request: RepairRequest) -> Result<RepairView, CommandError> {
        let (file, place) = self.repairable(&request).await?;
        self.blocking(move |spool| mend(spool, &file, &place))
            .await?
            .map(|mended| mended.view)
            .ok_or_else(|| ProblemCode::RepairImpossible.into())
    }

    /// Puts a repaired copy in the file's place, and writes it beside the original.
    pub(crate) async fn repair(&self, request: RepairRequest) -> Result<RepairedView, CommandError> {
        let (file, place) = self.repairable(&request).await?;
        let repaired = place.clone();
        let kept = self.blocking(move |spool| keep(spool, &file, &repaired)).await?;
        let Kept { taken, copy } = kept.ok_or(ProblemCode::RepairImpossible)?;
        let origin = taken.origin.clone();
        let composition = self
            .change(request.composition, |composition| {
                match composition.put_repaired(request.file, &place, taken) {
                    true => Ok(()),
                    // Somebody took the file out, or repaired it, while this was at work.
                    false => Err(ProblemCode::RepairImpossible.into()),
                }
            })
            .await?;
        // Only now: a refusal above says that nothing was made, and then nothing was.
        let saved = self
            .blocking(move |_| Ok(origin.and_then(|origin| save(Path::new(&origin), &copy))))
            .await?;
        Ok(RepairedView {
            composition,
            saved: saved.is_some(),
            saved_folder: saved.as_ref().map(|saved| saved.folder.clone()),
            saved_name: saved.map(|saved| saved.name),
        })
    }

    /// The file that is named, with the place of its copy.
    async fn repairable(&self, request: &RepairRequest) -> Result<(HeldFile, SpoolRef), CommandError> {
        let mut compositions = self.compositions.lock().await;
        let composition = self.find(&mut compositions, request.composition).await?;
        let file = composition.files.into_iter().find(|file| file.number == request.file);
        let file = file
            .filter(HeldFile::is_repairable)
            .ok_or(ProblemCode::RepairImpossible)?;
        let place = match &file.taken.content {
            Ok(content) => content.place.clone(),
            Err(_) => return Err(ProblemCode::RepairImpossible.into()),
        };
        Ok((file, place))
    }
}

/// Works out the repair of a file. Blocks; none if there is nothing to be done and nothing to be said.
fn mend(spool: &Spool, file: &HeldFile, place: &SpoolRef) -> io::Result<Option<Mended>> {
    let name = &file.taken.name;
    // A file of the standard or what might be one: an attachment of the same size is read no further.
    if file.taken.size_bytes > limits::REPAIR_BYTES_MAX {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    spool
        .open(place)?
        .take(limits::REPAIR_BYTES_MAX)
        .read_to_end(&mut bytes)?;
    let view = |new_name: &str, changes: &[Change], remaining: &[Finding]| RepairView {
        name: name.clone(),
        new_name: new_name.to_owned(),
        changes: changes.iter().take(CHANGES_SHOWN_MAX).map(words::change).collect(),
        more_changes: beyond(changes.len(), CHANGES_SHOWN_MAX),
        remaining: shown(remaining),
        more_remaining: beyond(remaining.len(), FINDINGS_SHOWN_MAX),
    };
    Ok(match care_csv::repair(name, &bytes) {
        Some(repair) => {
            let reading = NameReading::of(&repair.name);
            let facts = reading.standard().map(|name| care_csv::examine(name, &repair.bytes));
            let remaining = facts.map_or_else(Vec::new, |facts| facts.findings);
            Some(Mended {
                view: view(&repair.name, &repair.changes, &remaining),
                copy: Some(repair),
            })
        }
        None => match care_csv::unrepairable(name, &bytes) {
            standing if standing.is_empty() => None,
            standing => Some(Mended {
                view: view(name, &[], &standing),
                copy: None,
            }),
        },
    })
}

/// Makes the repaired copy, sealed in the spool. Blocks.
fn keep(spool: &Spool, file: &HeldFile, place: &SpoolRef) -> io::Result<Option<Kept>> {
    let Some(repair) = mend(spool, file, place)?.and_then(|mended| mended.copy) else {
        return Ok(None);
    };
    let mut taken = intake::keep(
        spool,
        repair.name.clone(),
        repair.bytes.len() as u64,
        repair.bytes.as_slice(),
    )?;
    // Quotes and line ends add bytes: a copy may be too large where its original was not.
    if taken.content.is_err() {
        return Ok(None);
    }
    taken.origin.clone_from(&file.taken.origin);
    Ok(Some(Kept { taken, copy: repair }))
}

/// Writes the copy as a new file beside the original. Blocks; none where that can't be done.
fn save(origin: &Path, copy: &Repair) -> Option<beside::Saved> {
    beside::save(origin, &messages::folder::repaired(), &copy.name, &copy.bytes)
        .map_err(|error| tracing::info!(kind = ?error.kind(), "a repaired copy is used but was not written"))
        .ok()
}

/// Findings as the page gets them: the heaviest first, and not too many.
fn shown(findings: &[Finding]) -> Vec<FindingView> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| (finding.severity, finding.row, finding.column));
    sorted
        .into_iter()
        .take(FINDINGS_SHOWN_MAX)
        .map(words::finding)
        .collect()
}

fn beyond(count: usize, max: usize) -> u32 {
    u32::try_from(count.saturating_sub(max)).unwrap_or(u32::MAX)
}
