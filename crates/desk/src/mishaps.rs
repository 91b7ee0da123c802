//! What went wrong in the page and was caught by nobody: a line of the log with its kind and its places.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicUsize, Ordering},
};

use care_model::ProblemCode;
use desk_ipc::{CommandError, MishapPlace, MishapReport};

/// More of one run say nothing new, and a page that breaks over and over must not fill the disk.
const MISHAPS_MAX: usize = 100;
/// The innermost places tell; a page reports no more.
const PLACES_MAX: usize = 12;

/// How often the page broke since the program was started.
#[derive(Default)]
pub(crate) struct Mishaps {
    logged: AtomicUsize,
}

impl Mishaps {
    /// Logs what the page reports. More than [`PLACES_MAX`] places, or more than [`MISHAPS_MAX`] of one run, are refused.
    pub(crate) fn report(&self, report: &MishapReport) -> Result<(), CommandError> {
        if report.places.len() > PLACES_MAX {
            return Err(ProblemCode::RequestMalformed.into());
        }
        if self.logged.fetch_add(1, Ordering::Relaxed) >= MISHAPS_MAX {
            return Err(ProblemCode::TooManyRequests.into());
        }
        let places = written(&report.places);
        tracing::error!(mishap.kind = ?report.kind, problem.code = ?report.code, mishap.places = %places, "the page broke");
        Ok(())
    }
}

fn written(places: &[MishapPlace]) -> String {
    places.iter().fold(String::new(), |mut text, place| {
        let _ = write!(text, "{}:{} ", place.line, place.column);
        text
    })
}
