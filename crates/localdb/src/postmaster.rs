//! The server process: started so that it cannot outlive us, watched until it is ready, stopped.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::binaries::{Binaries, in_path};
use crate::user::{User, command};

/// How long the server may take to answer; after a crash it first replays its log.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long an orderly stop may take before the server is told to drop everything.
const STOP_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(5);

/// How the server ends: `Orderly` writes everything out first, `AtOnce` recovers at the next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Orderly,
    AtOnce,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Postmaster {
    id: u32,
    data: PathBuf,
    socket_dir: PathBuf,
    /// Told when the server has ended. The lock is only there so that a server can be shared.
    ended: Mutex<mpsc::Receiver<std::io::Result<ExitStatus>>>,
    ending: Ending,
}

/// What a server needs to start.
pub(crate) struct Plan<'a> {
    pub(crate) binaries: &'a Binaries,
    pub(crate) user: Option<&'a User>,
    pub(crate) data: &'a Path,
    pub(crate) socket_dir: &'a Path,
    pub(crate) log: &'a Path,
    /// `name=value` of `postgresql.conf`.
    pub(crate) options: &'a [&'a str],
    pub(crate) ending: Ending,
}

impl Postmaster {
    /// Starts the server and waits until it answers.
    pub(crate) fn start(plan: &Plan<'_>) -> anyhow::Result<Self> {
        let (id, ended) = spawn(server_command(plan)?)?;
        let postmaster = Self {
            id,
            data: plan.data.to_owned(),
            socket_dir: plan.socket_dir.to_owned(),
            ended: Mutex::new(ended),
            ending: plan.ending,
        };
        postmaster.wait_until_ready(plan.log)?;
        Ok(postmaster)
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    fn ended_within(
        &self,
        limit: Duration,
    ) -> Result<std::io::Result<ExitStatus>, mpsc::RecvTimeoutError> {
        self.ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv_timeout(limit)
    }

    fn wait_until_ready(&self, log: &Path) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if PidFile::read(&self.data).is_some_and(|it| it.process == self.id && it.ready) {
                return Ok(());
            }
            let what = match self.ended_within(POLL) {
                Err(mpsc::RecvTimeoutError::Timeout) if Instant::now() < deadline => continue,
                Err(_) => format!("did not answer within {} s", START_LIMIT.as_secs()),
                Ok(_) => "ended at once".to_owned(),
            };
            let said = fs::read_to_string(log).unwrap_or_default();
            bail!("PostgreSQL {what}. It said:\n{}", last_lines(&said, 8));
        }
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        let signal = match self.ending {
            Ending::Orderly => Signal::INT,
            Ending::AtOnce => Signal::QUIT,
        };
        send(self.id, signal);
        if matches!(
            self.ended_within(STOP_LIMIT),
            Err(mpsc::RecvTimeoutError::Timeout)
        ) {
            send(self.id, Signal::QUIT);
            let _ = self.ended_within(STOP_LIMIT);
        }
    }
}

/// The command that becomes the server: as the right user, in a process group of its own so that
/// Ctrl-C in a terminal does not reach it, ending with us when `setpriv` is there to arrange it.
fn server_command(plan: &Plan<'_>) -> anyhow::Result<Command> {
    let log = fs::File::create(plan.log)
        .with_context(|| format!("cannot write {}", plan.log.display()))?;
    let postgres = plan.binaries.program("postgres");
    let mut server = if in_path("setpriv") {
        let mut setpriv = Command::new("setpriv");
        setpriv.current_dir("/").stdin(Stdio::null());
        if let Some(user) = plan.user {
            setpriv.arg(format!("--reuid={}", user.uid));
            setpriv.arg(format!("--regid={}", user.gid));
            setpriv.arg("--clear-groups");
        }
        setpriv.arg("--pdeathsig=SIGQUIT").arg("--").arg(postgres);
        setpriv
    } else {
        command(&postgres, plan.user)
    };
    server
        .arg("-D")
        .arg(plan.data)
        .arg("-k")
        .arg(plan.socket_dir);
    server.args([
        "-c",
        "listen_addresses=",
        "-c",
        "unix_socket_permissions=0700",
    ]);
    for option in plan.options {
        server.args(["-c", option]);
    }
    server.stdout(log.try_clone()?).stderr(log).process_group(0);
    Ok(server)
}

/// Starts the server from a thread that lives until it ends: the kernel's parent-death signal
/// follows the thread that started the process, and a test's own thread ends with the test.
fn spawn(
    mut server: Command,
) -> anyhow::Result<(u32, mpsc::Receiver<std::io::Result<ExitStatus>>)> {
    let (tell_id, told_id) = mpsc::channel();
    let (tell_end, told_end) = mpsc::channel();
    std::thread::Builder::new()
        .name("postgres".to_owned())
        .spawn(move || match server.spawn() {
            Ok(mut child) => {
                let _ = tell_id.send(Ok(child.id()));
                let _ = tell_end.send(child.wait());
            }
            Err(error) => {
                let _ = tell_id.send(Err(error));
            }
        })?;
    let id = told_id.recv()?.context("cannot start PostgreSQL")?;
    Ok((id, told_end))
}

/// Ends the server that a process before us left behind in `data`, if there is one: it happens
/// where `setpriv` is missing, and for a moment after a `kill -9`.
pub(crate) fn end_orphan(data: &Path) -> anyhow::Result<()> {
    let Some(left) = PidFile::read(data) else {
        return Ok(());
    };
    let deadline = Instant::now() + STOP_LIMIT;
    let mut signal = Some(Signal::INT);
    while is_server_of(left.process, data) {
        if Instant::now() > deadline {
            bail!(
                "process {} still runs a database in {}: end it, then start again",
                left.process,
                data.display()
            );
        }
        if let Some(signal) = signal.take() {
            send(left.process, signal);
        }
        std::thread::sleep(POLL);
    }
    // Its file would make PostgreSQL look for a process with that number, which by now may be
    // somebody else's.
    let _ = fs::remove_file(data.join(PidFile::NAME));
    Ok(())
}

/// Whether the process is a PostgreSQL server whose data is in `data`.
fn is_server_of(process: u32, data: &Path) -> bool {
    fs::read(format!("/proc/{process}/cmdline")).is_ok_and(|line| {
        let mut words = line.split(|byte| *byte == 0);
        let program = words.next().unwrap_or_default();
        program.ends_with(b"postgres")
            && words.any(|word| word == data.as_os_str().as_encoded_bytes())
    })
}

fn send(process: u32, signal: Signal) {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended by itself; then there is nothing to do.
        let _ = kill_process(pid, signal);
    }
}

/// `postmaster.pid`: the process in line 1, its state in line 8.
struct PidFile {
    process: u32,
    ready: bool,
}

impl PidFile {
    const NAME: &'static str = "postmaster.pid";

    fn read(data: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(data.join(Self::NAME)).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        Some(Self {
            process: text.lines().next()?.trim().parse().ok()?,
            ready: text.lines().nth(7).is_some_and(|it| it.trim() == "ready"),
        })
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_says_in_its_file_when_it_is_ready() {
        let starting = "77\n/data\n1700000000\n0\n/sock\n\n  0 1\nstarting\n";
        let it = PidFile::parse(starting).expect("readable");
        assert_eq!((it.process, it.ready), (77, false));
        let it = PidFile::parse(&starting.replace("starting", "ready   ")).expect("readable");
        assert!(it.ready);
        assert!(PidFile::parse("").is_none());
    }

    #[test]
    fn a_process_that_is_something_else_is_no_server() {
        assert!(!is_server_of(std::process::id(), Path::new("/data")));
    }
}
