//! What a command answers when it refuses.

use std::collections::BTreeMap;

use care_model::ProblemCode;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

/// A refusal on its way to a page: a code, what its sentence needs, and where the log tells more.
///
/// Prose belongs to the message catalogue; the cause belongs to the log and is not in here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, Error)]
#[error("refused: {code}")]
pub struct CommandError {
    /// Why.
    #[ts(type = "ProblemCode")]
    pub code: ProblemCode,
    /// What the sentence needs. Never a person's name.
    pub params: BTreeMap<String, String>,
    /// Leads to the log of this desk or of the server.
    pub reference: Option<String>,
}

impl CommandError {
    /// A refusal without parameters.
    pub fn new(code: ProblemCode) -> Self {
        Self {
            code,
            params: BTreeMap::new(),
            reference: None,
        }
    }

    /// Adds what the sentence needs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }
}

impl From<ProblemCode> for CommandError {
    fn from(code: ProblemCode) -> Self {
        Self::new(code)
    }
}
