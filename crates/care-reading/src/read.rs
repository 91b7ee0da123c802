//! From files to documents by care recipient.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use care_layout::{Layout, Pattern};
use care_model::{Address, Edition, ExchangeFileName, FileKind, Serial, limits};
use serde::Serialize;

use crate::{
    Annex, CarePlan, Deletion, Form, MonthSheet, PlanSheet2, PreventionPlan, Profile, ReadFile, Sheet, Supplement,
    Value, WeeklyPlan,
};

/// What files say, by care recipient.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The files, in the order of import: by serial, and within a unit as the standard lists them.
    pub files: Vec<Arc<ReadFile>>,
    /// The care recipients in the order in which the files name them.
    pub recipients: Vec<Recipient>,
    /// Records that name no care recipient, such as a line of headings.
    pub unassigned: Vec<Sheet>,
    /// Images that no basic information names.
    pub unnamed_images: Vec<Arc<ReadFile>>,
}

/// A care recipient and what the files hold about them.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Recipient {
    /// 保険者番号, as written.
    pub insurer_number: String,
    /// 被保険者番号, as written.
    pub insured_number: String,
    /// The name, from the supplement or from a form that has it.
    pub name: Option<String>,
    /// The name in kana.
    pub name_kana: Option<String>,
    /// 利用者補足情報.
    pub supplements: Vec<Supplement>,
    /// 居宅サービス計画書 第1表.
    pub care_plans: Vec<CarePlan>,
    /// 居宅サービス計画書 第2表.
    pub plan_sheets_2: Vec<PlanSheet2>,
    /// 週間サービス計画表 第3表.
    pub weekly_plans: Vec<WeeklyPlan>,
    /// サービス利用票（予定） 第6表.
    pub use_slips: Vec<MonthSheet>,
    /// サービス利用票別表 第7表.
    pub annexes: Vec<Annex>,
    /// 実績情報.
    pub actuals: Vec<MonthSheet>,
    /// 介護予防サービス・支援計画書.
    pub prevention_plans: Vec<PreventionPlan>,
    /// 利用者基本情報.
    pub profiles: Vec<Profile>,
    /// What is withdrawn.
    pub deletions: Vec<Deletion>,
}

/// Reads the files of one or several bundles. Nothing is refused: what is not as the standard has it stays as it is.
///
/// At most [`limits::READING_RECORDS_MAX`] records and [`limits::READING_BYTES_MAX`] bytes of records are kept, and no
/// record over [`limits::CSV_RECORD_BYTES_MAX`]; each file says how many were left out.
pub fn read(files: &[(ExchangeFileName, &[u8])]) -> Reading {
    let mut order: Vec<&(ExchangeFileName, &[u8])> = files.iter().collect();
    order.sort_by(|(a, _), (b, _)| (a.serial, a.kind, a).cmp(&(b.serial, b.kind, b)));
    let mut reader = Reader::default();
    for (name, bytes) in order {
        reader.file(name, bytes);
    }
    reader.finish()
}

/// What brings records into one document: who, which unit, which of files under one name, what, and the linking value.
type DocumentKey = (usize, (Serial, Address, Address), usize, Group, Option<Value>);

/// The documents; sub-tables are in that of their parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Group {
    Of(FileKind),
    PreventionPlan,
    Profile,
}

#[derive(Default)]
struct Reader {
    reading: Reading,
    people: HashMap<(Arc<str>, Arc<str>), usize>,
    documents: HashMap<DocumentKey, usize>,
    images: Vec<Arc<ReadFile>>,
    texts: HashSet<Arc<str>>,
    records: usize,
    bytes: u64,
}

impl Reader {
    fn file(&mut self, name: &ExchangeFileName, bytes: &[u8]) {
        let is_utf8 = is_utf8(bytes);
        let mut file = ReadFile {
            name: name.clone(),
            records: 0,
            left_out: 0,
            is_utf8,
        };
        if name.kind.is_image() {
            let file = Arc::new(file);
            self.images.push(Arc::clone(&file));
            self.reading.files.push(file);
            return;
        }
        let mut forms = Vec::new();
        for record in care_csv::records(bytes) {
            let size = record.raw().len();
            self.bytes = self.bytes.saturating_add(size as u64);
            let too_much = size > limits::CSV_RECORD_BYTES_MAX
                || self.records >= limits::READING_RECORDS_MAX
                || self.bytes > limits::READING_BYTES_MAX;
            let layout = layout_for(name, || record.fields().count());
            match layout {
                Some(layout) if !too_much => {
                    self.records += 1;
                    file.records += 1;
                    let texts = &mut self.texts;
                    let fields = record
                        .fields()
                        .map(|value| if is_utf8 { utf8_text(value.raw()) } else { value.text() });
                    forms.push(Form::read(layout, record.row, fields, &mut |text| keep(texts, text)));
                }
                _ => file.left_out = file.left_out.saturating_add(1),
            }
        }
        let file = Arc::new(file);
        // A second file under one name is no part of the first: what both say would be counted twice.
        let copy = self.reading.files.iter().filter(|read| read.name == file.name).count();
        self.reading.files.push(Arc::clone(&file));
        for form in forms {
            self.place(&file, copy, form);
        }
    }

    /// Puts a record into the document it belongs to.
    fn place(&mut self, file: &Arc<ReadFile>, copy: usize, form: Form) {
        let kind = file.name.kind;
        if !names_somebody(&form) {
            let same_file = |sheet: &&mut Sheet| Arc::ptr_eq(&sheet.file, file);
            match self.reading.unassigned.last_mut().filter(same_file) {
                Some(sheet) => sheet.rows.push(form),
                None => self.reading.unassigned.push(Sheet::begin(file, None, form)),
            }
            return;
        }
        let person = self.person(&form);
        let Some(recipient) = self.reading.recipients.get_mut(person) else {
            return;
        };
        recipient.learn_name(&form);
        let link = link_of(kind, &form);
        let group = match kind {
            FileKind::PreventionPlan | FileKind::PreventionPlanSupport => Group::PreventionPlan,
            FileKind::RecipientProfile | FileKind::ProfileDay | FileKind::ProfileMedicalHistory => Group::Profile,
            other => Group::Of(other),
        };
        let unit = (file.name.serial, file.name.from, file.name.to);
        let next = recipient.count(group);
        let place = *self
            .documents
            .entry((person, unit, copy, group, link.clone()))
            .or_insert(next);
        recipient.add(kind, place, file, link, form);
    }

    fn person(&mut self, form: &Form) -> usize {
        let number = |name| form.text(name).unwrap_or_default();
        let (insurer, insured) = (number("insurer_number"), number("insured_number"));
        let key = (keep(&mut self.texts, insurer), keep(&mut self.texts, insured));
        let next = self.reading.recipients.len();
        let person = *self.people.entry(key).or_insert(next);
        if person == next {
            self.reading.recipients.push(Recipient {
                insurer_number: insurer.to_owned(),
                insured_number: insured.to_owned(),
                ..Recipient::default()
            });
        }
        person
    }

    fn finish(mut self) -> Reading {
        let mut named = vec![false; self.images.len()];
        let by_name: HashMap<String, usize> = self
            .images
            .iter()
            .enumerate()
            .map(|(place, file)| (file.name.as_str().to_ascii_uppercase(), place))
            .collect();
        for recipient in &mut self.reading.recipients {
            for profile in &mut recipient.profiles {
                for form in profile.profile.iter().flat_map(|sheet| &sheet.rows) {
                    let name = form.text("family_image_file_name").map(str::to_ascii_uppercase);
                    let Some(place) = name.and_then(|name| by_name.get(&name)).copied() else {
                        continue;
                    };
                    profile.images.extend(self.images.get(place).map(Arc::clone));
                    if let Some(named) = named.get_mut(place) {
                        *named = true;
                    }
                }
            }
        }
        let unnamed = self.images.into_iter().zip(named).filter(|(_, named)| !named);
        self.reading.unnamed_images = unnamed.map(|(file, _)| file).collect();
        self.reading
    }
}

impl Sheet {
    fn begin(file: &Arc<ReadFile>, link: Option<Value>, form: Form) -> Self {
        Self {
            file: Arc::clone(file),
            link,
            rows: vec![form],
        }
    }
}

impl Recipient {
    /// The records of every document, kind by kind.
    pub fn sheets(&self) -> impl Iterator<Item = &Sheet> {
        let plans = self.prevention_plans.iter();
        let profiles = self.profiles.iter();
        self.supplements
            .iter()
            .map(|document| &document.sheet)
            .chain(self.care_plans.iter().map(|document| &document.sheet))
            .chain(self.plan_sheets_2.iter().map(|document| &document.sheet))
            .chain(self.weekly_plans.iter().map(|document| &document.sheet))
            .chain(plans.flat_map(|plan| plan.plan.iter().chain(&plan.support)))
            .chain(profiles.flat_map(|profile| {
                let parts = profile.profile.iter().chain(&profile.day);
                parts.chain(&profile.medical_history)
            }))
            .chain(self.use_slips.iter().map(|document| &document.sheet))
            .chain(self.annexes.iter().map(|document| &document.sheet))
            .chain(self.actuals.iter().map(|document| &document.sheet))
            .chain(self.deletions.iter().map(|document| &document.sheet))
    }

    /// Takes the name from the first record that has it.
    fn learn_name(&mut self, form: &Form) {
        for (name, known) in [
            ("recipient_name", &mut self.name),
            ("recipient_name_kana", &mut self.name_kana),
        ] {
            if known.is_none() {
                *known = form.text(name).map(str::to_owned);
            }
        }
    }

    /// How many documents of a group there are.
    fn count(&self, group: Group) -> usize {
        match group {
            Group::PreventionPlan => self.prevention_plans.len(),
            Group::Profile => self.profiles.len(),
            Group::Of(kind) => match kind {
                FileKind::RecipientSupplement => self.supplements.len(),
                FileKind::PlanSheet1 => self.care_plans.len(),
                FileKind::PlanSheet2 => self.plan_sheets_2.len(),
                FileKind::WeeklyPlan => self.weekly_plans.len(),
                FileKind::UseSlip => self.use_slips.len(),
                FileKind::UseSlipAnnex => self.annexes.len(),
                FileKind::Actuals => self.actuals.len(),
                _ => self.deletions.len(),
            },
        }
    }

    /// Adds a record to the document at a place, which is made if it is the next.
    fn add(&mut self, kind: FileKind, place: usize, file: &Arc<ReadFile>, link: Option<Value>, form: Form) {
        /// The document at a place, or a new one behind the last.
        fn put<D>(
            documents: &mut Vec<D>,
            place: usize,
            sheet_of: impl Fn(&mut D) -> &mut Sheet,
            make: impl Fn(Sheet) -> D,
            begun: impl FnOnce(Form) -> Sheet,
            form: Form,
        ) {
            match documents.get_mut(place) {
                Some(document) => sheet_of(document).rows.push(form),
                None => documents.push(make(begun(form))),
            }
        }
        let begun = |form| Sheet::begin(file, link, form);
        macro_rules! put {
            ($documents:ident, $document:ident) => {
                put(
                    &mut self.$documents,
                    place,
                    |document| &mut document.sheet,
                    |sheet| $document { sheet },
                    begun,
                    form,
                )
            };
        }
        macro_rules! put_part {
            ($documents:ident, $part:ident) => {{
                if self.$documents.len() == place {
                    self.$documents.push(Default::default());
                }
                if let Some(document) = self.$documents.get_mut(place) {
                    match &mut document.$part {
                        Some(sheet) => sheet.rows.push(form),
                        None => document.$part = Some(begun(form)),
                    }
                }
            }};
        }
        match kind {
            FileKind::RecipientSupplement => put!(supplements, Supplement),
            FileKind::PlanSheet1 => put!(care_plans, CarePlan),
            FileKind::PlanSheet2 => put!(plan_sheets_2, PlanSheet2),
            FileKind::WeeklyPlan => put!(weekly_plans, WeeklyPlan),
            FileKind::UseSlip => put!(use_slips, MonthSheet),
            FileKind::UseSlipAnnex => put!(annexes, Annex),
            FileKind::Actuals => put!(actuals, MonthSheet),
            FileKind::PreventionPlan => put_part!(prevention_plans, plan),
            FileKind::PreventionPlanSupport => put_part!(prevention_plans, support),
            FileKind::RecipientProfile => put_part!(profiles, profile),
            FileKind::ProfileDay => put_part!(profiles, day),
            FileKind::ProfileMedicalHistory => put_part!(profiles, medical_history),
            FileKind::PlanDeletion
            | FileKind::UseSlipDeletion
            | FileKind::ActualsDeletion
            | FileKind::PreventionPlanDeletion
            | FileKind::ProfileDeletion => put!(deletions, Deletion),
            // An image has no records.
            FileKind::ProfileImage => {}
        }
    }
}

/// The layout of a record: that of the name's edition, unless only the other edition's has so many fields. Some programs
/// write names of one edition around records of the other.
fn layout_for(name: &ExchangeFileName, count: impl FnOnce() -> usize) -> Option<&'static Layout> {
    let (named, other) = match name.edition() {
        Edition::V3 => (Edition::V3, Edition::V4),
        Edition::V4 => (Edition::V4, Edition::V3),
    };
    let layouts = (Layout::of(named, name.kind), Layout::of(other, name.kind));
    match layouts {
        (Some(named), Some(other)) if named.fields.len() != other.fields.len() => {
            let fits_other = count() == other.fields.len();
            Some(if fits_other { other } else { named })
        }
        (named, other) => named.or(other),
    }
}

/// Whether a record names a care recipient: at least one of the two numbers has its form.
fn names_somebody(form: &Form) -> bool {
    let insurer = form.text("insurer_number").unwrap_or_default();
    let insured = form.text("insured_number").unwrap_or_default();
    (insurer.len() == 6 && insurer.bytes().all(|byte| byte.is_ascii_digit()))
        || Pattern::InsuredNumber.fits(insured.as_bytes())
}

/// The value that links the files of a unit (標準仕様 4.1 本文 ファイル間の紐付け). The supplement has two; one says that
/// there is none.
fn link_of(kind: FileKind, form: &Form) -> Option<Value> {
    let names: &[&str] = match kind {
        FileKind::RecipientSupplement => &["target_month", "plan_created_or_changed_on"],
        FileKind::UseSlip | FileKind::UseSlipAnnex | FileKind::Actuals => &["target_month"],
        FileKind::UseSlipDeletion | FileKind::ActualsDeletion => &["delete_month"],
        FileKind::RecipientProfile
        | FileKind::ProfileDay
        | FileKind::ProfileMedicalHistory
        | FileKind::ProfileDeletion => &["consulted_on"],
        _ => &["plan_created_or_changed_on"],
    };
    let mut filled = names.iter().filter_map(|name| form.get(name));
    filled.find(|value| **value != Value::Nothing).cloned()
}

/// One place in memory for each text: office names and codes stand in every record.
fn keep(texts: &mut HashSet<Arc<str>>, text: &str) -> Arc<str> {
    if let Some(known) = texts.get(text) {
        return Arc::clone(known);
    }
    let kept: Arc<str> = Arc::from(text);
    texts.insert(Arc::clone(&kept));
    kept
}

/// Whether a file is UTF-8 with kana or kanji in it: a mistake that people can still read.
fn is_utf8(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| *byte >= 0xE0) && std::str::from_utf8(bytes).is_ok()
}

/// The text of a field of a UTF-8 file.
fn utf8_text(field: &[u8]) -> Cow<'_, str> {
    let text = std::str::from_utf8(field).unwrap_or_default();
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) if inner.contains("\"\"") => Cow::Owned(inner.replace("\"\"", "\"")),
        Some(inner) => Cow::Borrowed(inner),
        None => Cow::Borrowed(text),
    }
}
