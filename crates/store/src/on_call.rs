//! Overrides of on-call schedules, and who can be on call at all. The schedules themselves are configuration.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::{DocumentId, PersonId};
use tierdesk_domain::on_call::Override;
use uuid::Uuid;

use crate::Result;

/// An override with the names of people.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Who and when.
    pub it: Override,
    /// The name of who takes over.
    pub person: String,
    /// The name of who made it; none for the product.
    pub made_by: Option<String>,
    /// Their id.
    pub maker: Option<PersonId>,
}

/// The overrides of a schedule that are not over at a moment, in the order in which they were made.
pub async fn overrides(
    conn: &mut PgConnection,
    schedule: DocumentId,
    at: DateTime<Utc>,
) -> Result<Vec<Listed>> {
    let rows = sqlx::query!(
        r#"select o.id, o.person_id, o.from_at, o.to_at, o.made_by, p.name, m.name as "maker?"
           from on_call_override o join person p on p.id = o.person_id left join person m on m.id = o.made_by
           where o.schedule_id = $1 and o.to_at > $2 and o.removed_at is null order by o.made_at, o.id limit 1000"#,
        schedule.0,
        at
    )
    .fetch_all(conn)
    .await?;
    let listed = rows.into_iter().map(|r| Listed {
        it: Override {
            id: r.id,
            person: PersonId(r.person_id),
            from: r.from_at,
            to: r.to_at,
        },
        person: r.name,
        made_by: r.maker,
        maker: r.made_by.map(PersonId),
    });
    Ok(listed.collect())
}

/// Adds an override.
pub async fn insert(
    conn: &mut PgConnection,
    schedule: DocumentId,
    new: &Override,
    made_by: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into on_call_override (id, schedule_id, person_id, from_at, to_at, made_by, made_at) values ($1, $2, $3, $4, $5, $6, $7)",
        new.id,
        schedule.0,
        new.person.0,
        new.from,
        new.to,
        made_by.map(|it| it.0),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes an override back. False if there is none.
pub async fn remove(
    conn: &mut PgConnection,
    schedule: DocumentId,
    id: Uuid,
    by: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<bool> {
    Ok(sqlx::query!(
        "update on_call_override set removed_at = $4, removed_by = $3 where id = $1 and schedule_id = $2 and removed_at is null",
        id,
        schedule.0,
        by.map(|it| it.0),
        now
    )
    .execute(conn)
    .await?
    .rows_affected()
        == 1)
}

/// Who can be on call: active people who work in a queue or answer for teams, since nobody else may read tickets.
pub async fn candidates(conn: &mut PgConnection) -> Result<Vec<(PersonId, String)>> {
    let rows = sqlx::query!(
        "select id, name from person p
         where deactivated_at is null and (manager or exists (select from membership m where m.person_id = p.id))
         order by lower(name), id"
    )
    .fetch_all(conn)
    .await?;
    let rows = rows.into_iter();
    Ok(rows.map(|r| (PersonId(r.id), r.name)).collect())
}

/// Of these people those who cannot be on call ([`candidates`]).
pub async fn gone(
    conn: &mut PgConnection,
    people: &BTreeSet<PersonId>,
) -> Result<BTreeSet<PersonId>> {
    let ids: Vec<Uuid> = people.iter().map(|it| it.0).collect();
    let here = sqlx::query_scalar!(
        "select id from person p
         where id = any($1) and deactivated_at is null and (manager or exists (select from membership m where m.person_id = p.id))",
        &ids
    )
    .fetch_all(conn)
    .await?;
    let here: BTreeSet<PersonId> = here.into_iter().map(PersonId).collect();
    Ok(people.difference(&here).copied().collect())
}
