//! The folder of keys: the master key, the authority's key and certificate. Only its owner may read it.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use exchange_audit::Signer;
use exchange_store::{Engine, MasterKey, MasterKeys, Store, StoreError, sync_folder};
use sealing::Key;
use thiserror::Error;

use crate::authority::{Authority, AuthorityError};

/// The files of which a key folder has every one once a server started with it.
const FILES: [&str; 3] = ["authority.key.pem", "authority.pem", "audit.key.pem"];

/// The keys of an exchange.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) masters: MasterKeys,
    pub(crate) authority: Authority,
    /// Signs the audit, vouched for by the authority.
    pub(crate) audit: Arc<Signer>,
}

/// Why the keys cannot be used.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The folder or a file in it cannot be read or written.
    #[error("the key folder cannot be used")]
    Folder(#[source] io::Error),
    /// Keys of an exchange that has begun are never made anew: what they opened would be lost without a word.
    #[error(
        "{0} is missing in the key folder, and there is an exchange that was made with it; put it back; nothing was written"
    )]
    Missing(&'static str),
    /// The database cannot be asked whether an exchange has begun.
    #[error("the exchange's storage cannot be used")]
    Store(#[from] StoreError),
    /// A new key would not be readable for the user who runs the server.
    #[error("run this as the user who owns the key folder; nothing was changed")]
    Owner,
    /// The master key is not one.
    #[error("the master key file does not hold a key")]
    Master,
    /// The authority is not one.
    #[error("the authority cannot be used")]
    Authority(#[source] AuthorityError),
    /// The audit key is not one.
    #[error("the audit key cannot be used")]
    Audit(#[source] exchange_audit::SignerError),
    /// The keys lie where a backup of the data would take them along.
    #[error("the key folder must not lie inside the data folder")]
    InsideData,
}

impl Keys {
    /// Loads the keys, making what is missing unless an exchange has begun with them.
    pub(crate) async fn open(
        folder: &Path,
        data: &Path,
        engine: &Engine,
        exchange_name: &str,
    ) -> Result<Self, KeysError> {
        if is_inside(folder, data).map_err(KeysError::Folder)? {
            return Err(KeysError::InsideData);
        }
        // Nodes that share an exchange have a data folder, too: of the versions of the client that they give out.
        make_folder(data).map_err(KeysError::Folder)?;
        if Store::has_begun(engine.clone()).await? {
            let has_master = matches!(read_masters(folder), Ok(found) if !found.is_empty());
            for (file, is_there) in [
                ("master-1.key", has_master || folder.join("master-1.key").exists()),
                ("authority.key.pem", folder.join("authority.key.pem").exists()),
                ("authority.pem", folder.join("authority.pem").exists()),
            ] {
                if !is_there {
                    return Err(KeysError::Missing(file));
                }
            }
        }
        Self::load(folder, exchange_name)
    }

    /// Loads the keys, making what is missing.
    fn load(folder: &Path, exchange_name: &str) -> Result<Self, KeysError> {
        make_folder(folder).map_err(KeysError::Folder)?;
        if read_masters(folder)?.is_empty() {
            make_master(folder, 1)?;
        }
        let source = folder.to_owned();
        let masters = MasterKeys::new(move || read_masters(&source).map_err(io::Error::other));
        let key_path = folder.join("authority.key.pem");
        let certificate_path = folder.join("authority.pem");
        let key_pem = read_or_make(&key_path, || Authority::make_key().map_err(KeysError::Authority))?;
        let certificate_pem = read_or_make(&certificate_path, || {
            Authority::make_certificate(&key_pem, exchange_name).map_err(KeysError::Authority)
        })?;
        let authority = Authority::load(&key_pem, &certificate_pem).map_err(KeysError::Authority)?;
        let audit_key = read_or_make(&folder.join("audit.key.pem"), || {
            Authority::make_audit_key().map_err(KeysError::Authority)
        })?;
        let certificate = authority.issue_audit(&audit_key).map_err(KeysError::Authority)?;
        let audit = Signer::new(&audit_key, certificate).map_err(KeysError::Audit)?;
        Ok(Self {
            masters,
            authority,
            audit: Arc::new(audit),
        })
    }

    /// Whether the keys that lie there can be used, without making what is missing.
    pub(crate) fn check(folder: &Path, data: &Path) -> Result<(), KeysError> {
        if is_inside(folder, data).map_err(KeysError::Folder)? {
            return Err(KeysError::InsideData);
        }
        let found = match fs::read_dir(folder) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(KeysError::Folder(error)),
        };
        for entry in found {
            let entry = entry.map_err(KeysError::Folder)?;
            fs::read(entry.path()).map_err(KeysError::Folder)?;
        }
        if FILES.iter().all(|name| folder.join(name).is_file()) {
            // The name is only for an authority that is made anew.
            Self::load(folder, "")?;
        }
        Ok(())
    }
}

/// Whether a folder lies in another, by the names as written or by where they lead. Neither need exist.
pub(crate) fn is_inside(folder: &Path, outer: &Path) -> io::Result<bool> {
    Ok(named(folder)?.starts_with(named(outer)?) || resolved(folder)?.starts_with(resolved(outer)?))
}

/// A path by its names alone.
fn named(path: &Path) -> io::Result<PathBuf> {
    let mut named = PathBuf::new();
    for component in std::path::absolute(path)?.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                named.pop();
            }
            other => named.push(other),
        }
    }
    Ok(named)
}

/// Where a path leads: links followed and `..` taken as the system takes them, as far as it exists; the rest by its
/// names.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    let mut reached = PathBuf::new();
    for component in std::path::absolute(path)?.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                reached.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                reached.push(component);
                match reached.canonicalize() {
                    Ok(real) => reached = real,
                    // A link that leads nowhere cannot be judged; a name that is not there yet can.
                    Err(error) if error.kind() == io::ErrorKind::NotFound && !reached.is_symlink() => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(reached)
}

/// Every master key of a folder, the newest last.
pub(crate) fn read_masters(folder: &Path) -> Result<Vec<MasterKey>, KeysError> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(KeysError::Folder)? {
        let name = entry.map_err(KeysError::Folder)?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix("master-")?.strip_suffix(".key")?.parse::<u32>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    let read = |number: u32| {
        let name = master_name(number);
        let text = fs::read_to_string(master_path(folder, &name)).map_err(KeysError::Folder)?;
        let key = unhex(text.trim()).ok_or(KeysError::Master)?;
        Ok(MasterKey { name, key })
    };
    numbers.into_iter().map(read).collect()
}

/// The name of a master key.
pub(crate) fn master_name(number: u32) -> String {
    format!("master-{number}")
}

/// Its file.
pub(crate) fn master_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.key"))
}

/// Makes a master key, durably, for the user who has the others.
pub(crate) fn make_master(folder: &Path, number: u32) -> Result<MasterKey, KeysError> {
    let made = MasterKey {
        name: master_name(number),
        key: Key::generate(),
    };
    let path = master_path(folder, &made.name);
    write_private(&path, &hex(made.key.expose())).map_err(KeysError::Folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let owner = |path: &Path| fs::metadata(path).map(|found| found.uid()).map_err(KeysError::Folder);
        if owner(&path)? != owner(folder)? {
            fs::remove_file(&path).map_err(KeysError::Folder)?;
            return Err(KeysError::Owner);
        }
    }
    Ok(made)
}

fn read_or_make(path: &Path, make: impl FnOnce() -> Result<String, KeysError>) -> Result<String, KeysError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = make()?;
            write_private(path, &text).map_err(KeysError::Folder)?;
            Ok(text)
        }
        Err(error) => Err(KeysError::Folder(error)),
    }
}

/// Writes a file that only its owner may read, whole or not at all.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Key> {
    let bytes: Option<Vec<u8>> = (0..text.len())
        .step_by(2)
        .map(|place| u8::from_str_radix(text.get(place..place + 2)?, 16).ok())
        .collect();
    Key::from_slice(&bytes?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_folder_is_outside_of_the_data_whatever_its_path_is_called() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        fs::create_dir_all(at("data/inner")).unwrap();
        fs::create_dir_all(at("keys")).unwrap();
        for (folder, inside) in [
            ("data", true),
            ("data/keys", true),
            ("data/not/yet/keys", true),
            ("keys/../data/keys", true),
            ("not/there/../../data/keys", true),
            ("data/../keys", false),
            ("keys", false),
            ("keys/../keys/new", false),
            ("data-keys", false),
        ] {
            assert_eq!(is_inside(&at(folder), &at("data")).unwrap(), inside, "{folder}");
        }
        // The data folder itself may be called by a roundabout way, or not exist yet.
        assert!(is_inside(&at("data/keys"), &at("keys/../data")).unwrap());
        assert!(is_inside(&at("new/keys"), &at("keys/../new")).unwrap());
        assert!(!is_inside(&at("new-keys"), &at("new")).unwrap());
        assert!(matches!(
            Keys::open(
                &at("keys/../data/keys"),
                &at("data"),
                &Engine::from(&at("data")),
                "見本"
            )
            .await,
            Err(KeysError::InsideData)
        ));
        assert!(!at("data/keys").exists(), "nothing was made");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_before_it_is_judged() {
        use std::os::unix::fs::symlink;
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        fs::create_dir_all(at("data/inner")).unwrap();
        fs::create_dir_all(at("elsewhere")).unwrap();
        symlink(at("data/inner"), at("keys")).unwrap();
        symlink(at("data"), at("alias")).unwrap();
        symlink(at("elsewhere"), at("data/out")).unwrap();
        symlink(at("nowhere"), at("dangling")).unwrap();
        assert!(is_inside(&at("keys"), &at("data")).unwrap());
        assert!(is_inside(&at("keys/deeper"), &at("data")).unwrap());
        // `..` behind a link leads out of where the link leads to, as the system takes it.
        assert!(is_inside(&at("keys/../keys"), &at("data")).unwrap());
        assert!(is_inside(&at("data/inner"), &at("alias")).unwrap());
        // By its name it lies in the data, and a backup may follow the link.
        assert!(is_inside(&at("data/out"), &at("data")).unwrap());
        assert!(!is_inside(&at("elsewhere"), &at("data")).unwrap());
        assert!(is_inside(&at("dangling/keys"), &at("data")).is_err());
    }
}
