use super::*;

fn request(unit: &str, size: Size) -> UnitRequest<'_> {
    let (from, to) = ExampleOffices::new().unwrap().ends_of(unit);
    UnitRequest {
        unit,
        edition: Edition::V4,
        from,
        to,
        month: ServiceMonth::parse("202604").unwrap(),
        size,
    }
}

/// Fields of each record, split as the standard says; panics on text that does not decode.
fn records(bytes: &[u8]) -> Vec<Vec<String>> {
    let (text, malformed) = encoding_rs::SHIFT_JIS.decode_without_bom_handling(bytes);
    assert!(!malformed && text.ends_with("\r\n"));
    let mut records = Vec::new();
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let field = fields.last_mut().unwrap();
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.push(chars.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            '\r' if !quoted => {}
            '\n' if !quoted => records.push(std::mem::replace(&mut fields, vec![String::new()])),
            _ => field.push(c),
        }
    }
    records
}

#[test]
fn every_unit_of_both_editions_has_its_files_and_fields() {
    for edition in [Edition::V3, Edition::V4] {
        for unit in SendUnit::of_edition(edition) {
            let request = UnitRequest {
                edition,
                ..request(unit.id, Size::Recipients(3))
            };
            let made = Samples::new(1).unit(&request).unwrap();
            let images = if unit.has(FileKind::ProfileImage) { 2 } else { 0 };
            assert_eq!(made.files.len(), unit.members.len() + images, "{}", unit.id);
            for file in &made.files {
                assert_eq!(ExchangeFileName::parse(file.name.as_str()).as_ref(), Ok(&file.name));
                if file.name.kind.is_image() {
                    continue;
                }
                let layout = care_layout::Layout::of(edition, file.name.kind).unwrap();
                let records = records(&file.bytes);
                assert!(records.len() >= 3);
                for record in records {
                    assert_eq!(record.len(), layout.fields.len(), "{}", file.name);
                }
            }
        }
    }
}

#[test]
fn sizes_are_about_what_was_asked_for() {
    for bytes in [4_000, 200_000, 2_000_000] {
        for unit in ["home_schedule", "home_actual", "home_plan"] {
            let made = Samples::new(3).unit(&request(unit, Size::Bytes(bytes))).unwrap();
            let off = made.size_bytes().abs_diff(bytes);
            assert!(off * 3 < bytes, "{unit}: {} for {bytes}", made.size_bytes());
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_serials_ascend() {
    let make = |seed| {
        let mut samples = Samples::new(seed);
        let first = samples.unit(&request("home_plan", Size::Recipients(5))).unwrap();
        (first, samples.unit(&request("home_plan", Size::Recipients(5))).unwrap())
    };
    assert_eq!(make(1), make(1));
    assert_ne!(make(1).0, make(2).0);
    assert!(make(1).0.serial < make(1).1.serial);
}

#[test]
fn the_hard_texts_are_there() {
    let made = Samples::new(0)
        .unit(&request("home_plan", Size::Recipients(60)))
        .unwrap();
    let all: Vec<u8> = made.files.iter().flat_map(|file| file.bytes.clone()).collect();
    let (text, _) = encoding_rs::SHIFT_JIS.decode_without_bom_handling(&all);
    for hard in ["表ソ能", "㈱髙﨑①", "ｶﾅ", "\"\"いつもどおり\"\"", "\r\n【分析】"] {
        assert!(text.contains(hard), "{hard}");
    }
    assert!(all.windows(2).any(|pair| pair == b"\x95\x5c"));
}

#[test]
fn a_unit_is_written_and_nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let made = Samples::new(1)
        .unit(&request("preventive_basic", Size::Recipients(2)))
        .unwrap();
    made.write_into(folder.path()).unwrap();
    for file in &made.files {
        assert_eq!(fs::read(folder.path().join(file.name.as_str())).unwrap(), file.bytes);
    }
    assert!(made.write_into(folder.path()).is_err());
}

#[test]
fn unknown_units_are_refused() {
    assert_eq!(
        Samples::new(1).unit(&request("home_nothing", Size::Recipients(1))),
        Err(Unmakable::UnknownUnit)
    );
}

#[test]
fn the_checked_in_fixtures_are_what_the_builder_makes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/units");
    let fixtures = fixtures().unwrap();
    let mut expected = 0;
    for fixture in &fixtures {
        for (name, bytes) in &fixture.files {
            let path = root.join(&fixture.folder).join(name);
            let found = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(
                found == *bytes,
                "{} differs: see tests/fixtures/README.md",
                path.display()
            );
            expected += 1;
        }
    }
    let mut found = 0;
    for part in ["good", "faulty"] {
        for folder in fs::read_dir(root.join(part)).unwrap() {
            found += fs::read_dir(folder.unwrap().path()).unwrap().count();
        }
    }
    assert_eq!(
        found,
        expected,
        "files under {} that the builder does not make",
        root.display()
    );
}

#[test]
fn every_sample_is_there_once_and_has_a_name_of_its_own() {
    let all = every_sample().unwrap();
    let folders: std::collections::BTreeSet<&str> = all.iter().map(|sample| sample.folder.as_str()).collect();
    assert_eq!(folders.len(), all.len());
    let faulty = all.iter().filter(|sample| sample.is_faulty()).count();
    let month = ServiceMonth::parse("202604").unwrap();
    let made = [Edition::V3, Edition::V4].map(|edition| faults(edition, 3, month).unwrap().len());
    let in_fixtures = fixtures().unwrap().iter().filter(|sample| sample.is_faulty()).count();
    assert_eq!(faulty, made.iter().sum::<usize>() + in_fixtures);
}

/// The faults of the common list, by which checkers of the standard are compared.
const COMMON: &[&str] = &[
    "column_missing",
    "column_extra",
    "required_empty",
    "code_unknown",
    "flag_unknown",
    "value_too_long",
    "number_too_short",
    "full_width_digits",
    "date_impossible",
    "time_impossible",
    "encoding_utf8",
    "encoding_bad_bytes",
    "gaiji",
    "bom",
    "nul_byte",
    "text_unquoted",
    "text_unquoted_comma",
    "text_unquoted_newline",
    "quote_not_doubled",
    "quote_not_closed",
    "line_end_lf",
    "line_end_missing",
    "truncated",
    "header_row",
    "versions_mixed",
    "version_unknown",
    "months_mixed",
    "month_mismatch",
    "date_outside_month",
    "mate_missing",
    "mate_missing_plan",
    "serials_differ",
    "destinations_differ",
    "hosoku_month",
    "recipients_differ",
    "total_row_missing",
    "direction_wrong",
    "sender_not_in_rows",
    "scope_row",
    "extension_lower",
    "empty_file",
    "blank_lines",
    "serial_15_digits",
    "name_combining_low_line",
    "name_hyphens",
    "duplicate",
    "huge_line",
];
/// Those that only edition 4 can have.
const COMMON_OF_EDITION_4: &[&str] = &[
    "scope_name",
    "name_service_code_3",
    "name_old_style",
    "equipment_code_missing",
    "image_missing",
    "date_six_digits",
    "image_not_jpeg",
];

#[test]
fn every_fault_of_the_common_list_is_made_and_differs_from_the_good_unit() {
    let month = ServiceMonth::parse("202612").unwrap();
    for (edition, count) in [(Edition::V4, 54), (Edition::V3, 47)] {
        let faults = faults(edition, 3, month).unwrap();
        let common = COMMON
            .iter()
            .chain(COMMON_OF_EDITION_4.iter().take(count - COMMON.len()));
        let ids: Vec<&str> = faults.iter().map(|fault| fault.id).collect();
        assert_eq!(common.clone().count(), count);
        for id in common {
            assert!(ids.contains(id), "{id}");
        }
        let distinct: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(distinct.len(), ids.len());
        assert!(ids.len() > count + 20, "{}", ids.len());
        for fault in &faults {
            let of_fault =
                |other: &&Fault| other.unit == fault.unit && other.from == fault.from && other.id != fault.id;
            assert!(
                faults.iter().filter(of_fault).all(|other| other.files != fault.files),
                "{}",
                fault.id
            );
            assert!(
                !fault.faulty_files.is_empty() && !fault.expect_any_of.is_empty(),
                "{}",
                fault.id
            );
            assert!(fault.row.is_none_or(|row| row > 0), "{}", fault.id);
        }
        assert_eq!(faults, super::faults(edition, 3, month).unwrap());
    }
}
