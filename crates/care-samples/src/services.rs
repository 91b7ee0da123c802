//! What an office of each service kind does for a care recipient: invented codes and units that only look real.

use care_model::{OfficeRole, ServiceKind};

/// One line of services.
pub(crate) struct Service {
    /// The service code, of the office's kind.
    pub(crate) code: String,
    /// Units of one time.
    pub(crate) units: u32,
    /// How it recurs.
    pub(crate) pace: Pace,
    /// The TAIS code and the name of rented equipment.
    pub(crate) equipment: Option<(&'static str, &'static str)>,
}

/// How a service recurs in a month.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// On several days, at a time of the day.
    Visits,
    /// Once, for the whole month; it is shown without a time.
    Month,
    /// Once, for the days from the first to the last (定期巡回・随時対応 by the day).
    Days,
}

/// Kinds of service offices whose services are not alike, the first of each.
pub(crate) fn kinds() -> Vec<ServiceKind> {
    let mut known = Vec::new();
    let services = ServiceKind::named().filter(|kind| kind.role() == OfficeRole::Service);
    services
        .filter(|kind| {
            let services = of_kind(*kind).into_iter();
            let alike: Vec<(String, u32)> = services
                .map(|service| (service.code.replacen(kind.as_str(), "", 1), service.units))
                .collect();
            let is_new = !known.contains(&alike);
            known.push(alike);
            is_new
        })
        .collect()
}

/// The services of an office of this kind.
pub(crate) fn of_kind(kind: ServiceKind) -> Vec<Service> {
    let service = |code: &str, units, pace, equipment| Service {
        code: format!("{kind}{code}"),
        units,
        pace,
        equipment,
    };
    match kind.as_str() {
        "15" | "78" => vec![
            service("1441", 658, Pace::Visits, None),
            // An add-on goes with its visit: same day, same time.
            service("5301", 40, Pace::Visits, None),
        ],
        "17" | "67" => vec![
            service(
                "1001",
                700,
                Pace::Month,
                Some(("99001-000010", "見本車いす \"かるがる\", 標準型")),
            ),
            service("1007", 300, Pace::Month, Some(("99001-000020", "架空手すり（居室）"))),
        ],
        "76" => vec![service("1121", 5_446, Pace::Days, None)],
        _ => vec![service("1111", 244, Pace::Visits, None)],
    }
}

impl Service {
    /// How often it is done by an office that visits so often.
    pub(crate) fn times(&self, visits: u32) -> u32 {
        match self.pace {
            Pace::Visits => visits,
            Pace::Month | Pace::Days => 1,
        }
    }
}
