//! Fills a database with a believable helpdesk of any size: three years of tickets, one in twenty open.

mod company;
mod copy;
mod random;
mod tickets;
mod words;

use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tierdesk_localdb::Database;
use uuid::Uuid;

use company::Company;
use copy::copy;
pub(crate) use random::Random;
pub(crate) use tickets::FIRST_NUMBER;
use tickets::{Maker, Tables};
use words::Vocabulary;

/// Changes when the rows that are made change, so that older databases are made again.
const EDITION: u32 = 4;
/// Tables that are filled without their indexes, which are made afterwards in one go.
const LARGE: &[&str] = &["ticket", "content", "event", "ticket_clock", "timer"];

/// What to seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// How many tickets.
    pub(crate) tickets: u64,
    /// Whether all of them are open.
    pub(crate) all_open: bool,
}

impl Plan {
    /// The name of its database.
    pub(crate) fn database(self) -> String {
        let open = if self.all_open { "_open" } else { "" };
        format!("bench_{}{open}", self.tickets)
    }

    /// What a finished database says of itself: it is made again when the edition or a migration that it has changes, and
    /// migrated when migrations were added.
    fn mark(self) -> String {
        let schema = tierdesk_store::MIGRATOR
            .iter()
            .flat_map(|it| it.checksum.iter().take(4).copied());
        let schema: String = schema.map(|byte| format!("{byte:02x}")).collect();
        format!("tierdesk bench edition {EDITION} schema {schema}")
    }
}

/// Whether a database with the mark `found` has the same rows, and no migration that was changed since.
fn only_lacks_migrations(found: &str, mark: &str) -> bool {
    let parts = |text: &str| -> Option<(String, Vec<String>)> {
        let (edition, schema) = text.rsplit_once(' ')?;
        let migrations = schema.as_bytes().chunks(8);
        let migrations = migrations.map(|it| String::from_utf8_lossy(it).into_owned());
        Some((edition.to_owned(), migrations.collect()))
    };
    match (parts(found), parts(mark)) {
        (Some((old, has)), Some((new, wants))) => {
            old == new && has.iter().all(|migration| wants.contains(migration))
        }
        _ => false,
    }
}

/// A word that people search for; the first is in many tickets, those further on in fewer.
pub(crate) fn search_word(rank: usize) -> String {
    Vocabulary::example(rank)
}

/// Makes the database of `plan` unless it is there.
pub(crate) async fn ensure(
    server: &Database,
    plan: Plan,
    as_is: bool,
    quiet: bool,
) -> anyhow::Result<()> {
    let name = plan.database();
    let url = server.url(&name);
    let found = server.query(
        "postgres",
        &format!(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = '{name}'"
        ),
    )?;
    let mark = plan.mark();
    if found == mark || as_is && !found.is_empty() {
        return Ok(());
    }
    let begun = Instant::now();
    if only_lacks_migrations(&found, &mark) {
        // The same rows in an older schema: they are brought forward as a real helpdesk would be.
        let mut conn = PgConnection::connect(&url).await?;
        tierdesk_store::MIGRATOR
            .run(&mut conn)
            .await
            .with_context(|| format!("cannot migrate {name}"))?;
        conn.execute("vacuum (analyze)").await?;
        say_finished(&mut conn, &name, &mark).await?;
        if !quiet {
            eprintln!("{name} migrated in {:.0} s", begun.elapsed().as_secs_f64());
        }
        return Ok(());
    }
    server.remove(&name)?;
    server.create(&name)?;
    let mut conn = PgConnection::connect(&url).await?;
    tierdesk_store::MIGRATOR.run(&mut conn).await?;
    fill(&mut conn, &url, plan, quiet)
        .await
        .with_context(|| format!("cannot seed {name}"))?;
    say_finished(&mut conn, &name, &mark).await?;
    if !quiet {
        eprintln!("{name} made in {:.0} s", begun.elapsed().as_secs_f64());
    }
    Ok(())
}

/// A copy of the database of `plan` for measuring, and its address: each run begins with the same rows, whatever the one before
/// filed. That run's copy is thrown away.
pub(crate) fn working_copy(server: &Database, plan: Plan) -> anyhow::Result<String> {
    let name = plan.database();
    let copy = format!("{name}_run");
    server.remove(&copy)?;
    server.query(
        "postgres",
        &format!("create database {copy} template {name} strategy file_copy"),
    )?;
    Ok(server.url(&copy))
}

/// A database that was left half-way has no mark, and is made again.
async fn say_finished(conn: &mut PgConnection, name: &str, mark: &str) -> anyhow::Result<()> {
    conn.execute(AssertSqlSafe(format!(
        "comment on database {name} is '{mark}'"
    )))
    .await?;
    Ok(())
}

async fn fill(conn: &mut PgConnection, url: &str, plan: Plan, quiet: bool) -> anyhow::Result<()> {
    let now: DateTime<Utc> = Utc::now();
    let service_desk = crate::server::install(url, now).await?;
    let (company, rows) = Company::make(service_desk, plan.tickets, now);
    for (statement, rows) in [
        (
            "copy organisation (id, name, colleagues_see, created_at) from stdin",
            rows.organisation,
        ),
        (
            "copy team (id, name, restricted, created_at) from stdin",
            rows.team,
        ),
        (
            "copy person (id, name, organisation_id, time_zone, manager, manages_all, created_at) from stdin",
            rows.person,
        ),
        (
            "copy address (id, person_id, email, is_primary, verified_at, changed_at, source) from stdin",
            rows.address,
        ),
        (
            "copy membership (person_id, team_id, tier) from stdin",
            rows.membership,
        ),
    ] {
        copy(url, statement, rows).await?;
    }
    let indexes = drop_indexes(conn).await?;
    let words = Vocabulary::new(lexemes(conn).await?);
    let categories: Vec<Uuid> = sqlx::query_scalar("select id from category order by position")
        .fetch_all(&mut *conn)
        .await?;
    let policy: Option<Uuid> = sqlx::query_scalar(
        "select id from configuration where kind = 'sla_policy' order by id limit 1",
    )
    .fetch_optional(&mut *conn)
    .await?;
    let mut maker = Maker {
        company: &company,
        categories: &categories,
        policy: policy.unwrap_or_else(|| Uuid::from_u128(1)),
        words: &words,
        random: Random::new(3),
        now,
        tickets: plan.tickets,
        all_open: plan.all_open,
    };
    let bar = progress(plan.tickets, quiet, "tickets");
    let mut tables = Tables::begin(url).await?;
    for n in 0..plan.tickets {
        maker.write(n, &mut tables);
        if n % 256 == 255 {
            tables.pass_on().await;
            bar.set_position(n);
        }
    }
    tables.finish().await?;
    bar.finish_and_clear();
    sqlx::query("select setval('ticket_number', $1)")
        .bind(i64::try_from(FIRST_NUMBER + plan.tickets)?)
        .execute(&mut *conn)
        .await?;
    create_indexes(conn, indexes, quiet).await?;
    count(conn, url).await?;
    conn.execute("vacuum (freeze, analyze)").await?;
    conn.execute("checkpoint").await?;
    Ok(())
}

/// What queues show now, and what dashboards count, both counted from the rows as the product counts them.
async fn count(conn: &mut PgConnection, url: &str) -> anyhow::Result<()> {
    conn.execute(
        "set statement_timeout to 0; truncate tally;
         insert into tally (day, team_id, tier, priority, measure, shard, n)
         select '1970-01-01'::date, team_id, tier, priority, measure, 0, count(*)
         from ticket cross join lateral (values ('open'), ('queue'), (case when assignee_id is null then 'queue_free' end),
             (case when status in ('pending', 'on_hold') then 'queue_waiting' end)) as it (measure)
         where status in ('new', 'open', 'pending', 'on_hold') and not bot_holds and measure is not null group by 1, 2, 3, 4, 5;
         update tally_book set next_zone = 'UTC'",
    )
    .await?;
    crate::server::fold(url).await
}

/// What the search makes of each word.
async fn lexemes(conn: &mut PgConnection) -> anyhow::Result<Vec<Option<String>>> {
    Ok(sqlx::query_scalar(
        "select (tsvector_to_array(to_tsvector('english', word)))[1] from unnest($1::text[]) with ordinality as it (word, n) order by n",
    )
    .bind(words::list())
    .fetch_all(conn)
    .await?)
}

/// Drops the indexes of the large tables that are no constraint, and returns the statements that make them again.
async fn drop_indexes(conn: &mut PgConnection) -> anyhow::Result<Vec<String>> {
    let found: Vec<(String, String)> = sqlx::query_as(
        "select c.relname::text, pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid
         where i.indrelid::regclass::text = any ($1) and not i.indisprimary
           and not exists (select from pg_constraint where conindid = i.indexrelid)",
    )
    .bind(LARGE)
    .fetch_all(&mut *conn)
    .await?;
    let mut statements = Vec::new();
    for (name, definition) in found {
        conn.execute(AssertSqlSafe(format!("drop index {name}")))
            .await?;
        statements.push(definition);
    }
    Ok(statements)
}

async fn create_indexes(
    conn: &mut PgConnection,
    statements: Vec<String>,
    quiet: bool,
) -> anyhow::Result<()> {
    conn.execute("set statement_timeout to 0; set maintenance_work_mem to '512MB'; set max_parallel_maintenance_workers to 1").await?;
    let bar = progress(statements.len() as u64, quiet, "indexes");
    for statement in statements {
        conn.execute(AssertSqlSafe(statement)).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

fn progress(length: u64, quiet: bool, what: &'static str) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}");
    let bar = ProgressBar::new(length).with_message(what);
    bar.enable_steady_tick(Duration::from_millis(500));
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_migrated_where_migrations_were_added_and_made_again_where_one_changed() {
        let mark = "bench edition 3 schema 0a0a0a0a1b1b1b1b2c2c2c2c";
        assert!(only_lacks_migrations(
            "bench edition 3 schema 0a0a0a0a2c2c2c2c",
            mark
        ));
        for other in [
            "",
            "bench edition 2 schema 0a0a0a0a",
            "bench edition 3 schema 0a0a0a0a3d3d3d3d",
        ] {
            assert!(!only_lacks_migrations(other, mark), "{other}");
        }
    }
}
