//! The instance secret: the key that seals secrets at rest. It is a file or a systemd credential,
//! never an environment variable, which every child process and crash report would see.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use clap::Args;
use tierdesk_desk::Keys;
use tierdesk_domain::secret::Secret;

use super::Problems;

const SETTING: &str = "TIERDESK_SECRET_FILE";
/// Name of the systemd credential (`LoadCredential=tierdesk-secret:…`).
const CREDENTIAL: &str = "tierdesk-secret";

#[derive(Debug, Clone, Args)]
#[group(skip)]
#[command(next_help_heading = "Secret")]
pub(crate) struct Given {
    /// File with the instance secret that `tierdesk secret new` makes; a systemd credential named
    /// `tierdesk-secret` works too
    #[arg(long, env = SETTING, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
}

/// The secret's text and where it came from.
pub(crate) struct InstanceSecret {
    pub(crate) text: Secret,
    pub(crate) source: PathBuf,
}

impl Given {
    pub(crate) fn check(&self, problems: &mut Problems) -> Option<InstanceSecret> {
        let credential = std::env::var_os("CREDENTIALS_DIRECTORY")
            .map(|dir| PathBuf::from(dir).join(CREDENTIAL))
            .filter(|path| path.exists());
        self.read(credential, problems)
    }

    fn read(&self, credential: Option<PathBuf>, problems: &mut Problems) -> Option<InstanceSecret> {
        const MAKE: &str = "make one: tierdesk secret new --output /etc/tierdesk/secret, keep a \
                            copy with your backups, and set TIERDESK_SECRET_FILE=/etc/tierdesk/secret";
        let Some(source) = self.secret_file.clone().or(credential) else {
            return problems.note(SETTING, "is not set, so there is no instance secret", MAKE);
        };
        let meta = match std::fs::metadata(&source) {
            Ok(meta) => meta,
            Err(error) => {
                return problems.note(SETTING, format!("{}: {error}", source.display()), MAKE);
            }
        };
        if meta.permissions().mode() & 0o077 & !0o040 != 0 {
            return problems.note(
                SETTING,
                format!("{} can be read or changed by others", source.display()),
                format!("close it: chmod 0600 {}", source.display()),
            );
        }
        match std::fs::read_to_string(&source) {
            Ok(text) if Keys::read(&text).is_err() => problems.note(
                SETTING,
                format!(
                    "{} holds no secret that `tierdesk secret new` made",
                    source.display()
                ),
                "put the file of your backup in its place",
            ),
            Ok(text) => Some(InstanceSecret {
                text: Secret::new(text),
                source,
            }),
            Err(error) => problems.note(
                SETTING,
                format!("{} cannot be read: {error}", source.display()),
                "let the user of this program own it",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_secret_the_way_to_make_one_is_told() {
        let mut problems = Problems::default();
        let given = Given { secret_file: None };
        assert!(given.read(None, &mut problems).is_none());
        assert!(problems.to_string().contains("tierdesk secret new"));
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("secret");
        std::fs::write(&path, Keys::generate()).expect("writes");
        let given = Given {
            secret_file: Some(path.clone()),
        };
        for (mode, usable) in [(0o644, false), (0o666, false), (0o600, true), (0o640, true)] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("sets");
            let found = given.read(None, &mut Problems::default());
            assert_eq!(found.is_some(), usable, "{mode:o}");
        }
    }
}
