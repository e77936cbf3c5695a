//! Where an agent keeps its things.

use std::ffi::OsString;
use std::path::PathBuf;

/// How to start the limiting child: a program and its first arguments.
#[derive(Debug, Clone)]
pub struct ExecChild {
    /// The program, usually the agent itself.
    pub program: PathBuf,
    /// Arguments before the limits.
    pub args: Vec<OsString>,
}

impl ExecChild {
    /// The running program with its hidden `exec-child` command.
    pub fn current() -> std::io::Result<Self> {
        Ok(ExecChild {
            program: std::env::current_exe()?,
            args: vec!["exec-child".into()],
        })
    }
}

/// Settings of one agent.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder for key, identity and journal; only the agent's user may enter it (0700).
    pub state_dir: PathBuf,
    /// The owner's policy; the default policy applies where the file does not exist.
    pub policy_file: PathBuf,
    /// How commands are started.
    pub exec_child: ExecChild,
    /// How long one question for work may wait at the server, in seconds (at most 25).
    pub poll_seconds: u32,
}

impl Config {
    /// The usual settings with this state folder; the policy lies in `/etc/tierdesk-agent`.
    pub fn new(state_dir: impl Into<PathBuf>) -> std::io::Result<Self> {
        Ok(Config {
            state_dir: state_dir.into(),
            policy_file: PathBuf::from("/etc/tierdesk-agent/policy.toml"),
            exec_child: ExecChild::current()?,
            poll_seconds: tierdesk_protocol::message::MAX_WAIT_SECONDS,
        })
    }
}
