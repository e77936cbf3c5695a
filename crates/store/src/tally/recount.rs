//! What counts, read from the events and tickets themselves, and from the facts between the tiers.

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::PgConnection;
use tierdesk_domain::id::{CategoryId, OrganisationId, PersonId, TeamId};
use tierdesk_domain::tally::{Counts, Happened, Measure, count};
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::timeline::EventKind;

use super::delta::Place;
use crate::{Result, flow, row};

/// When the first and the last of all that counts happened.
pub async fn extent(conn: &mut PgConnection) -> Result<Option<(DateTime<Utc>, DateTime<Utc>)>> {
    let r = sqlx::query!(
        r#"select (select min(created_at) from ticket) as first_ticket, (select max(created_at) from ticket) as last_ticket,
                  (select min(at) from event) as first_event, (select max(at) from event) as last_event"#
    )
    .fetch_one(conn)
    .await?;
    let first = r.first_ticket.into_iter().chain(r.first_event).min();
    let last = r.last_ticket.into_iter().chain(r.last_event).max();
    Ok(first.zip(last))
}

/// Gives everything that was counted from `from` to before `to`, event by event, fact by fact, ticket by ticket.
pub async fn each(
    conn: &mut PgConnection,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    mut give: impl FnMut(DateTime<Utc>, Place, Counts),
) -> Result<()> {
    let kinds: Vec<String> = Measure::ALL
        .iter()
        .filter_map(|it| it.behind())
        .flat_map(|it| it.kinds)
        .map(|kind| kind.as_str().to_owned())
        .collect();
    let mut events = sqlx::query!(
        "select at, kind, actor_kind, actor_id, data, team_id, tier, priority, category_id, organisation_id from event
         where kind = any ($1) and at >= $2 and at < $3",
        &kinds,
        from,
        to
    )
    .fetch(&mut *conn);
    while let Some(r) = events.try_next().await? {
        let place = Place {
            team: TeamId(r.team_id),
            tier: row::tier("event", r.tier)?,
            priority: row::number("event", r.priority, Priority::from_number)?,
            category: r.category_id.map(CategoryId),
            organisation: r.organisation_id.map(OrganisationId),
            person: None,
        };
        let kind: EventKind = row::word("event", &r.kind)?;
        let happened = Happened {
            kind,
            data: &r.data,
            by: row::word("event", &r.actor_kind)?,
            actor: r.actor_id,
            tier: place.tier,
        };
        for (person, counts) in count(happened) {
            give(r.at, in_counts_of(place, person), counts);
        }
    }
    drop(events);
    flow::each(conn, (from, to), &mut give).await?;
    let mut open = sqlx::query!(
        "select created_at, team_id, tier, priority, category_id, organisation_id, assignee_id from ticket
         where status in ('new', 'open', 'pending', 'on_hold') and created_at >= $1 and created_at < $2",
        from,
        to
    )
    .fetch(&mut *conn);
    while let Some(r) = open.try_next().await? {
        let place = Place {
            team: TeamId(r.team_id),
            tier: row::tier("ticket", r.tier)?,
            priority: row::number("ticket", r.priority, Priority::from_number)?,
            category: r.category_id.map(CategoryId),
            organisation: r.organisation_id.map(OrganisationId),
            person: None,
        };
        for (person, counts) in open_ticket(r.assignee_id.map(PersonId)) {
            give(r.created_at, in_counts_of(place, person), counts);
        }
    }
    Ok(())
}

/// The place in the counts of an engineer, or the place itself.
pub fn in_counts_of(place: Place, person: Option<PersonId>) -> Place {
    match person {
        None => place,
        Some(_) => Place {
            category: None,
            organisation: None,
            person,
            ..place
        },
    }
}

/// What an open ticket counts as.
pub fn open_ticket(assignee: Option<PersonId>) -> Vec<(Option<PersonId>, Counts)> {
    let mut counts = Counts::default();
    counts.add(Measure::Backlog, 1);
    counts.add(Measure::Open, 1);
    let mut all = vec![(None, counts)];
    if assignee.is_some() {
        let mut counts = Counts::default();
        counts.add(Measure::Open, 1);
        all.push((assignee, counts));
    }
    all
}
