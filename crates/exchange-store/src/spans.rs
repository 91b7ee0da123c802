//! Spans for the traces that an operator may ask for (ADR 0045): names and counts of ours, nothing of anybody.

use tokio::task::JoinHandle;
use tracing::Span;

/// The target of every span that a server may send to a collector of traces. Whatever else a library or a log line has
/// stays inside. Nobody listens to it unless traces are set up.
pub const SPANS: &str = "spans";

/// Runs what blocks on a thread where it may, in the span of whoever asked.
pub fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let span = Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work))
}
