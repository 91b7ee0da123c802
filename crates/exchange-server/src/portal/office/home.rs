//! ホーム.

use maud::{Markup, html};

use crate::portal::page::Frame;

pub(crate) async fn show(frame: Frame) -> Markup {
    frame.page(&messages::portal::title_home(), html! {})
}
