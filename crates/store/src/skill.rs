//! The catalogue of skills, what categories need, and what people have.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::id::{CategoryId, PersonId, SkillId};
use tierdesk_domain::skill::{Held, Level, Needed};
use uuid::Uuid;

use crate::{Result, row};

/// A skill of the catalogue.
#[derive(Debug, Clone)]
pub struct Skill {
    /// Which.
    pub id: SkillId,
    /// What people call it.
    pub name: String,
    /// What it means to have it.
    pub description: String,
    /// Whether it counts with a certificate only.
    pub needs_certificate: bool,
    /// How many people have it, confirmed.
    pub people: i64,
}

/// Every skill that is not retired, by name.
pub async fn all(conn: &mut PgConnection) -> Result<Vec<Skill>> {
    let rows = sqlx::query!(
        r#"select id, name, description, needs_certificate,
                  (select count(*) from person_skill p where p.skill_id = skill.id and p.confirmed_at is not null) as "people!"
           from skill where retired_at is null order by lower(name), id"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Skill {
            id: SkillId(r.id),
            name: r.name,
            description: r.description,
            needs_certificate: r.needs_certificate,
            people: r.people,
        })
        .collect())
}

/// What a skill is called, also one that was retired.
pub async fn name(conn: &mut PgConnection, id: SkillId) -> Result<Option<String>> {
    Ok(
        sqlx::query_scalar!("select name from skill where id = $1", id.0)
            .fetch_optional(conn)
            .await?,
    )
}

/// Adds a skill. A name that another one has is refused by `skill_name`.
pub async fn insert(
    conn: &mut PgConnection,
    id: SkillId,
    name: &str,
    description: &str,
    needs_certificate: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into skill (id, name, description, needs_certificate, created_at) values ($1, $2, $3, $4, $5)",
        id.0,
        name,
        description,
        needs_certificate,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Retires a skill: categories no longer need it, people keep it on file. False if there is no such skill in use.
pub async fn retire(conn: &mut PgConnection, id: SkillId, now: DateTime<Utc>) -> Result<bool> {
    sqlx::query!("delete from category_skill where skill_id = $1", id.0)
        .execute(&mut *conn)
        .await?;
    let done = sqlx::query!(
        "update skill set retired_at = $2 where id = $1 and retired_at is null",
        id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Sets or, without a level, removes what a category needs.
pub async fn set_needed(
    conn: &mut PgConnection,
    category: CategoryId,
    skill: SkillId,
    level: Option<Level>,
) -> Result<()> {
    match level {
        Some(level) => {
            sqlx::query!(
                "insert into category_skill (category_id, skill_id, level) values ($1, $2, $3)
                 on conflict (category_id, skill_id) do update set level = excluded.level",
                category.0,
                skill.0,
                level.number()
            )
            .execute(conn)
            .await?
        }
        None => {
            sqlx::query!(
                "delete from category_skill where category_id = $1 and skill_id = $2",
                category.0,
                skill.0
            )
            .execute(conn)
            .await?
        }
    };
    Ok(())
}

/// What every category needs, by category and name.
pub async fn needed(conn: &mut PgConnection) -> Result<Vec<(CategoryId, Needed)>> {
    sqlx::query!(
        "select c.category_id, c.skill_id, c.level, s.name, s.needs_certificate
         from category_skill c join skill s on s.id = c.skill_id
         where s.retired_at is null order by c.category_id, lower(s.name), s.id"
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok((
            CategoryId(r.category_id),
            Needed {
                skill: SkillId(r.skill_id),
                name: r.name,
                level: row::number("category_skill", r.level, Level::from_number)?,
                certificate: r.needs_certificate,
            },
        ))
    })
    .collect()
}

/// A skill that somebody has, as pages show it.
#[derive(Debug, Clone)]
pub struct PersonSkill {
    /// Its row.
    pub id: Uuid,
    /// Whose.
    pub person: PersonId,
    /// Their name.
    pub person_name: String,
    /// The skill's name.
    pub name: String,
    /// What counts.
    pub held: Held,
    /// The certificate's name, or `""`.
    pub certificate: String,
    /// Who confirmed it.
    pub confirmed_by: Option<String>,
}

/// All skills of these active people, or, where none are named, everybody's that nobody confirmed, at most 1000; by person and
/// name. The scope says that the reader works at the desk.
pub async fn of_people(
    conn: &mut PgConnection,
    _scope: &Scope,
    people: Option<&[PersonId]>,
) -> Result<Vec<PersonSkill>> {
    let ids: Option<Vec<Uuid>> = people.map(|all| all.iter().map(|it| it.0).collect());
    sqlx::query!(
        r#"select k.id, k.person_id, p.name as person_name, s.name, k.skill_id, k.level, k.certificate, k.expires_on,
                  k.confirmed_at, c.name as "confirmed_by?"
           from person_skill k join person p on p.id = k.person_id join skill s on s.id = k.skill_id
           left join person c on c.id = k.confirmed_by
           where s.retired_at is null and p.deactivated_at is null
             and ($1::uuid[] is null and k.confirmed_at is null or k.person_id = any ($1))
           order by lower(p.name), p.id, lower(s.name) limit case when $1 is null then 1000 end"#,
        ids.as_deref()
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok(PersonSkill {
            id: r.id,
            person: PersonId(r.person_id),
            person_name: r.person_name,
            name: r.name,
            held: Held {
                skill: SkillId(r.skill_id),
                level: row::number("person_skill", r.level, Level::from_number)?,
                confirmed: r.confirmed_at.is_some(),
                certificate: !r.certificate.is_empty(),
                expires_on: r.expires_on,
            },
            certificate: r.certificate,
            confirmed_by: r.confirmed_by,
        })
    })
    .collect()
}

/// What somebody says of a skill of theirs.
#[derive(Debug, Clone)]
pub struct Declared<'a> {
    /// Whose.
    pub person: PersonId,
    /// Which skill.
    pub skill: SkillId,
    /// How well.
    pub level: Level,
    /// The certificate's name, or `""`.
    pub certificate: &'a str,
    /// The last day it counts.
    pub expires_on: Option<NaiveDate>,
    /// Who says so.
    pub by: PersonId,
    /// Whether that confirms it.
    pub confirmed: bool,
}

/// Writes a skill of somebody, over an earlier statement about the same one. Returns its row.
pub async fn declare(
    conn: &mut PgConnection,
    it: &Declared<'_>,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    let confirmed = it.confirmed.then_some(now);
    let by = it.confirmed.then_some(it.by.0);
    Ok(sqlx::query_scalar!(
        "insert into person_skill (id, person_id, skill_id, level, certificate, expires_on, declared_at, declared_by, confirmed_at, confirmed_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (person_id, skill_id) do update set level = excluded.level, certificate = excluded.certificate,
             expires_on = excluded.expires_on, declared_at = excluded.declared_at, declared_by = excluded.declared_by,
             confirmed_at = excluded.confirmed_at, confirmed_by = excluded.confirmed_by
         returning id",
        Uuid::now_v7(),
        it.person.0,
        it.skill.0,
        it.level.number(),
        it.certificate,
        it.expires_on,
        now,
        it.by.0,
        confirmed,
        by
    )
    .fetch_one(conn)
    .await?)
}

/// Whose skill a row is, its name, and the certificate's last day.
pub async fn row(
    conn: &mut PgConnection,
    id: Uuid,
) -> Result<Option<(PersonId, String, String, Option<NaiveDate>)>> {
    Ok(sqlx::query!(
        "select k.person_id, s.name, k.certificate, k.expires_on from person_skill k join skill s on s.id = k.skill_id where k.id = $1",
        id
    )
    .fetch_optional(conn)
    .await?
    .map(|r| (PersonId(r.person_id), r.name, r.certificate, r.expires_on)))
}

/// Confirms a statement.
pub async fn confirm(
    conn: &mut PgConnection,
    id: Uuid,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update person_skill set confirmed_at = $2, confirmed_by = $3 where id = $1",
        id,
        now,
        by.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a skill off somebody's file.
pub async fn remove(conn: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query!("delete from person_skill where id = $1", id)
        .execute(conn)
        .await?;
    Ok(())
}
