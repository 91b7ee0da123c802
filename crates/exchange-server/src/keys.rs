//! The folder of keys: the master key, the authority's key and certificate. Only its owner may read it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use exchange_store::MasterKey;
use sealing::Key;
use thiserror::Error;

use crate::authority::{Authority, AuthorityError};

/// The name of the first master key.
const MASTER_NAME: &str = "master-1";

/// The keys of an exchange.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) master: MasterKey,
    pub(crate) authority: Authority,
}

/// Why the keys cannot be used.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The folder or a file in it cannot be read or written.
    #[error("the key folder cannot be used")]
    Folder(#[source] io::Error),
    /// The master key is not one.
    #[error("the master key file does not hold a key")]
    Master,
    /// The authority is not one.
    #[error("the authority cannot be used")]
    Authority(#[source] AuthorityError),
    /// The keys lie where a backup of the data would take them along.
    #[error("the key folder must not lie inside the data folder")]
    InsideData,
}

impl Keys {
    /// Loads the keys, making what is missing.
    pub(crate) fn open(folder: &Path, data: &Path, exchange_name: &str) -> Result<Self, KeysError> {
        if folder.starts_with(data) {
            return Err(KeysError::InsideData);
        }
        make_folder(folder).map_err(KeysError::Folder)?;
        let master_path = folder.join(format!("{MASTER_NAME}.key"));
        let text = read_or_make(&master_path, || Ok(hex(Key::generate().expose())))?;
        let master = MasterKey {
            name: MASTER_NAME.to_owned(),
            key: unhex(text.trim()).ok_or(KeysError::Master)?,
        };
        let key_path = folder.join("authority.key.pem");
        let certificate_path = folder.join("authority.pem");
        let key_pem = read_or_make(&key_path, || Authority::make_key().map_err(KeysError::Authority))?;
        let certificate_pem = read_or_make(&certificate_path, || {
            Authority::make_certificate(&key_pem, exchange_name).map_err(KeysError::Authority)
        })?;
        let authority = Authority::load(&key_pem, &certificate_pem).map_err(KeysError::Authority)?;
        Ok(Self { master, authority })
    }
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
    if let (true, Some(folder)) = (cfg!(unix), path.parent()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
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
