//! One action's transaction: state, timeline, audit, outbox and deadlines, written together or not at all (law 1).

mod ground;
mod known;
mod mail;
mod part;

pub use mail::Mail;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::Value;
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::{Action, Scope, TicketFacts, authorize};
use tierdesk_domain::flow::Fact;
use tierdesk_domain::id::{EventId, TeamId, TicketId};
use tierdesk_domain::routing::Wish;
use tierdesk_domain::tally::Counts;
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::audit::Entry;
use tierdesk_store::clock::ClockEvent;
use tierdesk_store::outcome::Outcome;
use tierdesk_store::tally::{Cell, delta};
use tierdesk_store::ticket::{NewTicket, Place, Ticket};
use tierdesk_store::timeline::NewEvent;
use tierdesk_store::{PgConnection, flow, routing, team, ticket, timer};
use uuid::Uuid;

use self::ground::Ground;
use self::known::Known;
use crate::clock::Warning;
use crate::draft;
use crate::error::{DeskError, Result};
use crate::notification::Telling;
use crate::routing::{Occasion, ROOM};
use crate::rulebook::Rulebook;
use crate::{Caller, Desk};

/// The channel that says that anything happened to a ticket; its payload is the ticket's id.
pub const TICKET: &str = "ticket";

/// The channel that says that something happened to a ticket which its requester may see. Their open pages listen to this
/// one alone: when a page wakes would tell that somebody wrote a note.
pub const TICKET_PUBLIC: &str = "ticket_public";

/// The least by which two times differ in the database.
const TICK: TimeDelta = TimeDelta::microseconds(1);

/// A transaction with its caller and its time.
pub struct Work<'a> {
    ground: Ground,
    /// What is written when the action commits.
    pub(crate) outcome: Outcome,
    /// What counts between the tiers, in the order in which it is written.
    facts: BTreeSet<(Fact, TicketId)>,
    rulebook: Option<Arc<Rulebook>>,
    known: BTreeMap<TicketId, Known>,
    /// Tickets as the database has them, with what this action wrote.
    rows: BTreeMap<TicketId, Ticket>,
    /// Tickets whose timeline this action added to since it wrote them.
    touched: BTreeSet<TicketId>,
    /// Tickets that a human acknowledged in this action.
    pub(crate) acknowledged: BTreeSet<TicketId>,
    /// Promises that came to be at risk in this action.
    pub(crate) warnings: Vec<Warning>,
    desk: &'a Desk,
    caller: Cow<'a, Caller>,
    /// The time of this action; everything it writes carries it.
    pub now: DateTime<Utc>,
}

impl Desk {
    /// A connection for reads.
    pub async fn acquire(&self) -> Result<tierdesk_store::PooledConnection> {
        Ok(tierdesk_store::acquire(&self.pool).await?)
    }

    /// Begins an action.
    pub async fn begin<'a>(&'a self, caller: &'a Caller, now: DateTime<Utc>) -> Result<Work<'a>> {
        Ok(self.work(Ground::begin(&self.pool).await?, caller, now))
    }

    /// Begins an action that only reads before it leaves behind what it is about. That is one statement, which happens as
    /// a whole without a transaction around it, whose beginning and end are a round trip each.
    pub(crate) async fn begin_one<'a>(
        &'a self,
        caller: &'a Caller,
        now: DateTime<Utc>,
    ) -> Result<Work<'a>> {
        Ok(self.work(Ground::one(&self.pool).await?, caller, now))
    }

    fn work<'a>(&'a self, ground: Ground, caller: &'a Caller, now: DateTime<Utc>) -> Work<'a> {
        Work {
            ground,
            outcome: Outcome::default(),
            facts: BTreeSet::new(),
            rulebook: None,
            known: BTreeMap::new(),
            rows: BTreeMap::new(),
            touched: BTreeSet::new(),
            acknowledged: BTreeSet::new(),
            warnings: Vec::new(),
            desk: self,
            caller: Cow::Borrowed(caller),
            // As exact as the database keeps it.
            now: now.trunc_subsecs(6),
        }
    }

    /// How far this caller's reads of tickets reach.
    pub fn scope(&self, caller: &Caller) -> Result<Scope> {
        Ok(authorize(&caller.who, Action::ListTickets)?)
    }
}

impl<'a> Work<'a> {
    /// The same action in a transaction, where it turned out to be more than one statement.
    pub(crate) async fn in_transaction(self) -> Result<Self> {
        // Whoever holds one connection while waiting for another may wait for ever.
        drop(self.ground);
        Ok(Work {
            ground: Ground::begin(&self.desk.pool).await?,
            ..self
        })
    }

    /// The connection, for store functions; for those that only read, in an action that is one statement. The ticket that
    /// the action files, what it adds to timelines and what it tells people is not there before it commits: ask
    /// [`Work::told`], or [`Work::written`] where a store function reads it.
    pub fn conn(&mut self) -> &mut PgConnection {
        self.ground.conn()
    }

    /// The connection, with the ticket that the action filed, and everything that it added to timelines and told people so far.
    pub(crate) async fn written(&mut self) -> Result<&mut PgConnection> {
        self.ground.transaction()?;
        let so_far = Outcome {
            filed: self.outcome.filed.take(),
            events: std::mem::take(&mut self.outcome.events),
            told: std::mem::take(&mut self.outcome.told),
            ..Outcome::default()
        };
        self.write_down(so_far).await?;
        self.ground.transaction()
    }

    async fn write_down(&mut self, outcome: Outcome) -> Result<u64> {
        let origin = &self.caller.origin;
        let from = (origin.ip.as_str(), origin.request_id.as_str());
        Ok(outcome.write(self.ground.conn(), from, self.now).await?)
    }

    /// Who acts.
    pub fn caller(&self) -> &Caller {
        &self.caller
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
        let ticket = self.lock(id).await?.ok_or(DeskError::NotFound)?;
        authorize(&self.caller.who, action(ticket.facts()))?;
        Ok(ticket)
    }

    /// Locks a ticket, if there is one, for a part of the machinery that needs nobody's leave.
    ///
    /// What an action writes on its first ticket is never earlier than what was written there before, and a tick later where
    /// its own clock is behind: while it waited for the lock, somebody else may have written with a later time, by the clock of
    /// another machine too, and what is written second must be read second. Later tickets of the same action leave its time
    /// alone, because what it wrote by then was counted at that time.
    pub(crate) async fn lock(&mut self, id: TicketId) -> Result<Option<Ticket>> {
        let ticket = ticket::lock(self.ground.transaction()?, id).await?;
        if let Some(ticket) = &ticket {
            if self.rows.is_empty() && self.now < ticket.updated_at {
                self.now = ticket.updated_at + TICK;
            }
            self.rows.insert(id, ticket.clone());
        }
        Ok(ticket)
    }

    /// Inserts a ticket that this action files, and counts it. `opened` are the facts of the event that begins its timeline,
    /// by which its clocks start.
    pub(crate) async fn insert(
        &mut self,
        ticket: &mut Ticket,
        description: &str,
        opened: &Value,
    ) -> Result<()> {
        let queue = (ticket.team, ticket.tier);
        let actor = self.caller.actor();
        let opened = self.clock_event(actor, ticket, queue, EventKind::Opened, opened);
        crate::clock::begin(self, ticket, opened).await?;
        self.outcome.filed = Some(NewTicket {
            ticket: ticket.clone(),
            description: description.to_owned(),
        });
        self.count_new(ticket);
        self.known.insert(ticket.id, Known::filed());
        self.rows.insert(ticket.id, ticket.clone());
        Ok(())
    }

    /// A ticket as the database has it, with what this action wrote.
    pub(crate) fn row(&self, id: TicketId) -> Option<&Ticket> {
        self.rows.get(&id)
    }

    fn clock_event(
        &self,
        actor: Actor,
        ticket: &Ticket,
        (team, tier): (TeamId, Tier),
        kind: EventKind,
        data: &Value,
    ) -> ClockEvent {
        ClockEvent {
            at: self.now,
            kind,
            by: actor,
            data: data.clone(),
            team,
            tier,
            priority: ticket.priority,
            category: ticket.category,
            organisation: ticket.organisation,
        }
    }

    /// Appends to a ticket's timeline; it is written when the action commits.
    pub async fn event(
        &mut self,
        ticket: &Ticket,
        kind: EventKind,
        visibility: Visibility,
        body: Option<&str>,
        data: Value,
    ) -> Result<EventId> {
        let actor = self.caller.actor();
        self.event_by(actor, ticket, kind, visibility, body, data)
            .await
    }

    /// The same, done by somebody else than the caller: a rule that their action set off.
    pub(crate) async fn event_by(
        &mut self,
        actor: Actor,
        ticket: &Ticket,
        kind: EventKind,
        visibility: Visibility,
        body: Option<&str>,
        data: Value,
    ) -> Result<EventId> {
        let id = EventId(Uuid::now_v7());
        let data = crate::measure::timed(self, actor, ticket, kind, data).await?;
        let place = crate::tally::place(ticket, kind, &data);
        self.count_event(ticket, kind, &data, place, actor);
        if ClockEvent::matters(kind) {
            let event = self.clock_event(actor, ticket, place, kind, &data);
            // By time, as it will be read: the clock of another machine may go ahead of ours.
            let events = &mut self.known(ticket.id).await?.events;
            let at = events.partition_point(|before| before.at <= event.at);
            events.insert(at, event);
        }
        self.touched.insert(ticket.id);
        self.outcome.events.push(NewEvent {
            id,
            ticket: ticket.id,
            kind,
            visibility,
            actor,
            cycle: ticket.cycle,
            team: place.0,
            tier: place.1,
            priority: ticket.priority,
            category: ticket.category,
            organisation: ticket.organisation,
            body: body.map(str::to_owned),
            data,
        });
        self.announce(TICKET, ticket.id.to_string());
        if visibility == Visibility::Public {
            self.announce(TICKET_PUBLIC, ticket.id.to_string());
        }
        Ok(id)
    }

    /// Writes a row of the audit log when the action commits. `detail` never holds a secret.
    pub fn audit(&mut self, action: &str, object_kind: &str, object_id: &str, detail: Value) {
        let actor = self.caller.actor();
        self.audit_by(actor, action, object_kind, object_id, detail);
    }

    /// The same, for what somebody else than the caller did: a rule that their action set off.
    pub(crate) fn audit_by(
        &mut self,
        actor: Actor,
        action: &str,
        object_kind: &str,
        object_id: &str,
        detail: Value,
    ) {
        self.outcome.audit.push(Entry {
            actor,
            action: action.to_owned(),
            object_kind: object_kind.to_owned(),
            object_id: object_id.to_owned(),
            detail,
        });
    }

    /// Tells listeners on `channel` after the action has committed; what is said twice is heard once.
    pub(crate) fn announce(&mut self, channel: &'static str, payload: String) {
        self.outcome.notices.insert((channel, payload));
    }

    /// The rulebook in force, the same for the whole action.
    pub async fn rulebook(&mut self) -> Result<Arc<Rulebook>> {
        if let Some(known) = &self.rulebook {
            return Ok(Arc::clone(known));
        }
        let read = self.desk.rulebook(self.ground.conn()).await?;
        self.rulebook = Some(Arc::clone(&read));
        Ok(read)
    }

    /// The same, where a look at something else told how many versions there are.
    pub(crate) async fn rulebook_at(&mut self, versions: i64) -> Result<Arc<Rulebook>> {
        let read = self.desk.rulebook_at(self.ground.conn(), versions).await?;
        self.rulebook = Some(Arc::clone(&read));
        Ok(read)
    }

    /// What was saved in this action holds for the rest of it.
    pub(crate) fn read_rulebook_again(&mut self) {
        self.rulebook = None;
    }

    /// Adds to a queue's count, which is written when the action commits.
    pub(crate) fn count(&mut self, cell: Cell, n: i64) {
        *self.outcome.counts.entry(cell).or_default() += n;
    }

    /// Notes what counts between the tiers; it is written when the action commits.
    pub(crate) fn note(&mut self, ticket: TicketId, facts: impl IntoIterator<Item = Fact>) {
        self.facts
            .extend(facts.into_iter().map(|fact| (fact, ticket)));
    }

    /// Adds to what dashboards count, which is written when the action commits.
    pub(crate) fn count_at(&mut self, at: DateTime<Utc>, place: delta::Place, counts: &Counts) {
        self.outcome
            .deltas
            .entry((at, place))
            .or_default()
            .join(counts);
    }

    /// Sets a deadline, or moves it; it is written when the action commits.
    pub fn timer(&mut self, kind: &'static str, object: Uuid, cycle: i32, fires_at: DateTime<Utc>) {
        self.outcome
            .deadlines
            .insert((kind, object, cycle), fires_at);
        self.announce("timer", String::new());
    }

    /// Takes a deadline back, in every cycle.
    pub async fn clear_timer(&mut self, kind: &'static str, object: Uuid) -> Result<()> {
        self.outcome
            .deadlines
            .retain(|(of, to, _), _| (*of, *to) != (kind, object));
        timer::clear(self.ground.transaction()?, kind, object).await?;
        Ok(())
    }

    /// Brings the clocks of a ticket up to date and writes the ticket back. Every action on a ticket ends with this.
    /// `edited` says whether properties changed, which other editors must learn. A ticket that came into a queue is given
    /// to somebody there, where the queue routes.
    pub async fn save(&mut self, ticket: &mut Ticket, edited: bool) -> Result<()> {
        if let Some(event) = self.place(ticket, edited, Occasion::Enters).await? {
            crate::routing::tell(self, ticket, event).await?;
        }
        Ok(())
    }

    /// The same for a ticket that came into a queue for a reason of its own: whoever routing gave it to is told that
    /// reason, and nobody else; where nobody has it, everybody in the queue. `wish` is what a rule asks of whoever gets it.
    pub(crate) async fn save_and_tell(
        &mut self,
        ticket: &mut Ticket,
        telling: Telling,
        wish: Option<Wish>,
    ) -> Result<()> {
        let occasion = wish.map_or(Occasion::Enters, Occasion::Asked);
        self.place(ticket, true, occasion).await?;
        let readers = match ticket.assignee {
            Some(person) => vec![person],
            None => team::members(self.ground.conn(), ticket.team, ticket.tier).await?,
        };
        self.tell(&readers, telling).await
    }

    /// Writes a ticket, and routes it where it came into a queue that does; gives the event of that.
    async fn place(
        &mut self,
        ticket: &mut Ticket,
        edited: bool,
        occasion: Occasion,
    ) -> Result<Option<EventId>> {
        let old = self.write(ticket, edited).await?;
        if !crate::routing::enters(old, ticket) {
            return Ok(None);
        }
        let event = crate::routing::route(self, ticket, occasion).await?;
        if event.is_some() {
            self.write(ticket, false).await?;
        }
        Ok(event)
    }

    async fn write(&mut self, ticket: &mut Ticket, edited: bool) -> Result<Place> {
        crate::clock::refresh(self, ticket).await?;
        let now = self.now;
        if self.acknowledged.remove(&ticket.id) {
            ticket.acknowledged_at = Some(now);
        }
        if self.touched.remove(&ticket.id) || edited {
            ticket.updated_at = ticket.updated_at.max(now);
        }
        // A look at which nothing happened writes no row, with all its index entries; neither does a ticket that was filed
        // as it is a moment ago.
        let old = if !edited && self.rows.get(&ticket.id) == Some(ticket) {
            ticket.place()
        } else {
            let old = ticket::save(self.ground.transaction()?, ticket, edited).await?;
            self.rows.insert(ticket.id, ticket.clone());
            old
        };
        if old != ticket.place() {
            // Who has it and by when shows on the requester's page, even where the event itself is internal.
            self.announce(TICKET_PUBLIC, ticket.id.to_string());
        }
        self.count_move(old, ticket);
        if old.open && !ticket.status.is_open() {
            self.settle_ticket(ticket.id).await?;
        }
        if let Some(person) = crate::routing::relieved(old, ticket)
            && routing::make_room(self.ground.transaction()?, ROOM, ticket.id, person, now).await?
        {
            self.announce("timer", String::new());
        }
        Ok(old)
    }

    /// Commits what went well. After an error nothing happened, and nothing is locked any more.
    pub async fn commit_if<T>(self, done: Result<T>) -> Result<T> {
        let done = done?;
        self.commit().await?;
        Ok(done)
    }

    /// Commits. Without this nothing happened.
    pub async fn commit(mut self) -> Result<()> {
        crate::clock::warn_at_last(&mut self).await?;
        if !self.facts.is_empty() {
            let facts: Vec<_> = std::mem::take(&mut self.facts).into_iter().collect();
            for fact in flow::note(self.ground.transaction()?, &facts).await? {
                self.count_at(fact.at, flow::place(&fact), &fact.counts());
            }
        }
        let outcome = std::mem::take(&mut self.outcome);
        draft::not_too_many(self.write_down(outcome).await?)?;
        self.ground.commit().await
    }
}
