//! The outbox: what will leave the house (law 2). One row per mail and envelope recipient.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::{EventId, PersonId, TicketId};
use uuid::Uuid;

use crate::Result;

/// One mail to one recipient.
#[derive(Debug)]
pub struct NewMail<'a> {
    /// Shared by all recipients of one mail.
    pub mail_id: Uuid,
    /// Which template.
    pub kind: &'a str,
    /// Who gets it.
    pub person: Option<PersonId>,
    /// Where.
    pub address: &'a str,
    /// About which ticket.
    pub ticket: Option<TicketId>,
    /// About which event.
    pub event: Option<EventId>,
    /// Its stable Message-ID, without angle brackets.
    pub message_id: &'a str,
    /// Ids and harmless facts for the template.
    pub data: serde_json::Value,
    /// Sealed values, such as a link; deleted after sending.
    pub sealed: Option<&'a [u8]>,
}

/// Puts a mail in the outbox. The same mail to the same address is put there once.
pub async fn insert(conn: &mut PgConnection, mail: &NewMail<'_>, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into outbox (id, mail_id, kind, person_id, address, ticket_id, event_id, message_id, data, sealed, created_at, send_after)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
         on conflict (mail_id, address) do nothing",
        Uuid::now_v7(),
        mail.mail_id,
        mail.kind,
        mail.person.map(|it| it.0),
        mail.address,
        mail.ticket.map(|it| it.0),
        mail.event.map(|it| it.0),
        mail.message_id,
        mail.data,
        mail.sealed,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
