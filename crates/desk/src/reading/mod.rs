//! 内容を見る: the files of a bundle as the forms that people know, by care recipient (ADR 52).
//!
//! It reads only. Files come as sealed copies from the spool, are read anew at every look and kept nowhere; the page
//! gets words in cells, and no file is left out: what cannot be read says why, and what was found stands beside it.

pub(crate) mod fax;
mod forms;
mod month;
pub(crate) mod paper;
mod plans;
mod preventive;
pub mod services;
#[cfg(test)]
mod tests;
pub mod values;
pub mod versions;

use std::io::{self, Read as _};

use care_model::{
    Address, DeliveryId, ExchangeFileName, FileKind, NameReading, OfficeNumber, OfficeRole, ProblemCode, limits,
};
use care_reading::{Reading, Sheet};
use desk_ipc::{
    CommandError, CompositionId, CompositionMode, FORMS_RECIPIENTS_MAX, FileRow, FindingView, FormsRequest,
    ReadFileView, ReadRecipientView, ReadingSource, ReadingView, RecipientForms,
};
use exchange_protocol::PartRole;
use messages::{read_file, reading as words};

use crate::{
    compose::{Composition, Found, HeldFile, Layout, Surroundings, file_row},
    core::Core,
    intake::{TakenContent, TakenFile},
    received::Received,
    spool::{Spool, SpoolRef},
};

/// A file on its way into a reading.
struct Read {
    name: String,
    /// The name that it has or is meant to have, if it is read.
    standard: Option<ExchangeFileName>,
    /// Why it is not read.
    refused: Option<String>,
    bytes: Vec<u8>,
}

/// What was read, with what was found in the files.
pub(crate) struct Bundle {
    rows: Vec<FileRow>,
    read: Vec<Read>,
    /// By which side the forms are named (D22).
    side: Side,
}

/// By which side forms are named: that of this office in each file.
#[derive(Debug, Clone, Copy)]
struct Side {
    office: Option<OfficeNumber>,
    /// Where a name of edition 3 says no kind.
    otherwise: OfficeRole,
}

impl Side {
    /// The role of this office in a file.
    fn of(self, name: &ExchangeFileName) -> OfficeRole {
        let role = |address: Address| address.kind.map(|kind| kind.role());
        let own = match self.office {
            Some(office) if name.from.office == office => role(name.from),
            Some(office) if name.to.office == office => role(name.to),
            _ => None,
        };
        own.unwrap_or(self.otherwise)
    }
}

impl Core {
    /// 内容を見る: who is in the files.
    pub(crate) async fn read_recipients(&self, source: ReadingSource) -> Result<ReadingView, CommandError> {
        let bundle = self.bundle(&source).await?;
        self.blocking(move |_| Ok(bundle.view(&bundle.reading()))).await
    }

    /// The forms of care recipients.
    pub(crate) async fn read_forms(&self, request: FormsRequest) -> Result<Vec<RecipientForms>, CommandError> {
        if request.recipients.len() > FORMS_RECIPIENTS_MAX {
            return Err(ProblemCode::RequestMalformed.into());
        }
        let bundle = self.bundle(&request.source).await?;
        self.blocking(move |_| {
            let reading = bundle.reading();
            let wanted = request.recipients.into_iter();
            let forms = wanted.filter_map(|recipient| {
                let forms = bundle.forms(&reading, recipient)?;
                Some(RecipientForms { recipient, forms })
            });
            Ok(forms.collect())
        })
        .await
    }

    /// Gathers what is to be read.
    async fn bundle(&self, source: &ReadingSource) -> Result<Bundle, CommandError> {
        let (composition, delivery) = match source {
            ReadingSource::Composition { composition, delivery } => {
                let mut compositions = self.compositions.lock().await;
                (self.find(&mut compositions, *composition).await?, *delivery)
            }
            ReadingSource::Draft { draft } => (self.draft_to_read(*draft).await?, None),
            ReadingSource::Sent { delivery } => {
                // The sweep waits until the copies were found.
                let compositions = self.compositions.lock().await;
                let kept = self.kept_composition(*delivery).await?;
                drop(compositions);
                (kept, None)
            }
            ReadingSource::Received { delivery } => {
                let received = self.received(*delivery).await?;
                let viewer = received.header.to.kind.role();
                let chosen = self.kept_to_read(files_of(received), viewer).await?;
                return self.blocking(move |spool| Ok(chosen.read(spool))).await;
            }
        };
        let around = self.surroundings(&composition).await?;
        let chosen = Chosen::of(composition, &around, delivery).ok_or(ProblemCode::DeliveryUnknown)?;
        self.blocking(move |spool| Ok(chosen.read(spool))).await
    }

    /// A draft as it would be opened.
    async fn draft_to_read(&self, id: CompositionId) -> Result<Composition, CommandError> {
        let mut composition = self.draft_as_opened(id).await?;
        self.recall_facts(&mut composition).await?;
        Ok(composition)
    }

    /// The files of those kinds in a delivery of which there is a copy.
    pub(crate) async fn kept_bundle(
        &self,
        kept: Received,
        viewer: OfficeRole,
        wanted: impl Fn(FileKind) -> bool,
    ) -> Result<Bundle, CommandError> {
        let mut files = files_of(kept);
        files.retain(|(file, _)| meant(&file.name).is_some_and(|name| wanted(name.kind)));
        let chosen = self.kept_to_read(files, viewer).await?;
        self.blocking(move |spool| Ok(chosen.read(spool))).await
    }

    /// Files of which there are copies, with what the checks find in each. How they would be sent is not asked.
    async fn kept_to_read(&self, kept: Vec<(TakenFile, bool)>, viewer: OfficeRole) -> Result<Chosen, CommandError> {
        let (files, attached): (Vec<TakenFile>, Vec<bool>) = kept.into_iter().unzip();
        let mut composition = Composition::new(CompositionMode::Compose);
        composition.add(files, None);
        self.recall_facts(&mut composition).await?;
        let rows: Vec<FileRow> = composition
            .files
            .iter()
            .zip(attached)
            .map(|(file, attached)| {
                let content = file.taken.content.as_ref().ok();
                let facts = content.and_then(|content| content.facts.as_deref());
                let findings = facts.map_or(&[][..], |facts| facts.findings.as_slice());
                let found: Vec<Found> = findings.iter().cloned().map(Found::Finding).collect();
                file_row(file, viewer, attached, found.iter())
            })
            .collect();
        let copies = composition.files.into_iter().map(|file| Source {
            refused: false,
            ..Source::of(file)
        });
        Ok(Chosen {
            files: copies.collect(),
            rows,
            side: Side {
                office: None,
                otherwise: viewer,
            },
        })
    }
}

/// The files of what was received, in the order of its parts, each with whether it was attached.
fn files_of(received: Received) -> Vec<(TakenFile, bool)> {
    let Received { header, cover, copies } = received;
    let mut names = cover.attachments.into_iter();
    let parts = header.parts.into_iter().enumerate();
    let content = parts.filter(|(_, part)| part.role != PartRole::Cover);
    let files = content.map(|(place, part)| {
        let attached = part.role == PartRole::Attachment;
        let copy = copies.iter().find(|copy| copy.part == place);
        let file = TakenFile {
            name: part
                .name
                .or_else(|| names.next())
                .unwrap_or_else(messages::contents::attachment),
            size_bytes: part.size_bytes,
            origin: None,
            content: match copy {
                Some(copy) => Ok(TakenContent {
                    place: copy.place.clone(),
                    digest: part.digest,
                    facts: None,
                    attachable: attached,
                }),
                None => Err(ProblemCode::ReceivedCopyGone),
            },
        };
        (file, attached)
    });
    files.collect()
}

/// A file that is to be read.
struct Source {
    name: String,
    size_bytes: u64,
    /// Where its copy is; none where what is said of it needs none.
    place: Option<SpoolRef>,
    /// Whether it was not taken in at all.
    refused: bool,
}

impl Source {
    fn of(file: HeldFile) -> Self {
        let place = file.taken.content.ok().map(|content| content.place);
        Self {
            name: file.taken.name,
            size_bytes: file.taken.size_bytes,
            refused: place.is_none(),
            place,
        }
    }
}

/// The files that are to be read, with their rows as the screens show them.
struct Chosen {
    rows: Vec<FileRow>,
    files: Vec<Source>,
    side: Side,
}

impl Chosen {
    /// The files of one delivery or all; none where the delivery is not planned here.
    fn of(mut composition: Composition, around: &Surroundings, delivery: Option<DeliveryId>) -> Option<Self> {
        let view = Layout::of(&mut composition, around).view(&composition, around, false);
        let mut rows: Vec<FileRow> = match delivery {
            Some(delivery) => {
                let mut planned = view.deliveries.into_iter();
                planned.find(|planned| planned.delivery == delivery)?.files
            }
            None => {
                let planned = view.deliveries.into_iter().flat_map(|planned| planned.files);
                planned.chain(view.unplaced).collect()
            }
        };
        // What was given to the queue is shown in the list, and its files are in the composition no more.
        let mut files = Vec::with_capacity(rows.len());
        rows.retain(|row| {
            let held = composition.files.iter().find(|file| file.number == row.file);
            files.extend(held.cloned().map(Source::of));
            held.is_some()
        });
        let own = around.kinds.first();
        let side = Side {
            office: around.office,
            otherwise: own.map_or(OfficeRole::CareManagement, |kind| kind.role()),
        };
        Some(Self { rows, files, side })
    }

    /// Reads the copies. Blocks.
    fn read(self, spool: &Spool) -> Bundle {
        let read = read_all(spool, self.files.into_iter().zip(&self.rows));
        Bundle {
            rows: self.rows,
            read,
            side: self.side,
        }
    }
}

/// Reads the copies of files. Blocks. A copy that cannot be read hides no other; its file says so.
fn read_all<'a>(spool: &Spool, files: impl Iterator<Item = (Source, &'a FileRow)>) -> Vec<Read> {
    let mut total = 0_u64;
    files
        .map(|(file, row)| {
            let attachment = row.attachment;
            let mut read = Read {
                name: file.name,
                standard: None,
                refused: None,
                bytes: Vec::new(),
            };
            if file.refused {
                read.refused = Some(read_file::refused());
                return read;
            }
            let standard = if attachment { None } else { meant(&read.name) };
            let Some(standard) = standard else {
                read.refused = Some(if attachment {
                    read_file::attachment()
                } else {
                    read_file::foreign()
                });
                return read;
            };
            // Of an image only the name is read.
            if standard.kind.is_image() {
                read.refused = Some(read_file::image());
            } else if total.saturating_add(file.size_bytes) > limits::READING_BYTES_MAX {
                read.refused = Some(read_file::too_much(limits::READING_BYTES_MAX / (1_024 * 1_024)));
                return read;
            } else {
                total = total.saturating_add(file.size_bytes);
                match open(spool, file.place.as_ref()) {
                    Ok(bytes) => read.bytes = bytes,
                    Err(error) => {
                        tracing::warn!(kind = ?error.kind(), "a copy cannot be read");
                        read.refused = Some(read_file::unreadable());
                        return read;
                    }
                }
            }
            read.standard = Some(standard);
            read
        })
        .collect()
}

fn open(spool: &Spool, place: Option<&SpoolRef>) -> io::Result<Vec<u8>> {
    let place = place.ok_or(io::ErrorKind::NotFound)?;
    let mut bytes = Vec::new();
    spool
        .open(place)?
        .take(limits::READING_BYTES_MAX)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The name that a file has or is meant to have.
fn meant(name: &str) -> Option<ExchangeFileName> {
    match NameReading::of(name) {
        NameReading::Standard(name) | NameReading::Copy { of: name } => Some(name),
        NameReading::Near { suggestion, .. } => suggestion,
        NameReading::Foreign => None,
    }
}

impl Bundle {
    /// Nothing read yet.
    pub(crate) fn new(viewer: OfficeRole) -> Self {
        Self {
            rows: Vec::new(),
            read: Vec::new(),
            side: Side {
                office: None,
                otherwise: viewer,
            },
        }
    }

    /// Takes in what is read with it, but for files of a name that is there already.
    pub(crate) fn take_in(&mut self, other: Self) {
        for (row, read) in other.rows.into_iter().zip(other.read) {
            if !self.read.iter().any(|held| held.name == read.name) {
                self.rows.push(row);
                self.read.push(read);
            }
        }
    }

    /// Whether everything in it was read, and every record is somebody's.
    pub(crate) fn is_whole(&self, reading: &Reading) -> bool {
        reading.unassigned.is_empty()
            && self.read.iter().all(|file| file.refused.is_none())
            && reading.files.iter().all(|file| file.left_out == 0)
    }

    /// Whether every file of some kinds was read, and every record of them is somebody's.
    fn holds_whole(&self, reading: &Reading, kinds: &[FileKind]) -> bool {
        let read = self
            .read
            .iter()
            .all(|file| file.refused.is_none() || !meant(&file.name).is_some_and(|name| kinds.contains(&name.kind)));
        let of_kinds = |name: &ExchangeFileName| kinds.contains(&name.kind);
        let cut = reading
            .files
            .iter()
            .any(|file| file.left_out > 0 && of_kinds(&file.name));
        let nobodys = reading.unassigned.iter().any(|sheet| of_kinds(&sheet.file.name));
        read && !cut && !nobodys
    }

    /// What it holds, by care recipient.
    pub(crate) fn reading(&self) -> Reading {
        let files = self.read.iter();
        let files = files.filter_map(|file| Some((file.standard.clone()?, file.bytes.as_slice())));
        care_reading::read(&files.collect::<Vec<_>>())
    }

    /// Every file, with what is to be said of it.
    pub(crate) fn files(&self, reading: &Reading) -> Vec<ReadFileView> {
        let files = self.rows.iter().zip(&self.read).map(|(row, file)| {
            let mut remarks: Vec<String> = file.refused.iter().cloned().collect();
            let as_read = reading
                .files
                .iter()
                .find(|read| Some(&read.name) == file.standard.as_ref());
            if let Some(read) = as_read {
                let name = values::plain(&file.name);
                if read.left_out > 0 {
                    remarks.push(words::left_out(&name, read.left_out));
                }
                if read.is_utf8 {
                    remarks.push(words::utf8(&name));
                }
            }
            ReadFileView {
                name: file.name.clone(),
                kind_name: row.kind_name.clone(),
                remarks,
                findings: row.findings.clone(),
                more_findings: row.more_findings,
            }
        });
        files.collect()
    }

    /// The list.
    fn view(&self, reading: &Reading) -> ReadingView {
        let people = reading.recipients.iter().zip(0_u32..);
        let recipients = people.map(|(recipient, number)| ReadRecipientView {
            recipient: number,
            name: recipient.name.as_deref().map(values::plain),
            name_kana: recipient.name_kana.as_deref().map(values::plain),
            insurer_number: values::plain(&recipient.insurer_number),
            insured_number: values::plain(&recipient.insured_number),
            nobody: false,
            forms: forms::names(recipient, self.side),
            findings: self.count_findings(recipient.sheets()),
        });
        let mut recipients: Vec<ReadRecipientView> = recipients.collect();
        if !reading.unassigned.is_empty() {
            recipients.push(ReadRecipientView {
                recipient: u32::try_from(recipients.len()).unwrap_or(u32::MAX),
                name: None,
                name_kana: None,
                insurer_number: String::new(),
                insured_number: String::new(),
                nobody: true,
                forms: reading
                    .unassigned
                    .iter()
                    .map(|sheet| forms::title(sheet, self.side))
                    .collect(),
                findings: self.count_findings(reading.unassigned.iter()),
            });
        }
        ReadingView {
            files: self.files(reading),
            first: self.forms(reading, 0).unwrap_or_default(),
            recipients,
        }
    }

    /// The forms of one care recipient, or those of the records that name nobody.
    fn forms(&self, reading: &Reading, recipient: u32) -> Option<Vec<desk_ipc::FormView>> {
        let place = usize::try_from(recipient).ok()?;
        let mut forms = match reading.recipients.get(place) {
            Some(recipient) => forms::of(recipient, self.side),
            None if place == reading.recipients.len() && !reading.unassigned.is_empty() => {
                forms::unassigned(&reading.unassigned, self.side)
            }
            None => return None,
        };
        for form in &mut forms {
            form.view.findings = form
                .sheets
                .iter()
                .flat_map(|sheet| self.findings_in(sheet))
                .cloned()
                .collect();
        }
        Some(forms.into_iter().map(|form| form.view).collect())
    }

    fn count_findings<'a>(&self, sheets: impl Iterator<Item = &'a Sheet>) -> u32 {
        let all: usize = sheets.map(|sheet| self.findings_in(sheet).count()).sum();
        u32::try_from(all).unwrap_or(u32::MAX)
    }

    /// What was found in the records of a document.
    pub(crate) fn findings_in<'a>(&'a self, sheet: &'a Sheet) -> impl Iterator<Item = &'a FindingView> {
        let of_file = self.rows.iter().zip(&self.read);
        let of_file = of_file.filter(|(_, file)| file.standard.as_ref() == Some(&sheet.file.name));
        let findings = of_file.flat_map(|(row, _)| &row.findings);
        findings.filter(|finding| {
            let at = finding.row;
            at.is_some_and(|at| sheet.rows.binary_search_by_key(&at, care_reading::Form::row).is_ok())
        })
    }
}
