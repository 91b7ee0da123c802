//! A list as CSV: UTF-8 with its mark, CRLF, every field quoted, as spreadsheets in Japan open it.
//!
//! What other offices wrote stands in it, so no field may be taken for a formula.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use care_model::{DeliveryId, ProblemCode, TerminalId, limits};
use chrono::{DateTime, Utc};
use desk_ipc::{CommandError, InboxStatus, ListExport, ListQuery, OfficeView, OutboxStatus, SavedView, SendStateView};
use messages::list_csv as words;
use uuid::Uuid;

use super::{
    inbox::{Beside, row_view, status_of},
    outbox::header_of,
};
use crate::{
    core::Core,
    index::{Filter, in_japan},
    refusal,
    store::{InboxListed, ListName, OutboxListed},
};

/// What tells a spreadsheet that the file is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// Rows that are read and written together.
const ROWS_AT_ONCE: usize = 200;

impl Core {
    /// Writes the rows that a query means to where a person chooses; none if they cancelled.
    pub(crate) async fn export_list(&self, export: ListExport) -> Result<Option<SavedView>, CommandError> {
        let list = ListName::from(export.list);
        self.rows_to_export(list, &export.query).await?;
        let date = in_japan(self.now()).map_or_else(String::new, |now| now.format("%Y%m%d").to_string());
        let suggested = match list {
            ListName::Inbox => words::inbox_name(date),
            ListName::Outbox => words::outbox_name(date),
        };
        let Some(path) = self.surface.save_file(&suggested).await else {
            return Ok(None);
        };
        // As it stands now: a dialog may stay open for long.
        let ids = self.rows_to_export(list, &export.query).await?;
        let file = Beginning::of(&path).await?;
        let rows = self.write_rows(list, &ids, file).await?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        Ok(Some(SavedView {
            name: name.into_owned(),
            rows: Some(rows),
        }))
    }

    async fn rows_to_export(&self, list: ListName, query: &ListQuery) -> Result<Vec<DeliveryId>, CommandError> {
        let filter = Filter::parse(query)?;
        let max = u32::try_from(limits::EXPORT_ROWS_MAX).unwrap_or(u32::MAX);
        let mut fresh = self.list_rows(list).await?;
        let (matching, ids) = fresh.rows().window(filter, query.sort, query.ascending, 0, max);
        if matching > max {
            return Err(CommandError::new(ProblemCode::ListTooLarge).with("max", max.to_string()));
        }
        Ok(ids)
    }

    async fn write_rows(&self, list: ListName, ids: &[DeliveryId], mut file: Beginning) -> Result<u32, CommandError> {
        let terminal = self.identity().map(|identity| identity.terminal);
        let mut count = 0;
        let mut text = String::from(BYTE_ORDER_MARK);
        csv_line(&mut text, &header(list));
        for some in ids.chunks(ROWS_AT_ONCE) {
            match list {
                ListName::Inbox => {
                    for row in self.store.inbox_rows(some).await? {
                        csv_line(&mut text, &inbox_fields(row, terminal));
                        count += 1;
                    }
                }
                ListName::Outbox => {
                    for listed in self.store.outbox_rows(some).await? {
                        if let Some(fields) = self.outbox_fields(&listed) {
                            csv_line(&mut text, &fields);
                            count += 1;
                        }
                    }
                }
            }
            file = file.append(std::mem::take(&mut text)).await?;
        }
        file.append(text).await?.finish().await?;
        Ok(count)
    }

    /// One row; none where it is in no list.
    fn outbox_fields(&self, listed: &OutboxListed) -> Option<Vec<String>> {
        let header = header_of(listed)?;
        let size = header.total_bytes();
        let own_kind = crate::words::kind(header.from.kind).name;
        let cover = listed.outgoing.as_ref().and_then(super::outbox::cover_of);
        // Whether a copy is kept stands in no column: the disk is not asked.
        let row = self.outbox_row_view(listed, &super::outbox::Kept::default())?;
        let (status, status_at) = match &row.status {
            OutboxStatus::Unsent {
                sending: SendStateView::Held { .. },
            } => (words::held(), None),
            OutboxStatus::Unsent { .. } => (words::unsent(), None),
            OutboxStatus::Waiting => (words::not_downloaded(), None),
            OutboxStatus::Downloaded { at } => (words::downloaded(), Some(*at)),
            OutboxStatus::Recalled { at } => (words::recalled(), Some(*at)),
            OutboxStatus::Expired { at } => (words::expired(), Some(*at)),
            OutboxStatus::OnPaper { faxed_at: None, .. } => (words::on_paper(), None),
            OutboxStatus::OnPaper { faxed_at, .. } => (words::faxed(), *faxed_at),
        };
        let [number, name, kind] = office(&row.to);
        Some(vec![
            time(Some(row.at)),
            number,
            name,
            kind,
            own_kind,
            row.contents,
            row.note,
            cover.unwrap_or_default().attachments.join(&words::between()),
            status,
            time(status_at),
            row.serial.map(|serial| serial.to_string()).unwrap_or_default(),
            row.files.to_string(),
            size.to_string(),
        ])
    }
}

fn header(list: ListName) -> Vec<String> {
    match list {
        ListName::Inbox => vec![
            words::received_at(),
            words::from_number(),
            words::from_name(),
            words::from_kind(),
            words::own_kind_inbox(),
            words::contents(),
            words::message(),
            words::attachments(),
            words::pickup_status(),
            words::status_at(),
            words::imported_at(),
            words::serial(),
            words::files(),
            words::size(),
        ],
        ListName::Outbox => vec![
            words::sent_at(),
            words::to_number(),
            words::to_name(),
            words::to_kind(),
            words::own_kind_outbox(),
            words::contents(),
            words::message(),
            words::attachments(),
            words::download_status(),
            words::status_at(),
            words::serial(),
            words::files(),
            words::size(),
        ],
    }
}

fn inbox_fields(row: InboxListed, terminal: Option<TerminalId>) -> Vec<String> {
    let (status, status_at) = match status_of(&row, terminal) {
        InboxStatus::Waiting { .. } => (words::waiting(), None),
        InboxStatus::Fetching { .. } => (words::fetching(), None),
        InboxStatus::Elsewhere {
            terminal_name, since, ..
        } => (words::elsewhere(terminal_name), Some(since)),
        InboxStatus::Received { at, .. } => (words::received(), Some(at)),
        InboxStatus::Superseded { .. } => (words::superseded(), None),
        InboxStatus::Recalled { at } => (words::recalled(), Some(at)),
        InboxStatus::Expired { at } => (words::expired(), Some(at)),
    };
    let row = row_view(row, terminal, Beside::default());
    let [number, name, kind] = office(&row.from);
    vec![
        time(Some(row.at)),
        number,
        name,
        kind,
        row.to_kind.name,
        row.contents,
        row.note.unwrap_or_default(),
        row.attachments.join(&words::between()),
        status,
        time(status_at),
        time(row.imported_at),
        row.serial.map(|serial| serial.to_string()).unwrap_or_default(),
        row.files.to_string(),
        row.size_bytes.to_string(),
    ]
}

/// Number, name and kinds of an office.
fn office(office: &OfficeView) -> [String; 3] {
    let kinds: Vec<&str> = office.kinds.iter().map(|kind| kind.name.as_str()).collect();
    [
        office.number.to_string(),
        office.name.clone(),
        kinds.join(&words::between()),
    ]
}

fn time(at: Option<DateTime<Utc>>) -> String {
    let shown = at.and_then(in_japan);
    shown.map_or_else(String::new, |at| at.format("%Y/%m/%d %H:%M").to_string())
}

/// Appends a line of CSV; no field of it is taken for a formula.
pub(crate) fn csv_line(text: &mut String, fields: &[String]) {
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push('"');
        if field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            text.push('\'');
        }
        text.push_str(&field.replace('"', "\"\""));
        text.push('"');
    }
    text.push_str("\r\n");
}

/// A file that is being written beside where it will be; without its end nothing is left of it.
struct Beginning {
    file: BufWriter<File>,
    beside: Unfinished,
    path: PathBuf,
}

/// Takes away what was not finished.
struct Unfinished(Option<PathBuf>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            let _ = fs::remove_file(path);
        }
    }
}

impl Beginning {
    async fn of(path: &Path) -> Result<Self, CommandError> {
        let path = path.to_owned();
        saving(move || {
            let beside = path.with_file_name(format!(".{}.part", Uuid::now_v7()));
            let file = File::create_new(&beside)?;
            Ok(Self {
                file: BufWriter::new(file),
                beside: Unfinished(Some(beside)),
                path,
            })
        })
        .await
    }

    async fn append(mut self, text: String) -> Result<Self, CommandError> {
        saving(move || {
            self.file.write_all(text.as_bytes())?;
            Ok(self)
        })
        .await
    }

    async fn finish(mut self) -> Result<(), CommandError> {
        saving(move || {
            self.file.flush()?;
            self.file.get_ref().sync_all()?;
            if let Some(beside) = &self.beside.0 {
                fs::rename(beside, &self.path)?;
            }
            self.beside.0.take();
            Ok(())
        })
        .await
    }
}

async fn saving<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, CommandError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|error| refusal::logged(ProblemCode::SaveFailed, &error.kind())),
        Err(error) => Err(refusal::logged(ProblemCode::Internal, &error.is_panic())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_taken_for_a_formula_and_quotes_stay_inside() {
        let mut text = String::new();
        let fields = ["=1+1", "+81", "-1", "@sum", "\tx", "a\"b,c\nd", "", "1-2"];
        csv_line(&mut text, &fields.map(str::to_owned));
        assert_eq!(
            text,
            "\"'=1+1\",\"'+81\",\"'-1\",\"'@sum\",\"'\tx\",\"a\"\"b,c\nd\",\"\",\"1-2\"\r\n"
        );
    }

    #[tokio::test]
    async fn what_is_not_finished_leaves_nothing_and_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list.csv");
        fs::write(&path, "before").unwrap();
        let begun = Beginning::of(&path)
            .await
            .unwrap()
            .append("half".to_owned())
            .await
            .unwrap();
        drop(begun);
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let begun = Beginning::of(&path)
            .await
            .unwrap()
            .append("whole".to_owned())
            .await
            .unwrap();
        begun.finish().await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let refused = Beginning::of(&dir.path().join("away").join("list.csv")).await;
        assert_eq!(refused.err().map(|error| error.code), Some(ProblemCode::SaveFailed));
    }
}
