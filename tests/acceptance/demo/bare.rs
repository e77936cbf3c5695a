//! Where no PostgreSQL is installed, or one that is too old.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::skip;

use super::{NOBODY, as_root, open_folder};

/// A system without PostgreSQL: this program, a shell, and what the test puts beside it.
struct Bare(tempfile::TempDir);

impl Bare {
    fn new() -> Self {
        let bare = Self(open_folder());
        for folder in ["bin", "dev", "etc", "tmp", "data"] {
            fs::create_dir(bare.path(folder)).unwrap();
        }
        fs::set_permissions(bare.path("data"), Permissions::from_mode(0o777)).unwrap();
        fs::write(bare.path("dev/null"), "").unwrap();
        fs::set_permissions(bare.path("dev/null"), Permissions::from_mode(0o666)).unwrap();
        fs::write(bare.path("etc/os-release"), "ID=debian\n").unwrap();
        for (program, name) in [
            (support::program::path("tierdesk"), "tierdesk"),
            ("/bin/sh".into(), "sh"),
        ] {
            bare.copy_with_libraries(&program, name);
        }
        bare
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn copy_with_libraries(&self, program: &Path, name: &str) {
        fs::copy(program, self.path("bin").join(name)).unwrap();
        let said = Command::new("ldd").arg(program).output().unwrap();
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        for library in said.split_whitespace().filter(|it| it.starts_with('/')) {
            let place = self.path(library.trim_start_matches('/'));
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::copy(library, place).unwrap();
        }
    }

    /// An installed PostgreSQL of that version, as far as looking for one goes.
    fn postgres(&self, version: u32) {
        let folder = self.path(&format!("usr/lib/postgresql/{version}/bin"));
        fs::create_dir_all(&folder).unwrap();
        for program in ["initdb", "postgres", "psql", "createdb", "dropdb"] {
            let file = folder.join(program);
            let script = format!("#!/bin/sh\necho \"{program} (PostgreSQL) {version}.9\"\n");
            fs::write(&file, script).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// A package manager that writes down what it is asked, and fails as often as the test says.
    fn manager(&self, name: &str, failures: usize) {
        let script = format!(
            "#!/bin/sh\necho \"$@\" >> /tmp/asked\nread n < /tmp/failures\n[ \"$n\" -ge {failures} ] && exit 0\n\
             echo $((n + 1)) > /tmp/failures\necho \"E: Unable to locate package postgresql\" >&2\nexit 100\n"
        );
        fs::write(self.path("tmp/failures"), "0\n").unwrap();
        let manager = self.path("bin").join(name);
        fs::write(&manager, script).unwrap();
        fs::set_permissions(&manager, Permissions::from_mode(0o755)).unwrap();
    }

    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.path("tmp/asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }

    fn demo(&self, user: u32, settings: &[(&str, &str)]) -> Output {
        Command::new("chroot")
            .arg(format!("--userspec={user}:{user}"))
            .arg(self.0.path())
            .args(["/bin/tierdesk", "demo", "--data", "/data/demo"])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .envs(settings.iter().copied())
            .output()
            .unwrap()
    }
}

fn error(said: &Output) -> String {
    assert!(!said.status.success());
    String::from_utf8_lossy(&said.stderr).into_owned()
}

#[test]
fn where_no_postgresql_is_installed_root_installs_it_and_others_are_told_what_to_do() {
    const INSTALL: &str = "install --yes --no-install-recommends postgresql";
    if !as_root() {
        skip("only root can pretend that this machine has no PostgreSQL");
        return;
    }
    let bare = Bare::new();
    bare.manager("apt-get", 0);

    let told = error(&bare.demo(NOBODY, &[]));
    for words in [
        "PostgreSQL was not found on this machine",
        "sudo apt-get install postgresql",
        "TIERDESK_POSTGRES_BIN",
        "TIERDESK_DATABASE_URL",
    ] {
        assert!(told.contains(words), "`{words}` is missing in:\n{told}");
    }
    let told = error(&bare.demo(0, &[("TIERDESK_NO_INSTALL", "1")]));
    assert!(told.contains("TIERDESK_NO_INSTALL forbids"), "{told}");
    assert!(told.contains("apt-get install postgresql"), "{told}");
    assert_eq!(bare.asked(), Vec::<String>::new());

    let told = error(&bare.demo(0, &[]));
    assert!(
        told.contains("installing `postgresql` with apt-get"),
        "{told}"
    );
    assert_eq!(bare.asked(), [INSTALL]);

    // A machine that has never fetched its lists of packages.
    fs::remove_file(bare.path("tmp/asked")).unwrap();
    bare.manager("apt-get", 1);
    error(&bare.demo(0, &[]));
    assert_eq!(bare.asked(), [INSTALL, "update", INSTALL]);
}

#[test]
fn whatever_the_system_is_the_error_names_what_to_install_there_and_that_an_address_will_do() {
    if !as_root() {
        skip("only root can pretend that this machine has no PostgreSQL");
        return;
    }
    let bare = Bare::new();
    for (system, command) in [
        (
            "ID=ubuntu\nID_LIKE=debian\n",
            "sudo apt-get install postgresql",
        ),
        ("ID=fedora\n", "sudo dnf install postgresql-server"),
        (
            "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n",
            "sudo zypper install postgresql-server",
        ),
        ("ID=arch\n", "sudo pacman -S postgresql"),
        ("ID=alpine\n", "doas apk add postgresql"),
        (
            "ID=haiku\n",
            "`apt-get install postgresql` on Debian and Ubuntu",
        ),
    ] {
        fs::write(bare.path("etc/os-release"), system).unwrap();
        // Root as well, where there is no package manager that it could use.
        for user in [NOBODY, 0] {
            let told = error(&bare.demo(user, &[]));
            for words in [
                "PostgreSQL was not found on this machine",
                &format!("Install PostgreSQL 15 or newer: {command}"),
                "TIERDESK_DATABASE_URL=postgres://user:password@host/database",
            ] {
                assert!(told.contains(words), "`{words}` is missing in:\n{told}");
            }
        }
    }
}

#[test]
fn a_postgresql_that_is_too_old_is_named_with_what_to_install_and_nothing_is_installed() {
    if !as_root() {
        skip("only root can pretend that this machine has an old PostgreSQL");
        return;
    }
    let bare = Bare::new();
    bare.manager("apt-get", 0);
    bare.postgres(14);
    // Root last: the folder that root makes is root's.
    for user in [NOBODY, 0] {
        let told = error(&bare.demo(user, &[]));
        for words in [
            "PostgreSQL 14 is too old",
            "apt.postgresql.org.sh",
            "Debian 12",
            "TIERDESK_POSTGRES_BIN",
            "TIERDESK_DATABASE_URL",
        ] {
            assert!(told.contains(words), "`{words}` is missing in:\n{told}");
        }
        assert!(!told.contains("not found"), "{told}");
    }
    assert_eq!(bare.asked(), Vec::<String>::new());
}

#[test]
fn where_the_distribution_of_dnf_brings_an_old_one_its_module_is_named_and_dnf_runs_once() {
    if !as_root() {
        skip("only root can pretend that this machine has no PostgreSQL");
        return;
    }
    let bare = Bare::new();
    let rocky = "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n";
    fs::write(bare.path("etc/os-release"), rocky).unwrap();
    bare.manager("dnf", 0);
    let told = error(&bare.demo(0, &[]));
    assert!(
        told.contains("installing `postgresql-server` with dnf"),
        "{told}"
    );
    bare.postgres(13);
    let told = error(&bare.demo(0, &[]));
    assert!(told.contains("PostgreSQL 13 is too old"), "{told}");
    assert!(
        told.contains("dnf module install postgresql:16/server"),
        "{told}"
    );
    assert_eq!(bare.asked(), ["install --assumeyes postgresql-server"]);
}
