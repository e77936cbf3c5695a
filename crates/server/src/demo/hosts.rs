//! The demo's hosts: this very machine with a real agent, and eleven that were recorded elsewhere (decision 38).

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_catalogue::{ENTRIES, Policy};
use tierdesk_desk::enrolment::NewToken;
use tierdesk_desk::host::{Recorded, Report};
use tierdesk_desk::{Caller, Desk, Origin};
use tierdesk_domain::host::{HostState, SERVER_VANTAGE};
use tierdesk_protocol::SecretKey;
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
        agent_version: tierdesk_agent::VERSION.to_owned(),
        hostname: machine.name.to_owned(),
        facts: facts.as_object().cloned().unwrap_or_default(),
        policy: Policy::default(),
        catalogue: ENTRIES
            .iter()
            .map(|entry| (entry.id.to_owned(), entry.hash().to_string()))
            .collect(),
    }
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

/// Starts the agent of this very machine, the server's own vantage. It joins at its first start, and again when the desk
/// was reset.
pub(super) async fn start(
    desk: &Desk,
    dir: &Path,
    base_url: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<Agent> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let state = dir.join("agent");
    std::fs::create_dir_all(&state)?;
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o700))?;
    let mut command = Command::new(&program);
    command
        .args(["demo-agent", "--server", base_url, "--state"])
        .arg(&state)
        .env_remove("TIERDESK_ENROLL_TOKEN")
        .stdin(Stdio::piped());
    // Unprivileged where root starts us and its user can reach the program.
    let root = std::fs::metadata(&state)?.uid() == 0 || std::fs::metadata("/proc/self")?.uid() == 0;
    if root && reachable(&program) && reachable(&state.join("x")) {
        own(&state)?;
        command.uid(NOBODY).gid(NOBODY);
    }
    if !joined(desk, &state).await? {
        let caller = administrator(desk).await?;
        let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname")?;
        let new = NewToken {
            minutes: "60".to_owned(),
            uses: "1".to_owned(),
            expected_name: hostname.trim().to_owned(),
            labels: SERVER_VANTAGE.to_owned(),
        };
        let made = desk.make_enrolment_token(&caller, &new, now).await?;
        command.env("TIERDESK_ENROLL_TOKEN", made.secret);
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
    let found = host::find(&mut conn, tierdesk_domain::id::HostId(id)).await?;
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

/// Gives the agent's folder and all in it to its user.
fn own(state: &Path) -> anyhow::Result<()> {
    let mut folders: Vec<PathBuf> = vec![state.to_owned()];
    while let Some(folder) = folders.pop() {
        std::os::unix::fs::chown(&folder, Some(NOBODY), Some(NOBODY))?;
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY))?;
            }
        }
    }
    Ok(())
}
