//! How far a row has come, as lists and figures ask about it.

/// How a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Its place when sorted by status.
    pub(crate) rank: u8,
    /// Whether something is still to come of it.
    pub(crate) open: bool,
    /// Whether it is only on this desk.
    pub(crate) unsent: bool,
    /// Whether it is printed for fax and never sent.
    pub(crate) on_paper: bool,
    /// Whether it was received and not marked 取込済.
    pub(crate) awaits_import: bool,
    /// Whether nothing came of it: it was taken back, or nobody fetched it in time.
    pub(crate) came_to_nothing: bool,
}

impl Standing {
    /// Whether it has left the desk of its sender by the exchange.
    pub(crate) fn is_sent(self) -> bool {
        !self.unsent && !self.on_paper
    }
}
