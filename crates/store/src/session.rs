//! Sessions and password hashes. Only hashes of session ids are kept.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Principal;
use tierdesk_domain::id::{OrganisationId, PersonId};
use tierdesk_domain::person::AuthStrength;
use uuid::Uuid;

use crate::person::{Person, Rights};
use crate::{Result, row};

/// A live session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Whose.
    pub person: PersonId,
    /// How strongly it proves who they are.
    pub strength: AuthStrength,
    /// When they last proved it.
    pub auth_time: DateTime<Utc>,
    /// When it was last used.
    pub last_seen_at: DateTime<Utc>,
}

/// What is needed to open a session.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// SHA-256 of the id in the cookie.
    pub id_hash: &'a [u8],
    /// Whose.
    pub person: PersonId,
    /// The absolute end.
    pub expires_at: DateTime<Utc>,
    /// How they signed in.
    pub strength: AuthStrength,
    /// From where.
    pub ip: &'a str,
    /// With what.
    pub user_agent: &'a str,
}

/// Opens a session.
pub async fn insert(
    conn: &mut PgConnection,
    session: &NewSession<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into session (id_hash, person_id, created_at, last_seen_at, expires_at, auth_strength, auth_time, ip, user_agent)
         values ($1, $2, $3, $3, $4, $5, $3, $6, $7)",
        session.id_hash,
        session.person.0,
        now,
        session.expires_at,
        session.strength.as_str(),
        session.ip,
        session.user_agent
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose session that is, also past its end, unless it was ended or its person deactivated.
pub async fn whose(conn: &mut PgConnection, id_hash: &[u8]) -> Result<Option<PersonId>> {
    let person = sqlx::query_scalar!(
        "select s.person_id from session s join person p on p.id = s.person_id
         where s.id_hash = $1 and s.ended_at is null and p.deactivated_at is null",
        id_hash
    )
    .fetch_optional(conn)
    .await?;
    Ok(person.map(PersonId))
}

/// A live session with its person and their rights: what every request needs, in one statement.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The session.
    pub session: Session,
    /// Their rights.
    pub principal: Principal,
    /// The person.
    pub person: Person,
    /// How many notifications they have not read, at most [`crate::notification::COUNTED`].
    pub unread: i64,
}

/// The session with that hash and whose it is, if it is neither ended, nor past its absolute end, nor its person deactivated.
/// The caller applies the idle limit, which depends on the role.
pub async fn visit(
    conn: &mut PgConnection,
    id_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Visit>> {
    let row = sqlx::query!(
        r#"select s.auth_strength, s.auth_time, s.last_seen_at,
                  p.id, p.name, p.kind, p.organisation_id, p.site, p.language, p.time_zone, p.vip, p.manager, p.manages_all,
                  p.administrator, p.theme, p.density, p.single_keys, p.version, p.deactivated_at, a.email as "email?",
                  coalesce(o.colleagues_see, false) as "colleagues_see!",
                  array(select m.team_id from membership m where m.person_id = p.id order by m.team_id, m.tier) as "teams!: Vec<Uuid>",
                  array(select m.tier from membership m where m.person_id = p.id order by m.team_id, m.tier) as "tiers!: Vec<i16>",
                  array(select t.team_id from manager_team t where t.person_id = p.id) as "managed!: Vec<Uuid>",
                  (select count(*) from (select from notification n where n.person_id = p.id and n.read_at is null limit $3) unread) as "unread!"
           from session s
           join person p on p.id = s.person_id
           left join address a on a.person_id = p.id and a.is_primary
           left join organisation o on o.id = p.organisation_id
           where s.id_hash = $1 and s.ended_at is null and s.expires_at > $2 and p.deactivated_at is null"#,
        id_hash,
        now,
        crate::notification::COUNTED
    )
    .fetch_optional(conn)
    .await?;
    let Some(r) = row else { return Ok(None) };
    let id = PersonId(r.id);
    let kind = row::word("person", &r.kind)?;
    let organisation = r.organisation_id.map(OrganisationId);
    Ok(Some(Visit {
        session: Session {
            person: id,
            strength: row::word("session", &r.auth_strength)?,
            auth_time: r.auth_time,
            last_seen_at: r.last_seen_at,
        },
        principal: Principal::try_from(Rights {
            person: id,
            kind,
            organisation,
            colleagues_see: r.colleagues_see,
            administrator: r.administrator,
            manager: r.manager,
            manages_all: r.manages_all,
            teams: r.teams,
            tiers: r.tiers,
            managed: r.managed,
        })?,
        person: Person {
            id,
            name: r.name,
            kind,
            organisation,
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
        },
        unread: r.unread,
    }))
}

/// Notes that a session was used.
pub async fn touch(conn: &mut PgConnection, id_hash: &[u8], now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update session set last_seen_at = $2 where id_hash = $1",
        id_hash,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends one session.
pub async fn end(conn: &mut PgConnection, id_hash: &[u8], now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update session set ended_at = $2 where id_hash = $1 and ended_at is null",
        id_hash,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends every session of a person but, where given, one. Returns how many.
pub async fn end_all(
    conn: &mut PgConnection,
    person: PersonId,
    but: Option<&[u8]>,
    now: DateTime<Utc>,
) -> Result<u64> {
    Ok(sqlx::query!(
        "update session set ended_at = $3 where person_id = $1 and ended_at is null and ($2::bytea is null or id_hash <> $2)",
        person.0,
        but,
        now
    )
    .execute(conn)
    .await?
    .rows_affected())
}

/// A person's password hash and the version that tokens are bound to.
pub struct Credential {
    /// PHC string of argon2id.
    pub password_hash: String,
    /// Counts password changes.
    pub version: i32,
}

/// The password hash of a person, if they have one.
pub async fn credential(conn: &mut PgConnection, person: PersonId) -> Result<Option<Credential>> {
    Ok(sqlx::query_as!(
        Credential,
        "select password_hash, version from credential where person_id = $1",
        person.0
    )
    .fetch_optional(conn)
    .await?)
}

/// Sets a person's password hash; the version goes up.
pub async fn set_credential(
    conn: &mut PgConnection,
    person: PersonId,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into credential (person_id, password_hash, changed_at) values ($1, $2, $3)
         on conflict (person_id) do update
         set password_hash = excluded.password_hash, changed_at = excluded.changed_at, version = credential.version + 1",
        person.0,
        password_hash,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A session as its owner sees it in the list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The hash of its id; names it in the list.
    pub id_hash: Vec<u8>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_seen_at: DateTime<Utc>,
    /// From where.
    pub ip: String,
    /// With what.
    pub user_agent: String,
}

/// The live sessions of a person, the last used first.
pub async fn of_person(
    conn: &mut PgConnection,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<Vec<Listed>> {
    Ok(sqlx::query_as!(
        Listed,
        "select id_hash, created_at, last_seen_at, ip, user_agent from session
         where person_id = $1 and ended_at is null and expires_at > $2 order by last_seen_at desc limit 100",
        person.0,
        now
    )
    .fetch_all(conn)
    .await?)
}

/// Ends one session of this person and no other's. False if there was none.
pub async fn end_own(
    conn: &mut PgConnection,
    person: PersonId,
    id_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<bool> {
    Ok(sqlx::query!(
        "update session set ended_at = $3 where person_id = $1 and id_hash = $2 and ended_at is null",
        person.0,
        id_hash,
        now
    )
    .execute(conn)
    .await?
    .rows_affected()
        == 1)
}

/// Throws away sessions whose absolute end was before `before`. Returns how many.
pub async fn sweep(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64> {
    Ok(
        sqlx::query!("delete from session where expires_at < $1", before)
            .execute(conn)
            .await?
            .rows_affected(),
    )
}

/// Whether a person signed in from that network address since `since`: a place they are known at.
pub async fn known_at(
    conn: &mut PgConnection,
    person: PersonId,
    ip: &str,
    since: DateTime<Utc>,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from session where person_id = $1 and ip = $2 and created_at > $3) as "known!""#,
        person.0,
        ip,
        since
    )
    .fetch_one(conn)
    .await?)
}

/// Moves a session to a new id after its person proved again who they are; the old id is worth nothing.
pub async fn rotate(
    conn: &mut PgConnection,
    old: &[u8],
    new: &[u8],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update session set id_hash = $2, auth_time = $3, last_seen_at = $3 where id_hash = $1 and ended_at is null",
        old,
        new,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Replaces a hash by a stronger one of the same password; the version stays, so links and sessions stay good.
pub async fn strengthen(
    conn: &mut PgConnection,
    person: PersonId,
    password_hash: &str,
) -> Result<()> {
    sqlx::query!(
        "update credential set password_hash = $2 where person_id = $1",
        person.0,
        password_hash
    )
    .execute(conn)
    .await?;
    Ok(())
}
