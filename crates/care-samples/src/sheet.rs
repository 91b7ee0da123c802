//! A made file as records that can be spoilt.

use care_layout::Layout;

use crate::layout::push_quoted;
use crate::{SampleFile, encode};

/// The records of a made file as raw fields, quotes and all.
pub(crate) struct Sheet {
    layout: &'static Layout,
    pub(crate) records: Vec<Vec<Vec<u8>>>,
}

impl Sheet {
    /// Takes a file of the builder apart; none for an image.
    pub(crate) fn of(file: &SampleFile) -> Option<Self> {
        let layout = Layout::of(file.name.edition(), file.name.kind)?;
        let mut records = vec![vec![Vec::new()]];
        let mut quoted = false;
        let mut bytes = file.bytes.iter().copied().peekable();
        // Second bytes of MS932 are never a comma, a quote or a line end.
        while let Some(byte) = bytes.next() {
            let record = records.last_mut()?;
            quoted ^= byte == b'"';
            match byte {
                b',' if !quoted => record.push(Vec::new()),
                b'\r' if !quoted => {
                    bytes.next_if_eq(&b'\n');
                    records.push(vec![Vec::new()]);
                }
                _ => record.last_mut()?.push(byte),
            }
        }
        // What follows the last line end.
        records.pop();
        Some(Self { layout, records })
    }

    /// The index of a field, from 0.
    pub(crate) fn index(&self, field: &str) -> usize {
        self.layout.index(field).unwrap_or_default()
    }

    /// The field's names as printed, as a header row would have them.
    pub(crate) fn header(&self) -> Vec<Vec<u8>> {
        self.layout.fields.iter().map(|field| encode(field.name_ja)).collect()
    }

    /// The bytes of a field between its quotes, if it has any; `record` counts from 0.
    pub(crate) fn get(&self, record: usize, field: &str) -> Vec<u8> {
        let raw = self
            .records
            .get(record)
            .and_then(|fields| fields.get(self.index(field)));
        let raw = raw.map(Vec::as_slice).unwrap_or_default();
        let bare = raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\""));
        bare.unwrap_or(raw).to_vec()
    }

    /// Writes a value as the layout asks for it; `record` counts from 0.
    pub(crate) fn set(&mut self, record: usize, field: &str, value: &str) {
        let quoted = self.layout.find(field).is_some_and(|(_, field)| field.quoted);
        if quoted {
            let mut text = String::new();
            push_quoted(&mut text, value);
            self.set_raw(record, field, encode(&text));
        } else {
            self.set_raw(record, field, encode(value));
        }
    }

    /// Writes bytes as they are.
    pub(crate) fn set_raw(&mut self, record: usize, field: &str, bytes: Vec<u8>) {
        let index = self.index(field);
        if let Some(room) = self.records.get_mut(record).and_then(|fields| fields.get_mut(index)) {
            *room = bytes;
        }
    }

    /// Writes the same value in every record.
    pub(crate) fn set_all(&mut self, field: &str, value: &str) {
        for record in 0..self.records.len() {
            self.set(record, field, value);
        }
    }

    /// The first record, from 0, that has this value.
    pub(crate) fn find(&self, field: &str, value: &str) -> Option<usize> {
        (0..self.records.len()).find(|record| self.get(*record, field) == value.as_bytes())
    }

    /// Takes every record of the person of one record out.
    pub(crate) fn remove_person_of(&mut self, record: usize) {
        let insured = self.get(record, "insured_number");
        let index = self.index("insured_number");
        self.records.retain(|fields| fields.get(index) != Some(&insured));
    }

    /// The records as a file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes_with(b"\r\n")
    }

    /// The records as a file with another line end.
    pub(crate) fn bytes_with(&self, line_end: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for fields in &self.records {
            bytes.extend_from_slice(&fields.join(&b','));
            bytes.extend_from_slice(line_end);
        }
        bytes
    }
}
