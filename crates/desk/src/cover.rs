//! The cover: what a person wrote to go with a delivery, and the attachments' names (D2).
//!
//! It travels as a part of its own that only desks read.

use care_model::limits;
use serde::{Deserialize, Serialize};

/// The content of a cover part.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Cover {
    /// The note (メッセージ).
    #[serde(default)]
    pub(crate) note: String,
    /// The attachments' names as sent, in the order of their parts.
    #[serde(default)]
    pub(crate) attachments: Vec<String>,
}

impl Cover {
    /// Whether there is anything to say.
    pub(crate) fn is_empty(&self) -> bool {
        self.note.is_empty() && self.attachments.is_empty()
    }

    /// Reads a cover that came from another desk; what is over a limit is cut, what cannot be read is none.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut cover: Self = serde_json::from_slice(bytes).ok()?;
        if let Some((end, _)) = cover.note.char_indices().nth(limits::NOTE_CHARS_MAX) {
            cover.note.truncate(end);
        }
        cover.attachments.truncate(limits::ATTACHMENTS_MAX);
        Some(cover)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cover_from_elsewhere_keeps_the_limits() {
        let long = Cover {
            note: "あ".repeat(limits::NOTE_CHARS_MAX + 1),
            attachments: vec!["資料.pdf".to_owned(); limits::ATTACHMENTS_MAX + 1],
        };
        let read = Cover::read(&serde_json::to_vec(&long).unwrap()).unwrap();
        assert_eq!(read.note.chars().count(), limits::NOTE_CHARS_MAX);
        assert_eq!(read.attachments.len(), limits::ATTACHMENTS_MAX);
        assert_eq!(Cover::read(b"{}"), Some(Cover::default()));
        assert_eq!(Cover::read(b"not a cover"), None);
    }
}
