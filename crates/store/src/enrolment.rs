//! Tokens that hosts join with. Only the hash is kept.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::PersonId;
use uuid::Uuid;

use crate::Result;

/// A token, without its secret.
#[derive(Debug, Clone)]
pub struct Token {
    /// Which.
    pub id: Uuid,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// How many hosts may still join with it.
    pub uses_left: i32,
    /// The only name that may join, if one was set.
    pub expected_name: Option<String>,
    /// Labels its hosts get.
    pub labels: Vec<String>,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A token to make.
#[derive(Debug)]
pub struct NewToken<'a> {
    /// A fresh id.
    pub id: Uuid,
    /// SHA-256 of the secret.
    pub token_hash: &'a [u8],
    /// Who makes it.
    pub created_by: PersonId,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// How many hosts may join with it.
    pub uses: i32,
    /// The only name that may join.
    pub expected_name: Option<&'a str>,
    /// Labels its hosts get.
    pub labels: &'a [String],
}

/// Makes a token.
pub async fn insert(
    conn: &mut PgConnection,
    token: &NewToken<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into enrolment_token (id, token_hash, created_by, created_at, expires_at, uses_left, expected_name, labels)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        token.id,
        token.token_hash,
        token.created_by.0,
        now,
        token.expires_at,
        token.uses,
        token.expected_name,
        token.labels
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The newest tokens, at most 100.
pub async fn list(conn: &mut PgConnection) -> Result<Vec<Token>> {
    Ok(sqlx::query_as!(
        Token,
        r#"select t.id, p.name as created_by, t.created_at, t.expires_at, t.uses_left, t.expected_name, t.labels, t.revoked_at
           from enrolment_token t join person p on p.id = t.created_by order by t.created_at desc limit 100"#
    )
    .fetch_all(conn)
    .await?)
}

/// Takes a token back; `false` when it is none or was taken back before.
pub async fn revoke(conn: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update enrolment_token set revoked_at = $2 where id = $1 and revoked_at is null",
        id,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A token whose use was just counted.
#[derive(Debug, Clone)]
pub struct Used {
    /// Which.
    pub id: Uuid,
    /// How many more hosts may join with it.
    pub uses_left: i32,
    /// The only name that may join.
    pub expected_name: Option<String>,
    /// Labels its hosts get.
    pub labels: Vec<String>,
}

/// Uses a token once, if it is good at `now` for a host of this name. Of two hosts that race for the last use, one wins.
pub async fn use_once(
    conn: &mut PgConnection,
    token_hash: &[u8],
    name: &str,
    now: DateTime<Utc>,
) -> Result<Option<Used>> {
    Ok(sqlx::query_as!(
        Used,
        "update enrolment_token set uses_left = uses_left - 1
         where token_hash = $1 and uses_left > 0 and expires_at > $2 and revoked_at is null
           and (expected_name is null or lower(expected_name) = lower($3))
         returning id, uses_left, expected_name, labels",
        token_hash,
        now,
        name
    )
    .fetch_optional(conn)
    .await?)
}

/// The token of that hash, good or not: to tell a stolen one from nonsense.
pub async fn find(conn: &mut PgConnection, token_hash: &[u8]) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select id from enrolment_token where token_hash = $1",
        token_hash
    )
    .fetch_optional(conn)
    .await?)
}

/// Public keys of the signer that are in force, newest first.
pub async fn signer_keys(conn: &mut PgConnection) -> Result<Vec<Vec<u8>>> {
    Ok(sqlx::query_scalar!(
        "select public_key from signer_key where retired_at is null order by created_at desc, id"
    )
    .fetch_all(conn)
    .await?)
}
