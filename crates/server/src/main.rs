//! The program `tierdesk`: settings, wiring, commands.
#![warn(missing_docs)]

mod config;
#[cfg(test)]
mod http;
mod settings;
mod telemetry;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A tiered helpdesk: people file tickets, a bot takes the first look, engineers work queues, and
/// typed diagnostics run on enrolled hosts.
#[derive(Debug, Parser)]
#[command(name = "tierdesk", version, max_term_width = 100)]
struct Program {
    #[command(flatten)]
    log: settings::log::Given,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look at the settings
    #[command(subcommand)]
    Config(config::Command),
}

#[tokio::main]
async fn main() -> ExitCode {
    let program = Program::parse();
    match run(program).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tierdesk: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(program: Program) -> anyhow::Result<ExitCode> {
    telemetry::start(&program.log)?;
    match program.command {
        Command::Config(command) => Ok(config::run(&command)),
    }
}
