//! Sets of units for tests and the demo, and the checked-in fixtures.

use std::io;
use std::path::Path;

use care_model::{Edition, Party, SendUnit, ServiceMonth, ShapeError};

use crate::{SampleUnit, Samples, Size, UnitRequest, Unmakable, faults, party, services};

/// The invented offices.
#[derive(Debug, Clone, Copy)]
pub struct ExampleOffices {
    /// 見本居宅介護支援事業所 (9970100013, 43).
    pub care_management: Party,
    /// 例示ヘルパーステーション (9970101003, 11).
    pub home_help: Party,
    /// 架空市地域包括支援センター (9900100018, 46).
    pub support_centre: Party,
    /// 例示くらしサポート (99A0105007, A2).
    pub community_program: Party,
}

/// The service office of 総合事業.
pub(crate) fn community_program() -> Result<Party, ShapeError> {
    party("99A0105007", "A2")
}

impl ExampleOffices {
    /// All four.
    pub fn new() -> Result<Self, ShapeError> {
        Ok(Self {
            care_management: party("9970100013", "43")?,
            home_help: party("9970101003", "11")?,
            support_centre: party("9900100018", "46")?,
            community_program: community_program()?,
        })
    }

    /// Sender and destination of a unit by its usual way.
    pub fn ends_of(&self, unit: &str) -> (Party, Party) {
        let (manager, service) = if unit.starts_with("preventive") {
            (self.support_centre, self.community_program)
        } else {
            (self.care_management, self.home_help)
        };
        if unit.contains("actual") {
            (service, manager)
        } else {
            (manager, service)
        }
    }
}

impl Samples {
    /// Every home-care unit between two offices: four to the service office, two back.
    pub fn home_care(
        &mut self,
        manager: Party,
        service: Party,
        month: ServiceMonth,
        size: Size,
    ) -> Result<Vec<SampleUnit>, Unmakable> {
        let mut made = Vec::new();
        for (unit, from, to) in [
            ("home_plan", manager, service),
            ("home_schedule", manager, service),
            ("home_plan_delete", manager, service),
            ("home_schedule_delete", manager, service),
            ("home_actual", service, manager),
            ("home_actual_delete", service, manager),
        ] {
            made.push(self.unit(&UnitRequest {
                unit,
                edition: Edition::V4,
                from,
                to,
                month,
                size,
            })?);
        }
        Ok(made)
    }
}

/// One folder of fixtures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixture {
    /// The folder, such as `good/home_plan`.
    pub folder: String,
    /// Names and bytes of its files; a faulty name is not one of the standard.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Fixture {
    /// Whether something is wrong with it on purpose.
    pub fn is_faulty(&self) -> bool {
        self.folder.split('/').any(|part| part == "faulty")
    }

    fn good(unit: &SampleUnit) -> Self {
        Self::of(&format!("good/{}", unit.unit), unit)
    }

    fn of(folder: &str, unit: &SampleUnit) -> Self {
        let files = unit.files.iter();
        Self {
            folder: folder.to_owned(),
            files: files.map(|file| (file.name.to_string(), file.bytes.clone())).collect(),
        }
    }

    /// The same with a fault in the file whose name begins with `prefix`.
    fn faulty(folder: &str, unit: &SampleUnit, prefix: &str, fault: impl Fn(&mut String, &mut Vec<u8>)) -> Self {
        let mut fixture = Self::of(&format!("faulty/{folder}"), unit);
        for (name, bytes) in &mut fixture.files {
            if name.starts_with(prefix) {
                fault(name, bytes);
            }
        }
        fixture
    }

    /// Writes the files below a folder, replacing what has the same names.
    pub fn write_below(&self, root: &Path) -> io::Result<()> {
        let folder = root.join(&self.folder);
        std::fs::create_dir_all(&folder)?;
        for (name, bytes) in &self.files {
            std::fs::write(folder.join(name), bytes)?;
        }
        Ok(())
    }
}

/// The fixtures that are checked in under `tests/fixtures`: every good unit, and one fault in each faulty folder.
pub fn fixtures() -> Result<Vec<Fixture>, Unmakable> {
    let offices = ExampleOffices::new()?;
    let month = ServiceMonth::parse("202604")?;
    let size = Size::Recipients(2);
    let mut samples = Samples::new(25);
    let home = samples.home_care(offices.care_management, offices.home_help, month, size)?;
    let mut all: Vec<Fixture> = home.iter().map(Fixture::good).collect();
    for unit in care_model::UNITS_OF_EDITION_4
        .iter()
        .filter(|unit| unit.id.starts_with("preventive"))
    {
        let (from, to) = offices.ends_of(unit.id);
        let made = samples.unit(&UnitRequest {
            unit: unit.id,
            edition: Edition::V4,
            from,
            to,
            month,
            size,
        })?;
        all.push(Fixture::good(&made));
    }
    let schedule = samples.unit(&UnitRequest {
        unit: "home_schedule",
        edition: Edition::V4,
        from: offices.care_management,
        to: offices.home_help,
        month,
        size,
    })?;
    let mut missing = Fixture::of("faulty/mate_missing", &schedule);
    missing.files.retain(|(name, _)| !name.starts_with("UPSIKYU"));
    all.push(missing);
    all.push(Fixture::faulty(
        "destinations_differ",
        &schedule,
        "UPSIKYU",
        |name, _| {
            *name = name.replace("9970101003", "9970199999");
        },
    ));
    all.push(Fixture::faulty("serials_differ", &schedule, "UPSIKYU", |name, _| {
        *name = name.replace(schedule.serial.as_str(), "20260326235959");
    }));
    all.push(Fixture::faulty("name_hyphens", &schedule, "UPPLAN", |name, _| {
        *name = name.replace('_', "-");
    }));
    all.push(Fixture::faulty("encoding_utf8", &schedule, "UPPLAN", |_, bytes| {
        *bytes = encoding_rs::SHIFT_JIS.decode(bytes).0.into_owned().into_bytes();
    }));
    all.push(Fixture::faulty("empty_file", &schedule, "UPPLAN", |_, bytes| {
        bytes.clear()
    }));
    let mut two = Fixture::of("faulty/two_destinations", &schedule);
    let other = samples.unit(&UnitRequest {
        unit: "home_schedule",
        edition: Edition::V4,
        from: offices.care_management,
        to: party("9970101011", "15")?,
        month,
        size,
    })?;
    two.files.extend(Fixture::of("", &other).files);
    all.push(two);
    Ok(all)
}

/// Everything that this crate knows to make, each in a folder of its own name: the fixtures, every unit of both editions, a
/// month of each kind of office whose services are not like those of another, and every fault. Tests that go through it
/// meet a new sample by themselves.
pub fn every_sample() -> Result<Vec<Fixture>, Unmakable> {
    let offices = ExampleOffices::new()?;
    let month = ServiceMonth::parse("202604")?;
    let mut samples = Samples::new(31);
    let mut make = |folder: String, unit: &str, edition, (from, to), count| {
        let made = samples.unit(&UnitRequest {
            unit,
            edition,
            from,
            to,
            month,
            size: Size::Recipients(count),
        })?;
        Ok::<_, Unmakable>(Fixture::of(&folder, &made))
    };
    let mut all = fixtures()?;
    for edition in [Edition::V3, Edition::V4] {
        for unit in SendUnit::of_edition(edition) {
            let ends = offices.ends_of(unit.id);
            all.push(make(format!("{edition:?}/{}", unit.id), unit.id, edition, ends, 3)?);
        }
    }
    for kind in services::kinds() {
        let service = Party::new(offices.home_help.office, kind);
        for (unit, from, to) in [
            ("home_schedule", offices.care_management, service),
            ("home_actual", service, offices.care_management),
        ] {
            all.push(make(format!("kind_{kind}/{unit}"), unit, Edition::V4, (from, to), 1)?);
        }
    }
    for edition in [Edition::V3, Edition::V4] {
        let faults = faults(edition, 3, month)?.into_iter();
        all.extend(faults.map(|fault| Fixture {
            folder: format!("{edition:?}/faulty/{}", fault.id),
            files: fault.files,
        }));
    }
    Ok(all)
}
