//! The sealer: chains what was appended and signs where each chain ends. Every step is one commit that either moves
//! on from where it was found or does nothing, so that a death between steps costs nothing and a second sealer of
//! the same database harms nothing.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use care_model::Digest;
use chrono::{DateTime, Utc};
use exchange_audit::{Chain, Checkpoint, Signature, Signer, first_hash, next_hash};
use tokio::time::{Instant, sleep_until};

use super::chains::{LINE_COLUMNS, StoredLine};
use crate::{Store, StoreError, convert, sql};

/// Lines that one commit chains: it must keep nobody waiting, and the more there are the fewer pages each of them costs.
const LINES_MAX: i64 = 500;
/// Chains that one commit signs.
const SIGNED_MAX: i64 = 400;
/// Rows of one statement.
const ROWS_MAX: usize = 200;

/// Where a chain ends.
struct Head {
    sequence: u64,
    hash: Digest,
}

/// A line's place in a chain.
struct Link {
    chain: Chain,
    sequence: u64,
    audit_row: i64,
    hash: Digest,
}

impl Store {
    /// Chains every line that was there when it was called, and signs every chain that grew. Gives how many lines it
    /// chained. May be called by anybody at any time, also while another does so.
    pub async fn seal_audit(&self, signer: &Arc<Signer>, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.seal_audit_over(signer, now, Duration::ZERO).await
    }

    /// The same, spread evenly over so long: in one go it would take half of what the storage can do meanwhile.
    pub async fn seal_audit_over(
        &self,
        signer: &Arc<Signer>,
        now: DateTime<Utc>,
        over: Duration,
    ) -> Result<u64, StoreError> {
        let target: Option<i64> = sql::query_scalar("SELECT max(row) FROM audit")
            .fetch_one(&self.shared.readers)
            .await?;
        let target = target.unwrap_or(0);
        let commits = (target - self.sealed_row().await?).max(0) / LINES_MAX + 1;
        let each = over / u32::try_from(commits).unwrap_or(u32::MAX);
        let mut turn = Instant::now();
        let mut chained = 0;
        while let Some(lines) = self.chain_lines(target).await? {
            chained += lines;
            if lines < LINES_MAX as u64 {
                break;
            }
            turn += each;
            sleep_until(turn).await;
        }
        while self.sign_heads(signer, now).await? {}
        Ok(chained)
    }

    /// The last line that is chained.
    async fn sealed_row(&self) -> Result<i64, StoreError> {
        Ok(sql::query_scalar("SELECT row FROM audit_sealer")
            .fetch_one(&self.shared.readers)
            .await?)
    }

    /// Chains some lines up to one; none if there are no more, or somebody else is at it.
    async fn chain_lines(&self, target: i64) -> Result<Option<u64>, StoreError> {
        let position = self.sealed_row().await?;
        let sql = format!("SELECT {LINE_COLUMNS} FROM audit a WHERE a.row > ? AND a.row <= ? ORDER BY a.row LIMIT ?");
        let rows = sql::Builder::new(sql)
            .build()
            .bind(position)
            .bind(target)
            .bind(LINES_MAX)
            .fetch_all(&self.shared.readers)
            .await?;
        let lines = rows.iter().map(StoredLine::read).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = lines.last().map(|line| line.row) else {
            return Ok(None);
        };
        let mut heads = self.heads(lines.iter().flat_map(StoredLine::chains).collect()).await?;
        let mut links = Vec::with_capacity(lines.len() * 2);
        for line in &lines {
            for chain in line.chains() {
                let head = heads.entry(chain).or_insert_with(|| Head {
                    sequence: 0,
                    hash: first_hash(&chain),
                });
                head.sequence += 1;
                let record = line.record(chain, head.sequence)?;
                head.hash = next_hash(&head.hash, &record).map_err(|_| StoreError::Damaged { what: "audit line" })?;
                links.push(Link {
                    chain,
                    sequence: head.sequence,
                    audit_row: line.row,
                    hash: head.hash,
                });
            }
        }
        let chained = lines.len() as u64;
        // Rows that lie side by side are written one after the other.
        links.sort_unstable_by_key(|link| (link.chain, link.sequence));
        let mut heads: Vec<(Chain, Head)> = heads.into_iter().collect();
        heads.sort_unstable_by_key(|(chain, _)| *chain);
        self.store_links(position, last, links, heads)
            .await
            .map(|stored| stored.then_some(chained))
    }

    /// Where chains end; nothing of one that has no record yet.
    async fn heads(&self, chains: HashSet<Chain>) -> Result<HashMap<Chain, Head>, StoreError> {
        let mut select = sql::Builder::new("SELECT audit_head.chain AS chain, sequence, hash FROM (");
        select
            .push_values(&chains, |row, chain| {
                row.push_bind(chain.name().to_owned());
            })
            .push(") AS asked JOIN audit_head ON audit_head.chain = column1");
        let rows = select.build().fetch_all(&self.shared.readers).await?;
        let head = |row: &sql::Row| {
            let chain = Chain::parse(row.try_get("chain")?).map_err(|_| StoreError::Damaged { what: "audit chain" })?;
            let hash: Vec<u8> = row.try_get("hash")?;
            let head = Head {
                sequence: convert::number(row.try_get("sequence")?)?,
                hash: convert::digest(&hash)?,
            };
            Ok((chain, head))
        };
        rows.iter().map(head).collect()
    }

    /// Stores links that go on from a position; false if the chains are somewhere else by now.
    async fn store_links(
        &self,
        position: i64,
        last: i64,
        links: Vec<Link>,
        heads: Vec<(Chain, Head)>,
    ) -> Result<bool, StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    let moved = sql::query("UPDATE audit_sealer SET row = ? WHERE row = ?")
                        .bind(last)
                        .bind(position)
                        .execute(&mut batch.connection)
                        .await?;
                    if moved.rows_affected() == 0 {
                        return Ok(false);
                    }
                    let mut script = sql::Script::default();
                    for links in links.chunks(ROWS_MAX) {
                        let mut insert =
                            sql::Builder::new("INSERT INTO audit_chain (chain, sequence, audit_row, hash) ");
                        insert.push_values(links, |row, link| {
                            row.push_bind(link.chain.name().to_owned())
                                .push_bind(convert::signed(link.sequence))
                                .push_bind(link.audit_row)
                                .push_bind(link.hash.as_bytes().to_vec());
                        });
                        script.push(insert.build());
                    }
                    for heads in heads.chunks(ROWS_MAX) {
                        let mut insert = sql::Builder::new("INSERT INTO audit_head (chain, sequence, hash, signed) ");
                        insert.push_values(heads, |row, (chain, head)| {
                            row.push_bind(chain.name().to_owned())
                                .push_bind(convert::signed(head.sequence))
                                .push_bind(head.hash.as_bytes().to_vec())
                                .push("0");
                        });
                        insert.push(
                            " ON CONFLICT (chain) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash",
                        );
                        script.push(insert.build());
                    }
                    script.execute(&mut batch.connection).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// Signs some chains that grew since they were signed; false if there are none.
    async fn sign_heads(&self, signer: &Arc<Signer>, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let rows: Vec<(String, i64, Vec<u8>)> = sql::query_as(
            "SELECT chain, sequence, hash FROM audit_head WHERE signed < sequence ORDER BY chain LIMIT ?",
        )
        .bind(SIGNED_MAX)
        .fetch_all(&self.shared.readers)
        .await?;
        if rows.is_empty() {
            return Ok(false);
        }
        let damaged = StoreError::Damaged { what: "audit chain" };
        let mut checkpoints = Vec::with_capacity(rows.len());
        for (chain, sequence, hash) in rows {
            checkpoints.push(Checkpoint {
                chain: Chain::parse(&chain).map_err(|_| StoreError::Damaged { what: "audit chain" })?,
                sequence: convert::number(sequence)?,
                hash: convert::digest(&hash)?,
                at: now,
            });
        }
        let signer = Arc::clone(signer);
        let signed = tokio::task::spawn_blocking(move || {
            let sign = |checkpoint: Checkpoint| {
                let signature = signer.sign_checkpoint(&checkpoint)?;
                Ok((checkpoint, signature))
            };
            checkpoints
                .into_iter()
                .map(sign)
                .collect::<Result<Vec<_>, exchange_audit::WriteError>>()
        });
        let signed = signed.await.map_err(|_| StoreError::Closed)?.map_err(|_| damaged)?;
        self.store_checkpoints(signed).await?;
        Ok(true)
    }

    /// A chain that grew meanwhile is signed up to here all the same; one that was signed meanwhile keeps that.
    async fn store_checkpoints(&self, signed: Vec<(Checkpoint, Signature)>) -> Result<(), StoreError> {
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    for signed in signed.chunks(ROWS_MAX) {
                        let mut insert =
                            sql::Builder::new("INSERT INTO audit_checkpoint (chain, sequence, at, hash, signature) ");
                        insert.push_values(signed, |row, (checkpoint, signature)| {
                            row.push_bind(checkpoint.chain.name().to_owned())
                                .push_bind(convert::signed(checkpoint.sequence))
                                .push_bind(convert::millis(checkpoint.at))
                                .push_bind(checkpoint.hash.as_bytes().to_vec())
                                .push_bind(signature.as_bytes().to_vec());
                        });
                        insert.push(" ON CONFLICT DO NOTHING");
                        insert.build().execute(&mut batch.connection).await?;
                        let mut update = sql::Builder::new("WITH done (chain, sequence) AS (");
                        update.push_values(signed, |row, (checkpoint, _)| {
                            row.push_bind(checkpoint.chain.name().to_owned())
                                .push_bind(convert::signed(checkpoint.sequence));
                        });
                        update.push(
                            ") UPDATE audit_head SET signed = done.sequence FROM done \
                             WHERE audit_head.chain = done.chain AND signed < done.sequence",
                        );
                        update.build().execute(&mut batch.connection).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}
