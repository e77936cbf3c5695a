//! Who has a ticket open right now: hints for people, nothing depends on them.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::{PersonId, TicketId};

use crate::Result;

/// After this long without a sign, somebody has left.
pub(crate) const GONE_AFTER: TimeDelta = TimeDelta::seconds(60);

/// Notes that somebody looks at a ticket, or writes on it.
pub async fn touch(
    conn: &mut PgConnection,
    ticket: TicketId,
    person: PersonId,
    replying: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into presence (ticket_id, person_id, doing, at) values ($1, $2, $3, $4)
         on conflict (ticket_id, person_id) do update set at = excluded.at,
             -- Looking does not end replying before a minute has passed.
             doing = case when excluded.doing = 'looking' and presence.doing = 'replying' and presence.at > excluded.at - interval '20 seconds'
                          then 'replying' else excluded.doing end",
        ticket.0,
        person.0,
        if replying { "replying" } else { "looking" },
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Somebody on a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Their name.
    pub name: String,
    /// Whether they write.
    pub replying: bool,
}

/// Who else has the ticket open, by name.
pub async fn others(
    conn: &mut PgConnection,
    ticket: TicketId,
    reader: PersonId,
    now: DateTime<Utc>,
) -> Result<Vec<Present>> {
    Ok(sqlx::query!(
        "select p.name, x.doing from presence x join person p on p.id = x.person_id
         where x.ticket_id = $1 and x.person_id <> $2 and x.at > $3 order by p.name, p.id limit 5",
        ticket.0,
        reader.0,
        now - GONE_AFTER
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| Present {
        name: r.name,
        replying: r.doing == "replying",
    })
    .collect())
}
