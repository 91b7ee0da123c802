//! The power is cut in any operation of an upload into the exchange's content folder.

use std::{
    collections::BTreeSet,
    io::Read as _,
    path::{Path, PathBuf},
};

use care_model::DeliveryId;
use exchange_flow::acceptance;
use exchange_store::{ContentFolder, StoreError};
use fault_row::{Breaches, Row};
use sealing::{Key, SEGMENT_BYTES, SealedReader};
use simulation::Platter;

/// What is stored of an upload, and of the delivery that it becomes.
#[derive(Debug, Clone, Default)]
struct Rows {
    upload: Option<(Vec<u64>, [u8; 32])>,
    accepted: Option<[u8; 32]>,
}

struct Trial {
    disk: Platter,
    id: DeliveryId,
    parts: Vec<Vec<u8>>,
    rows: Rows,
    next_key: u8,
    /// Whether the sender was told that it is accepted.
    told: bool,
}

/// What ends a life of the server: its disk's end, or an error that it answers and goes on after.
type Lived = Result<(), Failed>;

#[derive(Debug)]
struct Failed;

impl From<StoreError> for Failed {
    fn from(_: StoreError) -> Self {
        Self
    }
}

impl From<std::io::Error> for Failed {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

const DATA: &str = "/data";

impl Trial {
    fn new(seed: u64) -> Self {
        use disk::Disk as _;
        let mut rng = fastrand::Rng::with_seed(seed);
        let parts = (0..rng.usize(1..4))
            .map(|_| {
                let long = if rng.u8(0..8) == 0 { SEGMENT_BYTES + 5 } else { 0 };
                (0..long + rng.usize(0..60)).map(|_| rng.u8(..)).collect()
            })
            .collect();
        let disk = Platter::new(seed);
        disk.make_folder(Path::new(DATA)).unwrap();
        disk.sync_folder(Path::new("/")).unwrap();
        Self {
            disk,
            id: DeliveryId::from_bytes([3; 16]),
            parts,
            rows: Rows::default(),
            next_key: 0,
            told: false,
        }
    }

    fn commit(&mut self, rows: Rows) -> Result<(), Failed> {
        let (stored, told) = self.disk.commit();
        if stored {
            self.rows = rows;
        }
        Ok(told?)
    }

    fn folder(&self) -> Result<ContentFolder<Platter>, Failed> {
        Ok(ContentFolder::open(
            self.disk.clone(),
            &PathBuf::from(DATA).join("content"),
        )?)
    }

    /// One life of the server, in which the sender tries again and again.
    fn live(&mut self) -> Lived {
        let folder = self.folder()?;
        // As at every start: contents that no row knows.
        for id in folder.list()? {
            if self.rows.upload.is_none() && self.rows.accepted.is_none() {
                folder.delete(id)?;
            }
        }
        if self.rows.accepted.is_some() {
            self.told = true;
            return Ok(());
        }
        let sizes: Vec<u64> = self.parts.iter().map(|part| part.len() as u64).collect();
        if self.rows.upload.is_none() {
            self.next_key += 1;
            let key = [self.next_key; 32];
            folder.delete(self.id)?;
            folder.prepare(self.id, &Key::from_bytes(key), &sizes)?;
            self.commit(Rows {
                upload: Some((vec![0; sizes.len()], key)),
                accepted: None,
            })?;
        }
        for part in 0..self.parts.len() {
            while let Some((stored, key)) = self.rows.upload.clone() {
                if stored[part] == sizes[part] {
                    break;
                }
                acceptance::appendable(&sizes, &stored, part, stored[part]).unwrap();
                let offset = stored[part];
                let number = u32::try_from(part).unwrap();
                let mut writer = folder.writer(self.id, &Key::from_bytes(key), number, offset, sizes[part])?;
                let rest = &self.parts[part][usize::try_from(offset).unwrap()..];
                let piece = &rest[..rest.len().min(SEGMENT_BYTES)];
                if !writer.write(piece)? {
                    // Other bytes lie there than this key makes of these: torn by the power cut. It begins anew.
                    return self.commit(Rows::default());
                }
                writer.sync()?;
                let mut stored = stored;
                stored[part] = offset + piece.len() as u64;
                self.commit(Rows {
                    upload: Some((stored, key)),
                    accepted: None,
                })?;
            }
        }
        let Some((stored, key)) = self.rows.upload.clone() else {
            return Ok(());
        };
        assert_eq!(acceptance::incomplete(&sizes, &stored), None);
        if !self.is_readable(&folder, key) {
            return self.commit(Rows::default());
        }
        self.commit(Rows {
            upload: None,
            accepted: Some(key),
        })?;
        self.told = true;
        Ok(())
    }

    fn is_readable(&self, folder: &ContentFolder<Platter>, key: [u8; 32]) -> bool {
        (0..).zip(&self.parts).all(|(number, part)| {
            let Ok(source) = folder.open_part(self.id, number) else {
                return false;
            };
            let mut read = Vec::new();
            SealedReader::new(source, &Key::from_bytes(key), number)
                .and_then(|mut reader| reader.read_to_end(&mut read))
                .is_ok()
                && read == *part
        })
    }

    /// Whether what was accepted is there, were the power to fail now.
    fn is_safe(&self) -> bool {
        let Some(key) = self.rows.accepted else {
            return !self.told;
        };
        let worst = self.disk.at_worst();
        let folder = ContentFolder::open(worst, &PathBuf::from(DATA).join("content"));
        folder.is_ok_and(|folder| self.is_readable(&folder, key))
    }
}

/// How many operations the first life took, and whether anything accepted was lost at any time.
fn run(seed: u64, first: u64, syncs_fail: bool) -> (u64, u64) {
    let mut trial = Trial::new(seed);
    let mut rng = fastrand::Rng::with_seed(seed ^ first);
    if syncs_fail {
        trial.disk.let_syncs_fail(200);
    }
    let mut lost = 0;
    trial.disk.end_at(first);
    let mut operations = None;
    for _ in 0..12 {
        let lived = trial.live();
        operations.get_or_insert(trial.disk.operations());
        lost += u64::from(!trial.is_safe());
        if trial.disk.has_ended() {
            match rng.bool() {
                true => trial.disk.cut_power(),
                false => trial.disk.restart(),
            }
            if rng.bool() {
                trial.disk.end_at(rng.u64(0..60));
            }
        } else if lived.is_ok() && trial.told {
            break;
        }
    }
    trial.disk.let_syncs_fail(0);
    trial.disk.cut_power();
    for _ in 0..4 {
        let _ = trial.live();
    }
    assert!(
        trial.told,
        "the sender never hears that it is accepted: seed {seed}, {first}"
    );
    trial.disk.cut_power();
    lost += u64::from(!trial.is_safe());
    if lost > 0 {
        eprintln!("lost: seed {seed}, cut at {first}, syncs fail: {syncs_fail}");
    }
    (operations.unwrap_or(0), lost)
}

#[test]
fn row_02_a_power_cut_in_an_upload_loses_nothing_that_was_accepted() {
    let row = Row::open(2, "the power is cut in an upload into the content folder");
    let wanted = row.times(200, 3_000);
    let (mut times, mut lost, mut seed) = (0, 0, row.seed());
    let mut lengths = BTreeSet::new();
    while times < wanted {
        seed += 1;
        for syncs_fail in [false, true] {
            let (operations, _) = run(seed, u64::MAX - 1, syncs_fail);
            lengths.insert(operations);
            for first in 0..operations {
                lost += run(seed, first, syncs_fail).1;
                times += 1;
            }
        }
    }
    assert!(lengths.len() > 1);
    let breaches = Breaches {
        lost,
        ..Breaches::default()
    };
    row.close(times, breaches);
}
