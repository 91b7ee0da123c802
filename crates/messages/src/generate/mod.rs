//! Reads the catalogue's sheets and writes their Rust and TypeScript.
//!
//! Compiled twice: into the build script, which expands the real sheets, and into this crate's tests, which try
//! small ones. It knows nothing of any particular message.

mod rust;
pub(crate) mod sheet;
mod template;
mod typescript;

pub(crate) use rust::rust;
pub(crate) use sheet::read;
pub(crate) use typescript::typescript;
