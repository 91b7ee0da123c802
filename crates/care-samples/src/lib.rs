//! Invented files of the standard, made fast: for tests, the demo and the benchmarks.
//!
//! Every person, office and place is invented: prefecture 99 does not exist and the names say 見本, 架空 or 例示.
//! The same seed and requests give the same bytes. The texts hold what is hard to read back: second bytes of 5C, quotes,
//! commas and line ends inside free text, half-width kana, characters that stand at two places of MS932.

mod faults;
mod layout;
mod people;
mod records;
mod services;
mod sets;
mod sheet;

use std::fs;
use std::io;
use std::path::Path;

use care_model::{
    Address, Edition, ExchangeFileName, FileKind, NameMonth, OfficeNumber, OfficeRole, Party, SendUnit, Serial,
    ServiceKind, ServiceMonth, ShapeError, UnitMonth,
};

use crate::people::Person;
use crate::records::Setting;

pub use faults::{Fault, faults};
pub use sets::{ExampleOffices, Fixture, every_sample, fixtures};

/// How much a unit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// This many care recipients.
    Recipients(u32),
    /// So many care recipients that all files together have about this many bytes; at least one.
    Bytes(usize),
}

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct UnitRequest<'a> {
    /// The unit's id, such as `home_schedule`.
    pub unit: &'a str,
    /// The edition.
    pub edition: Edition,
    /// The sender.
    pub from: Party,
    /// The destination.
    pub to: Party,
    /// The month of service.
    pub month: ServiceMonth,
    /// How much.
    pub size: Size,
}

/// One made file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleFile {
    /// Its name.
    pub name: ExchangeFileName,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// One made unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleUnit {
    /// Its id.
    pub unit: &'static str,
    /// Its sender.
    pub from: Party,
    /// Its destination.
    pub to: Party,
    /// Its serial.
    pub serial: Serial,
    /// Its files.
    pub files: Vec<SampleFile>,
}

impl SampleUnit {
    /// Bytes of all files.
    pub fn size_bytes(&self) -> usize {
        self.files.iter().map(|file| file.bytes.len()).sum()
    }

    /// Writes the files into a folder, which is made if need be. Nothing that is there is overwritten.
    pub fn write_into(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        for file in &self.files {
            let mut target = fs::File::create_new(folder.join(file.name.as_str()))?;
            io::Write::write_all(&mut target, &file.bytes)?;
        }
        Ok(())
    }
}

/// Makes units. Each gets the next serial; people repeat from one unit to the next, as they do in life.
#[derive(Debug, Clone)]
pub struct Samples {
    seed: u64,
    made: u32,
}

/// Why nothing was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmakable {
    /// The edition has no such unit.
    UnknownUnit,
    /// More than the serials of one day.
    TooMany,
}

impl std::fmt::Display for Unmakable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::UnknownUnit => "the edition has no unit of this id",
            Self::TooMany => "one builder makes at most 86,400 units",
        })
    }
}

impl std::error::Error for Unmakable {}

impl From<ShapeError> for Unmakable {
    fn from(_: ShapeError) -> Self {
        Self::TooMany
    }
}

impl Samples {
    /// A builder whose people and serials follow from the seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, made: 0 }
    }

    /// Makes one unit.
    pub fn unit(&mut self, request: &UnitRequest<'_>) -> Result<SampleUnit, Unmakable> {
        let unit = SendUnit::of_edition(request.edition)
            .iter()
            .find(|unit| unit.id == request.unit)
            .ok_or(Unmakable::UnknownUnit)?;
        let serial = self.next_serial(request.month)?;
        let recipients = match request.size {
            Size::Recipients(count) => count,
            Size::Bytes(bytes) => {
                // A few people tell the average; their names and addresses differ in length only a little.
                let tried = self.made_with(unit, request, serial, TRIED_RECIPIENTS).size_bytes();
                let each = (tried / TRIED_RECIPIENTS as usize).max(1);
                u32::try_from((bytes + each / 2) / each).unwrap_or(u32::MAX).max(1)
            }
        };
        Ok(self.made_with(unit, request, serial, recipients))
    }

    /// A day of the month before, one second after the other.
    fn next_serial(&mut self, month: ServiceMonth) -> Result<Serial, Unmakable> {
        let second = self.made;
        self.made += 1;
        if second >= 86_400 {
            return Err(Unmakable::TooMany);
        }
        let (year, month) = match month.month() {
            1 => (month.year() - 1, 12),
            number => (month.year(), number - 1),
        };
        let day = 1 + self.seed % 28;
        let (hours, minutes, seconds) = (second / 3_600, second / 60 % 60, second % 60);
        let text = format!("{year:04}{month:02}{day:02}{hours:02}{minutes:02}{seconds:02}");
        Ok(Serial::parse(&text)?)
    }

    fn made_with(
        &self,
        unit: &'static SendUnit,
        request: &UnitRequest<'_>,
        serial: Serial,
        recipients: u32,
    ) -> SampleUnit {
        let address = |party: Party| Address {
            office: party.office,
            kind: (request.edition == Edition::V4).then_some(party.kind),
        };
        let (planner, provider) = roles(request.from, request.to);
        let setting = Setting {
            edition: request.edition,
            from: address(request.from),
            to: address(request.to),
            planner,
            provider,
            month: request.month,
            monthly: unit.month == UnitMonth::Target,
            visits: VISITS,
        };
        let people: Vec<Person> = (0..u64::from(recipients))
            .map(|number| Person::of_number(self.seed.wrapping_mul(7_919).wrapping_add(number) % 10_000_000))
            .collect();
        let name = |kind: FileKind, branch: Option<u16>| {
            let month = match (kind.has_month(), unit.month) {
                (false, _) => NameMonth::Absent,
                (true, UnitMonth::None) => NameMonth::Zeros,
                (true, UnitMonth::Target) => NameMonth::Of(request.month),
            };
            ExchangeFileName::from_parts(kind, month, setting.from, setting.to, serial, branch)
        };
        let images: Vec<ExchangeFileName> = if unit.has(FileKind::ProfileImage) {
            (1..=recipients.min(IMAGES_MAX))
                .filter_map(|number| name(FileKind::ProfileImage, u16::try_from(number).ok()))
                .collect()
        } else {
            Vec::new()
        };
        let mut files = Vec::with_capacity(unit.members.len() + images.len());
        for kind in unit
            .members
            .iter()
            .map(|member| member.kind)
            .filter(|kind| !kind.is_image())
        {
            let Some(name) = name(kind, None) else { continue };
            let mut text = String::new();
            for (place, person) in people.iter().enumerate() {
                records::write(
                    &mut text,
                    kind,
                    &setting,
                    person,
                    images.get(place).map(ExchangeFileName::as_str),
                );
            }
            let bytes = encode(&text);
            files.push(SampleFile { name, bytes });
        }
        files.extend(images.into_iter().map(|name| SampleFile {
            name,
            bytes: ONE_PIXEL.to_vec(),
        }));
        SampleUnit {
            unit: unit.id,
            from: request.from,
            to: request.to,
            serial,
            files,
        }
    }
}

/// Who manages the care and who gives it. Two offices that both manage care (委託) pass on what a third one gives.
fn roles(from: Party, to: Party) -> (OfficeNumber, Party) {
    let manages = |party: Party| party.role() != OfficeRole::Service;
    match (manages(from), manages(to)) {
        (true, true) => (from.office, sets::community_program().unwrap_or(to)),
        (true, false) => (from.office, to),
        (false, _) => (to.office, from),
    }
}

/// Visits of one recipient in one month.
const VISITS: u32 = 8;
/// Recipients by which the size of a unit is estimated.
const TRIED_RECIPIENTS: u32 = 40;
/// Images of one unit; more would only be more of the same.
const IMAGES_MAX: u32 = 300;

/// One grey pixel, as JPEG.
const ONE_PIXEL: &[u8] = include_bytes!("one_pixel.jpg");

/// Text as MS932.
pub(crate) fn encode(text: &str) -> Vec<u8> {
    encoding_rs::SHIFT_JIS.encode(text).0.into_owned()
}

/// An office number that is known to have its shape.
pub(crate) fn party(office: &str, kind: &str) -> Result<Party, ShapeError> {
    Ok(Party::new(OfficeNumber::parse(office)?, ServiceKind::parse(kind)?))
}

#[cfg(test)]
mod tests;
