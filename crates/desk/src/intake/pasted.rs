//! Pasted files: the page has their bytes and no path, so they go into the spool at once.

use std::io;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use care_model::{ProblemCode, limits};
use desk_ipc::{CommandError, PastedFile, PastedFiles};

use super::{TakenFile, keep};
use crate::{compose::refusal_with_limits, spool::Spool};

/// A pasted file with its bytes.
pub(crate) struct Pasted {
    name: String,
    bytes: Vec<u8>,
}

/// Reads what a page pasted, within its limits.
pub(crate) fn decode_pasted(pasted: PastedFiles) -> Result<Vec<Pasted>, CommandError> {
    let too_large = || refusal_with_limits(ProblemCode::PasteTooLarge);
    if pasted.files.len() > limits::PASTED_FILES_MAX {
        return Err(too_large());
    }
    let mut left = limits::PASTED_BYTES_MAX;
    let mut files = Vec::with_capacity(pasted.files.len());
    for PastedFile { name, base64 } in pasted.files {
        // Four characters are three bytes: what is far over the limit is not decoded at all.
        if (base64.len() as u64 / 4).saturating_mul(3) > left.saturating_add(3) {
            return Err(too_large());
        }
        let bytes = BASE64.decode(base64).map_err(|_| ProblemCode::RequestMalformed)?;
        left = left.checked_sub(bytes.len() as u64).ok_or_else(too_large)?;
        files.push(Pasted {
            name: safe_name(&name),
            bytes,
        });
    }
    Ok(files)
}

/// Puts pasted files into the spool. Blocks.
pub(crate) fn take_pasted(spool: &Spool, files: Vec<Pasted>) -> io::Result<Vec<TakenFile>> {
    let mut taken: Vec<TakenFile> = Vec::with_capacity(files.len());
    for Pasted { name, bytes } in files {
        let file = match bytes.is_empty() {
            true => Ok(TakenFile::refused(name, 0, ProblemCode::DropIsEmpty)),
            false => keep(spool, name, bytes.len() as u64, bytes.as_slice()),
        };
        match file {
            Ok(file) => taken.push(file),
            Err(error) => {
                let contents = taken.iter().filter_map(|file| file.content.as_ref().ok());
                contents.for_each(|content| spool.remove(&content.place));
                return Err(error);
            }
        }
    }
    Ok(taken)
}

/// The name without folders and without characters that nobody sees, its extension kept where it must be cut.
fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let seen: String = last.chars().filter(|c| !c.is_control() && !turns_text(*c)).collect();
    let seen = seen.trim();
    if seen.len() <= limits::FILE_NAME_BYTES_MAX {
        return seen.to_owned();
    }
    let (stem, extension) = match seen.rsplit_once('.') {
        Some((stem, extension)) if extension.len() < EXTENSION_BYTES_MAX => (stem, format!(".{extension}")),
        _ => (seen, String::new()),
    };
    let mut end = limits::FILE_NAME_BYTES_MAX - extension.len();
    while !stem.is_char_boundary(end.min(stem.len())) {
        end -= 1;
    }
    format!("{}{extension}", &stem[..end.min(stem.len())])
}

/// What follows the last dot of a long name is an extension up to this length.
const EXTENSION_BYTES_MAX: usize = 16;

/// Marks that turn the direction of text: a name could end otherwise than it looks.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pasted(files: &[(&str, &[u8])]) -> PastedFiles {
        let files = files.iter().map(|(name, bytes)| PastedFile {
            name: (*name).to_owned(),
            base64: BASE64.encode(bytes),
        });
        PastedFiles { files: files.collect() }
    }

    fn code(pasted: PastedFiles) -> Option<ProblemCode> {
        decode_pasted(pasted).err().map(|refusal| refusal.code)
    }

    #[test]
    fn pasted_files_have_their_limits() {
        let file: (&str, &[u8]) = ("a.txt", b"text");
        assert_eq!(code(pasted(&vec![file; limits::PASTED_FILES_MAX])), None);
        let many = code(pasted(&vec![file; limits::PASTED_FILES_MAX + 1]));
        assert_eq!(many, Some(ProblemCode::PasteTooLarge));
        let most = vec![7; usize::try_from(limits::PASTED_BYTES_MAX).unwrap()];
        assert_eq!(code(pasted(&[("a.txt", &most)])), None);
        let one_over = code(pasted(&[("a.txt", &most), ("b.txt", b"1")]));
        assert_eq!(one_over, Some(ProblemCode::PasteTooLarge));
        let mut broken = pasted(&[file]);
        broken.files[0].base64.push('*');
        assert_eq!(code(broken), Some(ProblemCode::RequestMalformed));
    }

    #[test]
    fn names_lose_folders_and_what_nobody_sees() {
        let long = format!("{}.pdf", "あ".repeat(100));
        for (name, safe) in [
            ("image.png", "image.png"),
            ("C:\\Users\\a\\資料.pdf", "資料.pdf"),
            ("../../資料.pdf", "資料.pdf"),
            ("a\u{0}b\r\n.txt", "ab.txt"),
            ("fdp.\u{202E}txt", "fdp.txt"),
            ("", ""),
        ] {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
        let cut = safe_name(&long);
        assert!(
            cut.len() <= limits::FILE_NAME_BYTES_MAX && cut.ends_with("あ.pdf"),
            "{cut}"
        );
    }

    #[test]
    fn pasted_files_are_taken_in_like_dropped_ones() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::new(dir.path().to_owned());
        let files = decode_pasted(pasted(&[("資料.pdf", b"%PDF-1.7"), ("空.txt", b"")])).unwrap();
        let taken = take_pasted(&spool, files).unwrap();
        assert!(taken[0].content.as_ref().unwrap().attachable);
        assert_eq!(taken[1].content.as_ref().err(), Some(&ProblemCode::DropIsEmpty));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
