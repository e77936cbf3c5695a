//! What people have typed and not sent yet.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use tierdesk_domain::id::{EventId, FormId, PersonId, TicketId};
use tierdesk_domain::timeline::Visibility;
use uuid::Uuid;

use crate::Result;

/// A form that was sent: its draft is forgotten, and the files that wait for it belong to the entry that came of it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Who sent it.
    pub person: PersonId,
    /// What the draft was for.
    pub purpose: String,
    /// The form that files were uploaded for.
    pub files: Option<FormId>,
    /// The ticket.
    pub ticket: TicketId,
    /// The entry.
    pub event: EventId,
    /// Who may see it.
    pub visibility: Visibility,
}

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
