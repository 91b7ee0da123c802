//! Only profiles that were made for the bridge: an ordinary profile is never opened to a remote control.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// The file that says so. Its name is its meaning; its text is for whoever looks into the folder.
const MARKER: &str = "THROW-AWAY-PROFILE";
const MARKER_TEXT: &str = "Made by desk-bridge for tests. Nothing in here is protected; delete it freely.\n";

/// The folder cannot be used.
#[derive(Debug)]
pub enum ProfileError {
    /// It holds something and was not made for the bridge.
    NotThrowAway(PathBuf),
    /// It could not be made or read.
    Unusable(PathBuf, io::Error),
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotThrowAway(path) => write!(f, "{} was not made for the bridge and is not empty", path.display()),
            Self::Unusable(path, _) => write!(f, "cannot use {}", path.display()),
        }
    }
}

impl std::error::Error for ProfileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unusable(_, cause) => Some(cause),
            Self::NotThrowAway(_) => None,
        }
    }
}

/// Makes the folder a throw-away profile if it is new or empty, or finds that it already is one.
pub fn claim_profile(folder: &Path) -> Result<(), ProfileError> {
    let unusable = |cause| ProfileError::Unusable(folder.to_path_buf(), cause);
    fs::create_dir_all(folder).map_err(unusable)?;
    let marker = folder.join(MARKER);
    if marker.is_file() {
        return Ok(());
    }
    if fs::read_dir(folder).map_err(unusable)?.next().is_some() {
        return Err(ProfileError::NotThrowAway(folder.to_path_buf()));
    }
    fs::write(marker, MARKER_TEXT).map_err(unusable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_folder_becomes_one_and_stays_one() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("deep").join("profile");
        claim_profile(&folder).unwrap();
        fs::write(folder.join("desk.sqlite"), "x").unwrap();
        claim_profile(&folder).unwrap();
    }

    #[test]
    fn an_ordinary_profile_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("desk.sqlite"), "x").unwrap();
        assert!(matches!(
            claim_profile(folder.path()),
            Err(ProfileError::NotThrowAway(_))
        ));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
