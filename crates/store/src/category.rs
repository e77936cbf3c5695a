//! Categories that requesters choose from.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::{CategoryId, TeamId};
use tierdesk_domain::ticket::Kind;

use crate::{Result, row};

/// A category.
#[derive(Debug, Clone)]
pub struct Category {
    /// Which.
    pub id: CategoryId,
    /// The one it belongs under.
    pub parent: Option<CategoryId>,
    /// Its name.
    pub name: String,
    /// What a requester reads beside it.
    pub hint: String,
    /// The kind of tickets it makes.
    pub kind: Kind,
    /// The team that gets them, at L1; none means the Service Desk.
    pub team: Option<TeamId>,
    /// Counts edits.
    pub version: i32,
    /// Whether no ticket comes into it any more.
    pub retired: bool,
}

/// Every category and the one above it.
pub async fn tree(conn: &mut PgConnection) -> Result<Vec<(CategoryId, Option<CategoryId>)>> {
    let all = every(conn).await?.into_iter();
    Ok(all.map(|it| (it.id, it.parent)).collect())
}

/// Every category that is not retired, in the order people see them.
pub async fn all(conn: &mut PgConnection) -> Result<Vec<Category>> {
    let mut all = every(conn).await?;
    all.retain(|it| !it.retired);
    Ok(all)
}

/// Every category in the order people see them, the retired ones last, by name.
pub async fn every(conn: &mut PgConnection) -> Result<Vec<Category>> {
    sqlx::query!(
        r#"select id, parent_id, name, hint, kind, team_id, version, retired_at is not null as "retired!" from category
           order by retired_at is not null, case when retired_at is null then position end, name, id"#
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok(Category {
            id: CategoryId(r.id),
            parent: r.parent_id.map(CategoryId),
            name: r.name,
            hint: r.hint,
            kind: row::word("category", &r.kind)?,
            team: r.team_id.map(TeamId),
            version: r.version,
            retired: r.retired,
        })
    })
    .collect()
}

/// What somebody who names a category of a ticket must know of it.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Whether no ticket comes into it any more.
    pub retired: bool,
}

/// The name of a category, also of one that is retired.
pub async fn named(conn: &mut PgConnection, id: CategoryId) -> Result<Option<Named>> {
    Ok(sqlx::query_as!(
        Named,
        r#"select name, retired_at is not null as "retired!" from category where id = $1"#,
        id.0
    )
    .fetch_optional(conn)
    .await?)
}

/// Keeps everybody else from changing any category until the transaction ends. Tickets are filed all the same.
pub async fn lock(conn: &mut PgConnection) -> Result<()> {
    sqlx::query_scalar!("select id from category order by id for no key update")
        .fetch_all(conn)
        .await?;
    Ok(())
}

/// Adds a category behind the others. Of two with one name in use the second is refused (`category_name`).
pub async fn insert(
    conn: &mut PgConnection,
    category: &Category,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into category (id, parent_id, name, hint, kind, team_id, version, position, created_at)
         select $1, $2, $3, $4, $5, $6, $7, coalesce(max(position) + 1, 0), $8 from category",
        category.id.0,
        category.parent.map(|it| it.0),
        category.name,
        category.hint,
        category.kind.as_str(),
        category.team.map(|it| it.0),
        category.version,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what a category says now, and whether it is retired. One that is brought back stands behind the others.
pub async fn update(
    conn: &mut PgConnection,
    category: &Category,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update category set parent_id = $2, name = $3, hint = $4, kind = $5, team_id = $6, version = $7,
                retired_at = case when $8 then coalesce(retired_at, $9) end,
                position = case when retired_at is not null and not $8 then (select max(position) + 1 from category) else position end
         where id = $1",
        category.id.0,
        category.parent.map(|it| it.0),
        category.name,
        category.hint,
        category.kind.as_str(),
        category.team.map(|it| it.0),
        category.version,
        category.retired,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets people see the categories in this order.
pub async fn put_in_order(conn: &mut PgConnection, ids: &[CategoryId]) -> Result<()> {
    let ids: Vec<_> = ids.iter().map(|it| it.0).collect();
    sqlx::query!(
        "update category set position = o.place from unnest($1::uuid[]) with ordinality as o (id, place)
         where category.id = o.id and position <> o.place",
        &ids
    )
    .execute(conn)
    .await?;
    Ok(())
}
