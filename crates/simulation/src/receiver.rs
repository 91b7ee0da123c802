//! A terminal that fetches: the desk's pickup on a simulated disk. What is decided is decided by `exchange-flow` and by
//! the desk's own landing; here is only the order in which the desk asks them and stores what came out.

use std::{
    collections::BTreeMap,
    io::{self, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use care_model::{DeliveryId, Digest, ProblemCode};
use chrono::{DateTime, Utc};
use desk::landing::{self, Showing, Staging};
use exchange_flow::pickup::{self, PickupEvent, PickupState, step};

use crate::Platter;

/// Name, size and digest of a file that lands.
pub type LandingFile = (String, u64, Digest);

/// What is stored of a pickup.
#[derive(Debug, Clone)]
pub struct PickupRow {
    /// Where it stands.
    pub state: PickupState,
    staging: Option<PathBuf>,
    aim: Option<Aim>,
    /// Where it landed.
    pub landed: Option<PathBuf>,
    doubtful: Option<PathBuf>,
    /// For a desk that lands too late, on purpose.
    pub(crate) expected: Option<Vec<LandingFile>>,
}

/// A folder that is about to become visible, and what it will hold.
#[derive(Debug, Clone)]
struct Aim {
    folder: PathBuf,
    flat: bool,
    files: Vec<LandingFile>,
}

/// What is to be done next with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Ask for a claim.
    Claim,
    /// Say again that everything is here.
    Confirm {
        /// Under this fence.
        fence: u64,
    },
    /// Nothing.
    Nothing,
}

/// How a terminal lands, as its settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Way {
    /// Files beside others instead of a folder of their own.
    pub flat: bool,
    /// A folder for each office.
    pub by_office: bool,
}

/// What landing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landed {
    /// It is here.
    Here,
    /// It is in view, but not safe yet: it is looked for again.
    Unsafe,
    /// What came is not what was sent.
    Other,
}

/// The folder that every terminal was told to receive into.
pub const FOLDER: &str = "/received";

/// One terminal's part in receiving.
#[derive(Debug)]
pub struct Receiver {
    /// Its disk.
    pub disk: Platter,
    way: Way,
    /// Its database: what is in here is stored.
    rows: BTreeMap<DeliveryId, PickupRow>,
    /// The end of the next hidden folder's name.
    next_part: u64,
}

impl Receiver {
    /// A new terminal with an empty folder.
    pub fn new(disk: Platter, way: Way) -> io::Result<Self> {
        use disk::Disk as _;
        disk.make_folder(Path::new(FOLDER))?;
        disk.sync_folder(Path::new("/"))?;
        Ok(Self {
            disk,
            way,
            rows: BTreeMap::new(),
            next_part: 0,
        })
    }

    /// What is stored.
    pub fn rows(&self) -> &BTreeMap<DeliveryId, PickupRow> {
        &self.rows
    }

    fn row(&self, id: DeliveryId) -> Option<PickupRow> {
        self.rows.get(&id).cloned()
    }

    fn put(&mut self, id: DeliveryId, row: PickupRow) -> io::Result<()> {
        let (stored, told) = self.disk.commit();
        if stored {
            self.rows.insert(id, row);
        }
        told
    }

    /// Takes a pickup up, new or left by an earlier try. `anew`: a person wants it, told what that means.
    pub fn look(&mut self, id: DeliveryId, anew: bool) -> io::Result<Next> {
        let Some(mut row) = self.row(id) else {
            let row = PickupRow {
                state: PickupState::Planned,
                staging: None,
                aim: None,
                landed: None,
                doubtful: None,
                expected: None,
            };
            self.put(id, row)?;
            return Ok(Next::Claim);
        };
        if !self.find_landed(id, &mut row)? {
            // It waits for its folder.
            return Ok(Next::Nothing);
        }
        match row.state {
            PickupState::Landed { fence } => return Ok(Next::Confirm { fence }),
            PickupState::Confirmed { .. } => return Ok(Next::Nothing),
            PickupState::Superseded | PickupState::Failed { .. } if !anew => return Ok(Next::Nothing),
            _ => {}
        }
        let superseded = row.state == PickupState::Superseded;
        if !superseded {
            // Of a doubtful copy only once the claim is given.
            row = planned_again(row);
            self.put(id, row)?;
        }
        Ok(Next::Claim)
    }

    /// Recognises what was made visible by an earlier life; false if that cannot be told now.
    fn find_landed(&mut self, id: DeliveryId, row: &mut PickupRow) -> io::Result<bool> {
        let (PickupState::Landing { .. }, Some(staging), Some(aim)) = (&row.state, &row.staging, &row.aim) else {
            return Ok(true);
        };
        match landing::was_shown(&self.disk, staging, &aim.folder, aim.flat, &aim.files) {
            Showing::Shown => {}
            Showing::NotShown => return Ok(true),
            Showing::Away => return Ok(false),
        }
        row.landed = Some(aim.folder.clone());
        row.staging = None;
        row.aim = None;
        advance(row, PickupEvent::Landed);
        self.put(id, row.clone())?;
        Ok(true)
    }

    /// The claim was given.
    pub fn claimed(&mut self, id: DeliveryId, fence: u64) -> io::Result<()> {
        let Some(row) = self.row(id) else { return Ok(()) };
        let mut row = planned_again(row);
        advance(&mut row, PickupEvent::Claimed { fence });
        if row.staging.is_none() {
            self.next_part += 1;
            row.staging = Some(Path::new(FOLDER).join(format!(".{}.part-{}", folder_name(id), self.next_part)));
        }
        self.put(id, row)
    }

    /// The claim was refused, or the line broke.
    pub fn claim_refused(&mut self, id: DeliveryId, problem: ProblemCode) -> io::Result<()> {
        let Some(row) = self.row(id) else { return Ok(()) };
        let superseded = row.state == PickupState::Superseded;
        match pickup::claim_refused(&row.state, superseded, row.doubtful.is_some(), problem) {
            Some(event) => self.end(id, row, event),
            None => Ok(()),
        }
    }

    /// How much of a part is here, asked once after each claim: what is whole is begun anew, because the exchange must
    /// see its last byte served under the present one.
    pub fn have(&self, id: DeliveryId, (name, bytes_max, _): &LandingFile) -> io::Result<u64> {
        self.staging(id)?.part(name, *bytes_max).map(|(_, _, have)| have)
    }

    /// Notes what is to land later.
    pub(crate) fn expect(&mut self, id: DeliveryId, files: &[LandingFile]) {
        if let Some(row) = self.rows.get_mut(&id) {
            row.expected = Some(files.to_vec());
        }
    }

    /// Writes what came of a part behind what is here.
    pub fn write(&self, id: DeliveryId, (name, bytes_max, _): &LandingFile, bytes: &[u8]) -> io::Result<()> {
        let (mut file, _, have) = self.staging(id)?.part(name, *bytes_max)?;
        file.seek(SeekFrom::Start(have))?;
        file.write_all(bytes)
    }

    fn staging(&self, id: DeliveryId) -> io::Result<Staging<Platter>> {
        let path = self.rows.get(&id).and_then(|row| row.staging.clone());
        Staging::open(self.disk.clone(), path.ok_or(io::ErrorKind::NotFound)?)
    }

    /// Every byte came: makes it visible, reads it back, and stores that it landed.
    pub fn land(&mut self, id: DeliveryId, files: &[LandingFile]) -> io::Result<Landed> {
        use disk::Disk as _;
        let Some(mut row) = self.row(id) else {
            return Ok(Landed::Other);
        };
        let staging = self.staging(id)?;
        for (name, bytes, digest) in files {
            let path = row.staging.clone().unwrap_or_default().join(name);
            if *bytes == 0 && self.disk.facts(&path).is_err() {
                staging.part(name, 0)?;
            }
            let there = landing::is_whole(
                &self.disk,
                row.staging.as_deref().unwrap_or(Path::new("")),
                &[(name.clone(), *bytes, *digest)],
            )?;
            if !there {
                return Ok(Landed::Other);
            }
        }
        staging.seal()?;
        let Some(aim) = self.show(id, &mut row, &staging, files)? else {
            return Ok(Landed::Unsafe);
        };
        if !landing::is_whole(&self.disk, &aim.folder, &aim.files).unwrap_or(false) {
            landing::withdraw(&self.disk, &aim.folder, aim.flat, &aim.files);
            return Ok(Landed::Other);
        }
        row.landed = Some(aim.folder);
        row.staging = None;
        row.aim = None;
        advance(&mut row, PickupEvent::Landed);
        self.put(id, row)?;
        Ok(Landed::Here)
    }

    fn show(
        &mut self,
        id: DeliveryId,
        row: &mut PickupRow,
        staging: &Staging<Platter>,
        files: &[LandingFile],
    ) -> io::Result<Option<Aim>> {
        let level = self.way.by_office.then_some("9970100013");
        let parent = landing::parent_for(&self.disk, Path::new(FOLDER), level)?;
        let aim = |folder: PathBuf, flat| Aim {
            folder,
            flat,
            files: files.to_vec(),
        };
        if self.way.flat && landing::is_free(&self.disk, &parent, files) {
            row.aim = Some(aim(parent.clone(), true));
            self.put(id, row.clone())?;
            match staging.show_flat(&parent, files)? {
                Showing::Shown => return Ok(Some(aim(parent, true))),
                Showing::NotShown => {}
                Showing::Away => return Ok(None),
            }
        }
        for landed in landing::folder_names(&parent, &folder_name(id)) {
            if landing::is_taken(&self.disk, &landed) {
                continue;
            }
            row.aim = Some(aim(landed.clone(), false));
            self.put(id, row.clone())?;
            match staging.show(&landed)? {
                Showing::Shown => return Ok(Some(aim(landed, false))),
                Showing::NotShown => {}
                Showing::Away => return Ok(None),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// The bytes stopped coming.
    pub fn line_broke(&mut self, id: DeliveryId, problem: ProblemCode) -> io::Result<()> {
        let Some(row) = self.row(id) else { return Ok(()) };
        match pickup::line_broke(row.doubtful.is_some(), problem) {
            Some(event) => self.end(id, row, event),
            None => Ok(()),
        }
    }

    /// It cannot go on.
    pub fn give_up(&mut self, id: DeliveryId, problem: ProblemCode) -> io::Result<()> {
        let Some(row) = self.row(id) else { return Ok(()) };
        let event = pickup::given_up(row.doubtful.is_some(), problem);
        self.end(id, row, event)
    }

    /// What the exchange said to the confirmation.
    pub fn confirmation(&mut self, id: DeliveryId, answer: Result<DateTime<Utc>, ProblemCode>) -> io::Result<()> {
        let Some(mut row) = self.row(id) else { return Ok(()) };
        let Some(event) = pickup::confirmation(answer) else {
            return Ok(());
        };
        if advance(&mut row, event) {
            if answer.is_ok() {
                row.doubtful = None;
            }
            self.put(id, row)?;
        }
        Ok(())
    }

    fn end(&mut self, id: DeliveryId, mut row: PickupRow, event: PickupEvent) -> io::Result<()> {
        if !advance(&mut row, event) {
            return Ok(());
        }
        if let Some(staging) = row.staging.take() {
            landing::discard(&self.disk, &staging);
        }
        row.aim = None;
        if let Some(doubtful) = row.doubtful.take() {
            row.landed = Some(doubtful);
        }
        self.put(id, row)
    }
}

fn planned_again(mut row: PickupRow) -> PickupRow {
    if row.state == PickupState::Superseded {
        row.doubtful = row.landed.take();
    }
    if let Ok(planned) = step(&row.state, PickupEvent::Retry) {
        row.state = planned;
    }
    row.aim = None;
    row
}

/// Steps a row; false if it does not take the event.
fn advance(row: &mut PickupRow, event: PickupEvent) -> bool {
    match step(&row.state, event) {
        Ok(next) => {
            row.state = next;
            true
        }
        Err(_) => false,
    }
}

/// The visible name of a delivery's folder.
pub fn folder_name(id: DeliveryId) -> String {
    let id = id.to_string();
    format!("20270115_{}", &id[id.len() - 12..])
}
