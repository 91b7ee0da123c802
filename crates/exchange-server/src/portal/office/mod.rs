//! What an office sees.

pub(super) mod home;

use super::page::MenuItem;

/// The menu of an office.
pub(super) fn menu() -> Vec<MenuItem> {
    vec![MenuItem {
        path: super::session::HOME,
        text: messages::portal::title_home(),
    }]
}
