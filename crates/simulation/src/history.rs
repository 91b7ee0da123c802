//! Whether what happened to one delivery could have happened at a mailbox that does one thing after the other.
//!
//! The mailbox here is written from what must hold (docs/ARCHITECTURE.md), apart from the code that it judges: nothing in
//! this module comes from `exchange-flow`. Each operation has the time in which it was asked for and the time in which
//! its answer came; an order of all of them is looked for in which every answer is the mailbox's own and none takes
//! effect before it was asked for or after it was answered. An operation without an answer may have taken effect at any
//! later time, or never.

use std::collections::HashSet;

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// To accept it.
    Send,
    /// To give it back to its sender.
    Recall,
    /// To let this terminal fetch it.
    Claim,
    /// To let this terminal fetch it instead of the one that a person saw.
    TakeOver {
        /// The fence that was seen.
        seen: u64,
    },
    /// Bytes of a part.
    Fetch {
        /// Under which claim.
        fence: u64,
        /// Of which part that counts, from 0.
        part: u8,
    },
    /// To make it 済.
    Confirm {
        /// Under which claim.
        fence: u64,
    },
    /// Nobody: its time is over.
    Expire,
    /// Where it stands.
    Look,
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// The claim was given.
    Fence(u64),
    /// So it stands.
    Stands(Stand),
    /// Refused.
    No(No),
}

/// Where a delivery stands, as a list shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// It is not there.
    Absent,
    /// 未取得.
    Waiting,
    /// 取得中.
    Claimed,
    /// 済.
    Received,
    /// 送信取消.
    Recalled,
    /// 期限切れ.
    Expired,
}

/// Why it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum No {
    /// There is no such delivery.
    Unknown,
    /// Another terminal has it.
    Elsewhere,
    /// This claim is not in force.
    ClaimLost,
    /// It is 済.
    Received,
    /// It was taken back.
    Recalled,
    /// It expired.
    Expired,
    /// It is too late to take it back.
    TooLate,
}

/// One operation on a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Which terminal asked.
    pub who: u32,
    /// What.
    pub op: Op,
    /// When it was asked; any unit that all entries share.
    pub start: u64,
    /// When it was answered, and what; none if no answer came.
    pub end: Option<(u64, Outcome)>,
}

/// What the mailbox is told beside its operations.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The parts whose last byte must be served before a claim no longer lapses.
    pub parts: u8,
    /// Whether a claim may lapse, because time passes.
    pub lapses: bool,
}

/// The mailbox: one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Mail {
    Absent,
    Waiting { fence: u64 },
    Claimed { who: u32, fence: u64, served: u64 },
    Received { who: u32, fence: u64 },
    Recalled,
    Expired,
}

impl Mail {
    /// Everything that may come of an operation.
    fn may(self, who: u32, op: Op, rules: Rules) -> Vec<(Self, Outcome)> {
        use Outcome::{Done, Fence};
        let no = |no| vec![(self, Outcome::No(no))];
        let claim = |fence| {
            let claimed = Self::Claimed {
                who,
                fence: fence + 1,
                served: 0,
            };
            vec![(claimed, Fence(fence + 1))]
        };
        let all = (1_u64 << rules.parts) - 1;
        let lapsed = |served| rules.lapses && served != all;
        match (self, op) {
            (Self::Absent, Op::Send) => vec![(Self::Waiting { fence: 0 }, Done)],
            // However often it is sent, it is accepted once.
            (_, Op::Send) => vec![(self, Done)],
            (_, Op::Look) => vec![(self, Outcome::Stands(self.stand()))],
            (Self::Absent, Op::Expire) => Vec::new(),
            (Self::Absent, _) => no(No::Unknown),

            (Self::Waiting { fence }, Op::Claim) => claim(fence),
            (Self::Waiting { .. }, Op::TakeOver { .. } | Op::Fetch { .. } | Op::Confirm { .. }) => no(No::ClaimLost),
            (Self::Waiting { .. }, Op::Recall) => vec![(Self::Recalled, Done)],
            (Self::Waiting { .. }, Op::Expire) => vec![(Self::Expired, Done)],

            (Self::Claimed { who: by, fence, .. }, Op::Claim) if by == who => claim(fence),
            (Self::Claimed { fence, served, .. }, Op::Claim) => {
                let mut may = no(No::Elsewhere);
                if lapsed(served) {
                    may.extend(claim(fence));
                }
                may
            }
            (Self::Claimed { fence, .. }, Op::TakeOver { seen }) if fence == seen => claim(fence),
            (Self::Claimed { .. }, Op::TakeOver { .. }) => no(No::Elsewhere),
            (
                Self::Claimed {
                    who: by,
                    fence: under,
                    served,
                },
                Op::Fetch { fence, part },
            ) if by == who && under == fence => {
                let served = served | 1 << part;
                vec![(Self::Claimed { who, fence, served }, Done)]
            }
            (
                Self::Claimed {
                    who: by, fence: under, ..
                },
                Op::Confirm { fence },
            ) if by == who && under == fence => {
                vec![(Self::Received { who, fence }, Done)]
            }
            (Self::Claimed { .. }, Op::Fetch { .. } | Op::Confirm { .. }) => no(No::ClaimLost),
            (Self::Claimed { served, .. }, Op::Recall) => {
                let mut may = no(No::TooLate);
                if lapsed(served) {
                    may.push((Self::Recalled, Done));
                }
                may
            }
            (Self::Claimed { served, .. }, Op::Expire) if lapsed(served) => vec![(Self::Expired, Done)],
            (Self::Claimed { .. }, Op::Expire) => Vec::new(),

            (Self::Received { who: by, fence: under }, Op::Confirm { fence }) if by == who && under == fence => {
                vec![(self, Done)]
            }
            (Self::Received { .. }, Op::Confirm { .. }) => no(No::ClaimLost),
            (Self::Received { .. }, Op::Recall) => no(No::TooLate),
            (Self::Received { .. }, _) => no(No::Received),
            (Self::Recalled, Op::Recall) => vec![(self, Done)],
            (Self::Recalled, _) => no(No::Recalled),
            (Self::Expired, _) => no(No::Expired),
        }
    }

    fn stand(self) -> Stand {
        match self {
            Self::Absent => Stand::Absent,
            Self::Waiting { .. } => Stand::Waiting,
            Self::Claimed { .. } => Stand::Claimed,
            Self::Received { .. } => Stand::Received,
            Self::Recalled => Stand::Recalled,
            Self::Expired => Stand::Expired,
        }
    }
}

/// Which operations have been put in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Ordered(Vec<u64>);

impl Ordered {
    fn has(&self, place: usize) -> bool {
        self.0[place / 64] & 1 << (place % 64) != 0
    }

    fn with(&self, place: usize) -> Self {
        let mut with = self.clone();
        with.0[place / 64] |= 1 << (place % 64);
        with
    }
}

/// Whether there is such an order.
pub fn is_linearizable(entries: &[Entry], rules: Rules) -> bool {
    let mut entries: Vec<Entry> = entries.to_vec();
    entries.sort_by_key(|entry| entry.start);
    let answered = entries.iter().filter(|entry| entry.end.is_some()).count();
    let begin = (Ordered(vec![0; entries.len().div_ceil(64)]), Mail::Absent, 0);
    let mut tried = HashSet::new();
    let mut open = vec![begin];
    while let Some((ordered, mail, done)) = open.pop() {
        if done == answered {
            return true;
        }
        if !tried.insert((ordered.clone(), mail)) {
            continue;
        }
        // Nothing that was asked after the first answer still to come can stand before it.
        let left = || entries.iter().enumerate().filter(|(place, _)| !ordered.has(*place));
        let first_end = left()
            .filter_map(|(_, entry)| entry.end.map(|(at, _)| at))
            .min()
            .unwrap_or(u64::MAX);
        let mut next: Vec<(usize, &Entry)> = left().filter(|(_, entry)| entry.start <= first_end).collect();
        // An answer that is right here and changes nothing may stand here wherever else it may stand: nothing has to come
        // before it, and what changes nothing now would change nothing later.
        let idle = next.iter().find(|(_, entry)| {
            entry
                .end
                .is_some_and(|(_, told)| mail.may(entry.who, entry.op, rules).contains(&(mail, told)))
        });
        if let Some((place, _)) = idle {
            open.push((ordered.with(*place), mail, done + 1));
            continue;
        }
        // Of those without an answer that asked the same, the first may stand wherever a later one may.
        let mut asked = HashSet::new();
        next.retain(|(_, entry)| entry.end.is_some() || asked.insert((entry.who, entry.op)));
        // Tried first is what was answered first, and last what may never have been.
        next.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.end.map_or(u64::MAX, |(at, _)| at)));
        for (place, entry) in next {
            for (next, outcome) in mail.may(entry.who, entry.op, rules) {
                match entry.end {
                    Some((_, told)) if told == outcome => open.push((ordered.with(place), next, done + 1)),
                    None if next != mail => open.push((ordered.with(place), next, done)),
                    _ => {}
                }
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        parts: 1,
        lapses: false,
    };

    fn entry(who: u32, op: Op, start: u64, end: u64, outcome: Outcome) -> Entry {
        Entry {
            who,
            op,
            start,
            end: Some((end, outcome)),
        }
    }

    fn lost(who: u32, op: Op, start: u64) -> Entry {
        Entry {
            who,
            op,
            start,
            end: None,
        }
    }

    fn fetch(fence: u64) -> Op {
        Op::Fetch { fence, part: 0 }
    }

    /// Sent by 1, fetched by 2 under fence 1.
    fn way() -> Vec<Entry> {
        vec![
            entry(1, Op::Send, 0, 1, Outcome::Done),
            entry(2, Op::Claim, 2, 3, Outcome::Fence(1)),
            entry(2, fetch(1), 4, 5, Outcome::Done),
            entry(2, Op::Confirm { fence: 1 }, 6, 7, Outcome::Done),
        ]
    }

    fn with(more: &[Entry]) -> bool {
        is_linearizable(&[&way()[..], more].concat(), RULES)
    }

    #[test]
    fn what_may_happen_is_found() {
        assert!(with(&[]));
        assert!(with(&[entry(3, Op::Claim, 2, 3, Outcome::No(No::Elsewhere))]));
        assert!(
            with(&[entry(3, Op::Claim, 0, 9, Outcome::No(No::Unknown))]),
            "it began before"
        );
        assert!(with(&[entry(3, Op::Look, 6, 9, Outcome::Stands(Stand::Claimed))]));
        assert!(with(&[entry(1, Op::Send, 8, 9, Outcome::Done)]));
        // An answer that was lost: it may have taken effect, and here it must have.
        let confirmed = [
            entry(1, Op::Send, 0, 1, Outcome::Done),
            entry(2, Op::Claim, 2, 3, Outcome::Fence(1)),
            lost(2, Op::Confirm { fence: 1 }, 4),
            entry(3, Op::Claim, 8, 9, Outcome::No(No::Received)),
        ];
        assert!(is_linearizable(&confirmed, RULES));
    }

    #[test]
    fn what_may_not_happen_is_refused() {
        assert!(!with(&[entry(3, Op::Claim, 4, 5, Outcome::Fence(2))]), "two at once");
        assert!(!with(&[entry(3, Op::Claim, 8, 9, Outcome::Fence(2))]), "fetched twice");
        assert!(
            !with(&[entry(1, Op::Recall, 8, 9, Outcome::Done)]),
            "taken back after 済"
        );
        assert!(
            !with(&[entry(3, Op::Look, 8, 9, Outcome::Stands(Stand::Waiting))]),
            "an old list"
        );
        assert!(
            !with(&[entry(3, Op::Look, 8, 9, Outcome::Stands(Stand::Absent))]),
            "lost"
        );
        assert!(
            !with(&[entry(2, Op::Claim, 2, 3, Outcome::Fence(1))]),
            "one fence twice"
        );
        let early = [
            entry(2, Op::Claim, 0, 1, Outcome::Fence(1)),
            entry(1, Op::Send, 2, 3, Outcome::Done),
        ];
        assert!(!is_linearizable(&early, RULES), "claimed before it was sent");
    }

    /// Every order there is, tried one after the other.
    fn is_in_some_order(mail: Mail, left: &[Entry], rules: Rules) -> bool {
        let first_end = left.iter().filter_map(|entry| entry.end.map(|(at, _)| at)).min();
        let Some(first_end) = first_end else { return true };
        (0..left.len())
            .filter(|place| left[*place].start <= first_end)
            .any(|place| {
                let mut rest = left.to_vec();
                let entry = rest.remove(place);
                let may = mail.may(entry.who, entry.op, rules).into_iter();
                may.filter(|(_, outcome)| entry.end.is_none_or(|(_, told)| told == *outcome))
                    .any(|(next, _)| is_in_some_order(next, &rest, rules))
            })
    }

    /// Some operations of three terminals as a mailbox would answer them, of which some answers are lost or false, and each
    /// of which takes so long that others come between.
    fn some_history(random: &mut fastrand::Rng, rules: Rules) -> Vec<Entry> {
        let mut mail = Mail::Absent;
        let mut fences = 0;
        let mut history = Vec::new();
        for at in 0..random.u64(1..=7) {
            let fence = random.u64(0..=fences);
            let op = match random.u8(0..11) {
                0 | 1 => Op::Send,
                2..=4 => Op::Claim,
                5 => Op::TakeOver { seen: fence },
                6 => Op::Fetch { fence, part: 0 },
                7 => Op::Confirm { fence },
                8 => Op::Recall,
                9 => Op::Expire,
                _ => Op::Look,
            };
            let who = random.u32(1..=3);
            let mut may = mail.may(who, op, rules);
            if may.is_empty() {
                continue;
            }
            let (next, mut outcome) = may.swap_remove(random.usize(..may.len()));
            mail = next;
            if let Outcome::Fence(given) = outcome {
                fences = given;
            }
            if random.u8(..20) == 0 {
                outcome = Outcome::No(No::Elsewhere);
            }
            let moment = 10 * at + 10;
            let end = (random.u8(..3) > 0).then(|| (moment + random.u64(..25), outcome));
            let start = moment - random.u64(..10) - 5 * random.u64(..2).min(at);
            history.push(Entry { who, op, start, end });
        }
        history
    }

    #[test]
    fn what_is_left_out_of_the_search_changes_no_judgement() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut judged = [0; 2];
        for _ in 0..3_000 {
            let rules = Rules {
                parts: 1,
                lapses: random.bool(),
            };
            let history = some_history(&mut random, rules);
            let judgement = is_linearizable(&history, rules);
            assert_eq!(
                judgement,
                is_in_some_order(Mail::Absent, &history, rules),
                "{history:?}"
            );
            judged[usize::from(judgement)] += 1;
        }
        assert!(judged.iter().all(|count| *count > 100), "{judged:?}");
    }

    #[test]
    fn forty_lost_answers_are_judged_at_once() {
        let mut history = way();
        history.extend((0..40).map(|at| lost(3, Op::Claim, at % 3)));
        assert!(is_linearizable(&history, RULES));
        history.push(entry(1, Op::Recall, 8, 9, Outcome::Done));
        assert!(!is_linearizable(&history, RULES));
    }

    #[test]
    fn a_claim_lapses_only_before_its_last_byte() {
        let lapses = Rules { parts: 1, lapses: true };
        let claimed = [
            entry(1, Op::Send, 0, 1, Outcome::Done),
            entry(2, Op::Claim, 2, 3, Outcome::Fence(1)),
        ];
        let other = entry(3, Op::Claim, 8, 9, Outcome::Fence(2));
        assert!(is_linearizable(&[&claimed[..], &[other]].concat(), lapses));
        let served = entry(2, fetch(1), 4, 5, Outcome::Done);
        assert!(!is_linearizable(&[&claimed[..], &[served, other]].concat(), lapses));
    }
}
