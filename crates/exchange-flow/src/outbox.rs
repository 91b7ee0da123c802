//! The sending desk's side: a row that exists before the first byte leaves, and ends as sent, cancelled or held.

use care_model::ProblemCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Where an outgoing delivery stands on the sending desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum OutboxState {
    /// Stored; nothing left yet, or the next try waits for its time.
    Queued {
        /// Tries so far.
        tries: u32,
        /// Not before.
        not_before: DateTime<Utc>,
        /// Whether a byte may have reached the server: then the server may already hold it, and it can't be cancelled.
        maybe_sent: bool,
    },
    /// A try is under way.
    Sending {
        /// Tries so far, this one included.
        tries: u32,
        /// Whether an earlier try may have reached the server.
        maybe_sent: bool,
    },
    /// The server said that it holds it durably.
    Sent {
        /// The server's time of acceptance.
        accepted_at: DateTime<Utc>,
    },
    /// Refused; a person must see it.
    Held {
        /// Why.
        problem: ProblemCode,
        /// Whether the server may hold it all the same: then it can't be cancelled.
        maybe_sent: bool,
    },
    /// Cancelled before a byte left.
    Cancelled,
    /// The destination is not on the exchange: it is printed, and a person faxes it. Nothing of it ever leaves from here.
    OnPaper {
        /// When a person said that it was faxed; none until then.
        faxed_at: Option<DateTime<Utc>>,
    },
}

/// What happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxEvent {
    /// The queue takes it up.
    Start,
    /// The server accepted, now or earlier.
    Accepted {
        /// When.
        accepted_at: DateTime<Utc>,
    },
    /// The line or the server failed in a way that another try may cure. Whether the server holds it is unknown.
    Interrupted,
    /// The server is too busy for it and says when to come again. Whether it holds it from this try is as unknown as after
    /// an interruption.
    PutOff {
        /// Seconds that it asks to wait.
        seconds: u32,
    },
    /// The server could not be reached at all, or an upload broke off before its commit was asked for: by this try it
    /// holds nothing.
    Unreachable,
    /// A person ended the try before its commit was asked for.
    Stopped,
    /// The server refused for good.
    Refused {
        /// Why.
        problem: ProblemCode,
        /// What the refusal says of the earlier tries.
        holding: Holding,
    },
    /// The process starts and finds the row.
    Restarted,
    /// A person wants a held row to be tried again, under the same identity.
    Retry,
    /// A person cancels.
    Cancel,
    /// A person wants what was refused because its destination is not on the exchange printed instead.
    PutOnPaper,
    /// A person says that it was faxed.
    Faxed,
    /// A person says that it was not faxed after all.
    NotFaxed,
}

/// What a refusal says about whether the server holds the delivery from an earlier try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// The server looked the identity up, and does not hold it.
    NotHeld,
    /// The refusal came before the identity was looked at: what was known before stands.
    Untold,
    /// Bytes left, and the answer can't be read: it may.
    MayBe,
}

/// A row does not take this event in its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxRefusal;

/// Longest wait between two tries, in seconds, whoever asks for it.
const WAIT_SECONDS_MAX: u32 = 60;

/// The one transition function of an outgoing delivery.
pub fn step(state: &OutboxState, event: OutboxEvent, now: DateTime<Utc>) -> Result<OutboxState, OutboxRefusal> {
    use OutboxEvent as E;
    use OutboxState as S;
    match (state, event) {
        (S::Queued { tries, maybe_sent, .. }, E::Start) => Ok(S::Sending {
            tries: tries.saturating_add(1),
            maybe_sent: *maybe_sent,
        }),
        (S::Sending { .. }, E::Accepted { accepted_at }) => Ok(S::Sent { accepted_at }),
        (S::Sending { tries, .. }, E::Interrupted) => Ok(queued_after(*tries, wait_seconds(*tries), true, now)),
        (S::Sending { tries, .. }, E::PutOff { seconds }) => Ok(queued_after(*tries, seconds, true, now)),
        (S::Sending { tries, maybe_sent }, E::Unreachable) => {
            Ok(queued_after(*tries, wait_seconds(*tries), *maybe_sent, now))
        }
        (S::Sending { maybe_sent, .. }, E::Refused { problem, holding }) => Ok(S::Held {
            problem,
            maybe_sent: match holding {
                Holding::NotHeld => false,
                Holding::Untold => *maybe_sent,
                Holding::MayBe => true,
            },
        }),
        // A process that died in the middle of a try cannot know what the server holds; the same identity makes asking safe.
        (S::Sending { tries, .. }, E::Restarted) => Ok(S::Queued {
            tries: *tries,
            not_before: now,
            maybe_sent: true,
        }),
        (S::Queued { tries, maybe_sent, .. }, E::Restarted) => Ok(S::Queued {
            tries: *tries,
            not_before: now,
            maybe_sent: *maybe_sent,
        }),
        (S::Held { maybe_sent, .. }, E::Retry) => Ok(S::Queued {
            tries: 0,
            not_before: now,
            maybe_sent: *maybe_sent,
        }),
        (S::Queued { maybe_sent: false, .. } | S::Held { maybe_sent: false, .. }, E::Cancel) => Ok(S::Cancelled),
        (S::Sending { maybe_sent: false, .. } | S::Cancelled, E::Stopped) => Ok(S::Cancelled),
        // Only what the server does not hold, and can't hold, may go another way.
        (
            S::Held {
                problem: ProblemCode::DestinationUnknown,
                maybe_sent: false,
            },
            E::PutOnPaper,
        ) => Ok(S::OnPaper { faxed_at: None }),
        // The first time stands.
        (S::OnPaper { faxed_at }, E::Faxed) => Ok(S::OnPaper {
            faxed_at: Some(faxed_at.unwrap_or(now)),
        }),
        (S::OnPaper { .. }, E::NotFaxed) => Ok(S::OnPaper { faxed_at: None }),
        (S::Sent { .. } | S::Held { .. } | S::Cancelled | S::OnPaper { .. }, E::Restarted) => Ok(state.clone()),
        // Acceptance may arrive a second time; the first answer stands.
        (S::Sent { .. }, E::Accepted { .. }) => Ok(state.clone()),
        _ => Err(OutboxRefusal),
    }
}

/// What a refusal of a try comes to. A server that is busy may say after how many seconds it wants to be asked again; after
/// any other refusal the queue waits as long as it does by itself.
pub fn refused(problem: ProblemCode, retry_after_seconds: Option<u32>) -> OutboxEvent {
    match problem {
        // It knows how many it put off, and how soon it has time for them (ADR 0066).
        ProblemCode::ServerBusy => match retry_after_seconds {
            Some(seconds) => OutboxEvent::PutOff { seconds },
            None => OutboxEvent::Interrupted,
        },
        // These pass: by themselves, or when somebody signs in.
        ProblemCode::RequestTooSlow
        | ProblemCode::UploadOffset
        | ProblemCode::Internal
        | ProblemCode::SignInRequired => OutboxEvent::Interrupted,
        // Refused before anything of it was read. The first wait of the queue is as long as the exchange asks for.
        ProblemCode::TooManyRequests => OutboxEvent::Unreachable,
        problem => OutboxEvent::Refused {
            problem,
            holding: holding_after(problem),
        },
    }
}

/// The server looks an identity up before it gives one of these; other refusals come earlier.
fn holding_after(problem: ProblemCode) -> Holding {
    match problem {
        ProblemCode::DestinationUnknown
        | ProblemCode::LicenceExpired
        | ProblemCode::AttachmentKindRefused
        | ProblemCode::MailboxFull
        | ProblemCode::SendsADayReached
        | ProblemCode::UploadsTooMany => Holding::NotHeld,
        _ => Holding::Untold,
    }
}

/// What a try of an upload comes to: what broke off before its commit was asked for never came to it.
pub fn of_upload(event: OutboxEvent, commit_asked: bool) -> OutboxEvent {
    match event {
        OutboxEvent::Interrupted | OutboxEvent::PutOff { .. } if !commit_asked => OutboxEvent::Unreachable,
        event => event,
    }
}

/// Doubling waits of 1, 2, 4 … seconds, at most a minute.
fn wait_seconds(tries: u32) -> u32 {
    (1 << tries.saturating_sub(1).min(6)).min(WAIT_SECONDS_MAX)
}

/// Back in the queue for so many seconds and up to half as long again.
///
/// Desks that a busy exchange refused at the same moment must not come again at the same moment (ADR 0046): by how much a
/// wait is longer is what the clock happens to show below a millisecond.
fn queued_after(tries: u32, seconds: u32, maybe_sent: bool, now: DateTime<Utc>) -> OutboxState {
    let wait = i64::from(seconds.clamp(1, WAIT_SECONDS_MAX));
    let thousandths = 1_000 + i64::from(now.timestamp_subsec_micros() % 1_000) / 2;
    OutboxState::Queued {
        tries,
        not_before: now + TimeDelta::milliseconds(wait * thousandths),
        maybe_sent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn queued() -> OutboxState {
        OutboxState::Queued {
            tries: 0,
            not_before: at(0),
            maybe_sent: false,
        }
    }

    fn run(events: &[OutboxEvent]) -> Result<OutboxState, OutboxRefusal> {
        events
            .iter()
            .try_fold(queued(), |state, event| step(&state, *event, at(0)))
    }

    use OutboxEvent as E;

    #[test]
    fn the_way_to_sent_and_back_to_the_queue() {
        let accepted = E::Accepted { accepted_at: at(5) };
        assert_eq!(run(&[E::Start, accepted]), Ok(OutboxState::Sent { accepted_at: at(5) }));
        assert_eq!(
            run(&[E::Start, E::Interrupted, E::Start, accepted]),
            Ok(OutboxState::Sent { accepted_at: at(5) })
        );
        assert_eq!(
            run(&[E::Start, E::Restarted]),
            Ok(OutboxState::Queued {
                tries: 1,
                not_before: at(0),
                maybe_sent: true
            })
        );
    }

    #[test]
    fn waits_double_up_to_a_minute() {
        let waits: Vec<u32> = (1..9).map(wait_seconds).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn who_is_told_when_to_come_again_comes_then_and_within_a_minute() {
        let wait_after = |seconds| {
            let sending = OutboxState::Sending {
                tries: 7,
                maybe_sent: false,
            };
            match step(&sending, refused_by(Some(seconds)), at(0)) {
                Ok(OutboxState::Queued {
                    not_before, maybe_sent, ..
                }) => (not_before - at(0), maybe_sent),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(wait_after(3), (TimeDelta::seconds(3), true));
        assert_eq!(wait_after(0), (TimeDelta::seconds(1), true));
        for too_long in [WAIT_SECONDS_MAX + 1, u32::MAX] {
            assert_eq!(wait_after(too_long), (TimeDelta::seconds(60), true));
        }
        assert_eq!(refused_by(None), E::Interrupted);
    }

    fn refused_by(retry_after_seconds: Option<u32>) -> OutboxEvent {
        super::refused(ProblemCode::ServerBusy, retry_after_seconds)
    }

    #[test]
    fn who_is_refused_at_the_same_moment_does_not_come_again_at_the_same_moment() {
        let waits: Vec<i64> = (0..1_000)
            .map(|micros| {
                let now = at(0) + TimeDelta::microseconds(micros);
                match queued_after(3, 4, true, now) {
                    OutboxState::Queued { not_before, .. } => (not_before - now).num_milliseconds(),
                    other => panic!("{other:?}"),
                }
            })
            .collect();
        assert_eq!((waits.first(), waits.last()), (Some(&4_000), Some(&5_996)));
        assert!(waits.is_sorted());
    }

    #[test]
    fn what_may_have_left_is_never_cancelled() {
        assert_eq!(run(&[E::Cancel]), Ok(OutboxState::Cancelled));
        assert_eq!(run(&[E::Start, E::Cancel]), Err(OutboxRefusal));
        assert_eq!(run(&[E::Start, E::Unreachable, E::Cancel]), Ok(OutboxState::Cancelled));
        assert_eq!(run(&[E::Start, E::Interrupted, E::Cancel]), Err(OutboxRefusal));
        assert_eq!(
            run(&[E::Start, E::Interrupted, E::Start, E::Unreachable, E::Cancel]),
            Err(OutboxRefusal)
        );
    }

    #[test]
    fn a_try_is_stopped_only_where_nothing_may_have_arrived() {
        assert_eq!(run(&[E::Start, E::Stopped]), Ok(OutboxState::Cancelled));
        assert_eq!(run(&[E::Start, E::Stopped, E::Stopped]), Ok(OutboxState::Cancelled));
        assert_eq!(
            run(&[E::Start, E::Unreachable, E::Start, E::Stopped]),
            Ok(OutboxState::Cancelled)
        );
        assert_eq!(run(&[E::Stopped]), Err(OutboxRefusal));
        assert_eq!(
            run(&[E::Start, E::Interrupted, E::Start, E::Stopped]),
            Err(OutboxRefusal)
        );
        assert_eq!(run(&[E::Start, E::Stopped, E::Start]), Err(OutboxRefusal));
        let accepted = E::Accepted { accepted_at: at(5) };
        assert_eq!(run(&[E::Start, accepted, E::Stopped]), Err(OutboxRefusal));
    }

    fn refused(holding: Holding) -> OutboxEvent {
        E::Refused {
            problem: ProblemCode::DestinationUnknown,
            holding,
        }
    }

    #[test]
    fn a_refusal_is_held_and_may_be_retried_under_the_same_identity() {
        let held = OutboxState::Held {
            problem: ProblemCode::DestinationUnknown,
            maybe_sent: false,
        };
        assert_eq!(run(&[E::Start, refused(Holding::Untold)]), Ok(held));
        assert!(matches!(
            run(&[E::Start, refused(Holding::NotHeld), E::Retry]),
            Ok(OutboxState::Queued { .. })
        ));
        assert_eq!(run(&[E::Accepted { accepted_at: at(0) }]), Err(OutboxRefusal));
    }

    #[test]
    fn only_what_the_exchange_does_not_hold_goes_on_paper_and_it_stays_there() {
        let paper = |way: &[OutboxEvent]| run(&[&[E::Start, refused(Holding::NotHeld), E::PutOnPaper], way].concat());
        let open = OutboxState::OnPaper { faxed_at: None };
        let done = OutboxState::OnPaper { faxed_at: Some(at(0)) };
        assert_eq!(paper(&[]), Ok(open.clone()));
        assert_eq!(paper(&[E::Faxed]), Ok(done.clone()));
        assert_eq!(step(&done, E::Faxed, at(9)), Ok(done.clone()));
        assert_eq!(step(&done, E::Restarted, at(9)), Ok(done));
        assert_eq!(paper(&[E::Faxed, E::NotFaxed]), Ok(open));
        let accepted = E::Accepted { accepted_at: at(0) };
        for event in [E::Start, E::Retry, E::Cancel, E::Stopped, E::PutOnPaper, accepted] {
            assert_eq!(paper(&[event]), Err(OutboxRefusal), "{event:?}");
        }
        // What the server may hold, what was refused for another reason, and what still waits.
        assert_eq!(
            run(&[E::Start, refused(Holding::MayBe), E::PutOnPaper]),
            Err(OutboxRefusal)
        );
        let full = E::Refused {
            problem: ProblemCode::MailboxFull,
            holding: Holding::NotHeld,
        };
        assert_eq!(run(&[E::Start, full, E::PutOnPaper]), Err(OutboxRefusal));
        assert_eq!(run(&[E::PutOnPaper]), Err(OutboxRefusal));
        assert_eq!(run(&[E::Faxed]), Err(OutboxRefusal));
    }

    #[test]
    fn a_refusal_does_not_make_an_earlier_try_unsent() {
        let way = [E::Start, E::Interrupted, E::Start];
        let cancelled = |refusal, rest: &[OutboxEvent]| run(&[&way[..], &[refusal], rest, &[E::Cancel]].concat());
        assert_eq!(cancelled(refused(Holding::Untold), &[]), Err(OutboxRefusal));
        assert_eq!(cancelled(refused(Holding::Untold), &[E::Retry]), Err(OutboxRefusal));
        assert_eq!(
            cancelled(refused(Holding::Untold), &[E::Retry, E::Start, E::Unreachable]),
            Err(OutboxRefusal)
        );
        assert_eq!(cancelled(refused(Holding::NotHeld), &[]), Ok(OutboxState::Cancelled));
        assert_eq!(run(&[E::Start, refused(Holding::MayBe), E::Cancel]), Err(OutboxRefusal));
    }
}
