//! Fills a database with a believable helpdesk of any size: three years of tickets, one in twenty open.

mod company;
mod copy;
mod random;
mod story;
mod tickets;
mod words;

use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{DateTime, SubsecRound, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tierdesk_domain::id::{CategoryId, TeamId};
use tierdesk_localdb::Database;
use uuid::Uuid;

use company::Company;
use copy::copy;
pub(crate) use random::Random;
use story::{Teller, drafts};
use tickets::{Tables, Writer};
use words::Vocabulary;

/// Changes when the rows that are made change, so that older databases are made again.
const EDITION: u32 = 6;
/// The number of the oldest ticket.
pub(crate) const FIRST_NUMBER: i64 = 10_001;
/// Tables that are filled without their indexes, which are made afterwards in one go.
const LARGE: &[&str] = &[
    "ticket",
    "content",
    "event",
    "ticket_clock",
    "timer",
    "rule_firing",
];

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
    fill(&mut conn, &url, plan, Utc::now().trunc_subsecs(6), quiet)
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

/// Fills an empty database with what is true at `now`.
async fn fill(
    conn: &mut PgConnection,
    url: &str,
    plan: Plan,
    now: DateTime<Utc>,
    quiet: bool,
) -> anyhow::Result<()> {
    let pool = tierdesk_store::connect(url, 2).await?;
    let desk = crate::server::desk(pool)?;
    desk.install_defaults(now).await?;
    work_round_the_clock(conn).await?;
    let service_desk: TeamId = tierdesk_store::instance::get(&mut *conn, "service_desk")
        .await?
        .context("no Service Desk")?;
    let rulebook = desk.rulebook(&mut *conn).await?;
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
    let categories: Vec<_> = categories.into_iter().map(CategoryId).collect();
    let mut random = Random::new(3);
    let drafts = drafts(&mut random, plan.tickets, plan.all_open, now);
    let mut writer = Writer {
        teller: Teller {
            company: &company,
            categories: &categories,
            words: &words,
            random,
            now,
        },
        rulebook: &rulebook,
    };
    let bar = progress(plan.tickets, quiet, "tickets");
    let mut tables = Tables::begin(url).await?;
    for (number, draft) in (FIRST_NUMBER..).zip(&drafts) {
        writer.write(number, draft, &mut tables);
        if number % 256 == 255 {
            tables.pass_on().await;
            bar.set_position(number.abs_diff(FIRST_NUMBER));
        }
    }
    tables.finish().await?;
    bar.finish_and_clear();
    sqlx::query("select setval('ticket_number', $1)")
        .bind(FIRST_NUMBER + i64::try_from(plan.tickets)?)
        .execute(&mut *conn)
        .await?;
    create_indexes(conn, indexes, quiet).await?;
    count_queues(conn).await?;
    desk.fold_tally().await?;
    conn.execute("vacuum (freeze, analyze)").await?;
    conn.execute("checkpoint").await?;
    Ok(())
}

/// Deadlines must be able to pass at whatever time something is measured, so this desk has no closing time. Its calendar is
/// counted like any other.
async fn work_round_the_clock(conn: &mut PgConnection) -> anyhow::Result<()> {
    let day = json!([["00:00", "24:00"]]);
    let windows =
        json!({"mon": day, "tue": day, "wed": day, "thu": day, "fri": day, "sat": day, "sun": day});
    sqlx::query(
        "update configuration set body = jsonb_set(body, '{windows}', $1) where kind = 'calendar'",
    )
    .bind(windows)
    .execute(conn)
    .await?;
    Ok(())
}

/// What queues show now, counted from the rows as the product counts it; dashboards are counted anew with the next fold.
async fn count_queues(conn: &mut PgConnection) -> anyhow::Result<()> {
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
    Ok(())
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

    /// The recount test of the seeded tickets (decision 13): clocks, deadlines, properties and counts are what the events say.
    #[tokio::test]
    async fn whatever_is_kept_beside_the_seeded_events_is_what_a_recount_finds() {
        let server = Database::throw_away().unwrap();
        let now = Utc::now().trunc_subsecs(6);
        for all_open in [false, true] {
            let plan = Plan {
                tickets: 400,
                all_open,
            };
            let name = plan.database();
            server.create(&name).unwrap();
            let url = server.url(&name);
            let mut conn = PgConnection::connect(&url).await.unwrap();
            tierdesk_store::MIGRATOR.run(&mut conn).await.unwrap();
            fill(&mut conn, &url, plan, now, true).await.unwrap();
            let pool = tierdesk_store::connect(&url, 2).await.unwrap();
            let desk = crate::server::desk(pool).unwrap();
            assert_eq!(desk.recount(now).await.unwrap(), Vec::<String>::new());
            // There is something to recount.
            let seen: Vec<(String, i64)> = sqlx::query_as(
                "select state, count(*) from ticket_clock group by 1 union all select 'fired', count(*) from rule_firing
                 union all select kind, count(*) from event group by 1",
            )
            .fetch_all(&mut conn)
            .await
            .unwrap();
            let kinds: &[&str] = if all_open {
                &["running", "at_risk", "breached", "met", "fired"]
            } else {
                &["paused", "met", "kept", "breached", "stopped", "escalated"]
            };
            for &kind in kinds {
                let found = seen.iter().find(|it| it.0 == kind);
                assert!(found.is_some_and(|it| it.1 > 0), "{kind}: {seen:?}");
            }
        }
    }
}
