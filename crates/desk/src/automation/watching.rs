//! The watched folder: units that are whole and stand still become drafts. Originals are read and nothing else.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant, SystemTime},
};

use care_model::{ExchangeFileName, ProblemCode, limits};
use desk_ipc::{CommandError, CompositionMode, DeskEvent};
use sha2::{Digest as _, Sha256};

use super::sight::{Listed, Sight};
use crate::{
    compose::Composition,
    core::Core,
    intake::{self, TakenFile},
    ports::Notice,
    refusal,
    spool::SpoolRef,
    store::FileMark,
};

/// Between two looks at the folder.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A look takes at most this part of the time, however slow the folder is.
const LOOKING_AT_MOST: u32 = 20;

/// Prepares drafts, until the desk closes.
pub(crate) async fn run(core: Arc<Core>) {
    tokio::select! {
        () = core.closing.cancelled() => {}
        () = keep_watching(&core) => {}
    }
}

async fn keep_watching(core: &Arc<Core>) {
    let mut watch: Option<Watch> = None;
    loop {
        let kept = core.automation.kept();
        let Some(folder) = kept.watched.filter(|_| kept.watching) else {
            core.stands(&core.automation.watching_stopped, None);
            core.incomplete(0);
            watch = None;
            core.automation.watch_wanted.notified().await;
            continue;
        };
        let mut pause = LOOK_EVERY;
        if core.is_signed_in() {
            if watch.as_ref().is_none_or(|watch| watch.folder != folder) {
                watch = None;
                match Watch::begin(core, folder).await {
                    Ok(begun) => watch = Some(begun),
                    Err(error) => core.stands(&core.automation.watching_stopped, Some(error)),
                }
            }
            if let Some(looking) = &mut watch {
                let stopped = looking.look(core).await.err();
                pause = LOOK_EVERY.max(looking.took * LOOKING_AT_MOST);
                if stopped.is_some() {
                    // What is done is asked of the store once more: an error does not say that nothing was stored.
                    watch = None;
                }
                core.stands(&core.automation.watching_stopped, stopped);
            }
        }
        let _ = tokio::time::timeout(pause, core.automation.watch_wanted.notified()).await;
    }
}

/// One folder while it is watched.
struct Watch {
    folder: PathBuf,
    sight: Sight,
    /// Files that are done.
    marks: HashSet<FileMark>,
    secret: [u8; 32],
    /// How long the last look took.
    took: Duration,
}

impl Watch {
    async fn begin(core: &Core, folder: PathBuf) -> Result<Self, CommandError> {
        Ok(Self {
            folder,
            sight: Sight::default(),
            marks: core.store.watched_marks().await?,
            secret: core.fingerprint_secret().await?,
            took: Duration::ZERO,
        })
    }

    /// Looks once, and prepares what is ready while there is room for more drafts.
    async fn look(&mut self, core: &Core) -> Result<(), CommandError> {
        let began = Instant::now();
        let listed = listed(self.folder.clone()).await?;
        self.took = began.elapsed();
        let (marks, secret) = (&self.marks, &self.secret);
        let looked = self.sight.look(listed, Instant::now(), |file| {
            marks.contains(&mark_of_look(secret, file))
        });
        core.incomplete(looked.incomplete);
        if looked.ready.is_empty() {
            return Ok(());
        }
        let waiting = core.store.prepared_count().await? as usize;
        let room = limits::PREPARED_DRAFTS_MAX.saturating_sub(waiting);
        let mut prepared = 0;
        let mut ended = Ok(());
        for unit in looked.ready {
            if prepared as usize >= room || !core.still_watches(&self.folder) {
                break;
            }
            match self.prepare(core, &unit).await {
                Ok(Prepared::Draft) => prepared += 1,
                Ok(Prepared::Known) => {}
                Ok(Prepared::Unsettled) => {
                    self.sight.unsettled(&unit, Instant::now());
                    continue;
                }
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            }
            self.sight.done(&unit);
        }
        if prepared > 0 {
            core.tell(DeskEvent::DraftsChanged);
            core.tell(DeskEvent::AutomationChanged);
            core.notify(Notice::Prepared { count: prepared });
        }
        ended
    }

    /// Copies a unit as if it had been dropped, and saves it as a draft.
    async fn prepare(&mut self, core: &Core, unit: &[Listed]) -> Result<Prepared, CommandError> {
        let paths: Vec<PathBuf> = unit.iter().map(|file| self.folder.join(file.name.as_str())).collect();
        let looked = paths.clone();
        let taken = core.blocking(move |spool| intake::take(spool, &paths)).await?;
        let copies: Vec<SpoolRef> = taken
            .iter()
            .filter_map(|file| file.content.as_ref().ok())
            .map(|content| content.place.clone())
            .collect();
        let mut composition = Composition::new(CompositionMode::Compose);
        composition.add(taken, None);
        let saved = self.save(core, unit, &mut composition, looked, &copies).await;
        let needed = match &saved {
            Ok(prepared) => matches!(prepared, Prepared::Draft),
            Err(_) => !matches!(core.store.has_draft(composition.id).await, Ok(false)),
        };
        if !needed {
            core.blocking(move |spool| {
                copies.iter().for_each(|place| spool.remove(place));
                Ok(())
            })
            .await?;
        }
        saved
    }

    async fn save(
        &mut self,
        core: &Core,
        unit: &[Listed],
        composition: &mut Composition,
        paths: Vec<PathBuf>,
        copies: &[SpoolRef],
    ) -> Result<Prepared, CommandError> {
        let seen = unit.to_vec();
        let same = blocking(move || paths.iter().zip(&seen).all(|(path, file)| looks_like(path, file))).await?;
        let mut pairs = composition.files.iter().zip(unit);
        if !same || !pairs.all(|(held, file)| is_of(&held.taken, file)) {
            return Ok(Prepared::Unsettled);
        }
        let taken = composition.files.iter().map(|held| &held.taken);
        let contents: Vec<FileMark> = taken
            .filter_map(|file| {
                let content = file.content.as_ref().ok()?;
                Some(mark(&self.secret, b"content", &file.name, content.digest.as_bytes()))
            })
            .collect();
        let mut marks: Vec<FileMark> = unit.iter().map(|file| mark_of_look(&self.secret, file)).collect();
        // Touched, copied there again: the same bytes under the same names.
        if contents.iter().all(|mark| self.marks.contains(mark)) {
            core.store.put_watched(&marks).await?;
            self.marks.extend(marks);
            return Ok(Prepared::Known);
        }
        marks.extend(contents);
        // Gives its deliveries their identities, as every look at it would.
        core.settle(composition).await?;
        let places = copies.to_vec();
        core.blocking(move |spool| spool.sync(&places)).await?;
        let stored = core.store.put_prepared(composition.id, composition, &marks, core.now());
        stored.await?;
        self.marks.extend(marks);
        Ok(Prepared::Draft)
    }
}

/// What became of a unit that was ready.
enum Prepared {
    /// It is a draft now.
    Draft,
    /// It was one before.
    Known,
    /// It changed while it was copied, or cannot be read yet.
    Unsettled,
}

impl Core {
    /// Takes everything in a folder for done.
    pub(super) async fn take_for_done(&self, folder: &Path) -> Result<(), CommandError> {
        let secret = self.fingerprint_secret().await?;
        let listed = listed(folder.to_owned()).await?;
        let marks: Vec<FileMark> = listed.iter().map(|file| mark_of_look(&secret, file)).collect();
        Ok(self.store.put_watched(&marks).await?)
    }

    fn still_watches(&self, folder: &Path) -> bool {
        let kept = self.automation.kept();
        kept.watching && kept.watched.as_deref() == Some(folder) && self.is_signed_in()
    }

    fn incomplete(&self, files: u32) {
        if self.automation.incomplete.swap(files, Ordering::Relaxed) != files {
            self.tell(DeskEvent::AutomationChanged);
        }
    }
}

/// The files with names of the standard in a folder.
async fn listed(folder: PathBuf) -> Result<Vec<Listed>, CommandError> {
    let read = blocking(move || list(&folder, limits::WATCHED_ENTRIES_MAX)).await?;
    match read {
        Ok(Some(listed)) => Ok(listed),
        Ok(None) => {
            let refusal = CommandError::new(ProblemCode::WatchedFolderCrowded);
            Err(refusal.with("max", limits::WATCHED_ENTRIES_MAX))
        }
        Err(error) => {
            tracing::info!(kind = ?error.kind(), "the watched folder cannot be read");
            Err(ProblemCode::WatchedFolderMissing.into())
        }
    }
}

/// None where the folder holds more than so many entries.
fn list(folder: &Path, entries_max: usize) -> io::Result<Option<Vec<Listed>>> {
    let mut listed = Vec::new();
    for (count, entry) in fs::read_dir(folder)?.enumerate() {
        if count >= entries_max {
            return Ok(None);
        }
        let entry = entry?;
        let name = entry.file_name();
        let Some(Ok(name)) = name.to_str().map(ExchangeFileName::parse) else {
            continue;
        };
        // What went away between the two is simply not there; a link is no file.
        if let Ok(facts) = entry.metadata()
            && facts.is_file()
        {
            listed.push(Listed {
                name,
                size_bytes: facts.len(),
                modified: modified(&facts),
            });
        }
    }
    Ok(Some(listed))
}

fn modified(facts: &fs::Metadata) -> i64 {
    let since = facts.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let since = since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn looks_like(path: &Path, file: &Listed) -> bool {
    fs::symlink_metadata(path)
        .is_ok_and(|facts| facts.is_file() && facts.len() == file.size_bytes && modified(&facts) == file.modified)
}

fn is_of(copy: &TakenFile, file: &Listed) -> bool {
    copy.content.is_ok() && copy.size_bytes == file.size_bytes
}

/// What a look knows of a file.
fn mark_of_look(secret: &[u8; 32], file: &Listed) -> FileMark {
    let mut facts = [0; 16];
    facts[..8].copy_from_slice(&file.size_bytes.to_be_bytes());
    facts[8..].copy_from_slice(&file.modified.to_be_bytes());
    mark(secret, b"look", file.name.as_str(), &facts)
}

/// A keyed hash of a name and something that goes with it.
fn mark(secret: &[u8; 32], of: &[u8], name: &str, with: &[u8]) -> FileMark {
    let mut hash = Sha256::new();
    hash.update(secret);
    hash.update(b"watched file");
    for part in [of, name.as_bytes(), with] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hash: [u8; 32] = hash.finalize().into();
    let mut mark = FileMark::default();
    mark.copy_from_slice(&hash[..16]);
    mark
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, CommandError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "UPPLAN_202604_9970100013_43_9970101003_11_20260326090137.CSV";

    #[test]
    fn only_files_of_the_standard_are_listed_and_never_more_than_may_be() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(NAME), b"1").unwrap();
        fs::write(dir.path().join("memo.txt"), b"1").unwrap();
        fs::write(dir.path().join(format!("{NAME}.tmp")), b"1").unwrap();
        fs::create_dir(dir.path().join(NAME.replace("UPPLAN", "UPSIKYU"))).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(
            dir.path().join("memo.txt"),
            dir.path().join(NAME.replace("UPPLAN", "UPHOSOKU")),
        )
        .unwrap();
        let entries = fs::read_dir(dir.path()).unwrap().count();
        let listed = list(dir.path(), entries).unwrap().unwrap();
        assert_eq!(listed.len(), 1, "{listed:?}");
        assert_eq!((listed[0].name.as_str(), listed[0].size_bytes), (NAME, 1));
        assert_eq!(list(dir.path(), entries - 1).unwrap(), None);
        assert!(list(&dir.path().join("gone"), 10).is_err());
    }

    #[test]
    fn a_mark_says_which_file_and_how_it_looked() {
        let file = |size_bytes, modified| Listed {
            name: ExchangeFileName::parse(NAME).unwrap(),
            size_bytes,
            modified,
        };
        let of = |file| mark_of_look(&[1; 32], &file);
        assert_eq!(of(file(1, 2)), of(file(1, 2)));
        for other in [file(2, 2), file(1, 1), file(2, 1)] {
            assert_ne!(of(file(1, 2)), of(other));
        }
        assert_ne!(of(file(1, 2)), mark_of_look(&[2; 32], &file(1, 2)));
        assert_ne!(mark(&[1; 32], b"a", "bc", b""), mark(&[1; 32], b"ab", "c", b""));
    }
}
