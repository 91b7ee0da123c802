//! 内容を見る against everything that the generator of samples can make, the faulty ones too.
//!
//! The files are read a second time here, by other code than the product's: MS932 by `encoding_rs`, records by `csv`, values
//! by their columns. What that finds must stand on a form of the care recipient whose record it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use care_layout::{Field, Kind, Layout, Pattern};
use care_model::{Edition, ExchangeFileName, FileKind, NameReading, limits};
use care_samples::{Fixture, every_sample};
use chrono::{Datelike as _, NaiveDate};
use desk_ipc::{
    CellView, CompositionMode, CompositionView, DeskCommands, FileRow, FindingView, FormView, FormsRequest,
    ReadRecipientView, ReadingSource, ReadingView,
};
use test_support::{ExampleExchange, OpenDesk};

/// Columns that no form of a care recipient has in a cell of its own; of some only one value. Each has its reason.
const ELSEWHERE: &[(&str, Option<&str>, &str)] = &[
    ("insurer_number", None, "stands above all forms of its care recipient"),
    ("insured_number", None, "stands above all forms of its care recipient"),
    (
        "service_date",
        None,
        "is the column of the month in which the visit is counted",
    ),
    (
        "service_office_number",
        Some("9999999999"),
        "a total is no office's: the line says 合計",
    ),
    (
        "service_code",
        Some("999999"),
        "a total is no service: the line says 合計",
    ),
];

/// Faults in which a quotation mark stands where none may: what it belongs to is anybody's guess, so marks are not compared.
const QUOTES_ASTRAY: &[&str] = &[
    "quote_not_doubled",
    "quote_not_closed",
    "text_unquoted_comma",
    "truncated",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_is_shown_whole_or_says_why_not() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let desk = exchange.desk(&exchange.manager, "front").await?;
    let mut seen = Seen::default();
    let mut wrong = Vec::new();
    for sample in every_sample()? {
        let folder = exchange.folder(&sample.folder)?;
        match look(&desk, &folder, &sample).await {
            Ok(looked) => seen.add(looked),
            Err(error) => wrong.push(format!("{}: {}", sample.folder, causes(&error))),
        }
    }
    ensure!(wrong.is_empty(), "{} samples:\n{}", wrong.len(), wrong.join("\n"));
    // What was looked at is there: a reading of nothing would be whole as well.
    ensure!(
        seen.values > 60_000 && seen.people > 500 && seen.visits > 2_500,
        "{seen:?}"
    );
    ensure!(seen.findings > 200, "{seen:?}");
    Ok(())
}

/// What went wrong, from the outside in.
fn causes(error: &anyhow::Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    causes.join(": ")
}

/// How much was compared.
#[derive(Debug, Default)]
struct Seen {
    values: usize,
    people: usize,
    visits: usize,
    findings: usize,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.values += other.values;
        self.people += other.people;
        self.visits += other.visits;
        self.findings += other.findings;
    }
}

/// Writes files; one whose name is there already goes into a folder of its own, as a person's second copy does.
fn write(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for (name, bytes) in files {
        let mut path = folder.join(name);
        if path.exists() {
            std::fs::create_dir(folder.join("again"))?;
            path = folder.join("again").join(name);
        }
        std::fs::write(&path, bytes)?;
        paths.push(path);
    }
    Ok(paths)
}

/// Drops a sample and looks at it as the page does.
async fn look(desk: &OpenDesk, folder: &Path, sample: &Fixture) -> Result<Seen> {
    let paths = write(folder, &sample.files)?;
    let composition = desk.compose(CompositionMode::Compose, paths.clone()).await?;
    let source = ReadingSource::Composition {
        composition: composition.id,
        delivery: None,
    };
    let view = desk.desk.read_recipients(source.clone()).await?;
    let mut forms = Vec::new();
    for people in view.recipients.chunks(desk_ipc::FORMS_RECIPIENTS_MAX) {
        let request = FormsRequest {
            source: source.clone(),
            recipients: people.iter().map(|person| person.recipient).collect(),
        };
        forms.extend(desk.desk.read_forms(request).await?);
    }
    desk.desk.discard_composition(composition.id).await?;
    for (path, (_, bytes)) in paths.iter().zip(&sample.files) {
        ensure!(std::fs::read(path)? == *bytes, "{} was changed", path.display());
    }
    ensure!(forms.len() == view.recipients.len(), "forms of {} people", forms.len());
    ensure!(
        view.recipients.is_empty() || view.first == forms[0].forms,
        "the first is another"
    );
    let people = view.recipients.iter().zip(forms.iter().map(|of| of.forms.as_slice()));
    let shown = Shown {
        view: &view,
        people: people.collect(),
        quotes: !QUOTES_ASTRAY.iter().any(|fault| sample.folder.ends_with(fault)),
    };
    let mut seen = Seen {
        people: shown.people.len(),
        findings: shown.findings_of(&composition, sample)?,
        ..Seen::default()
    };
    let mut named = BTreeSet::new();
    for (name, bytes) in &sample.files {
        seen.add(shown.file(name, bytes, &mut named).with_context(|| name.clone())?);
    }
    let listed = view.recipients.iter().filter(|person| !person.nobody);
    let listed: BTreeSet<(String, String)> = listed
        .map(|person| (person.insurer_number.clone(), person.insured_number.clone()))
        .collect();
    ensure!(listed == named, "{listed:?} are listed, {named:?} are in the files");
    Ok(seen)
}

/// What the page shows.
struct Shown<'a> {
    view: &'a ReadingView,
    people: Vec<(&'a ReadRecipientView, &'a [FormView])>,
    /// Whether quotation marks are compared.
    quotes: bool,
}

/// A finding by file, code and record.
type Found = (String, String, Option<u32>);

impl Shown<'_> {
    /// Every finding of a file stands with the file, and with the form of its record; gives how many.
    fn findings_of(&self, composition: &CompositionView, sample: &Fixture) -> Result<usize> {
        let planned = composition.deliveries.iter().flat_map(|delivery| &delivery.files);
        let rows: Vec<&FileRow> = planned.chain(&composition.unplaced).collect();
        let found =
            |name: &str, finding: &FindingView| -> Found { (name.to_owned(), finding.code.clone(), finding.row) };
        let mut composed: Vec<Found> = rows
            .iter()
            .flat_map(|row| row.findings.iter().map(|finding| found(&row.name, finding)))
            .collect();
        let mut read: Vec<Found> = self
            .view
            .files
            .iter()
            .flat_map(|file| file.findings.iter().map(|finding| found(&file.name, finding)))
            .collect();
        composed.sort();
        read.sort();
        ensure!(composed == read, "{read:?} are shown, {composed:?} were found");
        let of_units = composition.deliveries.iter().map(|delivery| delivery.findings.len());
        let said = composition.findings.len() + of_units.sum::<usize>() + read.len();
        // Of good files only what they are to this office is said.
        ensure!(sample.is_faulty() || read.is_empty(), "{read:?} was found");
        ensure!(!sample.is_faulty() || said > 0, "nothing is said of it");
        let on_forms: BTreeSet<(&str, u32)> = self
            .people
            .iter()
            .flat_map(|(_, forms)| forms.iter())
            .flat_map(|form| &form.findings)
            .filter_map(|finding| Some((finding.code.as_str(), finding.row?)))
            .collect();
        for (name, code, row) in &read {
            let Some(row) = row else { continue };
            let silent = self.remarks(name)?.is_empty();
            ensure!(
                !silent || on_forms.contains(&(code, *row)),
                "{code} at {row} of {name} is on no form"
            );
        }
        Ok(read.len())
    }

    fn remarks(&self, name: &str) -> Result<&[String]> {
        let mut files = self.view.files.iter();
        let file = files.find(|file| file.name == name);
        Ok(&file.context("the file is not listed")?.remarks)
    }

    /// Every value of a file stands where its columns say.
    fn file(&self, name: &str, bytes: &[u8], named: &mut BTreeSet<(String, String)>) -> Result<Seen> {
        let said = !self.remarks(name)?.is_empty();
        let standard = match NameReading::of(name) {
            NameReading::Standard(name) | NameReading::Copy { of: name } => Some(name),
            NameReading::Near { suggestion, .. } => suggestion,
            NameReading::Foreign => None,
        };
        let Some(standard) = standard.filter(|name| !name.kind.is_image()) else {
            ensure!(said, "it is not shown, without a word");
            return Ok(Seen::default());
        };
        let mut seen = Seen::default();
        let mut visits = Visits::default();
        for record in records(bytes)? {
            if record.iter().map(String::len).sum::<usize>() > limits::CSV_RECORD_BYTES_MAX {
                ensure!(said, "a record is left out without a word");
                continue;
            }
            let record = Record::of(&standard, record)?;
            let (insurer, insured) = (record.get("insurer_number"), record.get("insured_number"));
            let nobody = !names_somebody(insurer, insured);
            let person = self.people.iter().find(|(row, _)| {
                row.nobody == nobody && (nobody || (row.insurer_number == insurer && row.insured_number == insured))
            });
            let (_, forms) = person.with_context(|| format!("{insurer} {insured} is nowhere"))?;
            if !nobody {
                named.insert((insurer.to_owned(), insured.to_owned()));
            }
            let forms: Vec<&FormView> = forms
                .iter()
                .filter(|form| form.file.contains(standard.as_str()))
                .collect();
            let text = self.compared(&forms.iter().map(|form| words(form)).collect::<String>());
            for (field, written) in record.filled() {
                if !nobody && is_elsewhere(field, written) {
                    continue;
                }
                let wanted = self.compared(&as_people_read(field, written));
                ensure!(stands(&text, &wanted), "{}: {wanted:?} is not on\n{text}", field.name);
                seen.values += 1;
            }
            let surplus = self.compared(&record.surplus());
            ensure!(text.contains(&surplus), "{surplus:?} is not on\n{text}");
            if !nobody && matches!(standard.kind, FileKind::UseSlip | FileKind::Actuals) {
                visits.add(&record, &forms, &text)?;
            }
        }
        seen.visits = visits.must_be_in_their_columns()?;
        Ok(seen)
    }

    fn compared(&self, text: &str) -> String {
        match self.quotes {
            true => text.to_owned(),
            false => text.replace('"', ""),
        }
    }
}

/// Decodes a file and takes it apart.
fn records(bytes: &[u8]) -> Result<Vec<Vec<String>>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::SHIFT_JIS.decode_without_bom_handling(bytes).0.into_owned(),
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let records = reader
        .records()
        .map(|record| Ok(record?.iter().map(str::to_owned).collect()));
    records.collect()
}

/// A record under the names of its columns.
struct Record {
    layout: &'static Layout,
    values: Vec<String>,
}

impl Record {
    /// The columns are those of the file's edition, or of the other one where only that has so many.
    fn of(name: &ExchangeFileName, values: Vec<String>) -> Result<Self> {
        let layouts = [Edition::V3, Edition::V4].map(|edition| Layout::of(edition, name.kind));
        let layouts = layouts.into_iter().flatten();
        let (own, other): (Vec<_>, Vec<_>) = layouts.partition(|layout| layout.edition == name.edition());
        let fits = |layouts: &[&'static Layout]| layouts.first().copied().filter(|of| of.fields.len() == values.len());
        let layout = fits(&own).or(fits(&other)).or(own.first().copied());
        Ok(Self {
            layout: layout.context("the standard has no such file")?,
            values,
        })
    }

    fn get(&self, name: &str) -> &str {
        let value = self.layout.index(name).and_then(|index| self.values.get(index));
        value.map_or("", String::as_str)
    }

    fn filled(&self) -> impl Iterator<Item = (&'static Field, &str)> {
        let columns = self.layout.fields.iter().zip(&self.values);
        columns
            .map(|(field, value)| (field, value.as_str()))
            .filter(|(_, value)| !value.is_empty())
    }

    /// What stands behind the last column.
    fn surplus(&self) -> String {
        let behind = self.values.get(self.layout.fields.len()..).unwrap_or_default();
        behind.join(",").trim_matches(',').to_owned()
    }
}

fn names_somebody(insurer: &str, insured: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(insurer, 6) || Pattern::InsuredNumber.fits(insured.as_bytes())
}

fn is_elsewhere(field: &Field, written: &str) -> bool {
    ELSEWHERE
        .iter()
        .any(|(column, value, _)| *column == field.name && value.is_none_or(|value| value == written))
}

/// What a person reads for what is written; what is not as its column wants is read as it is written.
fn as_people_read(field: &Field, written: &str) -> String {
    let digits = written.bytes().all(|byte| byte.is_ascii_digit());
    let meaning = field.codes.and_then(|table| table.meaning(written.as_bytes()));
    match field.kind {
        Kind::Date if written == "00000000" => "なし".to_owned(),
        Kind::Month if written == "000000" => "なし".to_owned(),
        Kind::Time if written == "9999" => "時刻なし".to_owned(),
        Kind::Date => day(written).map_or(written.to_owned(), |day| {
            format!("{}年{}月{}日", day.year(), day.month(), day.day())
        }),
        Kind::Month => month(written).map_or(written.to_owned(), |(year, month)| format!("{year}年{month}月")),
        Kind::Time if digits && written.len() == 4 && written <= "2400" && &written[2..] < "60" => {
            format!("{}:{}", &written[..2], &written[2..])
        }
        Kind::Integer if digits => with_commas(written.trim_start_matches('0')),
        Kind::Code | Kind::Flag => meaning.unwrap_or(written).to_owned(),
        Kind::Digits if field.pattern == Some(Pattern::DayFlags) && written.len() == 31 && digits => {
            let marked = (1..).zip(written.bytes()).filter(|(_, byte)| *byte == b'1');
            let days: Vec<String> = marked.map(|(day, _): (u32, u8)| day.to_string()).collect();
            format!("{}日", days.join("、"))
        }
        // Lines stay apart; what is no character is shown as one that says so.
        _ => written
            .trim_end()
            .replace("\r\n", "\n")
            .chars()
            .map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c })
            .collect(),
    }
}

fn day(written: &str) -> Option<NaiveDate> {
    let whole = written.len() == 8 && written.is_ascii();
    whole
        .then(|| NaiveDate::parse_from_str(written, "%Y%m%d").ok())
        .flatten()
}

fn month(written: &str) -> Option<(i32, u32)> {
    let first = day(&format!("{written}01"))?;
    Some((first.year(), first.month()))
}

fn with_commas(digits: &str) -> String {
    let digits = if digits.is_empty() { "0" } else { digits };
    let groups: Vec<String> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| String::from_utf8_lossy(group).into_owned())
        .collect();
    groups.join(",")
}

/// The end of a cell.
const END: char = '\u{1f}';

/// Every word of a form.
fn words(form: &FormView) -> String {
    let cells = form
        .parts
        .iter()
        .flat_map(|part| part.head.iter().chain(&part.rows))
        .flatten();
    let mut words = format!("{END}{}{END}{}{END}", form.about, form.file);
    for cell in cells {
        words.push_str(&cell.text);
        words.push(END);
    }
    words
}

/// Whether a value stands in a text; a number not as a part of another.
fn stands(text: &str, wanted: &str) -> bool {
    let number = |c: char| c.is_ascii_digit();
    text.match_indices(wanted).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + wanted.len()..].chars().next();
        let begins = wanted.starts_with(number) && before.is_some_and(number);
        let ends = wanted.ends_with(number) && after.is_some_and(number);
        !begins && !ends
    })
}

/// The visits of a file by care recipient and month, with the forms that may show them.
#[derive(Default)]
struct Visits<'a>(BTreeMap<(String, String), Month<'a>>);

#[derive(Default)]
struct Month<'a> {
    /// How many on which day; none where a record of the day has no number.
    days: BTreeMap<NaiveDate, Option<i64>>,
    forms: Vec<&'a FormView>,
}

impl<'a> Visits<'a> {
    fn add(&mut self, record: &Record, forms: &[&'a FormView], text: &str) -> Result<()> {
        let (date, of) = (record.get("service_date"), record.get("target_month"));
        // A month that is none leaves the day its own.
        let in_month = date.starts_with(of) || month(of).is_none();
        let Some(date) = day(date) else {
            ensure!(stands(text, date), "{date} is not on\n{text}");
            return Ok(());
        };
        if !in_month {
            let said = format!("{}/{}(", date.month(), date.day());
            ensure!(stands(text, &said), "{said} is not on\n{text}");
            return Ok(());
        }
        let about = format!("{}年{}月分", date.year(), date.month());
        let key = (record.get("insured_number").to_owned(), of.to_owned());
        let month = self.0.entry(key).or_insert_with(|| Month {
            days: BTreeMap::new(),
            forms: forms.iter().copied().filter(|form| form.about == about).collect(),
        });
        let count = record.get("service_count").parse::<i64>().ok();
        let counted = month.days.entry(date).or_insert(Some(0));
        *counted = counted.zip(count).map(|(sum, count)| sum + count);
        Ok(())
    }

    /// One form of each month counts on every day what the file does.
    fn must_be_in_their_columns(&self) -> Result<usize> {
        for ((insured, of), month) in &self.0 {
            let whole = month.forms.iter().any(|form| {
                let mut days = month.days.iter();
                days.all(|(date, count)| count.is_none_or(|count| counted_on(form, *date) == count))
            });
            ensure!(whole, "{insured}: no form of {of} counts {:?}", month.days);
        }
        Ok(self.0.values().map(|month| month.days.len()).sum())
    }
}

/// What the table of services counts in the column of a day.
fn counted_on(form: &FormView, date: NaiveDate) -> i64 {
    /// Time, content, office, and whether it is planned or done; the days follow.
    const BEFORE: usize = 4;
    let column = BEFORE + date.day0() as usize;
    let rows = form.parts.iter().flat_map(|part| &part.rows);
    let services = rows.filter(|row: &&Vec<CellView>| {
        row.get(BEFORE - 1)
            .is_some_and(|cell| ["予定", "実績"].contains(&cell.text.as_str()))
    });
    services
        .filter_map(|row| row.get(column)?.text.parse::<i64>().ok())
        .sum()
}
