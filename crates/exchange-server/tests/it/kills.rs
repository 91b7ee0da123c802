//! The real process, killed in the middle of recalls: what was answered stands, and what was not is whole either way.

use care_model::{DeliveryId, ProblemCode};
use chrono::{DateTime, Utc};
use exchange_client::{ClientError, SignedIn};
use exchange_protocol::DeliveryStatus;
use tokio::sync::mpsc;

use crate::{
    exchange::refused,
    ground::{Ground, PARTS, Process, fetch},
};

/// Deliveries that are taken back at once, each time until the process is killed.
const AT_ONCE: usize = 6;

async fn status(line: &SignedIn, id: DeliveryId) -> DeliveryStatus {
    let rows = line.inbox(0, 200).await.unwrap().rows;
    rows.into_iter().find(|row| row.header.id == id).unwrap().status
}

/// What was not answered is taken back, or waits with every byte: never between.
async fn is_whole(sender: &SignedIn, receiver: &SignedIn, id: DeliveryId) {
    match status(receiver, id).await {
        DeliveryStatus::Recalled { at } => {
            assert_eq!(sender.recall(id).await.unwrap().recalled_at, at);
            assert_eq!(refused(receiver.claim(id, None).await), ProblemCode::DeliveryRecalled);
        }
        DeliveryStatus::Waiting => {
            assert_eq!(fetch(receiver, id).await, PARTS[1].1);
            assert_eq!(refused(sender.recall(id).await), ProblemCode::RecallTooLate);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_has_taken_back_what_it_said_and_nothing_by_halves() {
    let ground = Ground::new().await;
    let mut answered_before: Vec<(DeliveryId, Option<DateTime<Utc>>)> = Vec::new();
    let mut answers = 0;
    for answered_max in 0..=AT_ONCE {
        let process = Process::start(&ground.settings);
        let sender = ground.sender(&process).await;
        let receiver = ground.receiver(&process).await;
        for (id, answered) in answered_before.drain(..) {
            match answered {
                Some(at) => {
                    assert_eq!(status(&receiver, id).await, DeliveryStatus::Recalled { at });
                    assert_eq!(sender.recall(id).await.unwrap().recalled_at, at, "the first answer");
                    assert_eq!(refused(receiver.claim(id, None).await), ProblemCode::DeliveryRecalled);
                }
                None => is_whole(&sender, &receiver, id).await,
            }
        }
        let (answer, mut answered) = mpsc::unbounded_channel();
        let mut recalls = Vec::new();
        for _ in 0..AT_ONCE {
            let id = ground.send(&sender).await.unwrap();
            let (line, answer) = (sender.clone(), answer.clone());
            recalls.push((id, async move {
                let recalled = line.recall(id).await;
                let _ = answer.send(());
                recalled
            }));
        }
        let recalls: Vec<_> = recalls
            .into_iter()
            .map(|(id, recall)| (id, tokio::spawn(recall)))
            .collect();
        for _ in 0..answered_max {
            answered.recv().await.unwrap();
        }
        process.kill();
        for (id, recall) in recalls {
            let answered = match recall.await.unwrap() {
                Ok(recalled) => Some(recalled.recalled_at),
                Err(ClientError::Interrupted(_) | ClientError::Unreachable(_)) => None,
                Err(other) => panic!("{other:?}"),
            };
            answers += usize::from(answered.is_some());
            answered_before.push((id, answered));
        }
    }
    assert!(answers >= AT_ONCE, "{answers} answers before a kill");
    // After the last kill as well.
    let process = Process::start(&ground.settings);
    let sender = ground.sender(&process).await;
    for (id, answered) in answered_before {
        assert_eq!(Some(sender.recall(id).await.unwrap().recalled_at), answered);
    }
    process.kill();
}
