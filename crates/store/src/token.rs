//! Single-use secrets that were mailed: resets, invitations, the set-up of the first administrator.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::{PersonId, TicketId};
use uuid::Uuid;

use crate::Result;

/// What a token is good for: `reset`, `invitation` or `setup`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Setting a new password.
    Reset,
    /// Joining.
    Invitation,
    /// Becoming the first administrator.
    Setup,
}

impl Purpose {
    /// The word it is stored as.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Invitation => "invitation",
            Self::Setup => "setup",
        }
    }
}

/// A token as it is found by its hash.
#[derive(Debug, Clone)]
pub struct Token {
    /// Its row.
    pub id: Uuid,
    /// Whose, where it belongs to somebody.
    pub person_id: Option<Uuid>,
    /// The password version it is bound to.
    pub credential_version: Option<i32>,
    /// The address it was sent to.
    pub email: Option<String>,
    /// The ticket it was started for.
    pub ticket_id: Option<Uuid>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it is useless.
    pub expires_at: DateTime<Utc>,
    /// When it was used.
    pub used_at: Option<DateTime<Utc>>,
    /// When a newer one took its place.
    pub superseded_at: Option<DateTime<Utc>>,
}

/// What is needed to make a token.
#[derive(Debug)]
pub struct NewToken<'a> {
    /// What it is good for.
    pub purpose: Purpose,
    /// Whose.
    pub person: Option<PersonId>,
    /// SHA-256 of the secret.
    pub token_hash: &'a [u8],
    /// The password version it is bound to.
    pub credential_version: Option<i32>,
    /// The address it goes to.
    pub email: Option<&'a str>,
    /// The ticket it was started for.
    pub ticket: Option<TicketId>,
    /// From when on it is useless.
    pub expires_at: DateTime<Utc>,
}

/// Makes a token; older unused ones of the same person and purpose are superseded (AT-RESET-1).
pub async fn insert(
    conn: &mut PgConnection,
    token: &NewToken<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update person_token set superseded_at = $3
         where purpose = $1 and person_id is not distinct from $2 and used_at is null and superseded_at is null",
        token.purpose.as_str(),
        token.person.map(|it| it.0),
        now
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into person_token (id, purpose, person_id, token_hash, credential_version, email, ticket_id, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        Uuid::now_v7(),
        token.purpose.as_str(),
        token.person.map(|it| it.0),
        token.token_hash,
        token.credential_version,
        token.email,
        token.ticket.map(|it| it.0),
        now,
        token.expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The token with that hash and purpose, used or not, locked until the transaction ends.
pub async fn lock(
    conn: &mut PgConnection,
    purpose: Purpose,
    token_hash: &[u8],
) -> Result<Option<Token>> {
    Ok(sqlx::query_as!(
        Token,
        "select id, person_id, credential_version, email, ticket_id, created_at, expires_at, used_at, superseded_at
         from person_token where token_hash = $1 and purpose = $2 for update",
        token_hash,
        purpose.as_str()
    )
    .fetch_optional(conn)
    .await?)
}

/// The token with that hash and purpose, used or not.
pub async fn find(
    conn: &mut PgConnection,
    purpose: Purpose,
    token_hash: &[u8],
) -> Result<Option<Token>> {
    Ok(sqlx::query_as!(
        Token,
        "select id, person_id, credential_version, email, ticket_id, created_at, expires_at, used_at, superseded_at
         from person_token where token_hash = $1 and purpose = $2",
        token_hash,
        purpose.as_str()
    )
    .fetch_optional(conn)
    .await?)
}

/// Marks a token as used.
pub async fn mark_used(conn: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update person_token set used_at = $2 where id = $1",
        id,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Throws away tokens that ran out before a moment, used or not, at most `limit`. Returns how many.
pub async fn sweep(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    Ok(sqlx::query!(
        "delete from person_token where id in (select id from person_token where expires_at < $1 order by expires_at limit $2)",
        before,
        limit
    )
    .execute(conn)
    .await?
    .rows_affected())
}
