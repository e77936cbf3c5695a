//! A cargo inside a cargo.

use std::process::Command;

/// The command without what the outer cargo said about this package. Build scripts that watch
/// those variables (ring's does) would otherwise build half of the tree again.
pub(crate) fn forget_outer(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let about_us = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
                || name == "CARGO_BIN_NAME"
        });
        if about_us {
            command.env_remove(name);
        }
    }
    command
}
