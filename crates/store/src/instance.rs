//! What is known of the instance as a whole.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;

use crate::{Result, StoreError};

/// The value kept under a key, such as `service_desk` (the team that gets what no category names).
pub async fn get<T: DeserializeOwned>(conn: &mut PgConnection, key: &str) -> Result<Option<T>> {
    sqlx::query_scalar!("select value from instance where key = $1", key)
        .fetch_optional(conn)
        .await?
        .map(|value| serde_json::from_value(value).map_err(|e| StoreError::corrupt("instance", e)))
        .transpose()
}

/// Keeps a value.
pub async fn set<T: Serialize>(conn: &mut PgConnection, key: &str, value: &T) -> Result<()> {
    let value = serde_json::to_value(value).map_err(|e| StoreError::corrupt("instance", e))?;
    sqlx::query!("insert into instance (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value", key, value)
        .execute(conn)
        .await?;
    Ok(())
}

/// Answers if the database does.
pub async fn ping(conn: &mut PgConnection) -> Result<()> {
    sqlx::query_scalar!("select 1 as \"one!\"")
        .fetch_one(conn)
        .await?;
    Ok(())
}
