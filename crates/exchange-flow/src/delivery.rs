//! The server's side of a delivery.
//!
//! | state ＼ event | `Claim` | `TakeOver` | `ServeRange` | `Confirm` | `Recall` | `Expire` |
//! |---|---|---|---|---|---|---|
//! | `Waiting` | → `Claimed` | refused | refused | refused | → `Recalled` | → `Expired` when due |
//! | `Claimed`, lapsed | → `Claimed` by the caller | → `Claimed` | refused unless same claim | same claim: → `Received` | → `Recalled` | → `Expired` when due |
//! | `Claimed`, held | same terminal: again; other: refused | → `Claimed` by the caller | same claim | same claim: → `Received` | refused | refused |
//! | `Received` | refused | refused | refused | same fence: the first answer again | refused | – |
//! | `Recalled` | refused | refused | refused | refused | the first answer again | – |
//! | `Expired` | refused | refused | refused | refused | refused | – |
//!
//! A claim *lapses* when its lease runs out before the last byte was served. Once the last byte was served the
//! terminal may hold everything, so only its confirmation, or a person's takeover, ends the claim (D4).

use care_model::{ProblemCode, TerminalId, limits};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Where a delivery stands on the server. Before acceptance it is an upload, which nobody but its sender sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryState {
    /// Accepted and durable; nobody fetches it (未取得).
    Waiting {
        /// The fence of the last claim, 0 before the first.
        fence: u64,
    },
    /// One terminal fetches it (取得中).
    Claimed(ClaimHeld),
    /// 済. Irrevocable; the content is erased.
    Received {
        /// Who confirmed.
        terminal: TerminalId,
        /// Under which fence.
        fence: u64,
        /// When it was first confirmed.
        at: DateTime<Utc>,
    },
    /// Taken back by its sender before it was fetched.
    Recalled {
        /// When.
        at: DateTime<Utc>,
    },
    /// Nobody fetched it in the retention period.
    Expired {
        /// When.
        at: DateTime<Utc>,
    },
}

/// A claim that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimHeld {
    /// To whom.
    pub terminal: TerminalId,
    /// Under which fence.
    pub fence: u64,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when it holds without a range being served.
    pub lease_until: DateTime<Utc>,
    /// Whether the last byte was served: from then on the lease no longer matters.
    pub all_served: bool,
}

impl ClaimHeld {
    /// Whether the claim still keeps others out.
    pub fn is_held(&self, now: DateTime<Utc>) -> bool {
        self.all_served || now < self.lease_until
    }
}

/// What is asked of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryEvent {
    /// A terminal of the destination wants to fetch it.
    Claim {
        /// Which.
        terminal: TerminalId,
    },
    /// A person at another terminal takes it over, told what that means.
    TakeOver {
        /// The new terminal.
        terminal: TerminalId,
        /// The fence that the person saw.
        seen_fence: u64,
    },
    /// A range is about to be served.
    ServeRange {
        /// To whom.
        terminal: TerminalId,
        /// Under which fence.
        fence: u64,
        /// Whether after this range every byte of the content was served.
        completes: bool,
    },
    /// The terminal stored and checked every byte.
    Confirm {
        /// Which.
        terminal: TerminalId,
        /// Under which fence it fetched.
        fence: u64,
    },
    /// The sender takes it back.
    Recall,
    /// The sweep found its retention period over.
    Expire {
        /// Until when its content is kept, as was promised when it was accepted.
        kept_until: DateTime<Utc>,
    },
}

/// What the storage must do in the same transaction that stores the new state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryEffect {
    /// Destroy the wrapped content key and schedule the bytes for erasure.
    EraseContent,
    /// Tell the receiving office's terminals that their list changed.
    InboxChanged,
    /// Tell the sending office's terminals that their list changed.
    OutboxChanged,
}

/// A refusal, with what its sentence needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryRefusal {
    /// Another terminal has it.
    ClaimedElsewhere(ClaimHeld),
    /// The claim named is not the claim in force.
    ClaimLost,
    /// It is 済.
    AlreadyReceived,
    /// It was taken back.
    Recalled,
    /// It expired.
    Expired,
    /// It is being fetched or was fetched: too late to take it back.
    RecallTooLate {
        /// When it was confirmed, which its sender may know; none while it is being fetched, of which a sender is
        /// told neither by whom nor since when.
        received_at: Option<DateTime<Utc>>,
    },
    /// It is not due for expiry.
    NotDue,
}

impl DeliveryRefusal {
    /// The code under which the refusal reaches a person.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::ClaimedElsewhere(_) => ProblemCode::ClaimedElsewhere,
            Self::ClaimLost => ProblemCode::ClaimLost,
            Self::AlreadyReceived => ProblemCode::AlreadyReceived,
            Self::Recalled => ProblemCode::DeliveryRecalled,
            Self::Expired => ProblemCode::DeliveryExpired,
            Self::RecallTooLate { .. } => ProblemCode::RecallTooLate,
            Self::NotDue => ProblemCode::Internal,
        }
    }
}

/// A new state and what goes with it. No effects and the same state: nothing is to be written.
pub type Stepped = (DeliveryState, Vec<DeliveryEffect>);

/// The one transition function of a delivery.
pub fn step(state: &DeliveryState, event: DeliveryEvent, now: DateTime<Utc>) -> Result<Stepped, DeliveryRefusal> {
    use DeliveryEvent as E;
    use DeliveryRefusal as R;
    use DeliveryState as S;
    match (state, event) {
        (S::Waiting { fence }, E::Claim { terminal }) => Ok(claimed(terminal, *fence, now)),
        (S::Claimed(claim), E::Claim { terminal }) if claim.terminal == terminal || !claim.is_held(now) => {
            Ok(claimed(terminal, claim.fence, now))
        }
        (S::Claimed(claim), E::Claim { .. }) => Err(R::ClaimedElsewhere(*claim)),

        // A takeover names the claim that the person was told about; a newer claim must be told anew.
        (S::Claimed(claim), E::TakeOver { terminal, seen_fence }) if claim.fence == seen_fence => {
            Ok(claimed(terminal, claim.fence, now))
        }
        (S::Claimed(claim), E::TakeOver { .. }) => Err(R::ClaimedElsewhere(*claim)),
        (S::Waiting { .. }, E::TakeOver { .. }) => Err(R::ClaimLost),

        (
            S::Claimed(claim),
            E::ServeRange {
                terminal,
                fence,
                completes,
            },
        ) if claim.terminal == terminal && claim.fence == fence => {
            let renewed = ClaimHeld {
                lease_until: lease_from(now),
                all_served: claim.all_served || completes,
                ..*claim
            };
            Ok((S::Claimed(renewed), Vec::new()))
        }
        (S::Claimed(_) | S::Waiting { .. }, E::ServeRange { .. }) => Err(R::ClaimLost),

        (S::Claimed(claim), E::Confirm { terminal, fence }) if claim.terminal == terminal && claim.fence == fence => {
            Ok((
                S::Received {
                    terminal,
                    fence,
                    at: now,
                },
                vec![
                    DeliveryEffect::EraseContent,
                    DeliveryEffect::InboxChanged,
                    DeliveryEffect::OutboxChanged,
                ],
            ))
        }
        (S::Claimed(_) | S::Waiting { .. }, E::Confirm { .. }) => Err(R::ClaimLost),
        (
            S::Received {
                terminal: by,
                fence: under,
                ..
            },
            E::Confirm { terminal, fence },
        ) if *by == terminal && *under == fence => Ok((state.clone(), Vec::new())),
        // Somebody else confirmed after a takeover: this terminal's copy is the doubtful one.
        (S::Received { .. }, E::Confirm { .. }) => Err(R::ClaimLost),

        (S::Waiting { .. }, E::Recall) => Ok(recalled(now)),
        (S::Claimed(claim), E::Recall) if !claim.is_held(now) => Ok(recalled(now)),
        (S::Claimed(_), E::Recall) => Err(R::RecallTooLate { received_at: None }),
        (S::Received { at, .. }, E::Recall) => Err(R::RecallTooLate { received_at: Some(*at) }),
        (S::Recalled { .. }, E::Recall) => Ok((state.clone(), Vec::new())),

        (S::Waiting { .. }, E::Expire { kept_until }) if now >= kept_until => Ok(expired(now)),
        (S::Claimed(claim), E::Expire { kept_until }) if !claim.is_held(now) && now >= kept_until => Ok(expired(now)),
        (S::Waiting { .. } | S::Claimed(_), E::Expire { .. }) => Err(R::NotDue),

        (S::Received { .. }, _) => Err(R::AlreadyReceived),
        (S::Recalled { .. }, _) => Err(R::Recalled),
        (S::Expired { .. }, _) => Err(R::Expired),
    }
}

/// A claim under the next fence.
fn claimed(terminal: TerminalId, last_fence: u64, now: DateTime<Utc>) -> Stepped {
    let claim = ClaimHeld {
        terminal,
        fence: last_fence.saturating_add(1),
        since: now,
        lease_until: lease_from(now),
        all_served: false,
    };
    (DeliveryState::Claimed(claim), vec![DeliveryEffect::InboxChanged])
}

fn recalled(now: DateTime<Utc>) -> Stepped {
    let effects = vec![
        DeliveryEffect::EraseContent,
        DeliveryEffect::InboxChanged,
        DeliveryEffect::OutboxChanged,
    ];
    (DeliveryState::Recalled { at: now }, effects)
}

fn expired(now: DateTime<Utc>) -> Stepped {
    let effects = vec![
        DeliveryEffect::EraseContent,
        DeliveryEffect::InboxChanged,
        DeliveryEffect::OutboxChanged,
    ];
    (DeliveryState::Expired { at: now }, effects)
}

fn lease_from(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::seconds(limits::CLAIM_LEASE_SECONDS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Seconds after which it is due.
    const DUE: i64 = 90 * 86_400;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn terminal(n: u8) -> TerminalId {
        TerminalId::from_bytes([n; 16])
    }

    fn claim(state: &DeliveryState) -> ClaimHeld {
        match state {
            DeliveryState::Claimed(claim) => *claim,
            other => panic!("not claimed: {other:?}"),
        }
    }

    /// Steps through events at the given seconds and returns the state, or the first refusal.
    fn run(events: &[(i64, DeliveryEvent)]) -> Result<DeliveryState, DeliveryRefusal> {
        events
            .iter()
            .try_fold(DeliveryState::Waiting { fence: 0 }, |state, (seconds, event)| {
                step(&state, *event, at(*seconds)).map(|(state, _)| state)
            })
    }

    use DeliveryEvent as E;

    #[test]
    fn claim_serve_confirm() {
        let state = run(&[
            (0, E::Claim { terminal: terminal(1) }),
            (
                1,
                E::ServeRange {
                    terminal: terminal(1),
                    fence: 1,
                    completes: true,
                },
            ),
            (
                2,
                E::Confirm {
                    terminal: terminal(1),
                    fence: 1,
                },
            ),
            (
                3,
                E::Confirm {
                    terminal: terminal(1),
                    fence: 1,
                },
            ),
        ]);
        assert_eq!(
            state,
            Ok(DeliveryState::Received {
                terminal: terminal(1),
                fence: 1,
                at: at(2)
            })
        );
    }

    #[test]
    fn the_second_terminal_is_told_who_has_it() {
        let first = run(&[(0, E::Claim { terminal: terminal(1) })]).unwrap();
        assert_eq!(
            step(&first, E::Claim { terminal: terminal(2) }, at(119)),
            Err(DeliveryRefusal::ClaimedElsewhere(claim(&first)))
        );
        let second = step(&first, E::Claim { terminal: terminal(2) }, at(120)).unwrap().0;
        assert_eq!((claim(&second).terminal, claim(&second).fence), (terminal(2), 2));
        assert_eq!(
            step(
                &second,
                E::Confirm {
                    terminal: terminal(1),
                    fence: 1
                },
                at(121)
            ),
            Err(DeliveryRefusal::ClaimLost)
        );
    }

    #[test]
    fn a_fully_served_claim_never_lapses_by_itself() {
        let served = run(&[
            (0, E::Claim { terminal: terminal(1) }),
            (
                1,
                E::ServeRange {
                    terminal: terminal(1),
                    fence: 1,
                    completes: true,
                },
            ),
        ])
        .unwrap();
        let year = 365 * 86_400;
        assert!(matches!(
            step(&served, E::Claim { terminal: terminal(2) }, at(year)),
            Err(DeliveryRefusal::ClaimedElsewhere(_))
        ));
        assert_eq!(
            step(&served, E::Recall, at(year)),
            Err(DeliveryRefusal::RecallTooLate { received_at: None })
        );
        assert_eq!(
            step(&served, E::Expire { kept_until: at(DUE) }, at(year)),
            Err(DeliveryRefusal::NotDue)
        );
        let taken = step(
            &served,
            E::TakeOver {
                terminal: terminal(2),
                seen_fence: 1,
            },
            at(year),
        )
        .unwrap()
        .0;
        assert_eq!(
            step(
                &taken,
                E::Confirm {
                    terminal: terminal(1),
                    fence: 1
                },
                at(year)
            ),
            Err(DeliveryRefusal::ClaimLost)
        );
        assert!(
            step(
                &taken,
                E::Confirm {
                    terminal: terminal(2),
                    fence: 2
                },
                at(year)
            )
            .is_ok()
        );
    }

    #[test]
    fn a_takeover_names_what_the_person_saw() {
        let state = run(&[
            (0, E::Claim { terminal: terminal(1) }),
            (200, E::Claim { terminal: terminal(2) }),
        ])
        .unwrap();
        let late = E::TakeOver {
            terminal: terminal(3),
            seen_fence: 1,
        };
        assert_eq!(
            step(&state, late, at(201)),
            Err(DeliveryRefusal::ClaimedElsewhere(claim(&state)))
        );
    }

    #[test]
    fn what_is_over_stays_over() {
        let recalled = run(&[(0, E::Recall)]).unwrap();
        assert_eq!(
            step(&recalled, E::Claim { terminal: terminal(1) }, at(1)),
            Err(DeliveryRefusal::Recalled)
        );
        assert_eq!(step(&recalled, E::Recall, at(9)).unwrap().0, recalled);
        assert_eq!(
            run(&[(DUE - 1, E::Expire { kept_until: at(DUE) })]),
            Err(DeliveryRefusal::NotDue)
        );
        let expired = run(&[(DUE, E::Expire { kept_until: at(DUE) })]).unwrap();
        assert_eq!(
            step(&expired, E::Claim { terminal: terminal(1) }, at(DUE)),
            Err(DeliveryRefusal::Expired)
        );
    }

    #[test]
    fn a_recall_comes_before_a_claim_or_after_one_that_lapsed() {
        let too_late = |received_at| Err(DeliveryRefusal::RecallTooLate { received_at });
        let claimed = run(&[(0, E::Claim { terminal: terminal(1) })]).unwrap();
        assert_eq!(step(&claimed, E::Recall, at(119)), too_late(None));
        // Nobody fetched for two minutes, and not every byte was served: what is there is a part of it at most.
        let (recalled, effects) = step(&claimed, E::Recall, at(120)).unwrap();
        assert_eq!(recalled, DeliveryState::Recalled { at: at(120) });
        assert_eq!(
            effects,
            [
                DeliveryEffect::EraseContent,
                DeliveryEffect::InboxChanged,
                DeliveryEffect::OutboxChanged
            ]
        );
        let confirm = E::Confirm {
            terminal: terminal(1),
            fence: 1,
        };
        let range = E::ServeRange {
            terminal: terminal(1),
            fence: 1,
            completes: true,
        };
        for event in [confirm, range] {
            assert_eq!(step(&recalled, event, at(121)), Err(DeliveryRefusal::Recalled));
        }
        let received = step(&claimed, confirm, at(5)).unwrap().0;
        assert_eq!(step(&received, E::Recall, at(9)), too_late(Some(at(5))));
        let expired = run(&[(DUE, E::Expire { kept_until: at(DUE) })]).unwrap();
        assert_eq!(step(&expired, E::Recall, at(DUE)), Err(DeliveryRefusal::Expired));
    }

    fn event() -> impl Strategy<Value = DeliveryEvent> {
        let terminals = (1..4_u8).prop_map(terminal);
        let fences = 0..6_u64;
        prop_oneof![
            terminals.clone().prop_map(|terminal| E::Claim { terminal }),
            (terminals.clone(), fences.clone()).prop_map(|(terminal, seen_fence)| E::TakeOver { terminal, seen_fence }),
            (terminals.clone(), fences.clone(), any::<bool>()).prop_map(|(terminal, fence, completes)| E::ServeRange {
                terminal,
                fence,
                completes
            }),
            (terminals, fences).prop_map(|(terminal, fence)| E::Confirm { terminal, fence }),
            Just(E::Recall),
            Just(E::Expire { kept_until: at(5_000) }),
        ]
    }

    proptest! {
        /// However events come: at most one first confirmation, the fence never falls, what is over stays over,
        /// content is erased exactly when the delivery is over, and what a terminal holds under a claim that still
        /// keeps others out is never taken back from it.
        #[test]
        fn invariants_hold_for_any_history(history in prop::collection::vec((0..400_i64, event()), 1..60)) {
            let mut state = DeliveryState::Waiting { fence: 0 };
            let (mut now, mut fence, mut erased) = (0, 0, 0);
            for (wait, event) in history {
                now += wait;
                let over_before = matches!(state, DeliveryState::Received { .. } | DeliveryState::Recalled { .. } | DeliveryState::Expired { .. });
                let held_before = matches!(&state, DeliveryState::Claimed(claim) if claim.is_held(at(now)));
                let Ok((next, effects)) = step(&state, event, at(now)) else { continue };
                let taken_back = matches!(next, DeliveryState::Recalled { .. });
                prop_assert!(!(held_before && taken_back));
                if over_before {
                    prop_assert_eq!(&next, &state);
                    prop_assert!(effects.is_empty());
                }
                erased += effects.iter().filter(|effect| **effect == DeliveryEffect::EraseContent).count();
                if let DeliveryState::Claimed(claim) = &next {
                    prop_assert!(claim.fence >= fence);
                    fence = claim.fence;
                }
                state = next;
            }
            let over = matches!(state, DeliveryState::Received { .. } | DeliveryState::Recalled { .. } | DeliveryState::Expired { .. });
            prop_assert_eq!(erased, usize::from(over));
        }
    }
}
