//! Fields of one record, as bytes.

/// The fields of a record, split at commas outside quotes; quotes stay where they are.
pub(crate) struct Fields<'a> {
    rest: Option<&'a [u8]>,
}

/// The fields of a record without its line end.
pub(crate) fn fields(record: &[u8]) -> Fields<'_> {
    Fields { rest: Some(record) }
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let mut quoted = false;
        for (place, byte) in rest.iter().enumerate() {
            match byte {
                b'"' => quoted = !quoted,
                b',' if !quoted => {
                    self.rest = rest.get(place + 1..);
                    return rest.get(..place);
                }
                _ => {}
            }
        }
        self.rest = None;
        Some(rest)
    }
}

/// The value of a field that holds no free text: without quotes around it.
pub(crate) fn bare(field: &[u8]) -> &[u8] {
    field
        .strip_prefix(b"\"")
        .and_then(|field| field.strip_suffix(b"\""))
        .unwrap_or(field)
}

/// A record without its line end.
pub(crate) fn without_line_end(record: &[u8]) -> &[u8] {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    record.strip_suffix(b"\r").unwrap_or(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_split_outside_quotes() {
        let all = |record: &'static [u8]| fields(record).map(bare).collect::<Vec<_>>();
        assert_eq!(all(b"a,b,c"), [b"a", b"b", b"c"]);
        assert_eq!(all(b""), [b""]);
        assert_eq!(all(b"a,"), [b"a".as_slice(), b""]);
        assert_eq!(all(b"\"a,b\",c"), [b"a,b".as_slice(), b"c"]);
        assert_eq!(all(b"\"a\"\",\"\"b\",c"), [b"a\"\",\"\"b".as_slice(), b"c"]);
        // 表 ends in the byte of a backslash, never in that of a comma or quote.
        assert_eq!(all(b"\"\x95\x5c\",\x83\x5c"), [b"\x95\x5c", b"\x83\x5c"]);
    }

    #[test]
    fn line_ends() {
        for record in [b"a\r\n".as_slice(), b"a\n", b"a\r", b"a"] {
            assert_eq!(without_line_end(record), b"a");
        }
    }
}
