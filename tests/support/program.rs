//! The real executables, as a person would start them.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

/// The folder of the executables, which are built once.
///
/// Cargo tells a test only the executables of its own package, so they are built here, with what
/// the outer cargo said about this package taken away: build scripts that watch it would build half
/// of the tree again.
static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        let about_us = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if about_us {
            cargo.env_remove(name);
        }
    }
    let test_program = std::env::current_exe().expect("has a path");
    let folder = test_program
        .ancestors()
        .nth(2)
        .expect("target/debug/deps/acceptance-…");
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args([
        "build",
        "--quiet",
        "--workspace",
        "--bins",
    ]);
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo runs");
    assert!(status.success(), "the executables do not build");
    folder.to_owned()
});

/// The path of one of our executables: `tierdesk`, `tierdesk-agent`.
#[must_use]
pub fn path(name: &str) -> PathBuf {
    BUILT.join(name)
}

/// One of our executables, without settings that the person who runs the tests may have.
#[must_use]
pub fn program(name: &str) -> Command {
    let mut command = Command::new(path(name));
    for (name, _) in std::env::vars_os() {
        let ours = name.to_string_lossy();
        if ours == "DATABASE_URL"
            || ours.starts_with("TIERDESK_") && ours != "TIERDESK_POSTGRES_BIN"
        {
            command.env_remove(name);
        }
    }
    command
}
