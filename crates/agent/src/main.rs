//! `tierdesk-agent`: the host agent's own program.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};
use tierdesk_agent::{Config, Stop, visible};
use tierdesk_catalogue::ENTRIES;
use tierdesk_protocol::message::HostState;

/// The exit code for bad use.
const BAD_USE: u8 = 2;

#[derive(Parser)]
#[command(
    name = "tierdesk-agent",
    version,
    about = "Runs Tierdesk's diagnostics on this host."
)]
struct Args {
    /// Folder for this host's key, identity and journal.
    #[arg(
        long,
        env = "TIERDESK_AGENT_STATE",
        default_value = "/var/lib/tierdesk-agent",
        global = true
    )]
    state_dir: PathBuf,
    /// The owner's policy: what may run here.
    #[arg(
        long,
        env = "TIERDESK_AGENT_POLICY",
        default_value = "/etc/tierdesk-agent/policy.toml",
        global = true
    )]
    policy: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Join a server. The token comes from TIERDESK_ENROLL_TOKEN, from standard input, or is asked for.
    Enroll {
        /// The server, such as https://desk.example.org.
        server: String,
        /// Forget an earlier enrolment and make a new key.
        #[arg(long)]
        again: bool,
    },
    /// Work: ask the server for jobs and run them, until ended.
    Daemon,
    /// List what this build can run.
    Catalogue {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run one diagnostic here and now, by the same code as a job.
    Run {
        /// The diagnostic, such as dns.dig.
        id: String,
        /// Its parameters, as name=value.
        params: Vec<String>,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say what is well on this host and what is not.
    Doctor,
}

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == "exec-child") {
        return tierdesk_agent::exec_child(args);
    }
    let args = Args::parse();
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("TIERDESK_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info")),
        )
        .init();
    match act(args) {
        Ok(code) => code,
        Err(error) => {
            say_error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Errors hold words of servers and files.
fn say_error(text: &str) {
    // Nobody to tell when this fails.
    let _ = writeln!(std::io::stderr(), "tierdesk-agent: {}", visible(text));
}

fn act(args: Args) -> anyhow::Result<ExitCode> {
    let mut config = Config::new(&args.state_dir).context("cannot find this program's own file")?;
    config.policy_file = args.policy;
    let mut out = std::io::stdout().lock();
    match args.command {
        Command::Enroll { server, again } => {
            let token = read_token()?;
            let enrolled = tierdesk_agent::enrol(&config, &server, &token, again)?;
            match enrolled.state {
                HostState::Active => writeln!(out, "This host has joined as {}.", enrolled.host)?,
                HostState::Pending => writeln!(
                    out,
                    "This host waits for approval. The administrator's page must show these words:\n\n    {}\n",
                    enrolled.code
                )?,
            }
            writeln!(out, "Now start: tierdesk-agent daemon")?;
        }
        Command::Daemon => tierdesk_agent::daemon(&config, &Stop::new())?,
        Command::Catalogue { json: true } => {
            serde_json::to_writer_pretty(&mut out, &tierdesk_agent::catalogue_json())?;
            writeln!(out)?;
        }
        Command::Catalogue { json: false } => {
            for entry in ENTRIES {
                writeln!(out, "{:<12} {}  {}", entry.id, entry.class, entry.title)?;
                for spec in entry.params {
                    let given = match (spec.default, spec.optional) {
                        (Some(default), _) => format!("default {default}"),
                        (None, true) => "optional".to_owned(),
                        (None, false) => "needed".to_owned(),
                    };
                    writeln!(
                        out,
                        "{:<12}     {}=…  {} ({given})",
                        "", spec.name, spec.hint
                    )?;
                }
            }
        }
        Command::Run { id, params, json } => {
            let raw = match pairs(&params) {
                Ok(raw) => raw,
                Err(error) => {
                    say_error(&format!("{error:#}"));
                    return Ok(ExitCode::from(BAD_USE));
                }
            };
            let run = match tierdesk_agent::run_entry(&config, &id, &raw) {
                Ok(run) => run,
                Err(error) => {
                    say_error(&error.to_string());
                    return Ok(ExitCode::from(BAD_USE));
                }
            };
            if json {
                serde_json::to_writer_pretty(&mut out, &run.json)?;
                writeln!(out)?;
            } else {
                let text = |key: &str| run.json[key].as_str().unwrap_or_default().to_owned();
                writeln!(out, "{}: {}\n", text("verdict"), visible(&text("summary")))?;
                write!(out, "{}", visible(&String::from_utf8_lossy(&run.output)))?;
            }
        }
        Command::Doctor => {
            let findings = tierdesk_agent::doctor(&config);
            for finding in &findings {
                writeln!(
                    out,
                    "{} {}",
                    if finding.well { "ok     " } else { "PROBLEM" },
                    finding.text
                )?;
            }
            if findings.iter().any(|finding| !finding.well) {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn pairs(params: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut raw = BTreeMap::new();
    for param in params {
        let (name, value) = param
            .split_once('=')
            .with_context(|| format!("{param:?} is no parameter; write name=value"))?;
        if raw.insert(name.to_owned(), value.to_owned()).is_some() {
            bail!("{name} is there twice; give it once");
        }
    }
    Ok(raw)
}

/// The token, never from the command line: other users can read that.
fn read_token() -> anyhow::Result<String> {
    if let Ok(token) = std::env::var("TIERDESK_ENROLL_TOKEN") {
        return Ok(token);
    }
    if std::io::stdin().is_terminal() {
        write!(std::io::stderr(), "Enrolment token: ")?;
    }
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .context("cannot read the token")?;
    let token = line.trim();
    if token.is_empty() {
        bail!("no token; an administrator makes one under Hosts, Add a host");
    }
    Ok(token.to_owned())
}
