//! From the files that were put on the window to the deliveries that go out: one for each destination and serial.
//!
//! Pure: names, digests and facts go in, a plan comes out. No file is lost and none is in two places. What blocks a
//! delivery is only what D19 lists; everything else is told and may be sent after a confirmation.

mod judge;
mod likely;
mod mates;
mod plan;

pub use plan::{Plan, PlannedDelivery, SourceFile, plan};
