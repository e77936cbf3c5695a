//! What happened between the tiers: facts, one row each, which are counted and listed.

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::PgConnection;
use tierdesk_domain::flow::{Fact, MEASURES, Subject};
use tierdesk_domain::id::{CategoryId, OrganisationId, TeamId, TicketId};
use tierdesk_domain::tally::Counts;
use tierdesk_domain::ticket::Priority;
use uuid::Uuid;

use crate::tally::delta::Place;
use crate::{Result, StoreError, row};

struct Row {
    at: DateTime<Utc>,
    measure: String,
    team_id: Uuid,
    tier: i16,
    priority: i16,
    category_id: Option<Uuid>,
    organisation_id: Option<Uuid>,
    value: i64,
}

impl TryFrom<Row> for Fact {
    type Error = StoreError;

    fn try_from(r: Row) -> Result<Self> {
        Ok(Self {
            at: r.at,
            measure: row::word("flow_fact", &r.measure)?,
            queue: (TeamId(r.team_id), row::tier("flow_fact", r.tier)?),
            subject: Subject {
                priority: row::number("flow_fact", r.priority, Priority::from_number)?,
                category: r.category_id.map(CategoryId),
                organisation: r.organisation_id.map(OrganisationId),
            },
            value: r.value,
        })
    }
}

/// Where a fact is counted.
pub fn place(fact: &Fact) -> Place {
    Place {
        team: fact.queue.0,
        tier: fact.queue.1,
        priority: fact.subject.priority,
        category: fact.subject.category,
        organisation: fact.subject.organisation,
        person: None,
    }
}

/// Writes facts of tickets, and gives those that were not there yet.
pub async fn note(conn: &mut PgConnection, facts: &[(Fact, TicketId)]) -> Result<Vec<Fact>> {
    let words: Vec<String> = facts.iter().map(|(it, _)| it.measure.to_string()).collect();
    let categories: Vec<Option<Uuid>> = facts
        .iter()
        .map(|(it, _)| it.subject.category.map(|it| it.0))
        .collect();
    let organisations: Vec<Option<Uuid>> = facts
        .iter()
        .map(|(it, _)| it.subject.organisation.map(|it| it.0))
        .collect();
    sqlx::query_as!(
        Row,
        "insert into flow_fact (id, ticket_id, at, measure, team_id, tier, priority, category_id, organisation_id, value)
         select * from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::uuid[], $6::smallint[], $7::smallint[],
                              $8::uuid[], $9::uuid[], $10::bigint[])
         on conflict (ticket_id, measure, at, team_id, tier) do nothing
         returning at, measure, team_id, tier, priority, category_id, organisation_id, value",
        &facts.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>(),
        &facts.iter().map(|(_, ticket)| ticket.0).collect::<Vec<_>>(),
        &facts.iter().map(|(it, _)| it.at).collect::<Vec<_>>(),
        &words,
        &facts.iter().map(|(it, _)| it.queue.0.0).collect::<Vec<_>>(),
        &facts.iter().map(|(it, _)| it.queue.1.number()).collect::<Vec<_>>(),
        &facts.iter().map(|(it, _)| it.subject.priority.number()).collect::<Vec<_>>(),
        &categories as &[Option<Uuid>],
        &organisations as &[Option<Uuid>],
        &facts.iter().map(|(it, _)| it.value).collect::<Vec<_>>()
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Fact::try_from)
    .collect()
}

/// Gives what counts of the facts from `from` to before `to`. For whoever counts anew.
pub(crate) async fn each(
    conn: &mut PgConnection,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    give: &mut impl FnMut(DateTime<Utc>, Place, Counts),
) -> Result<()> {
    // With the measures the index finds the days.
    let words = MEASURES.map(|it| it.to_string());
    let mut rows = sqlx::query_as!(
        Row,
        "select at, measure, team_id, tier, priority, category_id, organisation_id, value from flow_fact
         where measure = any ($1) and at >= $2 and at < $3",
        &words[..],
        from,
        to
    )
    .fetch(conn);
    while let Some(row) = rows.try_next().await? {
        let fact = Fact::try_from(row)?;
        give(fact.at, place(&fact), fact.counts());
    }
    Ok(())
}

/// The facts of these tickets as they are kept, each with its own id. For the recount.
pub async fn kept(
    conn: &mut PgConnection,
    tickets: &[TicketId],
) -> Result<Vec<(Uuid, TicketId, Fact)>> {
    let ids: Vec<Uuid> = tickets.iter().map(|it| it.0).collect();
    sqlx::query!(
        "select id, ticket_id, at, measure, team_id, tier, priority, category_id, organisation_id, value from flow_fact
         where ticket_id = any($1)",
        &ids
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        let row = Row {
            at: r.at,
            measure: r.measure,
            team_id: r.team_id,
            tier: r.tier,
            priority: r.priority,
            category_id: r.category_id,
            organisation_id: r.organisation_id,
            value: r.value,
        };
        Ok((r.id, TicketId(r.ticket_id), row.try_into()?))
    })
    .collect()
}

/// Takes facts away that no event says. For the recount.
pub async fn take_away(conn: &mut PgConnection, facts: &[Uuid]) -> Result<()> {
    sqlx::query!("delete from flow_fact where id = any($1)", facts)
        .execute(conn)
        .await?;
    Ok(())
}
