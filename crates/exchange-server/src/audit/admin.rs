//! What operators do with the audit: looking through it, and taking a chain out. Neither shows any content.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::Path,
    sync::Arc,
};

use care_model::OfficeNumber;
use exchange_store::{AuditFound, AuditSearch, Chain};
use futures::TryStreamExt as _;
use serde::Serialize;

use super::{ExportError, ExportSource};
use crate::{
    admin::{Admin, AdminError},
    app::exchange_name,
};

/// What was written into a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditExported {
    /// Whose chain it is: an office's number, or `exchange`.
    pub chain: String,
    /// The last line that is sealed; none if there is none.
    pub sealed_sequence: Option<u64>,
}

impl Admin {
    /// Writes an office's part of the audit into a new file, or without an office the exchange's own. What was done up
    /// to now is sealed first, whether the server runs or not, and that it was taken out is an act of its own.
    pub async fn export_audit(&self, office: Option<OfficeNumber>, out: &Path) -> Result<AuditExported, AdminError> {
        let now = self.clock.now();
        if let Some(office) = office
            && self.store.office(office).await?.is_none()
        {
            return Err(AdminError::NoSuchOffice);
        }
        self.store.note_audit_export(office, self.by.clone(), now).await?;
        self.store.seal_audit(&self.audit, now).await?;
        let chain = office.map_or(Chain::Exchange, Chain::Office);
        let sealed = self.store.audit_sealed(chain).await?;
        let source = ExportSource {
            store: self.store.clone(),
            signer: Arc::clone(&self.audit),
            exchange: exchange_name(&self.store).await?,
            chain,
            made_at: now,
        };
        // Nothing existing is written over: it may be the earlier export that this one is to be compared with.
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(out)
            .map_err(AdminError::File)?;
        let mut lines = std::pin::pin!(source.lines().await?);
        while let Some(bytes) = lines.try_next().await? {
            file.write_all(&bytes).map_err(AdminError::File)?;
        }
        file.sync_all().map_err(AdminError::File)?;
        Ok(AuditExported {
            chain: chain.name().to_owned(),
            sealed_sequence: sealed.map(|checkpoint| checkpoint.sequence),
        })
    }

    /// Looks through the audit, newest first. Of an office what was done up to now, which is sealed first.
    pub async fn search_audit(&self, search: &AuditSearch) -> Result<Vec<AuditFound>, AdminError> {
        self.store.seal_audit(&self.audit, self.clock.now()).await?;
        Ok(self.store.search_audit(search).await?)
    }
}

impl From<ExportError> for AdminError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Store(error) => Self::Store(error),
            ExportError::Write(error) => Self::File(io::Error::other(error)),
        }
    }
}
