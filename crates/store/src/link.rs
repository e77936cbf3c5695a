//! Tickets that have to do with each other.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::id::{TicketId, TicketNumber};

use crate::Result;

/// Says that `from` goes on where `to` ended.
pub async fn follow_up(
    conn: &mut PgConnection,
    from: TicketId,
    to: TicketId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into ticket_link (from_ticket, to_ticket, kind, created_at) values ($1, $2, 'follow_up', $3) on conflict do nothing",
        from.0,
        to.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Another ticket as a link shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Its number.
    pub number: TicketNumber,
    /// What it is called.
    pub title: String,
    /// True where the other ticket goes on from this one, false where this one goes on from it.
    pub later: bool,
}

/// The tickets that this one goes on from, and that go on from it, as far as the reader's scope holds them.
pub async fn follow_ups(
    conn: &mut PgConnection,
    scope: &Scope,
    ticket: TicketId,
) -> Result<Vec<Linked>> {
    let teams = scope.team_ids();
    Ok(sqlx::query!(
        r#"select t.number, t.title, l.from_ticket = t.id as "later!"
           from ticket_link l
           join ticket t on t.id = case when l.from_ticket = $1 then l.to_ticket else l.from_ticket end
           where (l.from_ticket = $1 or l.to_ticket = $1) and l.kind = 'follow_up'
             and ticket_in_scope($2, $3, $4, $5, $6, t.team_id, t.requester_id, t.organisation_id)
           order by t.number"#,
        ticket.0,
        scope.everything(),
        scope.unrestricted(),
        &teams,
        scope.person().map(|it| it.0),
        scope.organisation().map(|it| it.0)
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| Linked {
        number: TicketNumber(r.number),
        title: r.title,
        later: r.later,
    })
    .collect())
}
