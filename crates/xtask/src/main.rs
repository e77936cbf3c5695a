//! Chores: `cargo xtask NAME`.
#![expect(
    clippy::print_stdout,
    reason = "a command-line tool speaks on standard output"
)]

mod cargo;
mod queries;

use std::process::Command;

use anyhow::{bail, ensure};
use clap::Parser;
use tierdesk_localdb::Database;

/// Chores of the Tierdesk workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Chore {
    /// Start a private database and run a command with its address in `TIERDESK_DATABASE_URL`.
    ///
    /// The tests use it too, instead of starting their own.
    Db {
        /// The command and its arguments, after `--`.
        #[arg(trailing_var_arg = true, required = true)]
        command: Vec<String>,
    },
    /// Record what the database says about every query, in crates/store/.sqlx.
    Sqlx {
        /// Change nothing; fail when the record is not up to date.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> anyhow::Result<()> {
    match Chore::parse() {
        Chore::Db { command } => run_with_database(&command),
        Chore::Sqlx { check } => queries::record(check),
    }
}

fn run_with_database(command: &[String]) -> anyhow::Result<()> {
    let Some((program, arguments)) = command.split_first() else {
        bail!("give a command to run, such as: cargo xtask db -- psql");
    };
    let database = Database::throw_away()?;
    let status = cargo::forget_outer(&mut Command::new(program))
        .args(arguments)
        .env("TIERDESK_DATABASE_URL", database.url("postgres"))
        .env("TIERDESK_TEST_SERVER", database.url("postgres"))
        .env("PGHOST", database.socket_dir())
        .env("PGUSER", "postgres")
        .status()?;
    ensure!(status.success(), "`{program}` failed");
    Ok(())
}
