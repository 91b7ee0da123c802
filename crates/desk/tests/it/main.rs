//! The desk against the real server, in one process, over a line that can be broken.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed; helpers outside of test functions too"
)]

mod automation;
mod board;
mod bulks;
mod canary;
mod certificate_files;
mod certificates;
mod comparison;
mod composing;
mod dispatches;
mod drafts;
mod fax;
mod full_disks;
mod keeping;
mod landed_names;
mod landing;
mod lists;
mod locking;
mod main_job;
mod moving;
mod passphrase;
mod passwords;
mod profiles;
mod recalls;
mod receive_once;
mod received;
mod receiving;
mod refusals;
mod renewals;
mod repairs;
mod restarts;
mod restores;
mod samples;
mod secrecy;
mod sessions;
mod settings;
mod support;
mod support_file;
mod terminals;
mod units;
mod updates;
mod versions;
