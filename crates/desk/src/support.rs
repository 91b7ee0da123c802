//! The support file (サポート用ファイル): what the help desk needs to know, and nothing of people.
//!
//! It holds versions, counts, states, dates of certificates and codes of refusals. It is put together from words and
//! figures that this program knows; nothing that was typed, received or named by anybody gets into it.

use std::{
    fmt::{Display, Write as _},
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use care_model::ProblemCode;
use chrono::{DateTime, FixedOffset, Utc};
use desk_ipc::{CommandError, Proxy, SavedView, Stage};
use exchange_protocol::PROTOCOL_VERSION;
use serde::Serialize;

use crate::{
    core::{Core, own_name},
    refusal,
    store::ValueName,
};

/// The kind of file, for whoever reads it by a program.
const KIND: u32 = 1;

impl Core {
    /// Writes the support file to where a person chooses.
    pub(crate) async fn save_support_file(&self) -> Result<Option<SavedView>, CommandError> {
        let text = self.support_text().await?;
        let suggested = messages::support::file_name(japan(self.now()).format("%Y%m%d").to_string());
        let Some(path) = self.surface.save_file(&suggested).await else {
            return Ok(None);
        };
        let name = own_name(&path);
        let written = tokio::task::spawn_blocking(move || write_whole(&path, text.as_bytes())).await;
        written
            .map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))?
            .map_err(|error| refusal::logged(ProblemCode::SaveFailed, &error.kind()))?;
        Ok(Some(SavedView { name, rows: None }))
    }

    async fn support_text(&self) -> Result<String, CommandError> {
        let mut sheet = Sheet::default();
        sheet.words(&messages::support::title());
        sheet.words(&messages::support::intro());
        sheet.words(&messages::support::without());
        self.put_program(&mut sheet);
        self.put_standing(&mut sheet);
        if self.store.is_unlocked() {
            self.put_what_is_set(&mut sheet);
            self.put_counts(&mut sheet).await?;
        }
        sheet.part("refusals, oldest first");
        for (reference, code) in refusal::recent() {
            sheet.line(&reference, code);
        }
        Ok(sheet.0)
    }

    fn put_program(&self, sheet: &mut Sheet) {
        sheet.part("program");
        sheet.line("file", KIND);
        sheet.line("made_at", self.now().to_rfc3339());
        sheet.line("version", env!("CARGO_PKG_VERSION"));
        sheet.line("protocol", PROTOCOL_VERSION);
        sheet.line("system", std::env::consts::OS);
        sheet.line("processor", std::env::consts::ARCH);
        sheet.line("plain_key_file", self.profile.keyring().is_plain_file());
        sheet.line("other_profiles", self.other_profiles);
    }

    fn put_standing(&self, sheet: &mut Sheet) {
        let stage = match self.start_view().stage {
            Stage::Passphrase { .. } => "passphrase",
            Stage::SetUp { .. } => "set_up",
            Stage::Person { .. } => "person",
            Stage::Office { .. } => "office",
            Stage::Open { .. } => "open",
        };
        sheet.part("standing");
        sheet.line("stage", stage);
        sheet.line("online", self.is_online());
        sheet.line("transferring", self.transfers_run());
        let standing = self.standing();
        if let Some(identity) = &standing.identity {
            sheet.line("certificate_until", identity.expires_at.to_rfc3339());
            sheet.line("certificate_usable", standing.client.is_some());
        }
        if let Some(me) = &standing.me {
            sheet.line("licence_until", me.licence.until.to_rfc3339());
            sheet.line("service_kinds", me.office.kinds.len());
        }
        let epoch = standing.client.as_ref().and_then(|client| *client.epoch().borrow());
        sheet.known("epoch", epoch);
    }

    fn put_what_is_set(&self, sheet: &mut Sheet) {
        let (settings, look) = (self.settings(), self.look());
        let proxy = match settings.proxy {
            Proxy::System => "system",
            Proxy::None => "none",
            Proxy::Manual { .. } => "manual",
        };
        let fixed = settings.fixed_folder.as_deref();
        sheet.part("settings");
        sheet.word("receive_into", &settings.receive_into);
        sheet.line("fixed_folder_chosen", fixed.is_some());
        sheet.line("fixed_folder_found", fixed.is_some_and(Path::is_dir));
        sheet.word("naming", &settings.naming);
        sheet.line("flat", settings.flat);
        sheet.line("kept_days", settings.kept_days);
        sheet.line("notices", settings.notices);
        sheet.line("stays_in_tray", settings.stays_in_tray);
        sheet.known("starts_with_computer", self.surface.starts_with_computer());
        sheet.line("proxy", proxy);
        let automation = self.automation.switches();
        sheet.line("receiving_by_rules", automation.receiving);
        sheet.line("receiving_rules", automation.rules);
        sheet.line("watching", automation.watching);
        sheet.word("text_size", &look.text_size);
        sheet.word("theme", &look.theme);
        sheet.line("mascot_hidden", look.mascot_hidden);
    }

    async fn put_counts(&self, sheet: &mut Sheet) -> Result<(), CommandError> {
        sheet.part("rows");
        for (table, state, rows) in self.store.support_counts().await? {
            sheet.line(&format!("{table}.{state}"), rows);
        }
        let reconciled: Option<u64> = self.store.value(ValueName::Epoch).await?;
        sheet.known("reconciled_epoch", reconciled);
        let (database, spool) = (self.profile.database(), self.profile.spool());
        let sizes = tokio::task::spawn_blocking(move || (fs::metadata(&database).map(|f| f.len()).ok(), sizes(&spool)));
        let (database, spool) = sizes
            .await
            .map_err(|error| refusal::logged(ProblemCode::Internal, &error.is_panic()))?;
        sheet.known("database_bytes", database);
        if let Ok((files, bytes)) = spool {
            sheet.line("spool_files", files);
            sheet.line("spool_bytes", bytes);
        }
        Ok(())
    }
}

/// The text in the making. It takes words of the catalogue, and lines of a name and a value of ours.
#[derive(Default)]
struct Sheet(String);

impl Sheet {
    fn words(&mut self, words: &str) {
        self.push(words);
    }

    fn part(&mut self, name: &str) {
        self.push("");
        self.push(&format!("[{name}]"));
    }

    fn line(&mut self, name: &str, value: impl Display) {
        let mut line = String::new();
        // Writing into a string does not fail.
        let _ = write!(line, "{name} = {value}");
        self.push(&line);
    }

    fn known<T: Display>(&mut self, name: &str, value: Option<T>) {
        match value {
            Some(value) => self.line(name, value),
            None => self.line(name, "unknown"),
        }
    }

    /// One of our own enums by its word.
    fn word(&mut self, name: &str, value: &impl Serialize) {
        let word = serde_json::to_value(value).ok();
        self.known(name, word.as_ref().and_then(serde_json::Value::as_str));
    }

    /// Lines end as the editors of old Windows want them.
    fn push(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push_str("\r\n");
    }
}

/// How many files there are in a folder, and their bytes.
fn sizes(folder: &Path) -> io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0_u64);
    for entry in fs::read_dir(folder)? {
        let facts = entry?.metadata()?;
        if facts.is_file() {
            files += 1;
            bytes = bytes.saturating_add(facts.len());
        }
    }
    Ok((files, bytes))
}

fn japan(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    const JAPAN_SECONDS_EAST: i32 = 9 * 3_600;
    match FixedOffset::east_opt(JAPAN_SECONDS_EAST) {
        Some(japan) => at.with_timezone(&japan),
        None => at.fixed_offset(),
    }
}

/// Writes a file beside its place and gives it its name in one step: nobody finds half of it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let beside = folder.join(format!(".{}.part", uuid::Uuid::now_v7().simple()));
    let write = || -> io::Result<()> {
        let mut file = File::create_new(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("support.txt");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        // A folder has the name: the rename fails, and nothing is left beside it.
        let taken = dir.path().join("taken");
        fs::create_dir_all(taken.join("full")).unwrap();
        assert!(write_whole(&taken, b"three").is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        assert!(write_whole(&dir.path().join("gone/support.txt"), b"four").is_err());
    }

    #[test]
    fn a_sheet_has_lines_of_names_and_values() {
        let mut sheet = Sheet::default();
        sheet.part("part");
        sheet.line("count", 3);
        sheet.known::<u64>("epoch", None);
        sheet.word("naming", &desk_ipc::Naming::OfficeFolder);
        assert_eq!(
            sheet.0,
            "\r\n[part]\r\ncount = 3\r\nepoch = unknown\r\nnaming = office_folder\r\n"
        );
    }
}
