//! What may happen to a delivery, as pure steps: `step(state, event, now) → (state, effects)` or a refusal.
//!
//! Three small machines cover the whole way of a delivery:
//!
//! - [`delivery`]: the server's side, from acceptance to 済 (claim, land, confirm; recall; expiry);
//! - [`outbox`]: the sending desk's side, from the row that is stored before the first byte to 送信成功;
//! - [`pickup`]: the receiving desk's side, from the wish to fetch to the confirmed landing.
//!
//! [`acceptance`] says when what arrives becomes a delivery, [`serving`] when every byte of it was served, and
//! [`retention`] when both sides are warned that nobody fetches it.
//!
//! Server, desk, tests and simulation run these same lines (D6). Nothing here does I/O or reads a clock:
//! storage loads a state, steps it, and stores what came out in one transaction.

pub mod acceptance;
pub mod delivery;
pub mod outbox;
pub mod pickup;
pub mod retention;
pub mod serving;
