//! The likely meaning of a name that is nearly right, by the other files that were put on the window with it.

use care_model::{ExchangeFileName, FileKind, NameMonth};

use crate::judge::Member;

/// Characters that may be missing or too many at one place: a month and its low line.
const SLIP_CHARS_MAX: usize = 7;
/// Groups that one name is compared with.
const GROUPS_MAX: usize = 1_000;

/// The name that one group of files lacks and that differs from this one at a single place: one character changed, or a few
/// left out or put in. None if no group or more than one has such a name.
///
/// `groups` are files with the same sender, destination and serial.
pub(crate) fn likely_name<'a, 'b: 'a>(
    text: &str,
    groups: impl Iterator<Item = &'a [Member<'b>]>,
) -> Option<ExchangeFileName> {
    let text = text.to_ascii_uppercase();
    let begins = |kind: &&FileKind| text.starts_with(kind.prefix());
    let kind = FileKind::ALL
        .iter()
        .filter(begins)
        .max_by_key(|kind| kind.prefix().len())?;
    let mut likely = groups
        .take(GROUPS_MAX)
        .filter_map(|group| lacking_name(*kind, group))
        .filter(|name| differ_at_one_place(text.as_bytes(), name.as_str().as_bytes()));
    let first = likely.next()?;
    likely.next().is_none().then_some(first)
}

/// The name that a file of a kind would have in a group that has none, with the group's ends, serial and month.
fn lacking_name(kind: FileKind, group: &[Member<'_>]) -> Option<ExchangeFileName> {
    let first = &group.first()?.name;
    if kind.is_image() || group.iter().any(|member| member.name.kind == kind) {
        return None;
    }
    let month = match kind.has_month() {
        true => group
            .iter()
            .find_map(|member| member.name.service_month())
            .map_or(NameMonth::Zeros, NameMonth::Of),
        false => NameMonth::Absent,
    };
    ExchangeFileName::from_parts(kind, month, first.from, first.to, first.serial, None)
}

/// Whether one text becomes the other by changing one byte, or by leaving out or putting in a few at one place.
fn differ_at_one_place(a: &[u8], b: &[u8]) -> bool {
    let same_start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same_start..], &b[same_start..]);
    let same_end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (left, right) = (a.len() - same_end, b.len() - same_end);
    match (left, right) {
        (0, 0) => false,
        (0, more) | (more, 0) => more <= SLIP_CHARS_MAX,
        both => both == (1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_is_one_place() {
        for (a, b) in [
            ("abcd", "abxd"),
            ("abcd", "abd"),
            ("abcd", "ab1234567cd"),
            ("aab", "ab"),
        ] {
            assert!(differ_at_one_place(a.as_bytes(), b.as_bytes()), "{a} {b}");
            assert!(differ_at_one_place(b.as_bytes(), a.as_bytes()), "{b} {a}");
        }
        for (a, b) in [
            ("abcd", "abcd"),
            ("abcd", "axxd"),
            ("abcd", "ab12345678cd"),
            ("abcd", "xbcx"),
        ] {
            assert!(!differ_at_one_place(a.as_bytes(), b.as_bytes()), "{a} {b}");
        }
    }
}
