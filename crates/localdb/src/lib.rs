//! A private PostgreSQL from this machine's own binaries, for the demo and the tests.
//!
//! It listens on a Unix socket in a folder of its own and on no port, so any number can run at
//! once and nobody else on the machine can reach it. PostgreSQL refuses to run as root, so as
//! root the server runs as an unprivileged user. It ends with the process that started it, even
//! when that is killed with `kill -9`.
//!
//! - [`Database::throw_away`]: for tests. In memory where possible, without durability, removed at
//!   the end; what a killed process left behind is swept by the next start.
//! - [`Database::kept`]: for the demo. In a folder of the caller's choice, durable, one at a time.
#![warn(missing_docs)]

mod binaries;
mod client;
mod folder;
mod install;
mod kept;
mod postmaster;
mod throw_away;
mod user;

use std::path::{Path, PathBuf};

use binaries::Binaries;
use postmaster::Postmaster;

/// A PostgreSQL server that lives as long as this value, and no longer than this process.
#[derive(Debug)]
pub struct Database {
    // The order of the fields is the order in which they are dropped: first the server ends, then
    // its folders go, then the lock is released.
    postmaster: Postmaster,
    binaries: Binaries,
    _folders: Vec<tempfile::TempDir>,
    _lock: folder::Lock,
}

impl Database {
    /// A server for tests, empty, fast, gone at the end.
    ///
    /// # Errors
    /// When no PostgreSQL is installed and none can be installed, or when it does not start. The
    /// message says what to do.
    pub fn throw_away() -> anyhow::Result<Self> {
        throw_away::start()
    }

    /// The server whose data is kept in `dir`; the folder is made when it does not exist.
    ///
    /// # Errors
    /// As [`Database::throw_away`]; also when another process uses the folder, when the database's
    /// user cannot reach it, or when its data was made by a PostgreSQL that is not installed.
    pub fn kept(dir: &Path) -> anyhow::Result<Self> {
        kept::start(dir, &[])
    }

    /// As [`Database::kept`], with settings of `postgresql.conf` (`name=value`) beside or instead of the demo's.
    ///
    /// # Errors
    /// As [`Database::kept`], and when PostgreSQL does not accept a setting.
    pub fn kept_with(dir: &Path, settings: &[&str]) -> anyhow::Result<Self> {
        kept::start(dir, settings)
    }

    /// Removes the data that [`Database::kept`] made in `dir`. Nothing happens when there is none.
    ///
    /// # Errors
    /// When another process uses the folder or a file cannot be removed.
    pub fn erase(dir: &Path) -> anyhow::Result<()> {
        kept::erase(dir)
    }

    /// Connection string for the named database of this server. `postgres` always exists.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://postgres@localhost/{database}?host={}",
            self.socket_dir().display()
        )
    }

    /// The folder of the server's Unix socket.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        self.postmaster.socket_dir()
    }

    /// The process id of the server.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.postmaster.id()
    }
}

/// Where data of the demo goes when nobody says otherwise: for root a folder under `/var/lib`,
/// because the database's user cannot read root's home; else the person's own data folder
/// (`$XDG_DATA_HOME`, or `~/.local/share`).
///
/// # Errors
/// When neither `XDG_DATA_HOME` nor `HOME` is set.
pub fn default_data_dir() -> anyhow::Result<PathBuf> {
    const NAME: &str = "tierdesk-demo";
    if user::running_as_root() {
        return Ok(Path::new("/var/lib").join(NAME));
    }
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join(NAME))
        .ok_or_else(|| {
            anyhow::anyhow!("no place for the data: neither XDG_DATA_HOME nor HOME is set; name a folder with --data")
        })
}
