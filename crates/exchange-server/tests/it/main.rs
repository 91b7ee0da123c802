//! The server over real TLS, by the client that terminals use.

mod access;
mod endpoints;
mod enrolment;
mod exchange;
mod limits;
mod linkage;
mod receiving;
mod sending;
