//! The developer mailbox: where the demo keeps mail instead of sending it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// A mail in the developer mailbox.
#[derive(Debug, Clone)]
pub struct KeptMail {
    /// Which.
    pub id: Uuid,
    /// When it was kept.
    pub at: DateTime<Utc>,
    /// For whom.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// What it says, sealed.
    pub sealed: Vec<u8>,
}

/// Keeps a mail in the developer mailbox.
pub async fn keep(conn: &mut PgConnection, mail: &KeptMail) -> Result<()> {
    sqlx::query!(
        "insert into dev_mail (id, at, recipient, subject, sealed) values ($1, $2, $3, $4, $5) on conflict (id) do nothing",
        mail.id,
        mail.at,
        mail.recipient,
        mail.subject,
        mail.sealed
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A page of the developer mailbox, newest first, older than `before`; of one recipient where one is given.
pub async fn kept(
    conn: &mut PgConnection,
    recipient: Option<&str>,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<KeptMail>> {
    Ok(sqlx::query_as!(
        KeptMail,
        "select id, at, recipient, subject, sealed from dev_mail
         where ($1::text is null or recipient = $1) and ($2::timestamptz is null or (at, id) < ($2, $3::uuid))
         order by at desc, id desc limit $4",
        recipient,
        before.map(|it| it.0),
        before.map(|it| it.1),
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// One mail of the developer mailbox.
pub async fn kept_one(conn: &mut PgConnection, id: Uuid) -> Result<Option<KeptMail>> {
    Ok(sqlx::query_as!(
        KeptMail,
        "select id, at, recipient, subject, sealed from dev_mail where id = $1",
        id
    )
    .fetch_optional(conn)
    .await?)
}

/// Throws away mails from before a moment, at most `limit`. Returns how many.
pub async fn sweep(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    Ok(sqlx::query!(
        "delete from dev_mail where id in (select id from dev_mail where at < $1 order by at limit $2)",
        before,
        limit
    )
    .execute(conn)
    .await?
    .rows_affected())
}
