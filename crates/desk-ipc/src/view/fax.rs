//! What goes to an office that is not on the exchange: the forms of a delivery on paper, for fax.

use care_model::DeliveryId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{FormView, OfficeView};

/// Asks for sheets of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FaxRequest {
    /// Which; it was put on paper.
    #[ts(type = "string")]
    pub delivery: DeliveryId,
    /// The place of the first sheet, from 0.
    pub from: u32,
}

/// Sheets that are answered at once.
pub const FAX_SHEETS_MAX: usize = 60;

/// Sheets of a delivery, as they are faxed: a cover (送付状) first, then the forms of each care recipient.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FaxView {
    /// To whom.
    pub to: OfficeView,
    /// From the place that was asked for, at most [`FAX_SHEETS_MAX`].
    pub sheets: Vec<FaxSheet>,
    /// All of them.
    pub count: u32,
    /// Files that belong to it and are on no sheet, each with its reason in words.
    pub left_out: Vec<String>,
}

/// One sheet: a form, which may go on over several pages.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FaxSheet {
    /// The form.
    pub form: FormView,
    /// What stands on it beside the form: for whom, from whom, which of how many.
    pub line: String,
}

secret_debug!(FaxView, FaxSheet);

/// FAX済み.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FaxedMark {
    /// Which; it was put on paper.
    #[ts(type = "string")]
    pub delivery: DeliveryId,
    /// Whether it was faxed.
    pub faxed: bool,
}
