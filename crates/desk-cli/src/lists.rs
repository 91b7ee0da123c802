//! `inbox` and `outbox`: the lists of the window, after asking the exchange; `recall`: takes a row of the second back.

use care_model::{DeliveryId, ProblemCode};
use desk_ipc::{DeliveryRequest, DeskCommands as _, InboxRow, InboxStatus, OutboxRow, OutboxStatus};

use crate::{
    arguments::{Arguments, Recall},
    explain,
    output::{Failure, Output},
    session,
    surface::Named,
};

/// 受信一覧.
pub(crate) async fn inbox(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let desk = session::open_signed_in(arguments, Named::default()).await?;
    let asked = async {
        desk.refresh(()).await?;
        desk.inbox(desk_ipc::ListRequest::first()).await
    }
    .await;
    desk.shutdown().await;
    let view = asked?;
    output.say(&view, || match view.rows.is_empty() {
        true => vec![messages::cli::inbox_empty()],
        false => view.rows.iter().map(inbox_text).collect(),
    });
    Ok(())
}

/// 送信一覧.
pub(crate) async fn outbox(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let desk = session::open_signed_in(arguments, Named::default()).await?;
    let asked = async {
        desk.refresh(()).await?;
        desk.outbox(desk_ipc::ListRequest::first()).await
    }
    .await;
    desk.shutdown().await;
    let view = asked?;
    output.say(&view, || match view.rows.is_empty() {
        true => vec![messages::cli::outbox_empty()],
        false => view.rows.iter().map(outbox_text).collect(),
    });
    Ok(())
}

/// 送信取消. Says that it was taken back only if the exchange did.
pub(crate) async fn recall(arguments: &Arguments, given: &Recall, output: &Output) -> Result<(), Failure> {
    let unreadable = |_| Failure::Unread(messages::cli::sent_id_unreadable(&given.delivery));
    let delivery: DeliveryId = given.delivery.parse().map_err(unreadable)?;
    let desk = session::open_signed_in(arguments, Named::default()).await?;
    let asked = desk.recall_send(DeliveryRequest { delivery }).await;
    desk.shutdown().await;
    let row = asked?.rows.into_iter().find(|row| row.delivery == delivery);
    let row = row.ok_or(ProblemCode::DeliveryUnknown)?;
    output.say(&row, || {
        vec![messages::cli::row_recalled(explain::office(&row.to), &row.contents)]
    });
    Ok(())
}

fn inbox_text(row: &InboxRow) -> String {
    let status = inbox_status(&row.status);
    let from = explain::office(&row.from);
    format!(
        "{}  {}  {status}  {from}  {}",
        row.delivery,
        row.at.to_rfc3339(),
        row.contents
    )
}

fn outbox_text(row: &OutboxRow) -> String {
    let status = match &row.status {
        OutboxStatus::Unsent { .. } => messages::cli::status_unsent(),
        OutboxStatus::Waiting => messages::cli::status_not_downloaded(),
        OutboxStatus::Downloaded { .. } => messages::cli::status_downloaded(),
        OutboxStatus::Recalled { .. } => messages::cli::status_recalled(),
        OutboxStatus::Expired { .. } => messages::cli::status_expired(),
    };
    let to = explain::office(&row.to);
    format!(
        "{}  {}  {status}  {to}  {}",
        row.delivery,
        row.at.to_rfc3339(),
        row.contents
    )
}

/// データ取得状況 in words.
fn inbox_status(status: &InboxStatus) -> String {
    match status {
        InboxStatus::Waiting { .. } => messages::cli::status_waiting(),
        InboxStatus::Fetching { .. } => messages::cli::status_fetching(),
        InboxStatus::Elsewhere { terminal_name, .. } => messages::cli::status_elsewhere(terminal_name),
        InboxStatus::Received { .. } => messages::cli::status_received(),
        InboxStatus::Superseded { .. } => messages::cli::status_superseded(),
        InboxStatus::Recalled { .. } => messages::cli::status_recalled(),
        InboxStatus::Expired { .. } => messages::cli::status_expired(),
    }
}
