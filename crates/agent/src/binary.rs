//! Which program a step means: the first listed path that exists, and only when nobody but
//! root could have put it there.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What became of the search.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Run this.
    Program(PathBuf),
    /// None of the paths exists.
    Missing,
    /// It exists, but somebody else than root could change it.
    Untrusted(PathBuf),
}

/// Finds a program among absolute paths. No `PATH`, no current folder.
pub(crate) fn find(paths: &[&str]) -> Found {
    for path in paths
        .iter()
        .map(Path::new)
        .filter(|path| path.is_absolute())
    {
        // Links such as /bin or alternatives are followed; what counts is the file.
        let Ok(real) = path.canonicalize() else {
            continue;
        };
        let Ok(meta) = real.metadata() else { continue };
        if !meta.is_file() {
            continue;
        }
        return if meta.uid() == 0 && meta.mode() & 0o022 == 0 {
            Found::Program(real)
        } else {
            Found::Untrusted(real)
        };
    }
    Found::Missing
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_program_of_the_system_is_found_and_a_missing_one_is_not() {
        assert!(matches!(
            find(&["/nonexistent/ls", "/bin/ls"]),
            Found::Program(_)
        ));
        assert_eq!(find(&["/nonexistent/ls", "ls"]), Found::Missing);
        assert_eq!(find(&["/usr"]), Found::Missing);
    }

    #[test]
    fn a_program_that_others_may_write_is_not_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ls");
        std::fs::copy("/bin/ls", &path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
        let text = path.to_str().unwrap();
        assert!(matches!(find(&[text]), Found::Untrusted(_)));
    }
}
