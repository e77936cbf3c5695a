//! Deadlines: how long after their time a thousand of them are done, among many open tickets with running clocks.

use std::io::Write;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::Serialize;
use sqlx::{Connection, Executor, PgConnection};
use tokio::time::Instant;

use crate::measure::Run;
use crate::process::{cpu, family_cpu};

/// How many deadlines pass at the same moment.
const DUE: i64 = 1_000;
/// How long the preparations may take and the worker may settle before they pass.
const AHEAD: Duration = Duration::from_secs(40);
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
    let due: DateTime<Utc> = (Utc::now() + TimeDelta::from_std(AHEAD)?).trunc_subsecs(6);
    let due_at = Instant::now() + AHEAD;
    let set = bring_forward(&mut conn, due).await?;
    let worker = run.files.worker(&run.program, &run.url)?;
    anyhow::ensure!(
        set == DUE && Instant::now() < due_at,
        "{set} of {DUE} deadlines lie ahead, and it is {:?} to their time; are the tickets too old?",
        due_at.saturating_duration_since(Instant::now())
    );
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
    let (events, tickets): (i64, i64) =
        sqlx::query_as("select count(*), count(distinct ticket_id) from event where at >= $1")
            .bind(due)
            .fetch_one(&mut conn)
            .await?;
    anyhow::ensure!(
        tickets == set,
        "{set} deadlines passed, and {tickets} timelines tell of it"
    );
    Ok(Sweep {
        tickets: run.tickets,
        deadlines: set,
        events,
        seconds,
        cpu_ms: used * 1000.0 / set as f64,
    })
}

/// Makes a thousand deadlines due at that moment, of any tickets, so that each kind comes as often as among all: everything that
/// happened to those tickets is moved to an earlier time. The desk works round the clock, so nothing else about them changes.
/// What else would be due meanwhile is put off. Returns how many there are.
async fn bring_forward(conn: &mut PgConnection, due: DateTime<Utc>) -> anyhow::Result<i64> {
    sqlx::query("update timer set fires_at = now() + interval '30 days' where fires_at < $1")
        .bind(due + TimeDelta::from_std(PATIENCE)?)
        .execute(&mut *conn)
        .await?;
    sqlx::query(
        "create temporary table moved as
         select object_id as ticket, $1 - fires_at as by from timer where kind = 'clock' and fires_at < now() + interval '20 days'
         order by random() limit $2",
    )
    .bind(due)
    .bind(DUE)
    .execute(&mut *conn)
    .await?;
    conn.execute(
        "update event set at = at + by from moved where ticket_id = ticket;
         update rule_firing set fired_at = fired_at + by from moved where ticket_id = ticket;
         update ticket_clock set due_at = due_at + by, risk_at = risk_at + by, met_at = met_at + by,
             breached_at = breached_at + by, warned_at = warned_at + by from moved where ticket_id = ticket;
         update ticket set created_at = created_at + by, updated_at = updated_at + by, acknowledged_at = acknowledged_at + by,
             next_clock_at = next_clock_at + by, next_risk_at = next_risk_at + by,
             next_clock_risk_at = next_clock_risk_at + by from moved where id = ticket",
    )
    .await?;
    let timers = "update timer set fires_at = fires_at + by from moved where kind = 'clock' and object_id = ticket";
    let set = conn.execute(timers).await?.rows_affected();
    // A database that was seeded hours ago had most of its deadlines put off just now: what autovacuum does in a quiet minute.
    conn.execute("vacuum (analyze) timer").await?;
    Ok(i64::try_from(set)?)
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
