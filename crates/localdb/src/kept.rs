//! The demo's server: in a folder that stays, durable, one at a time.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::Database;
use crate::binaries::Binaries;
use crate::folder::Lock;
use crate::postmaster::{Ending, Plan, Postmaster, end_orphan};
use crate::user::{self, User, command};

const DATA: &str = "postgres";
const NEW_DATA: &str = "postgres.new";
const LOG: &str = "postgres.log";
const SOCKET: &str = "socket";
/// Of 107 bytes that Linux takes, `/.s.PGSQL.5432.lock` needs some.
const LONGEST_SOCKET_DIR: usize = 80;
const OPTIONS: [&str; 3] = ["fsync=on", "max_connections=100", "shared_buffers=64MB"];

pub(crate) fn start(dir: &Path, extra: &[&str]) -> anyhow::Result<Database> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let dir = dir.canonicalize()?;
    let lock = Lock::take(&dir)?;
    let data = dir.join(DATA);
    end_orphan(&data)?;

    let binaries = Binaries::find(version_of(&data)?)?;
    let user = owner(&data)?;
    if let Some(user) = &user {
        user::check_reachable(&data, user)?;
    }
    if !data.exists() {
        // An initdb that is interrupted leaves a folder that looks finished; so it works elsewhere.
        let new = dir.join(NEW_DATA);
        if new.exists() {
            fs::remove_dir_all(&new)?;
        }
        fs::DirBuilder::new().mode(0o700).create(&new)?;
        if let Some(user) = &user {
            chown(&new, Some(user.uid), Some(user.gid))?;
        }
        init(&binaries, user.as_ref(), &new, &[])?;
        fs::rename(&new, &data)?;
    }

    let (socket, folder) = socket_dir(&dir)?;
    if let Some(user) = &user {
        chown(&socket, Some(user.uid), Some(user.gid))?;
    }
    let postmaster = Postmaster::start(&Plan {
        binaries: &binaries,
        user: user.as_ref(),
        data: &data,
        socket_dir: &socket,
        log: &dir.join(LOG),
        // Of a setting that is given twice, PostgreSQL takes the last.
        options: &[&OPTIONS, extra].concat(),
        ending: Ending::Orderly,
    })?;
    Ok(Database {
        postmaster,
        binaries,
        _folders: folder.into_iter().collect(),
        _lock: lock,
    })
}

pub(crate) fn erase(dir: &Path) -> anyhow::Result<()> {
    if !dir.exists() {
        return Ok(());
    }
    let dir = dir.canonicalize()?;
    let _lock = Lock::take(&dir)?;
    end_orphan(&dir.join(DATA))?;
    for name in [DATA, NEW_DATA, SOCKET] {
        let path = dir.join(name);
        if path.exists() {
            fs::remove_dir_all(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// The folder of the server's socket, which nobody but the server's user and root may enter. It lies beside the data, so that
/// nothing is left elsewhere by a process that is killed.
fn socket_dir(dir: &Path) -> anyhow::Result<(PathBuf, Option<tempfile::TempDir>)> {
    let beside = dir.join(SOCKET);
    // A path of a socket holds about a hundred characters, and stands in addresses; a person's data folder may be deeper or
    // have a name with anything in it.
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let path = beside.as_os_str().as_encoded_bytes();
    if path.len() > LONGEST_SOCKET_DIR || !path.iter().all(plain) {
        let elsewhere = tempfile::Builder::new().prefix("tierdesk-").tempdir()?;
        return Ok((elsewhere.path().to_owned(), Some(elsewhere)));
    }
    if !beside.exists() {
        fs::DirBuilder::new().mode(0o700).create(&beside)?;
    }
    Ok((beside, None))
}

/// Makes a new database cluster in `data`.
pub(crate) fn init(
    binaries: &Binaries,
    user: Option<&User>,
    data: &Path,
    options: &[&str],
) -> anyhow::Result<()> {
    let said = command(&binaries.program("initdb"), user)
        // Only who may enter the socket's folder gets as far as to need no password.
        .args([
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ])
        .args(options)
        .arg("--pgdata")
        .arg(data)
        .output()
        .context("cannot run initdb")?;
    if !said.status.success() {
        bail!(
            "PostgreSQL could not make its folder {}: {}",
            data.display(),
            String::from_utf8_lossy(&said.stderr).trim()
        );
    }
    Ok(())
}

/// The major version that made the data, if there is any.
fn version_of(data: &Path) -> anyhow::Result<Option<u32>> {
    if !data.exists() {
        return Ok(None);
    }
    let file = data.join("PG_VERSION");
    let text = fs::read_to_string(&file).with_context(|| {
        format!(
            "{} is not readable; start over with --reset",
            file.display()
        )
    })?;
    let version = text.trim().parse().with_context(|| {
        format!(
            "{} holds no version; start over with --reset",
            file.display()
        )
    })?;
    Ok(Some(version))
}

/// Whom the server runs as. Data that exists must belong to that user: PostgreSQL insists.
fn owner(data: &Path) -> anyhow::Result<Option<User>> {
    let user = user::for_server()?;
    let expected = user
        .as_ref()
        .map_or_else(|| rustix::process::geteuid().as_raw(), |user| user.uid);
    if let Ok(meta) = fs::metadata(data)
        && meta.uid() != expected
    {
        bail!(
            "{} belongs to another user (id {}): start as the user who started it first, or choose \
             another folder with --data",
            data.display(),
            meta.uid()
        );
    }
    Ok(user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A folder that the database's user can reach.
    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).expect("opens");
        dir
    }

    #[test]
    fn a_second_start_finds_everything_even_after_a_crash() {
        let dir = folder();
        let database = Database::kept(dir.path()).expect("starts");
        database
            .query("postgres", "create table note as select 'kept' as text")
            .expect("writes");
        let setting = database.query("postgres", "show fsync").expect("answers");
        assert_eq!(setting, "on");
        // A crash leaves postmaster.pid behind, naming a process that is gone or somebody else's.
        drop(database);
        fs::write(
            dir.path().join(DATA).join("postmaster.pid"),
            format!("{}\n{}\n0\n", std::process::id(), dir.path().display()),
        )
        .expect("writes");

        let again = Database::kept(dir.path()).expect("starts again");
        let kept = again
            .query("postgres", "select text from note")
            .expect("answers");
        assert_eq!(kept, "kept");
    }

    #[test]
    fn two_demos_never_share_a_folder() {
        let dir = folder();
        let _first = Database::kept(dir.path()).expect("starts");
        let error = Database::kept(dir.path()).expect_err("taken");
        assert!(error.to_string().contains("another Tierdesk"), "{error}");
        let error = Database::erase(dir.path()).expect_err("in use");
        assert!(error.to_string().contains("another Tierdesk"), "{error}");
    }

    #[test]
    fn an_interrupted_first_start_begins_again() {
        let dir = folder();
        fs::create_dir(dir.path().join(NEW_DATA)).expect("makes");
        fs::write(dir.path().join(NEW_DATA).join("half"), "").expect("writes");
        Database::kept(dir.path()).expect("starts");
        assert!(!dir.path().join(NEW_DATA).exists());
    }

    #[test]
    fn a_folder_with_any_name_will_do() {
        let dir = folder();
        for name in ["with a space & more", &"deep/".repeat(20)] {
            let database = Database::kept(&dir.path().join(name)).expect("starts");
            let answer = database.query("postgres", "select 1").expect("answers");
            assert_eq!(answer, "1", "{name}");
        }
    }

    #[test]
    fn erased_data_is_gone() {
        let dir = folder();
        drop(Database::kept(dir.path()).expect("starts"));
        Database::erase(dir.path()).expect("erases");
        assert!(!dir.path().join(DATA).exists());
        Database::erase(&dir.path().join("never")).expect("nothing to do");
    }
}
