//! A period of an office's chain with what its deliveries were: what an inspection record (運営指導用の記録) is made of.

use std::collections::HashMap;

use care_model::{DeliveryId, Digest, OfficeNumber};
use exchange_audit::{Chain, PartKind, Period, Place, Receipt, ReceiptPart, first_hash};
use exchange_protocol::{DeliveryHeader, PartRole};

use super::chains::SealedRecord;
use crate::{Store, StoreError, convert, sql};

/// A part of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The place right before it.
    pub after: Place,
    /// The sequence of its last record; that of `after` if it has none.
    pub up_to: u64,
}

impl Store {
    /// Where in an office's chain a period lies, as far as the chain is sealed: from the first record in it to the last.
    pub async fn audit_span(&self, office: OfficeNumber, period: Period) -> Result<Span, StoreError> {
        let chain = Chain::Office(office);
        let none = Span {
            after: Place {
                sequence: 0,
                hash: first_hash(&chain),
            },
            up_to: 0,
        };
        let Some(sealed) = self.audit_sealed(chain).await? else {
            return Ok(none);
        };
        let ends: (Option<i64>, Option<i64>) = sql::query_as(
            "SELECT min(c.sequence), max(c.sequence) FROM audit_chain c JOIN audit a ON a.row = c.audit_row \
             WHERE c.chain = ? AND c.sequence <= ? AND a.at >= ? AND a.at < ?",
        )
        .bind(chain.name().to_owned())
        .bind(convert::signed(sealed.sequence))
        .bind(convert::millis(period.from))
        .bind(convert::millis(period.until))
        .fetch_one(&self.shared.readers)
        .await?;
        let (Some(first), Some(last)) = ends else {
            return Ok(none);
        };
        let before: Option<Vec<u8>> =
            sql::query_scalar("SELECT hash FROM audit_chain WHERE chain = ? AND sequence = ?")
                .bind(chain.name().to_owned())
                .bind(first - 1)
                .fetch_optional(&self.shared.readers)
                .await?;
        let after = match before {
            Some(hash) => Place {
                sequence: convert::number(first - 1)?,
                hash: convert::digest(&hash)?,
            },
            None if first == 1 => none.after,
            None => return Err(StoreError::Damaged { what: "audit chain" }),
        };
        Ok(Span {
            after,
            up_to: convert::number(last)?,
        })
    }

    /// The receipts that stand behind some records of a chain, by the hash of their record.
    pub async fn audit_receipts(&self, records: &[SealedRecord]) -> Result<HashMap<Digest, Receipt>, StoreError> {
        let wanted: Vec<(Digest, DeliveryId)> = records
            .iter()
            .filter_map(|sealed| Some((sealed.hash, sealed.record.receipted()?)))
            .collect();
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
        let mut query = sql::Builder::new(
            "SELECT d.id, d.header, d.digest, d.accepted_at, f.name AS from_name, t.name AS to_name \
             FROM delivery d LEFT JOIN office f ON f.number = d.from_office LEFT JOIN office t ON t.number = d.to_office \
             WHERE d.id IN (",
        );
        for (place, (_, delivery)) in wanted.iter().enumerate() {
            if place > 0 {
                query.push(", ");
            }
            query.push_bind(delivery.as_bytes().to_vec());
        }
        query.push(")");
        let mut known = HashMap::with_capacity(wanted.len());
        for row in query.build().fetch_all(&self.shared.readers).await? {
            known.insert(convert::delivery_id(row.try_get("id")?)?, row);
        }
        wanted
            .into_iter()
            .map(|(record, delivery)| {
                let row = known.get(&delivery).ok_or(StoreError::Damaged { what: "delivery" })?;
                Ok((record, receipt(record, row)?))
            })
            .collect()
    }
}

fn receipt(record: Digest, row: &sql::Row) -> Result<Receipt, StoreError> {
    let DeliveryHeader {
        id,
        from,
        to,
        serial,
        unit,
        declared_month,
        declared_recipients,
        parts,
        sealing: _,
    } = convert::header(row.try_get("header")?)?;
    let parts = parts.into_iter().map(|part| ReceiptPart {
        kind: match part.role {
            PartRole::Cover => PartKind::Cover,
            PartRole::StandardFile => PartKind::StandardFile,
            PartRole::Attachment => PartKind::Attachment,
        },
        name: part.name,
        size_bytes: part.size_bytes,
        digest: part.digest,
    });
    Ok(Receipt {
        record,
        delivery: id,
        accepted_at: convert::time(row.try_get("accepted_at")?)?,
        from,
        from_name: row.try_get::<Option<String>>("from_name")?.unwrap_or_default(),
        to,
        to_name: row.try_get::<Option<String>>("to_name")?.unwrap_or_default(),
        serial,
        unit,
        month: declared_month,
        recipients: declared_recipients,
        parts: parts.collect(),
        digest: convert::digest(row.try_get("digest")?)?,
    })
}
