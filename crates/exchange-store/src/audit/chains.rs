//! What a line says in each of its chains, and reading a chain out again.

use care_model::{AccountId, Digest, OfficeNumber};
use exchange_audit::{Act, Chain, Checkpoint, Record, Signature, Subject, Who};

use crate::{Actor, By, Store, StoreError, convert, sql};

/// The columns of a line, for whoever reads one with [`StoredLine::read`].
pub(super) const LINE_COLUMNS: &str = "a.row, a.at, a.act, a.by_kind, a.office, a.account, a.terminal, a.subject_kind, a.subject, a.about, a.about_to, \
     a.fence, a.epoch";

/// A line as it is stored. Records are made of it and of nothing else, so that they are the same for good.
pub(super) struct StoredLine {
    pub(super) row: i64,
    at: i64,
    act: Act,
    by: By,
    subject: Option<Subject>,
    about: Option<OfficeNumber>,
    about_to: Option<OfficeNumber>,
    fence: Option<u64>,
    epoch: u64,
}

impl StoredLine {
    pub(super) fn read(row: &sql::Row) -> Result<Self, StoreError> {
        let office = |name: &str| {
            let text: Option<String> = row.try_get(name)?;
            text.map(|text| convert::office(&text)).transpose()
        };
        let damaged = |_| StoreError::Damaged { what: "audit line" };
        let fence: Option<i64> = row.try_get("fence")?;
        Ok(Self {
            row: row.try_get("row")?,
            at: row.try_get("at")?,
            act: Act::parse(row.try_get("act")?).map_err(damaged)?,
            by: by_of(row, office("office")?)?,
            subject: subject_of(row)?,
            about: office("about")?,
            about_to: office("about_to")?,
            fence: fence.map(convert::number).transpose()?,
            epoch: convert::number(row.try_get("epoch")?)?,
        })
    }

    /// The chains that it enters.
    pub(super) fn chains(&self) -> Vec<Chain> {
        let mut chains: Vec<Chain> = Vec::with_capacity(3);
        for office in [self.about, self.about_to, self.by.office()].into_iter().flatten() {
            if !chains.contains(&Chain::Office(office)) {
                chains.push(Chain::Office(office));
            }
        }
        if chains.is_empty() || matches!(self.by, By::Operator { .. } | By::CommandLine) {
            chains.push(Chain::Exchange);
        }
        chains
    }

    /// What it says in one of them. A chain's office learns of another one that it acted, and nothing of who there
    /// or at which terminal; of an operator that it was one.
    pub(super) fn record(&self, chain: Chain, sequence: u64) -> Result<Record, StoreError> {
        let own = |office: OfficeNumber| chain == Chain::Office(office);
        let by = match &self.by {
            By::Terminal(actor) if own(actor.office) => Who::Person {
                account: account(&actor.account)?,
                terminal: actor.terminal,
            },
            By::Terminal(Actor { office, .. }) => Who::Office(*office),
            By::Portal { office, account } if own(*office) => Who::Portal {
                account: account.clone(),
            },
            By::Portal { office, .. } => Who::Office(*office),
            By::Operator { account } => Who::Operator {
                account: (chain == Chain::Exchange).then(|| account.clone()),
            },
            By::CommandLine => Who::CommandLine,
            By::Server => Who::Server,
        };
        // How often and under which number it was claimed is the receiver's own affair.
        let is_receivers = self.about_to.is_none_or(own);
        Ok(Record {
            sequence,
            at: convert::time(self.at)?,
            act: self.act,
            by,
            subject: self.subject.clone(),
            office: self.about,
            to: self.about_to,
            fence: self.fence.filter(|_| is_receivers),
            epoch: self.epoch,
        })
    }
}

fn account(text: &str) -> Result<AccountId, StoreError> {
    AccountId::parse(text).map_err(|_| StoreError::Damaged { what: "account" })
}

fn by_of(row: &sql::Row, office: Option<OfficeNumber>) -> Result<By, StoreError> {
    let damaged = || StoreError::Damaged { what: "audit line" };
    let named = || -> Result<String, StoreError> {
        let name: Option<String> = row.try_get("account")?;
        name.ok_or_else(damaged)
    };
    Ok(match row.try_get::<i64>("by_kind")? {
        1 => By::Terminal(Actor {
            office: office.ok_or_else(damaged)?,
            account: named()?,
            terminal: convert::terminal_id(row.try_get("terminal")?)?,
        }),
        2 => By::Portal {
            office: office.ok_or_else(damaged)?,
            account: account(&named()?)?,
        },
        3 => By::Operator {
            account: account(&named()?)?,
        },
        4 => By::CommandLine,
        5 => By::Server,
        _ => return Err(damaged()),
    })
}

fn subject_of(row: &sql::Row) -> Result<Option<Subject>, StoreError> {
    let damaged = || StoreError::Damaged { what: "audit line" };
    let Some(kind) = row.try_get::<Option<i64>>("subject_kind")? else {
        return Ok(None);
    };
    let bytes: &[u8] = row.try_get("subject")?;
    let text = || std::str::from_utf8(bytes).map_err(|_| damaged());
    Ok(Some(match kind {
        1 => Subject::Delivery(convert::delivery_id(bytes)?),
        2 => Subject::Office(convert::office(text()?)?),
        3 => Subject::Account(account(text()?)?),
        4 => Subject::Terminal(convert::terminal_id(bytes)?),
        5 => Subject::News(text()?.parse().map_err(|_| damaged())?),
        _ => return Err(damaged()),
    }))
}

/// A record of a chain with its hash, and the checkpoint that stands behind it.
#[derive(Debug, Clone)]
pub struct SealedRecord {
    /// The record.
    pub record: Record,
    /// Its stored hash.
    pub hash: Digest,
    /// The checkpoint behind it, if one was signed there.
    pub checkpoint: Option<(Checkpoint, Signature)>,
}

/// Some records of a chain, in their order.
#[derive(Debug, Clone)]
pub struct SealedPage {
    /// The records.
    pub records: Vec<SealedRecord>,
    /// The sequence to go on after; none at the end.
    pub next: Option<u64>,
}

/// Records of one page.
const PAGE_RECORDS: u64 = 500;

impl Store {
    /// The last checkpoint of a chain: up to where it is sealed. None if nothing was signed yet.
    pub async fn audit_sealed(&self, chain: Chain) -> Result<Option<Checkpoint>, StoreError> {
        let row: Option<(i64, i64, Vec<u8>)> = sql::query_as(
            "SELECT sequence, at, hash FROM audit_checkpoint WHERE chain = ? ORDER BY sequence DESC LIMIT 1",
        )
        .bind(chain.name().to_owned())
        .fetch_optional(&self.shared.readers)
        .await?;
        row.map(|(sequence, at, hash)| checkpoint(chain, sequence, at, &hash))
            .transpose()
    }

    /// The records of a chain after a place, up to a place that is sealed. Holds no connection between pages.
    pub async fn audit_records(&self, chain: Chain, after: u64, up_to: u64) -> Result<SealedPage, StoreError> {
        let last = up_to.min(after.saturating_add(PAGE_RECORDS));
        let sql = format!(
            "SELECT c.sequence AS sequence, c.hash AS hash, k.at AS signed_at, k.signature AS signature, \
             {LINE_COLUMNS} FROM audit_chain c JOIN audit a ON a.row = c.audit_row \
             LEFT JOIN audit_checkpoint k ON k.chain = c.chain AND k.sequence = c.sequence \
             WHERE c.chain = ? AND c.sequence > ? AND c.sequence <= ? ORDER BY c.sequence"
        );
        let rows = sql::Builder::new(sql)
            .build()
            .bind(chain.name().to_owned())
            .bind(convert::signed(after))
            .bind(convert::signed(last))
            .fetch_all(&self.shared.readers)
            .await?;
        let records = rows.iter().map(|row| {
            let sequence: i64 = row.try_get("sequence")?;
            let hash: Vec<u8> = row.try_get("hash")?;
            let signed: Option<(i64, Vec<u8>)> = row
                .try_get::<Option<i64>>("signed_at")?
                .zip(row.try_get::<Option<Vec<u8>>>("signature")?);
            Ok(SealedRecord {
                record: StoredLine::read(row)?.record(chain, convert::number(sequence)?)?,
                hash: convert::digest(&hash)?,
                checkpoint: match signed {
                    None => None,
                    Some((at, signature)) => Some((
                        checkpoint(chain, sequence, at, &hash)?,
                        Signature::from_slice(&signature).map_err(|_| StoreError::Damaged { what: "signature" })?,
                    )),
                },
            })
        });
        Ok(SealedPage {
            records: records.collect::<Result<_, StoreError>>()?,
            next: (last < up_to).then_some(last),
        })
    }
}

fn checkpoint(chain: Chain, sequence: i64, at: i64, hash: &[u8]) -> Result<Checkpoint, StoreError> {
    Ok(Checkpoint {
        chain,
        sequence: convert::number(sequence)?,
        hash: convert::digest(hash)?,
        at: convert::time(at)?,
    })
}
