//! `tierdesk demo-agent` (hidden): the demo's host agent, from the agent's own library, in a process of its own
//! (decision 33). `tierdesk-agent` is the program for real hosts.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use tierdesk_agent::{Config, Stop};

#[derive(Debug, Args)]
pub(crate) struct DemoAgent {
    /// The desk's address
    #[arg(long)]
    server: String,
    /// Folder for key, identity and journal
    #[arg(long)]
    state: PathBuf,
}

/// Works until standard input is closed: it ends with the demo, however that ends.
pub(crate) fn run(agent: &DemoAgent) -> anyhow::Result<()> {
    std::thread::spawn(|| {
        let mut nothing = [0; 64];
        while std::io::stdin().read(&mut nothing).is_ok_and(|n| n > 0) {}
        // What still runs dies with this process: every command asked the kernel for that.
        std::process::exit(0);
    });
    let config = Config::new(&agent.state).context("cannot find this program's own file")?;
    tierdesk_agent::moved(&config, &agent.server)?;
    tierdesk_agent::daemon(&config, &Stop::new())
}
