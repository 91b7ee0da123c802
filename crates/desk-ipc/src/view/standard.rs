//! The standard as the page shows it: what may be sent together, and what a repair changes.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{CompositionView, FindingView};
use crate::CompositionId;

/// One of the permitted combinations (送信単位), as this office may send it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UnitView {
    /// Its id in the standard's table.
    pub id: String,
    /// What it is called, by side (D22).
    pub name: String,
    /// For whom it is made: 居宅介護支援, or 介護予防支援・介護予防ケアマネジメント.
    pub program_name: String,
    /// Whether the names of its files carry a service month.
    pub has_month: bool,
    /// Its files, the one that leads it first.
    pub members: Vec<UnitMemberView>,
}

/// One file of a [`UnitView`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UnitMemberView {
    /// The prefix of its name, such as `UPPLAN`.
    pub prefix: String,
    /// What it is, by side (D22).
    pub name: String,
    /// Whether the unit is incomplete without it; else it comes along where there is one.
    pub required: bool,
}

/// Names one file of a composition to be repaired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RepairRequest {
    /// Of which composition.
    #[ts(type = "string")]
    pub composition: CompositionId,
    /// [`super::FileRow::file`].
    pub file: u32,
}

/// What a repair would change; nothing has been changed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RepairView {
    /// The file's name.
    pub name: String,
    /// The repaired copy's name.
    pub new_name: String,
    /// The changes, one for each kind and each substituted character; at most [`CHANGES_SHOWN_MAX`]. None where
    /// characters without a substitute stand in the way: then they are what remains, and the repair is refused.
    pub changes: Vec<ChangeView>,
    /// Changes that are not listed here.
    pub more_changes: u32,
    /// What the checks would still find, the heaviest first; at most [`super::FINDINGS_SHOWN_MAX`].
    pub remaining: Vec<FindingView>,
    /// What would remain and is not listed here.
    pub more_remaining: u32,
}

/// Changes that the page is given.
pub const CHANGES_SHOWN_MAX: usize = 100;

/// One kind of change that a repair makes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChangeView {
    /// What is changed, one Japanese sentence.
    pub message: String,
    /// In how many places.
    pub count: u32,
    /// The first row, from 1.
    pub row: Option<u32>,
    /// What is there. It may be about a person: for the screen, never for a log.
    pub before: Option<String>,
    /// What will be there.
    pub after: Option<String>,
}

impl std::fmt::Debug for ChangeView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangeView")
            .field("count", &self.count)
            .field("row", &self.row)
            .finish_non_exhaustive()
    }
}

/// What a repair did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RepairedView {
    /// The composition with the repaired copy in the file's place.
    pub composition: CompositionView,
    /// Whether the copy was also written as a new file into a folder beside the original.
    pub saved: bool,
    /// The folder's own name, where a file was written: 修正版, or 修正版_2 where that holds another file of this name.
    pub saved_folder: Option<String>,
    /// The name of the new file, where one was written.
    pub saved_name: Option<String>,
}
