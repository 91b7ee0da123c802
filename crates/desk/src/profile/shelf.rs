//! The profiles of this PC, one for each office number (D14), and which of them was open last.
//!
//! The first one lies where there was only one before; further ones lie in a folder of their own, each under its
//! identity. What the list shows of a closed profile stands in clear in `office.json`: number and registered name of
//! the office, nothing of people.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use care_model::{OfficeNumber, ProblemCode, limits};
use desk_ipc::{CommandError, ProfileId};
use serde::{Deserialize, Serialize};

use super::{create_private_dir, replace_file};
use crate::refusal;

/// A small file; anything larger was not written here.
const CLEAR_BYTES_MAX: u64 = 16 * 1_024;
/// Which profile was open last.
const LAST: &str = "last.json";

/// Where the profiles of this PC are.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    first: PathBuf,
    /// The folder of further ones; none where there is only the first.
    further: Option<PathBuf>,
}

/// What stands in clear of the office of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfficeMark {
    /// Its number.
    pub(crate) number: OfficeNumber,
    /// Its registered name.
    pub(crate) name: String,
}

#[derive(Serialize, Deserialize)]
struct Last {
    profile: ProfileId,
}

impl Shelf {
    pub(crate) fn new(first: PathBuf, further: Option<PathBuf>) -> Self {
        Self { first, further }
    }

    /// Whether there may be others beside the first.
    pub(crate) fn holds_several(&self) -> bool {
        self.further.is_some()
    }

    /// The first profile has no identity of its own: it was there before there were several.
    pub(crate) fn first_id() -> ProfileId {
        ProfileId::from_bytes([0; 16])
    }

    /// The folder of a profile.
    pub(crate) fn dir(&self, id: ProfileId) -> Result<PathBuf, CommandError> {
        match &self.further {
            _ if id == Self::first_id() => Ok(self.first.clone()),
            Some(further) => Ok(further.join(id.to_string())),
            None => Err(ProblemCode::ProfileUnknown.into()),
        }
    }

    /// The profiles there are, the first one first, then as they were made.
    pub(crate) fn ids(&self) -> Result<Vec<ProfileId>, CommandError> {
        let mut ids = match &self.further {
            Some(further) => further_ids(further).map_err(|error| refusal::of_profile_io(&error))?,
            None => Vec::new(),
        };
        ids.sort();
        ids.insert(0, Self::first_id());
        Ok(ids)
    }

    /// A profile to do 初期設定 in: one that nobody has set up, other than the open one, or a new one.
    pub(crate) fn empty(&self, open: ProfileId) -> Result<ProfileId, CommandError> {
        let too_many = || CommandError::new(ProblemCode::ProfilesTooMany);
        if self.further.is_none() {
            return Err(too_many().with("max", 1));
        }
        let ids = self.ids()?;
        for id in &ids {
            if *id != open && office_of(&self.dir(*id)?).is_none() {
                return Ok(*id);
            }
        }
        if ids.len() >= limits::PROFILES_MAX {
            return Err(too_many().with("max", limits::PROFILES_MAX));
        }
        Ok(ProfileId::generate())
    }

    /// The profile that was open last, or the first one.
    pub(crate) fn last(&self) -> ProfileId {
        let last: Option<Last> = self
            .further
            .as_ref()
            .and_then(|further| read_clear(&further.join(LAST)));
        last.map(|last| last.profile)
            .filter(|id| self.dir(*id).is_ok_and(|dir| dir.is_dir()))
            .unwrap_or_else(Self::first_id)
    }

    /// Remembers which profile is open, for the next start.
    pub(crate) fn put_last(&self, profile: ProfileId) -> Result<(), CommandError> {
        let Some(further) = &self.further else {
            return Ok(());
        };
        let unusable = |error: io::Error| refusal::of_profile_io(&error);
        create_private_dir(further).map_err(unusable)?;
        write_clear(&further.join(LAST), &Last { profile })
    }
}

/// The profiles in a folder; what has no identity for a name is none, and no link is followed.
fn further_ids(further: &Path) -> io::Result<Vec<ProfileId>> {
    let entries = match fs::read_dir(further) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut ids = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let id: Option<ProfileId> = name.to_str().and_then(|name| name.parse().ok());
        if let Some(id) = id
            && name.to_str() == Some(id.to_string().as_str())
            && entry.file_type()?.is_dir()
            && id != Shelf::first_id()
        {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn mark_file(dir: &Path) -> PathBuf {
    dir.join("office.json")
}

/// The office of a profile, if 初期設定 was done there.
pub(crate) fn office_of(dir: &Path) -> Option<OfficeMark> {
    read_clear(&mark_file(dir))
}

/// Notes the office of a profile, where the note says something else.
pub(crate) fn mark_office(dir: &Path, mark: &OfficeMark) -> Result<(), CommandError> {
    match office_of(dir).as_ref() == Some(mark) {
        true => Ok(()),
        false => write_clear(&mark_file(dir), mark),
    }
}

fn read_clear<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<T> {
    let facts = fs::metadata(path).ok()?;
    let small = facts.is_file() && facts.len() <= CLEAR_BYTES_MAX;
    small.then(|| serde_json::from_slice(&fs::read(path).ok()?).ok())?
}

fn write_clear<T: Serialize>(path: &Path, value: &T) -> Result<(), CommandError> {
    let bytes = serde_json::to_vec(value).map_err(|error| refusal::logged(ProblemCode::Internal, &error.classify()))?;
    replace_file(path, &bytes).map_err(|error| refusal::of_profile_io(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf() -> (tempfile::TempDir, Shelf) {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path().join("profile"), Some(dir.path().join("profiles")));
        (dir, shelf)
    }

    fn made(shelf: &Shelf) -> ProfileId {
        let id = ProfileId::generate();
        create_private_dir(&shelf.dir(id).unwrap()).unwrap();
        id
    }

    fn mark() -> OfficeMark {
        OfficeMark {
            number: OfficeNumber::parse("9970100013").unwrap(),
            name: "見本居宅介護支援事業所".to_owned(),
        }
    }

    #[test]
    fn profiles_are_found_and_other_folders_are_not() {
        let (dir, shelf) = shelf();
        assert_eq!(shelf.ids().unwrap(), [Shelf::first_id()]);
        let (one, two) = (made(&shelf), made(&shelf));
        fs::create_dir(dir.path().join("profiles/backup")).unwrap();
        fs::write(dir.path().join("profiles").join(ProfileId::generate().to_string()), b"").unwrap();
        let mut expected = vec![one, two];
        expected.sort();
        expected.insert(0, Shelf::first_id());
        assert_eq!(shelf.ids().unwrap(), expected);
    }

    #[test]
    fn the_last_one_is_remembered_while_it_is_there() {
        let (_dir, shelf) = shelf();
        assert_eq!(shelf.last(), Shelf::first_id());
        let id = made(&shelf);
        shelf.put_last(id).unwrap();
        assert_eq!(shelf.last(), id);
        fs::remove_dir_all(shelf.dir(id).unwrap()).unwrap();
        assert_eq!(shelf.last(), Shelf::first_id());
    }

    #[test]
    fn one_that_nobody_set_up_is_used_before_a_new_one_is_made() {
        let (_dir, shelf) = shelf();
        create_private_dir(&shelf.first).unwrap();
        mark_office(&shelf.first, &mark()).unwrap();
        assert_eq!(office_of(&shelf.first), Some(mark()));
        let new = shelf.empty(Shelf::first_id()).unwrap();
        assert_ne!(new, Shelf::first_id());
        let empty = made(&shelf);
        assert_eq!(shelf.empty(Shelf::first_id()).unwrap(), empty);
        assert_ne!(shelf.empty(empty).unwrap(), empty);
    }

    #[test]
    fn one_more_than_allowed_is_refused() {
        let (_dir, shelf) = shelf();
        create_private_dir(&shelf.first).unwrap();
        mark_office(&shelf.first, &mark()).unwrap();
        for _ in 1..limits::PROFILES_MAX {
            assert!(shelf.empty(Shelf::first_id()).is_ok());
            mark_office(&shelf.dir(made(&shelf)).unwrap(), &mark()).unwrap();
        }
        let refused = shelf.empty(Shelf::first_id()).unwrap_err();
        assert_eq!(refused.code, ProblemCode::ProfilesTooMany);
        let single = Shelf::new(shelf.first, None);
        assert_eq!(
            single.empty(Shelf::first_id()).unwrap_err().code,
            ProblemCode::ProfilesTooMany
        );
        assert_eq!(single.ids().unwrap().len(), 1);
    }

    #[test]
    fn a_note_that_is_broken_or_huge_is_none() {
        let (_dir, shelf) = shelf();
        create_private_dir(&shelf.first).unwrap();
        for broken in ["", "{}", r#"{"number":"12","name":""}"#, &" ".repeat(20_000)] {
            fs::write(mark_file(&shelf.first), broken).unwrap();
            assert_eq!(office_of(&shelf.first), None);
        }
    }
}
