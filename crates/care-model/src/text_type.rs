//! One way to make a type out of a piece of text with an official shape.

use thiserror::Error;

/// A text that does not have the shape its type asks for.
///
/// The offending text is not kept: it may come from a care record, and errors reach logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the text is not a valid {kind}")]
pub struct ShapeError {
    /// The English name of the type that was asked for.
    pub kind: &'static str,
}

/// Gives a `pub struct Name(…)` its parsing, printing and serde through one constructor.
///
/// The type must have `fn parse(text: &str) -> Result<Self, ShapeError>` and `fn as_str(&self) -> &str`.
macro_rules! text_type {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.as_str())
            }
        }
        impl std::str::FromStr for $name {
            type Err = crate::ShapeError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
        impl TryFrom<String> for $name {
            type Error = crate::ShapeError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }
    };
}
pub(crate) use text_type;
