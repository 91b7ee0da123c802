//! The second host of the desk: the same commands as the window, over loopback HTTP, for tests and pictures.
//!
//! It is a remote control of a desk, so it is fenced in: a random port of 127.0.0.1, a token made for this run,
//! `Host` and `Origin` checked on every request, and only profiles that were made for it.
//! No package contains it. Deliberately absent: any way to an ordinary profile or to a key store.
//!
//! | Path | What |
//! | --- | --- |
//! | `GET /…` | the built page |
//! | `POST /ipc/<command>` | one command; 200 with its answer or 422 with the `CommandError` |
//! | `GET /events` | the desk's events as server-sent events |
//! | `POST /script/…`, `GET /script/surface` | what a test does and sees in place of the desktop |

mod events;
mod guard;
mod ipc;
mod pages;
mod profile;
mod script;
mod surface;

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, middleware};
use desk::Desk;

pub use guard::{Token, TokenError};
pub use pages::{CONTENT_SECURITY_POLICY, Pages, PagesError};
pub use profile::{ProfileError, claim_profile};
pub use surface::{ScriptedSurface, SurfaceRecord};

/// Everything that a request needs.
pub struct Bridge {
    /// The desk that is controlled.
    pub desk: Arc<Desk>,
    /// Stands in for dialogs, notices and tray.
    pub surface: Arc<ScriptedSurface>,
    /// The built page.
    pub pages: Pages,
    /// What a request must carry.
    pub token: Token,
    /// Where the bridge listens; `Host` and `Origin` must name it.
    pub address: SocketAddr,
}

impl Bridge {
    /// The address to open, with the token in the fragment, which a browser never sends.
    pub fn url(&self) -> String {
        format!("http://{}/#{}", self.address, self.token.reveal())
    }

    /// All routes behind the guard.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .merge(ipc::routes())
            .merge(events::routes())
            .merge(script::routes())
            .fallback(pages::serve)
            .layer(middleware::from_fn_with_state(Arc::clone(&self), guard::check))
            .with_state(self)
    }
}
