//! The built page, read once at the start: what is not in the folder then cannot be asked for.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    body::Bytes,
    extract::State,
    http::{Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use crate::Bridge;

/// What the page may load and run: its own files only, as in the window.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A built page is far smaller; more than this is not one.
const FILES_MAX: usize = 2_000;
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The built page could not be read.
#[derive(Debug)]
pub enum PagesError {
    /// A file or folder could not be read.
    Unreadable(PathBuf, io::Error),
    /// There is no `index.html`: the page was not built.
    NotBuilt(PathBuf),
    /// The folder holds more than a built page does.
    TooMuch(PathBuf),
}

impl std::fmt::Display for PagesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(path, _) => write!(f, "cannot read {}", path.display()),
            Self::NotBuilt(path) => write!(f, "{} holds no index.html: build the page first", path.display()),
            Self::TooMuch(path) => write!(f, "{} holds more than a built page does", path.display()),
        }
    }
}

impl std::error::Error for PagesError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(_, cause) => Some(cause),
            _ => None,
        }
    }
}

/// Every file of the built page by the path it is asked for.
#[derive(Debug)]
pub struct Pages(BTreeMap<String, Bytes>);

impl Pages {
    /// Reads the folder that the page was built into.
    pub fn read(folder: &Path) -> Result<Self, PagesError> {
        let mut files = BTreeMap::new();
        let mut bytes_left = BYTES_MAX;
        let mut folders = vec![(folder.to_path_buf(), String::from("/"))];
        while let Some((path, prefix)) = folders.pop() {
            let unreadable = |cause| PagesError::Unreadable(path.clone(), cause);
            for entry in fs::read_dir(&path).map_err(unreadable)? {
                let entry = entry.map_err(unreadable)?;
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                let kind = entry.file_type().map_err(unreadable)?;
                if kind.is_dir() {
                    folders.push((entry.path(), format!("{name}/")));
                } else if kind.is_file() {
                    let size = entry.metadata().map_err(unreadable)?.len();
                    if files.len() >= FILES_MAX || size > bytes_left {
                        return Err(PagesError::TooMuch(folder.to_path_buf()));
                    }
                    bytes_left -= size;
                    files.insert(name, Bytes::from(fs::read(entry.path()).map_err(unreadable)?));
                }
            }
        }
        if !files.contains_key("/index.html") {
            return Err(PagesError::NotBuilt(folder.to_path_buf()));
        }
        Ok(Self(files))
    }

    /// The file at a path; `/` is the page itself.
    fn get(&self, path: &str) -> Option<(&'static str, Bytes)> {
        let path = if path == "/" { "/index.html" } else { path };
        self.0.get(path).map(|bytes| (content_type(path), bytes.clone()))
    }
}

/// Serves the page for everything that is no other route.
pub(crate) async fn serve(State(bridge): State<Arc<Bridge>>, method: Method, uri: Uri) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    match bridge.pages.get(uri.path()) {
        Some((content_type, bytes)) => (
            [
                (header::CONTENT_TYPE, content_type),
                (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::REFERRER_POLICY, "no-referrer"),
                (header::CACHE_CONTROL, "no-store"),
            ],
            bytes,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// By the few kinds of file that a built page has.
fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "map") => "application/json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_page_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Pages::read(folder.path()), Err(PagesError::NotBuilt(_))));
        assert!(matches!(
            Pages::read(&folder.path().join("missing")),
            Err(PagesError::Unreadable(..))
        ));
    }

    #[test]
    fn files_are_found_by_their_path_only() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("assets")).unwrap();
        fs::write(folder.path().join("index.html"), "page").unwrap();
        fs::write(folder.path().join("assets/a.js"), "code").unwrap();
        let pages = Pages::read(folder.path()).unwrap();
        assert_eq!(pages.get("/").unwrap().0, "text/html; charset=utf-8");
        assert_eq!(pages.get("/assets/a.js").unwrap().1, "code");
        for path in ["/assets", "/assets/../index.html", "//index.html", "/etc/passwd", ""] {
            assert!(pages.get(path).is_none(), "{path}");
        }
    }
}
