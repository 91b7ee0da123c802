//! Files that were copied in the system's file manager, read off the clipboard ([ADR 38]).
//!
//! On Linux the page is given none of them. Elsewhere it is, and the host looks at nothing.
//!
//! [ADR 38]: ../../docs/adr/0038-the-host-prints-and-reads-copied-files.md

use std::path::PathBuf;

use futures::channel::oneshot;

/// Tells which files were copied; none where there are none. Runs on the main thread, and waits for nobody there.
#[cfg(target_os = "linux")]
pub(crate) fn files(found: oneshot::Sender<Vec<PathBuf>>) {
    use gtk::gdk;

    gtk::Clipboard::get(&gdk::SELECTION_CLIPBOARD).request_uris(move |clipboard, uris| {
        let paths = paths_of(uris.iter().map(gtk::glib::GString::as_str));
        if !paths.is_empty() {
            let _ = found.send(paths);
            return;
        }
        // Some file managers offer nothing but this: a word that says what is to be done, then one address a line.
        let own_kind = gdk::Atom::intern("x-special/gnome-copied-files");
        clipboard.request_contents(&own_kind, move |_, offered| {
            let text = String::from_utf8(offered.data()).unwrap_or_default();
            let _ = found.send(paths_of(text.lines()));
        });
    });
}

/// The files of this PC among addresses. What lies elsewhere has no path, and no drop either.
#[cfg(target_os = "linux")]
fn paths_of<'a>(addresses: impl Iterator<Item = &'a str>) -> Vec<PathBuf> {
    let files = addresses.map(str::trim).filter(|address| address.starts_with("file:"));
    files
        .filter_map(|address| gtk::glib::filename_from_uri(address).ok())
        .filter_map(|(path, host)| host.is_none().then_some(path))
        .collect()
}

/// Tells that there are none for the host.
#[cfg(not(target_os = "linux"))]
pub(crate) fn files(found: oneshot::Sender<Vec<PathBuf>>) {
    let _ = found.send(Vec::new());
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_this_pc_are_taken() {
        let copied = "copy\r\nfile:///home/a/%E8%B3%87%E6%96%99%201.pdf\r\nsmb://server/b.pdf\nfile://server/c.pdf\n/d.pdf\nfile:///home/a/e.csv";
        let paths = ["/home/a/\u{8CC7}\u{6599} 1.pdf", "/home/a/e.csv"].map(PathBuf::from);
        assert_eq!(paths_of(copied.lines()), paths);
        assert_eq!(paths_of(["cut", "", "file:"].into_iter()), Vec::<PathBuf>::new());
    }
}
