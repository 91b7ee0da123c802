//! Row 9: the same load for a long time. Memory and times stay where they were, and nothing fails.

use fault_row::{Breaches, Form, Row};
use serde_json::Value;

use crate::{run, timings_are_judged, told};

const RATE: u32 = 60;
/// Minutes of the long form, of which each is measured.
const MINUTES: u64 = 10;
/// Of ten parts the first so many fill caches and threads, and are not compared.
const WARM_TENTHS: usize = 3;
/// What an office asks for.
const KINDS: [&str; 6] = ["send", "bulk", "list", "claim", "fetch", "confirm"];
const MEMORY_DRIFT_MAX: f64 = 0.02;
const P99_DRIFT_MAX: f64 = 0.1;

#[test]
fn row_09_a_long_load_leaves_memory_and_times_where_they_were() {
    let mut row = Row::open(9, "the same load for a long time");
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("figures.json");
    let rates = vec![RATE.to_string(); row.times(2, MINUTES) as usize].join(",");
    let (seconds, seed) = (row.times(1, 60).to_string(), row.seed().to_string());
    let offices = row.times(40, 500).to_string();
    let output = run(
        folder.path(),
        &[
            "--rate",
            &rates,
            "--seconds",
            &seconds,
            "--seed",
            &seed,
            "--offices",
            &offices,
            "--json",
            json.to_str().unwrap(),
        ],
    );
    let said = told(&output);
    assert!(output.status.success(), "{said}");
    let figures: Vec<Value> = std::fs::read_to_string(&json)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // Every part says each figure once, one part after the other.
    let all = |name: &str| -> Vec<f64> {
        let of_name = figures.iter().filter(|figure| figure["bench"] == name);
        of_name.map(|figure| figure["value"].as_f64().unwrap()).collect()
    };
    let count = |name: &str| all(name).iter().sum::<f64>() as u64;
    let of_rate = |name: &str| format!("load_{RATE}_{name}");
    assert_eq!(count(&of_rate("errors")), 0, "{said}");
    let memory = drift(&all(&of_rate("node1_resident")));
    row.figure("memory_drift_percent", memory * 100.0);
    let mut p99 = 0.0;
    // Seconds say nothing of times, and may lack a kind.
    if row.form() == Form::Long {
        let drifts = KINDS.map(|kind| drift(&all(&of_rate(&format!("{kind}_p99")))));
        for (kind, drift) in KINDS.iter().zip(drifts) {
            row.figure(&format!("{kind}_p99_drift_percent"), drift * 100.0);
        }
        // A minute's slowest hundredth of one kind rests on a dozen of them: all kinds say together whether it drifts.
        p99 = (drifts.iter().map(|drift| drift.ln_1p()).sum::<f64>() / KINDS.len() as f64).exp_m1();
        row.figure("p99_drift_percent", p99 * 100.0);
    }
    let breaches = Breaches {
        lost: count("load_lost") + count("load_open") + count("load_unanswered"),
        doubled: count("load_doubled"),
        half: count("load_changed"),
        leaked: count("load_astray"),
    };
    let judged = timings_are_judged(row.form());
    row.close(count("load_sent"), breaches);
    if judged {
        assert!(memory <= MEMORY_DRIFT_MAX, "{said}");
        assert!(p99 <= P99_DRIFT_MAX, "{said}");
    }
}

/// How much more there is in the second half of what is compared. The middle of each half: a single minute in which the
/// computer does something else is no drift.
fn drift(values: &[f64]) -> f64 {
    let warm = &values[values.len() * WARM_TENTHS / 10..];
    let half = (warm.len() / 2).max(1);
    middle(&warm[warm.len() - half..]) / middle(&warm[..half]) - 1.0
}

fn middle(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let (below, above) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
    f64::midpoint(below, above)
}

#[test]
fn one_slow_minute_is_no_drift_and_slower_minutes_are() {
    // Of ten, three are not compared, and of the seven that are left the one between the halves is in none.
    let percent = |values: [f64; 10]| (drift(&values) * 100.0).round() as i64;
    assert_eq!(percent([9.0, 9.0, 9.0, 1.0, 1.0, 1.0, 5.0, 1.0, 9.0, 1.0]), 0);
    assert_eq!(percent([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.2, 1.2, 1.0]), 20);
    assert_eq!(drift(&[1.0, 1.5]), 0.5);
}
