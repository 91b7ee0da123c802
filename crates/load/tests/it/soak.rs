//! Row 9: the same load for a long time. Memory and times stay where they were, and nothing fails.

use fault_row::{Breaches, Form, Row};
use serde_json::Value;

use crate::{run, timings_are_judged, told};

const RATE: u32 = 60;
/// Parts of the long form, of which each is measured: ten minutes in all. So short that the parts in which this computer
/// is left alone can be told from the others.
const PARTS: u64 = 40;
const PART_SECONDS: u64 = 15;
/// Of ten parts the first so many fill caches and threads, and are not compared.
const WARM_TENTHS: usize = 3;
/// What an office asks for.
const KINDS: [&str; 6] = ["send", "bulk", "list", "claim", "fetch", "confirm"];
/// Of the cores' time, what the host of this computer may give to others in a part whose times are compared. More
/// than half of each half's parts have to be such.
const STOLEN_PERCENT_MAX: f64 = 1.0;
/// So much more of a core than usually the offices may take for the same work in such a part: what they do does not change,
/// and a core that became slower shows in nothing else.
const SLOWER_MAX: f64 = 0.1;
const MEMORY_DRIFT_MAX: f64 = 0.02;
const P99_DRIFT_MAX: f64 = 0.1;

#[test]
fn row_09_a_long_load_leaves_memory_and_times_where_they_were() {
    let mut row = Row::open(9, "the same load for a long time");
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("figures.json");
    let rates = vec![RATE.to_string(); row.times(2, PARTS) as usize].join(",");
    let (seconds, seed) = (row.times(1, PART_SECONDS).to_string(), row.seed().to_string());
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
    let everything = vec![true; all(&of_rate("node1_resident")).len()];
    let memory = drift(&all(&of_rate("node1_resident")), &everything).unwrap();
    row.figure("memory_drift_percent", memory * 100.0);
    let (stolen, pace) = (all(&of_rate("stolen")), all(&of_rate("offices_cpu_unit")));
    let usual = middle(pace.clone());
    let quiet: Vec<bool> = stolen
        .iter()
        .zip(pace)
        .map(|(stolen, pace)| *stolen <= STOLEN_PERCENT_MAX && pace <= usual * (1.0 + SLOWER_MAX))
        .collect();
    let mut p99 = None;
    // Seconds say nothing of times, and may lack a kind.
    if row.form() == Form::Long {
        row.figure("quiet_parts", quiet.iter().filter(|quiet| **quiet).count() as f64);
        let drifts = KINDS.map(|kind| drift(&all(&of_rate(&format!("{kind}_p99"))), &quiet));
        for (kind, drift) in KINDS.iter().zip(drifts) {
            if let Some(drift) = drift {
                row.figure(&format!("{kind}_p99_drift_percent"), drift * 100.0);
            }
        }
        // A part's slowest hundredth of one kind rests on a few of them: all kinds say together whether it drifts.
        let all_kinds: Option<f64> = drifts.iter().map(|drift| drift.map(f64::ln_1p)).sum();
        p99 = all_kinds.map(|sum| (sum / KINDS.len() as f64).exp_m1());
        if let Some(p99) = p99 {
            row.figure("p99_drift_percent", p99 * 100.0);
        }
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
        let p99 = p99.unwrap_or_else(|| panic!("this computer was not left alone for long enough: {said}"));
        assert!(p99 <= P99_DRIFT_MAX, "{said}");
    }
}

/// How much more there is in the second half of what is compared, by the middle of the quiet parts of each half. None where
/// one of them has too few.
fn drift(values: &[f64], quiet: &[bool]) -> Option<f64> {
    let first = values.len() * WARM_TENTHS / 10;
    let warm: Vec<(&f64, &bool)> = values.iter().zip(quiet).skip(first).collect();
    let half = (warm.len() / 2).max(1);
    let middle = |part: &[(&f64, &bool)]| {
        let quiet: Vec<f64> = part
            .iter()
            .filter(|(_, quiet)| **quiet)
            .map(|(value, _)| **value)
            .collect();
        (quiet.len() * 2 > part.len()).then(|| middle(quiet))
    };
    Some(middle(&warm[warm.len() - half..])? / middle(&warm[..half])? - 1.0)
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (below, above) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
    f64::midpoint(below, above)
}

#[test]
fn one_slow_part_is_no_drift_slower_parts_are_and_stolen_ones_are_not_compared() {
    // Of ten, three are not compared, and of the seven that are left the one between the halves is in none.
    let percent = |values: [f64; 10], stolen: &[usize]| {
        let quiet: Vec<bool> = (0..10).map(|part| !stolen.contains(&part)).collect();
        drift(&values, &quiet).map(|drift| (drift * 100.0).round() as i64)
    };
    let slow = [9.0, 9.0, 9.0, 1.0, 1.0, 1.0, 5.0, 1.0, 9.0, 1.0];
    assert_eq!(percent(slow, &[]), Some(0));
    let slower = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.2, 1.2, 1.0];
    assert_eq!(percent(slower, &[]), Some(20));
    assert_eq!(percent(slower, &[7]), Some(10));
    assert_eq!(percent(slower, &[0, 6, 7, 8]), None);
    assert_eq!(drift(&[1.0, 1.5], &[true, true]), Some(0.5));
}
