//! `tierdesk secret new`: the instance secret.
#![expect(
    clippy::print_stdout,
    reason = "a command's answer goes to standard output"
)]

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use tierdesk_desk::Keys;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an instance secret: the key that seals passwords of mail servers and links in unsent mail
    ///
    /// Keep a copy with your backups: without it what it sealed cannot be read again.
    New {
        /// Write it to this file (mode 0600) instead of standard output; an existing file is never overwritten
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// With --output: leave an existing file as it is, and succeed
        #[arg(long, requires = "output")]
        keep: bool,
    },
}

pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let Command::New { output, keep } = command;
    match output {
        None => println!("{}", Keys::generate()),
        Some(path) => {
            let made = write_new(path)?;
            if !made && !keep {
                anyhow::bail!(
                    "{} exists; what the secret in it sealed could not be read with another one. To use \
                     it, leave it; to replace it, move it away first",
                    path.display()
                );
            }
        }
    }
    Ok(())
}

/// Writes a fresh secret that only its owner can read, unless the file exists. Returns whether it did.
pub(crate) fn write_new(path: &Path) -> anyhow::Result<bool> {
    let opened = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let mut file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot write {}", path.display()));
        }
    };
    writeln!(file, "{}", Keys::generate())?;
    file.sync_all()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_is_written_once_and_for_its_owner_only() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("secret");
        assert!(write_new(&path).expect("writes"));
        let first = std::fs::read_to_string(&path).expect("readable");
        assert!(Keys::read(&first).is_ok());
        let mode = std::fs::metadata(&path)
            .expect("exists")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);

        assert!(!write_new(&path).expect("leaves it"));
        assert_eq!(std::fs::read_to_string(&path).expect("readable"), first);
        let again = Command::New {
            output: Some(path),
            keep: false,
        };
        assert!(run(&again).is_err());
    }
}
