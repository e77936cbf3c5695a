//! `exec-child`: the small step between fork and exec, without `unsafe`.
//!
//! The agent starts itself again with limits as arguments; this code sets them on its own
//! process and then becomes the program. Its environment was cleared by the parent.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use rustix::process::{Resource, Rlimit, Signal};

/// The exit code for a program that could not be started.
pub(crate) const CANNOT_START: u8 = 127;

/// The arguments that set these limits, up to and including the `--` before the program.
pub(crate) fn arguments(
    cpu_seconds: u32,
    memory_bytes: u64,
    keep_privileges: bool,
) -> [OsString; 4] {
    [
        cpu_seconds.to_string().into(),
        memory_bytes.to_string().into(),
        if keep_privileges {
            "privileges"
        } else {
            "plain"
        }
        .into(),
        "--".into(),
    ]
}

/// Limits this process as its arguments (without `exec-child` itself) say, then becomes the
/// program. Returns only when that fails.
pub fn exec_child(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match limit_and_exec(args.into_iter()) {
        Ok(never) => match never {},
        Err(error) => {
            use std::io::Write as _;
            // Nobody to tell when this fails: stderr is all there is.
            let _ = writeln!(std::io::stderr(), "tierdesk-agent: cannot start: {error}");
            ExitCode::from(CANNOT_START)
        }
    }
}

fn limit_and_exec(
    mut args: impl Iterator<Item = OsString>,
) -> std::io::Result<std::convert::Infallible> {
    let bad_use = || std::io::Error::new(std::io::ErrorKind::InvalidInput, "bad use of exec-child");
    let number = |arg: Option<OsString>| -> std::io::Result<u64> {
        arg.and_then(|text| text.to_str()?.parse().ok())
            .ok_or_else(bad_use)
    };
    let cpu_seconds = number(args.next())?;
    let memory_bytes = number(args.next())?;
    let mode = args.next().ok_or_else(bad_use)?;
    if args.next().ok_or_else(bad_use)? != "--" {
        return Err(bad_use());
    }
    let program = args.next().ok_or_else(bad_use)?;

    // Die with the agent, even when it is killed.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let limits = [
        (Resource::Cpu, cpu_seconds),
        (Resource::Data, memory_bytes),
        (Resource::Fsize, 16 * 1024 * 1024),
        (Resource::Nofile, 256),
        (Resource::Core, 0),
    ];
    for (resource, limit) in limits {
        let limit = Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        };
        rustix::process::setrlimit(resource, limit)?;
    }
    // Politeness, not safety: a container may forbid it.
    let _ = rustix::process::nice(10);
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    if mode != "privileges" {
        rustix::thread::set_no_new_privs(true)?;
    }
    Err(Command::new(program).args(args).exec())
}
