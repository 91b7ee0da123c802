//! One sentence with its holes: `{count}件を送信しました`.

/// A sentence, cut at its holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) pieces: Vec<Piece>,
}

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Words as they stand.
    Words(String),
    /// A hole, filled by a parameter.
    Hole {
        /// The parameter's name.
        name: String,
        /// Whether the parameter is an RFC 3339 instant to be shown in Japanese time: `{since:time}`.
        time: bool,
    },
}

impl Template {
    /// Reads a sentence. Braces always make a hole; there is no escape, because no sentence needs a brace.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("the sentence is empty".to_owned());
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            if rest[at..].starts_with('}') {
                return Err("a `}` without its `{`".to_owned());
            }
            if at > 0 {
                pieces.push(Piece::Words(rest[..at].to_owned()));
            }
            let end = rest[at..].find('}').ok_or("a `{` without its `}`")? + at;
            let inside = &rest[at + 1..end];
            let (name, time) = match inside.strip_suffix(":time") {
                Some(name) => (name, true),
                None => (inside, false),
            };
            if !is_word(name) {
                return Err(format!(
                    "`{{{inside}}}` is not a parameter like {{count}} or {{since:time}}"
                ));
            }
            pieces.push(Piece::Hole {
                name: name.to_owned(),
                time,
            });
            rest = &rest[end + 1..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Words(rest.to_owned()));
        }
        Ok(Self { pieces })
    }

    /// The parameters' names, each once, in the order of the sentence.
    pub(crate) fn params(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for piece in &self.pieces {
            if let Piece::Hole { name, .. } = piece
                && !names.contains(&name.as_str())
            {
                names.push(name.as_str());
            }
        }
        names
    }
}

/// Whether the text may name a group, a key or a parameter: snake case, beginning with a letter.
pub(crate) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !["self", "super", "crate"].contains(&text)
}
