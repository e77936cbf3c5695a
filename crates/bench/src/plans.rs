//! The plans of the statements behind each page, as the product really runs them: PostgreSQL's `auto_explain` writes them
//! down while the pages are asked for.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::load::Client;
use crate::measure::{People, Run};
use crate::seed::Random;

/// After five runs PostgreSQL may change to a plan for any parameters; that one is looked at.
const REQUESTS: usize = 24;
/// A table with more rows than this must not be read from end to end.
const LARGE: f32 = 20_000.0;

/// Prints the plans of every page, those that read a large table from end to end with a mark.
pub(crate) async fn print(run: &Run, log: &Path) -> anyhow::Result<()> {
    let mut conn = PgConnection::connect(&run.url).await?;
    let name: String = sqlx::query_scalar("select current_database()::text")
        .fetch_one(&mut conn)
        .await?;
    let large: Vec<String> =
        sqlx::query_scalar("select relname::text from pg_class where relkind = 'r' and reltuples > $1 order by relname")
            .bind(LARGE)
            .fetch_all(&mut conn)
            .await?;
    for setting in [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_analyze = on",
        "auto_explain.log_buffers = on",
        "auto_explain.log_timing = off",
    ] {
        conn.execute(AssertSqlSafe(format!(
            "alter database {name} set {setting}"
        )))
        .await?;
    }
    let printed = print_pages(run, log, &large).await;
    conn.execute(AssertSqlSafe(format!("alter database {name} reset all")))
        .await?;
    printed
}

async fn print_pages(run: &Run, log: &Path, large: &[String]) -> anyhow::Result<()> {
    let product = run.files.product(&run.program, &run.url, 2).await?;
    let people = People::find(&run.url, run.tickets).await?;
    let mut flagged = 0;
    for &page in &run.pages {
        let load = people.product(page, &product);
        let mut client = Client::connect(load.address).await?;
        let mut random = Random::new(5);
        let mut from = 0;
        for request in 0..REQUESTS {
            if request == REQUESTS * 2 / 3 {
                from = std::fs::metadata(log)?.len();
            }
            let answer = client.ask(&(load.make)(&mut random, 0)).await?;
            anyhow::ensure!(
                answer.status == load.status,
                "{} was answered with {}",
                page.name(),
                answer.status
            );
        }
        // The log is written before the answer goes out, but not by the same process.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let text = std::fs::read(log)?;
        let text = String::from_utf8_lossy(text.get(usize::try_from(from)?..).unwrap_or_default());
        let plans = plans(&text);
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "# {} at {} tickets: {} statements\n",
            page.name(),
            run.tickets,
            plans.len()
        )?;
        for plan in plans.values() {
            let scans = scans(plan, large);
            flagged += scans.len();
            for table in scans {
                writeln!(out, "!! reads {table} from end to end")?;
            }
            writeln!(out, "{plan}")?;
        }
    }
    product.stop().await?;
    writeln!(
        std::io::stdout(),
        "{flagged} scans of large tables ({})",
        large.join(", ")
    )?;
    Ok(())
}

/// The last plan of each statement in PostgreSQL's log.
fn plans(log: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in log.lines().chain(["2000-01-01 end"]) {
        // A new entry begins with its time; what belongs to an entry is indented.
        if line.starts_with("20") {
            if let Some(plan) = current.take() {
                let statement: String = plan
                    .split("Query Text:")
                    .nth(1)
                    .unwrap_or_default()
                    .lines()
                    .take(3)
                    .collect();
                found.insert(statement, plan);
            }
            if let Some((_, rest)) = line.split_once("LOG:  duration:")
                && rest.contains("plan:")
            {
                current = Some(format!("{rest}\n"));
            }
        } else if let Some(plan) = &mut current {
            plan.push_str(line);
            plan.push('\n');
        }
    }
    found
}

/// The large tables that a plan reads from end to end.
fn scans<'a>(plan: &str, large: &'a [String]) -> Vec<&'a str> {
    large
        .iter()
        .filter(|table| {
            plan.lines().any(|line| {
                line.split_once("Seq Scan on ")
                    .is_some_and(|(_, rest)| rest.split_whitespace().next() == Some(table.as_str()))
            })
        })
        .map(String::as_str)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "2026-11-23 00:10:00.000 UTC [1] LOG:  duration: 0.1 ms  plan:\n\tQuery Text: select 1\n\tResult  (cost=0)\n\
2026-11-23 00:10:00.000 UTC [1] LOG:  something else\n\
2026-11-23 00:10:01.000 UTC [1] LOG:  duration: 9.1 ms  plan:\n\tQuery Text: select from ticket\n\tSeq Scan on ticket t  (cost=0)\n";

    #[test]
    fn plans_are_read_from_the_log_and_scans_of_large_tables_are_seen() {
        let plans = plans(LOG);
        assert_eq!(plans.len(), 2);
        let large = ["ticket".to_owned(), "event".to_owned()];
        let found: Vec<_> = plans
            .values()
            .flat_map(|plan| scans(plan, &large))
            .collect();
        assert_eq!(found, ["ticket"]);
    }
}
