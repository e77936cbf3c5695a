//! Seeds a large helpdesk and measures the release build on it, beside a bare page over the same rows. See docs/bench.md.
#![warn(missing_docs)]

mod bare;
mod load;
mod measure;
mod plans;
mod process;
mod report;
mod seed;
mod server;
mod sweep;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};
use tierdesk_localdb::Database;

/// Measures Tierdesk's pages on many tickets, beside a bare axum + sqlx + askama page over the same rows.
#[derive(Debug, Parser)]
#[command(name = "tierdesk-bench", max_term_width = 100)]
struct Program {
    /// How many tickets; several sizes are compared with each other
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "10000,1000000",
        value_name = "N,…"
    )]
    tickets: Vec<u64>,
    /// How long each round of each page lasts
    #[arg(long, default_value_t = 3.0, value_name = "N")]
    seconds: f64,
    /// Rounds per page; the median counts
    #[arg(long, default_value_t = 3, value_name = "N")]
    rounds: usize,
    /// Connections that ask at the same time
    #[arg(long, default_value_t = 16, value_name = "N")]
    concurrency: usize,
    /// Only these pages
    #[arg(long, value_delimiter = ',', value_name = "PAGE,…")]
    pages: Vec<measure::Page>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Print the plans of the statements behind the pages instead of measuring
    #[arg(long)]
    plans: bool,
    /// Measure among as many open tickets with running clocks
    #[arg(long)]
    open: bool,
    /// Let a thousand deadlines pass at once among open tickets, instead of measuring pages
    #[arg(long)]
    sweep: bool,
    /// Only seed
    #[arg(long)]
    seed: bool,
    /// Take databases as they are, also when rows or schema were made by an older program
    #[arg(long)]
    as_is: bool,
    /// Only start the database, print the address of its socket, and wait for Ctrl-C
    #[arg(long)]
    hold: bool,
    /// Where the database is kept between runs
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Measure this program instead of the one that is built from these sources
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The bare page's server
    #[command(hide = true)]
    Bare { url: String, address: SocketAddr },
}

/// Settings of a production server with 16 GB, of which PostgreSQL is usually given a quarter; the demo's are for a demo.
const DATABASE: &[&str] = &[
    "shared_buffers=4GB",
    "max_wal_size=4GB",
    "jit=off",
    "track_io_timing=off",
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let program = Program::parse();
    if let Some(Command::Bare { url, address }) = &program.command {
        return bare::serve(url, *address).await;
    }
    let folder = match &program.data {
        Some(folder) => folder.clone(),
        None => std::env::current_exe()?
            .ancestors()
            .nth(2)
            .context("no target folder")?
            .join("bench"),
    };
    std::fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let database = Database::kept_with(&folder, DATABASE)?;
    if program.hold {
        eprintln!("psql -h {} -U postgres", database.socket_dir().display());
        tokio::signal::ctrl_c().await?;
        return Ok(());
    }
    let (mut results, mut sweeps) = (Vec::new(), Vec::new());
    for &tickets in &program.tickets {
        let plan = seed::Plan {
            tickets,
            all_open: program.open || program.sweep,
        };
        seed::ensure(&database, plan, program.as_is, program.json).await?;
        if program.seed {
            continue;
        }
        let url = seed::working_copy(&database, plan)?;
        let run = measure::Run {
            files: server::Files {
                folder: folder.clone(),
            },
            program: match &program.program {
                Some(path) => path.clone(),
                None => server::build_product()?,
            },
            postmaster: database.process_id(),
            url,
            tickets,
            duration: Duration::from_secs_f64(program.seconds),
            rounds: program.rounds,
            concurrency: program.concurrency,
            pages: if program.pages.is_empty() {
                measure::Page::ALL.to_vec()
            } else {
                program.pages.clone()
            },
            quiet: program.json,
        };
        if program.sweep {
            sweeps.push(sweep::run(&run).await?);
        } else if program.plans {
            plans::print(&run, &folder.join("postgres.log")).await?;
        } else {
            results.push(measure::run(&run).await?);
        }
    }
    if !sweeps.is_empty() {
        sweep::print(&sweeps, program.json)?;
    }
    if !results.is_empty() {
        report::print(&results, program.json)?;
    }
    Ok(())
}
