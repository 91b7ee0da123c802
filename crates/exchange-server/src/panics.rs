//! What is left of a panic: where it was. Its words may hold what somebody sent, and end nothing but their request.

/// From now on a panic is a line of the log with its place in the source, and nothing of its words.
pub fn panics_say_only_where() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(panic.place = %place, "a part of the server broke off");
    }));
}
