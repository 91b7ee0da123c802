//! The spelling of a name, where there is one right answer.

use care_model::{ExchangeFileName, FindingRule, NameReading};

use super::{Change, ChangeKind};

/// A file of the standard by its name, rightly spelt or not.
pub(super) struct NamedFile {
    /// What its name is, or should be.
    pub(super) right: ExchangeFileName,
    /// The change from the name it has.
    pub(super) change: Option<Change>,
}

impl NamedFile {
    /// Reads the name; none for an attachment and for a name that could mean several.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (right, kind) = match NameReading::of(text) {
            NameReading::Standard(name) => {
                let spelt = name.letters_as_printed() && !name.has_stray_month();
                match (spelt, name.extension_as_printed()) {
                    (true, true) => {
                        return Some(Self {
                            right: name,
                            change: None,
                        });
                    }
                    (true, false) => (name, ChangeKind::Extension),
                    (false, _) => (name, ChangeKind::Name),
                }
            }
            NameReading::Copy { of } => (of, ChangeKind::Name),
            NameReading::Near {
                rule,
                suggestion: Some(name),
            } if is_certain(rule) => (name, ChangeKind::Name),
            NameReading::Near { .. } | NameReading::Foreign => return None,
        };
        // Parsed again, so that the contents are read as those of the right name.
        let right = ExchangeFileName::parse(&right.corrected()).ok()?;
        let change = Change {
            before: Some(text.to_owned()),
            after: Some(right.to_string()),
            ..Change::of(kind)
        };
        Some(Self {
            right,
            change: Some(change),
        })
    }
}

/// Whether a name that breaks this rule, and for which there is a suggestion, can mean nothing else.
///
/// Not a part that had to be guessed (an office number, a service kind, a month or a serial of a wrong form), and not
/// parts in another order: which office is the sender would be a guess too, and people's data would go to the other.
pub(super) fn is_certain(rule: FindingRule) -> bool {
    matches!(
        rule,
        FindingRule::Separator
            | FindingRule::Width
            | FindingRule::Invisible
            | FindingRule::CopyMark
            | FindingRule::Case
            | FindingRule::Ending
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "UPPLAN_202604_9970100013_43_9970101003_11_20260326095635.CSV";

    #[test]
    fn what_is_certain_is_respelt() {
        for (text, kind) in [
            (RIGHT.to_owned(), None),
            (RIGHT.replace(".CSV", ".csv"), Some(ChangeKind::Extension)),
            (RIGHT.to_ascii_lowercase(), Some(ChangeKind::Name)),
            (format!("{RIGHT}.txt"), Some(ChangeKind::Name)),
            (RIGHT.replace('_', "\u{332}"), Some(ChangeKind::Name)),
            (RIGHT.replace('_', "-"), Some(ChangeKind::Name)),
            (RIGHT.replace("202604", "２０２６０４"), Some(ChangeKind::Name)),
            (RIGHT.replace('U', "\u{200b}U"), Some(ChangeKind::Name)),
            (RIGHT.replace(".CSV", " - コピー.CSV"), Some(ChangeKind::Name)),
            (RIGHT.replace(".CSV", " (1).CSV"), Some(ChangeKind::Name)),
        ] {
            let named = NamedFile::of(&text).unwrap();
            assert_eq!(named.right.canonical(), RIGHT, "{text}");
            assert_eq!(named.change.as_ref().map(|change| change.kind), kind, "{text}");
            if let Some(change) = named.change {
                assert_eq!(change.before.as_deref(), Some(text.as_str()));
                assert_eq!(change.after.as_deref(), Some(RIGHT));
            }
        }
    }

    #[test]
    fn what_is_not_certain_is_left() {
        for text in [
            "memo.txt",
            "UPPLAN_202604_997010001_43_9970101003_11_20260326095635.CSV",
            "UPPLAN_202604_9970100013_43_9970101003_11_202603260956353.CSV",
            "UPPLAN_9970100013_43_9970101003_11_202604_20260326095635.CSV",
            "UPPLAN_202604_9970100013_431_9970101003_11_20260326095635.CSV",
        ] {
            assert!(NamedFile::of(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_stray_month_goes() {
        let text = "UPKIHON_000000_9900100018_46_99A0105007_A2_20260326093043.CSV";
        let named = NamedFile::of(text).unwrap();
        assert_eq!(named.right.as_str(), text.replace("_000000", ""));
        assert_eq!(named.change.map(|change| change.kind), Some(ChangeKind::Name));
    }

    #[test]
    fn an_image_keeps_its_spelling() {
        let text = "UPKIHON_IMAGE_9900100018_46_99A0105007_A2_20260326093043_0001.JPG";
        assert!(NamedFile::of(text).unwrap().change.is_none());
    }
}
