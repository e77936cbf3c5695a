//! Deadlines: everything that must happen by itself later (law 10).

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// A deadline that was taken.
#[derive(Debug, Clone)]
pub struct Timer {
    /// What is to be done.
    pub kind: String,
    /// To what.
    pub object_id: Uuid,
    /// In which cycle.
    pub cycle: i32,
    /// When it was due.
    pub fires_at: DateTime<Utc>,
    /// Whatever the doer wants to know.
    pub data: serde_json::Value,
    /// How often it was tried before.
    pub attempts: i32,
}

/// What a deadline is known by: what is to be done, to what, in which cycle.
pub type Key<'a> = (&'a str, Uuid, i32);

/// Sets a deadline whose doer wants to know something, or moves it if it exists.
pub async fn set(
    conn: &mut PgConnection,
    kind: &str,
    object: Uuid,
    cycle: i32,
    fires_at: DateTime<Utc>,
    data: &serde_json::Value,
) -> Result<()> {
    sqlx::query!(
        "insert into timer (kind, object_id, cycle, fires_at, data) values ($1, $2, $3, $4, $5)
         on conflict (kind, object_id, cycle) do update set fires_at = excluded.fires_at, data = excluded.data, attempts = 0",
        kind,
        object,
        cycle,
        fires_at,
        data
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a deadline back, in every cycle.
pub async fn clear(conn: &mut PgConnection, kind: &str, object: Uuid) -> Result<()> {
    sqlx::query!(
        "delete from timer where kind = $1 and object_id = $2",
        kind,
        object
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets an object's deadlines of these kinds pass at a moment, where they would later; what is not there stays away.
pub async fn hasten(
    conn: &mut PgConnection,
    kinds: &[&str],
    object: Uuid,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update timer set fires_at = $3 where kind = any($1) and object_id = $2 and fires_at > $3",
        &kinds.iter().map(ToString::to_string).collect::<Vec<_>>(),
        object,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When an object's deadline of that kind passes, in whatever cycle; the first of several. For the recount.
pub async fn fires_at(
    conn: &mut PgConnection,
    kind: &str,
    object: Uuid,
) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        "select min(fires_at) from timer where kind = $1 and object_id = $2",
        kind,
        object
    )
    .fetch_one(conn)
    .await?)
}

/// Takes the earliest passed deadline of these kinds, whose objects are tickets: locks the ticket, then takes the deadline
/// away. One whose ticket somebody else holds just now is left for later. Whoever holds a ticket holds its deadlines, so
/// that neither ever waits for the other in a circle.
///
/// Of each kind the 16 earliest are looked at: more than there are workers and people who act at the same moment. The number
/// stands in the statement, because the plan would be made for thousands if it did not.
pub async fn take_of_ticket(
    conn: &mut PgConnection,
    kinds: &[&str],
    now: DateTime<Utc>,
) -> Result<Option<Timer>> {
    let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    loop {
        let due = sqlx::query_as!(
            Timer,
            "select due.kind, due.object_id, due.cycle, due.fires_at, due.data, due.attempts
             from unnest($2::text[]) as wanted (kind)
             cross join lateral (
                 select * from timer where timer.kind = wanted.kind and fires_at <= $1
                 order by fires_at, object_id limit 16) due
             join ticket on ticket.id = due.object_id
             order by due.fires_at, due.object_id limit 1 for update of ticket skip locked",
            now,
            &kinds
        )
        .fetch_optional(&mut *conn)
        .await?;
        match due {
            // Somebody acted on it or moved it between the look and the lock.
            Some(due) if !remove(conn, &due).await? => {}
            due => return Ok(due),
        }
    }
}

/// Takes the earliest passed deadline of these kinds, whose objects are no tickets: locks it and takes it away. One that
/// somebody else has locked is theirs. As above, the 16 earliest of each kind are looked at: of all kinds at once the plan would
/// read every deadline there is.
pub async fn take(
    conn: &mut PgConnection,
    kinds: &[&str],
    now: DateTime<Utc>,
) -> Result<Option<Timer>> {
    let due = sqlx::query_as!(
        Timer,
        "select due.kind, due.object_id, due.cycle, due.fires_at, due.data, due.attempts
         from unnest($2::text[]) as wanted (kind)
         cross join lateral (
             select kind, object_id, cycle, fires_at from timer where timer.kind = wanted.kind and fires_at <= $1
             order by fires_at, object_id limit 16) early
         join timer due on due.kind = early.kind and due.object_id = early.object_id and due.cycle = early.cycle
             and due.fires_at = early.fires_at
         order by early.fires_at, early.object_id limit 1 for update of due skip locked",
        now,
        &kinds.iter().map(ToString::to_string).collect::<Vec<_>>()
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(due) = &due {
        remove(conn, due).await?;
    }
    Ok(due)
}

/// Removes a deadline as it was seen. False if it is no longer there, or moved.
async fn remove(conn: &mut PgConnection, timer: &Timer) -> Result<bool> {
    let done = sqlx::query!(
        "delete from timer where kind = $1 and object_id = $2 and cycle = $3 and fires_at = $4",
        timer.kind,
        timer.object_id,
        timer.cycle,
        timer.fires_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts a deadline off after its action failed for the `attempts`th time.
pub async fn retry(
    conn: &mut PgConnection,
    timer: &Timer,
    attempts: i32,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update timer set fires_at = $4, attempts = $5 where kind = $1 and object_id = $2 and cycle = $3",
        timer.kind,
        timer.object_id,
        timer.cycle,
        at,
        attempts
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When the first deadline after `after` passes, of any kind; for whoever lives through the past quickly.
pub async fn earliest_after(
    conn: &mut PgConnection,
    after: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    Ok(
        sqlx::query_scalar!("select min(fires_at) from timer where fires_at > $1", after)
            .fetch_one(conn)
            .await?,
    )
}
