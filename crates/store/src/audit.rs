//! The audit log: rows written in the action's transaction, never changed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::actor::Actor;

use crate::Result;

/// One row to write.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Who did it.
    pub actor: Actor,
    /// What, as `object.verb`, such as `session.started`.
    pub action: &'a str,
    /// To what kind of thing.
    pub object_kind: &'a str,
    /// To which.
    pub object_id: &'a str,
    /// Before, after and other facts; never a secret.
    pub detail: serde_json::Value,
    /// From which address.
    pub ip: &'a str,
    /// In which request.
    pub request_id: &'a str,
}

/// Writes a row.
pub async fn insert(conn: &mut PgConnection, entry: &Entry<'_>, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into audit (at, actor_kind, actor_id, on_behalf_of, action, object_kind, object_id, detail, ip, request_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        now,
        entry.actor.kind.as_str(),
        entry.actor.id,
        entry.actor.on_behalf_of.map(|it| it.0),
        entry.action,
        entry.object_kind,
        entry.object_id,
        entry.detail,
        entry.ip,
        entry.request_id
    )
    .execute(conn)
    .await?;
    Ok(())
}
