//! The names of the figures, and how they compare with what is wanted.

use serde_json::{Value, json};

/// What can be measured.
pub(crate) const NAMES: [&str; 23] = [
    "analyse_100",
    "check_1m",
    "check_1m_peak",
    "server_rss_idle",
    "server_rss_64",
    "send_1_p50",
    "send_1_p99",
    "send_16_p99",
    "send_64",
    "fetch",
    "confirm",
    "list_100k",
    "find_290k",
    "large_up",
    "large_down",
    "large_mem",
    "sign_in",
    "restart_1m",
    "sandbox_start",
    "search_100k",
    "read_200",
    "bulk_100_4k",
    "bulk_100_200k",
];

/// One measured figure.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
}

struct Wanted {
    unit: &'static str,
    must: f64,
    goal: f64,
    more_is_better: bool,
}

impl Figure {
    pub(crate) fn new(name: &'static str, value: f64) -> Self {
        Self { name, value }
    }

    /// For people.
    pub(crate) fn line(&self) -> String {
        let wanted = self.wanted();
        let reaches = |bound: f64| match wanted.more_is_better {
            true => self.value >= bound,
            false => self.value <= bound,
        };
        let verdict = match (reaches(wanted.must), reaches(wanted.goal)) {
            (_, true) => "goal reached",
            (true, false) => "must reached",
            (false, false) => "BELOW MUST",
        };
        format!(
            "{:<16} {:>12.2} {:<4}  must {:>6}  goal {:>6}  {verdict}",
            self.name, self.value, wanted.unit, wanted.must, wanted.goal
        )
    }

    /// For machines.
    pub(crate) fn json(&self) -> Value {
        let wanted = self.wanted();
        json!({
            "bench": self.name, "value": self.value, "unit": wanted.unit, "must": wanted.must, "goal": wanted.goal,
        })
    }

    fn wanted(&self) -> Wanted {
        let (unit, must, goal, more_is_better) = match self.name {
            "send_64" => ("/s", 2_500.0, 8_000.0, true),
            "fetch" => ("/s", 3_000.0, 12_000.0, true),
            "confirm" => ("/s", 2_500.0, 8_000.0, true),
            "send_1_p50" => ("ms", 2.0, 0.8, false),
            "send_1_p99" => ("ms", 8.0, 3.0, false),
            "send_16_p99" => ("ms", 25.0, 8.0, false),
            "list_100k" => ("ms", 2.0, 0.4, false),
            "find_290k" => ("ms", 50.0, 10.0, false),
            "server_rss_64" => ("MB", 80.0, 40.0, false),
            "large_up" => ("MB/s", 100.0, 200.0, true),
            "large_down" => ("MB/s", 200.0, 500.0, true),
            "large_mem" => ("MB", 16.0, 8.0, false),
            "sign_in" => ("ms", 15.0, 4.0, false),
            "restart_1m" => ("ms", 1_000.0, 200.0, false),
            "sandbox_start" => ("ms", 1_000.0, 200.0, false),
            "analyse_100" => ("ms", 150.0, 40.0, false),
            "check_1m" => ("/s", 500_000.0, 2_000_000.0, true),
            "check_1m_peak" => ("MB", 64.0, 64.0, false),
            "search_100k" => ("ms", 16.0, 5.0, false),
            "read_200" => ("ms", 300.0, 100.0, false),
            "bulk_100_200k" => ("ms", 600.0, 200.0, false),
            "bulk_100_4k" => ("ms", 200.0, 50.0, false),
            _ => ("MB", 30.0, 12.0, false),
        };
        Wanted {
            unit,
            must,
            goal,
            more_is_better,
        }
    }
}
