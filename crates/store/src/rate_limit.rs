//! Token buckets in the database, so that a restart or a second node forgets nothing (AT-RATE-1).

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::Result;

/// Takes one token from the bucket `(bucket, key)`, which holds at most `capacity` and gains one every
/// `seconds_per_token` seconds. Returns the seconds to wait if it was empty, nothing if it was not.
pub async fn take(
    conn: &mut PgConnection,
    bucket: &str,
    key: &str,
    capacity: f64,
    seconds_per_token: f64,
    now: DateTime<Utc>,
) -> Result<Option<f64>> {
    // One statement that takes or leaves: taking first and giving back afterwards would let parallel guesses fill the bucket.
    let taken = sqlx::query_scalar!(
        r#"insert into rate_limit as r (bucket, key, tokens, refilled_at)
           values ($1, $2, $3::float8 - 1, $5)
           on conflict (bucket, key) do update
           set tokens = least($3::float8, r.tokens + greatest(extract(epoch from $5 - r.refilled_at), 0)::float8 / $4::float8) - 1,
               refilled_at = greatest($5, r.refilled_at)
           where least($3::float8, r.tokens + greatest(extract(epoch from $5 - r.refilled_at), 0)::float8 / $4::float8) >= 1
           returning true as "taken!""#,
        bucket,
        key,
        capacity,
        seconds_per_token,
        now
    )
    .fetch_optional(&mut *conn)
    .await?;
    if taken.is_some() {
        return Ok(None);
    }
    let wait = sqlx::query_scalar!(
        r#"select (1 - tokens) * $3::float8 - greatest(extract(epoch from $4 - refilled_at), 0)::float8 as "wait!"
           from rate_limit where bucket = $1 and key = $2"#,
        bucket,
        key,
        seconds_per_token,
        now
    )
    .fetch_optional(conn)
    .await?;
    Ok(Some(wait.unwrap_or(0.0).max(0.0)))
}

/// Removes buckets that nobody touched since `before`. Returns how many.
pub async fn sweep(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64> {
    Ok(
        sqlx::query!("delete from rate_limit where refilled_at < $1", before)
            .execute(conn)
            .await?
            .rows_affected(),
    )
}
