//! Steps at their edges: the wrong terminal, the wrong fence, news that comes twice, a process that begins anew.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use care_model::{ProblemCode, TerminalId};
use chrono::{DateTime, Utc};
use exchange_flow::{delivery, outbox, pickup};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn terminal(number: u8) -> TerminalId {
    TerminalId::from_bytes([number; 16])
}

mod deliveries {
    use delivery::{DeliveryEvent as E, DeliveryRefusal as R, DeliveryState as S, step};

    use super::*;

    /// Claimed by terminal 1 under fence 1 at second 0.
    fn claimed() -> S {
        let claim = E::Claim { terminal: terminal(1) };
        step(&S::Waiting { fence: 0 }, claim, at(0)).unwrap().0
    }

    fn serve(number: u8, fence: u64) -> E {
        E::ServeRange {
            terminal: terminal(number),
            fence,
            completes: false,
        }
    }

    fn confirm(number: u8, fence: u64) -> E {
        E::Confirm {
            terminal: terminal(number),
            fence,
        }
    }

    #[test]
    fn only_the_claiming_terminal_under_its_fence_is_served_and_confirms() {
        for (number, fence) in [(2, 1), (1, 2), (2, 2)] {
            assert_eq!(step(&claimed(), serve(number, fence), at(1)), Err(R::ClaimLost));
            assert_eq!(step(&claimed(), confirm(number, fence), at(1)), Err(R::ClaimLost));
        }
    }

    #[test]
    fn a_range_renews_the_lease() {
        let served = step(&claimed(), serve(1, 1), at(100)).unwrap().0;
        let other = E::Claim { terminal: terminal(2) };
        // The first lease of two minutes is over, the renewed one is not.
        assert!(matches!(step(&served, other, at(121)), Err(R::ClaimedElsewhere(_))));
        assert!(matches!(step(&served, other, at(219)), Err(R::ClaimedElsewhere(_))));
        assert!(step(&served, other, at(220)).is_ok());
    }

    #[test]
    fn a_confirmation_is_repeated_only_to_whom_it_was_given() {
        let received = step(&claimed(), confirm(1, 1), at(1)).unwrap().0;
        let (again, effects) = step(&received, confirm(1, 1), at(2)).unwrap();
        assert_eq!(
            (&again, effects.len()),
            (&received, 0),
            "the first answer stands and nothing happens"
        );
        for (number, fence) in [(2, 1), (1, 2), (2, 2)] {
            assert_eq!(step(&received, confirm(number, fence), at(2)), Err(R::ClaimLost));
        }
    }

    #[test]
    fn a_claimed_delivery_expires_only_when_nobody_holds_it_and_its_days_are_over() {
        let day = 86_400;
        let kept_until = at(90 * day);
        let late = 91 * day;
        let claim = E::Claim { terminal: terminal(1) };
        let held = step(&S::Waiting { fence: 0 }, claim, at(late)).unwrap().0;
        let expire = E::Expire { kept_until };
        assert_eq!(step(&held, expire, at(late + 119)), Err(R::NotDue), "somebody holds it");
        let expired = step(&held, expire, at(late + 120)).unwrap().0;
        assert!(matches!(expired, S::Expired { .. }));
        assert_eq!(
            step(&claimed(), expire, at(day)),
            Err(R::NotDue),
            "its days are not over"
        );
    }
}

mod sends {
    use outbox::{OutboxEvent as E, OutboxRefusal, OutboxState as S, step};

    use super::*;

    #[test]
    fn a_new_process_leaves_what_is_settled_and_takes_up_what_waits() {
        let problem = ProblemCode::DestinationUnknown;
        for settled in [
            S::Sent { accepted_at: at(1) },
            S::Held {
                problem,
                maybe_sent: true,
            },
            S::Cancelled,
        ] {
            assert_eq!(step(&settled, E::Restarted, at(9)), Ok(settled.clone()));
        }
        for maybe_sent in [false, true] {
            let waiting = S::Queued {
                tries: 3,
                not_before: at(60),
                maybe_sent,
            };
            let taken_up = S::Queued {
                tries: 3,
                not_before: at(9),
                maybe_sent,
            };
            assert_eq!(step(&waiting, E::Restarted, at(9)), Ok(taken_up), "tried at once");
        }
    }

    #[test]
    fn the_first_acceptance_stands() {
        let sent = S::Sent { accepted_at: at(1) };
        let again = E::Accepted { accepted_at: at(5) };
        assert_eq!(step(&sent, again, at(6)), Ok(sent.clone()));
        assert_eq!(step(&sent, E::Start, at(6)), Err(OutboxRefusal));
    }
}

mod pickups {
    use pickup::{PickupEvent as E, PickupState as S, step};

    use super::*;

    #[test]
    fn the_first_confirmation_stands() {
        let confirmed = S::Confirmed { received_at: at(1) };
        let again = E::Confirmed { received_at: at(5) };
        assert_eq!(step(&confirmed, again), Ok(confirmed));
    }

    #[test]
    fn a_claim_lost_before_anything_landed_is_a_failure_that_may_be_tried_again() {
        let failed = S::Failed {
            problem: ProblemCode::ClaimLost,
        };
        for state in [S::Planned, S::Landing { fence: 1 }] {
            assert_eq!(step(&state, E::ClaimLost), Ok(failed.clone()));
        }
        assert_eq!(step(&failed, E::Retry), Ok(S::Planned));
    }

    #[test]
    fn a_doubtful_copy_stays_one_when_fetching_again_comes_to_nothing() {
        assert_eq!(step(&S::Superseded, E::Retry), Ok(S::Planned));
        for state in [S::Planned, S::Landing { fence: 2 }] {
            assert_eq!(step(&state, E::CopyStays), Ok(S::Superseded));
        }
        assert!(step(&S::Landed { fence: 2 }, E::CopyStays).is_err());
    }
}
