//! 利用状況Webサイト over real HTTPS, as a browser asks for it.

mod browser;
mod doors;
mod operators;
mod pages;
mod sessions;

pub(crate) use browser::{Browser, OPERATOR_PASSWORD, Shown};
