//! What people have typed and not sent yet.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use tierdesk_domain::id::{EventId, FormId, PersonId, TicketId};
use tierdesk_domain::timeline::Visibility;
use uuid::Uuid;

use crate::Result;

/// Keeps a draft in place of the one before.
pub async fn keep(
    conn: &mut PgConnection,
    person: PersonId,
    purpose: &str,
    body: &Value,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into draft (id, person_id, purpose, body, updated_at) values ($1, $2, $3, $4, $5)
         on conflict (person_id, purpose) do update set body = excluded.body, updated_at = excluded.updated_at",
        Uuid::now_v7(),
        person.0,
        purpose,
        body,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The draft for a purpose.
pub async fn find(
    conn: &mut PgConnection,
    person: PersonId,
    purpose: &str,
) -> Result<Option<Value>> {
    Ok(sqlx::query_scalar!(
        "select body from draft where person_id = $1 and purpose = $2",
        person.0,
        purpose
    )
    .fetch_optional(conn)
    .await?)
}

/// Forgets a draft.
pub async fn forget(conn: &mut PgConnection, person: PersonId, purpose: &str) -> Result<()> {
    sqlx::query!(
        "delete from draft where person_id = $1 and purpose = $2",
        person.0,
        purpose
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets drafts that nobody touched since `before`. Returns how many.
pub async fn sweep(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64> {
    Ok(
        sqlx::query!("delete from draft where updated_at < $1", before)
            .execute(conn)
            .await?
            .rows_affected(),
    )
}

/// A form was sent: forgets its draft, and gives the files that still wait for it at `now` to the entry that came of it.
/// Returns how many files there were.
pub async fn sent(
    conn: &mut PgConnection,
    (person, purpose): (PersonId, &str),
    files: Option<FormId>,
    (ticket, event, visibility): (TicketId, EventId, Visibility),
    now: DateTime<Utc>,
) -> Result<u64> {
    Ok(sqlx::query!(
        "with forgotten as (delete from draft where person_id = $1 and purpose = $2)
         update attachment set ticket_id = $4, event_id = $5, visibility = $6, draft_id = null, expires_at = null
         where uploader_id = $1 and draft_id = $3 and expires_at > $7",
        person.0,
        purpose,
        files.map(|it| it.0),
        ticket.0,
        event.0,
        visibility.as_str(),
        now
    )
    .execute(conn)
    .await?
    .rows_affected())
}
