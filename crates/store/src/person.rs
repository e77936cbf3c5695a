//! People, their addresses and what their rights follow from.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::{Managed, Principal};
use tierdesk_domain::id::{OrganisationId, PersonId, TeamId};
use tierdesk_domain::person::PersonKind;
use uuid::Uuid;

use crate::{Result, row};

/// A person as pages show them.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// The kind of account.
    pub kind: PersonKind,
    /// Their organisation.
    pub organisation: Option<OrganisationId>,
    /// Where they work.
    pub site: Option<String>,
    /// BCP 47 tag of the language they read.
    pub language: String,
    /// IANA name of the time zone they read times in.
    pub time_zone: String,
    /// Whether policies may treat them apart.
    pub vip: bool,
    /// Whether they are a manager.
    pub manager: bool,
    /// Whether they configure.
    pub administrator: bool,
    /// `system`, `light` or `dark`.
    pub theme: String,
    /// `compact` or `comfortable`.
    pub density: String,
    /// Whether single keys are shortcuts.
    pub single_keys: bool,
    /// Guards edits.
    pub version: i32,
    /// Since when they may not sign in.
    pub deactivated_at: Option<DateTime<Utc>>,
    /// The address mail goes to.
    pub email: Option<String>,
}

/// Until the transaction ends nobody takes a place at the desk from this person: who does waits, and who just did is waited
/// for.
pub async fn hold(conn: &mut PgConnection, id: PersonId) -> Result<()> {
    sqlx::query!("select id from person where id = $1 for share", id.0)
        .fetch_optional(conn)
        .await?;
    Ok(())
}

/// A person by id, also when deactivated.
pub async fn find(conn: &mut PgConnection, id: PersonId) -> Result<Option<Person>> {
    let row = sqlx::query!(
        r#"select p.id, p.name, p.kind, p.organisation_id, p.site, p.language, p.time_zone, p.vip, p.manager,
                  p.administrator, p.theme, p.density, p.single_keys, p.version, p.deactivated_at, a.email as "email?"
           from person p left join address a on a.person_id = p.id and a.is_primary
           where p.id = $1"#,
        id.0
    )
    .fetch_optional(conn)
    .await?;
    row.map(|r| {
        Ok(Person {
            id: PersonId(r.id),
            name: r.name,
            kind: row::word("person", &r.kind)?,
            organisation: r.organisation_id.map(OrganisationId),
            site: r.site,
            language: r.language,
            time_zone: r.time_zone,
            vip: r.vip,
            manager: r.manager,
            administrator: r.administrator,
            theme: r.theme,
            density: r.density,
            single_keys: r.single_keys,
            version: r.version,
            deactivated_at: r.deactivated_at,
            email: r.email,
        })
    })
    .transpose()
}

/// Holds an active person's row until the transaction ends, so that what is done for them is done one after the other. False
/// for somebody deactivated or unknown.
pub async fn hold_active(conn: &mut PgConnection, id: PersonId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        "select id from person where id = $1 and deactivated_at is null for no key update",
        id.0
    )
    .fetch_optional(conn)
    .await?
    .is_some())
}

/// The rights of an active person; none for a deactivated or unknown one.
pub async fn principal(conn: &mut PgConnection, id: PersonId) -> Result<Option<Principal>> {
    let row = sqlx::query!(
        r#"select p.kind, p.organisation_id, p.manager, p.manages_all, p.administrator,
                  coalesce(o.colleagues_see, false) as "colleagues_see!",
                  array(select m.team_id from membership m where m.person_id = p.id order by m.team_id, m.tier) as "teams!: Vec<Uuid>",
                  array(select m.tier from membership m where m.person_id = p.id order by m.team_id, m.tier) as "tiers!: Vec<i16>",
                  array(select t.team_id from manager_team t where t.person_id = p.id) as "managed!: Vec<Uuid>"
           from person p left join organisation o on o.id = p.organisation_id
           where p.id = $1 and p.deactivated_at is null"#,
        id.0
    )
    .fetch_optional(conn)
    .await?;
    row.map(|r| {
        Principal::try_from(Rights {
            person: id,
            kind: row::word("person", &r.kind)?,
            organisation: r.organisation_id.map(OrganisationId),
            colleagues_see: r.colleagues_see,
            administrator: r.administrator,
            manager: r.manager,
            manages_all: r.manages_all,
            teams: r.teams,
            tiers: r.tiers,
            managed: r.managed,
        })
    })
    .transpose()
}

/// What the rights of a person follow from, as columns.
pub(crate) struct Rights {
    pub(crate) person: PersonId,
    pub(crate) kind: PersonKind,
    pub(crate) organisation: Option<OrganisationId>,
    pub(crate) colleagues_see: bool,
    pub(crate) administrator: bool,
    pub(crate) manager: bool,
    /// Of all teams, whatever `managed` says.
    pub(crate) manages_all: bool,
    /// Memberships: the team and the tier at the same place.
    pub(crate) teams: Vec<Uuid>,
    pub(crate) tiers: Vec<i16>,
    /// The teams a manager answers for.
    pub(crate) managed: Vec<Uuid>,
}

impl TryFrom<Rights> for Principal {
    type Error = crate::StoreError;

    fn try_from(r: Rights) -> Result<Self> {
        let memberships = r
            .teams
            .into_iter()
            .zip(r.tiers)
            .map(|(team, tier)| Ok((TeamId(team), row::tier("membership", tier)?)))
            .collect::<Result<BTreeSet<_>>>()?;
        Ok(Self {
            person: r.person,
            kind: r.kind,
            organisation: r.organisation,
            colleagues_see: r.colleagues_see,
            administrator: r.administrator,
            manages: r.manager.then(|| managed(r.manages_all, r.managed)),
            memberships,
        })
    }
}

/// The teams a manager answers for.
pub(crate) fn managed(all: bool, teams: Vec<Uuid>) -> Managed {
    if all {
        Managed::All
    } else {
        Managed::Teams(teams.into_iter().map(TeamId).collect())
    }
}

/// The person with that address (any case), deactivated or not.
pub async fn by_email(conn: &mut PgConnection, email: &str) -> Result<Option<PersonId>> {
    Ok(sqlx::query_scalar!(
        "select person_id from address where email = $1",
        email.trim().to_lowercase()
    )
    .fetch_optional(conn)
    .await?
    .map(PersonId))
}

/// What is needed to add a person.
#[derive(Debug, Clone)]
pub struct NewPerson<'a> {
    /// A fresh id.
    pub id: PersonId,
    /// Their name.
    pub name: &'a str,
    /// The kind of account.
    pub kind: PersonKind,
    /// Their organisation.
    pub organisation: Option<OrganisationId>,
    /// Where they work.
    pub site: Option<&'a str>,
    /// IANA zone.
    pub time_zone: &'a str,
    /// May configure.
    pub administrator: bool,
    /// Is a manager, of all teams.
    pub manager: bool,
}

/// Adds a person.
pub async fn insert(
    conn: &mut PgConnection,
    person: &NewPerson<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into person (id, name, kind, organisation_id, site, time_zone, administrator, manager, manages_all, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)",
        person.id.0,
        person.name,
        person.kind.as_str(),
        person.organisation.map(|it| it.0),
        person.site,
        person.time_zone,
        person.administrator,
        person.manager,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds an address; the first of a person is their primary one. A taken address is refused by `address_email`.
pub async fn add_address(
    conn: &mut PgConnection,
    person: PersonId,
    email: &str,
    source: &str,
    verified_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into address (id, person_id, email, is_primary, verified_at, changed_at, source)
         values ($1, $2, $3, not exists (select from address where person_id = $2 and is_primary), $4, $5, $6)",
        Uuid::now_v7(),
        person.0,
        email.trim().to_lowercase(),
        verified_at,
        now,
        source
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Name and initials-bearing facts of several people at once, for lists. Unknown ids are left out.
pub async fn names(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<(PersonId, String)>> {
    Ok(
        sqlx::query!("select id, name from person where id = any($1)", ids)
            .fetch_all(conn)
            .await?
            .into_iter()
            .map(|r| (PersonId(r.id), r.name))
            .collect(),
    )
}

/// Adds an organisation.
pub async fn insert_organisation(
    conn: &mut PgConnection,
    id: OrganisationId,
    name: &str,
    colleagues_see: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into organisation (id, name, colleagues_see, created_at) values ($1, $2, $3, $4)",
        id.0,
        name,
        colleagues_see,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Every organisation, by name.
pub async fn organisations(conn: &mut PgConnection) -> Result<Vec<(OrganisationId, String)>> {
    Ok(
        sqlx::query!("select id, name from organisation order by lower(name), id")
            .fetch_all(conn)
            .await?
            .into_iter()
            .map(|r| (OrganisationId(r.id), r.name))
            .collect(),
    )
}
