//! Who is at work: hours of one's own, absences, "away now", and what becomes of the tickets of those who are not there.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::json;
use tierdesk_domain::authorize::{Action, Scope, authorize};
use tierdesk_domain::calendar::{Calendar, CalendarDocument, Hours};
use tierdesk_domain::field::{self, FieldError};
use tierdesk_domain::id::{DocumentId, PersonId, TeamId};
use tierdesk_domain::shift::{
    Absence, AbsenceKind, MAX_ABSENCE, MAX_AWAY, MAX_REASON, Presence, Shift,
};
use tierdesk_domain::tier::Tier;
use tierdesk_store::shift::{self as kept, Entered, Member, OwnHours, Waiting};
use tierdesk_store::{PgConnection, people, person, team};
use uuid::Uuid;

use crate::assignment::{Why, take_away};
use crate::calendar::may_choose;
use crate::error::{DeskError, Result};
use crate::routing::somebody_new;
use crate::rulebook::Rulebook;
use crate::{Caller, Desk, Work};

/// The shifts of active people: hours of their own, else those of `calendar`, else the desk's ordinary ones.
pub(crate) async fn shifts(
    conn: &mut PgConnection,
    rulebook: &Rulebook,
    people: &[PersonId],
    calendar: Option<DocumentId>,
    now: DateTime<Utc>,
) -> Result<HashMap<PersonId, Shift>> {
    let times = Times::read(conn, people, now).await?;
    let of = |id: PersonId| times.shift(rulebook, id, calendar, now);
    Ok(people.iter().map(|id| (*id, of(*id))).collect())
}

/// What people's shifts follow from, beside the calendar of a queue.
struct Times {
    own: HashMap<PersonId, OwnHours>,
    absences: Vec<(PersonId, Absence)>,
}

impl Times {
    async fn read(
        conn: &mut PgConnection,
        people: &[PersonId],
        now: DateTime<Utc>,
    ) -> Result<Self> {
        Ok(Self {
            own: kept::own_hours(conn, people).await?.into_iter().collect(),
            absences: kept::absences(conn, people, now).await?,
        })
    }

    fn shift(
        &self,
        rulebook: &Rulebook,
        id: PersonId,
        calendar: Option<DocumentId>,
        now: DateTime<Utc>,
    ) -> Shift {
        let own = self.own.get(&id).cloned().unwrap_or_default();
        let away = self.absences.iter().filter(|(person, _)| *person == id);
        let (hours, zone) = hours(rulebook, &own, calendar, now);
        Shift {
            active: true,
            hours,
            zone,
            absences: away.map(|(_, absence)| *absence).collect(),
        }
    }
}

/// Whether active people are at work, as routing sees it: who has no calendar of their own is there in the hours of any of
/// their queues, and else comes when the first of these opens.
async fn presences(
    conn: &mut PgConnection,
    rulebook: &Rulebook,
    people: &[(PersonId, &[(TeamId, Tier)])],
    now: DateTime<Utc>,
) -> Result<HashMap<PersonId, Presence>> {
    let ids: Vec<_> = people.iter().map(|(id, _)| *id).collect();
    let times = Times::read(conn, &ids, now).await?;
    let calendars = crate::routing::calendars(conn).await?;
    let of = |id: PersonId, queues: &[(TeamId, Tier)]| {
        let in_queue = |calendar| times.shift(rulebook, id, calendar, now).at(now);
        let all = queues
            .iter()
            .map(|queue| in_queue(calendars.get(queue).copied()));
        all.min_by_key(comes).unwrap_or_else(|| in_queue(None))
    };
    Ok(people
        .iter()
        .map(|(id, queues)| (*id, of(*id, queues)))
        .collect())
}

/// When somebody is there, as far as that can be said.
fn comes(presence: &Presence) -> DateTime<Utc> {
    match presence {
        Presence::Here => DateTime::<Utc>::MIN_UTC,
        Presence::OffShift { until } => until.unwrap_or(DateTime::<Utc>::MAX_UTC),
        Presence::Absent { until } | Presence::Away { until } => *until,
        Presence::Deactivated => DateTime::<Utc>::MAX_UTC,
    }
}

/// Somebody's hours, and the zone in which their days begin and end.
fn hours(
    rulebook: &Rulebook,
    own: &OwnHours,
    queue: Option<DocumentId>,
    now: DateTime<Utc>,
) -> (Hours, Tz) {
    let named = own.calendar.or(queue);
    let found = named.and_then(|id| rulebook.book.calendar_at(id, now));
    let hours = match found {
        Some(version) => Hours::Calendar(version.body.clone()),
        None => rulebook.book.ordinary_hours(now),
    };
    match (hours, own.zone.as_ref().and_then(|zone| zone.parse().ok())) {
        (Hours::Calendar(calendar), Some(zone)) => {
            let document = calendar.document().clone();
            let there = Calendar::from(CalendarDocument { zone, ..document });
            (Hours::Calendar(there), zone)
        }
        (Hours::Calendar(calendar), None) => {
            let zone = calendar.document().zone;
            (Hours::Calendar(calendar), zone)
        }
        (Hours::Always, zone) => (Hours::Always, zone.unwrap_or(Tz::UTC)),
    }
}

/// The shift of one person, as their own hours are or the desk's ordinary ones, at a moment.
pub(crate) async fn shift(
    conn: &mut PgConnection,
    rulebook: &Rulebook,
    id: PersonId,
    at: DateTime<Utc>,
) -> Result<Shift> {
    let mut found = shifts(conn, rulebook, &[id], None, at).await?;
    found.remove(&id).ok_or(DeskError::NotFound)
}

/// What somebody's own page says about their time.
#[derive(Debug)]
pub struct OwnTime {
    /// Hours of their own.
    pub hours: OwnHours,
    /// What follows for this moment.
    pub presence: Presence,
    /// Absences that have not ended, with their reasons.
    pub absences: Vec<Entered>,
    /// The calendars to choose from.
    pub calendars: Vec<(DocumentId, String)>,
}

/// Somebody of the desk as everybody there sees them.
#[derive(Debug)]
pub struct AtWork {
    /// Who, where, and how much they have.
    pub member: Member,
    /// Whether they are at work. Why not is theirs.
    pub presence: Presence,
}

/// Somebody who is absent or away.
#[derive(Debug)]
pub struct Absentee {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Until when.
    pub presence: Presence,
    /// How many open tickets they have.
    pub open: u64,
    /// Those of them that the caller may read.
    pub tickets: Vec<Waiting>,
    /// Whether the caller answers for one of their teams, and may give the tickets back.
    pub led: bool,
}

/// How many tickets of absent people are listed.
pub const MOST_TICKETS: i64 = 200;

impl Desk {
    /// The time of a person: their own, or any engineer's for administrators.
    pub async fn own_time(
        &self,
        caller: &Caller,
        id: PersonId,
        now: DateTime<Utc>,
    ) -> Result<OwnTime> {
        oneself_or_administrator(caller, id)?;
        let mut conn = self.acquire().await?;
        let rulebook = self.rulebook(&mut conn).await?;
        let queues = people::queues(&mut conn, id).await?;
        let presences = presences(&mut conn, &rulebook, &[(id, &queues)], now).await?;
        let own = kept::own_hours(&mut conn, &[id]).await?;
        let calendars =
            tierdesk_store::configuration::current::<CalendarDocument>(&mut conn, "calendar")
                .await?;
        Ok(OwnTime {
            hours: own.into_iter().next().map(|it| it.1).unwrap_or_default(),
            presence: *presences.get(&id).ok_or(DeskError::NotFound)?,
            absences: kept::absences_of(&mut conn, id, now).await?,
            calendars: calendars
                .into_iter()
                .filter(|it| it.active)
                .map(|it| (it.id, it.name))
                .collect(),
        })
    }

    /// The desk's people with whether they are at work, by name after a name and id, at most `limit`.
    pub async fn at_work(
        &self,
        caller: &Caller,
        after: Option<(&str, Uuid)>,
        limit: i64,
        now: DateTime<Utc>,
    ) -> Result<Vec<AtWork>> {
        let scope = staff(caller)?;
        let mut conn = self.acquire().await?;
        let members = kept::members(&mut conn, &scope, after, limit).await?;
        let people: Vec<_> = members
            .iter()
            .map(|it| (it.id, it.queues.as_slice()))
            .collect();
        let rulebook = self.rulebook(&mut conn).await?;
        let presences = presences(&mut conn, &rulebook, &people, now).await?;
        Ok(members
            .into_iter()
            .filter_map(|member| {
                let presence = *presences.get(&member.id)?;
                Some(AtWork { member, presence })
            })
            .collect())
    }

    /// Everybody who is absent or away, with their open tickets as far as the caller may read them.
    pub async fn absent(&self, caller: &Caller, now: DateTime<Utc>) -> Result<Vec<Absentee>> {
        let scope = staff(caller)?;
        let mut conn = self.acquire().await?;
        let absent = kept::absent(&mut conn, &scope, now).await?;
        let ids: Vec<_> = absent.iter().map(|(id, ..)| *id).collect();
        let rulebook = self.rulebook(&mut conn).await?;
        let shifts = shifts(&mut conn, &rulebook, &ids, None, now).await?;
        let tickets = match scope.internal() {
            true => kept::waiting(&mut conn, &scope, &ids, MOST_TICKETS).await?,
            false => Vec::new(),
        };
        let memberships = team::memberships(&mut conn).await?;
        let leads = |id: PersonId| {
            let mut teams = memberships.iter().filter(|it| it.2 == id).map(|it| it.0);
            teams.any(|team| authorize(&caller.who, Action::Lead(team)).is_ok())
        };
        Ok(absent
            .into_iter()
            .filter_map(|(id, name, open)| {
                Some(Absentee {
                    id,
                    name,
                    open,
                    presence: shifts.get(&id)?.at(now),
                    tickets: tickets
                        .iter()
                        .filter(|it| it.assignee == id)
                        .cloned()
                        .collect(),
                    led: leads(id),
                })
            })
            .collect())
    }

    /// Those of these people who work in a team that the caller leads.
    pub async fn led(&self, caller: &Caller, people: &[PersonId]) -> Result<Vec<PersonId>> {
        staff(caller)?;
        let mut conn = self.acquire().await?;
        let memberships = team::memberships(&mut conn).await?;
        let led = memberships
            .into_iter()
            .filter(|(_, _, id)| people.contains(id))
            .filter(|(team, ..)| authorize(&caller.who, Action::Lead(*team)).is_ok());
        Ok(led.map(|(_, _, id)| id).collect())
    }

    /// Sets an engineer's hours.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] for an unknown calendar or zone.
    pub async fn set_hours(
        &self,
        caller: &Caller,
        id: PersonId,
        hours: OwnHours,
        now: DateTime<Utc>,
    ) -> Result<()> {
        oneself_or_administrator(caller, id)?;
        let mut work = self.begin(caller, now).await?;
        engineer(&mut work, id).await?;
        let mut errors = Vec::new();
        if let Some(calendar) = hours.calendar
            && !may_choose(work.conn(), calendar).await?
        {
            errors.push(FieldError::new("calendar", "error.choose_one"));
        }
        if let Some(zone) = &hours.zone
            && zone.parse::<Tz>().is_err()
        {
            errors.push(FieldError::new("zone", "error.time_zone"));
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        kept::set_own_hours(work.conn(), id, &hours, now).await?;
        let detail = json!({"calendar": hours.calendar, "zone": hours.zone});
        work.audit("person.hours", "person", &id.to_string(), detail);
        somebody_new(&mut work, id).await?;
        work.commit().await
    }

    /// Enters an absence of an engineer. The reason is read by them and by administrators only.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] by field: it must end after it begins and after now, and be no longer than allowed.
    pub async fn enter_absence(
        &self,
        caller: &Caller,
        id: PersonId,
        (from, until): (DateTime<Utc>, DateTime<Utc>),
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        oneself_or_administrator(caller, id)?;
        let by = caller.person_id().ok_or(DeskError::Denied)?;
        let reason = field::one_line(reason);
        let mut errors = Vec::new();
        if until <= from || until <= now {
            errors.push(FieldError::new("until", "error.absence_ends"));
        } else if until - from > MAX_ABSENCE {
            errors.push(FieldError::new("until", "error.absence_long"));
        }
        if reason.chars().count() > MAX_REASON {
            errors.push(FieldError::too_long("absence_reason", MAX_REASON));
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let mut work = self.begin(caller, now).await?;
        engineer(&mut work, id).await?;
        let absence = Absence {
            kind: AbsenceKind::Absent,
            from,
            until,
        };
        kept::enter(work.conn(), Uuid::now_v7(), id, &absence, &reason, by, now).await?;
        let detail = json!({"from": from, "until": until});
        work.audit("person.absence_entered", "person", &id.to_string(), detail);
        work.commit().await
    }

    /// Ends an absence, or takes back one that has not begun.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] if the person has no such absence.
    pub async fn end_absence(
        &self,
        caller: &Caller,
        id: PersonId,
        absence: Uuid,
        now: DateTime<Utc>,
    ) -> Result<()> {
        oneself_or_administrator(caller, id)?;
        let mut work = self.begin(caller, now).await?;
        if !kept::end(work.conn(), id, absence, now).await? {
            return Err(DeskError::NotFound);
        }
        work.audit("person.absence_ended", "person", &id.to_string(), json!({}));
        somebody_new(&mut work, id).await?;
        work.commit().await
    }

    /// Switches the caller away until a moment, at most a day ahead, or back. Being away ends by itself.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] for a moment that is over or too far ahead.
    pub async fn be_away(
        &self,
        caller: &Caller,
        until: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let id = caller.person_id().ok_or(DeskError::Denied)?;
        let mut work = self.begin(caller, now).await?;
        engineer(&mut work, id).await?;
        let was_away = kept::end_away(work.conn(), id, now).await? > 0;
        if let Some(until) = until {
            if until <= now || until > now + MAX_AWAY {
                return Err(vec![FieldError::new("away", "error.choose_one")].into());
            }
            let absence = Absence {
                kind: AbsenceKind::Away,
                from: now,
                until,
            };
            kept::enter(work.conn(), Uuid::now_v7(), id, &absence, "", id, now).await?;
        }
        let detail = json!({"until": until});
        work.audit("person.away", "person", &id.to_string(), detail);
        if was_away {
            somebody_new(&mut work, id).await?;
        }
        work.commit().await
    }

    /// Gives the open tickets of somebody who is absent or away back to their queues, where they are routed anew.
    /// Managers do that in their teams, administrators everywhere. Returns how many tickets went.
    ///
    /// # Errors
    /// [`DeskError::State`] if the person is not absent; [`DeskError::Denied`] if the caller leads none of their teams.
    pub async fn free_tickets(
        &self,
        caller: &Caller,
        id: PersonId,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let mut work = self.begin(caller, now).await?;
        leads(&mut work, id).await?;
        engineer(&mut work, id).await?;
        let rulebook = work.rulebook().await?;
        let shift = shifts(work.conn(), &rulebook, &[id], None, now)
            .await?
            .remove(&id)
            .ok_or(DeskError::NotFound)?;
        if !matches!(
            shift.at(now),
            Presence::Absent { .. } | Presence::Away { .. }
        ) {
            return Err(DeskError::State("state.not_absent"));
        }
        // All are locked before the first is routed: two who do this at the same time never wait in a circle.
        let mut tickets = Vec::new();
        for ticket in people::open_tickets(work.conn(), id).await? {
            match work.ticket(ticket, |facts| Action::Lead(facts.team)).await {
                Ok(ticket) if ticket.assignee == Some(id) => tickets.push(ticket),
                Ok(_) | Err(DeskError::Denied | DeskError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        let n = tickets.len() as u64;
        take_away(&mut work, tickets, None, Why::Absent).await?;
        let detail = json!({"tickets": n});
        work.audit("person.tickets_freed", "person", &id.to_string(), detail);
        work.commit().await?;
        Ok(n)
    }
}

/// Whether somebody is at work at the moment: in their hours, else in those of the queue's calendar, and there.
pub(crate) async fn is_here(
    work: &mut Work<'_>,
    id: PersonId,
    calendar: Option<DocumentId>,
) -> Result<bool> {
    let now = work.now;
    let rulebook = work.rulebook().await?;
    let shifts = shifts(work.conn(), &rulebook, &[id], calendar, now).await?;
    Ok(shifts
        .get(&id)
        .is_some_and(|it| it.at(now) == Presence::Here))
}

/// Engineers, managers and administrators; the scope is that of their reads.
pub(crate) fn staff(caller: &Caller) -> Result<Scope> {
    let actions = [Action::Work, Action::SeeDashboard, Action::Administer];
    let scope = actions
        .into_iter()
        .find_map(|action| authorize(&caller.who, action).ok());
    scope.ok_or(DeskError::Denied)
}

fn oneself_or_administrator(caller: &Caller, id: PersonId) -> Result<()> {
    if caller.person_id() != Some(id) {
        authorize(&caller.who, Action::Administer)?;
    }
    Ok(())
}

/// Hours and absences are those of engineers.
pub(crate) async fn engineer(work: &mut Work<'_>, id: PersonId) -> Result<()> {
    person::find(work.conn(), id)
        .await?
        .filter(|it| it.deactivated_at.is_none())
        .ok_or(DeskError::NotFound)?;
    if people::queues(work.conn(), id).await?.is_empty() {
        return Err(DeskError::State("state.not_an_engineer"));
    }
    Ok(())
}

/// Whether the caller leads a team that the person works in.
///
/// # Errors
/// [`DeskError::Denied`] if not.
pub(crate) async fn leads(work: &mut Work<'_>, id: PersonId) -> Result<()> {
    let queues = people::queues(work.conn(), id).await?;
    let who = &work.caller().who;
    let leads = |team| authorize(who, Action::Lead(team)).is_ok();
    if queues.into_iter().any(|(team, _)| leads(team)) || authorize(who, Action::Administer).is_ok()
    {
        Ok(())
    } else {
        Err(DeskError::Denied)
    }
}
