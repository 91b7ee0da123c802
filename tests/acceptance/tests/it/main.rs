//! Stories: one module for each.

mod answers;
mod bad_lines;
mod drafts;
mod large;
mod licence;
mod main_job;
mod material;
mod terminals;
mod wire;
