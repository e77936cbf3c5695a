//! Runs on their way: leased, handed out, renewed, put back.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::{HostId, JobId};

use crate::Result;

/// Gives a host its oldest waiting run, unless it has `most` already. The lease begins, a new attempt with it.
pub async fn lease_next(
    conn: &mut PgConnection,
    host: HostId,
    most: i64,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<bool> {
    let leased = sqlx::query_scalar!(
        "update job set state = 'leased', attempt = attempt + 1, fence = fence + 1, lease_until = $4, started_at = null, output_bytes = 0
         where id = (select id from job where host_id = $1 and state = 'queued' and expires_at > $3 order by created_at, id limit 1 for update skip locked)
           and (select count(*) from job where host_id = $1 and state in ('leased', 'running')) < $2
         returning id",
        host.0,
        most,
        now,
        lease_until
    )
    .fetch_optional(conn)
    .await?;
    Ok(leased.is_some())
}

/// Hands a signed run to its host: payload and signature. It counts as running from here on.
pub async fn hand_out(
    conn: &mut PgConnection,
    host: HostId,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Option<(JobId, Vec<u8>, Vec<u8>)>> {
    Ok(sqlx::query!(
        "update job j set state = 'running', started_at = $2, lease_until = $3
         from job_envelope e
         where e.job_id = j.id and e.attempt = j.attempt and j.state = 'leased'
           and j.id = (select l.id from job l join job_envelope s on s.job_id = l.id and s.attempt = l.attempt
                       where l.host_id = $1 and l.state = 'leased' order by l.lease_until limit 1 for update of l skip locked)
         returning j.id, e.payload, e.signature",
        host.0,
        now,
        lease_until
    )
    .fetch_optional(conn)
    .await?
    .map(|r| (JobId(r.id), r.payload, r.signature)))
}

/// Runs of a host that somebody asked to stop.
pub async fn to_stop(conn: &mut PgConnection, host: HostId) -> Result<Vec<JobId>> {
    Ok(sqlx::query_scalar!(
        "select id from job where host_id = $1 and state = 'running' and cancel_asked_at is not null",
        host.0
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(JobId)
    .collect())
}

/// Renews the lease of one attempt; `false` when the host should let go of it.
pub async fn renew(
    conn: &mut PgConnection,
    host: HostId,
    job: JobId,
    attempt: i32,
    lease_until: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update job set lease_until = $4 where id = $2 and host_id = $1 and attempt = $3 and state = 'running' and cancel_asked_at is null",
        host.0,
        job.0,
        attempt,
        lease_until
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts a run back in the queue for another try.
pub async fn requeue(conn: &mut PgConnection, job: JobId) -> Result<()> {
    sqlx::query!(
        "update job set state = 'queued', lease_until = null, started_at = null where id = $1",
        job.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that somebody wants a run to stop.
pub async fn ask_to_stop(conn: &mut PgConnection, job: JobId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update job set cancel_asked_at = coalesce(cancel_asked_at, $2) where id = $1",
        job.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A run whose deadline has passed and that does not rest, locked until the transaction ends; others skip it.
pub async fn next_overdue(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Option<JobId>> {
    Ok(sqlx::query_scalar!(
        "select id from job
         where ((state = 'queued' and expires_at <= $1) or (state in ('leased', 'running') and lease_until <= $1))
           and (retry_at is null or retry_at <= $1)
         order by least(expires_at, coalesce(lease_until, expires_at)) limit 1 for update skip locked",
        now
    )
    .fetch_optional(conn)
    .await?
    .map(JobId))
}

/// How many errors of ours an unfinished run met so far, locked until the transaction ends. `None` once it ended.
pub async fn errors(conn: &mut PgConnection, job: JobId) -> Result<Option<u32>> {
    Ok(sqlx::query_scalar!(
        "select errors from job where id = $1 and state in ('queued', 'leased', 'running') for update",
        job.0
    )
    .fetch_optional(conn)
    .await?
    .map(|errors| u32::try_from(errors).unwrap_or_default()))
}

/// Lets a run rest that met an error of ours.
pub async fn put_off(
    conn: &mut PgConnection,
    job: JobId,
    errors: u32,
    until: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update job set errors = $2, retry_at = $3 where id = $1",
        job.0,
        i32::try_from(errors).unwrap_or(i32::MAX),
        until
    )
    .execute(conn)
    .await?;
    Ok(())
}
