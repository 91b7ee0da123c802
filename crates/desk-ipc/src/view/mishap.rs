//! What went wrong in the page itself.

use care_model::ProblemCode;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Something that went wrong in the page and was caught by nobody, without its words: they may hold what somebody typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MishapReport {
    /// What was thrown.
    pub kind: MishapKind,
    /// The code, if it was a refusal.
    #[ts(type = "ProblemCode | null")]
    pub code: Option<ProblemCode>,
    /// Where in the page's program, from the inside out; twelve at most, none where nothing tells.
    pub places: Vec<MishapPlace>,
}

/// What was thrown in the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MishapKind {
    /// A value that is not what the program took it for.
    TypeError,
    /// A name that does not exist.
    ReferenceError,
    /// A number out of its range, or too deep a call.
    RangeError,
    /// A text that could not be parsed.
    SyntaxError,
    /// The window refused.
    DomException,
    /// A command was refused, and nobody looked.
    Refusal,
    /// A text instead of an error, as the window's framework rejects.
    Text,
    /// Anything else.
    Other,
}

/// A place in the page's program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MishapPlace {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}
