//! How far a large upload may still be called back: until its commit is asked for.
//!
//! Before that whoever stops it knows that the exchange does not hold it, though it may have every byte; from then on
//! only the exchange knows. One lock decides between the two, so that there is no moment in which both pass.

use std::sync::Mutex;

use tokio_util::sync::CancellationToken;

use crate::core::lock;

/// Of one try of one upload.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    stands: Mutex<Stands>,
    stopped: CancellationToken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stands {
    #[default]
    Open,
    /// The commit was asked for.
    Passed,
    /// A person ended it.
    Stopped,
}

impl Gate {
    /// The commit is about to be asked for; false if the upload was stopped.
    pub(crate) fn pass(&self) -> bool {
        let mut stands = lock(&self.stands);
        if *stands == Stands::Open {
            *stands = Stands::Passed;
        }
        *stands == Stands::Passed
    }

    /// Ends the upload; false if it is too late for that.
    pub(crate) fn stop(&self) -> bool {
        let mut stands = lock(&self.stands);
        if *stands == Stands::Open {
            *stands = Stands::Stopped;
            self.stopped.cancel();
        }
        *stands == Stands::Stopped
    }

    /// Whether the commit has not been asked for.
    pub(crate) fn is_open(&self) -> bool {
        *lock(&self.stands) == Stands::Open
    }

    /// Waits until it is stopped.
    pub(crate) async fn stopped(&self) {
        self.stopped.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_the_two_comes_through() {
        let gate = Gate::default();
        assert!(gate.is_open() && gate.pass() && gate.pass());
        assert!(!gate.stop() && !gate.is_open());
        let gate = Gate::default();
        assert!(gate.stop() && gate.stop());
        assert!(!gate.pass() && !gate.is_open());
    }
}
