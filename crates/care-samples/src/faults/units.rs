//! Faults between the files of a unit: mates, keys, images, ways.

use care_model::{FileKind as K, FindingCode as C};

use super::{ANOTHER_OFFICE, Case, Fault, Maker, as_files};
use crate::SampleUnit;
use crate::sheet::Sheet;

/// The faults of the common list.
pub(super) fn of_the_list(maker: &Maker) -> Vec<Fault> {
    let (schedule, plan) = (&maker.schedule, &maker.plan);
    let serial = schedule.serial.as_str();
    let later = serial.parse::<u64>().unwrap_or_default() + 1;
    let month = format!("_{}_", maker.month);
    let mut all = vec![
        Case::new("mate_missing", schedule, &[C::MateMissing]).without(K::UseSlipAnnex),
        Case::new("mate_missing_plan", plan, &[C::MateMissing]).without(K::RecipientSupplement),
        Case::new("serials_differ", schedule, &[C::SerialMismatch])
            .renamed(K::UseSlipAnnex, |name| name.replace(serial, &format!("{later:014}"))),
        Case::new("destinations_differ", schedule, &[C::OfficeMismatch]).renamed(K::UseSlipAnnex, |name| {
            name.replace(schedule.to.office.as_str(), ANOTHER_OFFICE)
        }),
        Case::new("hosoku_month", schedule, &[C::HosokuMonth])
            .renamed(K::RecipientSupplement, |name| name.replace(&month, "_000000_")),
        Case::new("recipients_differ", schedule, &[C::RecipientsDiffer]).records(K::RecipientSupplement, |sheet| {
            sheet.records.pop();
        }),
        Case::new("direction_wrong", &maker.actual, &[C::Direction, C::OfficeMismatch]).sent_back(),
        Case::new("duplicate", schedule, &[C::Duplicate]).copied(K::UseSlip, " - コピー.CSV"),
    ];
    if let Some(profile) = &maker.profile {
        all.push(Case::new("image_missing", profile, &[C::ImageMissing]).without(K::ProfileImage));
        let image = Case::new("image_not_jpeg", profile, &[C::ImageFormat]);
        all.push(image.change(K::ProfileImage, |_, bytes, _| *bytes = b"GIF89a not a jpeg".to_vec()));
    }
    all
}

/// Faults beside the common list.
pub(super) fn further(maker: &Maker) -> Vec<Fault> {
    let (schedule, plan) = (&maker.schedule, &maker.plan);
    let lacks = |id, unit, kind: K| {
        let case = Case::new(id, unit, &[C::RecipientsDiffer]);
        case.records(kind, |sheet| sheet.remove_person_of(0))
    };
    let keys = |id, unit, kind: K, field: &'static str| {
        let case = Case::new(id, unit, &[C::KeysDiffer]).at_row(1);
        case.records(kind, move |sheet| {
            let insured = sheet.get(0, "insured_number");
            for record in 0..sheet.records.len() {
                if sheet.get(record, "insured_number") == insured {
                    sheet.set(record, field, "20250601");
                }
            }
        })
    };
    let version = |id, unit: &SampleUnit, version: &'static str| {
        let case = Case::new(id, unit, &[C::VersionMixed]);
        case.records(K::RecipientSupplement, |sheet| sheet.set_all("csv_version", version))
    };
    let next_month = maker.next_month();
    let month = maker.month.as_str();
    let mut all = vec![
        lacks("recipients_differ_slip", schedule, K::UseSlip),
        lacks("recipients_differ_annex", schedule, K::UseSlipAnnex),
        lacks("recipients_differ_table_1", plan, K::PlanSheet1),
        lacks("recipients_differ_plan_supplement", plan, K::RecipientSupplement),
        keys("keys_differ_table_2", plan, K::PlanSheet2, "plan_created_or_changed_on"),
        keys(
            "keys_differ_supplement",
            plan,
            K::RecipientSupplement,
            "plan_created_or_changed_on",
        ),
        version("versions_differ", schedule, "202003"),
        Case::new("months_differ", schedule, &[C::MonthMismatch])
            .renamed(K::UseSlipAnnex, |name| name.replace(month, &next_month)),
        Case::new("mate_surplus", schedule, &[C::MateSurplus]).with_surplus(),
        Case::new("duplicate_differs", schedule, &[C::Duplicate]).doubled(K::UseSlip),
    ];
    if let (Some(profile), Some(prevention)) = (&maker.profile, &maker.prevention) {
        all.extend([
            keys("keys_differ_day", profile, K::ProfileDay, "consulted_on"),
            keys(
                "keys_differ_support",
                prevention,
                K::PreventionPlanSupport,
                "plan_created_or_changed_on",
            ),
            lacks("recipients_differ_prevention", prevention, K::PreventionPlan),
            Case::new("image_unnamed", profile, &[C::ImageMissing]).unnamed_image(),
        ]);
    }
    all
}

impl Case<'_> {
    /// Sender and destination of every name changed with each other.
    fn sent_back(self) -> Fault {
        let to = self.unit.to;
        let files = self.unit.files.iter().map(|file| {
            let mut name = file.name.clone();
            std::mem::swap(&mut name.from, &mut name.to);
            (name.canonical(), file.bytes.clone())
        });
        let files: Vec<_> = files.collect();
        let faulty = files.iter().map(|(name, _)| name.clone()).collect();
        let mut fault = self.with(files, faulty);
        fault.from = to;
        fault
    }

    /// A file a second time, with a mark of a copy at the end of its name.
    fn copied(self, kind: K, mark: &str) -> Fault {
        let mut files = as_files(self.unit);
        let mut faulty = Vec::new();
        if let Some(file) = self.unit.files.iter().find(|file| file.name.kind == kind) {
            let name = file.name.as_str().replace(".CSV", mark);
            faulty.push(name.clone());
            files.push((name, file.bytes.clone()));
        }
        self.with(files, faulty)
    }

    /// A file a second time under the same name, one record shorter.
    fn doubled(self, kind: K) -> Fault {
        let mut files = as_files(self.unit);
        let mut faulty = Vec::new();
        if let Some(file) = self.unit.files.iter().find(|file| file.name.kind == kind)
            && let Some(mut sheet) = Sheet::of(file)
        {
            sheet.records.pop();
            faulty.push(file.name.to_string());
            files.push((file.name.to_string(), sheet.bytes()));
        }
        self.with(files, faulty)
    }

    /// A deletion under the serial of a schedule.
    fn with_surplus(self) -> Fault {
        let mut files = as_files(self.unit);
        let mut faulty = Vec::new();
        if let Some(file) = self.unit.files.iter().find(|file| file.name.kind == K::UseSlip) {
            let name = file.name.as_str().replace("UPPLAN", "DLTPLAN");
            let key = Sheet::of(file).map(|sheet| {
                let key = ["csv_version", "insurer_number", "insured_number", "target_month"];
                key.map(|field| sheet.get(0, field)).join(&b',')
            });
            let bytes = [key.unwrap_or_default().as_slice(), b"\r\n"].concat();
            // The whole unit is told, on its first file.
            faulty.extend(files.iter().map(|(name, _)| name.clone()));
            faulty.push(name.clone());
            files.push((name, bytes));
        }
        self.with(files, faulty)
    }

    /// An image more than the records name.
    fn unnamed_image(self) -> Fault {
        let mut files = as_files(self.unit);
        let mut faulty = Vec::new();
        if let Some(file) = self.unit.files.iter().find(|file| file.name.kind == K::ProfileImage) {
            let mut name = file.name.clone();
            name.branch = Some(9_999);
            faulty.push(name.canonical());
            files.push((name.canonical(), file.bytes.clone()));
        }
        self.with(files, faulty)
    }
}
