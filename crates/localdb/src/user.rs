//! The unprivileged user that the server runs as, when we are root.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// Users that may own the database, best first. PostgreSQL wants one that `/etc/passwd` knows.
const CANDIDATES: [&str; 4] = ["postgres", "tierdesk", "nobody", "daemon"];

/// An unprivileged user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Whether this process is root.
pub(crate) fn running_as_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whom the server runs as: nobody else but us, unless we are root.
pub(crate) fn for_server() -> anyhow::Result<Option<User>> {
    if !running_as_root() {
        return Ok(None);
    }
    let passwd = std::fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    let Some(user) = choose(&passwd) else {
        bail!(
            "PostgreSQL refuses to run as root, and this machine has no unprivileged user to run it: \
             add one with `useradd --system postgres`"
        );
    };
    Ok(Some(user))
}

fn choose(passwd: &str) -> Option<User> {
    CANDIDATES.iter().find_map(|name| {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let found = fields.next() == Some(name);
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            (found && uid != 0).then(|| User {
                name: (*name).to_owned(),
                uid,
                gid,
            })
        })
    })
}

/// A command that runs as `user`, away from our terminal and folder.
pub(crate) fn command(program: &Path, user: Option<&User>) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").stdin(Stdio::null());
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

/// Says which folder on the way to `path` the user cannot pass, if there is one.
pub(crate) fn check_reachable(path: &Path, user: &User) -> anyhow::Result<()> {
    for dir in path.ancestors().skip(1) {
        let Ok(meta) = std::fs::metadata(dir) else {
            continue;
        };
        let may_pass = if meta.uid() == user.uid {
            meta.mode() & 0o100 != 0
        } else if meta.gid() == user.gid {
            meta.mode() & 0o010 != 0
        } else {
            meta.mode() & 0o001 != 0
        };
        if !may_pass {
            bail!(
                "the database runs as the user `{}`, who may not enter {}: choose a folder elsewhere, \
                 such as /var/lib/tierdesk-demo, with --data",
                user.name,
                dir.display()
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_postgres_user_comes_first_and_root_never() {
        let passwd = "root:x:0:0::/root:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n\
                      postgres:x:105:113::/var/lib/postgresql:/bin/bash\n";
        let user = choose(passwd).expect("a user");
        assert_eq!(
            (user.name.as_str(), user.uid, user.gid),
            ("postgres", 105, 113)
        );
        assert_eq!(choose("postgres:x:0:0::/:/bin/sh\n"), None);
    }

    #[test]
    fn without_a_postgres_user_nobody_will_do() {
        let user = choose("nobody:x:65534:65534::/:/bin/false\n").expect("a user");
        assert_eq!(user.uid, 65534);
    }

    #[test]
    fn a_closed_folder_on_the_way_is_named() {
        let closed = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(closed.path(), PermissionsExt::from_mode(0o700)).expect("closes");
        let stranger = User {
            name: "stranger".to_owned(),
            uid: 4_000_000,
            gid: 4_000_000,
        };
        let error = check_reachable(&closed.path().join("data"), &stranger).expect_err("closed");
        assert!(
            error
                .to_string()
                .contains(&closed.path().display().to_string())
        );
    }
}
