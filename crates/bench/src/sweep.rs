//! Deadlines: how long after their time a thousand of them are done, among many open tickets with running clocks.

use std::io::Write;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;

use crate::measure::Run;
use crate::process::{cpu, family_cpu};

/// How many deadlines pass at the same moment.
const DUE: i64 = 1_000;
/// How long the worker may settle before they pass.
const AHEAD: Duration = Duration::from_secs(10);
/// After this long the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Sweep {
    pub(crate) tickets: u64,
    pub(crate) deadlines: i64,
    /// What that wrote into timelines: warnings, breaches, and what rules did.
    pub(crate) events: i64,
    /// From their time until the last was done.
    pub(crate) seconds: f64,
    /// Processor time of the worker and of PostgreSQL, per deadline.
    pub(crate) cpu_ms: f64,
}

/// Lets a thousand deadlines pass at once and waits until the worker has done them.
pub(crate) async fn run(run: &Run) -> anyhow::Result<Sweep> {
    let mut conn = PgConnection::connect(&run.url).await?;
    // What was left from before is put off, so that exactly these are due.
    sqlx::query("update timer set fires_at = now() + interval '30 days' where fires_at < now() + interval '1 day'")
        .execute(&mut conn)
        .await?;
    let worker = run.files.worker(&run.program, &run.url)?;
    let due: DateTime<Utc> = Utc::now() + TimeDelta::from_std(AHEAD)?;
    let due_at = Instant::now() + AHEAD;
    // Any of them, so that the same rules hold on the same share of them whatever the number of tickets.
    let set = sqlx::query(
        "update timer set fires_at = $1 where kind = 'clock' and object_id in (
             select id from ticket where status in ('new', 'open') order by random() limit $2)",
    )
    .bind(due)
    .bind(DUE)
    .execute(&mut conn)
    .await?
    .rows_affected();
    tokio::time::sleep_until(due_at).await;
    let process = worker.id()?;
    let before = cpu(process)? + family_cpu(run.postmaster)?;
    let seconds = loop {
        let left: i64 = sqlx::query_scalar(
            "select count(*) from timer where kind = 'clock' and fires_at <= $1",
        )
        .bind(due)
        .fetch_one(&mut conn)
        .await?;
        if left == 0 {
            break due_at.elapsed().as_secs_f64();
        }
        anyhow::ensure!(
            due_at.elapsed() < PATIENCE,
            "{left} of {set} deadlines were not done after {} s",
            PATIENCE.as_secs()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let used = cpu(process)? + family_cpu(run.postmaster)? - before;
    worker.stop().await?;
    let events = sqlx::query_scalar("select count(*) from event where at >= $1")
        .bind(due)
        .fetch_one(&mut conn)
        .await?;
    Ok(Sweep {
        tickets: run.tickets,
        deadlines: i64::try_from(set)?,
        events,
        seconds,
        cpu_ms: used * 1000.0 / set as f64,
    })
}

/// Prints the measurements.
pub(crate) fn print(sweeps: &[Sweep], json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, sweeps)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(
        out,
        "| open tickets | deadlines at once | events written | done after s | CPU ms per deadline |"
    )?;
    writeln!(out, "| ---: | ---: | ---: | ---: | ---: |")?;
    for it in sweeps {
        writeln!(
            out,
            "| {} | {} | {} | {:.1} | {:.2} |",
            it.tickets, it.deadlines, it.events, it.seconds, it.cpu_ms
        )?;
    }
    Ok(())
}
