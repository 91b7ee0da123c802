//! The bytes: from the exchange into a hidden folder, checked while they are written, then into view.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

use bytes::Bytes;
use care_model::{DeliveryId, Digest, ProblemCode};
use desk_ipc::{CommandError, DeskEvent, TransferKind};
use disk::SystemDisk;
use exchange_client::ClientError;
use exchange_protocol::{Claim, Part, PartRole};
use kill_point::{Point, reach};
use sha2::{Digest as _, Sha256};
use tokio::{sync::mpsc, task::JoinHandle};

use super::is_passing;
use crate::{
    core::Core,
    cover::Cover,
    landing::{self, Named, Showing, Staging},
    refusal,
    session::Line,
    store::{Aim, Pickup},
};

/// Pieces on their way from the line to the disk.
const PIECES_MAX: usize = 16;
/// How often a page hears of progress.
const PROGRESS_BYTES: u64 = 512 * 1_024;

/// Why a delivery did not land.
pub(super) enum LandError {
    /// The bytes stopped coming; what that means follows from the code.
    Line(CommandError),
    /// It is in view, and the folder does not say that it would stay there without power: it is looked for again.
    Unsafe,
    /// For good.
    Refused(CommandError),
}

impl LandError {
    fn refused(code: ProblemCode) -> Self {
        Self::Refused(code.into())
    }

    fn of_folder(error: &io::Error) -> Self {
        let code = landing::problem_of(error);
        Self::Refused(refusal::logged(code, &error.kind()))
    }
}

/// A part that becomes a file, under the name that it gets here.
struct Landing<'a> {
    index: usize,
    part: &'a Part,
    name: String,
}

impl Core {
    /// Fetches every part, and lands the delivery. Answers the folder in which it became visible.
    pub(super) async fn land(
        self: &Arc<Self>,
        line: &Line,
        claim: &Claim,
        pickup: &mut Pickup,
        named: &Named,
    ) -> Result<PathBuf, LandError> {
        let cover = self.fetch_cover(line, claim).await?;
        let landings = names(claim, &cover, &mut pickup.content.renamed);
        let staging = pickup.content.staging.clone().unwrap_or_default();
        let staging = blocking(move || Staging::open(SystemDisk, staging)).await?;
        let staging = Arc::new(staging.map_err(|error| LandError::of_folder(&error))?);
        let total_bytes = claim.header.total_bytes();
        let mut progress = Progress {
            core: self,
            delivery: claim.id,
            done_bytes: 0,
            told_bytes: 0,
            total_bytes,
        };
        for landing in &landings {
            self.fetch_file(line, claim, &staging, landing, &mut progress).await?;
        }
        reach(Point::LandFilled);
        let files: Vec<(String, u64, Digest)> = landings
            .into_iter()
            .map(|landing| (landing.name, landing.part.size_bytes, landing.part.digest))
            .collect();
        let shown = self.show(staging, pickup, named, files).await?;
        blocking(
            move || match landing::is_whole(&SystemDisk, &shown.folder, &shown.files) {
                Ok(true) => Ok(shown.folder),
                other => {
                    // What cannot be read back as it was sent is not left to be taken for it.
                    landing::withdraw(&SystemDisk, &shown.folder, shown.flat, &shown.files);
                    match other {
                        Ok(_) => Err(LandError::refused(ProblemCode::DigestMismatch)),
                        Err(error) => Err(LandError::of_folder(&error)),
                    }
                }
            },
        )
        .await?
    }

    /// Makes the filled folder visible, or its files where 設定 wants them in the folder itself and every name is free
    /// there. Each place is stored before it is tried, so that a process that dies right after the rename finds it
    /// again instead of landing the delivery a second time.
    async fn show(
        &self,
        staging: Arc<Staging>,
        pickup: &mut Pickup,
        named: &Named,
        files: Vec<(String, u64, Digest)>,
    ) -> Result<Aim, LandError> {
        let at = Arc::clone(&staging);
        blocking(move || at.seal())
            .await?
            .map_err(|error| LandError::of_folder(&error))?;
        reach(Point::LandSealed);
        let (folder, level) = (pickup.content.folder.clone(), named.level.clone());
        let parent = blocking(move || landing::parent_for(&SystemDisk, &folder, level.as_deref())).await?;
        let parent = parent.map_err(|error| LandError::of_folder(&error))?;
        if self.settings().flat {
            let (at, wanted) = (parent.clone(), files.clone());
            if blocking(move || landing::is_free(&SystemDisk, &at, &wanted)).await? {
                let aim = Aim {
                    folder: parent.clone(),
                    flat: true,
                    files: files.clone(),
                };
                self.store_aim(pickup, &aim).await?;
                let (at, to) = (Arc::clone(&staging), aim.clone());
                let shown = blocking(move || at.show_flat(&to.folder, &to.files)).await?;
                match shown.map_err(|error| LandError::of_folder(&error))? {
                    Showing::Shown => return Ok(aim),
                    Showing::NotShown => {}
                    Showing::Away => return Err(LandError::Unsafe),
                }
            }
        }
        let mut names = landing::folder_names(&parent, &named.name)
            .collect::<Vec<_>>()
            .into_iter();
        loop {
            let (free, left) =
                blocking(move || (names.find(|path| !landing::is_taken(&SystemDisk, path)), names)).await?;
            let landed = free.ok_or_else(|| LandError::of_folder(&io::ErrorKind::AlreadyExists.into()))?;
            names = left;
            let aim = Aim {
                folder: landed.clone(),
                flat: false,
                files: files.clone(),
            };
            self.store_aim(pickup, &aim).await?;
            let at = Arc::clone(&staging);
            let shown = blocking(move || at.show(&landed)).await?;
            match shown.map_err(|error| LandError::of_folder(&error))? {
                Showing::Shown => {
                    reach(Point::LandShown);
                    return Ok(aim);
                }
                Showing::NotShown => {}
                Showing::Away => return Err(LandError::Unsafe),
            }
        }
    }

    async fn store_aim(&self, pickup: &mut Pickup, aim: &Aim) -> Result<(), LandError> {
        pickup.content.aim = Some(aim.clone());
        let stored = self.store.put_pickup(pickup, self.now()).await;
        stored.map_err(|error| LandError::Refused(error.into()))?;
        reach(Point::LandAimed);
        Ok(())
    }

    /// The cover travels as the first part; it is kept in the store, not in the folder.
    async fn fetch_cover(&self, line: &Line, claim: &Claim) -> Result<Cover, LandError> {
        let Some(part) = claim.header.cover() else {
            return Ok(Cover::default());
        };
        let mut bytes = Vec::new();
        let mut stream = line
            .exchange
            .fetch_part(claim, 0, 0)
            .map_err(|error| self.line_error(error))?;
        loop {
            let piece = stream.next().await;
            self.note_online(&piece);
            match piece {
                Ok(Some(piece)) => bytes.extend_from_slice(&piece),
                Ok(None) => break,
                Err(error) => return Err(self.part_failed(line, error).await),
            }
        }
        if bytes.len() as u64 != part.size_bytes || Digest::of(&bytes) != part.digest {
            return Err(LandError::refused(ProblemCode::DigestMismatch));
        }
        let cover = Cover::read(&bytes).unwrap_or_default();
        self.store
            .put_cover(claim.id, &cover)
            .await
            .map_err(|error| LandError::Refused(error.into()))?;
        Ok(cover)
    }

    async fn fetch_file(
        self: &Arc<Self>,
        line: &Line,
        claim: &Claim,
        staging: &Arc<Staging>,
        landing: &Landing<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<(), LandError> {
        let (at, name, size_bytes) = (Arc::clone(staging), landing.name.clone(), landing.part.size_bytes);
        let opened = blocking(move || at.part(&name, size_bytes)).await?;
        let (file, digest, offset) = opened.map_err(|error| LandError::of_folder(&error))?;
        progress.add(offset);
        let (pieces, writer) = write_on(file, digest);
        let mut stream = line
            .exchange
            .fetch_part(claim, landing.index, offset)
            .map_err(|error| self.line_error(error))?;
        let failed = loop {
            let piece = stream.next().await;
            self.note_online(&piece);
            match piece {
                Ok(Some(piece)) => {
                    progress.add(piece.len() as u64);
                    if pieces.send(piece).await.is_err() {
                        // The writer stopped; it says why below.
                        break None;
                    }
                }
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        drop(pieces);
        let written = writer
            .await
            .map_err(|error| LandError::Refused(refusal::logged(ProblemCode::Internal, &error.is_panic())))?;
        let digest = written.map_err(|error| LandError::of_folder(&error))?;
        if let Some(error) = failed {
            return Err(self.part_failed(line, error).await);
        }
        if digest != landing.part.digest {
            return Err(LandError::refused(ProblemCode::DigestMismatch));
        }
        Ok(())
    }

    async fn part_failed(&self, line: &Line, error: ClientError) -> LandError {
        if error.code() == ProblemCode::SignInRequired {
            self.session_lost(line).await;
        }
        self.line_error(error)
    }

    fn line_error(&self, error: ClientError) -> LandError {
        if is_passing(&error) {
            // From the claim on it goes on by itself, which is what this code's sentence says.
            return match error.code() {
                ProblemCode::SignInRequired => LandError::Line(ProblemCode::SignInRequired.into()),
                _ => LandError::Line(ProblemCode::ServerInterrupted.into()),
            };
        }
        LandError::Line(refusal::of_client(error))
    }
}

/// The names under which the parts are saved. Standard files keep theirs; the others get one that every system holds.
fn names<'a>(claim: &'a Claim, cover: &Cover, renamed: &mut Vec<(String, String)>) -> Vec<Landing<'a>> {
    let parts = || claim.header.parts.iter().enumerate();
    let standard = parts().filter(|(_, part)| part.role == PartRole::StandardFile);
    let mut taken = HashSet::new();
    let mut landings: Vec<Landing<'a>> = standard
        .filter_map(|(index, part)| {
            let name = part.name.clone()?;
            taken.insert(landing::name_key(&name));
            Some(Landing { index, part, name })
        })
        .collect();
    renamed.clear();
    let attachments = parts().filter(|(_, part)| part.role == PartRole::Attachment);
    for (place, (index, part)) in attachments.enumerate() {
        let sent = cover.attachments.get(place).map_or("", String::as_str);
        let name = landing::attachment_name(sent, &mut taken);
        if name != sent {
            renamed.push((sent.to_owned(), name.clone()));
        }
        landings.push(Landing { index, part, name });
    }
    landings
}

/// A thread that writes and digests what the line brings.
fn write_on(mut file: File, mut digest: Sha256) -> (mpsc::Sender<Bytes>, JoinHandle<io::Result<Digest>>) {
    let (pieces, mut arriving) = mpsc::channel::<Bytes>(PIECES_MAX);
    let writer = tokio::task::spawn_blocking(move || {
        while let Some(piece) = arriving.blocking_recv() {
            file.write_all(&piece)?;
            reach(Point::LandPieceWritten);
            digest.update(&piece);
        }
        file.flush()?;
        Ok(Digest::from_bytes(digest.finalize().into()))
    });
    (pieces, writer)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, LandError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| LandError::Refused(refusal::logged(ProblemCode::Internal, &error.is_panic())))
}

/// Tells the page now and then how far a pickup is.
struct Progress<'a> {
    core: &'a Core,
    delivery: DeliveryId,
    done_bytes: u64,
    told_bytes: u64,
    total_bytes: u64,
}

impl Progress<'_> {
    fn add(&mut self, bytes: u64) {
        self.done_bytes += bytes;
        if self.done_bytes - self.told_bytes >= PROGRESS_BYTES {
            self.told_bytes = self.done_bytes;
            self.core.tell(DeskEvent::Progress {
                kind: TransferKind::Pickup,
                delivery: self.delivery,
                done_bytes: self.done_bytes,
                total_bytes: self.total_bytes,
            });
        }
    }
}
