//! Connections.

use std::cmp::Ordering;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection};

use crate::{Result, StoreError};

/// Connections that work as `tierdesk_app` (decision 8).
pub type Pool = sqlx::PgPool;

/// A connection that rested longer is asked whether it still lives before it is used again.
///
/// Asking every time costs a round trip per use, about a fifth of a simple page (docs/bench.md). A server that ended while
/// connections rested is noticed all the same; one that ends under load fails the requests of that moment either way.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// Opens a pool of at most `size` connections to `url`.
///
/// Each connection takes the role `tierdesk_app`, a fixed `search_path`, and gives up a statement after 5 s. A statement is
/// planned once per connection, for any values: planning a queue's page anew for each reader cost ten times what running it
/// did (docs/bench.md). Nothing is compiled and nothing runs in parallel: both cost more than a page may take.
///
/// # Errors
/// When the address is unreadable, the server is not reachable, or the database was not migrated.
pub async fn connect(url: &str, size: u32) -> Result<Pool> {
    let options: PgConnectOptions = url.parse()?;
    let options = options
        .application_name("tierdesk")
        .statement_cache_capacity(500);
    // A pool tries for a while and then only says that it did; one connection tells at once what is wrong.
    let mut first = PgConnection::connect_with(&options).await?;
    check_schema(&mut first).await?;
    first.close().await?;
    Ok(PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(Duration::from_secs(5))
        .idle_timeout(Duration::from_secs(300))
        .test_before_acquire(false)
        .before_acquire(|conn, rested| {
            Box::pin(async move {
                // A dead one is thrown away, and the pool takes or opens another.
                Ok(rested.idle_for < TRUSTED_FOR || conn.ping().await.is_ok())
            })
        })
        .after_connect(|conn, _| {
            Box::pin(async move {
                conn.execute("set role tierdesk_app; set search_path to public; set statement_timeout to '5s'; set lock_timeout to '4s'; set idle_in_transaction_session_timeout to '60s'; set plan_cache_mode to force_generic_plan; set jit to off; set max_parallel_workers_per_gather to 0")
                    .await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await?)
}

/// Says whether the schema is the one of this program.
async fn check_schema(conn: &mut PgConnection) -> Result<()> {
    // Not checked while compiling, because the table may not be there.
    let newest = "select max(version) from _sqlx_migrations where success";
    let newest: Option<i64> = match sqlx::query_scalar(newest).fetch_one(conn).await {
        // undefined_table
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P01") => None,
        other => other?,
    };
    let ours = crate::MIGRATOR.iter().map(|it| it.version).max();
    match newest.cmp(&ours) {
        Ordering::Equal => Ok(()),
        Ordering::Less if newest.is_none() => Err(StoreError::Schema(
            "the database is empty: run `tierdesk migrate` as its owner first",
        )),
        Ordering::Less => Err(StoreError::Schema(
            "the database is of an older Tierdesk: run `tierdesk migrate` as its owner first",
        )),
        Ordering::Greater => Err(StoreError::Schema(
            "the database was migrated by a newer Tierdesk: start that one",
        )),
    }
}

/// The migration that makes the roles.
const ROLES: i64 = 9;

/// Brings the schema up to date. Connects as the database's owner, without taking `tierdesk_app`, which it creates.
///
/// # Errors
/// When the server is not reachable, the owner may not make or take the roles, or a migration fails; then nothing of that
/// migration was done.
pub async fn migrate(url: &str) -> Result<()> {
    let mut owner = PgConnection::connect(url).await?;
    let done = crate::MIGRATOR.run(&mut owner).await;
    done.map_err(|error| match &error {
        // insufficient_privilege: for lack of the right over the schema an earlier migration would have failed.
        MigrateError::ExecuteMigration(sqlx::Error::Database(denied), ROLES)
            if denied.code().as_deref() == Some("42501") =>
        {
            StoreError::Schema(
                "the database's owner may not make the roles `tierdesk_app` and `tierdesk_signer`, or take them: let a superuser \
                 say `alter role <owner> createrole` or, from PostgreSQL 16 on where the roles are there already, \
                 `grant tierdesk_app, tierdesk_signer to <owner> with admin option`; then run `tierdesk migrate` again",
            )
        }
        _ => error.into(),
    })?;
    owner.close().await?;
    Ok(())
}

/// Tells listeners on `channel` after the transaction commits. `payload` is at most a few hundred bytes.
pub async fn notify(conn: &mut PgConnection, channel: &str, payload: &str) -> Result<()> {
    sqlx::query!("select pg_notify($1, $2)", channel, payload)
        .execute(conn)
        .await?;
    Ok(())
}

/// One connection of the pool.
pub type PooledConnection = sqlx::pool::PoolConnection<sqlx::Postgres>;

/// Takes a connection.
pub async fn acquire(pool: &Pool) -> Result<PooledConnection> {
    Ok(pool.acquire().await?)
}

/// Begins a transaction.
pub async fn begin(pool: &Pool) -> Result<sqlx::Transaction<'static, sqlx::Postgres>> {
    Ok(pool.begin().await?)
}

/// Begins a part of a transaction that may be undone without the rest. There is one at a time.
pub async fn begin_part(conn: &mut PgConnection) -> Result<()> {
    conn.execute("savepoint part").await?;
    Ok(())
}

/// Keeps what was done since a part began.
pub async fn keep_part(conn: &mut PgConnection) -> Result<()> {
    conn.execute("release part").await?;
    Ok(())
}

/// Undoes what was done since a part began, also after an error of the database.
pub async fn undo_part(conn: &mut PgConnection) -> Result<()> {
    conn.execute("rollback to part; release part").await?;
    Ok(())
}

/// Begins a transaction that sees the database as it is now until it ends, and may take as long as it needs.
pub async fn begin_snapshot(pool: &Pool) -> Result<sqlx::Transaction<'static, sqlx::Postgres>> {
    let mut tx = pool
        .begin_with("begin isolation level repeatable read")
        .await?;
    sqlx::query_scalar!("select set_config('statement_timeout', '0', true)")
        .fetch_one(&mut *tx)
        .await?;
    Ok(tx)
}

/// Commits a transaction.
pub async fn commit(tx: sqlx::Transaction<'static, sqlx::Postgres>) -> Result<()> {
    Ok(tx.commit().await?)
}
