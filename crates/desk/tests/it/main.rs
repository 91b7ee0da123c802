//! The desk against the real server, in one process, over a line that can be broken.

mod drafts;
mod landing;
mod main_job;
mod refusals;
mod restarts;
mod secrecy;
mod sessions;
mod support;
mod terminals;
