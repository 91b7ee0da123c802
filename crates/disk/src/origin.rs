//! The system's mark that a file came from elsewhere, so that Office and previews open it with care (D18).
//!
//! Windows keeps it in a stream beside the file, macOS in an attribute; Linux has none. A file system that cannot
//! hold the mark (a network drive, FAT) is no reason not to deliver.

use std::path::Path;

/// Marks a landed file.
pub(crate) fn mark(path: &Path) {
    #[cfg(windows)]
    {
        /// The internet zone.
        const ZONE: &[u8] = b"[ZoneTransfer]\r\nZoneId=3\r\n";
        let mut stream = path.as_os_str().to_owned();
        stream.push(":Zone.Identifier");
        let _ = std::fs::write(stream, ZONE);
    }
    #[cfg(target_os = "macos")]
    {
        /// "Downloaded, not yet opened", without time and agent.
        const QUARANTINE: &[u8] = b"0081;00000000;Careplan Exchange;";
        let _ = rustix::fs::setxattr(
            path,
            "com.apple.quarantine",
            QUARANTINE,
            rustix::fs::XattrFlags::empty(),
        );
    }
    #[cfg(not(any(windows, target_os = "macos")))]
    let _ = path;
}
