//! `inbox` and `outbox`: the lists of the window, after asking the exchange; `recall`: takes a row of the second back.

use std::{collections::HashSet, sync::Arc};

use care_model::{DeliveryId, ProblemCode, limits};
use desk::Desk;
use desk_ipc::{
    CommandError, DeliveryRequest, DeskCommands as _, InboxRow, InboxStatus, InboxView, ListExport, ListName,
    ListQuery, ListRequest, OutboxRow, OutboxStatus, OutboxView, SavedView,
};

use crate::{
    arguments::{Arguments, List, Recall},
    explain,
    output::{Failure, Output},
    session,
    surface::Named,
};

/// 受信一覧.
pub(crate) async fn inbox(arguments: &Arguments, given: &List, output: &Output) -> Result<(), Failure> {
    let desk = open(arguments, given).await?;
    let asked = async {
        desk.refresh(()).await?;
        match given.csv {
            Some(_) => export(&desk, ListName::Inbox, given).await.map(Asked::Saved),
            None => whole_inbox(&desk, query(given)).await.map(Asked::Listed),
        }
    }
    .await;
    desk.shutdown().await;
    match asked? {
        Asked::Saved(saved) => say_saved(saved, output),
        Asked::Listed(view) => output.say(&view, || match view.rows.is_empty() {
            true => vec![nothing(view.total, messages::cli::inbox_empty())],
            false => view.rows.iter().map(inbox_text).collect(),
        }),
    }
    Ok(())
}

/// 送信一覧.
pub(crate) async fn outbox(arguments: &Arguments, given: &List, output: &Output) -> Result<(), Failure> {
    let desk = open(arguments, given).await?;
    let asked = async {
        desk.refresh(()).await?;
        match given.csv {
            Some(_) => export(&desk, ListName::Outbox, given).await.map(Asked::Saved),
            None => whole_outbox(&desk, query(given)).await.map(Asked::Listed),
        }
    }
    .await;
    desk.shutdown().await;
    match asked? {
        Asked::Saved(saved) => say_saved(saved, output),
        Asked::Listed(view) => output.say(&view, || match view.rows.is_empty() {
            true => vec![nothing(view.total, messages::cli::outbox_empty())],
            false => view.rows.iter().map(outbox_text).collect(),
        }),
    }
    Ok(())
}

/// What a list was asked for.
enum Asked<View> {
    Listed(View),
    Saved(Option<SavedView>),
}

async fn open(arguments: &Arguments, given: &List) -> Result<Arc<Desk>, Failure> {
    let save_file = given.csv.as_deref().map(session::absolute).transpose()?;
    let named = Named {
        save_file,
        ..Named::default()
    };
    session::open_signed_in(arguments, named).await
}

fn query(given: &List) -> ListQuery {
    ListQuery {
        text: given.search.clone(),
        only_open: given.open,
        ..ListQuery::default()
    }
}

async fn export(desk: &Desk, list: ListName, given: &List) -> Result<Option<SavedView>, CommandError> {
    let query = query(given);
    desk.export_list(ListExport { list, query }).await
}

fn say_saved(saved: Option<SavedView>, output: &Output) {
    if let Some(saved) = saved {
        let rows = saved.rows.unwrap_or(0);
        output.say(&saved, || vec![messages::cli::list_saved(rows, &saved.name)]);
    }
}

/// Says of an empty answer whether the list itself is empty.
fn nothing(total: u32, empty: String) -> String {
    match total {
        0 => empty,
        _ => messages::cli::list_no_match(),
    }
}

/// 送信取消. Says that it was taken back only if the exchange did.
pub(crate) async fn recall(arguments: &Arguments, given: &Recall, output: &Output) -> Result<(), Failure> {
    let unreadable = |_| Failure::Unread(messages::cli::sent_id_unreadable(&given.delivery));
    let delivery: DeliveryId = given.delivery.parse().map_err(unreadable)?;
    let desk = session::open_signed_in(arguments, Named::default()).await?;
    let asked = async {
        desk.recall_send(DeliveryRequest { delivery }).await?;
        whole_outbox(&desk, ListQuery::default()).await
    }
    .await;
    desk.shutdown().await;
    let row = asked?.rows.into_iter().find(|row| row.delivery == delivery);
    let row = row.ok_or(ProblemCode::DeliveryUnknown)?;
    output.say(&row, || {
        vec![messages::cli::row_recalled(explain::office(&row.to), &row.contents)]
    });
    Ok(())
}

/// The window of a list that begins at this row.
fn window(query: &ListQuery, from: u32) -> ListRequest {
    ListRequest {
        query: query.clone(),
        from,
        count: limits::WINDOW_ROWS_MAX,
    }
}

/// Every row of 受信一覧 that the query matches, read window by window. A row that moved meanwhile is there once.
pub(crate) async fn whole_inbox(desk: &Desk, query: ListQuery) -> Result<InboxView, CommandError> {
    let mut whole = desk.inbox(window(&query, 0)).await?;
    let mut known: HashSet<DeliveryId> = whole.rows.iter().map(|row| row.delivery).collect();
    let mut from = limits::WINDOW_ROWS_MAX;
    while from < whole.matching {
        let next = desk.inbox(window(&query, from)).await?;
        whole.matching = next.matching;
        whole
            .rows
            .extend(next.rows.into_iter().filter(|row| known.insert(row.delivery)));
        from += limits::WINDOW_ROWS_MAX;
    }
    Ok(whole)
}

/// Every row of 送信一覧 that the query matches, read like [`whole_inbox`].
pub(crate) async fn whole_outbox(desk: &Desk, query: ListQuery) -> Result<OutboxView, CommandError> {
    let mut whole = desk.outbox(window(&query, 0)).await?;
    let mut known: HashSet<DeliveryId> = whole.rows.iter().map(|row| row.delivery).collect();
    let mut from = limits::WINDOW_ROWS_MAX;
    while from < whole.matching {
        let next = desk.outbox(window(&query, from)).await?;
        whole.matching = next.matching;
        whole
            .rows
            .extend(next.rows.into_iter().filter(|row| known.insert(row.delivery)));
        from += limits::WINDOW_ROWS_MAX;
    }
    Ok(whole)
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
        OutboxStatus::OnPaper { faxed_at: None, .. } => messages::cli::status_on_paper(),
        OutboxStatus::OnPaper { .. } => messages::cli::status_faxed(),
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
