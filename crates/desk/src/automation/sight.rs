//! The watched folder as it is seen from look to look: which units are whole and stand still. Pure.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use care_model::{Address, ExchangeFileName, SendUnit, Serial, limits};

/// How long a file must not have changed. Care software writes its files in one go; a copy over a slow line shows more
/// bytes more often than that.
pub(super) const SETTLED_AFTER: Duration = Duration::from_secs(6);
/// The same for a unit without some of its sub-tables or images, which may be left out or may be about to come.
const SETTLED_WITHOUT_AFTER: Duration = Duration::from_secs(30);

/// A file with a name of the standard, as one look found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: ExchangeFileName,
    pub(super) size_bytes: u64,
    /// When it was written last, in milliseconds since 1970.
    pub(super) modified: i64,
}

/// What is known of one file.
struct Seen {
    listed: Listed,
    /// Since when it looks like this.
    since: Instant,
    done: bool,
}

/// What a look came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Looked {
    /// Units that can be prepared, by rising serial.
    pub(super) ready: Vec<Vec<Listed>>,
    /// Files of units that lack some.
    pub(super) incomplete: u32,
}

/// Everything that was seen of the folder.
#[derive(Default)]
pub(super) struct Sight(HashMap<String, Seen>);

impl Sight {
    /// Takes what is there now. `is_done` is asked about what is new or changed.
    pub(super) fn look(&mut self, listed: Vec<Listed>, now: Instant, is_done: impl Fn(&Listed) -> bool) -> Looked {
        let mut before = std::mem::take(&mut self.0);
        for file in listed {
            let name = file.name.as_str().to_owned();
            let seen = match before.remove(&name) {
                Some(seen) if seen.listed == file => seen,
                _ => Seen {
                    done: is_done(&file),
                    listed: file,
                    since: now,
                },
            };
            self.0.insert(name, seen);
        }
        self.units(now)
    }

    /// These were prepared.
    pub(super) fn done(&mut self, unit: &[Listed]) {
        self.each(unit, |seen| seen.done = true);
    }

    /// These were not what they seemed: they have to stand still once more.
    pub(super) fn unsettled(&mut self, unit: &[Listed], now: Instant) {
        self.each(unit, |seen| seen.since = now);
    }

    fn each(&mut self, unit: &[Listed], change: impl Fn(&mut Seen)) {
        for file in unit {
            if let Some(seen) = self.0.get_mut(file.name.as_str()) {
                change(seen);
            }
        }
    }

    fn units(&self, now: Instant) -> Looked {
        let mut units: BTreeMap<(Serial, Address, Address), Vec<&Seen>> = BTreeMap::new();
        for seen in self.0.values() {
            let name = &seen.listed.name;
            units.entry((name.serial, name.to, name.from)).or_default().push(seen);
        }
        let mut looked = Looked::default();
        for mut unit in units.into_values() {
            let stands = |wait| {
                let still = |seen: &&Seen| seen.listed.size_bytes > 0 && now.duration_since(seen.since) >= wait;
                unit.iter().all(still)
            };
            if unit.iter().all(|seen| seen.done) || !stands(SETTLED_AFTER) {
                continue;
            }
            match lacks(&unit) {
                Lacks::Required => {
                    let files = u32::try_from(unit.len()).unwrap_or(u32::MAX);
                    looked.incomplete = looked.incomplete.saturating_add(files);
                }
                Lacks::Expected if !stands(SETTLED_WITHOUT_AFTER) => {}
                Lacks::Expected | Lacks::Nothing => {
                    unit.sort_by(|one, other| one.listed.name.cmp(&other.listed.name));
                    looked
                        .ready
                        .push(unit.into_iter().map(|seen| seen.listed.clone()).collect());
                }
            }
        }
        looked
    }
}

/// What a unit lacks of the nearest permitted one.
enum Lacks {
    Nothing,
    /// Sub-tables or images that travel along if there are any.
    Expected,
    /// What it cannot be sent without, or there is more of it than one delivery holds.
    Required,
}

fn lacks(unit: &[&Seen]) -> Lacks {
    let kinds: Vec<_> = unit
        .iter()
        .map(|seen| (seen.listed.name.kind, seen.listed.name.month))
        .collect();
    let nearest = unit.first().and_then(|seen| {
        let name = &seen.listed.name;
        SendUnit::nearest(name.edition(), name.from, name.to, &kinds)
    });
    match nearest {
        Some(found) if found.missing.is_empty() && unit.len() <= limits::STANDARD_FILES_MAX => {
            if found.expected.is_empty() {
                Lacks::Nothing
            } else {
                Lacks::Expected
            }
        }
        _ => Lacks::Required,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIAL: &str = "20260326090137";

    fn file(prefix: &str, size_bytes: u64) -> Listed {
        let text = format!("{prefix}_202604_9970100013_43_9970101003_11_{SERIAL}.CSV");
        Listed {
            name: ExchangeFileName::parse(&text).unwrap(),
            size_bytes,
            modified: 0,
        }
    }

    fn schedule() -> Vec<Listed> {
        ["UPPLAN", "UPSIKYU", "UPHOSOKU"].map(|prefix| file(prefix, 100)).into()
    }

    /// Looks every two seconds at what `there` says, and gives the second in which something is ready first.
    fn ready_after(there: impl Fn(u64) -> Vec<Listed>) -> Option<u64> {
        let (mut sight, begin) = (Sight::default(), Instant::now());
        (0..60).step_by(2).find(|second| {
            let looked = sight.look(there(*second), begin + Duration::from_secs(*second), |_| false);
            !looked.ready.is_empty()
        })
    }

    #[test]
    fn a_unit_is_ready_once_all_of_it_stands_still() {
        assert_eq!(ready_after(|_| schedule()), Some(6));
        // One file grows until the twentieth second.
        let growing = |second: u64| {
            let mut files = schedule();
            files[1].size_bytes = 10 + second.min(20);
            files
        };
        assert_eq!(ready_after(growing), Some(26));
        // One is written over, as large as before.
        let rewritten = |second: u64| {
            let mut files = schedule();
            files[2].modified = i64::from(second >= 4);
            files
        };
        assert_eq!(ready_after(rewritten), Some(10));
        // One comes late, by a rename: its time is old, and the others stand still already.
        let late = |second: u64| schedule().into_iter().take(if second < 12 { 2 } else { 3 }).collect();
        assert_eq!(ready_after(late), Some(18));
        // One goes away again and again.
        let flickering = |second: u64| {
            schedule()
                .into_iter()
                .skip(usize::from(second.is_multiple_of(4)))
                .collect()
        };
        assert_eq!(ready_after(flickering), None);
        // One has no bytes.
        let empty = |_| {
            let mut files = schedule();
            files[0].size_bytes = 0;
            files
        };
        assert_eq!(ready_after(empty), None);
    }

    #[test]
    fn what_may_be_left_out_is_waited_for_longer() {
        let profile = |parts: &[&str]| {
            let named = |prefix: &&str| {
                let text = format!("{prefix}_9900100018_46_99A0105007_A2_{SERIAL}.CSV");
                Listed {
                    name: ExchangeFileName::parse(&text).unwrap(),
                    size_bytes: 1,
                    modified: 0,
                }
            };
            parts.iter().map(named).collect::<Vec<_>>()
        };
        assert_eq!(ready_after(|_| profile(&["UPKIHON"])), Some(30));
        let late = |second| match second {
            0..12 => profile(&["UPKIHON"]),
            _ => profile(&["UPKIHON", "UPKIHON_SUB1"]),
        };
        assert_eq!(ready_after(late), Some(42));
    }

    #[test]
    fn a_unit_that_lacks_something_is_counted() {
        let (mut sight, begin) = (Sight::default(), Instant::now());
        let two = || schedule().into_iter().take(2).collect::<Vec<_>>();
        sight.look(two(), begin, |_| false);
        let looked = sight.look(two(), begin + SETTLED_AFTER, |_| false);
        assert_eq!((looked.ready.len(), looked.incomplete), (0, 2));
    }

    #[test]
    fn what_is_done_is_ready_no_more_until_something_of_it_is_new() {
        let (mut sight, begin) = (Sight::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        sight.look(schedule(), at(0), |_| false);
        let looked = sight.look(schedule(), at(6), |_| false);
        assert_eq!(looked.ready.len(), 1);
        sight.unsettled(&looked.ready[0], at(6));
        assert_eq!(sight.look(schedule(), at(8), |_| false), Looked::default());
        let looked = sight.look(schedule(), at(12), |_| false);
        sight.done(&looked.ready[0]);
        assert_eq!(sight.look(schedule(), at(20), |_| false), Looked::default());
        let mut again = schedule();
        again[0].size_bytes += 1;
        sight.look(again.clone(), at(22), |_| false);
        let looked = sight.look(again, at(28), |_| false);
        assert_eq!(looked.ready.len(), 1);
        assert_eq!(looked.ready[0].len(), 3, "the whole unit");
        // After a start everything is new, and what was done is known.
        let mut sight = Sight::default();
        sight.look(schedule(), at(0), |_| true);
        assert_eq!(sight.look(schedule(), at(60), |_| true), Looked::default());
    }

    #[test]
    fn a_unit_of_more_files_than_a_delivery_may_have_is_not_ready() {
        let named = |prefix: &str, end: &str| Listed {
            name: ExchangeFileName::parse(&format!("{prefix}_9900100018_46_99A0105007_A2_20260326093043{end}"))
                .unwrap(),
            size_bytes: 1,
            modified: 0,
        };
        let unit = |images: usize| {
            let images = (0..images).map(|number| named("UPKIHON_IMAGE", &format!("_{number:04}.jpg")));
            let files = ["UPKIHON", "UPKIHON_SUB1", "UPKIHON_SUB2"].map(|prefix| named(prefix, ".CSV"));
            files.into_iter().chain(images).collect::<Vec<_>>()
        };
        for (files, ready) in [(limits::STANDARD_FILES_MAX, 1), (limits::STANDARD_FILES_MAX + 1, 0)] {
            let (mut sight, begin) = (Sight::default(), Instant::now());
            sight.look(unit(files - 3), begin, |_| false);
            let looked = sight.look(unit(files - 3), begin + SETTLED_AFTER, |_| false);
            assert_eq!(looked.ready.len(), ready, "{files}");
        }
    }
}
