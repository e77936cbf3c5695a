//! On-call schedules: versioned documents that administrators write, and overrides by which people swap shifts.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tierdesk_domain::authorize::{Action, Who, authorize};
use tierdesk_domain::field::{self, FieldError};
use tierdesk_domain::id::{DocumentId, PersonId};
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::on_call::{By, Override, Schedule, Turn, turns, who};
use tierdesk_domain::shift::Absence;
use tierdesk_store::configuration::{self, Document};
use tierdesk_store::on_call::{self, Listed};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{PgConnection, person, shift};
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::notification::Telling;
use crate::{Caller, Desk, Work};

/// The documents' kind in the table of configuration.
pub(crate) const SCHEDULE: &str = "on_call_schedule";
/// The longest name of a schedule or a layer, in characters.
pub const MAX_NAME: usize = 100;
/// The longest override.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// A schedule with everything that says who is on call.
#[derive(Debug, Clone)]
pub struct OnCall {
    /// The newest version.
    pub document: Document<Schedule>,
    /// The overrides that are not over, in the order in which they were made.
    pub overrides: Vec<Listed>,
    /// People in it who are deactivated or may read no tickets, and hence never on call.
    pub gone: BTreeSet<PersonId>,
    /// The names of everybody in it.
    pub names: HashMap<PersonId, String>,
    /// When they are absent or away, as far as that is not over. Absent people stay on call until somebody takes their time.
    pub absences: Vec<(PersonId, Absence)>,
}

impl OnCall {
    fn rules(&self) -> Vec<Override> {
        self.overrides.iter().map(|listed| listed.it).collect()
    }

    /// Who is on call at a moment that is not before the schedule was read, and why.
    pub fn who(&self, at: DateTime<Utc>) -> Option<(PersonId, By)> {
        who(&self.document.body, &self.rules(), &self.gone, at)
    }

    /// Who is on call when.
    pub fn turns(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Turn> {
        turns(&self.document.body, &self.rules(), &self.gone, from, to)
    }

    /// The turns between two moments in which whoever is on call is absent, each with the absence.
    pub fn absent_turns(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<(PersonId, Absence)> {
        let turns = self.turns(from, to);
        let clash = |person: PersonId, absence: &Absence| {
            turns.iter().any(|turn| {
                turn.who.map(|(who, _)| who) == Some(person)
                    && turn.from < absence.until
                    && absence.from < turn.to
            })
        };
        let found = self.absences.iter();
        found
            .filter(|(person, absence)| clash(*person, absence))
            .copied()
            .collect()
    }

    /// Somebody's name.
    pub fn name(&self, person: PersonId) -> &str {
        self.names.get(&person).map_or("", String::as_str)
    }

    async fn of(
        conn: &mut PgConnection,
        document: Document<Schedule>,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let overrides = on_call::overrides(conn, document.id, now).await?;
        let mut people = document.body.people();
        people.extend(overrides.iter().map(|listed| listed.it.person));
        let ids: Vec<Uuid> = people.iter().map(|it| it.0).collect();
        let all: Vec<_> = people.iter().copied().collect();
        Ok(Self {
            absences: shift::absences(conn, &all, now).await?,
            gone: on_call::gone(conn, &people).await?,
            names: person::names(conn, &ids).await?.into_iter().collect(),
            document,
            overrides,
        })
    }
}

/// Who is on call in a schedule for a ticket, if it is switched on and somebody is: in the place of whoever may not read that
/// ticket are the layers below.
pub(crate) async fn who_now(
    conn: &mut PgConnection,
    schedule: DocumentId,
    ticket: &Ticket,
    now: DateTime<Utc>,
) -> Result<Option<PersonId>> {
    let document = configuration::newest::<Schedule>(conn, SCHEDULE, schedule).await?;
    let Some(document) = document.filter(|it| it.active) else {
        return Ok(None);
    };
    let mut schedule = OnCall::of(conn, document, now).await?;
    while let Some((person, _)) = schedule.who(now) {
        if may_read(conn, person, ticket).await? {
            return Ok(Some(person));
        }
        schedule.gone.insert(person);
    }
    Ok(None)
}

/// Whether somebody is active and may read what engineers write in a ticket.
pub(crate) async fn may_read(
    conn: &mut PgConnection,
    person: PersonId,
    ticket: &Ticket,
) -> Result<bool> {
    let principal = person::principal(conn, person).await?;
    let may = |it| authorize(&Who::Person(it), Action::ReadInternal(ticket.facts())).is_ok();
    Ok(principal.is_some_and(may))
}

/// What people are told of time on call: it was given to them,
const GIVEN: &str = "given";
/// theirs was given to somebody else,
const PASSED_ON: &str = "passed_on";
/// what they were given was taken back,
const TAKEN_BACK: &str = "taken_back";
/// or what was given to somebody else is theirs again.
const YOURS_AGAIN: &str = "yours_again";

/// Whose time on call it is no longer, and whose it is now, in what is left of an override's time.
fn moved(
    before: &OnCall,
    after: &OnCall,
    made: &Override,
    now: DateTime<Utc>,
) -> (BTreeSet<PersonId>, BTreeSet<PersonId>) {
    let from = made.from.max(now);
    let then = after.turns(from, made.to);
    let person = |turn: &Turn| turn.who.map(|(person, _)| person);
    let (mut lost, mut won) = (BTreeSet::new(), BTreeSet::new());
    for old in before.turns(from, made.to) {
        let meanwhile = then
            .iter()
            .filter(|new| new.from < old.to && old.from < new.to);
        for new in meanwhile.filter(|new| person(new) != person(&old)) {
            lost.extend(person(&old));
            won.extend(person(new));
        }
    }
    (lost, won)
}

/// Tells people what the caller did with time on call.
async fn tell(
    work: &mut Work<'_>,
    schedule: &OnCall,
    made: &Override,
    what: &'static str,
    people: &BTreeSet<PersonId>,
) -> Result<()> {
    let me = work.caller().person_id().ok_or(DeskError::Denied)?;
    let name = person::find(work.conn(), me).await?.map(|it| it.name);
    let telling = Telling {
        kind: NotificationKind::OnCall,
        ticket: None,
        event: None,
        data: json!({"what": what, "schedule": schedule.document.name, "by": name, "from": made.from, "to": made.to}),
        in_charge: None,
        channel: None,
    };
    let people: Vec<_> = people.iter().copied().collect();
    work.tell(&people, telling).await
}

/// A part of a schedule's time that somebody else takes.
#[derive(Debug, Clone, Copy)]
pub struct Swap {
    /// Who takes it.
    pub person: PersonId,
    /// From then on.
    pub from: DateTime<Utc>,
    /// Until then.
    pub to: DateTime<Utc>,
}

fn may_look(caller: &Caller) -> Result<()> {
    let may = |action| authorize(&caller.who, action);
    may(Action::Work)
        .or_else(|_| may(Action::SeeDashboard))
        .or_else(|_| may(Action::Administer))?;
    Ok(())
}

impl Desk {
    /// Every schedule in its newest version, switched off ones too, for the desk's own people.
    pub async fn on_call_schedules(
        &self,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Vec<OnCall>> {
        may_look(caller)?;
        let mut conn = self.acquire().await?;
        let mut schedules = Vec::new();
        for document in configuration::current::<Schedule>(&mut conn, SCHEDULE).await? {
            schedules.push(OnCall::of(&mut conn, document, now).await?);
        }
        schedules.sort_by_cached_key(|it| it.document.name.to_lowercase());
        Ok(schedules)
    }

    /// One schedule.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] if there is none.
    pub async fn on_call_schedule(
        &self,
        caller: &Caller,
        id: DocumentId,
        now: DateTime<Utc>,
    ) -> Result<OnCall> {
        may_look(caller)?;
        let mut conn = self.acquire().await?;
        let document = configuration::newest(&mut conn, SCHEDULE, id).await?;
        OnCall::of(&mut conn, document.ok_or(DeskError::NotFound)?, now).await
    }

    /// Saves a schedule as a new version: of a new one where `id` is none, else after the version the caller saw. What is
    /// wrong with its layers [`Schedule::check`] says, by layer; whoever calls asks it first.
    ///
    /// # Errors
    /// [`DeskError::Invalid`]; [`DeskError::Conflict`] if it changed since.
    pub async fn save_on_call(
        &self,
        caller: &Caller,
        id: Option<(DocumentId, i32)>,
        name: &str,
        active: bool,
        schedule: Schedule,
        now: DateTime<Utc>,
    ) -> Result<DocumentId> {
        let mut work = self.begin(caller, now).await?;
        let name = field::one_line(name);
        let mut errors: Vec<_> = schedule.check().into_iter().map(|(_, it)| it).collect();
        field::required("name", &name, MAX_NAME, &mut errors);
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let id = Self::save_document(&mut work, SCHEDULE, id, &name, active, schedule).await?;
        work.commit().await?;
        Ok(id)
    }

    /// Gives a part of a schedule's time to somebody. Administrators give any time to anybody who may read tickets;
    /// engineers give away their own to others of the schedule.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] by field.
    pub async fn swap(
        &self,
        caller: &Caller,
        id: DocumentId,
        swap: Swap,
        now: DateTime<Utc>,
    ) -> Result<()> {
        may_look(caller)?;
        let me = caller.person_id().ok_or(DeskError::Denied)?;
        let mut work = self.begin(caller, now).await?;
        let document = configuration::newest::<Schedule>(work.conn(), SCHEDULE, id).await?;
        let schedule = OnCall::of(work.conn(), document.ok_or(DeskError::NotFound)?, now).await?;
        let candidates = on_call::candidates(work.conn()).await?;
        let wrong = wrong_with(&schedule, swap, caller, &candidates, now);
        if let Some((field, message)) = wrong {
            return Err(vec![FieldError::new(field, message)].into());
        }
        let made = Override {
            id: Uuid::now_v7(),
            person: swap.person,
            from: swap.from,
            to: swap.to,
        };
        on_call::insert(work.conn(), id, &made, Some(me), now).await?;
        work.audit(
            "on_call.swapped",
            SCHEDULE,
            &id.to_string(),
            json!({"override": made.id, "person": made.person, "from": made.from, "to": made.to}),
        );
        let after = OnCall::of(work.conn(), schedule.document.clone(), now).await?;
        let (lost, mut won) = moved(&schedule, &after, &made, now);
        won.insert(made.person);
        tell(&mut work, &schedule, &made, GIVEN, &won).await?;
        tell(&mut work, &schedule, &made, PASSED_ON, &lost).await?;
        work.commit().await
    }

    /// Takes an override back: administrators any, others those that they made.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] if there is none that is theirs to take back.
    pub async fn take_swap_back(
        &self,
        caller: &Caller,
        schedule: DocumentId,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<()> {
        may_look(caller)?;
        let me = caller.person_id().ok_or(DeskError::Denied)?;
        let mut work = self.begin(caller, now).await?;
        let document = configuration::newest::<Schedule>(work.conn(), SCHEDULE, schedule).await?;
        let before = OnCall::of(work.conn(), document.ok_or(DeskError::NotFound)?, now).await?;
        let administers = authorize(&caller.who, Action::Administer).is_ok();
        let mut theirs = before
            .overrides
            .iter()
            .filter(|it| administers || it.maker == Some(me));
        let found = theirs.find(|it| it.it.id == id).map(|it| it.it);
        let made = found.ok_or(DeskError::NotFound)?;
        if !on_call::remove(work.conn(), schedule, id, Some(me), now).await? {
            return Err(DeskError::NotFound);
        }
        work.audit(
            "on_call.swap_taken_back",
            SCHEDULE,
            &schedule.to_string(),
            json!({"override": id}),
        );
        let after = OnCall::of(work.conn(), before.document.clone(), now).await?;
        let (mut lost, won) = moved(&before, &after, &made, now);
        lost.insert(made.person);
        tell(&mut work, &before, &made, TAKEN_BACK, &lost).await?;
        tell(&mut work, &before, &made, YOURS_AGAIN, &won).await?;
        work.commit().await
    }
}

fn wrong_with(
    schedule: &OnCall,
    swap: Swap,
    caller: &Caller,
    candidates: &[(PersonId, String)],
    now: DateTime<Utc>,
) -> Option<(&'static str, &'static str)> {
    if swap.from >= swap.to {
        return Some(("to", "error.swap_order"));
    }
    if swap.to <= now {
        return Some(("to", "error.swap_past"));
    }
    if swap.to - swap.from > LONGEST {
        return Some(("to", "error.swap_long"));
    }
    if !candidates.iter().any(|(person, _)| *person == swap.person) {
        return Some(("person", "error.choose_one"));
    }
    if authorize(&caller.who, Action::Administer).is_ok() {
        return None;
    }
    if !schedule.document.body.people().contains(&swap.person) {
        return Some(("person", "error.choose_one"));
    }
    let from = swap.from.max(now);
    let own = schedule
        .turns(from, swap.to)
        .iter()
        .all(|turn| turn.who.map(|(person, _)| person) == caller.person_id());
    (!own).then_some(("from", "error.swap_own"))
}
