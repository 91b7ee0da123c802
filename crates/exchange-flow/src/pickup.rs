//! The receiving desk's side: claim, land, confirm. The row exists before the claim is asked for.
//!
//! The bytes are safe on this disk from `Landed` on; until the server has answered the confirmation the row is
//! never shown as 済, and the confirmation is asked again and again under the same fence.

use care_model::ProblemCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Where the fetching of one delivery stands on this desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PickupState {
    /// Wanted; no claim yet.
    Planned,
    /// This terminal has the claim; bytes go into a hidden folder beside the target.
    Landing {
        /// Of the claim.
        fence: u64,
    },
    /// Every byte was checked, synced, made visible by one rename and read back. The server does not know yet.
    Landed {
        /// Of the claim.
        fence: u64,
    },
    /// 済: the server has answered.
    Confirmed {
        /// The server's time.
        received_at: DateTime<Utc>,
    },
    /// It ended without 済; the delivery is where the server says it is.
    Failed {
        /// Why.
        problem: ProblemCode,
    },
    /// The files are here, but another terminal took the delivery over: this copy is marked as the doubtful one.
    Superseded,
}

/// What happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PickupEvent {
    /// The server gave the claim.
    Claimed {
        /// Under this fence.
        fence: u64,
    },
    /// The files are visible in the target folder and were read back.
    Landed,
    /// The server made it 済.
    Confirmed {
        /// When.
        received_at: DateTime<Utc>,
    },
    /// The server says that the claim is no longer this terminal's.
    ClaimLost,
    /// It cannot go on.
    Failed {
        /// Why.
        problem: ProblemCode,
    },
    /// A person wants it again.
    Retry,
    /// Fetching again what is here as a doubtful copy came to nothing: that copy is still what it was.
    CopyStays,
}

/// A row does not take this event in its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PickupRefusal;

/// The one transition function of a pickup.
pub fn step(state: &PickupState, event: PickupEvent) -> Result<PickupState, PickupRefusal> {
    use PickupEvent as E;
    use PickupState as S;
    match (state, event) {
        // A claim asked for again after a crash comes under a higher fence; what had landed must land under it again.
        (S::Planned | S::Landing { .. }, E::Claimed { fence }) => Ok(S::Landing { fence }),
        (S::Landing { fence }, E::Landed) => Ok(S::Landed { fence: *fence }),
        (S::Landed { .. }, E::Confirmed { received_at }) => Ok(S::Confirmed { received_at }),
        (S::Confirmed { .. }, E::Confirmed { .. }) => Ok(state.clone()),
        (S::Landed { .. }, E::ClaimLost) => Ok(S::Superseded),
        (S::Planned | S::Landing { .. }, E::CopyStays) => Ok(S::Superseded),
        (S::Planned | S::Landing { .. }, E::ClaimLost) => Ok(S::Failed {
            problem: ProblemCode::ClaimLost,
        }),
        // Once the files have landed nothing but the server's word ends the pickup.
        (S::Planned | S::Landing { .. }, E::Failed { problem }) => Ok(S::Failed { problem }),
        // Of a doubtful copy only once the exchange has given this terminal the claim again: until then it stays marked.
        (S::Failed { .. } | S::Superseded, E::Retry) => Ok(S::Planned),
        _ => Err(PickupRefusal),
    }
}

/// The exchange's word that this terminal does not hold the delivery any more.
pub fn ends_the_claim(problem: ProblemCode) -> bool {
    matches!(
        problem,
        ProblemCode::ClaimLost
            | ProblemCode::ClaimedElsewhere
            | ProblemCode::AlreadyReceived
            | ProblemCode::DeliveryUnknown
            | ProblemCode::DeliveryRecalled
            | ProblemCode::DeliveryExpired
    )
}

/// A failure that another try cures.
pub fn passes(problem: ProblemCode) -> bool {
    matches!(
        problem,
        ProblemCode::ServerUnreachable
            | ProblemCode::ServerInterrupted
            | ProblemCode::ServerBusy
            | ProblemCode::TooManyRequests
            | ProblemCode::RequestTooSlow
            | ProblemCode::SignInRequired
    )
}

/// How a pickup ends that cannot go on; `doubtful`: an earlier copy is here.
pub fn given_up(doubtful: bool, problem: ProblemCode) -> PickupEvent {
    match doubtful {
        true => PickupEvent::CopyStays,
        false => PickupEvent::Failed { problem },
    }
}

/// What a refused claim comes to; nothing where the stored row stays as it is. `superseded`: that row is a doubtful copy.
pub fn claim_refused(
    state: &PickupState,
    superseded: bool,
    doubtful: bool,
    problem: ProblemCode,
) -> Option<PickupEvent> {
    // Without a new claim the copy that is here stays the doubtful one that it is; an interrupted pickup keeps what it
    // has until the exchange is back.
    let stays = superseded || (passes(problem) && matches!(state, PickupState::Landing { .. }));
    (!stays).then(|| given_up(doubtful, problem))
}

/// What it comes to that the bytes stopped coming; nothing where it goes on by itself.
pub fn line_broke(doubtful: bool, problem: ProblemCode) -> Option<PickupEvent> {
    match (passes(problem), ends_the_claim(problem), doubtful) {
        (true, _, _) => None,
        (false, true, false) => Some(PickupEvent::ClaimLost),
        _ => Some(given_up(doubtful, problem)),
    }
}

/// What the answer to a confirmation comes to; nothing where it is asked for again.
pub fn confirmation(answer: Result<DateTime<Utc>, ProblemCode>) -> Option<PickupEvent> {
    match answer {
        Ok(received_at) => Some(PickupEvent::Confirmed { received_at }),
        Err(problem) if ends_the_claim(problem) => Some(PickupEvent::ClaimLost),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(events: &[PickupEvent]) -> Result<PickupState, PickupRefusal> {
        events
            .iter()
            .try_fold(PickupState::Planned, |state, event| step(&state, *event))
    }

    use PickupEvent as E;

    #[test]
    fn claim_land_confirm() {
        let received_at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let way = [E::Claimed { fence: 1 }, E::Landed, E::Confirmed { received_at }];
        assert_eq!(run(&way), Ok(PickupState::Confirmed { received_at }));
        assert_eq!(run(&[E::Confirmed { received_at }]), Err(PickupRefusal));
        assert_eq!(
            run(&[E::Claimed { fence: 1 }, E::Confirmed { received_at }]),
            Err(PickupRefusal)
        );
    }

    #[test]
    fn a_landed_copy_is_never_forgotten() {
        let landed = [E::Claimed { fence: 1 }, E::Landed];
        let failed = E::Failed {
            problem: ProblemCode::ServerUnreachable,
        };
        assert_eq!(run(&[&landed[..], &[failed]].concat()), Err(PickupRefusal));
        assert_eq!(
            run(&[&landed[..], &[E::ClaimLost]].concat()),
            Ok(PickupState::Superseded)
        );
    }

    #[test]
    fn a_superseded_copy_may_be_fetched_anew() {
        let superseded = [E::Claimed { fence: 1 }, E::Landed, E::ClaimLost];
        let again = [E::Retry, E::Claimed { fence: 3 }, E::Landed];
        assert_eq!(
            run(&[&superseded[..], &again].concat()),
            Ok(PickupState::Landed { fence: 3 })
        );
        let problem = ProblemCode::AlreadyReceived;
        assert_eq!(
            run(&[&superseded[..], &[E::Failed { problem }]].concat()),
            Err(PickupRefusal)
        );
    }

    #[test]
    fn a_crash_while_landing_claims_again() {
        let again = [E::Claimed { fence: 1 }, E::Claimed { fence: 2 }, E::Landed];
        assert_eq!(run(&again), Ok(PickupState::Landed { fence: 2 }));
        let failed = E::Failed {
            problem: ProblemCode::FolderFull,
        };
        assert_eq!(
            run(&[E::Claimed { fence: 1 }, failed, E::Retry]),
            Ok(PickupState::Planned)
        );
    }
}
