//! The record layouts of the national standard as data: one table drives reading, checking, writing and documents.
//!
//! The tables stand in `tables/`: one file for each edition of the standard and one for the codes. Adding an edition is
//! adding a table. They are expanded at build time, so looking something up costs nothing at run time.
//! `cargo run -p care-layout --example tables -- FOLDER` writes them anew from a machine-readable reference of the standard
//! (標準仕様 別紙 CSVファイルレイアウト定義書), and with `--check` compares.

mod form;

use care_model::{Edition, FileKind};

pub use form::{CodeTable, Doubt, Field, Kind, Length, Pattern};

/// The layout of one kind of file in one edition.
#[derive(Debug)]
pub struct Layout {
    /// The kind.
    pub kind: FileKind,
    /// The edition.
    pub edition: Edition,
    /// Its fields, in order.
    pub fields: &'static [Field],
}

impl Layout {
    /// The layout of a kind; none for the image and for kinds that the edition does not have.
    pub fn of(edition: Edition, kind: FileKind) -> Option<&'static Self> {
        LAYOUTS
            .iter()
            .find(|layout| layout.edition == edition && layout.kind == kind)
    }

    /// Every layout.
    pub fn all() -> &'static [Self] {
        LAYOUTS
    }

    /// The field of an English name, with its index from 0.
    pub fn find(&self, name: &str) -> Option<(usize, &'static Field)> {
        self.fields.iter().enumerate().find(|(_, field)| field.name == name)
    }

    /// The index of a field, from 0.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.find(name).map(|(index, _)| index)
    }
}

include!(concat!(env!("OUT_DIR"), "/tables.rs"));

#[cfg(test)]
mod tests;
