//! One action's transaction: state, timeline, audit, outbox and deadlines, written together or not at all (law 1).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tierdesk_domain::authorize::{Action, Scope, TicketFacts, authorize};
use tierdesk_domain::id::{EventId, PersonId, TicketId};
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::tally::{self, Cell};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{
    PgConnection, Postgres, Transaction, audit, notify, outbox, ticket, timeline, timer,
};
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::{Caller, Desk};

/// A transaction with its caller and its time.
pub struct Work<'a> {
    tx: Transaction<'static, Postgres>,
    counts: BTreeMap<Cell, i64>,
    desk: &'a Desk,
    caller: &'a Caller,
    /// The time of this action; everything it writes carries it.
    pub now: DateTime<Utc>,
}

/// A mail that an action causes.
#[derive(Debug)]
pub struct Mail<'a> {
    /// Which template.
    pub kind: &'a str,
    /// Who gets it.
    pub to: PersonId,
    /// About which ticket.
    pub ticket: Option<TicketId>,
    /// About which event.
    pub event: Option<EventId>,
    /// Ids and harmless facts for the template.
    pub data: Value,
    /// What must not be read at rest, such as a link with a secret in it.
    pub secret: Option<&'a str>,
}

impl Desk {
    /// A connection for reads.
    pub async fn acquire(&self) -> Result<tierdesk_store::PooledConnection> {
        Ok(tierdesk_store::acquire(&self.pool).await?)
    }

    /// Begins an action.
    pub async fn begin<'a>(&'a self, caller: &'a Caller, now: DateTime<Utc>) -> Result<Work<'a>> {
        let tx = tierdesk_store::begin(&self.pool).await?;
        Ok(Work {
            tx,
            counts: BTreeMap::new(),
            desk: self,
            caller,
            now,
        })
    }

    /// How far this caller's reads of tickets reach.
    pub fn scope(&self, caller: &Caller) -> Result<Scope> {
        Ok(authorize(&caller.who, Action::ListTickets)?)
    }
}

impl<'a> Work<'a> {
    /// The connection, for store functions.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Who acts.
    pub fn caller(&self) -> &'a Caller {
        self.caller
    }

    /// The desk this happens at.
    pub fn desk(&self) -> &'a Desk {
        self.desk
    }

    /// Locks a ticket and asks `authorize` whether the caller may do what `action` says of it.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for a ticket that does not exist or must stay hidden, [`DeskError::Denied`] otherwise.
    pub async fn ticket(
        &mut self,
        id: TicketId,
        action: impl FnOnce(TicketFacts) -> Action,
    ) -> Result<Ticket> {
        let ticket = ticket::lock(&mut self.tx, id)
            .await?
            .ok_or(DeskError::NotFound)?;
        authorize(&self.caller.who, action(ticket.facts()))?;
        Ok(ticket)
    }

    /// Appends to a ticket's timeline.
    pub async fn event(
        &mut self,
        ticket: &Ticket,
        kind: EventKind,
        visibility: Visibility,
        body: Option<&str>,
        data: Value,
    ) -> Result<EventId> {
        let id = EventId(Uuid::now_v7());
        let place = crate::tally::place(ticket, kind, &data);
        self.count_event(kind, &data, place, ticket.priority);
        timeline::append(
            &mut self.tx,
            &timeline::NewEvent {
                id,
                ticket: ticket.id,
                kind,
                visibility,
                actor: self.caller.actor(),
                cycle: ticket.cycle,
                team: place.0,
                tier: place.1,
                priority: ticket.priority,
                body,
                data,
            },
            self.now,
        )
        .await?;
        notify(&mut self.tx, "ticket", &ticket.id.to_string()).await?;
        Ok(id)
    }

    /// Writes a row of the audit log. `detail` never holds a secret.
    pub async fn audit(
        &mut self,
        action: &str,
        object_kind: &str,
        object_id: &str,
        detail: Value,
    ) -> Result<()> {
        audit::insert(
            &mut self.tx,
            &audit::Entry {
                actor: self.caller.actor(),
                action,
                object_kind,
                object_id,
                detail,
                ip: &self.caller.origin.ip,
                request_id: &self.caller.origin.request_id,
            },
            self.now,
        )
        .await?;
        Ok(())
    }

    /// Puts a mail to one person in the outbox. Nobody is mailed about what they did themselves; a person without an
    /// address gets none.
    pub async fn mail(&mut self, mail: Mail<'_>) -> Result<()> {
        if self.caller.person_id() == Some(mail.to)
            && mail.secret.is_none()
            && mail.kind != "ticket_received"
        {
            return Ok(());
        }
        let Some(person) = tierdesk_store::person::find(&mut self.tx, mail.to).await? else {
            return Ok(());
        };
        let Some(address) = person.email else {
            return Ok(());
        };
        let mail_id = Uuid::now_v7();
        let message_id = match mail.ticket {
            Some(ticket) => format!("{}.{}@{}", ticket, mail_id, self.desk.settings.mail_domain),
            None => format!("{}@{}", mail_id, self.desk.settings.mail_domain),
        };
        let sealed = mail.secret.map(|secret| {
            self.desk
                .keys
                .seal(&format!("outbox:{mail_id}"), secret.as_bytes())
        });
        outbox::insert(
            &mut self.tx,
            &outbox::NewMail {
                mail_id,
                kind: mail.kind,
                person: Some(mail.to),
                address: &address,
                ticket: mail.ticket,
                event: mail.event,
                message_id: &message_id,
                data: mail.data,
                sealed: sealed.as_deref(),
            },
            self.now,
        )
        .await?;
        notify(&mut self.tx, "outbox", "").await?;
        Ok(())
    }

    /// Adds to a count that is written when the action commits.
    pub(crate) fn count(&mut self, cell: Cell, n: i64) {
        *self.counts.entry(cell).or_default() += n;
    }

    /// Sets a deadline.
    pub async fn timer(
        &mut self,
        kind: &str,
        object: Uuid,
        cycle: i32,
        fires_at: DateTime<Utc>,
    ) -> Result<()> {
        timer::set(&mut self.tx, kind, object, cycle, fires_at, &json!({})).await?;
        notify(&mut self.tx, "timer", "").await?;
        Ok(())
    }

    /// Takes a deadline back.
    pub async fn clear_timer(&mut self, kind: &str, object: Uuid) -> Result<()> {
        timer::clear(&mut self.tx, kind, object).await?;
        Ok(())
    }

    /// Brings the clocks of a ticket up to date and writes the ticket back. Every action on a ticket ends with this.
    /// `edited` says whether properties changed, which other editors must learn.
    pub async fn save(&mut self, ticket: &mut Ticket, edited: bool) -> Result<()> {
        crate::clock::refresh(self, ticket).await?;
        let now = self.now;
        let old = ticket::save(&mut self.tx, ticket, edited, now).await?;
        self.count_move(old, ticket);
        Ok(())
    }

    /// Commits. Without this nothing happened.
    pub async fn commit(mut self) -> Result<()> {
        self.counts.retain(|_, n| *n != 0);
        if !self.counts.is_empty() {
            let cells: Vec<(Cell, i64)> = std::mem::take(&mut self.counts).into_iter().collect();
            // Random bits of a fresh id: writers spread over the shards.
            let shard = i16::from(Uuid::now_v7().as_bytes()[15] & 7);
            tally::add(&mut self.tx, &cells, shard).await?;
        }
        tierdesk_store::commit(self.tx).await?;
        Ok(())
    }
}
