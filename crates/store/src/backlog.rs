//! What waits, for whoever watches the desk from outside.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::Result;

/// How many things wait, and since when the oldest of them.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// How many.
    pub count: i64,
    /// Since when the oldest; none if there are none.
    pub since: Option<DateTime<Utc>>,
}

/// What waits, and what became of the mail of late.
#[derive(Debug, Clone)]
pub struct Backlog {
    /// Mails that have not ended their way.
    pub mails: Waiting,
    /// Diagnostics that no host has taken yet.
    pub jobs: Waiting,
    /// Mails that ended their way since the moment that was asked for: accepted by the mail server.
    pub sent: i64,
    /// Refused by it, or tried for too long.
    pub failed: i64,
    /// Nobody knows whether they arrived.
    pub unknown: i64,
    /// Not sent, because their reader left or must not read them any more.
    pub dropped: i64,
}

/// Counts it; the mail of late is that which ended its way after `since`.
pub async fn backlog(conn: &mut PgConnection, since: DateTime<Utc>) -> Result<Backlog> {
    let found = sqlx::query!(
        r#"select mail.n as "mails!", mail.oldest as mails_since, job.n as "jobs!", job.oldest as jobs_since,
                  ended.sent as "sent!", ended.failed as "failed!", ended.unknown as "unknown!", ended.dropped as "dropped!"
           from (select count(*) as n, min(created_at) as oldest from outbox where state in ('pending', 'sending')) mail
           cross join (select count(*) as n, min(created_at) as oldest from job where state = 'queued') job
           cross join (select count(*) filter (where state = 'sent') as sent, count(*) filter (where state = 'failed') as failed,
                              count(*) filter (where state = 'unknown') as unknown, count(*) filter (where state = 'dropped') as dropped
                       from outbox where finished_at > $1) ended"#,
        since
    )
    .fetch_one(conn)
    .await?;
    Ok(Backlog {
        mails: Waiting {
            count: found.mails,
            since: found.mails_since,
        },
        jobs: Waiting {
            count: found.jobs,
            since: found.jobs_since,
        },
        sent: found.sent,
        failed: found.failed,
        unknown: found.unknown,
        dropped: found.dropped,
    })
}

/// The deadlines of each of these kinds that have passed and nobody acted on. Counts to 10,000 of a kind: a saved version
/// makes one for every open ticket at once. The number stands in the statement for the sake of its plan.
pub async fn overdue(
    conn: &mut PgConnection,
    kinds: &[&str],
    now: DateTime<Utc>,
) -> Result<Vec<(String, Waiting)>> {
    let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    Ok(sqlx::query!(
        r#"select wanted.kind as "kind!", late.n as "n!", late.oldest
           from unnest($2::text[]) as wanted (kind)
           cross join lateral (
               select count(*) as n, min(fires_at) as oldest
               from (select fires_at from timer where timer.kind = wanted.kind and fires_at <= $1 order by fires_at limit 10000) due) late
           order by wanted.kind"#,
        now,
        &kinds
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        let waiting = Waiting {
            count: r.n,
            since: r.oldest,
        };
        (r.kind, waiting)
    })
    .collect())
}
