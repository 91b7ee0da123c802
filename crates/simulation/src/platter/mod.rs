//! A disk whose power can be cut after any operation.
//!
//! What a process sees and what is on the platter are two things. A write reaches the platter when its file is synced,
//! a name when its folder is; a rename is one step of the file system's journal and comes whole or not at all. When the
//! power fails, each write and each change of names that was not synced arrives, is lost, or arrives torn, in whatever
//! order chance will have it. A sync that fails loses what it was to write, though a process still reads it: so do real
//! systems, which then take the pages for clean.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use disk::{Disk, DiskFile, Facts};

/// A simulated disk; cheap to clone, as all its clones are one disk.
#[derive(Debug, Clone)]
pub struct Platter(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    nodes: Vec<Node>,
    rng: fastrand::Rng,
    /// Operations since the last start; what a test counts cut points by.
    operations: u64,
    /// The power fails, or the process dies, in the operation of this number.
    ends_at: Option<u64>,
    /// Out of a thousand.
    sync_fails: u32,
    /// Whether it says that it synced and does not: a sabotage.
    lies: bool,
    /// The number of the next change of names.
    change: u64,
}

#[derive(Debug, Clone)]
enum Node {
    File {
        seen: Vec<u8>,
        safe: Vec<u8>,
        unsynced: Vec<(usize, Vec<u8>)>,
    },
    Folder {
        seen: BTreeMap<String, usize>,
        safe: BTreeMap<String, usize>,
        unsynced: Vec<Change>,
    },
}

/// A change of one folder's names. Those of one rename have one number.
#[derive(Debug, Clone)]
struct Change {
    number: u64,
    name: String,
    /// What has the name from now on; nothing if it went.
    node: Option<usize>,
}

const ROOT: usize = 0;

/// What an operation answers once the power is off or the process dead. Nobody may act on it.
fn ended() -> io::Error {
    io::Error::other("the power is off")
}

fn folder() -> Node {
    Node::Folder {
        seen: BTreeMap::new(),
        safe: BTreeMap::new(),
        unsynced: Vec::new(),
    }
}

impl Platter {
    /// An empty disk; `seed` decides what a power cut leaves.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            nodes: vec![folder()],
            rng: fastrand::Rng::with_seed(seed),
            operations: 0,
            ends_at: None,
            sync_fails: 0,
            lies: false,
            change: 0,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes so many of a thousand syncs fail.
    pub fn let_syncs_fail(&self, of_a_thousand: u32) {
        self.inner().sync_fails = of_a_thousand;
    }

    /// Says from now on that it synced, and does not.
    pub fn let_syncs_lie(&self) {
        self.inner().lies = true;
    }

    /// Operations since the last start.
    pub fn operations(&self) -> u64 {
        self.inner().operations
    }

    /// Ends everything in the operation of this number from now on; the first is 0.
    pub fn end_at(&self, operation: u64) {
        let mut inner = self.inner();
        inner.operations = 0;
        inner.ends_at = Some(operation);
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        let inner = self.inner();
        inner.ends_at.is_some_and(|at| inner.operations > at)
    }

    /// Something else that is made durable beside this disk, a commit of a database, happens now: whether it is stored,
    /// and whether its caller hears of it.
    pub fn commit(&self) -> (bool, io::Result<()>) {
        let mut inner = self.inner();
        match inner.operate() {
            Ok(Standing::Before) => (true, Ok(())),
            // In this very operation the power fails.
            Ok(Standing::During) => (inner.rng.bool(), Err(ended())),
            Err(error) => (false, Err(error)),
        }
    }

    /// A new process on the same disk: everything that was written is seen.
    pub fn restart(&self) {
        let mut inner = self.inner();
        inner.operations = 0;
        inner.ends_at = None;
    }

    /// The power fails and comes back: of what was not synced, chance has decided.
    pub fn cut_power(&self) {
        let mut inner = self.inner();
        inner.cut(Luck::Chance);
        inner.operations = 0;
        inner.ends_at = None;
    }

    /// What would be there if the power failed now and nothing that is not synced had arrived.
    pub fn at_worst(&self) -> Self {
        let inner = self.inner();
        let mut worst = Inner {
            nodes: inner.nodes.clone(),
            rng: fastrand::Rng::with_seed(0),
            operations: 0,
            ends_at: None,
            sync_fails: 0,
            lies: false,
            change: inner.change,
        };
        worst.cut(Luck::Worst);
        Self(Arc::new(Mutex::new(worst)))
    }

    /// Every file with its bytes, by path; for those who look on.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let inner = self.inner();
        let mut found = BTreeMap::new();
        let mut open = vec![(PathBuf::from("/"), ROOT)];
        while let Some((path, node)) = open.pop() {
            match &inner.nodes[node] {
                Node::File { seen, .. } => {
                    found.insert(path, seen.clone());
                }
                Node::Folder { seen, .. } => open.extend(seen.iter().map(|(name, node)| (path.join(name), *node))),
            }
        }
        found
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Luck {
    Chance,
    Worst,
}

enum Standing {
    Before,
    During,
}

impl Inner {
    /// Counts an operation.
    fn operate(&mut self) -> io::Result<Standing> {
        let number = self.operations;
        self.operations += 1;
        match self.ends_at {
            Some(at) if number > at => Err(ended()),
            Some(at) if number == at => Ok(Standing::During),
            _ => Ok(Standing::Before),
        }
    }

    /// Counts an operation that changes nothing.
    fn look(&mut self) -> io::Result<()> {
        match self.operate()? {
            Standing::Before => Ok(()),
            Standing::During => Err(ended()),
        }
    }

    /// Counts an operation that changes something. In the one in which everything ends it may still be done, but nobody
    /// hears of it.
    fn change<T>(&mut self, act: impl FnOnce(&mut Self) -> io::Result<T>) -> io::Result<T> {
        match self.operate()? {
            Standing::Before => act(self),
            Standing::During => {
                if self.rng.bool() {
                    let _ = act(self);
                }
                Err(ended())
            }
        }
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        let mut node = ROOT;
        for part in path.components() {
            let Component::Normal(name) = part else { continue };
            let Node::Folder { seen, .. } = &self.nodes[node] else {
                return Err(io::ErrorKind::NotADirectory.into());
            };
            let name = name.to_str().ok_or(io::ErrorKind::InvalidInput)?;
            node = *seen.get(name).ok_or(io::ErrorKind::NotFound)?;
        }
        Ok(node)
    }

    fn place(&self, path: &Path) -> io::Result<(usize, String)> {
        let parent = self.find(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
        let name = path.file_name().and_then(|name| name.to_str());
        Ok((parent, name.ok_or(io::ErrorKind::InvalidInput)?.to_owned()))
    }

    fn name(&mut self, (parent, name): (usize, String), node: Option<usize>, number: u64) -> io::Result<()> {
        let Node::Folder { seen, unsynced, .. } = &mut self.nodes[parent] else {
            return Err(io::ErrorKind::NotADirectory.into());
        };
        match node {
            Some(node) => seen.insert(name.clone(), node),
            None => seen.remove(&name),
        };
        unsynced.push(Change { number, name, node });
        Ok(())
    }

    fn next_change(&mut self) -> u64 {
        self.change += 1;
        self.change
    }

    fn make(&mut self, path: &Path, node: Node) -> io::Result<usize> {
        if self.find(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let place = self.place(path)?;
        self.nodes.push(node);
        let made = self.nodes.len() - 1;
        let number = self.next_change();
        self.name(place, Some(made), number)?;
        Ok(made)
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.find(path)?;
        let place = self.place(path)?;
        let number = self.next_change();
        self.name(place, None, number)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = self.find(from)?;
        if self.find(to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let (from, to) = (self.place(from)?, self.place(to)?);
        let number = self.next_change();
        self.name(to, Some(node), number)?;
        self.name(from, None, number)
    }

    /// Whether a sync fails now.
    fn sync_fails(&mut self) -> bool {
        self.sync_fails > 0 && self.rng.u32(..1_000) < self.sync_fails
    }

    fn sync(&mut self, node: usize) -> io::Result<()> {
        if self.lies {
            return Ok(());
        }
        let fails = self.sync_fails();
        match &mut self.nodes[node] {
            Node::File { seen, safe, unsynced } => {
                if fails {
                    unsynced.clear();
                    return Err(io::Error::other("the disk failed"));
                }
                for (at, bytes) in unsynced.drain(..) {
                    write_at(safe, at, &bytes);
                }
                debug_assert!(safe.len() <= seen.len());
            }
            Node::Folder { unsynced, .. } => {
                // Names that could not be written stay to be written: the journal stops, it does not forget.
                if fails {
                    return Err(io::Error::other("the disk failed"));
                }
                let numbers: BTreeSet<u64> = unsynced.iter().map(|change| change.number).collect();
                self.settle(&numbers);
            }
        }
        Ok(())
    }

    /// Puts changes of names onto the platter, in every folder that they are of.
    fn settle(&mut self, numbers: &BTreeSet<u64>) {
        for node in &mut self.nodes {
            if let Node::Folder { safe, unsynced, .. } = node {
                unsynced.retain(|change| {
                    let settles = numbers.contains(&change.number);
                    if settles {
                        match change.node {
                            Some(node) => safe.insert(change.name.clone(), node),
                            None => safe.remove(&change.name),
                        };
                    }
                    !settles
                });
            }
        }
    }

    fn cut(&mut self, luck: Luck) {
        let mut waiting: BTreeSet<u64> = BTreeSet::new();
        for node in &self.nodes {
            if let Node::Folder { unsynced, .. } = node {
                waiting.extend(unsynced.iter().map(|change| change.number));
            }
        }
        if luck == Luck::Chance {
            // Often all or nothing of it, and sometimes any of it.
            let kept = self.rng.u8(0..4);
            let arrived = waiting
                .into_iter()
                .filter(|_| kept == 0 || (kept > 1 && self.rng.bool()))
                .collect();
            self.settle(&arrived);
        }
        let Self { nodes, rng, .. } = self;
        for node in nodes {
            match node {
                Node::File { seen, safe, unsynced } => {
                    for (at, bytes) in std::mem::take(unsynced) {
                        match luck {
                            Luck::Worst => {}
                            Luck::Chance => match rng.u8(0..4) {
                                0 => {}
                                1 => write_at(safe, at, &bytes[..rng.usize(..=bytes.len())]),
                                // The length arrived, the bytes did not.
                                2 if at + bytes.len() > safe.len() => safe.resize(at + bytes.len(), 0),
                                _ => write_at(safe, at, &bytes),
                            },
                        }
                    }
                    seen.clone_from(safe);
                }
                Node::Folder { seen, safe, unsynced } => {
                    unsynced.clear();
                    seen.clone_from(safe);
                }
            }
        }
    }
}

fn write_at(bytes: &mut Vec<u8>, at: usize, written: &[u8]) {
    if written.is_empty() {
        return;
    }
    let end = at + written.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[at..end].copy_from_slice(written);
}

/// An open file of a [`Platter`].
#[derive(Debug)]
pub struct PlatterFile {
    disk: Platter,
    node: usize,
    at: usize,
}

impl Platter {
    fn opened(&self, node: usize) -> PlatterFile {
        PlatterFile {
            disk: self.clone(),
            node,
            at: 0,
        }
    }
}

impl Disk for Platter {
    type File = PlatterFile;

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.inner().change(|inner| inner.make(path, folder()).map(drop))
    }

    fn make_private_folders(&self, path: &Path) -> io::Result<()> {
        let mut above: Vec<&Path> = path.ancestors().collect();
        above.reverse();
        for path in above {
            let mut inner = self.inner();
            match inner.find(path) {
                Ok(_) => {}
                Err(_) => inner.change(|inner| inner.make(path, folder()).map(drop))?,
            }
        }
        Ok(())
    }

    fn make_file(&self, path: &Path) -> io::Result<PlatterFile> {
        let file = Node::File {
            seen: Vec::new(),
            safe: Vec::new(),
            unsynced: Vec::new(),
        };
        let made = self.inner().change(|inner| inner.make(path, file))?;
        Ok(self.opened(made))
    }

    fn open_or_make(&self, path: &Path) -> io::Result<PlatterFile> {
        match self.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.make_file(path),
            opened => opened,
        }
    }

    fn open_to_write(&self, path: &Path) -> io::Result<PlatterFile> {
        self.open(path)
    }

    fn open(&self, path: &Path) -> io::Result<PlatterFile> {
        let mut inner = self.inner();
        inner.look()?;
        let node = inner.find(path)?;
        match inner.nodes[node] {
            Node::File { .. } => Ok(self.opened(node)),
            Node::Folder { .. } => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn facts(&self, path: &Path) -> io::Result<Facts> {
        let mut inner = self.inner();
        inner.look()?;
        let node = inner.find(path)?;
        Ok(match &inner.nodes[node] {
            Node::File { seen, .. } => Facts {
                is_folder: false,
                is_file: true,
                bytes: seen.len() as u64,
            },
            Node::Folder { .. } => Facts {
                is_folder: true,
                is_file: false,
                bytes: 0,
            },
        })
    }

    fn leads_to_folder(&self, path: &Path) -> io::Result<bool> {
        self.facts(path).map(|facts| facts.is_folder)
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let mut inner = self.inner();
        inner.look()?;
        let node = inner.find(folder)?;
        match &inner.nodes[node] {
            Node::Folder { seen, .. } => Ok(seen.keys().map(OsString::from).collect()),
            Node::File { .. } => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.inner().change(|inner| match inner.nodes[inner.find(path)?] {
            Node::File { .. } => inner.remove(path),
            Node::Folder { .. } => Err(io::ErrorKind::IsADirectory.into()),
        })
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        // One name after the other, as the system does it: the power may fail between.
        for name in self.names(path)? {
            let below = path.join(name);
            match self.facts(&below)?.is_folder {
                true => self.remove_folder(&below)?,
                false => self.remove_file(&below)?,
            }
        }
        self.inner().change(|inner| inner.remove(path))
    }

    fn rename_folder(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner().change(|inner| inner.rename(from, to))
    }

    fn rename_file(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner().change(|inner| inner.rename(from, to))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.inner().change(|inner| {
            let node = inner.find(folder)?;
            inner.sync(node)
        })
    }

    fn mark_foreign(&self, _file: &Path) {}
}

impl Read for PlatterFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let inner = self.disk.inner();
        let Node::File { seen, .. } = &inner.nodes[self.node] else {
            return Err(io::ErrorKind::IsADirectory.into());
        };
        let from = self.at.min(seen.len());
        let read = into.len().min(seen.len() - from);
        into[..read].copy_from_slice(&seen[from..from + read]);
        self.at = from + read;
        Ok(read)
    }
}

impl Write for PlatterFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (node, at) = (self.node, self.at);
        self.disk.inner().change(|inner| {
            let Node::File { seen, unsynced, .. } = &mut inner.nodes[node] else {
                return Err(io::ErrorKind::IsADirectory.into());
            };
            write_at(seen, at, bytes);
            unsynced.push((at, bytes.to_vec()));
            Ok(())
        })?;
        self.at += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for PlatterFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let length = match &self.disk.inner().nodes[self.node] {
            Node::File { seen, .. } => seen.len(),
            Node::Folder { .. } => 0,
        };
        let base = |from: usize, by: i64| i64::try_from(from).map_or(None, |from| from.checked_add(by));
        let at = match to {
            SeekFrom::Start(at) => i64::try_from(at).ok(),
            SeekFrom::End(by) => base(length, by),
            SeekFrom::Current(by) => base(self.at, by),
        };
        let at = at
            .and_then(|at| u64::try_from(at).ok())
            .ok_or(io::ErrorKind::InvalidInput)?;
        self.at = usize::try_from(at).map_err(|_| io::ErrorKind::InvalidInput)?;
        Ok(at)
    }
}

impl DiskFile for PlatterFile {
    fn sync(&mut self) -> io::Result<()> {
        let node = self.node;
        self.disk.inner().change(|inner| inner.sync(node))
    }
}

#[cfg(test)]
mod tests;
