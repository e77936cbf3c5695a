//! Runs an entry, by the same code for a job and for a person at the host's own console.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value as Json, json};
use tierdesk_catalogue::{
    Argv, ENTRIES, Entry, Exit, Judgement, Native, Observation, ParamError, Params, Policy, Reach,
    Run, StepOutput, find, judge, plan, unresolved,
};
use tierdesk_protocol::message::Stream;

use crate::binary::{self, Found};
use crate::output::{HeadTail, Sink};
use crate::redact::Redactor;
use crate::step::{self, Ended};
use crate::{Config, ExecChild, Stop, probe, state};

/// The most of a file that a step reads, in bytes.
const MOST_OF_A_FILE: u64 = 64 * 1024;

/// How a run ended.
#[derive(Debug)]
pub(crate) enum Finished {
    /// It ran and was judged.
    Judged {
        judgement: Judgement,
        exit: Exit,
    },
    /// It could not run.
    Failed(String),
    TimedOut,
    Stopped,
    /// A name led to an address that the owner forbids.
    Forbidden,
    /// It led to one that the job does not reach.
    OutOfReach,
}

impl From<probe::Forbidden> for Finished {
    fn from(forbidden: probe::Forbidden) -> Self {
        match forbidden {
            probe::Forbidden::ByOwner(ip) => {
                tracing::warn!(%ip, "the owner's policy forbids this target");
                Self::Forbidden
            }
            probe::Forbidden::OutOfReach(ip) => {
                tracing::warn!(%ip, "the job does not reach this target");
                Self::OutOfReach
            }
        }
    }
}

/// Runs an entry to its end, within the owner's policy and the job's reach.
pub(crate) fn run(
    entry: &Entry,
    params: &Params,
    (policy, reach): (&Policy, Reach),
    exec_child: &ExecChild,
    stop: &Stop,
    sink: &mut dyn Sink,
) -> Finished {
    let deadline = Instant::now() + Duration::from_secs(entry.limits.timeout_seconds.into());
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        });
    let judged = |observation: &Observation, exit: Exit| Finished::Judged {
        judgement: judge(entry, params, observation, now),
        exit,
    };
    let targets = probe::Bounds {
        deadline,
        policy,
        reach,
    };
    if let Run::Native(native) = entry.run {
        let (observation, text) = match native_probe(native, params, &targets) {
            Ok(seen) => seen,
            Err(forbidden) => return forbidden.into(),
        };
        sink.take(Stream::Stdout, text.as_bytes());
        return if stop.is_set() {
            Finished::Stopped
        } else {
            judged(&observation, Exit::Code(0))
        };
    }
    let pinned = match pin(params, &targets) {
        Ok(pinned) => pinned,
        Err(finished) => return finished,
    };
    let bounds = step::Bounds {
        deadline,
        stop,
        limits: &entry.limits,
        keep_privileges: !entry.privileges.is_empty(),
        exec_child,
    };
    let mut outputs: Vec<StepOutput> = Vec::new();
    for argv in plan(entry, &pinned) {
        match run_step(&argv, &outputs, &bounds, sink) {
            Ok(Ok(output)) => outputs.push(output),
            Ok(Err(Ended::TimedOut)) => return Finished::TimedOut,
            Ok(Err(Ended::Stopped)) => return Finished::Stopped,
            Err(reason) => return Finished::Failed(reason),
        }
    }
    let exit = outputs
        .iter()
        .rev()
        .map(|output| &output.exit)
        .find(|exit| **exit != Exit::Skipped)
        .cloned()
        .unwrap_or(Exit::Code(0));
    judged(&Observation::Steps(outputs), exit)
}

fn native_probe(
    native: Native,
    params: &Params,
    bounds: &probe::Bounds<'_>,
) -> Result<(Observation, String), probe::Forbidden> {
    let text = |name: &str| params.text(name).unwrap_or_default();
    let port = || {
        params
            .number("port")
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or(443)
    };
    Ok(match native {
        Native::Tcp => {
            let (seen, shown) = probe::tcp(&text("host"), port(), bounds)?;
            (Observation::Tcp(seen), shown)
        }
        Native::Tls => {
            let (seen, shown) =
                probe::tls(&text("host"), port(), params.text("sni").as_deref(), bounds)?;
            (Observation::Tls(seen), shown)
        }
        Native::Http => {
            let (seen, shown) = probe::http(&text("url"), bounds)?;
            (Observation::Http(seen), shown)
        }
    })
}

/// A program resolves names itself, and only addresses can be held to anything. Where they are, a name is resolved here, must
/// lead to allowed addresses only, and the program gets one of them: a second look might lead elsewhere.
fn pin(params: &Params, targets: &probe::Bounds<'_>) -> Result<Params, Finished> {
    let Some(host) = params.text("host").filter(|_| targets.restricts()) else {
        return Ok(params.clone());
    };
    let family = params.text("family");
    let fits = |ip: &IpAddr| match family.as_deref() {
        Some("4") => ip.is_ipv4(),
        Some("6") => ip.is_ipv6(),
        _ => true,
    };
    let found = probe::addresses(&host, targets)?;
    match found.into_iter().find(fits) {
        Some(address) => Ok(params.with_address("host", address)),
        None => Err(Finished::Judged {
            judgement: unresolved(&host),
            exit: Exit::Skipped,
        }),
    }
}

fn run_step(
    argv: &Argv,
    before: &[StepOutput],
    bounds: &step::Bounds<'_>,
    sink: &mut dyn Sink,
) -> Result<Result<StepOutput, Ended>, String> {
    let ended_without_running = |exit| StepOutput {
        exit,
        stdout: Vec::new(),
        stderr: Vec::new(),
    };
    match argv {
        Argv::File(path) => Ok(Ok(read_file(path, sink))),
        Argv::Command {
            binary,
            package,
            args,
            condition,
        } => {
            if !condition.holds(before) {
                return Ok(Ok(ended_without_running(Exit::Skipped)));
            }
            sink.take(Stream::Stdout, format!("$ {}\n", argv.display()).as_bytes());
            match binary::find(binary) {
                Found::Program(program) => step::run(&program, args, bounds, sink)
                    .map_err(|error| format!("cannot start {}: {error}", program.display())),
                Found::Missing => {
                    sink.take(
                        Stream::Stderr,
                        format!("not installed; the package {package} brings it\n").as_bytes(),
                    );
                    Ok(Ok(ended_without_running(Exit::NotInstalled(
                        (*package).to_owned(),
                    ))))
                }
                Found::Untrusted(path) => Err(format!(
                    "{} can be changed by others than root; run: chown root {0} and chmod go-w {0}",
                    path.display()
                )),
            }
        }
    }
}

fn read_file(path: &'static str, sink: &mut dyn Sink) -> StepOutput {
    let mut contents = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(MOST_OF_A_FILE).read_to_end(&mut contents));
    match read {
        Ok(_) => {
            sink.take(Stream::Stdout, format!("# {path}\n").as_bytes());
            sink.take(Stream::Stdout, &contents);
            if !contents.ends_with(b"\n") {
                sink.take(Stream::Stdout, b"\n");
            }
            StepOutput {
                exit: Exit::Code(0),
                stdout: contents,
                stderr: Vec::new(),
            }
        }
        Err(error) => {
            sink.take(Stream::Stderr, format!("{path}: {error}\n").as_bytes());
            StepOutput {
                exit: Exit::Unreadable,
                stdout: Vec::new(),
                stderr: Vec::new(),
            }
        }
    }
}

/// Why an entry was not run at a person's request.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No such entry.
    #[error("there is no diagnostic {0}; `tierdesk-agent catalogue` lists them")]
    UnknownEntry(String),
    /// Wrong parameters.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Params(Vec<ParamError>),
    /// The owner's policy says no.
    #[error("{0}")]
    Policy(#[from] tierdesk_catalogue::PolicyRefusal),
    /// The policy cannot be read.
    #[error("{0:#}")]
    Config(anyhow::Error),
}

/// What a run at a person's request brought.
#[derive(Debug)]
pub struct LocalRun {
    /// The result as `run --json` prints it.
    pub json: Json,
    /// The redacted output, with control characters as they came.
    pub output: Vec<u8>,
}

struct Collected {
    redactors: [Redactor; 2],
    kept: HeadTail,
}

impl Sink for Collected {
    fn take(&mut self, stream: Stream, bytes: &[u8]) {
        let redacted = self.redactors[usize::from(stream == Stream::Stderr)].push(bytes);
        self.kept.push(&redacted);
    }
}

/// Runs one entry now, on this host, under the owner's policy.
pub fn run_entry(
    config: &Config,
    id: &str,
    raw: &BTreeMap<String, String>,
) -> Result<LocalRun, RunError> {
    let entry = find(id).ok_or_else(|| RunError::UnknownEntry(id.to_owned()))?;
    let params = Params::parse(entry, raw).map_err(RunError::Params)?;
    let policy = state::load_policy(config).map_err(RunError::Config)?;
    policy.check_entry(entry)?;
    policy.check_params(&params)?;
    let mut sink = Collected {
        redactors: Default::default(),
        kept: HeadTail::new(entry.limits.head_bytes, entry.limits.tail_bytes),
    };
    let began = Instant::now();
    let finished = run(
        entry,
        &params,
        // Whoever is at the host's own console may look at the host.
        (&policy, Reach::Anywhere),
        &config.exec_child,
        &Stop::new(),
        &mut sink,
    );
    for index in 0..sink.redactors.len() {
        let rest = sink.redactors[index].finish();
        sink.kept.push(&rest);
    }
    let (verdict, summary, facts, exit) = match finished {
        Finished::Judged { judgement, exit } => (
            judgement.verdict.as_str(),
            judgement.summary,
            judgement.facts,
            Some(exit),
        ),
        Finished::Failed(reason) => ("unknown", reason, Default::default(), None),
        Finished::TimedOut => (
            "unknown",
            "It took too long and was stopped.".into(),
            Default::default(),
            None,
        ),
        Finished::Stopped => (
            "unknown",
            "It was stopped.".into(),
            Default::default(),
            None,
        ),
        Finished::Forbidden | Finished::OutOfReach => (
            "unknown",
            "This host's own policy does not allow probes to that address.".into(),
            Default::default(),
            None,
        ),
    };
    let exit_code = match &exit {
        Some(Exit::Code(code)) => json!(code),
        _ => Json::Null,
    };
    let dropped = sink.kept.dropped();
    let output = sink.kept.into_bytes();
    Ok(LocalRun {
        json: json!({
            "id": entry.id,
            "verdict": verdict,
            "summary": summary,
            "facts": facts,
            "exit_code": exit_code,
            "exit": exit,
            "duration_ms": u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            "dropped_bytes": dropped,
            "output": String::from_utf8_lossy(&output),
        }),
        output,
    })
}

/// The catalogue as `catalogue --json` prints it.
pub fn catalogue_json() -> Json {
    ENTRIES
        .iter()
        .map(|entry| {
            let mut argv = entry.argv_template();
            // One command is one array; several are an array of arrays.
            let argv = if argv.len() == 1 {
                json!(argv.remove(0))
            } else {
                json!(argv)
            };
            json!({
                "id": entry.id,
                "title": entry.title,
                "class": entry.class,
                "argv": argv,
                "params": entry.params,
                "limits": entry.limits,
                "privileges": entry.privileges,
                "summary": entry.summary,
                "hash": entry.hash().to_string(),
            })
        })
        .collect()
}
