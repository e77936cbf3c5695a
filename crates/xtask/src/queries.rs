//! The record of all queries, which lets a clone compile without a database.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use tierdesk_localdb::Database;

use crate::cargo::forget_outer;

/// Compiles `store` against a database with all migrations and keeps what the macros learn; with
/// `check`, only compares it with what is kept.
pub(crate) fn record(check: bool) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()?;
    let kept = root.join("crates/store/.sqlx");
    let fresh = root.join("target/sqlx");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    fs::create_dir_all(&fresh)?;

    let database = Database::throw_away()?;
    for migration in migrations(&root)? {
        database.run_file("postgres", &migration)?;
    }
    // The macros ask the database only when the crate is compiled again.
    let library = fs::File::options()
        .append(true)
        .open(root.join("crates/store/src/lib.rs"))?;
    library.set_modified(std::time::SystemTime::now())?;
    let checked = forget_outer(&mut Command::new(env!("CARGO")))
        .args(["check", "--quiet", "--workspace", "--all-targets"])
        .current_dir(&root)
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", &fresh)
        .env("SQLX_TMP", &fresh)
        .env("DATABASE_URL", database.url("postgres"))
        .status()?;
    ensure!(checked.success(), "the workspace does not compile");

    let (old, new) = (queries(&kept)?, queries(&fresh)?);
    if check {
        let missing = new.keys().filter(|name| old.get(*name) != new.get(*name));
        let stale = old.keys().filter(|name| !new.contains_key(*name));
        let (missing, stale) = (missing.count(), stale.count());
        if missing + stale > 0 {
            bail!(
                "crates/store/.sqlx is out of date ({missing} queries new or changed, {stale} gone): \
                 run `cargo xtask sqlx` and commit it"
            );
        }
        println!("all {} queries are recorded", new.len());
        return Ok(());
    }
    if kept.exists() {
        fs::remove_dir_all(&kept)?;
    }
    fs::create_dir_all(&kept)?;
    for (name, text) in &new {
        fs::write(kept.join(name), text)?;
    }
    println!("{} queries recorded in crates/store/.sqlx", new.len());
    Ok(())
}

fn migrations(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join("migrations")).context("there is no folder migrations/")? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "sql") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// File names and their contents; none when the folder does not exist.
fn queries(dir: &Path) -> anyhow::Result<BTreeMap<OsString, String>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_owned();
        if name.to_string_lossy().starts_with("query-") {
            found.insert(name, fs::read_to_string(&path)?);
        }
    }
    Ok(found)
}
