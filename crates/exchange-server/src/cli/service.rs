//! What the server tells a service manager that waits for it (`Type=notify` of systemd); nobody hears it elsewhere.

use std::time::Duration;

/// What comes after the drain: requests under way, the audit, the storage. What a service manager waits beyond it.
const END: Duration = Duration::from_secs(20);

/// It takes connections.
pub(super) fn ready() {
    #[cfg(unix)]
    tell(&[sd_notify::NotifyState::Ready]);
}

/// It ends, and that takes so much longer than usual.
pub(super) fn ending(drain: Duration) {
    #[cfg(unix)]
    {
        use sd_notify::NotifyState;
        let longest = u32::try_from((drain + END).as_micros()).unwrap_or(u32::MAX);
        tell(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(longest)]);
    }
    #[cfg(not(unix))]
    let _ = drain + END;
}

#[cfg(unix)]
fn tell(states: &[sd_notify::NotifyState<'_>]) {
    // Whoever serves without having been heard is still of use.
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
