//! Text and records: decoding, encoding, reading, writing.

use care_csv::{Value, decode, encode, is_gaiji, records, write_record};
use care_layout::Layout;

use crate::csv;

/// The first byte chooses kind and edition, the rest is the file (the second byte is there as in the other targets).
pub(crate) fn run(bytes: &[u8]) {
    let [kind, _, content @ ..] = bytes else { return };
    there_and_back(content);
    let Some(name) = csv::name(*kind) else { return };
    let layout = Layout::of(name.edition(), name.kind);
    let mut last_row = 0;
    for record in records(content) {
        assert!(record.row > last_row, "rows rise");
        last_row = record.row;
        let joined: Vec<&[u8]> = record.fields().map(|value| value.raw()).collect();
        assert_eq!(joined.join(&b','), record.raw(), "the fields are the record");
        if let Some(layout) = layout {
            let values: Vec<String> = record.fields().map(|value| value.text().into_owned()).collect();
            written_and_read(layout, &values);
        }
    }
}

/// What MS932 has comes back as the same characters; what it has not is refused with its place.
fn there_and_back(bytes: &[u8]) {
    let text = decode(bytes);
    match encode(&text) {
        Ok(again) => assert_eq!(decode(&again), text, "characters changed on their way"),
        Err(unmappable) => {
            let found = text.get(unmappable.index..).and_then(|rest| rest.chars().next());
            assert_eq!(found, Some(unmappable.character), "the place of the character");
            let refused = is_gaiji(unmappable.character) || unmappable.character == char::REPLACEMENT_CHARACTER;
            assert!(
                refused || unmappable.character.is_control(),
                "{:?}",
                unmappable.character
            );
        }
    }
}

/// A record that can be written is read back as the same values.
fn written_and_read(layout: &Layout, values: &[String]) {
    let Ok(bytes) = write_record(layout, values) else {
        return;
    };
    let mut read = records(&bytes);
    let Some(record) = read.next() else {
        panic!("a record was written and none is read");
    };
    let again: Vec<String> = record
        .fields()
        .map(|value: Value<'_>| value.text().into_owned())
        .collect();
    assert_eq!(again.len(), values.len());
    assert!(again.iter().eq(values), "values changed on their way");
    assert!(read.next().is_none(), "one record was written and two are read");
}
