//! From the paths that were given to files: a folder stands for the files that lie directly in it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use care_model::{ProblemCode, limits};
use desk_ipc::CommandError;

use crate::{output::Failure, session::absolute};

/// Every file that is meant, in the order given; those of a folder by name. Hidden files of a folder are not meant.
pub(crate) fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let path = absolute(path)?;
        let facts = fs::metadata(&path).map_err(|_| unreadable(&path))?;
        if facts.is_dir() {
            files.extend(files_of(&path)?);
        } else {
            files.push(path);
        }
        if files.len() > limits::DROP_FILES_MAX {
            let error = CommandError::new(ProblemCode::DropTooMany).with("max", limits::DROP_FILES_MAX);
            return Err(error.into());
        }
    }
    Ok(files)
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|_| unreadable(folder))? {
        let entry = entry.map_err(|_| unreadable(folder))?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && entry.path().is_file() {
            files.push(entry.path());
        }
        if files.len() > limits::DROP_FILES_MAX {
            break;
        }
    }
    files.sort();
    Ok(files)
}

/// The name of a file without its folder.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

pub(crate) fn unreadable(path: &Path) -> Failure {
    Failure::Unread(messages::cli::path_unreadable(path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_its_files() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.csv", ".hidden"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::create_dir(folder.path().join("deeper")).unwrap();
        let names: Vec<String> = expand(&[folder.path().to_path_buf()])
            .unwrap()
            .iter()
            .map(|path| name_of(path))
            .collect();
        assert_eq!(names, ["a.csv", "b.csv"]);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let failure = expand(&[PathBuf::from("/no/such/file.csv")]).unwrap_err();
        assert!(matches!(&failure, Failure::Unread(text) if text.contains("/no/such/file.csv")));
        assert_eq!(failure.exit_code(), 2);
    }
}
