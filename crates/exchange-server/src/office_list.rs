//! Registering offices from a list (CSV), as a prefecture or a union of offices hands one over.
//!
//! Every row is looked at before anything is done: what cannot be registered is told by line and column, and then nothing
//! is, unless the good rows alone were asked for. What is registered is registered in one act, all of it or nothing; what
//! the offices are to be handed is on the disk before that, so that no password is lost by whatever happens next.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use care_model::{OfficeNumber, ServiceKind, check_digit_fits, limits};
use chrono::{DateTime, Utc};
use exchange_protocol::Problem;
use exchange_store::OfficeFacts;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

use crate::{
    admin::{Admin, AdminError, NewOffice, OfficeMade},
    office_facts::{FactsTyped, end_of_day},
};

/// Rows whose passwords are made at the same time: as many as are hashed at once, and one that waits.
const MADE_AT_ONCE: usize = 3;

/// What stands in the way of a row, or of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListFinding {
    /// The line of the file, from 1, which is the one of the headings.
    pub line: u64,
    /// The column by its heading, if it is about one.
    pub column: Option<String>,
    /// What is wrong and what to do.
    pub text: String,
    /// Whether the row can be registered all the same.
    pub is_hint: bool,
}

/// An office that can be registered.
#[derive(Debug, Clone)]
struct Row {
    line: u64,
    facts: OfficeFacts,
    licence_until: Option<DateTime<Utc>>,
}

/// A list as it was read.
#[derive(Debug, Default)]
pub struct OfficeList {
    rows: Vec<Row>,
    findings: Vec<ListFinding>,
}

/// What came of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListOutcome {
    /// Offices that were registered.
    pub registered: usize,
    /// What was found, in the order of the lines.
    pub findings: Vec<ListFinding>,
}

/// The columns of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Column {
    Number,
    Name,
    Kana,
    Kinds,
    Address,
    Telephone,
    LicenceUntil,
}

impl Column {
    const ALL: [Self; 7] = [
        Self::Number,
        Self::Name,
        Self::Kana,
        Self::Kinds,
        Self::Address,
        Self::Telephone,
        Self::LicenceUntil,
    ];
    const REQUIRED: [Self; 3] = [Self::Number, Self::Name, Self::Kinds];

    fn heading(self) -> String {
        match self {
            Self::Number => messages::operator::number(),
            Self::Name => messages::operator::name(),
            Self::Kana => messages::operator::kana(),
            Self::Kinds => messages::operator::kinds(),
            Self::Address => messages::operator::address(),
            Self::Telephone => messages::operator::telephone(),
            Self::LicenceUntil => messages::operator::licence_until(),
        }
    }
}

impl OfficeList {
    /// Reads a list in UTF-8 or MS932. Whatever is wrong with it becomes a finding.
    pub fn read(bytes: &[u8]) -> Self {
        let mut list = Self::default();
        if bytes.len() > limits::OFFICE_LIST_BYTES_MAX {
            let megabytes = limits::OFFICE_LIST_BYTES_MAX / (1_024 * 1_024);
            list.find(1, None, messages::operator::list_too_large(megabytes));
            return list;
        }
        let Some(text) = decoded(bytes) else {
            list.find(1, None, messages::operator::list_unreadable());
            return list;
        };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            // Cells that are copied from a spreadsheet come with tabs between them.
            .delimiter(match text.lines().next().unwrap_or_default().contains('\t') {
                true => b'\t',
                false => b',',
            })
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut records = reader.records();
        let headings = match records.next() {
            Some(Ok(headings)) => headings,
            _ => {
                list.find(1, None, messages::operator::list_unreadable());
                return list;
            }
        };
        let Some(columns) = list.columns(&headings) else {
            return list;
        };
        let mut seen: HashMap<OfficeNumber, u64> = HashMap::new();
        let mut lines = Lines::of_text(&text);
        for (place, record) in records.enumerate() {
            if place >= limits::OFFICE_LIST_ROWS_MAX {
                let max = limits::OFFICE_LIST_ROWS_MAX;
                list.rows.clear();
                list.find(1, None, messages::operator::list_too_long(max));
                return list;
            }
            let Ok(record) = record else {
                list.find(1, None, messages::operator::list_unreadable());
                return list;
            };
            let line = lines.of(record.position().map_or(0, csv::Position::byte));
            if record.iter().all(|field| field.trim().is_empty()) {
                continue;
            }
            list.row(line, &columns, &record, &mut seen);
        }
        if list.rows.is_empty() && list.findings.is_empty() {
            list.find(1, None, messages::operator::list_empty());
        }
        list
    }

    /// What was found so far, in the order of the lines.
    pub fn findings(&self) -> &[ListFinding] {
        &self.findings
    }

    fn find(&mut self, line: u64, column: Option<Column>, text: String) {
        self.findings.push(ListFinding {
            line,
            column: column.map(Column::heading),
            text,
            is_hint: false,
        });
    }

    /// Which column is where; none if the list cannot be read by them.
    fn columns(&mut self, headings: &csv::StringRecord) -> Option<Vec<Option<Column>>> {
        let mut columns = Vec::new();
        for heading in headings {
            let heading = heading.trim();
            let column = Column::ALL.into_iter().find(|column| column.heading() == heading);
            match column {
                Some(column) if columns.contains(&Some(column)) => {
                    self.find(1, Some(column), messages::operator::list_column_twice());
                }
                None if !heading.is_empty() => {
                    let text = messages::operator::list_column_unknown(heading);
                    self.find(1, None, text);
                }
                _ => {}
            }
            columns.push(column);
        }
        for column in Column::REQUIRED {
            if !columns.contains(&Some(column)) {
                self.find(1, Some(column), messages::operator::list_column_missing());
            }
        }
        self.findings.is_empty().then_some(columns)
    }

    fn row(
        &mut self,
        line: u64,
        columns: &[Option<Column>],
        record: &csv::StringRecord,
        seen: &mut HashMap<OfficeNumber, u64>,
    ) {
        let field = |wanted: Column| {
            let place = columns.iter().position(|column| *column == Some(wanted));
            place.and_then(|place| record.get(place)).unwrap_or_default().trim()
        };
        if record.len() > columns.len() {
            return self.find(line, None, messages::operator::list_row_long());
        }
        let Ok(number) = OfficeNumber::parse(field(Column::Number)) else {
            return self.find(line, Some(Column::Number), messages::operator::rule_number());
        };
        if let Some(first) = seen.insert(number, line) {
            return self.find(line, Some(Column::Number), messages::operator::list_number_twice(first));
        }
        if check_digit_fits(number.as_str().as_bytes()) == Some(false) {
            self.findings.push(ListFinding {
                line,
                column: Some(Column::Number.heading()),
                text: messages::operator::list_check_digit(),
                is_hint: true,
            });
        }
        let typed = FactsTyped {
            name: field(Column::Name).to_owned(),
            kana: field(Column::Kana).to_owned(),
            address: field(Column::Address).to_owned(),
            telephone: field(Column::Telephone).to_owned(),
            kinds: field(Column::Kinds)
                .split(';')
                .map(|kind| kind.trim().to_owned())
                .filter(|kind| !kind.is_empty())
                .collect(),
        };
        let is_named = |kind: &str| ServiceKind::parse(kind).is_ok_and(|kind| kind.name_ja().is_some());
        if let Some(kind) = typed.kinds.iter().find(|kind| !is_named(kind)) {
            let text = messages::operator::list_kind_unknown(kind);
            return self.find(line, Some(Column::Kinds), text);
        }
        let read = typed.read(number).and_then(|facts| {
            let licence_until = match field(Column::LicenceUntil) {
                "" => None,
                day => Some(end_of_day(&day.replace('/', "-"), &Column::LicenceUntil.heading())?),
            };
            Ok(Row {
                line,
                facts,
                licence_until,
            })
        });
        match read {
            Ok(row) => self.rows.push(row),
            Err(problem) => self.findings.push(of_problem(line, &problem)),
        }
    }
}

/// Tells at which line a record begins, as editors count: the reader says only where the record before it ended.
struct Lines<'a> {
    bytes: &'a [u8],
    counted: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn of_text(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            counted: 0,
            line: 1,
        }
    }

    /// The line of the first text from here on. Places rise from call to call.
    fn of(&mut self, from: u64) -> u64 {
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(self.bytes.len());
        let blank = self.bytes[from..]
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        let begins = (from + blank).max(self.counted);
        let ended = self.bytes[self.counted..begins]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        self.line += ended as u64;
        self.counted = begins;
        self.line
    }
}

/// The finding of a field that cannot be stored.
fn of_problem(line: u64, problem: &Problem) -> ListFinding {
    let text = |name: &str| problem.params.get(name).cloned().unwrap_or_default();
    ListFinding {
        line,
        column: Some(text("field")),
        text: text("rule"),
        is_hint: false,
    }
}

fn decoded(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) => encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes),
    }
}

/// A new file for what the offices are to be handed, for its owner alone.
fn new_private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

impl Admin {
    /// Registers the offices of a list, and writes what they are to be handed into a new file. With findings that are no
    /// hints nothing is registered, unless `good_rows_only` leaves those rows out. `told` hears how many passwords are
    /// made, of how many.
    ///
    /// # Errors
    /// [`AdminError::File`] where the file exists or cannot be written, [`AdminError::Taken`] if a number was registered
    /// by somebody else meanwhile. Then nothing was registered, and no file is left.
    pub async fn register_list(
        &self,
        list: OfficeList,
        good_rows_only: bool,
        out: &Path,
        mut told: impl FnMut(usize, usize),
    ) -> Result<ListOutcome, AdminError> {
        let (rows, findings) = self.judged(list).await?;
        if rows.is_empty() || (is_faulty(&findings) && !good_rows_only) {
            return Ok(ListOutcome {
                registered: 0,
                findings,
            });
        }
        let file = new_private_file(out).map_err(AdminError::File)?;
        let made = self
            .register_rows(rows, |made| write_handed(file, made), &mut told)
            .await;
        match made {
            Ok(made) => Ok(ListOutcome {
                registered: made.len(),
                findings,
            }),
            // A storage that fails does not say that nothing was stored: then the passwords stay.
            Err(error @ AdminError::Store(_)) => Err(error),
            Err(error) => {
                let _ = std::fs::remove_file(out);
                Err(error)
            }
        }
    }

    /// The same for a page, which shows what the offices are to be handed: all rows or none, and no more of them than a
    /// page may take.
    ///
    /// # Errors
    /// [`AdminError::Taken`] if a number was registered by somebody else meanwhile. Then nothing was registered.
    pub(crate) async fn register_page(
        &self,
        mut list: OfficeList,
    ) -> Result<(Vec<OfficeMade>, Vec<ListFinding>), AdminError> {
        let max = limits::OFFICE_LIST_PAGE_ROWS_MAX;
        if list.rows.len() > max {
            list.find(1, None, messages::operator::list_too_long_for_page(max));
        }
        let (rows, findings) = self.judged(list).await?;
        if rows.is_empty() || is_faulty(&findings) {
            return Ok((Vec::new(), findings));
        }
        let made = self.register_rows(rows, |_| Ok(()), &mut |_, _| {}).await?;
        Ok((made, findings))
    }

    /// The rows that can be registered, and what was found.
    async fn judged(&self, list: OfficeList) -> Result<(Vec<Row>, Vec<ListFinding>), AdminError> {
        let OfficeList { rows, mut findings } = list;
        let mut good = Vec::with_capacity(rows.len());
        for row in rows {
            match self.store.office(row.facts.number).await? {
                None => good.push(row),
                Some(_) => findings.push(ListFinding {
                    line: row.line,
                    column: Some(Column::Number.heading()),
                    text: messages::operator::list_registered(),
                    is_hint: false,
                }),
            }
        }
        findings.sort_by_key(|finding| finding.line);
        Ok((good, findings))
    }

    /// Makes what the offices need, hands it on, and registers them in one act.
    async fn register_rows(
        &self,
        rows: Vec<Row>,
        hand: impl FnOnce(&[OfficeMade]) -> io::Result<()>,
        told: &mut impl FnMut(usize, usize),
    ) -> Result<Vec<OfficeMade>, AdminError> {
        let count = rows.len();
        let (mut handed, mut prepared) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut making = stream::iter(rows.into_iter().map(|row| {
            let OfficeFacts {
                number,
                name,
                kana,
                address,
                kinds,
                telephone,
            } = row.facts;
            self.prepare_office(NewOffice {
                kana,
                address,
                telephone,
                licence_until: row.licence_until,
                ..NewOffice::new(number, name, kinds)
            })
        }))
        .buffered(MADE_AT_ONCE);
        while let Some((made, office, password)) = making.try_next().await? {
            handed.push(made);
            prepared.push((office, password));
            told(prepared.len(), count);
        }
        hand(&handed).map_err(AdminError::File)?;
        let registered = self.store.register_offices(prepared, self.by.clone(), self.clock.now());
        registered.await?.map_err(|_| AdminError::Taken)?;
        Ok(handed)
    }
}

/// Whether something was found that is more than a hint.
fn is_faulty(findings: &[ListFinding]) -> bool {
    findings.iter().any(|finding| !finding.is_hint)
}

impl ListFinding {
    /// The finding in one sentence, with its place.
    pub fn sentence(&self) -> String {
        let text = match &self.column {
            Some(column) => messages::operator::list_finding_column(self.line, column, &self.text),
            None => messages::operator::list_finding(self.line, &self.text),
        };
        match self.is_hint {
            true => messages::operator::list_hint(text),
            false => text,
        }
    }
}

/// Writes what offices are to be handed, as spreadsheets open it, down to the disk.
fn write_handed(mut file: File, offices: &[OfficeMade]) -> io::Result<()> {
    file.write_all(b"\xef\xbb\xbf")?;
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(&mut file);
    writer.write_record([
        messages::operator::number(),
        messages::portal::office_id(),
        messages::operator::first_password(),
        messages::portal::issue_password(),
    ])?;
    for made in offices {
        let (number, id) = (made.number.as_str(), made.office_id.as_str());
        writer.write_record([number, id, &made.password, &made.issue_password])?;
    }
    writer.flush()?;
    drop(writer);
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADINGS: &str = "事業所番号,事業所名,サービス種類,住所,ライセンスの期限";

    fn read(rows: &str) -> OfficeList {
        OfficeList::read(format!("{HEADINGS}\r\n{rows}").as_bytes())
    }

    fn told(list: &OfficeList) -> Vec<(u64, Option<&str>)> {
        let findings = list.findings.iter().filter(|finding| !finding.is_hint);
        findings
            .map(|finding| (finding.line, finding.column.as_deref()))
            .collect()
    }

    #[test]
    fn a_list_is_read_in_either_encoding_and_in_any_order_of_columns() {
        let text = "サービス種類,事業所名,事業所番号\n43;46,見本居宅,9970100013\n\n11,例示ヘルパー,9970101003\n";
        let with_mark = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
        let (ms932, _, unfit) = encoding_rs::SHIFT_JIS.encode(text);
        assert!(!unfit);
        let copied = text.replace(',', "\t");
        for bytes in [text.as_bytes(), &with_mark, &ms932, copied.as_bytes()] {
            let list = OfficeList::read(bytes);
            assert_eq!(told(&list), []);
            assert_eq!(list.rows.len(), 2);
            assert_eq!(
                (list.rows[0].facts.name.as_str(), list.rows[0].facts.kinds.len()),
                ("見本居宅", 2)
            );
            assert_eq!(list.rows[1].line, 4);
        }
    }

    #[test]
    fn every_fault_is_told_by_line_and_column() {
        let long = "あ".repeat(limits::OFFICE_TEXT_CHARS_MAX + 1);
        for (row, column) in [
            ("123,見本,43,,", "事業所番号"),
            ("9970100013,,43,,", "事業所名"),
            (&format!("9970100013,{long},43,,"), "事業所名"),
            ("9970100013,見本,,,", "サービス種類"),
            ("9970100013,見本,訪問,,", "サービス種類"),
            ("9970100013,見本,ZZ,,", "サービス種類"),
            ("9970100013,見本,43,\"a\u{7}\",", "住所"),
            ("9970100013,見本,43,,2026-02-30", "ライセンスの期限"),
        ] {
            let list = read(row);
            assert_eq!(told(&list), [(2, Some(column))], "{row}");
            assert!(list.rows.is_empty(), "{row}");
        }
        let list = read("9970100013,見本,43,,\n9970100013,見本,43,,\n9970101003,例示,11,,2027/03/31,x\n");
        assert_eq!(told(&list), [(3, Some("事業所番号")), (4, None)]);
        assert_eq!(list.rows.len(), 1);
    }

    #[test]
    fn a_list_without_its_headings_or_of_no_encoding_is_told_so() {
        for bytes in [
            b"".as_slice(),
            "事業所名,サービス種類\n見本,43\n".as_bytes(),
            "事業所番号,事業所名,サービス種類,色\n9970100013,見本,43,赤\n".as_bytes(),
            "事業所番号,事業所名,サービス種類,住所,住所\n".as_bytes(),
            b"\xff\xfe\x00",
            HEADINGS.as_bytes(),
        ] {
            let list = OfficeList::read(bytes);
            assert!(list.rows.is_empty() && !told(&list).is_empty(), "{:?}", list.findings);
        }
    }

    #[test]
    fn a_list_has_a_length_and_a_size() {
        let row = |place: usize| format!("99{place:08},見本,43,,\n");
        let rows: String = (0..limits::OFFICE_LIST_ROWS_MAX).map(row).collect();
        assert_eq!(read(&rows).rows.len(), limits::OFFICE_LIST_ROWS_MAX);
        let list = read(&format!("{rows}{}", row(limits::OFFICE_LIST_ROWS_MAX)));
        assert!(list.rows.is_empty() && !told(&list).is_empty());
        let large = vec![b'x'; limits::OFFICE_LIST_BYTES_MAX + 1];
        assert_eq!(told(&OfficeList::read(&large)), [(1, None)]);
    }
}
