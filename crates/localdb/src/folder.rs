//! Folders with one owner at a time.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};

/// Held as long as this process uses the folder; the kernel releases it when the process ends,
/// however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    const NAME: &'static str = "lock";

    /// Takes the folder, or says that somebody else has it. A lock that was just given back may live for a moment more in
    /// a child that another thread is starting, until that child becomes its program; hence more than one try.
    pub(crate) fn take(dir: &Path) -> anyhow::Result<Self> {
        for _ in 0..50 {
            if let Some(lock) = Self::try_take(dir)? {
                return Ok(lock);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!(
            "another Tierdesk is using {}: stop it first, or choose another folder with --data",
            dir.display()
        )
    }

    /// Takes the folder unless somebody else has it.
    pub(crate) fn try_take(dir: &Path) -> anyhow::Result<Option<Self>> {
        let path = dir.join(Self::NAME);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_at_a_time() {
        let dir = tempfile::tempdir().expect("a folder");
        let first = Lock::take(dir.path()).expect("free");
        let error = Lock::take(dir.path()).expect_err("taken");
        assert!(error.to_string().contains("another Tierdesk"), "{error}");
        drop(first);
        Lock::take(dir.path()).expect("free again");
    }
}
