//! What was found in a file, a name or a unit (D24): a stable code, a weight and a place; never a sentence.
//!
//! The sentences stand in the message catalogue under [`Finding::message_key`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How much a finding weighs. The heaviest sorts first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It cannot be sent like this: no single destination, an incomplete unit or an unreadable file (D19).
    Blocks,
    /// It can be sent after one confirmation.
    Warns,
    /// Good to know.
    Notes,
}

impl Severity {
    /// The stable text.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Blocks => "blocks",
            Self::Warns => "warns",
            Self::Notes => "notes",
        }
    }
}

/// Declares a closed list with its stable text and the list of all.
macro_rules! closed_list {
    ($(#[$list_doc:meta])* $list:ident { $($(#[$doc:meta])* $name:ident = $text:literal,)+ }) => {
        $(#[$list_doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $list {
            $($(#[$doc])* #[serde(rename = $text)] $name,)+
        }

        impl $list {
            /// Every entry, in the order of the table.
            pub const ALL: &'static [$list] = &[$($list::$name),+];

            /// The stable text.
            pub fn as_str(&self) -> &'static str {
                match self { $($list::$name => $text,)+ }
            }
        }

        impl std::fmt::Display for $list {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

closed_list! {
    /// What was found. The text of a code is stable: scripts rely on it.
    FindingCode {
        // Names.
        /// The name is nearly one of the standard; the rule says which part is not.
        Name = "name",
        /// The extension is written otherwise than in the standard.
        Extension = "extension",
        /// The same file a second time.
        Duplicate = "duplicate",
        /// The file is not one of the standard.
        NotStandard = "not_standard",
        // Text.
        /// Nothing in it.
        Empty = "empty",
        /// Bytes that are no MS932 text.
        Encoding = "encoding",
        /// A user-defined character (外字).
        Gaiji = "gaiji",
        /// A NUL byte.
        Nul = "nul",
        /// A byte order mark.
        Bom = "bom",
        /// Records end with LF or CR instead of CRLF.
        LineEnd = "line_end",
        /// The last record has no line end.
        NoFinalLineEnd = "no_final_line_end",
        /// A record above [`crate::limits::CSV_RECORD_BYTES_MAX`].
        LineTooLong = "line_too_long",
        /// A double quote where none may stand, or none where one must.
        Quoting = "quoting",
        /// The first record holds field names.
        Header = "header",
        // Values.
        /// Another number of fields than the layout has.
        Columns = "columns",
        /// A mandatory field is empty.
        Required = "required",
        /// A value outside its table of codes.
        Code = "code",
        /// A value longer or shorter than allowed.
        Length = "length",
        /// A value of another form than asked for.
        Pattern = "pattern",
        /// Another kind of characters than asked for.
        Kind = "kind",
        /// A date that does not exist.
        Date = "date",
        /// A time that does not exist.
        Time = "time",
        /// A date outside the month of the file.
        DateOutsideMonth = "date_outside_month",
        /// A service outside the scope of the exchange in a record.
        ScopeRow = "scope_row",
        /// A rental without the code of its equipment.
        EquipmentCode = "equipment_code",
        /// No grand total for a recipient.
        TotalRow = "total_row",
        /// A subtotal or total that is not the sum of its rows.
        Sum = "sum",
        /// A check digit that does not fit; the standard's own examples fail it.
        CheckDigit = "check_digit",
        // The file as a whole.
        /// Records of several CSV versions.
        VersionMixed = "version_mixed",
        /// Records of several months.
        MonthsMixed = "months_mixed",
        /// The month of the records or of the mates is another than the name says.
        MonthMismatch = "month_mismatch",
        /// The image is no JPEG.
        ImageFormat = "image_format",
        // The unit and its route.
        /// A file that belongs to the unit is not there.
        MateMissing = "mate_missing",
        /// A sub-table that usually travels with its parent is not there.
        MateExpected = "mate_expected",
        /// A file that does not belong to the unit.
        MateSurplus = "mate_surplus",
        /// An image named in the basic information is not there.
        ImageMissing = "image_missing",
        /// Files of one unit carry different serials.
        SerialMismatch = "serial_mismatch",
        /// The office in a name or a record is another than it should be.
        OfficeMismatch = "office_mismatch",
        /// The supplement's month does not fit the unit.
        HosokuMonth = "hosoku_month",
        /// The files of a unit do not hold the same care recipients.
        RecipientsDiffer = "recipients_differ",
        /// The files of a unit hold the same person under different plan dates, consultation dates or months.
        KeysDiffer = "keys_differ",
        /// The unit usually travels the other way.
        Direction = "direction",
        /// A service kind outside the scope of the exchange in a name.
        ScopeName = "scope_name",
        /// The destination is this office in the same kind.
        DestinationIsSender = "destination_is_sender",
        /// Files for several destinations where one is asked for.
        SeveralDestinations = "several_destinations",
        /// More deliveries than one dispatch takes.
        OverLimit = "over_limit",
        /// More standard files than one delivery takes.
        FilesTooMany = "files_too_many",
        // Whether it goes to the right office.
        /// The records name offices, and the destination is not among them.
        OtherOffice = "other_office",
        /// The records call the destination by a name that does not fit its registered one.
        OfficeName = "office_name",
        /// Nothing was ever sent to the destination or received from it.
        FirstSend = "first_send",
        /// A care recipient of whom nothing was sent to the destination before.
        RecipientNew = "recipient_new",
    }
}

closed_list! {
    /// Which part of a code's meaning is touched, where one sentence for the code would not say what to do.
    FindingRule {
        /// Parts of the name are joined by something else than a low line.
        Separator = "separator",
        /// Full-width characters in the name.
        Width = "width",
        /// A character that nobody sees in the name.
        Invisible = "invisible",
        /// The first part of the name is none of the standard's.
        Prefix = "prefix",
        /// Too many or too few parts in the name.
        Parts = "parts",
        /// The month in the name.
        Month = "month",
        /// An office number in the name.
        Office = "office",
        /// A service kind in the name.
        ServiceKind = "service_kind",
        /// The serial in the name.
        Serial = "serial",
        /// The branch number of an image.
        Branch = "branch",
        /// Small letters where the standard has capitals.
        Case = "case",
        /// The parts of the name stand in another order.
        Order = "order",
        /// The extension makes it another kind of file.
        Ending = "ending",
        /// A month where the standard has none.
        StrayMonth = "stray_month",
        /// A name of edition 3 among files of edition 4.
        OldStyle = "old_style",
        /// The system marked the file as a copy.
        CopyMark = "copy_mark",
        /// The same name with other bytes.
        Differs = "differs",
        /// UTF-8 instead of MS932.
        Utf8 = "utf8",
        /// UTF-16 instead of MS932.
        Utf16 = "utf16",
        /// A character of text in UTF-8 or UTF-16 that MS932 does not have.
        Unmappable = "unmappable",
        /// The CSV version.
        CsvVersion = "csv_version",
        /// The sending office is not this office.
        Sender = "sender",
        /// This office does not act in the sending service kind.
        SenderKind = "sender_kind",
        /// The sending and the receiving office have changed places.
        Swapped = "swapped",
        /// Files of one unit are addressed to different offices.
        Destinations = "destinations",
        /// The office that a person chose is another than the one in the names of the files.
        Chosen = "chosen",
        /// Files of one unit differ in it.
        Unit = "unit",
        /// Records name another office than the name of the file.
        Rows = "rows",
        /// No record names it.
        Unnamed = "unnamed",
        /// Free text without double quotes.
        Unquoted = "unquoted",
        /// The subtotal of a service kind.
        Subtotal = "subtotal",
        /// The grand total of a person.
        Total = "total",
        /// An office number.
        OfficeNumber = "office_number",
        /// An insurer number.
        Insurer = "insurer",
    }
}

/// One thing found, with its place.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Its weight.
    pub severity: Severity,
    /// What it is.
    pub code: FindingCode,
    /// Which part of the code's meaning is touched.
    pub rule: Option<FindingRule>,
    /// The file, by the number that the caller gave it.
    pub file: Option<u32>,
    /// The record, from 1.
    pub row: Option<u32>,
    /// The field within the record, from 1.
    pub column: Option<u32>,
    /// The field's English name in the layout table.
    pub field: Option<String>,
    /// The field's name as printed in the standard.
    #[serde(default)]
    pub field_name: Option<String>,
    /// The offending value, at most [`crate::limits::FINDING_VALUE_CHARS_MAX`] characters. It may name a person: it is for the
    /// screen and never for a log.
    pub value: Option<String>,
    /// Further places of the same kind in the same file and field, which are not listed.
    #[serde(default)]
    pub more: u32,
    /// What the sentence needs. Values are never personal.
    ///
    /// `missing`, `surplus` and `found` hold file prefixes such as `UPSIKYU`; a screen may put the catalogue's name
    /// (`file_kind.…`, see [`crate::FileKind::name_key`]) in their place.
    pub params: BTreeMap<String, String>,
}

impl Finding {
    /// A finding without a place.
    pub fn new(severity: Severity, code: FindingCode) -> Self {
        Self {
            severity,
            code,
            rule: None,
            file: None,
            row: None,
            column: None,
            field: None,
            field_name: None,
            value: None,
            more: 0,
            params: BTreeMap::new(),
        }
    }

    /// A finding that blocks.
    pub fn blocks(code: FindingCode) -> Self {
        Self::new(Severity::Blocks, code)
    }

    /// A finding that warns.
    pub fn warns(code: FindingCode) -> Self {
        Self::new(Severity::Warns, code)
    }

    /// A finding that is good to know.
    pub fn notes(code: FindingCode) -> Self {
        Self::new(Severity::Notes, code)
    }

    /// With the part of the meaning that is touched.
    pub fn rule(mut self, rule: FindingRule) -> Self {
        self.rule = Some(rule);
        self
    }

    /// With its file.
    pub fn in_file(mut self, file: u32) -> Self {
        self.file = Some(file);
        self
    }

    /// With its record, from 1.
    pub fn at_row(mut self, row: u32) -> Self {
        self.row = Some(row);
        self
    }

    /// With its field, from 1.
    pub fn at_column(mut self, column: u32) -> Self {
        self.column = Some(column);
        self
    }

    /// With a parameter of its sentence.
    pub fn param(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }

    /// With the field's names: in the layout table and as printed.
    pub fn in_field(mut self, name: &str, name_ja: &str) -> Self {
        self.field = Some(name.to_owned());
        self.field_name = Some(name_ja.to_owned());
        self
    }

    /// With the offending value; a long one is cut.
    pub fn value(mut self, value: &str) -> Self {
        let shown = value.chars().take(crate::limits::FINDING_VALUE_CHARS_MAX).collect();
        self.value = Some(shown);
        self
    }

    /// Whether it blocks.
    pub fn is_blocking(&self) -> bool {
        self.severity == Severity::Blocks
    }

    /// The key of its sentence in the catalogue: `finding.<code>` or `finding.<code>_<rule>`, without the group.
    pub fn message_key(&self) -> String {
        match self.rule {
            Some(rule) => format!("{}_{}", self.code, rule),
            None => self.code.to_string(),
        }
    }
}

impl std::fmt::Debug for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finding")
            .field("severity", &self.severity)
            .field("code", &self.code)
            .field("rule", &self.rule)
            .field("file", &self.file)
            .field("row", &self.row)
            .field("column", &self.column)
            .field("field", &self.field)
            .field("more", &self.more)
            // The value may be a name, an illness, an address: its presence is all that may be printed.
            .field("value", &self.value.as_ref().map(|_| "…"))
            .field("params", &self.params)
            .finish()
    }
}

/// Pairs of code and rule that exist, beside every code alone; the catalogue has a sentence for each.
pub const RULED_CODES: &[(FindingCode, FindingRule)] = &[
    (FindingCode::Name, FindingRule::Separator),
    (FindingCode::Name, FindingRule::Width),
    (FindingCode::Name, FindingRule::Invisible),
    (FindingCode::Name, FindingRule::Prefix),
    (FindingCode::Name, FindingRule::Parts),
    (FindingCode::Name, FindingRule::Month),
    (FindingCode::Name, FindingRule::Office),
    (FindingCode::Name, FindingRule::ServiceKind),
    (FindingCode::Name, FindingRule::Serial),
    (FindingCode::Name, FindingRule::Branch),
    (FindingCode::Name, FindingRule::Ending),
    (FindingCode::Name, FindingRule::StrayMonth),
    (FindingCode::Name, FindingRule::OldStyle),
    (FindingCode::Name, FindingRule::CopyMark),
    (FindingCode::Name, FindingRule::Case),
    (FindingCode::Name, FindingRule::Order),
    (FindingCode::Duplicate, FindingRule::Differs),
    (FindingCode::Encoding, FindingRule::Utf8),
    (FindingCode::Encoding, FindingRule::Utf16),
    (FindingCode::Encoding, FindingRule::Unmappable),
    (FindingCode::Code, FindingRule::CsvVersion),
    (FindingCode::OfficeMismatch, FindingRule::Sender),
    (FindingCode::OfficeMismatch, FindingRule::SenderKind),
    (FindingCode::OfficeMismatch, FindingRule::Swapped),
    (FindingCode::OfficeMismatch, FindingRule::Destinations),
    (FindingCode::OfficeMismatch, FindingRule::Rows),
    (FindingCode::SeveralDestinations, FindingRule::Chosen),
    (FindingCode::ImageMissing, FindingRule::Unnamed),
    (FindingCode::MonthMismatch, FindingRule::Unit),
    (FindingCode::VersionMixed, FindingRule::Unit),
    (FindingCode::Quoting, FindingRule::Unquoted),
    (FindingCode::Sum, FindingRule::Subtotal),
    (FindingCode::Sum, FindingRule::Total),
    (FindingCode::CheckDigit, FindingRule::OfficeNumber),
    (FindingCode::CheckDigit, FindingRule::Insurer),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_keeps_the_value_to_itself() {
        let finding = Finding::warns(FindingCode::Kind).at_row(3).value("見本 太郎");
        assert!(!format!("{finding:?}").contains("見本"));
    }

    #[test]
    fn message_keys() {
        assert_eq!(Finding::blocks(FindingCode::MateMissing).message_key(), "mate_missing");
        let finding = Finding::blocks(FindingCode::Encoding).rule(FindingRule::Utf8);
        assert_eq!(finding.message_key(), "encoding_utf8");
    }

    #[test]
    fn every_code_and_ruled_code_has_its_words() {
        let sheet = include_str!("../../messages/catalogue/findings.toml");
        let worded: std::collections::BTreeSet<&str> = sheet
            .lines()
            .filter_map(|line| line.strip_prefix("[finding.")?.strip_suffix(']'))
            .collect();
        let codes = FindingCode::ALL.iter().map(|code| code.to_string());
        let ruled = RULED_CODES
            .iter()
            .map(|(code, rule)| Finding::notes(*code).rule(*rule).message_key());
        let needed: std::collections::BTreeSet<String> = codes.chain(ruled).collect();
        assert_eq!(worded, needed.iter().map(String::as_str).collect());
    }

    #[test]
    fn every_kind_and_unit_has_its_name_for_each_side() {
        use crate::{FileKind, OfficeRole, UNITS_OF_EDITION_4};

        let sheet = include_str!("../../messages/catalogue/standard.toml");
        let (kinds, units) = sheet.split_once("[names.unit]").unwrap();
        let named = |part: &str, key: &str| part.lines().any(|line| line.starts_with(&format!("{key} = \"")));
        for viewer in [
            OfficeRole::CareManagement,
            OfficeRole::CommunitySupport,
            OfficeRole::Service,
        ] {
            for kind in FileKind::ALL {
                assert!(named(kinds, kind.name_key(viewer)), "{}", kind.name_key(viewer));
            }
            for unit in &UNITS_OF_EDITION_4 {
                assert!(named(units, unit.name_key(viewer)), "{}", unit.name_key(viewer));
            }
        }
    }

    #[test]
    fn the_heaviest_sorts_first() {
        assert!(Severity::Blocks < Severity::Warns && Severity::Warns < Severity::Notes);
    }
}
