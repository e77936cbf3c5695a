//! A server for tests: in memory, without durability, gone at the end.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use crate::binaries::Binaries;
use crate::folder::Lock;
use crate::kept::init;
use crate::postmaster::{Ending, Plan, Postmaster, end_orphan};
use crate::{Database, user};

const PREFIX: &str = "tierdesk-pg-";
const OPTIONS: [&str; 7] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
    "shared_buffers=64MB",
    "wal_level=minimal",
    "max_wal_senders=0",
];

pub(crate) fn start() -> anyhow::Result<Database> {
    let binaries = Binaries::find(None)?;
    let user = user::for_server()?;
    let parent = fast_dir();
    sweep(&parent);

    let dir = tempfile::Builder::new()
        .prefix(PREFIX)
        .tempdir_in(&parent)
        .with_context(|| format!("cannot make a folder in {}", parent.display()))?;
    let lock = Lock::take(dir.path())?;
    if let Some(user) = &user {
        chown(dir.path(), Some(user.uid), Some(user.gid))?;
    }
    let data = dir.path().join("data");
    init(&binaries, user.as_ref(), &data, &["--no-sync"])?;
    let postmaster = Postmaster::start(&Plan {
        binaries: &binaries,
        user: user.as_ref(),
        data: &data,
        socket_dir: dir.path(),
        log: &dir.path().join("log"),
        options: &OPTIONS,
        ending: Ending::AtOnce,
    })?;
    Ok(Database {
        postmaster,
        binaries,
        _folders: vec![dir],
        _lock: lock,
    })
}

/// Memory where the machine offers it as a folder, else the folder for temporary files.
fn fast_dir() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let usable = memory.is_dir() && tempfile::tempfile_in(&memory).is_ok();
    if usable { memory } else { std::env::temp_dir() }
}

/// Removes what killed processes left: a process that is killed cannot remove its own folder.
fn sweep(parent: &Path) {
    let folders = fs::read_dir(parent).into_iter().flatten();
    for dir in folders.filter_map(|entry| Some(entry.ok()?.path())) {
        let ours = dir
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
        // A folder is locked within moments of its making; one that is not and is older than a
        // minute belongs to nobody.
        let settled = fs::metadata(&dir)
            .and_then(|it| it.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > Duration::from_secs(60)));
        if !ours || !settled {
            continue;
        }
        if let Ok(Some(_lock)) = Lock::try_take(&dir) {
            let _ = end_orphan(&dir.join("data"));
            let _ = fs::remove_dir_all(&dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_answers_and_leaves_nothing_behind() {
        let database = Database::throw_away().expect("starts");
        database.create("desk").expect("creates a database");
        let answer = database
            .query("desk", "select current_setting('listen_addresses') || '.'")
            .expect("answers");
        assert_eq!(answer, ".");

        let (process, socket_dir) = (database.process_id(), database.socket_dir().to_owned());
        drop(database);

        assert!(!socket_dir.exists());
        assert!(!Path::new(&format!("/proc/{process}")).exists());
    }
}
