//! What an agent keeps on disk: its key, who it is, and the owner's policy.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use tierdesk_catalogue::Policy;
use tierdesk_protocol::{PublicKey, SecretKey};
use uuid::Uuid;

use crate::Config;

/// Who this agent is, as the server said at enrolment.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// Address of the server, without a path.
    pub(crate) server: String,
    /// The host's id.
    pub(crate) host: Uuid,
    /// Keys whose jobs are believed, pinned at enrolment.
    pub(crate) signer_keys: Vec<PublicKey>,
}

const KEY: &str = "host.key";
const IDENTITY: &str = "identity.json";

/// Makes the state folder, or checks that it is ours alone.
pub(crate) fn prepare_dir(dir: &Path) -> anyhow::Result<()> {
    match DirBuilder::new().recursive(true).mode(0o700).create(dir) {
        Ok(()) => {}
        Err(error) => bail!("cannot make the state folder {}: {error}", dir.display()),
    }
    let meta = fs::metadata(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    if meta.mode() & 0o077 != 0 {
        bail!(
            "{} is open to other users; run: chmod 700 {}",
            dir.display(),
            dir.display()
        );
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        bail!(
            "{} belongs to another user; give it to the agent's user",
            dir.display()
        );
    }
    Ok(())
}

/// Writes a file completely or not at all, and only then returns.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// The host's key, made at first use.
pub(crate) fn load_or_make_key(config: &Config) -> anyhow::Result<SecretKey> {
    let path = config.state_dir.join(KEY);
    match fs::read(&path) {
        Ok(document) => SecretKey::from_pkcs8(&document)
            .with_context(|| format!("{} is damaged; remove it and enrol again", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let (key, document) =
                SecretKey::generate().map_err(|_| anyhow::anyhow!("cannot make a key"))?;
            write_durably(&path, &document)
                .with_context(|| format!("cannot write {}", path.display()))?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Forgets key and identity, so that the next enrolment makes new ones.
pub(crate) fn forget(config: &Config) -> std::io::Result<()> {
    for name in [KEY, IDENTITY] {
        match fs::remove_file(config.state_dir.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Who this agent is; `None` before enrolment.
pub(crate) fn load_identity(config: &Config) -> anyhow::Result<Option<Identity>> {
    let path = config.state_dir.join(IDENTITY);
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .with_context(|| format!("{} is damaged; enrol again", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

pub(crate) fn store_identity(config: &Config, identity: &Identity) -> anyhow::Result<()> {
    let bytes = serde_json::to_vec_pretty(identity)?;
    write_durably(&config.state_dir.join(IDENTITY), &bytes).context("cannot store the identity")
}

/// The owner's policy. A file that cannot be read or understood stops the agent: guessing
/// could allow what the owner forbade.
pub(crate) fn load_policy(config: &Config) -> anyhow::Result<Policy> {
    let path = &config.policy_file;
    match fs::read_to_string(path) {
        Ok(text) => {
            toml::from_str(&text).with_context(|| format!("{} is not a policy", path.display()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Policy::default()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::ExecChild;

    pub(crate) fn config(dir: &Path) -> Config {
        Config {
            state_dir: dir.join("state"),
            policy_file: dir.join("policy.toml"),
            exec_child: ExecChild {
                program: "/nonexistent".into(),
                args: Vec::new(),
            },
            poll_seconds: 1,
        }
    }

    #[test]
    fn the_key_is_made_once_and_only_its_owner_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path());
        prepare_dir(&config.state_dir).unwrap();
        let first = load_or_make_key(&config).unwrap().public();
        assert_eq!(load_or_make_key(&config).unwrap().public(), first);
        let mode = fs::metadata(config.state_dir.join(KEY)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mode = fs::metadata(&config.state_dir).unwrap().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_state_folder_open_to_others_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path());
        prepare_dir(&config.state_dir).unwrap();
        fs::set_permissions(&config.state_dir, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(
            prepare_dir(&config.state_dir)
                .unwrap_err()
                .to_string()
                .contains("chmod 700")
        );
    }

    #[test]
    fn a_policy_that_cannot_be_understood_stops_the_agent() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path());
        assert_eq!(load_policy(&config).unwrap(), Policy::default());
        fs::write(&config.policy_file, "allowed_classes = [\"R0\"]\ndenied_entries = [\"net.ping\"]\ndenied_targets = [\"10.0.0.0/8\"]\n").unwrap();
        let policy = load_policy(&config).unwrap();
        assert_eq!(policy.denied_targets.len(), 1);
        assert!(policy.denied_entries.contains("net.ping"));
        for bad in [
            "allow_classes = [\"R0\"]",
            "allowed_classes = [\"R9\"]",
            "denied_targets = [\"x\"]",
        ] {
            fs::write(&config.policy_file, bad).unwrap();
            assert!(load_policy(&config).is_err(), "{bad}");
        }
    }
}
