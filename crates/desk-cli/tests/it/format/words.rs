//! The document's words for what the tables hold: heads of columns, kinds of values, severities.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `docs/format/words.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// The heads of each table.
    heads: BTreeMap<String, Vec<String>>,
    /// Single words and short sentences.
    word: BTreeMap<String, String>,
    /// Kinds of values.
    kind: BTreeMap<String, String>,
    /// Forms of values.
    pattern: BTreeMap<String, String>,
    /// What could not be read safely.
    doubt: BTreeMap<String, String>,
    /// Severities.
    severity: BTreeMap<String, String>,
    /// Directions.
    direction: BTreeMap<String, String>,
}

impl Words {
    pub(crate) fn read() -> Self {
        toml::from_str(&super::read("docs/format/words.toml")).unwrap()
    }

    pub(crate) fn head(&self, table: &str) -> String {
        super::head(self.heads.get(table).unwrap_or_else(|| panic!("no heads of {table}")))
    }

    pub(crate) fn word(&self, key: &str) -> &str {
        found(&self.word, key)
    }

    pub(crate) fn kind(&self, key: &str) -> &str {
        found(&self.kind, key)
    }

    pub(crate) fn pattern(&self, key: &str) -> &str {
        found(&self.pattern, key)
    }

    pub(crate) fn doubt(&self, key: &str) -> &str {
        found(&self.doubt, key)
    }

    pub(crate) fn severity(&self, key: &str) -> &str {
        found(&self.severity, key)
    }

    pub(crate) fn direction(&self, key: &str) -> &str {
        found(&self.direction, key)
    }
}

fn found<'a>(words: &'a BTreeMap<String, String>, key: &str) -> &'a str {
    words
        .get(key)
        .unwrap_or_else(|| panic!("docs/format/words.toml has no {key}"))
}
