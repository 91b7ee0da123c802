use care_model::{Edition, ExchangeFileName, SendUnit};
use care_reading::{Form, Recipient, Value};
use care_samples::{ExampleOffices, SampleUnit, Samples, Size, UnitRequest, faults};
use desk_ipc::{CellKind, CellView, CompositionMode, FormView};

use super::*;
use crate::compose::trial::Trial;

fn unit(id: &str, edition: Edition, size: Size) -> SampleUnit {
    let (from, to) = ExampleOffices::new().unwrap().ends_of(id);
    let request = UnitRequest {
        unit: id,
        edition,
        from,
        to,
        month: "202604".parse().unwrap(),
        size,
    };
    Samples::new(11).unit(&request).unwrap()
}

fn reading(files: &[(ExchangeFileName, Vec<u8>)]) -> Reading {
    let borrowed: Vec<(ExchangeFileName, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (name.clone(), bytes.as_slice()))
        .collect();
    care_reading::read(&borrowed)
}

fn of_unit(made: &SampleUnit) -> Reading {
    let files: Vec<_> = made
        .files
        .iter()
        .map(|file| (file.name.clone(), file.bytes.clone()))
        .collect();
    reading(&files)
}

fn one(name: &str, record: &str) -> Reading {
    let name = ExchangeFileName::parse(name).unwrap();
    let bytes = format!("{record}\r\n").into_bytes();
    reading(&[(name, bytes)])
}

const PLANNER: Side = Side {
    office: None,
    otherwise: OfficeRole::CareManagement,
};

fn forms_of(recipient: &Recipient, side: Side) -> Vec<FormView> {
    forms::of(recipient, side).into_iter().map(|form| form.view).collect()
}

/// Without what a cell's lines change.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn all_text(form: &FormView) -> String {
    let cells = form
        .parts
        .iter()
        .flat_map(|part| part.head.iter().chain(&part.rows))
        .flatten();
    let words: Vec<&str> = cells.map(|cell| cell.text.as_str()).collect();
    squeezed(&format!("{}{}{}", form.file, form.about, words.join("\n")))
}

/// Every row of a table has as many columns as the table, with what hangs down from above.
fn must_be_whole(form: &FormView) {
    for part in &form.parts {
        for rows in [&part.head, &part.rows] {
            let mut hanging = vec![0_u32; part.widths.len()];
            for row in rows {
                let mut place = 0;
                for cell in row {
                    while hanging.get(place).is_some_and(|rows| *rows > 0) {
                        place += 1;
                    }
                    for _ in 0..cell.cols {
                        let column = hanging.get_mut(place);
                        let column = column.unwrap_or_else(|| panic!("{}: a cell too many: {}", form.title, cell.text));
                        assert_eq!(*column, 0, "{}: {}", form.title, cell.text);
                        *column = cell.rows;
                        place += 1;
                    }
                }
                assert!(
                    hanging.iter().all(|rows| *rows > 0),
                    "{} {}: a hole",
                    form.title,
                    part.title
                );
                hanging.iter_mut().for_each(|rows| *rows -= 1);
            }
            assert!(
                hanging.iter().all(|rows| *rows == 0),
                "{}: a cell hangs out",
                form.title
            );
        }
    }
}

#[test]
fn every_filled_field_of_every_sample_is_on_a_form() {
    let mut seen = 0;
    for edition in [Edition::V3, Edition::V4] {
        for of in SendUnit::of_edition(edition) {
            let reading = of_unit(&unit(of.id, edition, Size::Recipients(3)));
            for recipient in &reading.recipients {
                let forms = forms::of(recipient, PLANNER);
                let shown: usize = forms.iter().map(|form| form.sheets.len()).sum();
                assert_eq!(shown, recipient.sheets().count(), "{}", of.id);
                for form in &forms {
                    must_be_whole(&form.view);
                    let text = all_text(&form.view);
                    for sheet in &form.sheets {
                        for (field, value) in sheet.rows.iter().flat_map(Form::entries) {
                            // Who it is stands above all forms, a day is a column, and the total's numbers say only that.
                            let elsewhere = ["insurer_number", "insured_number", "service_date"].contains(&field.name);
                            let total = ["999999", "9999999999"].contains(&value.text().unwrap_or_default());
                            if elsewhere || total {
                                continue;
                            }
                            let written = values::value(field, value);
                            let place = format!("{} {} {}", of.id, sheet.file.name, field.name);
                            assert!(text.contains(&squeezed(&written)), "{place}: {written}\n{text}");
                            seen += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(seen > 3_000, "{seen}");
}

#[test]
fn a_month_has_its_days_and_an_empty_line_for_what_is_done() {
    let made = unit("home_schedule", Edition::V4, Size::Recipients(1));
    let reading = of_unit(&made);
    let recipient = &reading.recipients[0];
    let slip = &recipient.use_slips[0];
    let forms = forms_of(recipient, PLANNER);
    let form = &forms[0];
    assert_eq!(
        (form.title.as_str(), form.landscape),
        ("サービス利用票（予定）第6表", true)
    );
    let table = form.parts.iter().find(|part| part.head.len() == 2).unwrap();
    // Time, content, office, 予定; the days of April; the total.
    assert_eq!(table.widths.len(), 4 + 30 + 1);
    let days: Vec<&CellView> = table.head[0].iter().skip(4).take(30).collect();
    assert_eq!((days[0].text.as_str(), days[29].text.as_str()), ("1", "30"));
    assert_eq!(table.head[1][1].text, "水");
    let planned = table
        .rows
        .iter()
        .filter(|row| row.iter().any(|cell| cell.text == "予定"));
    let marks: i64 = planned
        .flat_map(|row| {
            let days = row.iter().filter(|cell| cell.kind == CellKind::Number);
            days.take(30).filter_map(|cell| cell.text.parse::<i64>().ok())
        })
        .sum();
    let visits: i64 = slip.visits().filter_map(|visit| visit.count).sum();
    assert!(visits > 0 && marks == visits, "{marks} of {visits}");
    let done = table.rows.iter().filter(|row| row[0].text == "実績");
    assert_eq!(done.clone().count(), slip.patterns().len());
    assert!(
        done.flatten()
            .skip(1)
            .all(|cell| cell.text.is_empty() || cell.text == "実績")
    );
    // A provider calls the same a サービス提供票.
    let provider = Side {
        office: None,
        otherwise: OfficeRole::Service,
    };
    assert_eq!(forms_of(recipient, provider)[0].title, "サービス提供票（予定）");
    let own = Side {
        office: Some(made.from.office),
        otherwise: OfficeRole::Service,
    };
    assert_eq!(forms_of(recipient, own)[0].title, "サービス利用票（予定）第6表");
}

#[test]
fn what_is_not_as_its_field_wants_is_shown_as_written_and_marked() {
    let record = "202407,990010,9900000002,20260326,202604,9970100013,x,24x,,20260431,,1360,9999,one,111111,,,\"\",,9970101003,,,0,9970100013,,more";
    let reading = one("UPPLAN_202604_9970100013_43_9970101003_11_20260326090314.CSV", record);
    let forms = forms_of(&reading.recipients[0], PLANNER);
    must_be_whole(&forms[0]);
    let cells = forms[0].parts.iter().flat_map(|part| &part.rows).flatten();
    let marked: Vec<&str> = cells
        .filter(|cell| cell.marked)
        .map(|cell| cell.text.as_str())
        .collect();
    for written in ["24x", "20260431", "1360", "one", "more"] {
        assert!(
            marked.iter().any(|text| text.contains(written)),
            "{written}: {marked:?}"
        );
    }
    let unknown = "202407,990010,9900000002,20260326,,,,x,y,,,,9970100013,20251201,20251201,99,2,,,,21,,,,,,,";
    let reading = one("UP1KYO_9970100013_43_9970101003_11_20260326090137.CSV", unknown);
    let forms = forms_of(&reading.recipients[0], PLANNER);
    let cells: Vec<&CellView> = forms[0].parts.iter().flat_map(|part| &part.rows).flatten().collect();
    let odd = cells.iter().find(|cell| cell.marked).unwrap();
    assert!(odd.text.contains("99") && odd.choices.is_empty());
    // A code that is known is what the paper form prints to choose from.
    let level = cells
        .iter()
        .find(|cell| cell.choices.iter().any(|choice| choice.text == "要介護３"))
        .unwrap();
    let chosen: Vec<&str> = level
        .choices
        .iter()
        .filter(|choice| choice.chosen)
        .map(|choice| choice.text.as_str())
        .collect();
    assert_eq!(chosen, ["要介護１"]);
}

#[test]
fn a_week_has_a_row_for_each_hour() {
    let service = |day: u32, from: &str, until: &str, said: &str| {
        format!("202407,990010,9900000002,20260326,20251201,\"{said}\",{day},{from},{until},\"\",,,\"\"\r\n")
    };
    let records = [
        service(1, "0830", "1030", "a"),
        service(1, "1000", "1100", "b"),
        service(1, "2300", "0100", "c"),
        service(3, "2400", "", "d"),
        service(9, "0900", "1000", "e"),
        service(2, "", "", "f"),
    ];
    let reading = one(
        "UP3KYO_9970100013_43_9970101003_11_20260326090137.CSV",
        records.concat().trim_end(),
    );
    let forms = forms_of(&reading.recipients[0], PLANNER);
    must_be_whole(&forms[0]);
    let week = forms[0].parts.iter().find(|part| part.rows.len() == 24).unwrap();
    let cell = |said: &str| {
        let cells = week
            .rows
            .iter()
            .enumerate()
            .flat_map(|(hour, row)| row.iter().map(move |cell| (hour, cell)));
        let mut found = cells.filter(|(_, cell)| cell.kind == CellKind::Text && cell.text.contains(said));
        found
            .next()
            .map(|(hour, cell)| (hour, cell.rows, cell.text.lines().count()))
    };
    // What overlaps shares a cell; what goes on after midnight is drawn to the end of its day.
    assert_eq!(cell("〜10:30 a"), Some((8, 3, 2)));
    assert_eq!(cell("〜01:00 c"), Some((23, 1, 1)));
    assert_eq!(cell(" d"), Some((23, 1, 1)));
    assert_eq!((cell(" e"), cell("f")), (None, None));
    let text = all_text(&forms[0]);
    assert!(text.contains("09:00〜10:00e") && text.contains("火f"), "{text}");
}

fn bundle_of(trial: &Trial, files: &[(String, Vec<u8>)]) -> (Bundle, usize) {
    let folder = trial.dir.path().join(format!("{}", files.len()));
    let folder = folder.join(files.first().map_or("none", |(name, _)| name));
    std::fs::create_dir_all(&folder).unwrap();
    let paths: Vec<_> = files
        .iter()
        .map(|(name, bytes)| {
            let path = folder.join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        })
        .collect();
    let mut composition = trial.composition(CompositionMode::Compose, &paths);
    let view = Layout::of(&mut composition, &trial.around).view(&composition, &trial.around, false);
    let rows = view
        .deliveries
        .iter()
        .flat_map(|planned| &planned.files)
        .chain(&view.unplaced);
    let findings = rows.map(|row| row.findings.len()).sum();
    let chosen = Chosen::of(composition, &trial.around, None).unwrap();
    (chosen.read(&trial.spool), findings)
}

#[test]
fn files_with_findings_are_shown_with_their_findings() {
    let mut seen = 0;
    for fault in faults(Edition::V4, 3, "202604".parse().unwrap()).unwrap() {
        let trial = Trial::new();
        let (bundle, found) = bundle_of(&trial, &fault.files);
        let reading = bundle.reading();
        let view = bundle.view(&reading);
        assert_eq!(view.files.len(), fault.files.len(), "{}", fault.id);
        let shown: usize = view.files.iter().map(|file| file.findings.len()).sum();
        assert_eq!(shown, found, "{}", fault.id);
        seen += shown;
        for file in &view.files {
            let read = bundle.read.iter().find(|read| read.name == file.name).unwrap();
            assert!(
                read.standard.is_some() || !file.remarks.is_empty(),
                "{}: {} is left out without a word",
                fault.id,
                file.name
            );
        }
        for row in &view.recipients {
            for form in bundle.forms(&reading, row.recipient).unwrap() {
                must_be_whole(&form);
            }
        }
        assert!(
            bundle
                .forms(&reading, u32::try_from(view.recipients.len()).unwrap())
                .is_none()
        );
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn a_finding_stands_with_its_recipient_and_its_form() {
    let trial = Trial::new();
    let made = unit("home_schedule", Edition::V4, Size::Recipients(2));
    let mut files: Vec<(String, Vec<u8>)> = made
        .files
        .iter()
        .map(|file| (file.name.as_str().to_owned(), file.bytes.clone()))
        .collect();
    // The last record of 第6表 gets a time that no day has.
    let slip = files.iter_mut().find(|(name, _)| name.starts_with("UPPLAN")).unwrap();
    let at = slip.1.windows(6).rposition(|bytes| bytes == b",0830,").unwrap();
    slip.1[at + 1..at + 5].copy_from_slice(b"2961");
    let (bundle, _) = bundle_of(&trial, &files);
    let reading = bundle.reading();
    let view = bundle.view(&reading);
    assert!(view.first == bundle.forms(&reading, 0).unwrap());
    let found: Vec<u32> = view.recipients.iter().map(|row| row.findings).collect();
    assert_eq!(found.len(), 2);
    assert!(found[0] == 0 && found[1] > 0, "{found:?}");
    let forms = bundle.forms(&reading, 1).unwrap();
    let with: Vec<&str> = forms
        .iter()
        .filter(|form| !form.findings.is_empty())
        .map(|form| form.title.as_str())
        .collect();
    assert_eq!(with, ["サービス利用票（予定）第6表"]);
}

#[test]
fn records_of_nobody_are_in_the_list() {
    let trial = Trial::new();
    let name = "DLTPLAN_202604_9970100013_43_9970101003_11_20260326090137.CSV".to_owned();
    let (bundle, _) = bundle_of(&trial, &[(name, b"v1,abc,def,ghi,more\r\n".to_vec())]);
    let reading = bundle.reading();
    let view = bundle.view(&reading);
    assert!(view.recipients.len() == 1 && view.recipients[0].nobody);
    let text = all_text(&bundle.forms(&reading, 0).unwrap()[0]);
    for written in ["abc", "def", "ghi", "more"] {
        assert!(text.contains(written), "{written}: {text}");
    }
}

#[test]
fn attachments_and_foreign_files_are_named() {
    let trial = Trial::new();
    let made = unit("preventive_basic", Edition::V4, Size::Recipients(1));
    let mut files: Vec<(String, Vec<u8>)> = made
        .files
        .iter()
        .map(|file| (file.name.as_str().to_owned(), file.bytes.clone()))
        .collect();
    files.push(("連絡.txt".to_owned(), "見本の文章です。".as_bytes().to_vec()));
    let (bundle, _) = bundle_of(&trial, &files);
    let view = bundle.view(&bundle.reading());
    assert_eq!(view.files.len(), files.len());
    let remarks = |name: &str| {
        let file = view.files.iter().find(|file| file.name.contains(name)).unwrap();
        file.remarks.concat()
    };
    assert!(remarks("連絡").contains("添付ファイル"));
    assert!(remarks("IMAGE").contains("画像"));
    assert_eq!(remarks("SUB1"), "");
    let reading = bundle.reading();
    let text = all_text(&bundle.forms(&reading, 0).unwrap()[0]);
    assert!(text.contains("このファイルの中にあります"), "{text}");
    assert!(matches!(
        reading.recipients[0].profiles[0].profile.as_ref().unwrap().rows[0].get("family_image_file_name"),
        Some(Value::Text(_))
    ));
}
