//! Runs one program: no shell, a clean environment, its own process group, killed as a
//! whole at the deadline or when somebody stops it.

use std::io::Read;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use tierdesk_catalogue::{Exit, Limits, StepOutput};
use tierdesk_protocol::message::Stream;

use crate::exec_child;
use crate::output::{HeadTail, Sink};
use crate::{ExecChild, Stop};

/// Exactly the environment a program sees.
const ENVIRONMENT: [(&str, &str); 10] = [
    ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
    ("LC_ALL", "C.UTF-8"),
    ("LANGUAGE", "C"),
    ("TZ", "UTC"),
    ("NO_COLOR", "1"),
    ("SYSTEMD_PAGER", "cat"),
    ("SYSTEMD_PAGERSECURE", "1"),
    ("PAGER", "cat"),
    ("SYSTEMD_COLORS", "0"),
    ("DEBIAN_FRONTEND", "noninteractive"),
];

/// Output kept for the verdict code, which wants all of it: far above what any entry prints.
const JUDGED_BYTES: u32 = 1024 * 1024;
/// After the program has ended, its output must end too.
const DRAIN: Duration = Duration::from_millis(500);

/// How a step ended that did not end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    TimedOut,
    Stopped,
}

/// What a step needs to know about its run.
pub(crate) struct Bounds<'a> {
    pub(crate) deadline: Instant,
    pub(crate) stop: &'a Stop,
    pub(crate) limits: &'a Limits,
    pub(crate) keep_privileges: bool,
    pub(crate) exec_child: &'a ExecChild,
}

/// Runs a program with exactly these arguments.
pub(crate) fn run(
    program: &Path,
    args: &[String],
    bounds: &Bounds<'_>,
    sink: &mut dyn Sink,
) -> std::io::Result<Result<StepOutput, Ended>> {
    let limits = exec_child::arguments(
        bounds.limits.timeout_seconds.saturating_add(5),
        bounds.limits.memory_bytes,
        bounds.keep_privileges,
    );
    let mut child = Command::new(&bounds.exec_child.program)
        .args(&bounds.exec_child.args)
        .args(limits)
        .arg(program)
        .args(args)
        .env_clear()
        .envs(ENVIRONMENT)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let (sender, receiver) = mpsc::sync_channel(16);
    if let Some(stdout) = child.stdout.take() {
        read_in_background(stdout, Stream::Stdout, sender.clone())?;
    }
    if let Some(stderr) = child.stderr.take() {
        read_in_background(stderr, Stream::Stderr, sender.clone())?;
    }
    drop(sender);

    let mut stdout = HeadTail::new(JUDGED_BYTES, JUDGED_BYTES);
    let mut stderr = HeadTail::new(JUDGED_BYTES / 4, JUDGED_BYTES / 4);
    let mut status = None;
    let mut ended_at = None;
    let mut open = true;
    let verdict = loop {
        match receiver.recv_timeout(Duration::from_millis(20)) {
            Ok((stream, bytes)) => {
                match stream {
                    Stream::Stdout => stdout.push(&bytes),
                    Stream::Stderr => stderr.push(&bytes),
                };
                sink.take(stream, &bytes);
            }
            Err(RecvTimeoutError::Timeout) => sink.tick(),
            Err(RecvTimeoutError::Disconnected) => {
                if open {
                    open = false;
                } else {
                    // It closed its output and lives on: look again in a moment.
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        }
        if status.is_none() {
            status = child.try_wait()?;
            ended_at = status.map(|_| Instant::now());
        }
        // A grandchild may hold the output open after the program has ended.
        if ended_at.is_some_and(|at: Instant| !open || at.elapsed() >= DRAIN) {
            break Ok(());
        }
        if Instant::now() >= bounds.deadline {
            break Err(Ended::TimedOut);
        }
        if bounds.stop.is_set() {
            break Err(Ended::Stopped);
        }
    };
    // Whatever the reason: nothing of this group outlives the step.
    kill_group(&child);
    let status = match status {
        Some(status) => status,
        None => child.wait()?,
    };
    Ok(verdict.map(|()| StepOutput {
        exit: exit(status),
        stdout: stdout.into_bytes(),
        stderr: stderr.into_bytes(),
    }))
}

fn exit(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or(0)),
    }
}

fn kill_group(child: &Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Already gone is fine.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

fn read_in_background(
    mut source: impl Read + Send + 'static,
    stream: Stream,
    sender: SyncSender<(Stream, Vec<u8>)>,
) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name("output".into())
        .stack_size(128 * 1024)
        .spawn(move || {
            let mut buffer = vec![0; 8 * 1024];
            while let Ok(length) = source.read(&mut buffer) {
                if length == 0 || sender.send((stream, buffer[..length].to_vec())).is_err() {
                    break;
                }
            }
        })?;
    Ok(())
}
