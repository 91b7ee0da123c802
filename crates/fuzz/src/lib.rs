//! What must hold for any bytes from outside: one function for each reader, and one list of them.
//!
//! A target takes bytes and panics when a property does not hold; it needs no engine. Three things drive the list:
//! the tests replay `corpus/` and a fixed number of changed inputs ([`mutate`]), `cargo xtask fuzz` runs a target under
//! libFuzzer for as long as wanted, and whoever looks into a failure calls a target with the bytes of one file.
//! An input that found a mistake stays in `corpus/<target>/` under a name that says what it was.

mod bundle;
mod csv;
pub mod mutate;
mod name;
mod range;
mod reading;
mod repair;
#[cfg(feature = "server")]
mod settings;
#[cfg(feature = "server")]
mod shown;
#[cfg(feature = "server")]
mod stored;
mod text;
mod wire;

/// A reader of outside bytes with what must hold for it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, also of the folder of its corpus.
    pub name: &'static str,
    /// Panics when something does not hold.
    pub run: fn(&[u8]),
    /// Pieces of text that mean something to it; changes put them in.
    pub words: &'static [&'static [u8]],
    /// Bytes of an input; more would only be slower.
    pub bytes_max: usize,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "name",
        run: name::run,
        words: name::WORDS,
        bytes_max: 200,
    },
    Target {
        name: "csv",
        run: csv::run,
        words: csv::WORDS,
        bytes_max: 8_192,
    },
    Target {
        name: "text",
        run: text::run,
        words: csv::WORDS,
        bytes_max: 4_096,
    },
    Target {
        name: "repair",
        run: repair::run,
        words: csv::WORDS,
        bytes_max: 4_096,
    },
    Target {
        name: "bundle",
        run: bundle::run,
        words: bundle::WORDS,
        bytes_max: 16_384,
    },
    Target {
        name: "reading",
        run: reading::run,
        words: bundle::WORDS,
        bytes_max: 16_384,
    },
    Target {
        name: "envelope",
        run: wire::envelope,
        words: wire::WORDS,
        bytes_max: 8_192,
    },
    Target {
        name: "problem",
        run: wire::problem,
        words: wire::WORDS,
        bytes_max: 2_048,
    },
    Target {
        name: "range",
        run: range::run,
        words: range::WORDS,
        bytes_max: 100,
    },
    #[cfg(feature = "connection")]
    Target {
        name: "connection",
        run: wire::connection,
        words: wire::WORDS,
        bytes_max: 8_192,
    },
    #[cfg(feature = "connection")]
    Target {
        name: "certificate_file",
        run: wire::certificate_file,
        words: wire::WORDS,
        bytes_max: 4_096,
    },
    #[cfg(feature = "server")]
    Target {
        name: "settings",
        run: settings::run,
        words: settings::WORDS,
        bytes_max: 2_048,
    },
    #[cfg(feature = "server")]
    Target {
        name: "shown_certificate",
        run: shown::run,
        words: shown::WORDS,
        bytes_max: 2_048,
    },
    #[cfg(feature = "server")]
    Target {
        name: "stored",
        run: stored::run,
        words: stored::WORDS,
        bytes_max: 4_096,
    },
];

/// The target of a name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
