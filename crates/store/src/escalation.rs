//! Firings of escalation rules: once per rule, ticket and cycle.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::{DocumentId, PersonId, TicketId};

use crate::Result;

/// A rule that fired.
#[derive(Debug)]
pub struct Firing<'a> {
    /// Which rule.
    pub rule: DocumentId,
    /// In which version.
    pub version: i32,
    /// On which ticket.
    pub ticket: TicketId,
    /// In which cycle of it.
    pub cycle: i32,
    /// How much later than it should have.
    pub late_by_seconds: i64,
    /// What it did.
    pub effects: &'a serde_json::Value,
}

/// Notes that a rule fires. False if it did already in this cycle; then nothing more may happen.
pub async fn fire(
    conn: &mut PgConnection,
    firing: &Firing<'_>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into rule_firing (rule_id, ticket_id, cycle, rule_version, fired_at, late_by_seconds, effects)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        firing.rule.0,
        firing.ticket.0,
        firing.cycle,
        firing.version,
        now,
        firing.late_by_seconds,
        firing.effects
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The rules that fired on a ticket in a cycle.
pub async fn fired(
    conn: &mut PgConnection,
    ticket: TicketId,
    cycle: i32,
) -> Result<Vec<DocumentId>> {
    let rules = sqlx::query_scalar!(
        "select rule_id from rule_firing where ticket_id = $1 and cycle = $2",
        ticket.0,
        cycle
    )
    .fetch_all(conn)
    .await?;
    Ok(rules.into_iter().map(DocumentId).collect())
}

/// How often rules have moved a ticket in a cycle.
pub async fn moves(conn: &mut PgConnection, ticket: TicketId, cycle: i32) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from event where ticket_id = $1 and cycle = $2 and kind = 'escalated' and actor_kind = 'rule'"#,
        ticket.0,
        cycle
    )
    .fetch_one(conn)
    .await?)
}

/// How often each rule fired since a moment, and when last.
pub async fn counts(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
) -> Result<Vec<(DocumentId, i64, DateTime<Utc>)>> {
    let rows = sqlx::query!(
        r#"select rule_id, count(*) as "n!", max(fired_at) as "last!" from rule_firing where fired_at >= $1 group by rule_id"#,
        since
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| (DocumentId(r.rule_id), r.n, r.last))
        .collect())
}

/// Active people who work on the desk's side: whom a rule may tell.
pub async fn staff(conn: &mut PgConnection) -> Result<Vec<(PersonId, String)>> {
    let rows = sqlx::query!(
        "select id, name from person p
         where deactivated_at is null
           and (manager or administrator or exists (select from membership m where m.person_id = p.id))
         order by lower(name), id"
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|r| (PersonId(r.id), r.name)).collect())
}
