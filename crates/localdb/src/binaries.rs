//! Where PostgreSQL's programs are on this machine.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::install;

/// The oldest major version that the product's queries and the tests' templates need.
pub(crate) const OLDEST: u32 = 15;

/// What we run ourselves.
const PROGRAMS: [&str; 5] = ["initdb", "postgres", "psql", "createdb", "dropdb"];

/// The folder that holds `initdb` and `postgres`, and their major version.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    dir: PathBuf,
    version: u32,
}

impl Binaries {
    /// The newest installed ones; installs the distribution's where there are none and that is
    /// possible. With `version`, only ones of that major version will do.
    pub(crate) fn find(version: Option<u32>) -> anyhow::Result<Self> {
        if let Some(dir) = std::env::var_os("TIERDESK_POSTGRES_BIN") {
            let dir = PathBuf::from(dir);
            let named = Self::in_dir(&dir).with_context(|| {
                format!(
                    "TIERDESK_POSTGRES_BIN is {}, which does not hold PostgreSQL's programs",
                    dir.display()
                )
            })?;
            return named.fitting(version);
        }
        let mut found = Self::installed();
        // One that is too old is no reason to install: the distribution's is there, or somebody chose another on purpose.
        if found.is_empty() {
            install::distribution_package()?;
            found = Self::installed();
        }
        choose(found, version)
    }

    fn installed() -> Vec<Self> {
        candidates()
            .iter()
            .filter_map(|dir| Self::in_dir(dir).ok())
            .collect()
    }

    fn in_dir(dir: &Path) -> anyhow::Result<Self> {
        for program in PROGRAMS {
            if !dir.join(program).is_file() {
                bail!("there is no `{program}` in {}", dir.display());
            }
        }
        let said = Command::new(dir.join("postgres"))
            .arg("--version")
            .output()
            .context("cannot run `postgres --version`")?;
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let version = major(&said).with_context(|| format!("unreadable version `{said}`"))?;
        Ok(Self {
            dir: dir.to_owned(),
            version,
        })
    }

    fn fitting(self, version: Option<u32>) -> anyhow::Result<Self> {
        choose(vec![self], version)
    }

    /// The path of one of PostgreSQL's programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// The newest of `found` that is new enough and, if asked, exactly `version`.
fn choose(found: Vec<Binaries>, version: Option<u32>) -> anyhow::Result<Binaries> {
    let newest = found.iter().map(|it| it.version).max();
    let chosen = found
        .into_iter()
        .filter(|it| it.version >= OLDEST && version.is_none_or(|wanted| wanted == it.version))
        .max_by_key(|it| it.version);
    match (chosen, version, newest) {
        (Some(chosen), ..) => Ok(chosen),
        (None, Some(wanted), Some(newest)) => bail!(
            "the data was made by PostgreSQL {wanted}, and the newest installed one is {newest}: \
             install PostgreSQL {wanted} again, or start over with --reset"
        ),
        (None, _, Some(newest)) => Err(install::too_old(newest)),
        (None, _, None) => Err(install::advice("PostgreSQL was not found on this machine")),
    }
}

/// `postgres (PostgreSQL) 15.14 (Debian …)` → 15; also `17beta2` → 17.
fn major(said: &str) -> Option<u32> {
    let number = said.split_whitespace().find(|word| {
        word.chars()
            .next()
            .is_some_and(|first| first.is_ascii_digit())
    })?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Folders in which distributions put the programs, and those of `PATH`.
fn candidates() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    let in_versions = |parent: &str| {
        std::fs::read_dir(parent)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
            .collect::<Vec<_>>()
    };
    dirs.extend(in_versions("/usr/lib/postgresql"));
    dirs.extend(in_versions("/usr/local/opt"));
    dirs.extend(in_versions("/opt/homebrew/opt"));
    for name in names_in(Path::new("/usr")) {
        if name.to_string_lossy().starts_with("pgsql-") {
            dirs.push(Path::new("/usr").join(name).join("bin"));
        }
    }
    if let Some(path) = std::env::var_os("PATH") {
        // A link in `PATH` may be the only one; the others are where it points to.
        let linked = std::env::split_paths(&path)
            .filter_map(|dir| dir.join("initdb").canonicalize().ok())
            .filter_map(|file| Some(file.parent()?.to_owned()));
        dirs.extend(linked);
    }
    dirs.retain(|dir| dir.join("initdb").is_file());
    dirs.dedup();
    dirs
}

fn names_in(dir: &Path) -> Vec<std::ffi::OsString> {
    std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .collect()
}

/// Whether a program of that name is in `PATH`.
pub(crate) fn in_path(name: impl AsRef<OsStr>) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|dir| dir.join(name.as_ref()).is_file())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binaries(version: u32) -> Binaries {
        Binaries {
            dir: PathBuf::from("/nowhere"),
            version,
        }
    }

    #[test]
    fn the_major_version_is_read_from_what_distributions_print() {
        assert_eq!(
            major("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(major("postgres (PostgreSQL) 17beta2"), Some(17));
        assert_eq!(major("postgres (PostgreSQL)"), None);
    }

    #[test]
    fn the_newest_version_is_chosen() {
        let chosen = choose(vec![binaries(15), binaries(17), binaries(16)], None).expect("one");
        assert_eq!(chosen.version, 17);
    }

    #[test]
    fn data_is_opened_by_the_version_that_made_it() {
        let chosen = choose(vec![binaries(15), binaries(17)], Some(15)).expect("one");
        assert_eq!(chosen.version, 15);
        let error = choose(vec![binaries(17)], Some(15)).expect_err("none");
        assert!(error.to_string().contains("--reset"), "{error}");
    }

    #[test]
    fn a_version_that_is_too_old_is_named_with_the_way_out() {
        let error = choose(vec![binaries(13)], None).expect_err("too old");
        let error = error.to_string();
        assert!(error.contains("13") && error.contains("TIERDESK_DATABASE_URL"));
    }
}
