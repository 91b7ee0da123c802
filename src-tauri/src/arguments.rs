//! How the window may be started.

use std::path::PathBuf;

use clap::Parser;
use desk::ports::KeySource;

/// The argument of a start with the computer.
pub(crate) const HIDDEN: &str = "--hidden";

/// The window of Careplan Exchange.
#[derive(Debug, Parser)]
#[command(name = "careplan-exchange", version)]
pub(crate) struct Arguments {
    /// A profile in this folder instead of the user's own: demo, tests, a second office number on this PC.
    #[arg(long, value_name = "DIR")]
    pub(crate) profile: Option<PathBuf>,
    /// Keep the profile's key in a plain file. For demo and tests only, and shown as such in the window.
    #[arg(long, requires = "profile")]
    pub(crate) key_file: bool,
    /// Start without showing the window: how the computer starts it.
    #[arg(long)]
    pub(crate) hidden: bool,
}

impl Arguments {
    /// Where the profile's key comes from.
    pub(crate) fn key_source(&self) -> KeySource {
        if self.key_file {
            KeySource::File
        } else {
            KeySource::System
        }
    }

    /// Whether a second start shows the window that is there. A profile of its own may stand beside the user's,
    /// and beside other ones; the desk itself refuses two processes on one profile.
    pub(crate) fn single_instance(&self) -> bool {
        self.profile.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_own_profile_never_has_a_plain_key() {
        let plain = Arguments::try_parse_from(["careplan-exchange"]).unwrap();
        assert_eq!((plain.key_source(), plain.single_instance()), (KeySource::System, true));
        assert!(Arguments::try_parse_from(["careplan-exchange", "--key-file"]).is_err());
        assert!(!plain.hidden);
        assert!(Arguments::try_parse_from(["careplan-exchange", HIDDEN]).unwrap().hidden);

        let demo = Arguments::try_parse_from(["careplan-exchange", "--profile", "p", "--key-file"]).unwrap();
        assert_eq!((demo.key_source(), demo.single_instance()), (KeySource::File, false));
    }
}
