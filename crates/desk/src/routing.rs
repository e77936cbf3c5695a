//! Routing at work: a ticket that comes into a queue is given to somebody there, in the same transaction, with the reason;
//! where nobody fits, it says so once and looks again when the next one is at work.

mod way;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::field::FieldError;
use tierdesk_domain::id::{CategoryId, DocumentId, EventId, PersonId, TeamId, TicketId};
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::routing::{Decision, Mode, Routing, Wish};
use tierdesk_domain::ticket::Status;
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::configuration::{self, Document};
use tierdesk_store::ticket::{Place, Ticket};
use tierdesk_store::timer::Timer;
use tierdesk_store::{PgConnection, people, person, routing, team};
use uuid::Uuid;

use crate::calendar::may_choose;
use crate::error::{DeskError, Result};
use crate::notification::Telling;
use crate::rulebook::Reign;
use crate::{Caller, Desk, Work};

use way::{People, Way, needed};

/// The documents' kind in the table of configuration.
pub(crate) const ROUTING: &str = "routing";
/// Deadline: look again for somebody who takes a ticket.
pub(crate) const AGAIN: &str = "routing";
/// Deadline: somebody of a queue that routes has one open ticket less. Its object is the ticket that went, so that nobody
/// waits for anybody's row.
pub(crate) const ROOM: &str = "room";
/// Deadline: somebody may be given tickets now who could not be before. Its object is the person, its cycle the place of a
/// queue among theirs.
pub(crate) const SOMEBODY: &str = "routing_somebody";
/// Deadline: categories need another level of a skill now, or none. Its object is the skill or the category, its cycle the place of a queue
/// among those that route.
pub(crate) const NEEDS: &str = "routing_needs";
/// How many waiting tickets are looked at when somebody has room: the first one that finds its engineer is enough.
const LOOKS: i64 = 20;
/// When a ticket is looked at again for which somebody was left out whom an administrator changed at that moment.
const MOMENT: TimeDelta = TimeDelta::minutes(1);
/// How far ahead routing waits for somebody to come to work.
const PATIENCE: TimeDelta = TimeDelta::days(14);

/// A queue has one document, so its id follows from the queue and two first versions are one too many.
fn document_of(team: TeamId, tier: Tier) -> DocumentId {
    let tier = u128::from(tier.number().unsigned_abs());
    DocumentId(Uuid::from_u128(team.0.as_u128() ^ (tier << 120)))
}

/// The calendar of a queue, whose hours are those of its people who have none of their own.
pub(crate) async fn calendar_of(
    work: &mut Work<'_>,
    team: TeamId,
    tier: Tier,
) -> Result<Option<DocumentId>> {
    let id = document_of(team, tier);
    let document = configuration::newest::<Routing>(work.conn(), ROUTING, id).await?;
    Ok(document.and_then(|it| it.body.calendar))
}

/// The calendars of all queues that have one.
pub(crate) async fn calendars(
    conn: &mut PgConnection,
) -> Result<BTreeMap<(TeamId, Tier), DocumentId>> {
    let documents = configuration::current::<Routing>(conn, ROUTING).await?;
    let named = documents.into_iter().map(|it| it.body);
    Ok(named
        .filter_map(|it| Some(((it.team, it.tier), it.calendar?)))
        .collect())
}

/// Whether a ticket that was written came into a queue where nobody has it. One that waits for its requester needs somebody
/// as well: who else would hear the answer?
pub(crate) fn enters(old: Place, ticket: &Ticket) -> bool {
    let here = old.queued && (old.team, old.tier) == (ticket.team, ticket.tier);
    !here && waits(ticket)
}

fn waits(ticket: &Ticket) -> bool {
    ticket.assignee.is_none() && !ticket.bot_holds && ticket.status.is_open()
}

/// Whoever has one open ticket less since a ticket was written.
pub(crate) fn relieved(old: Place, ticket: &Ticket) -> Option<PersonId> {
    let new = ticket.place();
    let kept = new.open && new.assignee == old.assignee;
    old.assignee.filter(|_| old.open && !kept)
}

/// Why routing looks at a ticket.
pub(crate) enum Occasion {
    /// It came into the queue: where nobody fits, that is said.
    Enters,
    /// A rule asks for somebody with a skill: it came into the queue for them, or is there already. Where nobody fits, that
    /// is said.
    Asked(Wish),
    /// Somebody is at work now who was not.
    Again,
    /// Somebody of this name has one open ticket less.
    Room(String),
}

/// Gives a locked ticket to somebody of its queue, where the queue routes or a rule asks for a skill, and somebody fits.
/// Gives the event if somebody has it now: then the ticket must be written, and they must be told.
pub(crate) async fn route(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    occasion: Occasion,
) -> Result<Option<EventId>> {
    let now = work.now;
    let id = document_of(ticket.team, ticket.tier);
    let document = configuration::newest::<Routing>(work.conn(), ROUTING, id).await?;
    let wish = match &occasion {
        Occasion::Enters => None,
        Occasion::Asked(wish) => Some(wish.clone()),
        // What it waits for is what was said when nobody was found.
        Occasion::Again | Occasion::Room(_) => {
            let said = routing::found_nobody(work.conn(), ticket.id).await?;
            said.and_then(|said| serde_json::from_value(said["wish"].clone()).ok())
        }
    };
    let asked = match &wish {
        Some(wish) => Way::asked(work.conn(), ticket, document.as_ref(), wish).await?,
        None => None,
    };
    let way = match asked {
        Some(way) => Some(way),
        None => Way::own(work.conn(), ticket, document).await?,
    };
    let Some(way) = way else {
        match occasion {
            // It waits for nobody here, whatever it waited for in another queue.
            Occasion::Enters | Occasion::Asked(_) => work.clear_timer(AGAIN, ticket.id.0).await?,
            // It was promised a look: switched on again, the queue finds it by its deadline.
            Occasion::Again => work.timer(AGAIN, ticket.id.0, 0, now + PATIENCE),
            Occasion::Room(_) => {}
        }
        return Ok(None);
    };
    routing::begin(work.conn(), ticket.team, ticket.tier).await?;
    routing::lock(work.conn(), &[(ticket.team, ticket.tier)]).await?;
    let rulebook = work.rulebook().await?;
    let mut people = People::load(work.conn(), &way.routing, &rulebook, now).await?;
    let mut changing = false;
    let decision = loop {
        let decision = people.decide(&way.routing, &way.needed);
        let Some(chosen) = decision.chosen().map(|it| it.person) else {
            break decision;
        };
        if routing::keep(work.conn(), (ticket.team, ticket.tier), chosen).await? {
            break decision;
        }
        people.leave_out(chosen);
        changing = true;
    };
    let had = ticket.assignee;
    if had.is_some_and(|person| decision.suits(person)) {
        return Ok(None);
    }
    let mut record = way.record;
    record["decision"] = json!(decision);
    if let Occasion::Room(name) = &occasion {
        record["room"] = json!(name);
    }
    let Some((to, name)) = decision.chosen().map(|it| (it.person, it.name.clone())) else {
        if matches!(occasion, Occasion::Enters | Occasion::Asked(_)) {
            work.event_by(
                way.actor,
                ticket,
                EventKind::NotRouted,
                Visibility::Internal,
                None,
                record,
            )
            .await?;
        }
        if had.is_none() {
            // Also where nobody comes: the deadline is what tells a ticket that waits from one that was put back.
            let at = match changing {
                true => now + MOMENT,
                false => people.next(now).unwrap_or(now + PATIENCE),
            };
            work.timer(AGAIN, ticket.id.0, 0, at);
        }
        return Ok(None);
    };
    routing::take_turn(work.conn(), ticket.team, ticket.tier, to).await?;
    work.clear_timer(AGAIN, ticket.id.0).await?;
    ticket.assignee = Some(to);
    let data = json!({"to": to, "name": name, "internal": {"from": had, "routing": record}});
    let event = work
        .event_by(
            way.actor,
            ticket,
            EventKind::Assigned,
            Visibility::Public,
            None,
            data,
        )
        .await?;
    if ticket.status == Status::New {
        let data = json!({"from": "new", "to": "open"});
        work.event_by(
            way.actor,
            ticket,
            EventKind::Status,
            Visibility::Public,
            None,
            data,
        )
        .await?;
        ticket.status = Status::Open;
    }
    work.audit_by(
        way.actor,
        "ticket.routed",
        "ticket",
        &ticket.number.0.to_string(),
        json!({"to": to, "version": way.version}),
    );
    Ok(Some(event))
}

/// A rule asks for somebody with a skill in the queue where the ticket is: whoever has it and suits keeps it. The rule
/// writes the ticket.
pub(crate) async fn ask(work: &mut Work<'_>, ticket: &mut Ticket, wish: Wish) -> Result<()> {
    match route(work, ticket, Occasion::Asked(wish)).await? {
        Some(event) => tell(work, ticket, event).await,
        None => Ok(()),
    }
}

/// Routes a ticket that waits, writes it and tells whoever has it now. True if somebody has.
async fn settle(work: &mut Work<'_>, ticket: &mut Ticket, occasion: Occasion) -> Result<bool> {
    let Some(event) = route(work, ticket, occasion).await? else {
        return Ok(false);
    };
    work.save(ticket, true).await?;
    tell(work, ticket, event).await?;
    Ok(true)
}

/// Tells whoever routing gave a ticket to.
pub(crate) async fn tell(work: &mut Work<'_>, ticket: &Ticket, event: EventId) -> Result<()> {
    let telling = Telling::of(NotificationKind::Assigned, ticket.id, event);
    work.tell(ticket.assignee.as_slice(), telling).await
}

/// Routes a ticket that is new in its queue, writes it and tells whoever has it now.
pub(crate) async fn enter(work: &mut Work<'_>, ticket: &mut Ticket) -> Result<()> {
    settle(work, ticket, Occasion::Enters).await.map(|_| ())
}

/// Routes locked tickets that are free in their queues again, as [`enter`] does.
pub(crate) async fn enter_all(work: &mut Work<'_>, tickets: Vec<Ticket>) -> Result<()> {
    lock_all(work, &tickets).await?;
    for mut ticket in tickets {
        enter(work, &mut ticket).await?;
    }
    Ok(())
}

/// Locks the routing of all these tickets' queues at once, after the tickets.
async fn lock_all(work: &mut Work<'_>, tickets: &[Ticket]) -> Result<()> {
    let queues: BTreeSet<_> = tickets.iter().map(|it| (it.team, it.tier)).collect();
    let queues: Vec<_> = queues.into_iter().collect();
    Ok(routing::lock(work.conn(), &queues).await?)
}

/// A ticket that was put back by somebody stays in the queue: routing waits for nobody any more.
pub(crate) async fn forget(work: &mut Work<'_>, ticket: TicketId) -> Result<()> {
    work.clear_timer(AGAIN, ticket.0).await
}

/// Somebody has one open ticket less: of the tickets that wait in their queues, the one with the most pressing clock that
/// finds its engineer is given away.
pub(crate) async fn room(work: &mut Work<'_>, timer: &Timer) -> Result<()> {
    let person = serde_json::from_value::<PersonId>(timer.data["person"].clone());
    let person = person.map_err(|it| DeskError::Broken(it.to_string()))?;
    let Some(found) = person::find(work.conn(), person).await? else {
        return Ok(());
    };
    let mut waiting = Vec::new();
    for id in routing::waiting(work.conn(), person, LOOKS).await? {
        waiting.extend(work.lock(id).await?);
    }
    lock_all(work, &waiting).await?;
    for mut ticket in waiting {
        let occasion = Occasion::Room(found.name.clone());
        if waits(&ticket) && settle(work, &mut ticket, occasion).await? {
            break;
        }
    }
    Ok(())
}

/// Somebody is at work now who was not when the ticket came: looks again, and says nothing where nobody fits still. Of several
/// that wait in the queue for this moment the most pressing comes first; this one has its turn after it.
pub(crate) async fn again(work: &mut Work<'_>, id: TicketId) -> Result<()> {
    let now = work.now;
    let Some(mut ticket) = work.lock(id).await? else {
        return Ok(());
    };
    if !waits(&ticket) {
        return Ok(());
    }
    if let Some(first) = routing::more_pressing(work.conn(), id, now).await?
        && let Some(first) = work.lock(first).await?
    {
        work.timer(AGAIN, id.0, 0, now);
        ticket = first;
    }
    settle(work, &mut ticket, Occasion::Again).await?;
    Ok(())
}

/// Another category may need other skills: where a ticket waits for somebody, it is looked at again.
pub(crate) async fn needs_others(work: &mut Work<'_>, ticket: TicketId) -> Result<()> {
    let now = work.now;
    tierdesk_store::timer::hasten(work.conn(), &[AGAIN], ticket.0, now).await?;
    work.announce("timer", String::new());
    Ok(())
}

/// Somebody may be given tickets now who could not be before: those that wait in their queues are looked at again. That is
/// left to the worker, which holds nothing that anybody waits for when it asks for a queue's routing.
///
/// The deadline is written at once: whoever locks the routing of queues afterwards waits for no deadline any more.
pub(crate) async fn somebody_new(work: &mut Work<'_>, person: PersonId) -> Result<()> {
    look_soon(work, SOMEBODY, person.0, 0).await
}

/// Categories need another level of a skill now, or none: the tickets that wait are looked at again, as above.
pub(crate) async fn needs_changed(work: &mut Work<'_>, by: Uuid) -> Result<()> {
    look_soon(work, NEEDS, by, 0).await
}

async fn look_soon(work: &mut Work<'_>, kind: &str, object: Uuid, place: i32) -> Result<()> {
    let (now, nothing) = (work.now, json!({}));
    tierdesk_store::timer::set(work.conn(), kind, object, place, now, &nothing).await?;
    work.announce("timer", String::new());
    Ok(())
}

/// Looks at what waits in the queues of somebody who may be given tickets now.
pub(crate) async fn look_for(work: &mut Work<'_>, timer: &Timer) -> Result<()> {
    let queues = people::queues(work.conn(), PersonId(timer.object_id)).await?;
    look_at_one(work, SOMEBODY, timer, &queues).await
}

/// Looks at what waits in all queues that route, since something else is needed now.
pub(crate) async fn look_everywhere(work: &mut Work<'_>, timer: &Timer) -> Result<()> {
    let documents = configuration::current::<Routing>(work.conn(), ROUTING).await?;
    let on = documents
        .iter()
        .filter(|it| it.active && it.body.mode != Mode::Off);
    let queues: BTreeSet<_> = on.map(|it| (it.body.team, it.body.tier)).collect();
    let queues: Vec<_> = queues.into_iter().collect();
    look_at_one(work, NEEDS, timer, &queues).await
}

/// Brings the deadlines of one queue forward, and leaves the next queue to another deadline: nobody waits for a second
/// queue's routing who holds a first one's. Under the lock nobody who saw the people as they were still decides.
async fn look_at_one(
    work: &mut Work<'_>,
    kind: &str,
    timer: &Timer,
    queues: &[(TeamId, Tier)],
) -> Result<()> {
    let place = usize::try_from(timer.cycle).unwrap_or_default();
    let Some((team, tier)) = queues.get(place).copied() else {
        return Ok(());
    };
    let now = work.now;
    look_soon(work, kind, timer.object_id, timer.cycle + 1).await?;
    routing::lock(work.conn(), &[(team, tier)]).await?;
    Ok(routing::look_now(work.conn(), AGAIN, (team, tier), now).await?)
}

/// How a queue routes, for administrators.
#[derive(Debug)]
pub struct QueueRouting {
    /// The queue.
    pub team: TeamId,
    /// The team's name.
    pub team_name: String,
    /// The tier.
    pub tier: Tier,
    /// How many people work in it.
    pub members: usize,
    /// The newest version; none where it was never set.
    pub document: Option<Document<Routing>>,
}

impl Desk {
    /// Every queue that somebody works in or that has a document, with how it routes, by team and tier.
    pub async fn routing_list(&self, caller: &Caller) -> Result<Vec<QueueRouting>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let mut documents = configuration::current::<Routing>(&mut conn, ROUTING).await?;
        let members = team::memberships(&mut conn).await?;
        let mut list = Vec::new();
        for team in team::all(&mut conn).await? {
            for tier in Tier::ALL {
                let at = documents
                    .iter()
                    .position(|it| (it.body.team, it.body.tier) == (team.id, tier));
                let document = at.map(|at| documents.swap_remove(at));
                let works = members.iter().filter(|it| (it.0, it.1) == (team.id, tier));
                let members = works.count();
                if members > 0 || document.is_some() {
                    list.push(QueueRouting {
                        team: team.id,
                        team_name: team.name.clone(),
                        tier,
                        members,
                        document,
                    });
                }
            }
        }
        Ok(list)
    }

    /// Every version of a queue's routing, newest first, with who wrote it.
    pub async fn routing_history(
        &self,
        caller: &Caller,
        team: TeamId,
        tier: Tier,
        now: DateTime<Utc>,
    ) -> Result<Vec<Reign<Routing>>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let mut all = configuration::history::<Routing>(&mut conn, ROUTING).await?;
        all.retain(|it| it.id == document_of(team, tier));
        Self::reigns(&mut conn, all, now).await
    }

    /// Saves how a queue routes as a new version, after the version the caller saw (0 for none). It holds for tickets
    /// that come in from now on, and those that wait for somebody already are looked at again.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] by field; [`DeskError::Conflict`] if it changed since.
    pub async fn save_routing(
        &self,
        caller: &Caller,
        seen: i32,
        routing: Routing,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let mut errors = routing.check();
        let team = team::find(work.conn(), routing.team).await?;
        let team = team.ok_or(DeskError::NotFound)?;
        if let Some(calendar) = routing.calendar
            && !may_choose(work.conn(), calendar).await?
        {
            errors.push(FieldError::new("calendar", "error.choose_one"));
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let name = format!("{} {}", routing.tier, team.name);
        let id = document_of(routing.team, routing.tier);
        let newest = configuration::newest::<Routing>(work.conn(), ROUTING, id).await?;
        if newest.map_or(0, |it| it.version) != seen {
            return Err(DeskError::Conflict);
        }
        if routing.mode != Mode::Off {
            let queue = (routing.team, routing.tier);
            routing::look_again(work.conn(), AGAIN, queue, now).await?;
            work.announce("timer", String::new());
        }
        Self::save_document(&mut work, ROUTING, Some((id, seen)), &name, true, routing).await?;
        work.commit().await
    }

    /// Who would get a ticket of a category that came into a queue now, and why. Nothing is changed.
    pub async fn try_routing(
        &self,
        caller: &Caller,
        routing: &Routing,
        category: Option<CategoryId>,
        now: DateTime<Utc>,
    ) -> Result<Decision> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let rulebook = self.rulebook(&mut conn).await?;
        let people = People::load(&mut conn, routing, &rulebook, now).await?;
        let needed = needed(&mut conn, category).await?;
        Ok(people.decide(routing, &needed))
    }
}
