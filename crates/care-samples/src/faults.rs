//! Invented files with one fault each, and what a check should say about them (D24).

mod names;
mod texts;
mod units;
mod values;

use care_model::{Edition, FileKind, FindingCode, Party, ServiceMonth};

use crate::sheet::Sheet;
use crate::{ExampleOffices, SampleFile, SampleUnit, Samples, Size, UnitRequest, Unmakable, party};

/// One fault in the files of one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its id, such as `date_impossible`.
    pub id: &'static str,
    /// The unit that it was made from.
    pub unit: &'static str,
    /// Who sends the unit.
    pub from: Party,
    /// Names and bytes of all files; a faulty name is not one of the standard.
    pub files: Vec<(String, Vec<u8>)>,
    /// The names of the files that the finding may be put on. One that is not among the files was left out.
    pub faulty_files: Vec<String>,
    /// Any of these codes is a right answer.
    pub expect_any_of: Vec<FindingCode>,
    /// The record of the fault, from 1, where it is one.
    pub row: Option<u32>,
}

/// Every fault that can be made in an edition; the same seed and month give the same bytes.
///
/// The faults have the ids and meanings of the list by which checkers of the standard are compared; further ones follow it.
pub fn faults(edition: Edition, seed: u64, month: ServiceMonth) -> Result<Vec<Fault>, Unmakable> {
    let maker = Maker::new(edition, seed, month)?;
    let lists = [
        values::of_the_list(&maker),
        texts::of_the_list(&maker),
        units::of_the_list(&maker),
        names::of_the_list(&maker),
        values::further(&maker),
        units::further(&maker),
        names::further(&maker),
    ];
    Ok(lists.into_iter().flatten().collect())
}

/// The good units that faults are made from.
struct Maker {
    edition: Edition,
    month: ServiceMonth,
    plan: SampleUnit,
    schedule: SampleUnit,
    actual: SampleUnit,
    /// A schedule with an add-on: its annex has a subtotal.
    day_care: SampleUnit,
    /// A schedule of rented equipment.
    rental: SampleUnit,
    /// Basic information with images, in the edition that has it.
    profile: Option<SampleUnit>,
    /// A preventive plan, in the edition that has it.
    prevention: Option<SampleUnit>,
}

/// What a fault is called and how it is to be found.
struct Case<'a> {
    id: &'static str,
    unit: &'a SampleUnit,
    codes: &'a [FindingCode],
    row: Option<u32>,
}

impl<'a> Case<'a> {
    fn new(id: &'static str, unit: &'a SampleUnit, codes: &'a [FindingCode]) -> Self {
        Self {
            id,
            unit,
            codes,
            row: None,
        }
    }

    fn at_row(mut self, row: u32) -> Self {
        self.row = Some(row);
        self
    }

    /// The fault with these files.
    fn with(self, files: Vec<(String, Vec<u8>)>, faulty_files: Vec<String>) -> Fault {
        Fault {
            id: self.id,
            unit: self.unit.unit,
            from: self.unit.from,
            files,
            faulty_files,
            expect_any_of: self.codes.to_vec(),
            row: self.row,
        }
    }

    /// One file of a kind changed in name and bytes.
    fn change(self, kind: FileKind, change: impl FnOnce(&mut String, &mut Vec<u8>, &SampleFile)) -> Fault {
        let mut files = as_files(self.unit);
        let mut faulty = Vec::new();
        let members = self.unit.files.iter();
        if let Some((file, (name, bytes))) = members.zip(&mut files).find(|(file, _)| file.name.kind == kind) {
            change(name, bytes, file);
            faulty.push(name.clone());
        }
        self.with(files, faulty)
    }

    /// One file of a kind with other records.
    fn records(self, kind: FileKind, change: impl FnOnce(&mut Sheet)) -> Fault {
        self.change(kind, |_, bytes, file| {
            if let Some(mut sheet) = Sheet::of(file) {
                change(&mut sheet);
                *bytes = sheet.bytes();
            }
        })
    }

    /// One file of a kind with other bytes, made from its records.
    fn bytes(self, kind: FileKind, make: impl FnOnce(&Sheet, &[u8]) -> Vec<u8>) -> Fault {
        self.change(kind, |_, bytes, file| {
            if let Some(sheet) = Sheet::of(file) {
                *bytes = make(&sheet, &file.bytes);
            }
        })
    }

    /// One file of a kind under another name.
    fn renamed(self, kind: FileKind, rename: impl FnOnce(&str) -> String) -> Fault {
        self.change(kind, |name, _, _| *name = rename(name))
    }

    /// Every file under another name.
    fn all_renamed(self, rename: impl Fn(&str) -> String) -> Fault {
        let files: Vec<_> = as_files(self.unit)
            .into_iter()
            .map(|(name, bytes)| (rename(&name), bytes))
            .collect();
        let faulty = files.iter().map(|(name, _)| name.clone()).collect();
        self.with(files, faulty)
    }

    /// The files of a kind left out.
    fn without(self, kind: FileKind) -> Fault {
        let (gone, kept): (Vec<_>, Vec<_>) = self.unit.files.iter().partition(|file| file.name.kind == kind);
        let files = kept.into_iter().map(as_file).collect();
        let faulty = gone.into_iter().map(|file| file.name.to_string()).collect();
        self.with(files, faulty)
    }
}

fn as_file(file: &SampleFile) -> (String, Vec<u8>) {
    (file.name.to_string(), file.bytes.clone())
}

fn as_files(unit: &SampleUnit) -> Vec<(String, Vec<u8>)> {
    unit.files.iter().map(as_file).collect()
}

impl Maker {
    fn new(edition: Edition, seed: u64, month: ServiceMonth) -> Result<Self, Unmakable> {
        let offices = ExampleOffices::new()?;
        let mut samples = Samples::new(seed);
        let mut unit = |unit: &str, from: Party, to: Party| {
            let request = UnitRequest {
                unit,
                edition,
                from,
                to,
                month,
                size: Size::Recipients(3),
            };
            samples.unit(&request)
        };
        let (manager, help) = (offices.care_management, offices.home_help);
        let (centre, program) = (offices.support_centre, offices.community_program);
        let preventive = edition == Edition::V4;
        Ok(Self {
            edition,
            month,
            plan: unit("home_plan", manager, help)?,
            schedule: unit("home_schedule", manager, help)?,
            actual: unit("home_actual", help, manager)?,
            day_care: unit("home_schedule", manager, party("9970101011", "15")?)?,
            rental: unit("home_schedule", manager, party("9970101029", "17")?)?,
            profile: preventive
                .then(|| unit("preventive_basic", centre, program))
                .transpose()?,
            prevention: preventive
                .then(|| unit("preventive_plan", centre, program))
                .transpose()?,
        })
    }

    /// The month after, as six digits.
    fn next_month(&self) -> String {
        match self.month.month() {
            12 => format!("{:04}01", self.month.year() + 1),
            month => format!("{:04}{:02}", self.month.year(), month + 1),
        }
    }
}

/// An office that no unit is for; its check digit fits.
const ANOTHER_OFFICE: &str = "9970199999";
