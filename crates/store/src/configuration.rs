//! Versioned documents that steer the desk (decision 10). The newest version of a document that has begun is
//! the one in force; a later one may be planned.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;
use tierdesk_domain::id::{DocumentId, PersonId};
use uuid::Uuid;

use crate::{Result, StoreError};

/// One version of a document.
#[derive(Debug, Clone)]
pub struct Document<T> {
    /// Which document.
    pub id: DocumentId,
    /// Which version, from 1.
    pub version: i32,
    /// What people call it.
    pub name: String,
    /// Whether it is switched on.
    pub active: bool,
    /// From when on it applies.
    pub valid_from: DateTime<Utc>,
    /// Who wrote this version; none for what Tierdesk ships.
    pub author: Option<PersonId>,
    /// What it says.
    pub body: T,
}

/// A row of a version.
struct Row {
    id: Uuid,
    version: i32,
    name: String,
    active: bool,
    valid_from: DateTime<Utc>,
    author_id: Option<Uuid>,
    body: serde_json::Value,
}

impl Row {
    fn read<T: DeserializeOwned>(self) -> Result<Document<T>> {
        let body = serde_json::from_value(self.body);
        Ok(Document {
            id: DocumentId(self.id),
            version: self.version,
            name: self.name,
            active: self.active,
            valid_from: self.valid_from,
            author: self.author_id.map(PersonId),
            body: body.map_err(|e| StoreError::corrupt("configuration", e))?,
        })
    }
}

/// The newest version of every document of a kind, oldest document first, switched off ones too.
pub async fn current<T: DeserializeOwned>(
    conn: &mut PgConnection,
    kind: &str,
) -> Result<Vec<Document<T>>> {
    let rows = sqlx::query_as!(
        Row,
        "select distinct on (id) id, version, name, active, valid_from, author_id, body from configuration
         where kind = $1 order by id, version desc",
        kind
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Every version of every document of a kind, each document's oldest first.
pub async fn history<T: DeserializeOwned>(
    conn: &mut PgConnection,
    kind: &str,
) -> Result<Vec<Document<T>>> {
    let rows = sqlx::query_as!(
        Row,
        "select id, version, name, active, valid_from, author_id, body from configuration where kind = $1 order by id, version",
        kind
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// How many versions there are of what steers clocks, rules and priorities. Versions are only ever added, so an equal number
/// means that nothing changed.
pub async fn count(conn: &mut PgConnection) -> Result<i64> {
    Ok(
        sqlx::query_scalar!(r#"select versions as "versions!" from steering"#)
            .fetch_one(conn)
            .await?,
    )
}

/// The newest version of one document.
pub async fn newest<T: DeserializeOwned>(
    conn: &mut PgConnection,
    kind: &str,
    id: DocumentId,
) -> Result<Option<Document<T>>> {
    let row = sqlx::query_as!(
        Row,
        "select id, version, name, active, valid_from, author_id, body from configuration
         where kind = $1 and id = $2 order by version desc limit 1",
        kind,
        id.0
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::read).transpose()
}

/// One version of a document.
pub async fn version<T: DeserializeOwned>(
    conn: &mut PgConnection,
    kind: &str,
    id: DocumentId,
    version: i32,
) -> Result<Option<Document<T>>> {
    let row = sqlx::query_as!(
        Row,
        "select id, version, name, active, valid_from, author_id, body from configuration where kind = $1 and id = $2 and version = $3",
        kind,
        id.0,
        version
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::read).transpose()
}

/// Adds the version `version` of a document. Two writers of the same version: the primary key refuses the second
/// (`configuration_pkey`).
pub async fn insert<T: Serialize>(
    conn: &mut PgConnection,
    kind: &str,
    document: &Document<T>,
) -> Result<()> {
    let body = serde_json::to_value(&document.body)
        .map_err(|e| StoreError::corrupt("configuration", e))?;
    sqlx::query!(
        "insert into configuration (kind, id, version, name, valid_from, author_id, active, body) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        kind,
        document.id.0,
        document.version,
        document.name,
        document.valid_from,
        document.author.map(|it| it.0),
        document.active,
        body
    )
    .execute(conn)
    .await?;
    Ok(())
}
