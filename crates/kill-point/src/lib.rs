//! Named points before and after each durable step, at which a test lets a real process die (ADR 0048).
//!
//! A process that is built with debug assertions and finds [`KILL_AT`] in its environment ends at the point that it
//! names, as `kill -9` ends it: nothing is unwound, flushed or answered. In a release build [`reach`] is empty, and
//! neither the names nor the variable are in the program; a test looks into one.
//!
//! The lists are whole: the tests of each program walk through theirs and fail on a point that was not reached.

/// The environment's name for the point at which to die: its name, or its name and which time it is reached, as
/// `server.chunk.stored:2`.
pub const KILL_AT: &str = "CAREPLAN_KILL_AT";

/// Makes the points, their names, and the list of each program whose tests reach them.
macro_rules! points {
    ($($(#[$list_doc:meta])* $list:ident { $($(#[$doc:meta])* $point:ident = $name:literal,)* })*) => {
        /// A place in a program, before or after a durable step.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Point {
            $($($(#[$doc])* $point,)*)*
        }

        impl Point {
            $($(#[$list_doc])* pub const $list: &[Self] = &[$(Self::$point),*];)*

            /// What [`KILL_AT`] calls it.
            pub const fn name(self) -> &'static str {
                match self {
                    $($(Self::$point => $name,)*)*
                }
            }
        }
    };
}

points! {
    /// Reached by `exchange-server`.
    SERVER {
        /// A small delivery's rows are written, not committed.
        AcceptUncommitted = "server.accept.uncommitted",
        /// They are committed; nobody was answered.
        AcceptCommitted = "server.accept.committed",
        /// A large delivery's folder is made; no row knows it.
        UploadFolderMade = "server.upload.folder_made",
        /// The row of its upload is committed.
        UploadBegun = "server.upload.begun",
        /// A chunk is written, not synced.
        ChunkWritten = "server.chunk.written",
        /// It is synced; no row says so.
        ChunkSynced = "server.chunk.synced",
        /// The row says so.
        ChunkStored = "server.chunk.stored",
        /// Every part was checked; its rows are written, not committed.
        UploadUncommitted = "server.upload.uncommitted",
        /// The upload is a delivery.
        UploadCommitted = "server.upload.committed",
        /// A claim is written, not committed.
        ClaimUncommitted = "server.claim.uncommitted",
        /// It is committed.
        ClaimCommitted = "server.claim.committed",
        /// That a last byte is served is written, not committed.
        ServeUncommitted = "server.serve.uncommitted",
        /// It is committed; no byte has left.
        ServeCommitted = "server.serve.committed",
        /// 済 is written, not committed.
        ConfirmUncommitted = "server.confirm.uncommitted",
        /// It is committed.
        ConfirmCommitted = "server.confirm.committed",
        /// A recall is written, not committed.
        RecallUncommitted = "server.recall.uncommitted",
        /// It is committed.
        RecallCommitted = "server.recall.committed",
        /// Bytes without a key are about to be deleted.
        EraseBegun = "server.erase.begun",
        /// They are deleted; the row still asks for it.
        EraseDeleted = "server.erase.deleted",
        /// The row is gone.
        EraseForgotten = "server.erase.forgotten",
        /// The database is open, its schema as it was found.
        SchemaFound = "server.schema.found",
        /// The schema is this version's.
        SchemaMigrated = "server.schema.migrated",
        /// The master keys of an older version's data are written down.
        KeysWritten = "server.upgrade.keys_written",
        /// Some of an older version's offices can be searched, the rest not yet.
        OfficesFolded = "server.upgrade.offices_folded",
    }
    /// Reached by `careplan`.
    COMMAND_LINE {
        /// The rows of what goes out are written, not committed.
        QueueUncommitted = "desk.queue.uncommitted",
        /// They are committed; the queue has not heard of them.
        QueueCommitted = "desk.queue.committed",
        /// A delivery is stored as begun; no byte has left.
        SendBegun = "desk.send.begun",
        /// The exchange has accepted it; that is not stored.
        SendAnswered = "desk.send.answered",
        /// It is stored as sent.
        SendStored = "desk.send.stored",
        /// The wish to fetch is stored; the exchange was not asked.
        ClaimPlanned = "desk.claim.planned",
        /// The exchange has granted the claim; that is not stored.
        ClaimAnswered = "desk.claim.answered",
        /// The claim is stored; nothing was fetched.
        ClaimStored = "desk.claim.stored",
        /// A piece of a file is written.
        LandPieceWritten = "desk.land.piece_written",
        /// Every file is written and checked, none synced.
        LandFilled = "desk.land.filled",
        /// They are synced.
        LandSealed = "desk.land.sealed",
        /// The visible name is stored; nothing has it.
        LandAimed = "desk.land.aimed",
        /// The folder has it; nothing says so.
        LandShown = "desk.land.shown",
        /// The delivery is stored as landed; nothing was confirmed.
        LandStored = "desk.land.stored",
        /// The exchange has said 済; that is not stored.
        ConfirmAnswered = "desk.confirm.answered",
        /// 済 is stored.
        ConfirmStored = "desk.confirm.stored",
        /// 送信取消 is about to be asked for.
        RecallAsking = "desk.recall.asking",
        /// The exchange has taken the delivery back; that is not stored.
        RecallAnswered = "desk.recall.answered",
        /// It is stored as taken back.
        RecallStored = "desk.recall.stored",
        /// A change of the profile's schema is written, not committed.
        ProfileUncommitted = "desk.profile.uncommitted",
        /// It is committed; others may follow.
        ProfileMigrated = "desk.profile.migrated",
    }
    /// Reached by a desk with a page, `desk-bridge` in tests.
    PAGE {
        /// The files of a drop are copied; no row knows the copies.
        DropCopied = "desk.drop.copied",
        /// The copies of a draft are synced; its row is not written.
        DraftSynced = "desk.draft.synced",
        /// The draft is stored; the page was not answered.
        DraftStored = "desk.draft.stored",
        /// The file of a move is written and synced under a name that nobody looks for.
        MoveWritten = "desk.move.written",
        /// The copies of a move are written and synced; no row knows them.
        MoveCopied = "desk.move.copied",
        /// Its rows are written, not committed.
        MoveUncommitted = "desk.move.uncommitted",
        /// They are committed; the page was not answered.
        MoveCommitted = "desk.move.committed",
        /// A new version's installer is written and synced, not checked.
        UpdateFetched = "desk.update.fetched",
        /// It is checked and has its name; the system was not asked.
        UpdateNamed = "desk.update.named",
    }
}

/// The process has come to this point. It dies there if a test asked for that.
#[inline(always)]
pub fn reach(point: Point) {
    #[cfg(debug_assertions)]
    armed::reach(point);
    #[cfg(not(debug_assertions))]
    let _ = point;
}

#[cfg(debug_assertions)]
mod armed {
    use std::{
        env, process,
        sync::{
            OnceLock,
            atomic::{AtomicU32, Ordering},
        },
    };

    use super::{KILL_AT, Point};

    struct Armed {
        name: String,
        /// Times that the point is still passed.
        passes: AtomicU32,
    }

    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();

    pub(super) fn reach(point: Point) {
        let armed = ARMED.get_or_init(|| env::var(KILL_AT).ok().map(|asked| read(&asked)));
        let Some(armed) = armed.as_ref().filter(|armed| armed.name == point.name()) else {
            return;
        };
        let passes = armed
            .passes
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if passes.is_err() {
            process::abort();
        }
    }

    fn read(asked: &str) -> Armed {
        let (name, time) = asked.split_once(':').unwrap_or((asked, "1"));
        let time: u32 = time.parse().unwrap_or(1);
        Armed {
            name: name.to_owned(),
            passes: AtomicU32::new(time.saturating_sub(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashSet,
        fs,
        path::Path,
        process::{Command, ExitStatus},
    };

    use super::*;

    /// A program that reaches the points of a page three times each, built from this file.
    fn program(folder: &Path, assertions: &str) -> std::path::PathBuf {
        let source = folder.join("main.rs");
        let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
        let text = format!(
            "#[path = {module:?}] #[allow(dead_code)] mod kill_point;\n\
             fn main() {{ for _ in 0..3 {{ for point in kill_point::Point::PAGE {{ kill_point::reach(*point); }} }} }}"
        );
        fs::write(&source, text).unwrap();
        let program = folder.join(format!("program-{assertions}"));
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.args([
            "--edition",
            "2024",
            "-O",
            "-C",
            &format!("debug-assertions={assertions}"),
            "-o",
        ]);
        assert!(rustc.arg(&program).arg(&source).status().unwrap().success());
        program
    }

    fn run(program: &Path, kill_at: &str) -> ExitStatus {
        Command::new(program).env(KILL_AT, kill_at).status().unwrap()
    }

    fn holds(program: &Path, text: &str) -> bool {
        let bytes = fs::read(program).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    }

    #[test]
    fn a_program_dies_at_its_point_and_a_released_one_knows_of_none() {
        let folder = tempfile::tempdir().unwrap();
        let (tested, released) = (program(folder.path(), "on"), program(folder.path(), "off"));
        let name = Point::DraftStored.name();
        for asked in [name.to_owned(), format!("{name}:3")] {
            assert!(!run(&tested, &asked).success(), "{asked}");
            assert!(run(&released, &asked).success(), "{asked}");
        }
        for asked in [format!("{name}:4"), Point::SendStored.name().to_owned()] {
            assert!(run(&tested, &asked).success(), "{asked}");
        }
        for text in [KILL_AT, name] {
            assert!(holds(&tested, text), "{text}");
            assert!(!holds(&released, text), "{text}");
        }
    }

    #[test]
    fn no_two_points_have_one_name() {
        let all = [Point::SERVER, Point::COMMAND_LINE, Point::PAGE].concat();
        let names: HashSet<_> = all.iter().map(|point| point.name()).collect();
        assert_eq!(names.len(), all.len());
    }
}
