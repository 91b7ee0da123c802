//! A bundle of the national standard as people read it.
//!
//! [`read`] turns files into documents by care recipient: plan, weekly plan, use slip, annex, actuals, supplement,
//! preventive plan, basic information, deletions.
//! Fields are found by the names of their layout, so a new edition of the standard needs only a table.
//! Every filled field of the input is in the reading: what does not have the form of its field stays as it was written.
//! Whether a file follows the standard is not said here: that is `care-csv`'s to find.

mod compare;
mod document;
mod form;
mod month;
mod pairs;
mod plan;
mod prevention;
mod read;
mod rest;
mod value;
mod versions;
mod week;

pub use compare::{
    Change, Comparison, Days, Difference, RecipientComparison, ServiceComparison, Side, Sum, Times, Unreported, compare,
};
pub use document::{CarePlan, Deletion, ReadFile, Sheet, Supplement};
pub use form::Form;
pub use month::{Annex, AnnexLine, AnnexLineKind, MonthSheet, ServicePattern, Visit};
pub use plan::{Carried, Goal, Need, PlanSheet2};
pub use prevention::{Issue, PreventionPlan, Profile, SupportPlan};
pub use read::{Reading, Recipient, read};
pub use rest::{Rest, entries_beside};
pub use value::{Decimal, MarkedDays, TimeOfDay, Value};
pub use versions::{Changes, FieldChange, OF_DOCUMENT, PLANS, RecordChange, changes, last_sheet};
pub use week::{DailyActivity, OtherService, WeeklyPlan, WeeklyService};
