//! New versions of the client (ADR 0019): the operator puts up what the publisher signed, terminals fetch it.
//!
//! The server only hands on: it has no key, and a client believes nothing but the publisher's signature.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use axum::{
    Json,
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use care_model::ProblemCode;
use chrono::{DateTime, Utc};
use exchange_protocol::{
    ClientVersion, UPDATE_BYTES_MAX, UPDATE_SIGNATURE_BYTES_MAX, UpdateNameError, UpdateOffer, UpdateTarget,
    signed_comment,
};
use exchange_store::{Store, StoreError, sync_folder};
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tokio_util::io::ReaderStream;

use crate::{
    app::App,
    extract::{InPath, Terminal},
    refusal::{Answer, Refusal},
};

/// The folder inside the data folder.
pub(crate) const FOLDER: &str = "updates";
/// What names the version that is offered; the last thing to be put in its place.
const OFFER: &str = "offer.json";
/// How the line of a signature begins that says what was signed.
const COMMENT: &str = "trusted comment: ";

/// A version to put up.
#[derive(Debug, Clone)]
pub struct NewUpdate {
    /// For which kind of computer and installer.
    pub target: UpdateTarget,
    /// Its version.
    pub version: ClientVersion,
    /// The installer.
    pub file: PathBuf,
    /// The publisher's signature, as minisign wrote it.
    pub signature: PathBuf,
    /// What is new, in words.
    pub notes: String,
}

/// Why a version was not put up.
#[derive(Debug, Error)]
pub enum PublishError {
    /// A file could not be read or written.
    #[error("a file of the update cannot be used: {0}")]
    File(PathBuf, #[source] io::Error),
    /// Empty, or over a limit.
    #[error("the installer, its notes or its signature are empty or longer than allowed")]
    Limits,
    /// The publisher signed something else.
    #[error("the signature is of another version or another kind of computer")]
    OtherVersion,
    /// What is offered under this version has other bytes: whoever fetches it now would get half of each.
    #[error("this version was put up with another installer; a changed installer needs a new version")]
    Published,
    /// The bucket from which other nodes take it.
    #[error("the other nodes cannot be told")]
    Nodes(#[from] StoreError),
}

/// Puts a version up in place of the one before. Terminals that are fetching that one begin again.
pub fn publish(data: &Path, update: &NewUpdate, now: DateTime<Utc>) -> Result<UpdateOffer, PublishError> {
    Checked::new(data, update, now)?.put_up()
}

/// A version that may be put up; nothing of it is seen yet.
pub(crate) struct Checked<'a> {
    data: &'a Path,
    update: &'a NewUpdate,
    offer: UpdateOffer,
    /// Whether its installer lies there already.
    is_there: bool,
}

impl<'a> Checked<'a> {
    pub(crate) fn new(data: &'a Path, update: &'a NewUpdate, now: DateTime<Utc>) -> Result<Self, PublishError> {
        let size_bytes = fs::metadata(&update.file).map_err(at(&update.file))?.len();
        let signature_bytes = fs::metadata(&update.signature).map_err(at(&update.signature))?.len();
        if signature_bytes > UPDATE_SIGNATURE_BYTES_MAX as u64 {
            return Err(PublishError::Limits);
        }
        let offer = UpdateOffer {
            version: update.version,
            notes: update.notes.clone(),
            published_at: now,
            size_bytes,
            signature: fs::read_to_string(&update.signature).map_err(at(&update.signature))?,
        };
        if !offer.is_within_limits() || offer.signature.trim().is_empty() {
            return Err(PublishError::Limits);
        }
        // Whether it is the publisher's signature only a client can tell; of what it is, everybody.
        let comment = offer.signature.lines().find_map(|line| line.strip_prefix(COMMENT));
        if comment != Some(&signed_comment(&update.target, update.version)) {
            return Err(PublishError::OtherVersion);
        }
        let folder = folder_of(data, &update.target);
        let file = folder.join(update.version.to_string());
        let is_there = is_put_up(&folder.join(OFFER), &file, update.version).map_err(at(&file))?;
        if is_there && digest(&file).map_err(at(&file))? != digest(&update.file).map_err(at(&update.file))? {
            return Err(PublishError::Published);
        }
        Ok(Self {
            data,
            update,
            offer,
            is_there,
        })
    }

    pub(crate) fn put_up(self) -> Result<UpdateOffer, PublishError> {
        let (data, update) = (self.data, self.update);
        let folder = folder_of(data, &update.target);
        fs::create_dir_all(&folder).map_err(at(&folder))?;
        let (file, list) = (folder.join(update.version.to_string()), folder.join(OFFER));
        if !self.is_there {
            put(&file, |new| fs::copy(&update.file, new).map(drop)).map_err(at(&file))?;
        }
        let json = serde_json::to_vec(&self.offer).map_err(|error| PublishError::File(list.clone(), error.into()))?;
        put(&list, |new| fs::write(new, &json)).map_err(at(&list))?;
        // The folders may be as new as what lies in them.
        for folder in [folder.as_path(), &data.join(FOLDER), data] {
            sync_folder(folder).map_err(at(folder))?;
        }
        tidy_up(&folder, &[&file, &list])?;
        Ok(self.offer)
    }
}

/// Takes down what is offered for a kind of computer; false if nothing is. Terminals that are fetching it hear that it
/// is gone.
pub(crate) fn withdraw(data: &Path, target: &UpdateTarget) -> Result<bool, PublishError> {
    let folder = folder_of(data, target);
    let list = folder.join(OFFER);
    match fs::remove_file(&list) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(PublishError::File(list, error)),
    }
    sync_folder(&folder).map_err(at(&folder))?;
    tidy_up(&folder, &[])?;
    Ok(true)
}

/// Makes the folder of this node what nodes of a shared exchange were told to hand on. What an offer names comes first.
pub(crate) async fn take_over(store: &Store, data: &Path) -> Result<(), PublishError> {
    let shelved = store.shelved(FOLDER).await?;
    let targets: Vec<UpdateTarget> = shelved
        .iter()
        .filter_map(|name| name.strip_suffix(OFFER)?.strip_suffix('/')?.parse().ok())
        .collect();
    for target in &targets {
        take_over_one(store, data, target).await?;
    }
    let here = match fs::read_dir(data.join(FOLDER)) {
        Ok(here) => here,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(PublishError::File(data.join(FOLDER), error)),
    };
    for folder in here.flatten() {
        let target = folder.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(target) = target.filter(|target| !targets.contains(target)) {
            withdraw(data, &target)?;
        }
    }
    Ok(())
}

async fn take_over_one(store: &Store, data: &Path, target: &UpdateTarget) -> Result<(), PublishError> {
    let json = store.read_shelved(&shelf_name(target, OFFER)).await?;
    let (folder, list) = (folder_of(data, target), folder_of(data, target).join(OFFER));
    let Ok(offer) = serde_json::from_slice::<UpdateOffer>(&json) else {
        tracing::error!(of = %target, "an offer that nodes hand on cannot be read");
        return Ok(());
    };
    let file = folder.join(offer.version.to_string());
    let is_here = fs::read(&list).is_ok_and(|here| here == json)
        && fs::metadata(&file).is_ok_and(|there| there.len() == offer.size_bytes);
    if is_here {
        return Ok(());
    }
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let new = file.with_extension("fetched");
    let name = shelf_name(target, &offer.version.to_string());
    if store.fetch_shelved(&name, &new).await? != offer.size_bytes {
        tracing::error!(of = %target, "an installer that nodes hand on is not as long as its offer says");
        return Ok(());
    }
    fs::rename(&new, &file).map_err(at(&file))?;
    put(&list, |new| fs::write(new, &json)).map_err(at(&list))?;
    sync_folder(&folder).map_err(at(&folder))?;
    tidy_up(&folder, &[&file, &list])
}

/// Gives the other nodes what this one hands on for a kind of computer, the offer last.
pub(crate) async fn hand_on(
    store: &Store,
    data: &Path,
    offer: &UpdateOffer,
    target: &UpdateTarget,
) -> Result<(), PublishError> {
    let (folder, version) = (folder_of(data, target), offer.version.to_string());
    for name in [version.as_str(), OFFER] {
        store.shelve(&shelf_name(target, name), &folder.join(name)).await?;
    }
    for name in store.shelved(&shelf_name(target, "")).await? {
        if name != version && name != OFFER {
            store.remove_shelved(&shelf_name(target, &name)).await?;
        }
    }
    Ok(())
}

/// Takes from the other nodes what is offered for a kind of computer.
pub(crate) async fn take_down(store: &Store, target: &UpdateTarget) -> Result<(), PublishError> {
    store.remove_shelved(&shelf_name(target, OFFER)).await?;
    for name in store.shelved(&shelf_name(target, "")).await? {
        store.remove_shelved(&shelf_name(target, &name)).await?;
    }
    Ok(())
}

/// The name on the shelf of a file of a kind of computer, or of their folder.
fn shelf_name(target: &UpdateTarget, name: &str) -> String {
    format!("{FOLDER}/{target}/{name}").trim_end_matches('/').to_owned()
}

/// Removes from a folder what is not named.
fn tidy_up(folder: &Path, keep: &[&Path]) -> Result<(), PublishError> {
    for entry in fs::read_dir(folder).map_err(at(folder))?.flatten() {
        let path = entry.path();
        if !keep.contains(&path.as_path()) {
            // One that is being read may stay until the next time.
            let _ = fs::remove_file(path);
        }
    }
    Ok(())
}

fn folder_of(data: &Path, target: &UpdateTarget) -> PathBuf {
    data.join(FOLDER).join(target.as_str())
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> PublishError + use<> {
    let path = path.to_owned();
    move |error| PublishError::File(path, error)
}

/// Whether terminals may be fetching this version already.
fn is_put_up(list: &Path, file: &Path, version: ClientVersion) -> io::Result<bool> {
    let offer = match fs::read(list) {
        Ok(bytes) => serde_json::from_slice::<UpdateOffer>(&bytes).ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    Ok(offer.is_some_and(|offer| offer.version == version) && file.is_file())
}

fn digest(file: &Path) -> io::Result<[u8; 32]> {
    let mut file = fs::File::open(file)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 * 1_024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digest.finalize().into()),
            read => digest.update(&buffer[..read]),
        }
    }
}

/// Writes beside a file, syncs, and puts it in the file's place at once.
fn put(file: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let new = file.with_extension("new");
    write(&new)?;
    fs::OpenOptions::new().write(true).open(&new)?.sync_all()?;
    fs::rename(&new, file)
}

/// The version that is offered for a target.
async fn offered(app: &App, target: &UpdateTarget) -> Answer<Option<UpdateOffer>> {
    let list = folder_of(&app.data, target).join(OFFER);
    let bytes = match tokio::fs::read(&list).await {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Refusal::internal(&error)),
    };
    serde_json::from_slice(&bytes).map_err(|error| Refusal::internal(&error))
}

type Named = InPath<(String, String)>;

/// The newer version, or no content.
pub(crate) async fn offer(State(app): State<App>, _: Terminal, InPath((target, version)): Named) -> Answer<Response> {
    let (target, version) = named(&target, &version)?;
    Ok(
        match offered(&app, &target).await?.filter(|offer| offer.version > version) {
            Some(offer) => Json(offer).into_response(),
            None => StatusCode::NO_CONTENT.into_response(),
        },
    )
}

/// The installer of the version that is offered.
pub(crate) async fn file(State(app): State<App>, _: Terminal, InPath((target, version)): Named) -> Answer<Response> {
    let (target, version) = named(&target, &version)?;
    installer(&app, &target, version).await
}

/// What is offered for every kind of computer, in the order of their names; for the portal.
pub(crate) async fn all_offered(app: &App) -> Answer<Vec<(UpdateTarget, UpdateOffer)>> {
    let mut folders = match tokio::fs::read_dir(app.data.join(FOLDER)).await {
        Ok(folders) => folders,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Refusal::internal(&error)),
    };
    let mut found = Vec::new();
    while let Some(folder) = folders.next_entry().await.map_err(|error| Refusal::internal(&error))? {
        let Some(target) = folder.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if let Some(offer) = offered(app, &target).await? {
            found.push((target, offer));
        }
    }
    found.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
    Ok(found)
}

/// The publisher's signature of a version that is offered.
pub(crate) async fn signature(app: &App, target: &UpdateTarget, version: ClientVersion) -> Answer<String> {
    let offer = offered(app, target).await?.filter(|offer| offer.version == version);
    Ok(offer.ok_or(ProblemCode::UpdateUnreachable)?.signature)
}

/// The installer of a version, as it was put up.
pub(crate) async fn installer(app: &App, target: &UpdateTarget, version: ClientVersion) -> Answer<Response> {
    let path = folder_of(&app.data, target).join(version.to_string());
    let file = match tokio::fs::File::open(&path).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ProblemCode::UpdateUnreachable.into()),
        Err(error) => return Err(Refusal::internal(&error)),
    };
    let size_bytes = file.metadata().await.map_err(|error| Refusal::internal(&error))?.len();
    if size_bytes > UPDATE_BYTES_MAX {
        return Err(ProblemCode::UpdateUnreachable.into());
    }
    let mut response = Body::from_stream(ReaderStream::with_capacity(file, 64 * 1_024)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size_bytes));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    Ok(response)
}

pub(crate) fn named(target: &str, version: &str) -> Answer<(UpdateTarget, ClientVersion)> {
    let read = || Ok::<_, UpdateNameError>((target.parse()?, version.parse()?));
    read().map_err(|_| ProblemCode::RequestMalformed.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(version: &str) -> String {
        format!("untrusted comment: none\nRUQ\ntrusted comment: careplan-exchange {version} linux-x86_64-deb\nbase64\n")
    }

    fn update(folder: &Path, version: &str) -> NewUpdate {
        let (file, signature) = (folder.join("installer"), folder.join("installer.minisig"));
        fs::write(&file, version).unwrap();
        fs::write(&signature, signed(version)).unwrap();
        NewUpdate {
            target: "linux-x86_64-deb".parse().unwrap(),
            version: version.parse().unwrap(),
            file,
            signature,
            notes: "読みやすくなりました。".to_owned(),
        }
    }

    #[test]
    fn a_version_takes_the_place_of_the_one_before() {
        let (data, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for version in ["1.0.0", "1.1.0"] {
            publish(data.path(), &update(from.path(), version), Utc::now()).unwrap();
        }
        let folder = data.path().join("updates/linux-x86_64-deb");
        let mut names: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["1.1.0", "offer.json"]);
        let offer: UpdateOffer = serde_json::from_slice(&fs::read(folder.join(OFFER)).unwrap()).unwrap();
        assert_eq!((offer.version.to_string().as_str(), offer.size_bytes), ("1.1.0", 5));
    }

    #[test]
    fn what_is_put_up_under_a_version_stays_under_it() {
        let (data, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut update = update(from.path(), "1.0.0");
        publish(data.path(), &update, Utc::now()).unwrap();
        let folder = data.path().join("updates/linux-x86_64-deb");
        let standing = || {
            (
                fs::read(folder.join("1.0.0")).unwrap(),
                fs::read(folder.join(OFFER)).unwrap(),
            )
        };
        let before = standing();
        fs::write(&update.file, "other").unwrap();
        let error = publish(data.path(), &update, Utc::now()).unwrap_err();
        assert!(matches!(error, PublishError::Published), "{error}");
        assert_eq!(standing(), before);
        // The same bytes may get other words.
        fs::write(&update.file, "1.0.0").unwrap();
        update.notes = "読みやすく、速くなりました。".to_owned();
        assert_eq!(publish(data.path(), &update, Utc::now()).unwrap().notes, update.notes);
        // What was left of a try that ended early is offered to nobody.
        fs::write(folder.join("1.1.0"), "half").unwrap();
        let next = super::tests::update(from.path(), "1.1.0");
        publish(data.path(), &next, Utc::now()).unwrap();
        assert_eq!(fs::read(folder.join("1.1.0")).unwrap(), b"1.1.0");
    }

    #[test]
    fn a_signature_of_something_else_is_not_put_up() {
        let (data, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let update = update(from.path(), "1.0.0");
        for other in [
            signed("0.9.0"),
            signed("1.0.0").replace("deb", "rpm"),
            "signed".to_owned(),
        ] {
            fs::write(&update.signature, other).unwrap();
            let error = publish(data.path(), &update, Utc::now()).unwrap_err();
            assert!(matches!(error, PublishError::OtherVersion), "{error}");
        }
        assert!(!data.path().join(FOLDER).exists());
    }

    #[test]
    fn what_is_empty_or_too_long_is_not_put_up() {
        let (data, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let good = update(from.path(), "1.0.0");
        let refused = |update: &NewUpdate| {
            let error = publish(data.path(), update, Utc::now()).unwrap_err();
            assert!(matches!(error, PublishError::Limits), "{error}");
        };
        refused(&NewUpdate {
            notes: "あ".repeat(exchange_protocol::UPDATE_NOTES_CHARS_MAX + 1),
            ..good.clone()
        });
        fs::write(&good.signature, "s".repeat(UPDATE_SIGNATURE_BYTES_MAX + 1)).unwrap();
        refused(&good);
        fs::write(&good.signature, " \n").unwrap();
        refused(&good);
        fs::write(&good.signature, signed("1.0.0")).unwrap();
        fs::write(&good.file, "").unwrap();
        refused(&good);
        fs::File::create(&good.file)
            .unwrap()
            .set_len(UPDATE_BYTES_MAX + 1)
            .unwrap();
        refused(&good);
        assert!(!data.path().join(FOLDER).exists());
    }
}
