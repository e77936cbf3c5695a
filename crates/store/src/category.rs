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
}

/// Every category that is not retired, in the order people see them.
pub async fn all(conn: &mut PgConnection) -> Result<Vec<Category>> {
    sqlx::query!(
        "select id, parent_id, name, hint, kind, team_id, version from category where retired_at is null order by position, name"
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

/// Adds a category.
pub async fn insert(
    conn: &mut PgConnection,
    category: &Category,
    position: i32,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into category (id, parent_id, name, hint, kind, team_id, position, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        category.id.0,
        category.parent.map(|it| it.0),
        category.name,
        category.hint,
        category.kind.as_str(),
        category.team.map(|it| it.0),
        position,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
