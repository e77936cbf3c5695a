//! The outbox: what will leave the house (law 2). One row per mail and envelope recipient.
//!
//! Leases run on the database's clock, so that two workers with different clocks agree; everything else runs on the time
//! that is handed in.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::{EventId, PersonId, TicketId};
use tierdesk_domain::outbox::{MailKind, MailState};
use uuid::Uuid;

use crate::{Result, row};

/// One mail to one recipient.
#[derive(Debug, Clone)]
pub struct NewMail {
    /// Shared by all recipients of one mail.
    pub mail_id: Uuid,
    /// Which template.
    pub kind: MailKind,
    /// Who gets it.
    pub person: PersonId,
    /// Where.
    pub address: String,
    /// Whether they are in Cc instead of To.
    pub reads_along: bool,
    /// About which ticket.
    pub ticket: Option<TicketId>,
    /// About which event.
    pub event: Option<EventId>,
    /// Its stable Message-ID, without angle brackets.
    pub message_id: String,
    /// Ids and harmless facts for the template.
    pub data: serde_json::Value,
    /// Sealed values, such as a token; deleted after sending.
    pub sealed: Option<Vec<u8>>,
}

/// A mail that somebody claimed to send it.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The row.
    pub id: Uuid,
    /// The mail it is a copy of.
    pub mail_id: Uuid,
    /// Which mail.
    pub kind: MailKind,
    /// Who gets it.
    pub person: Option<PersonId>,
    /// Where.
    pub address: String,
    /// About which ticket.
    pub ticket: Option<TicketId>,
    /// About which event.
    pub event: Option<EventId>,
    /// Its Message-ID, without angle brackets.
    pub message_id: String,
    /// Facts for the template.
    pub data: serde_json::Value,
    /// The sealed secret, if it has one.
    pub sealed: Option<Vec<u8>>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was tried for the first time.
    pub tried_at: DateTime<Utc>,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// Who holds it; a claim after ours has a higher number.
    pub fence: i32,
    /// Whether somebody talked to the mail server about it before and never said what became of it.
    pub interrupted: bool,
}

/// Claims up to `limit` mails that are due, for `lease_seconds`. Others skip them. Per ticket and recipient only the oldest
/// unfinished mail is due, which keeps their order without one bad address holding up another.
pub async fn claim(
    conn: &mut PgConnection,
    limit: i64,
    lease_seconds: f64,
    now: DateTime<Utc>,
) -> Result<Vec<Claimed>> {
    let rows = sqlx::query!(
        r#"with due as (
               select o.id, o.began_at from outbox o
               where o.state in ('pending', 'sending') and o.send_after <= $1
                 and (o.lease_until is null or o.lease_until < clock_timestamp())
                 and not exists (select from outbox e
                                 where e.ticket_id = o.ticket_id and e.address = o.address and e.id < o.id and e.state in ('pending', 'sending'))
               order by o.send_after, o.id
               limit $2
               for update of o skip locked)
           update outbox o
           set state = 'sending', fence = o.fence + 1, attempts = o.attempts + 1, tried_at = coalesce(o.tried_at, $1),
               lease_until = clock_timestamp() + make_interval(secs => $3)
           from due where o.id = due.id
           returning o.id, o.mail_id, o.kind, o.person_id, o.address, o.ticket_id, o.event_id, o.message_id, o.data, o.sealed,
                     o.created_at, o.tried_at as "tried_at!", o.attempts, o.fence, due.began_at is not null as "interrupted!""#,
        now,
        limit,
        lease_seconds
    )
    .fetch_all(conn)
    .await?;
    let mut claimed = rows
        .into_iter()
        .map(|r| {
            Ok(Claimed {
                id: r.id,
                mail_id: r.mail_id,
                kind: row::word("outbox", &r.kind)?,
                person: r.person_id.map(PersonId),
                address: r.address,
                ticket: r.ticket_id.map(TicketId),
                event: r.event_id.map(EventId),
                message_id: r.message_id,
                data: r.data,
                sealed: r.sealed,
                created_at: r.created_at,
                tried_at: r.tried_at,
                attempts: u32::try_from(r.attempts).unwrap_or_default(),
                fence: r.fence,
                interrupted: r.interrupted,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    claimed.sort_by_key(|it| it.id);
    Ok(claimed)
}

/// Notes that the talk with the mail server begins. False when somebody else has the mail now.
pub async fn begin(conn: &mut PgConnection, mail: &Claimed, now: DateTime<Utc>) -> Result<bool> {
    Ok(sqlx::query!(
        "update outbox set began_at = $3 where id = $1 and fence = $2 and state = 'sending'",
        mail.id,
        mail.fence,
        now
    )
    .execute(conn)
    .await?
    .rows_affected()
        == 1)
}

/// Keeps a claim for `lease_seconds` more. False when somebody else has it now.
pub async fn hold(conn: &mut PgConnection, mail: &Claimed, lease_seconds: f64) -> Result<bool> {
    Ok(sqlx::query!(
        "update outbox set lease_until = clock_timestamp() + make_interval(secs => $3) where id = $1 and fence = $2 and state = 'sending'",
        mail.id,
        mail.fence,
        lease_seconds
    )
    .execute(conn)
    .await?
    .rows_affected()
        == 1)
}

/// Ends a mail's way and deletes its secret. False when somebody else has it now, and then nothing was written.
pub async fn finish(
    conn: &mut PgConnection,
    mail: &Claimed,
    state: MailState,
    why: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool> {
    Ok(sqlx::query!(
        "update outbox set state = $3, last_error = $4, finished_at = $5, sealed = null, lease_until = null, began_at = null
         where id = $1 and fence = $2 and state = 'sending'",
        mail.id,
        mail.fence,
        state.as_str(),
        why,
        now
    )
    .execute(conn)
    .await?
    .rows_affected()
        == 1)
}

/// Puts a mail off that is known not to have arrived, or may arrive twice. `counts` says whether this was an attempt; where the mail server could not be reached at all, it was none.
pub async fn put_off(
    conn: &mut PgConnection,
    mail: &Claimed,
    until: DateTime<Utc>,
    why: &str,
    counts: bool,
) -> Result<bool> {
    Ok(sqlx::query!(
        "update outbox set state = 'pending', send_after = $3, last_error = $4, lease_until = null, began_at = null, attempts = attempts - $5
         where id = $1 and fence = $2 and state = 'sending'",
        mail.id,
        mail.fence,
        until,
        why,
        i32::from(!counts)
    )
    .execute(conn)
    .await?
    .rows_affected()
        == 1)
}

/// Throws away mails whose way ended before a moment, at most `limit`. Returns how many.
pub async fn sweep(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    Ok(sqlx::query!(
        "delete from outbox where id in (select id from outbox where finished_at < $1 order by finished_at limit $2)",
        before,
        limit
    )
    .execute(conn)
    .await?
    .rows_affected())
}

/// Somebody in To or Cc of a mail.
#[derive(Debug, Clone)]
pub struct Recipient {
    /// Their name, where they are a person we know.
    pub name: Option<String>,
    /// Their address.
    pub address: String,
    /// Whether they are in Cc.
    pub reads_along: bool,
}

/// Everybody a mail goes to, but those it was withheld from.
pub async fn recipients(conn: &mut PgConnection, mail_id: Uuid) -> Result<Vec<Recipient>> {
    Ok(sqlx::query!(
        r#"select p.name as "name?", o.address, o.header = 'cc' as "reads_along!"
           from outbox o left join person p on p.id = o.person_id
           where o.mail_id = $1 and o.state <> 'dropped' order by o.id"#,
        mail_id
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| Recipient {
        name: r.name,
        address: r.address,
        reads_along: r.reads_along,
    })
    .collect())
}

/// The Message-ID of the last mail about this ticket that this address got before `mail`.
pub async fn previous(conn: &mut PgConnection, mail: &Claimed) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        "select message_id from outbox where ticket_id = $1 and address = $2 and id < $3 and state = 'sent' order by id desc limit 1",
        mail.ticket.map(|it| it.0),
        mail.address,
        mail.id
    )
    .fetch_optional(conn)
    .await?)
}

/// Whether an address still belongs to a person.
pub async fn still_reaches(
    conn: &mut PgConnection,
    person: PersonId,
    address: &str,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from address where person_id = $1 and email = $2) as "reaches!""#,
        person.0,
        address
    )
    .fetch_one(conn)
    .await?)
}

/// The people who were added to a ticket and confirmed, with their addresses.
pub async fn readers(conn: &mut PgConnection, ticket: TicketId) -> Result<Vec<(PersonId, String)>> {
    Ok(sqlx::query!(
        "select a.person_id, a.email from participant p join address a on a.person_id = p.person_id and a.is_primary
         where p.ticket_id = $1 and p.role = 'cc' order by p.added_at, p.id",
        ticket.0
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| (PersonId(r.person_id), r.email))
    .collect())
}
