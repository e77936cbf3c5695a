//! What only the signer does. Each function begins by taking the signer's role for the rest of the transaction
//! (decision 30); it must be called inside one.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::JobId;
use uuid::Uuid;

use crate::Result;

async fn take_role(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("select set_config('role', 'tierdesk_signer', true)")
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// The signer's role ends here, so that the rest of the transaction can write what the application writes.
pub async fn leave_role(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("select set_config('role', 'tierdesk_app', true)")
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// Private keys in force, sealed, newest first.
pub async fn keys(conn: &mut PgConnection) -> Result<Vec<(Uuid, Vec<u8>)>> {
    take_role(conn).await?;
    Ok(sqlx::query!(
        "select id, sealed from signer_key where retired_at is null order by created_at desc, id"
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| (r.id, r.sealed))
    .collect())
}

/// Adds a key.
pub async fn insert_key(
    conn: &mut PgConnection,
    id: Uuid,
    public_key: &[u8],
    sealed: &[u8],
    now: DateTime<Utc>,
) -> Result<()> {
    take_role(conn).await?;
    sqlx::query!(
        "insert into signer_key (id, public_key, sealed, created_at) values ($1, $2, $3, $4)",
        id,
        public_key,
        sealed,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A claimed job that waits for its signature and does not rest, locked until the transaction ends; others skip it.
pub async fn next_unsigned(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Option<JobId>> {
    take_role(conn).await?;
    Ok(sqlx::query_scalar!(
        "select j.id from job j where j.state = 'leased'
           and not exists (select from job_envelope e where e.job_id = j.id and e.attempt = j.attempt)
           and (j.retry_at is null or j.retry_at <= $1)
         order by j.lease_until limit 1 for update skip locked",
        now
    )
    .fetch_optional(conn)
    .await?
    .map(JobId))
}

/// Keeps an envelope.
pub async fn insert_envelope(
    conn: &mut PgConnection,
    job: JobId,
    attempt: i32,
    payload: &[u8],
    signature: &[u8],
    now: DateTime<Utc>,
) -> Result<()> {
    take_role(conn).await?;
    sqlx::query!(
        "insert into job_envelope (job_id, attempt, payload, signature, signed_at) values ($1, $2, $3, $4, $5)",
        job.0,
        attempt,
        payload,
        signature,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
