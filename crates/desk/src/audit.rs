//! The audit log's chain: sealed within seconds, verified on demand (decision 8, AT-AUD-1).

use chrono::{DateTime, TimeDelta, Utc};
use ring::digest;
use tierdesk_store::audit::{self, Row};

use crate::error::Result;
use crate::{Caller, Desk};

/// What the first link holds in place of the one before it.
const START: [u8; 32] = [0; 32];
/// How many rows are sealed or verified at a time.
const BATCH: i64 = 1_000;
/// Once a row was sealed for so long, no row with a smaller number comes any more: an action writes its rows with its last
/// statement, which may take 5 s, and PostgreSQL ends one that then does nothing for a minute. So the log need not be gone
/// through from its beginning, every two seconds, to find what no link holds yet.
const SETTLED: TimeDelta = TimeDelta::minutes(2);
/// So many numbers before that are looked at all the same: when a machine was halted, two minutes are over at once, and what
/// was about to be committed comes after.
const NEAR: i64 = 1_000;

/// The first thing that is wrong with the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A row was changed after it was sealed.
    Changed(i64),
    /// A row that was sealed is gone.
    Gone(i64),
    /// A link does not follow the one before it: something was taken out, put in or moved before this row.
    Broken(i64),
    /// So many rows were written over a minute ago and never sealed.
    Unsealed(i64),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Changed(seq) => write!(f, "row {seq} was changed after it was sealed"),
            Self::Gone(seq) => write!(f, "row {seq} was sealed and is gone"),
            Self::Broken(seq) => write!(
                f,
                "the chain breaks before row {seq}: something was taken out, put in or moved"
            ),
            Self::Unsealed(n) => write!(
                f,
                "{n} rows are older than a minute and not sealed: is a worker running?"
            ),
        }
    }
}

/// The hash of a link: of the one before it, and of every field of its row with its length, so that no two rows read alike.
fn link(prev_hash: &[u8], row: &Row) -> Vec<u8> {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(prev_hash);
    let id = |id: Option<uuid::Uuid>| id.map(|it| it.to_string()).unwrap_or_default();
    let fields = [
        row.seq.to_string(),
        row.at.timestamp_micros().to_string(),
        row.actor_kind.clone(),
        id(row.actor_id),
        id(row.on_behalf_of),
        row.action.clone(),
        row.object_kind.clone(),
        row.object_id.clone(),
        row.detail.clone(),
        row.ip.clone(),
        row.request_id.clone(),
    ];
    for field in fields {
        hash.update(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(field.as_bytes());
    }
    hash.finish().as_ref().to_vec()
}

impl Desk {
    /// Notes that somebody read the log, and what they looked for.
    pub async fn note_audit_read(
        &self,
        caller: &Caller,
        detail: serde_json::Value,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        work.audit("audit.read", "audit", "log", detail);
        work.commit().await
    }

    /// Chains rows that were committed since the last time. Returns how many; safe to call on several nodes.
    pub async fn seal_audit(&self, now: DateTime<Utc>) -> Result<u64> {
        let mut tx = tierdesk_store::begin(&self.pool).await?;
        let settled = audit::sealed_before(&mut tx, now - SETTLED).await?;
        let rows = audit::unsealed(&mut tx, settled - NEAR, BATCH).await?;
        let mut prev = audit::head(&mut tx)
            .await?
            .unwrap_or_else(|| START.to_vec());
        let mut links = Vec::new();
        for row in &rows {
            let hash = link(&prev, row);
            links.push((row.seq, prev, hash.clone()));
            prev = hash;
        }
        audit::seal(&mut tx, &links, now).await?;
        tierdesk_store::commit(tx).await?;
        Ok(links.len() as u64)
    }

    /// Walks the whole chain. Returns how many rows are fine, or the first fault.
    pub async fn verify_audit(
        &self,
        now: DateTime<Utc>,
    ) -> Result<std::result::Result<u64, Fault>> {
        let mut conn = self.acquire().await?;
        let (mut position, mut prev, mut fine) = (0, START.to_vec(), 0);
        loop {
            let links = audit::links(&mut conn, position, BATCH).await?;
            if links.is_empty() {
                break;
            }
            for it in links {
                let Some(row) = it.row else {
                    return Ok(Err(Fault::Gone(it.seq)));
                };
                if it.prev_hash != prev {
                    return Ok(Err(Fault::Broken(it.seq)));
                }
                if link(&prev, &row) != it.hash {
                    return Ok(Err(Fault::Changed(it.seq)));
                }
                (position, prev) = (it.position, it.hash);
                fine += 1;
            }
        }
        match audit::left_unsealed(&mut conn, now - TimeDelta::minutes(1)).await? {
            0 => Ok(Ok(fine)),
            n => Ok(Err(Fault::Unsealed(n))),
        }
    }
}
