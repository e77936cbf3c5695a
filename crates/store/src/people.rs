//! People as administrators see them: found, changed, deactivated.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Managed;
use tierdesk_domain::id::{OrganisationId, PersonId, TeamId, TicketId};
use tierdesk_domain::tier::Tier;
use uuid::Uuid;

use crate::{Result, person, row};

/// A person in the list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// The address mail goes to.
    pub email: Option<String>,
    /// Whether they configure.
    pub administrator: bool,
    /// Whether they are a manager.
    pub manager: bool,
    /// How many queues they work in.
    pub queues: i64,
    /// Whether they have set a password.
    pub joined: bool,
    /// Since when they may not sign in.
    pub deactivated_at: Option<DateTime<Utc>>,
}

/// A page of people by name, after `after` (lower-case name and id), whose name or address begins a word with `words`.
pub async fn list(
    conn: &mut PgConnection,
    words: &str,
    after: Option<(&str, Uuid)>,
    limit: i64,
) -> Result<Vec<Listed>> {
    let pattern = format!(
        "%{}%",
        words
            .to_lowercase()
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_")
    );
    Ok(sqlx::query!(
        r#"select p.id, p.name, a.email as "email?", p.administrator, p.manager, p.deactivated_at,
                  (select count(*) from membership m where m.person_id = p.id) as "queues!",
                  exists (select from credential c where c.person_id = p.id) as "joined!"
           from person p left join address a on a.person_id = p.id and a.is_primary
           where ($1 = '%%' or lower(p.name) like $1 or a.email like $1)
             and ($2::text is null or (lower(p.name), p.id) > ($2, $3::uuid))
           order by lower(p.name), p.id limit $4"#,
        pattern,
        after.map(|it| it.0),
        after.map(|it| it.1),
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| Listed {
        id: PersonId(r.id),
        name: r.name,
        email: r.email,
        administrator: r.administrator,
        manager: r.manager,
        queues: r.queues,
        joined: r.joined,
        deactivated_at: r.deactivated_at,
    })
    .collect())
}

/// How many active administrators other than `but` have joined, so that they can come in; locks them, so that two who remove each other do not both succeed.
pub async fn administrators(conn: &mut PgConnection, but: Option<PersonId>) -> Result<i64> {
    sqlx::query!("select pg_advisory_xact_lock(hashtext('administrators'))")
        .execute(&mut *conn)
        .await?;
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from person p join credential c on c.person_id = p.id
           where p.administrator and p.deactivated_at is null and p.id is distinct from $1"#,
        but.map(|it| it.0)
    )
    .fetch_one(conn)
    .await?)
}

/// Marks an address of this person as theirs. False if it is not (any more).
pub async fn verify_address(
    conn: &mut PgConnection,
    person: PersonId,
    email: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    Ok(sqlx::query!("update address set verified_at = coalesce(verified_at, $3) where person_id = $1 and email = $2", person.0, email, now)
        .execute(conn)
        .await?
        .rows_affected()
        == 1)
}

/// What administrators change of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'a> {
    /// Their name.
    pub name: &'a str,
    /// IANA zone.
    pub time_zone: &'a str,
    /// Their organisation.
    pub organisation: Option<OrganisationId>,
    /// Whether policies may treat them apart.
    pub vip: bool,
    /// The teams they answer for, if they are a manager.
    pub manages: Option<&'a Managed>,
    /// May configure.
    pub administrator: bool,
}

/// Writes a person's properties, and the teams a manager answers for, if nobody changed them since `version`. False otherwise.
pub async fn change(
    conn: &mut PgConnection,
    person: PersonId,
    version: i32,
    change: &Change<'_>,
) -> Result<bool> {
    let changed = sqlx::query!(
        "update person set name = $3, time_zone = $4, vip = $5, manager = $6, manages_all = $8, administrator = $7, organisation_id = $9,
                version = version + 1
         where id = $1 and version = $2",
        person.0,
        version,
        change.name,
        change.time_zone,
        change.vip,
        change.manages.is_some(),
        change.administrator,
        matches!(change.manages, Some(Managed::All)),
        change.organisation.map(|it| it.0)
    )
    .execute(&mut *conn)
    .await?
    .rows_affected()
        == 1;
    if !changed {
        return Ok(false);
    }
    let teams: Vec<Uuid> = match change.manages {
        Some(Managed::Teams(teams)) => teams.iter().map(|it| it.0).collect(),
        Some(Managed::All) | None => Vec::new(),
    };
    sqlx::query!("delete from manager_team where person_id = $1", person.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "insert into manager_team (person_id, team_id) select $1, unnest($2::uuid[])",
        person.0,
        &teams
    )
    .execute(conn)
    .await?;
    Ok(true)
}

/// What people choose about their own pages.
#[derive(Debug, Clone)]
pub struct OwnChoice<'a> {
    /// Their name.
    pub name: &'a str,
    /// IANA zone.
    pub time_zone: &'a str,
    /// `system`, `light` or `dark`.
    pub theme: &'a str,
    /// `compact` or `comfortable`.
    pub density: &'a str,
    /// Whether single keys are shortcuts.
    pub single_keys: bool,
}

/// Writes what a person chose.
pub async fn choose(
    conn: &mut PgConnection,
    person: PersonId,
    choice: &OwnChoice<'_>,
) -> Result<()> {
    sqlx::query!(
        "update person set name = $2, time_zone = $3, theme = $4, density = $5, single_keys = $6, version = version + 1 where id = $1",
        person.0,
        choice.name,
        choice.time_zone,
        choice.theme,
        choice.density,
        choice.single_keys
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets the theme alone.
pub async fn set_theme(conn: &mut PgConnection, person: PersonId, theme: &str) -> Result<()> {
    sqlx::query!(
        "update person set theme = $2 where id = $1",
        person.0,
        theme
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Replaces the queues a person works in.
pub async fn set_queues(
    conn: &mut PgConnection,
    person: PersonId,
    queues: &[(TeamId, Tier)],
) -> Result<()> {
    sqlx::query!("delete from membership where person_id = $1", person.0)
        .execute(&mut *conn)
        .await?;
    let teams: Vec<Uuid> = queues.iter().map(|it| it.0.0).collect();
    let tiers: Vec<i16> = queues.iter().map(|it| it.1.number()).collect();
    sqlx::query!("insert into membership (person_id, team_id, tier) select $1, * from unnest($2::uuid[], $3::smallint[])", person.0, &teams, &tiers)
        .execute(conn)
        .await?;
    Ok(())
}

/// Deactivates (with a time) or reactivates (without) a person.
pub async fn set_deactivated(
    conn: &mut PgConnection,
    person: PersonId,
    at: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query!(
        "update person set deactivated_at = $2, version = version + 1 where id = $1",
        person.0,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The open tickets that somebody has.
pub async fn open_tickets(conn: &mut PgConnection, person: PersonId) -> Result<Vec<TicketId>> {
    Ok(sqlx::query_scalar!("select id from ticket where assignee_id = $1 and status in ('new', 'open', 'pending', 'on_hold') order by id", person.0)
        .fetch_all(conn)
        .await?
        .into_iter()
        .map(TicketId)
        .collect())
}

/// Those of somebody's open tickets that they may not act on: they work neither in the queue nor at L3 of its team.
pub async fn out_of_reach(conn: &mut PgConnection, person: PersonId) -> Result<Vec<TicketId>> {
    Ok(sqlx::query_scalar!(
        "select t.id from ticket t where t.assignee_id = $1 and t.status in ('new', 'open', 'pending', 'on_hold')
           and not exists (select from membership m where m.person_id = $1 and m.team_id = t.team_id and m.tier in (t.tier, 3))
         order by t.id",
        person.0
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TicketId)
    .collect())
}

/// The queues of a person with their teams' names.
pub async fn queues(conn: &mut PgConnection, person: PersonId) -> Result<Vec<(TeamId, Tier)>> {
    sqlx::query!(
        "select team_id, tier from membership where person_id = $1 order by team_id, tier",
        person.0
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| Ok((TeamId(r.team_id), row::tier("membership", r.tier)?)))
    .collect()
}

/// The teams somebody answers for, deactivated or not; `None` for those who are no manager.
pub async fn manages(conn: &mut PgConnection, person: PersonId) -> Result<Option<Managed>> {
    let row = sqlx::query!(
        r#"select p.manager, p.manages_all,
                  array(select t.team_id from manager_team t where t.person_id = p.id) as "managed!: Vec<Uuid>"
           from person p where p.id = $1"#,
        person.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(row
        .filter(|it| it.manager)
        .map(|it| person::managed(it.manages_all, it.managed)))
}
