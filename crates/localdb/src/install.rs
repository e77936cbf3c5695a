//! What to do where no PostgreSQL is installed: install the distribution's package, or say how.

use std::process::Command;

use anyhow::{Context, Error, anyhow};

use crate::binaries::in_path;
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
    let os_release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    anyhow!(
        "{what}.\nInstall PostgreSQL 15 or newer: {}.\nIts programs are in an unusual place? Name the \
         folder in TIERDESK_POSTGRES_BIN.\nA server runs already? Give its address: \
         TIERDESK_DATABASE_URL=postgres://user:password@host/database",
        command_for(&os_release)
    )
}

/// The command that installs PostgreSQL on the system that `/etc/os-release` describes.
fn command_for(os_release: &str) -> String {
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
        "sudo apt-get install postgresql".to_owned()
    } else if is(&["fedora", "rhel", "centos"]) {
        "sudo dnf install postgresql-server".to_owned()
    } else if is(&["suse", "opensuse", "sles"]) {
        "sudo zypper install postgresql-server".to_owned()
    } else if is(&["arch"]) {
        "sudo pacman -S postgresql".to_owned()
    } else if is(&["alpine"]) {
        "doas apk add postgresql".to_owned()
    } else if cfg!(target_os = "macos") {
        "brew install postgresql@17".to_owned()
    } else {
        "`apt-get install postgresql` on Debian and Ubuntu, `dnf install postgresql-server` on Fedora \
         and RHEL, `zypper install postgresql-server` on SUSE, `pacman -S postgresql` on Arch, `apk \
         add postgresql` on Alpine"
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_install_fits_the_system() {
        for (os_release, command) in [
            ("ID=debian\n", "sudo apt-get install postgresql"),
            (
                "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n",
                "sudo apt-get install postgresql",
            ),
            (
                "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n",
                "sudo dnf install postgresql-server",
            ),
            (
                "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n",
                "sudo zypper install postgresql-server",
            ),
            ("ID=arch\n", "sudo pacman -S postgresql"),
            ("ID=alpine\n", "doas apk add postgresql"),
        ] {
            assert_eq!(command_for(os_release), command);
        }
    }

    #[test]
    fn an_unknown_system_is_told_every_command() {
        let all = command_for("ID=plan9\n");
        assert!(all.contains("apt-get") && all.contains("dnf") && all.contains("apk"));
    }
}
