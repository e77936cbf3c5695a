//! The demo's hosts: this very machine with a real agent, and eleven that were recorded elsewhere (decision 38).

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_agent::Config;
use tierdesk_catalogue::{ENTRIES, Facts, Policy};
use tierdesk_desk::enrolment::{Joining, NewToken};
use tierdesk_desk::host::{Recorded, Report};
use tierdesk_desk::{Caller, Desk, Origin};
use tierdesk_domain::host::{HostState, SERVER_VANTAGE};
use tierdesk_domain::id::HostId;
use tierdesk_protocol::message::EnrolResponse;
use tierdesk_protocol::message::HostState::Active;
use tierdesk_protocol::{PublicKey, SecretKey, enrolment_code};
use tierdesk_store::{host, person};

use super::company::{self, MACHINES, Machine};

/// The user that the agent runs as when the demo runs as root: `nobody` everywhere.
const NOBODY: u32 = 65_534;

/// The administrator of the company, who lets hosts join.
async fn administrator(desk: &Desk) -> anyhow::Result<Caller> {
    let (name, _) = company::GUIDES[5];
    let mut conn = desk.acquire().await?;
    let id = person::by_email(&mut conn, &company::address(name)).await?;
    let id = id.context("the demo's administrator is missing")?;
    let principal = person::principal(&mut conn, id).await?;
    let principal = principal.context("the demo's administrator was deactivated")?;
    Ok(Caller::person(principal, Origin::default()))
}

/// Enrols the recorded hosts, each with a key of its own.
pub(super) async fn recorded(desk: &Desk, now: DateTime<Utc>) -> anyhow::Result<()> {
    let caller = administrator(desk).await?;
    for machine in &MACHINES {
        let (key, _) = SecretKey::generate().map_err(|_| anyhow::anyhow!("cannot make a key"))?;
        let recorded = Recorded {
            public_key: key.public().as_bytes().to_vec(),
            labels: machine.labels.join(" "),
            owner: machine.owner.map(company::address).unwrap_or_default(),
            report: report(machine),
        };
        desk.enrol_recorded_host(&caller, &recorded, now).await?;
    }
    Ok(())
}

fn report(machine: &Machine) -> Report {
    let facts = json!({
        "os": machine.system,
        "architecture": "x86_64",
        "cpus": machine.processors,
        "memory_total_kib": u64::from(machine.memory_mib) * 1024,
        "site": machine.site,
        "systemd": true,
    });
    Report {
        facts: facts.as_object().cloned().unwrap_or_default(),
        ..said(machine.name.to_owned())
    }
}

/// What every agent of this build says, whatever its host.
fn said(hostname: String) -> Report {
    Report {
        agent_version: tierdesk_agent::VERSION.to_owned(),
        hostname,
        facts: Facts::new(),
        policy: Policy::default(),
        catalogue: ENTRIES
            .iter()
            .map(|entry| (entry.id.to_owned(), entry.hash().to_string()))
            .collect(),
    }
}

/// The settings of this very machine's agent.
pub(super) fn this_machine(dir: &Path) -> anyhow::Result<Config> {
    Config::new(dir.join("agent")).context("cannot find this program's own file")
}

/// Lets this very machine join as the server's own vantage, with the same token, proof and answer as over the wire.
pub(super) async fn join(
    desk: &Desk,
    config: &Config,
    now: DateTime<Utc>,
) -> anyhow::Result<HostId> {
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname")?;
    let new = NewToken {
        minutes: "60".to_owned(),
        uses: "1".to_owned(),
        expected_name: hostname.trim().to_owned(),
        labels: SERVER_VANTAGE.to_owned(),
    };
    let caller = administrator(desk).await?;
    let made = desk.make_enrolment_token(&caller, &new, now).await?;
    if root()? && config.state_dir.exists() {
        // An agent of before has it.
        own(&config.state_dir, 0)?;
    }
    let request = tierdesk_agent::joining(config, made.secret.reveal(), true)?;
    let signer_keys: Vec<PublicKey> = desk
        .signer_keys()
        .await?
        .iter()
        .filter_map(|key| PublicKey::from_bytes(key).ok())
        .collect();
    let signer = signer_keys.first().context("no key signs jobs")?;
    let joining = Joining {
        code: enrolment_code(&request.public_key, signer),
        token: made.secret.clone(),
        hostname: request.hostname.clone(),
        machine: request.machine.clone(),
        public_key: request.public_key.as_bytes().to_vec(),
        agent_version: request.agent_version.clone(),
    };
    let host = desk
        .join_host(&Origin::default(), &joining, now)
        .await?
        .host;
    let response = EnrolResponse {
        host: host.0,
        state: Active,
        signer_keys,
    };
    tierdesk_agent::joined(config, desk.settings.base_url.clone(), &request, &response)?;
    let report = Report {
        facts: tierdesk_agent::facts(config),
        ..said(request.hostname)
    };
    desk.host_report(host, &report, now).await?;
    Ok(host)
}

/// The running agent; it ends when this is dropped, and with our process in any case.
pub(super) struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        // Already gone is fine; what is left is collected.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the agent of this very machine. It joins again when the desk no longer knows it.
pub(super) async fn start(desk: &Desk, dir: &Path, now: DateTime<Utc>) -> anyhow::Result<Agent> {
    let config = this_machine(dir)?;
    let state = &config.state_dir;
    if !joined(desk, state).await? {
        join(desk, &config, now).await?;
    }
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let mut command = Command::new(&program);
    command
        .args(["demo-agent", "--server", &desk.settings.base_url, "--state"])
        .arg(state)
        .stdin(Stdio::piped());
    // Unprivileged where root starts us and its user can reach the program.
    if root()? && reachable(&program) && reachable(&state.join("x")) {
        own(state, NOBODY)?;
        command.uid(NOBODY).gid(NOBODY);
    }
    Ok(Agent(
        command.spawn().context("cannot start the demo's agent")?,
    ))
}

/// Whether the agent of this folder is a host of this desk.
async fn joined(desk: &Desk, state: &Path) -> anyhow::Result<bool> {
    let Some(id) = tierdesk_agent::host_id(state)? else {
        return Ok(false);
    };
    let mut conn = desk.acquire().await?;
    let found = host::find(&mut conn, HostId(id)).await?;
    Ok(found.is_some_and(|host| host.state == HostState::Active))
}

/// Whether everybody may pass the folders above a file.
fn reachable(file: &Path) -> bool {
    file.ancestors()
        .skip(1)
        .filter(|folder| !folder.as_os_str().is_empty())
        .filter(|folder| !folder.ends_with("agent"))
        .all(|folder| std::fs::metadata(folder).is_ok_and(|meta| meta.mode() & 0o001 != 0))
}

fn root() -> anyhow::Result<bool> {
    Ok(std::fs::metadata("/proc/self")?.uid() == 0)
}

/// Gives the agent's folder and all in it to a user.
fn own(state: &Path, user: u32) -> anyhow::Result<()> {
    let mut folders: Vec<PathBuf> = vec![state.to_owned()];
    while let Some(folder) = folders.pop() {
        std::os::unix::fs::chown(&folder, Some(user), Some(user))?;
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                std::os::unix::fs::chown(&path, Some(user), Some(user))?;
            }
        }
    }
    Ok(())
}
