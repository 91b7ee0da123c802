//! The main job: one office sends, the other receives, once.

use anyhow::Result;
use care_model::ProblemCode;
use desk::ports::Notice;
use desk_ipc::{
    CompositionMode, DeliveryRequest, DeskCommands, EditNote, InboxStatus, OnExchange, OutboxStatus, SendStart,
    SendStateView,
};

use crate::support::{Offices, assert_refused, names_in, only, pdf, pick_up, unit};

#[tokio::test(flavor = "multi_thread")]
async fn what_one_office_sends_the_other_receives_once() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let (made, mut paths) = unit(&files, 1, "home_plan")?;
    let attached = pdf(&files, "担当者会議の記録.pdf", 2_000)?;
    paths.push(attached.clone());
    let view = offices.manager.compose(CompositionMode::Compose, paths).await?;
    let [planned] = view.deliveries.as_slice() else {
        panic!("{view:?}")
    };
    assert_eq!(
        (planned.to.name.as_str(), planned.on_exchange),
        ("例示ヘルパーステーション", OnExchange::Yes)
    );
    assert_eq!(planned.files.len(), made.files.len() + 1);
    assert!(!planned.unit_name.is_empty() && planned.files.iter().all(|file| !file.kind_name.is_empty()));
    assert!(view.can_send, "{view:?}");
    let note = EditNote {
        composition: view.id,
        delivery: None,
        note: "よろしくお願いします。".to_owned(),
    };
    let view = offices.manager.desk.edit_note(note).await?;
    assert_eq!(view.deliveries[0].note, "よろしくお願いします。");
    offices.manager.start_sending(view.id).await?;
    let sent = offices.manager.sent(view.id).await?;
    assert_eq!((sent.sent, sent.held, sent.finished), (1, 0, true));
    let id = only(&sent.deliveries)?.delivery;
    // A second click is the same send.
    let again = offices.manager.start_sending(view.id).await?;
    assert_eq!(again.deliveries.len(), 1);
    let kept = offices.manager.desk.composition(view.id).await?;
    assert!(matches!(kept.deliveries[0].sending, Some(SendStateView::Sent { .. })) && !kept.can_send);

    let row = offices.service.arrived(&[id]).await?.remove(0);
    assert!(matches!(row.status, InboxStatus::Waiting { problem: None }), "{row:?}");
    let row = offices
        .service
        .when(async || {
            let rows = offices.service.desk.inbox(desk_ipc::ListRequest::first()).await?.rows;
            Ok(rows.into_iter().find(|row| row.delivery == id && row.note.is_some()))
        })
        .await?;
    assert_eq!(row.note.as_deref(), Some("よろしくお願いします。"));
    assert_eq!(row.attachments, ["担当者会議の記録.pdf"]);
    assert_eq!(row.from.name, "見本居宅介護支援事業所");
    assert_eq!(offices.service.surface.notices(), [Notice::Arrived { count: 1 }]);
    assert_eq!(offices.service.desk.home(()).await?.figures.waiting, 1);

    let target = offices.exchange.folder("received")?;
    let row = offices.service.receive(&[id], &target).await?.remove(0);
    let InboxStatus::Received {
        here: true,
        folder_name: Some(folder),
        ..
    } = row.status
    else {
        panic!("{row:?}")
    };
    assert_eq!(names_in(&target)?, std::slice::from_ref(&folder));
    for file in &made.files {
        assert_eq!(
            std::fs::read(target.join(&folder).join(file.name.as_str()))?,
            file.bytes
        );
    }
    let landed = target.join(&folder).join("担当者会議の記録.pdf");
    assert_eq!(std::fs::read(landed)?, std::fs::read(attached)?);
    assert_eq!(names_in(&target.join(&folder))?.len(), made.files.len() + 1);
    offices
        .service
        .desk
        .open_landed(DeliveryRequest { delivery: id })
        .await?;

    assert_refused(
        pick_up(&offices.service, id, &target).await?,
        ProblemCode::AlreadyReceived,
    );
    assert_eq!(names_in(&target)?, [folder]);
    let downloaded = |row: &desk_ipc::OutboxRow| matches!(row.status, OutboxStatus::Downloaded { .. });
    offices.manager.outbox_row(id, downloaded).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_again_ask_first() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let (_, paths) = unit(&files, 2, "home_schedule")?;
    offices
        .manager
        .send_files(CompositionMode::Compose, paths.clone())
        .await?;
    let view = offices.manager.compose(CompositionMode::Compose, paths).await?;
    assert!(view.deliveries[0].sent_before.is_some() && view.can_send && view.needs_confirmation);
    let start = |confirmed| SendStart {
        composition: view.id,
        confirmed,
        on_paper: Vec::new(),
    };
    let refused = offices.manager.desk.send_composition(start(false)).await;
    assert_refused(refused, ProblemCode::ConfirmationNeeded);
    offices.manager.desk.send_composition(start(true)).await?;
    assert_eq!(offices.manager.sent(view.id).await?.sent, 1);
    offices.service.desk.refresh(()).await?;
    assert_eq!(
        offices
            .service
            .desk
            .inbox(desk_ipc::ListRequest::first())
            .await?
            .rows
            .len(),
        2
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_delivery_goes_in_chunks_and_arrives_whole() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let attached = pdf(&files, "大きな資料.pdf", 9_000_000)?;
    let (_, row) = offices.send_plan(3, vec![attached.clone()]).await?;
    let target = offices.exchange.folder("received")?;
    let row = offices.service.receive(&[row.delivery], &target).await?.remove(0);
    let InboxStatus::Received {
        folder_name: Some(folder),
        ..
    } = row.status
    else {
        panic!("{row:?}")
    };
    assert_eq!(
        std::fs::read(target.join(folder).join("大きな資料.pdf"))?,
        std::fs::read(attached)?
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn several_units_for_one_office_arrive_in_the_order_of_their_serials() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let mut samples = care_samples::Samples::new(4);
    let to = test_support::HOME_HELP.party()?;
    let mut paths = Vec::new();
    for id in ["home_plan", "home_schedule", "home_plan_delete"] {
        paths.extend(crate::support::unit_to(&files, &mut samples, id, to)?.1);
    }
    let sent = offices.manager.send_files(CompositionMode::Compose, paths).await?;
    assert_eq!(sent.sent, 3);
    let ids: Vec<_> = sent.deliveries.iter().map(|row| row.delivery).collect();
    let mut rows = offices.service.arrived(&ids).await?;
    assert!(rows.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let target = offices.exchange.folder("received")?;
    rows.reverse();
    let reversed: Vec<_> = rows.iter().map(|row| row.delivery).collect();
    let rows = offices.service.receive(&reversed, &target).await?;
    assert!(
        rows.iter()
            .all(|row| matches!(row.status, InboxStatus::Received { here: true, .. }))
    );
    assert_eq!(names_in(&target)?.len(), 3);
    Ok(())
}
