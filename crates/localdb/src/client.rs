//! PostgreSQL's own client programs, for the few things that are done before there is a database.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::Database;

impl Database {
    /// Makes an empty database.
    ///
    /// # Errors
    /// When it exists already.
    pub fn create(&self, database: &str) -> anyhow::Result<()> {
        run(self.client("createdb").arg("--").arg(database)).map(drop)
    }

    /// Removes a database and everything in it, whoever is connected. Nothing happens when there
    /// is none.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub fn remove(&self, database: &str) -> anyhow::Result<()> {
        run(self
            .client("dropdb")
            .args(["--if-exists", "--force", "--"])
            .arg(database))
        .map(drop)
    }

    /// Runs a file of SQL in one transaction.
    ///
    /// # Errors
    /// When a statement fails; the message is PostgreSQL's.
    pub fn run_file(&self, database: &str, file: &Path) -> anyhow::Result<()> {
        run(self
            .psql(database)
            .arg("--single-transaction")
            .arg("--file")
            .arg(file))
        .map(drop)
        .with_context(|| format!("{} failed", file.display()))
    }

    /// What one statement answers, as text without headings.
    ///
    /// # Errors
    /// When the statement fails; the message is PostgreSQL's.
    pub fn query(&self, database: &str, statement: &str) -> anyhow::Result<String> {
        run(self.psql(database).arg("--command").arg(statement))
    }

    fn psql(&self, database: &str) -> Command {
        let mut psql = self.client("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--dbname"])
            .arg(database);
        psql
    }

    fn client(&self, program: &str) -> Command {
        let mut client = Command::new(self.binaries.program(program));
        client
            .env("PGHOST", self.socket_dir())
            .env("PGUSER", "postgres")
            .env("PGOPTIONS", "-c client_min_messages=warning");
        for other in ["PGPORT", "PGDATABASE", "PGSERVICE", "PGSSLMODE"] {
            client.env_remove(other);
        }
        client
    }
}

fn run(command: &mut Command) -> anyhow::Result<String> {
    let said = command
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !said.status.success() {
        bail!("{}", String::from_utf8_lossy(&said.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}
