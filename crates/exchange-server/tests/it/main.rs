//! The server over real TLS, by the client that terminals use.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; helpers outside of test functions too"
)]

mod access;
mod accounts;
mod api_document;
mod audit;
mod backups;
mod bare;
mod certificate;
mod damaged;
mod directory;
mod draining;
mod endpoints;
mod enrolment;
mod exchange;
mod failing_disks;
mod faults;
mod ground;
mod inspection;
mod kill_points;
mod killing;
mod kills;
mod limits;
mod linkage;
mod mailing;
mod master_keys;
mod nodes;
mod office_acts;
mod office_list;
mod operations;
mod outliving;
mod pacing;
mod password_work;
mod portal;
mod put_back;
mod recalling;
mod receiving;
mod renewal;
mod replay;
mod rotation;
mod sending;
mod settings;
mod traces;
mod upgrades;
mod versions;
mod wrong_certificates;
