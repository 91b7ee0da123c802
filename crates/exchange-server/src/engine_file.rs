//! The file that says which database and which bucket nodes share. It holds passwords and lies with the keys.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use exchange_store::{BucketPlace, Engine, SharedEngine};
use serde::Deserialize;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::unfit;

/// The name under which it is looked for in the key folder.
const FILE: &str = "engine.toml";
/// Bytes of such a file.
const FILE_BYTES_MAX: u64 = 64 * 1_024;

/// Why the file cannot be used.
#[derive(Debug, Error)]
pub enum EngineFileError {
    /// It cannot be read.
    #[error("the engine file {path} cannot be read")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is longer than such a file can be.
    #[error("the engine file {0} is longer than {FILE_BYTES_MAX} bytes")]
    TooLong(PathBuf),
    /// It says something else than it should. What it says is not repeated, for it holds passwords.
    #[error("the engine file {path} cannot be used: {reason}")]
    Unfit {
        /// Which.
        path: PathBuf,
        /// What is wrong, without a value.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    database: Zeroizing<String>,
    bucket: Bucket,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bucket {
    endpoint: String,
    name: String,
    #[serde(default)]
    prefix: String,
    #[serde(default = "default_region")]
    region: String,
    access_key_id: String,
    secret_access_key: Zeroizing<String>,
}

fn default_region() -> String {
    "us-east-1".to_owned()
}

/// Where rows and contents are kept: as the engine file says, or in the data folder. Unless a file is named, the one in
/// the key folder is read, so that no command begins an exchange of its own beside the one that nodes share.
pub fn engine_of(data: &Path, keys: &Path, named: Option<&Path>) -> Result<Engine, EngineFileError> {
    let in_keys = keys.join(FILE);
    match named {
        Some(path) => read(path),
        None if in_keys.exists() => read(&in_keys),
        None => Ok(Engine::from(data)),
    }
}

fn read(path: &Path) -> Result<Engine, EngineFileError> {
    let failed = |source| EngineFileError::Read {
        path: path.to_owned(),
        source,
    };
    let mut text = Zeroizing::new(String::new());
    let file = fs::File::open(path).map_err(failed)?;
    file.take(FILE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(EngineFileError::TooLong(path.to_owned()));
    }
    parse(&text).map_err(|reason| EngineFileError::Unfit {
        path: path.to_owned(),
        reason,
    })
}

fn parse(text: &str) -> Result<Engine, String> {
    let file: File = toml::from_str(text).map_err(|error| unfit::told(text, &error))?;
    if !file.database.starts_with("postgres://") && !file.database.starts_with("postgresql://") {
        return Err("database does not begin with postgres://".to_owned());
    }
    let bucket = file.bucket;
    if !bucket.endpoint.starts_with("https://") && !bucket.endpoint.starts_with("http://") {
        return Err("the bucket's endpoint begins neither with https:// nor with http://".to_owned());
    }
    Ok(Engine::Shared(Box::new(SharedEngine {
        database: file.database,
        bucket: BucketPlace {
            endpoint: bucket.endpoint,
            name: bucket.name,
            prefix: bucket.prefix,
            region: bucket.region,
            access_key_id: bucket.access_key_id,
            secret_access_key: bucket.secret_access_key,
        },
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
database = "postgres://exchange:geheim@db.example/exchange"
[bucket]
endpoint = "https://s3.example"
name = "exchange"
access_key_id = "id"
secret_access_key = "geheim"
"#;

    #[test]
    fn what_it_says_is_taken_and_a_flaw_is_told_without_a_password() {
        let Engine::Shared(engine) = parse(WHOLE).unwrap() else {
            panic!("it names a database");
        };
        assert_eq!(engine.bucket.region, "us-east-1");
        assert!(!format!("{engine:?}").contains("geheim"));
        for (from, to, word) in [
            ("postgres://", "mysql://", "postgres://"),
            ("https://s3", "s3", "https://"),
            ("name =", "nmae =", "nmae"),
            ("name = \"exchange\"\n", "", "name"),
            ("[bucket]", "bucket = \"geheim\"\n[other]", "line 3"),
        ] {
            let told = parse(&WHOLE.replacen(from, to, 1)).unwrap_err();
            assert!(told.contains(word) && !told.contains("geheim"), "{told}");
        }
    }

    #[test]
    fn without_a_file_everything_is_in_the_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine_of(Path::new("data"), folder.path(), None).unwrap();
        assert!(matches!(engine, Engine::Embedded(data) if data == Path::new("data")));
        fs::write(folder.path().join(FILE), WHOLE).unwrap();
        let engine = engine_of(Path::new("data"), folder.path(), None).unwrap();
        assert!(matches!(engine, Engine::Shared(_)));
        let long = " ".repeat(FILE_BYTES_MAX as usize + 1);
        fs::write(folder.path().join(FILE), long).unwrap();
        let refused = engine_of(Path::new("data"), folder.path(), None).unwrap_err();
        assert!(matches!(refused, EngineFileError::TooLong(_)));
    }
}
