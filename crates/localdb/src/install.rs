//! What to do where no PostgreSQL is installed: install the distribution's package, or say how.

use std::process::Command;

use anyhow::{Context, Error, anyhow};

use crate::binaries::{OLDEST, in_path};
use crate::user::running_as_root;

/// A package manager and its package with the PostgreSQL server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Package {
    manager: &'static str,
    install: &'static [&'static str],
    name: &'static str,
}

const APT: Package = Package {
    manager: "apt-get",
    install: &["install", "--yes", "--no-install-recommends"],
    name: "postgresql",
};
const DNF: Package = Package {
    manager: "dnf",
    install: &["install", "--assumeyes"],
    name: "postgresql-server",
};

/// Installs the distribution's PostgreSQL as root with apt-get or dnf, and says so on standard
/// error. Everybody else gets an error that names the command to run.
pub(crate) fn distribution_package() -> anyhow::Result<()> {
    let nothing = "PostgreSQL was not found on this machine";
    if std::env::var_os("TIERDESK_NO_INSTALL").is_some_and(|it| !it.is_empty() && it != "0") {
        return Err(advice(&format!(
            "{nothing}, and TIERDESK_NO_INSTALL forbids to install it"
        )));
    }
    let package = [APT, DNF].into_iter().find(|it| in_path(it.manager));
    let (true, Some(package)) = (running_as_root(), package) else {
        return Err(advice(nothing));
    };
    eprintln!(
        "{nothing}: installing `{}` with {} (TIERDESK_NO_INSTALL=1 forbids this).",
        package.name, package.manager
    );
    if install(package).is_err() && package == APT {
        eprintln!("Fetching the lists of packages first.");
        run(Command::new(package.manager).arg("update"))?;
    } else {
        return Ok(());
    }
    install(package).map_err(|error| advice(&format!("{nothing}, and {error}")))
}

fn install(package: Package) -> anyhow::Result<()> {
    run(Command::new(package.manager)
        .args(package.install)
        .arg(package.name)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let said = command
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    if said.status.success() {
        return Ok(());
    }
    let error = String::from_utf8_lossy(&said.stderr);
    let last = error.lines().rev().find(|line| !line.trim().is_empty());
    Err(anyhow!(
        "`{}` failed: {}",
        command.get_program().display(),
        last.unwrap_or("it said nothing")
    ))
}

/// An error that starts with `what` and goes on with what to install on this very system.
pub(crate) fn advice(what: &str) -> Error {
    told(what, System::here().command())
}

/// The error for a machine whose newest PostgreSQL is of major version `newest`: what the distribution calls PostgreSQL is
/// there already, so installing it again would help nobody.
pub(crate) fn too_old(newest: u32) -> Error {
    told(
        &format!("PostgreSQL {newest} is too old for Tierdesk"),
        System::here().command_for_newer(),
    )
}

fn told(what: &str, command: &str) -> Error {
    anyhow!(
        "{what}.\nInstall PostgreSQL {OLDEST} or newer: {command}.\nIts programs are in an unusual place? Name the \
         folder in TIERDESK_POSTGRES_BIN.\nA server runs already? Give its address: \
         TIERDESK_DATABASE_URL=postgres://user:password@host/database"
    )
}

/// The family of systems that share a package manager and its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Debian,
    Fedora,
    Suse,
    Arch,
    Alpine,
    Mac,
    Unknown,
}

impl System {
    fn here() -> Self {
        Self::of(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())
    }

    /// The one that `/etc/os-release` describes.
    fn of(os_release: &str) -> Self {
        let value = |key: &str| {
            os_release
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
                .unwrap_or_default()
                .trim_matches('"')
        };
        let family = format!("{} {}", value("ID"), value("ID_LIKE"));
        let is = |names: &[&str]| family.split_whitespace().any(|word| names.contains(&word));
        if is(&["debian", "ubuntu"]) {
            Self::Debian
        } else if is(&["fedora", "rhel", "centos"]) {
            Self::Fedora
        } else if is(&["suse", "opensuse", "sles"]) {
            Self::Suse
        } else if is(&["arch"]) {
            Self::Arch
        } else if is(&["alpine"]) {
            Self::Alpine
        } else if cfg!(target_os = "macos") {
            Self::Mac
        } else {
            Self::Unknown
        }
    }

    /// What installs the distribution's PostgreSQL.
    fn command(self) -> &'static str {
        match self {
            Self::Debian => "sudo apt-get install postgresql",
            Self::Fedora => "sudo dnf install postgresql-server",
            Self::Suse => "sudo zypper install postgresql-server",
            Self::Arch => "sudo pacman -S postgresql",
            Self::Alpine => "doas apk add postgresql",
            Self::Mac => "brew install postgresql@17",
            Self::Unknown => {
                "`apt-get install postgresql` on Debian and Ubuntu, `dnf install postgresql-server` on Fedora and \
                 RHEL, `zypper install postgresql-server` on SUSE, `pacman -S postgresql` on Arch, `apk add \
                 postgresql` on Alpine"
            }
        }
    }

    /// What installs a newer one where the distribution's own is too old.
    fn command_for_newer(self) -> &'static str {
        match self {
            Self::Debian => {
                "Debian 12 and Ubuntu 24.04 bring one; on older systems take PostgreSQL's own packages (PGDG): sudo \
                 apt-get install postgresql-common && sudo /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh && \
                 sudo apt-get install postgresql-17"
            }
            Self::Fedora => {
                "sudo dnf module reset postgresql && sudo dnf module install postgresql:16/server"
            }
            Self::Suse => "sudo zypper install postgresql16-server",
            Self::Arch => "sudo pacman -Syu postgresql",
            Self::Alpine => "doas apk add postgresql16; Alpine 3.19 and newer bring it",
            Self::Mac => "brew install postgresql@17",
            Self::Unknown => "https://www.postgresql.org/download/ has packages for most systems",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_install_fits_the_system() {
        for (os_release, command, newer) in [
            (
                "ID=debian\n",
                "sudo apt-get install postgresql",
                "apt.postgresql.org.sh",
            ),
            (
                "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n",
                "sudo apt-get install postgresql",
                "Ubuntu 24.04",
            ),
            (
                "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n",
                "sudo dnf install postgresql-server",
                "dnf module install postgresql:16/server",
            ),
            (
                "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n",
                "sudo zypper install postgresql-server",
                "postgresql16-server",
            ),
            ("ID=arch\n", "sudo pacman -S postgresql", "-Syu"),
            ("ID=alpine\n", "doas apk add postgresql", "postgresql16"),
        ] {
            let system = System::of(os_release);
            assert_eq!(system.command(), command);
            let told = system.command_for_newer();
            assert!(told.contains(newer), "{told}");
        }
    }

    #[test]
    fn an_unknown_system_is_told_every_command() {
        let all = System::of("ID=plan9\n").command();
        assert!(all.contains("apt-get") && all.contains("dnf") && all.contains("apk"));
    }
}
