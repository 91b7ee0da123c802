//! Stories: one module for each.

mod bad_lines;
mod drafts;
mod licence;
mod main_job;
mod material;
mod terminals;
mod wire;
