//! By what a file's records are linked with those of its mates, and which images they name.

use std::collections::HashSet;

use care_layout::Layout;
use care_model::limits::{FILE_NAME_BYTES_MAX, RECORD_KEYS_MAX};
use care_model::{Edition, ExchangeFileName, FileKind, NameMonth};

use crate::examine::{NamedImage, RecordKey};

/// The keys of the records so far.
#[derive(Default)]
pub(crate) struct Keys {
    /// The field that links mates, from 0.
    pub(crate) link_index: Option<usize>,
    /// The field that names an image, from 0.
    pub(crate) image_index: Option<usize>,
    known: HashSet<(u64, u64)>,
    keys: Vec<RecordKey>,
    cut: bool,
    images: Vec<(Vec<u8>, u32)>,
}

/// The field by which the mates of a kind are linked (標準仕様 4.1 別紙): the plan date, the consultation date or the month.
///
/// A supplement goes with tables 1 to 3 if its name has the month 000000, else with tables 6 and 7.
fn link_field(name: &ExchangeFileName) -> Option<&'static str> {
    Some(match name.kind {
        FileKind::PlanSheet1
        | FileKind::PlanSheet2
        | FileKind::WeeklyPlan
        | FileKind::PlanDeletion
        | FileKind::PreventionPlan
        | FileKind::PreventionPlanSupport
        | FileKind::PreventionPlanDeletion => "plan_created_or_changed_on",
        FileKind::RecipientSupplement if name.month == NameMonth::Zeros => "plan_created_or_changed_on",
        FileKind::RecipientSupplement | FileKind::UseSlip | FileKind::UseSlipAnnex | FileKind::Actuals => {
            "target_month"
        }
        FileKind::UseSlipDeletion | FileKind::ActualsDeletion => "delete_month",
        FileKind::RecipientProfile
        | FileKind::ProfileDay
        | FileKind::ProfileMedicalHistory
        | FileKind::ProfileDeletion => "consulted_on",
        FileKind::ProfileImage => return None,
    })
}

impl Keys {
    /// The keys of a file of this name; the linking fields stand at the same place in every edition but for those of
    /// slips and annexes, whose fields before it are the same too.
    pub(crate) fn of(name: &ExchangeFileName) -> Self {
        let layout = Layout::of(name.edition(), name.kind).or_else(|| Layout::of(Edition::V4, name.kind));
        let index = |field: &str| layout.and_then(|layout| layout.index(field));
        Self {
            link_index: link_field(name).and_then(index),
            image_index: index("family_image_file_name"),
            ..Self::default()
        }
    }

    /// The last field that is looked at, from 1; 0 if none is.
    pub(crate) fn last_column(&self) -> usize {
        let column = |index: Option<usize>| index.map_or(0, |index| index + 1);
        column(self.link_index).max(column(self.image_index))
    }

    /// Takes the key of a record: insurer and insured number, and the linking value.
    pub(crate) fn note(&mut self, person: &[u8], link: &[u8], row: u32) {
        if self.link_index.is_none() || self.cut {
            return;
        }
        let key = (hash(person), hash(link));
        if self.known.contains(&key) {
            return;
        }
        if self.keys.len() >= RECORD_KEYS_MAX {
            self.cut = true;
            return;
        }
        self.known.insert(key);
        let (person, link) = key;
        self.keys.push(RecordKey { person, link, row });
    }

    /// Takes the name of an image.
    pub(crate) fn note_image(&mut self, name: &[u8], row: u32) {
        if !name.is_empty() && self.images.len() < RECORD_KEYS_MAX {
            let name = name.get(..name.len().min(FILE_NAME_BYTES_MAX)).unwrap_or_default();
            self.images.push((name.to_vec(), row));
        }
    }

    /// The keys, whether there were more, and the images.
    pub(crate) fn finish(self, utf8: bool) -> (Vec<RecordKey>, bool, Vec<NamedImage>) {
        let decode = |bytes: &[u8]| {
            if utf8 {
                String::from_utf8_lossy(bytes).into_owned()
            } else {
                encoding_rs::SHIFT_JIS.decode_without_bom_handling(bytes).0.into_owned()
            }
        };
        let images = self.images.iter().map(|(name, row)| NamedImage {
            name: decode(name),
            row: *row,
        });
        (self.keys, self.cut, images.collect())
    }
}

/// FNV-1a: short, and the same in every build, since hashes may be kept. It hides a number from a glance, not from a search.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}
