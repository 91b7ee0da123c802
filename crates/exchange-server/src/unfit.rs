//! What is wrong with a file that holds passwords, told without what it says.

/// By what a reader of TOML begins to tell of a value, which it then repeats.
const OF_A_VALUE: [&str; 4] = ["invalid type", "invalid value", "invalid length", "unknown variant"];

/// What a reader of TOML found wrong, and in which line; of a value only what was expected instead.
pub(crate) fn told(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count() + 1);
    let message = error.message();
    let Some(kind) = OF_A_VALUE.iter().find(|kind| message.starts_with(**kind)) else {
        return format!("line {line}: {message}");
    };
    // A value may hold the same words: what is expected stands behind the last of them.
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("line {line}: {kind}, expected {expected}"),
        None => format!("line {line}: {kind}"),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(rename = "word")]
        _word: String,
        #[serde(rename = "port")]
        _port: Option<u16>,
    }

    #[test]
    fn a_value_that_does_not_fit_is_not_repeated() {
        for (text, words) in [
            ("\nword = 7531594862\n", "line 2: invalid type, expected a string"),
            (
                "word = \"sample\"\nport = \"geheim, expected x\"",
                "line 2: invalid type, expected u16",
            ),
            ("word = \"geheim\"\nport = 70000", "line 2: invalid value, expected u16"),
            ("wrod = \"geheim\"", "line 1: unknown field `wrod`"),
            ("port = 1", "missing field `word`"),
        ] {
            let told = told(text, &toml::from_str::<File>(text).unwrap_err());
            assert!(told.contains(words), "{told}");
            assert!(
                !["7531594862", "geheim", "70000"]
                    .iter()
                    .any(|value| told.contains(value)),
                "{told}"
            );
        }
    }
}
