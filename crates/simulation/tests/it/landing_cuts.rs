//! The power is cut, or the process killed, in any operation of a landing; afterwards the desk goes on by itself.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use care_model::{DeliveryId, Digest, ProblemCode, TerminalId};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_flow::{
    delivery::{DeliveryEvent, DeliveryState, step},
    pickup::PickupState,
};
use fault_row::{Breaches, Row};
use simulation::{
    Platter,
    receiver::{FOLDER, Landed, LandingFile, Next, Receiver, Way},
};

const TERMINAL: TerminalIdBytes = [7; 16];
type TerminalIdBytes = [u8; 16];

/// How the ground is shaken in one trial.
#[derive(Debug, Clone, Copy)]
struct Shake {
    seed: u64,
    way: Way,
    syncs_fail: bool,
    /// The operation in which it ends the first time; each further one is chosen by the seed.
    first: u64,
}

struct Trial {
    receiver: Receiver,
    id: DeliveryId,
    files: Vec<(LandingFile, Vec<u8>)>,
    state: DeliveryState,
    now: DateTime<Utc>,
    breaches: Breaches,
}

impl Trial {
    fn new(shake: Shake) -> Self {
        let mut rng = fastrand::Rng::with_seed(shake.seed);
        let files = (0..rng.usize(1..4))
            .map(|place| {
                let bytes: Vec<u8> = (0..rng.usize(1..40)).map(|_| rng.u8(1..)).collect();
                let name = format!("UPPLAN_{place}.CSV");
                ((name, bytes.len() as u64, Digest::of(&bytes)), bytes)
            })
            .collect();
        Self {
            receiver: Receiver::new(Platter::new(shake.seed), shake.way).unwrap(),
            id: DeliveryId::from_bytes([9; 16]),
            files,
            state: DeliveryState::Waiting { fence: 0 },
            now: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            breaches: Breaches::default(),
        }
    }

    /// The exchange, which loses nothing here.
    fn ask(&mut self, event: DeliveryEvent) -> Result<(), ProblemCode> {
        self.now += TimeDelta::seconds(1);
        let (next, _) = step(&self.state, event, self.now).map_err(|refusal| refusal.code())?;
        if let (DeliveryState::Claimed(_), DeliveryState::Received { .. }) = (&self.state, &next) {
            // From here on the exchange has nothing any more: what is not on the platter is lost.
            self.breaches.lost += u64::from(self.copies(&self.receiver.disk.at_worst()) == 0);
        }
        self.state = next;
        Ok(())
    }

    /// Fetches until it is 済, or as far as it gets; an error is the end of the process.
    fn fetch(&mut self) -> io::Result<()> {
        let terminal = TerminalId::from_bytes(TERMINAL);
        let fence = match self.receiver.look(self.id, true)? {
            Next::Nothing => return Ok(()),
            Next::Confirm { fence } => fence,
            Next::Claim => {
                if let Err(problem) = self.ask(DeliveryEvent::Claim { terminal }) {
                    return self.receiver.claim_refused(self.id, problem);
                }
                let DeliveryState::Claimed(claim) = self.state.clone() else {
                    panic!("not claimed: {:?}", self.state);
                };
                self.receiver.claimed(self.id, claim.fence)?;
                for (place, (file, bytes)) in self.files.clone().iter().enumerate() {
                    let have = usize::try_from(self.receiver.have(self.id, file)?).unwrap();
                    let completes = place + 1 == self.files.len();
                    let event = DeliveryEvent::ServeRange {
                        terminal,
                        fence: claim.fence,
                        completes,
                    };
                    self.ask(event).unwrap();
                    for piece in bytes[have..].chunks(16) {
                        self.receiver.write(self.id, file, piece)?;
                    }
                }
                let files: Vec<LandingFile> = self.files.iter().map(|(file, _)| file.clone()).collect();
                match self.receiver.land(self.id, &files)? {
                    Landed::Here => claim.fence,
                    // It goes on by itself, a little later.
                    Landed::Unsafe => return Ok(()),
                    Landed::Other => return self.receiver.give_up(self.id, ProblemCode::DigestMismatch),
                }
            }
        };
        let answer = self.ask(DeliveryEvent::Confirm { terminal, fence });
        let now = self.now;
        self.receiver.confirmation(self.id, answer.map(|()| now))
    }

    /// One life of the process: an error of the disk that is not its end is what the desk gives up for.
    fn live(&mut self) {
        if let Err(error) = self.fetch()
            && !self.receiver.disk.has_ended()
        {
            let _ = self.receiver.give_up(self.id, ProblemCode::FolderReadOnly);
            drop(error);
        }
    }

    /// How many whole copies are in view on a disk.
    fn copies(&self, disk: &Platter) -> usize {
        let mut in_view: BTreeMap<PathBuf, BTreeMap<String, Vec<u8>>> = BTreeMap::new();
        for (path, bytes) in disk.files() {
            let hidden = path
                .components()
                .any(|part| part.as_os_str().to_string_lossy().starts_with('.'));
            if !hidden && path.starts_with(FOLDER) {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                in_view
                    .entry(path.parent().unwrap().to_owned())
                    .or_default()
                    .insert(name, bytes);
            }
        }
        let whole = |found: &BTreeMap<String, Vec<u8>>| {
            found.len() == self.files.len()
                && self
                    .files
                    .iter()
                    .all(|((name, ..), bytes)| found.get(name) == Some(bytes))
        };
        in_view.values().filter(|found| whole(found)).count()
    }

    /// Folders and files in view that are not a whole copy.
    fn halves(&self) -> u64 {
        let disk = &self.receiver.disk;
        let seen = disk.files().into_keys().filter(|path| {
            !path
                .components()
                .any(|part| part.as_os_str().to_string_lossy().starts_with('.'))
        });
        let seen = seen.count();
        u64::from(seen != self.copies(disk) * self.files.len())
    }
}

/// Runs one trial; how many operations its first life took, and what was broken.
fn run(shake: Shake) -> (u64, Breaches) {
    let mut trial = Trial::new(shake);
    let mut rng = fastrand::Rng::with_seed(shake.seed ^ 0x5eed);
    if shake.syncs_fail {
        trial.receiver.disk.let_syncs_fail(150);
    }
    trial.receiver.disk.end_at(shake.first);
    trial.live();
    let operations = trial.receiver.disk.operations();
    for _ in 0..rng.u8(0..3) {
        // A killed process leaves what the system still holds; a power cut does not.
        match rng.bool() {
            true => trial.receiver.disk.cut_power(),
            false => trial.receiver.disk.restart(),
        }
        trial.receiver.disk.end_at(rng.u64(0..80));
        trial.live();
    }
    trial.receiver.disk.cut_power();
    trial.receiver.disk.let_syncs_fail(0);
    for _ in 0..4 {
        trial.live();
    }
    // Once more: whatever 済 stands on must not hang on what was not synced.
    trial.receiver.disk.cut_power();
    let row = trial.receiver.rows().get(&trial.id).map(|row| row.state.clone());
    let confirmed = matches!(row, Some(PickupState::Confirmed { .. }));
    let received = matches!(trial.state, DeliveryState::Received { .. });
    assert!(
        confirmed && received,
        "it does not come to an end: {row:?} {:?} {shake:?}",
        trial.state
    );
    let copies = trial.copies(&trial.receiver.disk);
    trial.breaches.lost += u64::from(copies == 0);
    trial.breaches.doubled += u64::from(copies > 1);
    trial.breaches.half += trial.halves();
    if !trial.breaches.none() {
        eprintln!("{:?} of {shake:?}", trial.breaches);
    }
    (operations, trial.breaches)
}

fn add(sum: &mut Breaches, one: Breaches) {
    sum.lost += one.lost;
    sum.doubled += one.doubled;
    sum.half += one.half;
    sum.leaked += one.leaked;
}

#[test]
fn row_02_a_power_cut_in_a_landing_loses_and_doubles_nothing() {
    let row = Row::open(2, "the power is cut in a landing");
    let wanted = row.times(400, 7_000);
    let (mut times, mut breaches) = (0, Breaches::default());
    let mut seed = row.seed();
    while times < wanted {
        for (flat, by_office) in [(false, false), (false, true), (true, false), (true, true)] {
            seed += 1;
            let way = Way { flat, by_office };
            let shake = |first| Shake {
                seed,
                way,
                syncs_fail: seed.is_multiple_of(3),
                first,
            };
            let (operations, _) = run(shake(u64::MAX - 1));
            for first in 0..operations {
                add(&mut breaches, run(shake(first)).1);
                times += 1;
            }
        }
    }
    row.close(times, breaches);
}

#[test]
fn a_disk_that_only_says_that_it_synced_is_found_out() {
    let found = (0..100).any(|seed| {
        let shake = Shake {
            seed,
            way: Way::default(),
            syncs_fail: false,
            first: u64::MAX - 1,
        };
        let mut trial = Trial::new(shake);
        trial.receiver.disk.let_syncs_lie();
        trial.live();
        assert!(matches!(trial.state, DeliveryState::Received { .. }));
        trial.breaches.lost > 0
    });
    assert!(found);
    assert!(Path::new(FOLDER).is_absolute());
}
