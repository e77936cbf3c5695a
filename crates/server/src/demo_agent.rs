//! `tierdesk demo-agent` (hidden): the demo's host agent, from the agent's own library, in a process of its own
//! (decision 33). `tierdesk-agent` is the program for real hosts.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tierdesk_agent::{Config, Stop};

/// How often joining is tried while the desk is still starting, a second apart.
const TRIES: u32 = 60;

#[derive(Debug, Args)]
pub(crate) struct DemoAgent {
    /// The desk's address
    #[arg(long)]
    server: String,
    /// Folder for key, identity and journal
    #[arg(long)]
    state: PathBuf,
}

/// Joins if a token is given (`TIERDESK_ENROLL_TOKEN`), then works until standard input is closed: it ends with the demo,
/// however that ends.
pub(crate) fn run(agent: &DemoAgent) -> anyhow::Result<()> {
    std::thread::spawn(|| {
        let mut nothing = [0; 64];
        while std::io::stdin().read(&mut nothing).is_ok_and(|n| n > 0) {}
        // What still runs dies with this process: every command asked the kernel for that.
        std::process::exit(0);
    });
    let config = Config::new(&agent.state).context("cannot find this program's own file")?;
    if let Ok(token) = std::env::var("TIERDESK_ENROLL_TOKEN") {
        let mut tries = 0;
        while let Err(error) = tierdesk_agent::enrol(&config, &agent.server, &token, true) {
            tries += 1;
            if tries == TRIES {
                return Err(error);
            }
            tracing::debug!(
                error = format!("{error:#}"),
                "the desk is not ready for an agent yet"
            );
            std::thread::sleep(Duration::from_secs(1));
        }
    } else {
        tierdesk_agent::moved(&config, &agent.server)?;
    }
    tierdesk_agent::daemon(&config, &Stop::new())
}
