//! Whose records a file holds, by what they are linked with those of its mates, and which images they name.

use std::collections::HashSet;

use care_layout::Layout;
use care_model::limits::{FILE_NAME_BYTES_MAX, RECORD_KEYS_MAX};
use care_model::{ExchangeFileName, FileKind, NameMonth};

use crate::examine::{NamedImage, NamedOffice, RecordKey};
use crate::record::bare;
use crate::scan::{FieldSet, Split, one};
use crate::text::decode;

/// Care recipients that are told apart, many times those of the largest office; a file of more says this number.
const RECIPIENTS_MAX: usize = 200_000;

/// Images that are kept; a delivery takes far fewer.
const IMAGES_MAX: usize = 10_000;

/// Offices that are kept: of a bundle for one office there is one, and a recipient has few.
const OFFICES_MAX: usize = 20;

/// Bytes of an office's name that are kept.
const OFFICE_NAME_BYTES_MAX: usize = 200;

/// The keys of the records so far.
#[derive(Default)]
pub(crate) struct Keys {
    link: Option<usize>,
    image: Option<usize>,
    /// The number and the name of the office that gives the service.
    office: Option<(usize, usize)>,
    looks_at: FieldSet,
    recipients: HashSet<u64>,
    known: HashSet<(u64, u64)>,
    keys: Vec<RecordKey>,
    cut: bool,
    images: Vec<(Vec<u8>, u32)>,
    offices: Vec<OfficeSeen>,
}

/// An office as its record writes it.
struct OfficeSeen {
    number: Vec<u8>,
    name: Vec<u8>,
    row: u32,
}

/// What is known once the file has ended: the keys, whether there were more, the images and the offices.
pub(crate) type Known = (Vec<RecordKey>, bool, Vec<NamedImage>, Vec<NamedOffice>);

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
    /// The keys of a file of this name.
    pub(crate) fn of(name: &ExchangeFileName, layout: Option<&Layout>) -> Self {
        let index = |field: &str| layout.and_then(|layout| layout.index(field));
        let (link, image) = (link_field(name).and_then(index), index("family_image_file_name"));
        let office = index("service_office_number").zip(index("service_office_name"));
        let (number, office_name) = office.unzip();
        Self {
            link,
            image,
            office,
            looks_at: [Some(1), Some(2), link, image, number, office_name]
                .into_iter()
                .flatten()
                .fold(0, |set, index| set | one(index)),
            ..Self::default()
        }
    }

    /// Takes a record.
    #[inline]
    pub(crate) fn take(&mut self, record: &[u8], split: &Split, row: u32) {
        if split.changed & self.looks_at != 0 {
            self.take_new(record, split, row);
        }
    }

    fn take_new(&mut self, record: &[u8], split: &Split, row: u32) {
        let value = |index| bare(split.field(record, index));
        // A byte that no number has keeps the two apart.
        let person = hash(b"\n".iter().chain(value(1)).chain(b"\n").chain(value(2)));
        if self.recipients.len() < RECIPIENTS_MAX {
            self.recipients.insert(person);
        }
        if let Some(link) = self.link
            && !self.cut
        {
            let link = hash(value(link));
            if !self.known.contains(&(person, link)) {
                if self.keys.len() < RECORD_KEYS_MAX {
                    self.known.insert((person, link));
                    self.keys.push(RecordKey { person, link, row });
                } else {
                    self.cut = true;
                }
            }
        }
        if let Some((number, name)) = self.office
            && split.changed & (one(number) | one(name)) != 0
            && self.offices.len() < OFFICES_MAX
        {
            let name = value(name);
            let name = name.get(..name.len().min(OFFICE_NAME_BYTES_MAX)).unwrap_or_default();
            let number = value(number);
            let seen = |office: &OfficeSeen| office.number == number && office.name == name;
            if !number.is_empty() && number.len() <= OFFICE_NAME_BYTES_MAX && !self.offices.iter().any(seen) {
                self.offices.push(OfficeSeen {
                    number: number.to_vec(),
                    name: name.to_vec(),
                    row,
                });
            }
        }
        if let Some(image) = self.image {
            let name = value(image);
            if !name.is_empty() && self.images.len() < IMAGES_MAX {
                let name = name.get(..name.len().min(FILE_NAME_BYTES_MAX)).unwrap_or_default();
                self.images.push((name.to_vec(), row));
            }
        }
    }

    /// The number of care recipients.
    pub(crate) fn recipients(&self) -> u32 {
        u32::try_from(self.recipients.len()).unwrap_or(u32::MAX)
    }

    /// What is known once the file has ended.
    pub(crate) fn finish(self, utf8: bool) -> Known {
        let text = |bytes: &[u8]| match utf8 {
            true => String::from_utf8_lossy(bytes).into_owned(),
            false => decode(bytes).into_owned(),
        };
        let images = self.images.iter().map(|(name, row)| NamedImage {
            name: text(name),
            row: *row,
        });
        let column = self.office.map_or(0, |(number, _)| number + 1);
        let offices = self.offices.iter().map(|office| NamedOffice {
            number: text(&office.number),
            name: text(&office.name),
            row: office.row,
            column: u32::try_from(column).unwrap_or(u32::MAX),
        });
        let (images, offices) = (images.collect(), offices.collect());
        (self.keys, self.cut, images, offices)
    }
}

/// FNV-1a: short, and the same in every build, since hashes may be kept. It hides a number from a glance, not from a search.
pub(crate) fn hash<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> u64 {
    bytes.into_iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use care_model::Edition;

    use super::*;
    use crate::ms932::Pairs;
    use crate::scan::split;

    /// Takes a record of its own for each number.
    fn taken(name: &str, count: usize, record: impl Fn(usize) -> String) -> Keys {
        let name = ExchangeFileName::parse(name).unwrap();
        let mut keys = Keys::of(&name, Layout::of(Edition::V4, name.kind));
        let mut out = Split::default();
        for number in 0..count {
            let record = record(number);
            assert!(split(record.as_bytes(), true, None, Pairs::new(), &mut out));
            keys.take(record.as_bytes(), &out, 1);
        }
        keys
    }

    #[test]
    fn recipients_are_counted_up_to_their_limit() {
        let name = "DLT1KYO_9970100013_43_9970101003_11_20260326091610.CSV";
        let keys = taken(name, RECIPIENTS_MAX + 1, |number| format!("1,2,{number}"));
        assert_eq!(keys.recipients() as usize, RECIPIENTS_MAX);
        let keys = taken(name, 2, |number| ["1,12,3", "1,1,23"][number].to_owned());
        assert_eq!(keys.recipients(), 2);
    }

    #[test]
    fn images_are_kept_up_to_their_limit() {
        let name = "UPKIHON_9900100018_46_99A0105007_A2_20260326093043.CSV";
        let keys = taken(name, IMAGES_MAX + 1, |number| format!("{}{number}.jpg", ",".repeat(61)));
        assert_eq!(keys.finish(false).2.len(), IMAGES_MAX);
        let long = taken(name, 1, |_| {
            format!("{}{}", ",".repeat(61), "a".repeat(FILE_NAME_BYTES_MAX + 1))
        });
        assert_eq!(long.finish(false).2[0].name.len(), FILE_NAME_BYTES_MAX);
    }

    #[test]
    fn offices_are_kept_each_once_up_to_their_limit() {
        let name = "UPSIKYU_202604_9970100013_43_9970101003_11_20260326091610.CSV";
        let layout = Layout::of(Edition::V4, FileKind::UseSlipAnnex).unwrap();
        let (number, office) = layout
            .index("service_office_number")
            .zip(layout.index("service_office_name"))
            .unwrap();
        let record = |of: usize| {
            let mut fields = vec![String::new(); layout.fields.len()];
            (fields[number], fields[office]) = (of.to_string(), "事業所".to_owned());
            fields.join(",")
        };
        let keys = taken(name, 3, |at| record([7, 7, 8][at]));
        let (_, _, _, offices) = keys.finish(true);
        let seen: Vec<(&str, u32)> = offices.iter().map(|o| (o.number.as_str(), o.column)).collect();
        let column = u32::try_from(number + 1).unwrap();
        assert_eq!(seen, [("7", column), ("8", column)]);
        assert_eq!(offices[0].name, "事業所");
        assert_eq!(taken(name, OFFICES_MAX + 1, record).finish(true).3.len(), OFFICES_MAX);
    }
}
