//! Working hours and absences of engineers.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::id::{DocumentId, PersonId, TeamId, TicketId, TicketNumber};
use tierdesk_domain::shift::{Absence, AbsenceKind};
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use uuid::Uuid;

use crate::{Result, row};

/// Hours of one's own: another calendar, another zone, or both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnHours {
    /// The calendar; that of the queue or the desk where none is named.
    pub calendar: Option<DocumentId>,
    /// The zone its times are read in; the calendar's own where none is named.
    pub zone: Option<String>,
}

/// The hours of these people that differ from those of their queues.
pub async fn own_hours(
    conn: &mut PgConnection,
    people: &[PersonId],
) -> Result<Vec<(PersonId, OwnHours)>> {
    let ids: Vec<Uuid> = people.iter().map(|it| it.0).collect();
    let rows = sqlx::query!(
        "select person_id, calendar_id, zone from working_hours where person_id = any ($1)",
        &ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| {
            let hours = OwnHours {
                calendar: r.calendar_id.map(DocumentId),
                zone: r.zone,
            };
            (PersonId(r.person_id), hours)
        })
        .collect())
}

/// Who of the active people has a calendar of their own, by name, and which.
pub async fn calendars_of_people(conn: &mut PgConnection) -> Result<Vec<(String, DocumentId)>> {
    let rows = sqlx::query!(
        r#"select p.name, w.calendar_id as "calendar_id!" from working_hours w join person p on p.id = w.person_id
           where w.calendar_id is not null and p.deactivated_at is null order by p.name, p.id"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| (r.name, DocumentId(r.calendar_id)))
        .collect())
}

/// Sets somebody's hours.
pub async fn set_own_hours(
    conn: &mut PgConnection,
    person: PersonId,
    hours: &OwnHours,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into working_hours (person_id, calendar_id, zone, changed_at) values ($1, $2, $3, $4)
         on conflict (person_id) do update set calendar_id = excluded.calendar_id, zone = excluded.zone, changed_at = excluded.changed_at",
        person.0,
        hours.calendar.map(|it| it.0),
        hours.zone,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An absence with what only the person and administrators read.
#[derive(Debug, Clone)]
pub struct Entered {
    /// Which.
    pub id: Uuid,
    /// When and what kind.
    pub absence: Absence,
    /// Why, or `""`.
    pub reason: String,
}

/// One person's absences that end after `now`, the next first, at most 100.
pub async fn absences_of(
    conn: &mut PgConnection,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<Vec<Entered>> {
    sqlx::query!(
        "select id, kind, from_at, until_at, reason from absence where person_id = $1 and until_at > $2 order by from_at, id limit 100",
        person.0,
        now
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok(Entered {
            id: r.id,
            absence: Absence {
                kind: row::word("absence", &r.kind)?,
                from: r.from_at,
                until: r.until_at,
            },
            reason: r.reason,
        })
    })
    .collect()
}

/// The absences of several people that end after `now`, without their reasons.
pub async fn absences(
    conn: &mut PgConnection,
    people: &[PersonId],
    now: DateTime<Utc>,
) -> Result<Vec<(PersonId, Absence)>> {
    let ids: Vec<Uuid> = people.iter().map(|it| it.0).collect();
    sqlx::query!(
        "select person_id, kind, from_at, until_at from absence where person_id = any ($1) and until_at > $2 order by person_id, from_at",
        &ids,
        now
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        let absence = Absence {
            kind: row::word("absence", &r.kind)?,
            from: r.from_at,
            until: r.until_at,
        };
        Ok((PersonId(r.person_id), absence))
    })
    .collect()
}

/// The active people who are absent or away at a moment, by name, at most 200. The scope says that the reader works at the
/// desk.
pub async fn absent(
    conn: &mut PgConnection,
    _scope: &Scope,
    now: DateTime<Utc>,
) -> Result<Vec<(PersonId, String, u64)>> {
    let rows = sqlx::query!(
        r#"select p.id, p.name,
                  (select count(*) from ticket k where k.assignee_id = p.id and k.status in ('new', 'open', 'pending', 'on_hold')) as "open!"
           from person p
         where p.deactivated_at is null
           and p.id in (select a.person_id from absence a where a.until_at > $1 and a.from_at <= $1)
         order by lower(p.name), p.id limit 200"#,
        now
    )
    .fetch_all(conn)
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|r| (PersonId(r.id), r.name, r.open.unsigned_abs()))
        .collect())
}

/// Enters an absence.
pub async fn enter(
    conn: &mut PgConnection,
    id: Uuid,
    person: PersonId,
    absence: &Absence,
    reason: &str,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into absence (id, person_id, kind, from_at, until_at, reason, entered_by, entered_at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        id,
        person.0,
        absence.kind.as_str(),
        absence.from,
        absence.until,
        reason,
        by.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends an absence: one that has begun ends now, one that has not is removed. False if the person has no such absence that
/// has not ended.
pub async fn end(
    conn: &mut PgConnection,
    person: PersonId,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool> {
    let removed = sqlx::query!(
        "delete from absence where id = $1 and person_id = $2 and from_at >= $3",
        id,
        person.0,
        now
    )
    .execute(&mut *conn)
    .await?;
    let ended = sqlx::query!(
        "update absence set until_at = $3 where id = $1 and person_id = $2 and from_at < $3 and until_at > $3",
        id,
        person.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(removed.rows_affected() + ended.rows_affected() == 1)
}

/// Ends every "away now" of somebody. Returns how many.
pub async fn end_away(
    conn: &mut PgConnection,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "update absence set until_at = $3 where person_id = $1 and kind = $2 and from_at < $3 and until_at > $3",
        person.0,
        AbsenceKind::Away.as_str(),
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Somebody of the desk, for the page that says who is there.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// The queues they work.
    pub queues: Vec<(TeamId, Tier)>,
    /// How many open tickets they have.
    pub load: i64,
}

/// The active people who work in a queue, by name, after a name and id, at most `limit`. The scope says that the reader
/// works at the desk.
pub async fn members(
    conn: &mut PgConnection,
    _scope: &Scope,
    after: Option<(&str, Uuid)>,
    limit: i64,
) -> Result<Vec<Member>> {
    sqlx::query!(
        r#"select p.id, p.name,
                  array(select m.team_id from membership m where m.person_id = p.id order by m.team_id, m.tier) as "teams!: Vec<Uuid>",
                  array(select m.tier from membership m where m.person_id = p.id order by m.team_id, m.tier) as "tiers!: Vec<i16>",
                  (select count(*) from ticket t where t.assignee_id = p.id and t.status in ('new', 'open', 'pending', 'on_hold')) as "load!"
           from person p
           where p.deactivated_at is null and exists (select from membership m where m.person_id = p.id)
             and ($1::text is null or (lower(p.name), p.id) > ($1, $2::uuid))
           order by lower(p.name), p.id limit $3"#,
        after.map(|it| it.0),
        after.map(|it| it.1),
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        let tiers = r.tiers.into_iter().map(|tier| row::tier("membership", tier));
        Ok(Member {
            id: PersonId(r.id),
            name: r.name,
            queues: r
                .teams
                .into_iter()
                .map(TeamId)
                .zip(tiers)
                .map(|(team, tier)| Ok((team, tier?)))
                .collect::<Result<_>>()?,
            load: r.load,
        })
    })
    .collect()
}

/// An open ticket that waits with somebody who is not there.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Which.
    pub id: TicketId,
    /// Its number.
    pub number: TicketNumber,
    /// Its title.
    pub title: String,
    /// Its priority.
    pub priority: Priority,
    /// Its queue.
    pub queue: (TeamId, Tier),
    /// Its team's name.
    pub team: String,
    /// The earliest running due time.
    pub due: Option<DateTime<Utc>>,
    /// Who has it.
    pub assignee: PersonId,
}

/// The open tickets of these people within the scope's internal side, the next due first, at most `limit`.
pub async fn waiting(
    conn: &mut PgConnection,
    scope: &Scope,
    people: &[PersonId],
    limit: i64,
) -> Result<Vec<Waiting>> {
    let ids: Vec<Uuid> = people.iter().map(|it| it.0).collect();
    let teams = scope.team_ids();
    sqlx::query!(
        r#"select t.id, t.number, t.title, t.priority, t.team_id, t.tier, team.name as team,
                  nullif(t.next_clock_at, 'infinity') as due, t.assignee_id as "assignee!"
           from ticket t join team on team.id = t.team_id
           where t.assignee_id = any ($1) and t.status in ('new', 'open', 'pending', 'on_hold')
             and ticket_internal_in_scope($2, $3, $4, t.team_id)
           order by t.next_clock_at, t.id limit $5"#,
        &ids,
        scope.everything(),
        scope.unrestricted(),
        &teams,
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok(Waiting {
            id: TicketId(r.id),
            number: TicketNumber(r.number),
            title: r.title,
            priority: row::number("ticket", r.priority, Priority::from_number)?,
            queue: (TeamId(r.team_id), row::tier("ticket", r.tier)?),
            team: r.team,
            due: r.due,
            assignee: PersonId(r.assignee),
        })
    })
    .collect()
}
