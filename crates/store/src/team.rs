//! Teams and who works in them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::{PersonId, TeamId};
use tierdesk_domain::tier::Tier;

use crate::Result;

/// A team.
#[derive(Debug, Clone)]
pub struct Team {
    /// Which.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Whether its tickets are for its members only (decision 14).
    pub restricted: bool,
    /// Counts edits.
    pub version: i32,
}

/// Every team that is not retired, by name.
pub async fn all(conn: &mut PgConnection) -> Result<Vec<Team>> {
    Ok(sqlx::query!("select id, name, description, restricted, version from team where retired_at is null order by name")
        .fetch_all(conn)
        .await?
        .into_iter()
        .map(|r| Team { id: TeamId(r.id), name: r.name, description: r.description, restricted: r.restricted, version: r.version })
        .collect())
}

/// One team.
pub async fn find(conn: &mut PgConnection, id: TeamId) -> Result<Option<Team>> {
    Ok(sqlx::query!(
        "select id, name, description, restricted, version from team where id = $1",
        id.0
    )
    .fetch_optional(conn)
    .await?
    .map(|r| Team {
        id: TeamId(r.id),
        name: r.name,
        description: r.description,
        restricted: r.restricted,
        version: r.version,
    }))
}

/// Adds a team. Of two with one name the second is refused (`team_name`).
pub async fn insert(
    conn: &mut PgConnection,
    id: TeamId,
    name: &str,
    description: &str,
    restricted: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into team (id, name, description, restricted, created_at) values ($1, $2, $3, $4, $5)",
        id.0,
        name,
        description,
        restricted,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what a team says now as the version after the one before `team.version`; false if that is not the newest one any
/// more. Of two with one name the second is refused (`team_name`).
pub async fn update(conn: &mut PgConnection, team: &Team) -> Result<bool> {
    let done = sqlx::query!(
        "update team set name = $2, description = $3, restricted = $4, version = $5
         where id = $1 and version = $5 - 1 and retired_at is null",
        team.id.0,
        team.name,
        team.description,
        team.restricted,
        team.version
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts a person into a queue.
pub async fn add_member(
    conn: &mut PgConnection,
    person: PersonId,
    team: TeamId,
    tier: Tier,
) -> Result<()> {
    sqlx::query!(
        "insert into membership (person_id, team_id, tier) values ($1, $2, $3) on conflict do nothing",
        person.0,
        team.0,
        tier.number()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The active people who may act on a queue: its members, and L3 of the team. By name.
pub async fn who_acts(
    conn: &mut PgConnection,
    team: TeamId,
    tier: Tier,
) -> Result<Vec<(PersonId, String)>> {
    Ok(sqlx::query!(
        "select distinct p.id, p.name from membership m join person p on p.id = m.person_id
         where m.team_id = $1 and m.tier in ($2::smallint, 3::smallint) and p.deactivated_at is null order by p.name, p.id",
        team.0,
        tier.number()
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| (PersonId(r.id), r.name))
    .collect())
}

/// The active people who work in the team's queues, by tier and name.
pub async fn workers(
    conn: &mut PgConnection,
    team: TeamId,
) -> Result<Vec<(Tier, PersonId, String)>> {
    sqlx::query!(
        "select m.tier, p.id, p.name from membership m join person p on p.id = m.person_id
         where m.team_id = $1 and p.deactivated_at is null order by m.tier, p.name, p.id",
        team.0
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        let tier = crate::row::tier("membership", r.tier)?;
        Ok((tier, PersonId(r.id), r.name))
    })
    .collect()
}

/// The active members of exactly this queue.
pub async fn members(conn: &mut PgConnection, team: TeamId, tier: Tier) -> Result<Vec<PersonId>> {
    Ok(sqlx::query_scalar!(
        "select p.id from membership m join person p on p.id = m.person_id
         where m.team_id = $1 and m.tier = $2 and p.deactivated_at is null order by p.id",
        team.0,
        tier.number()
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(PersonId)
    .collect())
}

/// Every membership of an active person: team, tier, person.
pub async fn memberships(conn: &mut PgConnection) -> Result<Vec<(TeamId, Tier, PersonId)>> {
    sqlx::query!(
        "select m.team_id, m.tier, m.person_id from membership m join person p on p.id = m.person_id
         where p.deactivated_at is null order by m.team_id, m.tier, m.person_id"
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok((
            TeamId(r.team_id),
            crate::row::tier("membership", r.tier)?,
            PersonId(r.person_id),
        ))
    })
    .collect()
}
