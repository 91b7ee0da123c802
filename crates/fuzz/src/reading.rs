//! Bundles as people read them.

use care_model::{ExchangeFileName, FileKind, NameReading};

/// A pile as [`crate::bundle`] has it: read it, and compare it with itself.
pub(crate) fn run(bytes: &[u8]) {
    let files: Vec<(ExchangeFileName, &[u8])> = bytes
        .split(|byte| *byte == crate::bundle::SEPARATOR)
        .filter_map(|file| {
            let end = file.iter().position(|byte| *byte == b'\n')?;
            let (name, content) = file.split_at_checked(end)?;
            let name = NameReading::of(&String::from_utf8_lossy(name)).standard()?.clone();
            Some((name, content.strip_prefix(b"\n").unwrap_or(content)))
        })
        .collect();
    let reading = care_reading::read(&files);
    assert_eq!(reading.files.len(), files.len(), "every file is in the reading");
    for (file, (name, content)) in reading.files.iter().zip(sorted(&files)) {
        assert_eq!(&file.name, name);
        let image = name.kind == FileKind::ProfileImage;
        let lines = if image { 0 } else { care_csv::records(content).count() };
        assert!(
            (file.records + file.left_out) as usize <= lines.max(1),
            "records out of nothing"
        );
    }
    // Whatever it says of a pile compared with itself: it must say something and end.
    let _ = care_reading::compare(&reading, &reading);
}

/// In the order of import, as the reading has them.
fn sorted<'a>(files: &'a [(ExchangeFileName, &'a [u8])]) -> Vec<&'a (ExchangeFileName, &'a [u8])> {
    let mut order: Vec<_> = files.iter().collect();
    order.sort_by(|(a, _), (b, _)| (a.serial, a.kind, a).cmp(&(b.serial, b.kind, b)));
    order
}
