//! Row 3: runs of the simulation, and steps broken on purpose, which they must find.

use std::{env, process::Command};

use fault_row::{Breaches, Row};
use simulation::{Sabotage, run};

/// The environment's name for the seed that a second process is to play.
const REPLAY: &str = "CAREPLAN_SIMULATION_REPLAY";

/// How a breach is counted.
fn count(breaches: &mut Breaches, broken: &[String]) {
    for what in broken {
        let column = match what {
            what if what.starts_with("leaked") => &mut breaches.leaked,
            what if what.starts_with("doubled") => &mut breaches.doubled,
            what if what.starts_with("lost or half") => &mut breaches.half,
            _ => &mut breaches.lost,
        };
        *column += 1;
    }
}

#[test]
fn row_03_nothing_is_lost_doubled_half_or_leaked_whatever_the_seed() {
    let row = Row::open(3, "offices, terminals and two nodes from one seed");
    let seeds = row.times(2_000, 200_000);
    let mut breaches = Breaches::default();
    let (mut ordered, mut received) = (0, 0);
    for seed in row.seed()..row.seed() + seeds {
        let played = run(seed, None);
        ordered += played.ordered;
        received += played.received;
        if !played.broken.is_empty() {
            eprintln!("seed {seed}: {:?}", played.broken);
            count(&mut breaches, &played.broken);
        }
    }
    eprintln!("{ordered} deliveries, {received} of them 済");
    assert!(
        received * 3 > ordered,
        "too little comes to its end for anything to be found"
    );
    row.close(seeds, breaches);
}

#[test]
fn a_seed_replays_exactly() {
    for seed in 0..20 {
        assert_eq!(run(seed, None), run(seed, None), "seed {seed}");
    }
    assert_ne!(run(1, None).trace, run(2, None).trace);
}

#[test]
fn a_seed_replays_in_another_process() {
    if let Ok(seed) = env::var(REPLAY) {
        println!("trace {}", run(seed.parse().unwrap(), None).trace);
        return;
    }
    let this = Command::new(env::current_exe().unwrap())
        .args(["--exact", "seeds::a_seed_replays_in_another_process", "--nocapture"])
        .env(REPLAY, "7")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&this.stdout).into_owned();
    assert!(said.contains(&format!("trace {}", run(7, None).trace)), "{said}");
}

#[test]
fn every_sabotage_is_found() {
    let sabotages = [
        Sabotage::IgnoreFence,
        Sabotage::NoIdempotency,
        Sabotage::AnswerBeforeSync,
        Sabotage::ExchangeSkipsSync,
        Sabotage::VisibleBeforeLastPart,
        Sabotage::EraseBeforeReceived,
        Sabotage::ConfirmBeforeLanding,
        Sabotage::DeskSkipsSync,
        Sabotage::OutboxInMemory,
        Sabotage::IdentityForEachTry,
    ];
    for sabotage in sabotages {
        let found = (0..300).find_map(|seed| {
            let broken = run(seed, Some(sabotage)).broken;
            (!broken.is_empty()).then_some((seed, broken))
        });
        match found {
            Some((seed, broken)) => eprintln!("{sabotage:?}: seed {seed}, {broken:?}"),
            None => panic!("{sabotage:?} is not found"),
        }
    }
}
