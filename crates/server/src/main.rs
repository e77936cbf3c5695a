//! The program `tierdesk`: settings, wiring, commands.
#![warn(missing_docs)]

mod admin;
mod config;
mod demo;
mod demo_agent;
mod http;
mod migrate;
mod secret;
mod serve;
mod settings;
mod sla_compute;
mod stop;
mod telemetry;
mod work;

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
    /// Start a whole helpdesk to try: its own database, a company with a month of tickets, web and worker
    Demo(Box<demo::Demo>),
    /// The demo's own host agent
    #[command(hide = true)]
    DemoAgent(demo_agent::DemoAgent),
    /// Serve the pages until SIGTERM or Ctrl-C
    Serve(Box<Serve>),
    /// Do what happens by itself: clocks, mail, triage, jobs; until SIGTERM or Ctrl-C
    Worker(Box<settings::Given>),
    /// Bring the database up to date; connects as its owner and makes the roles `tierdesk_app` and `tierdesk_signer`
    Migrate(settings::database::Given),
    /// Administer people from the console
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Look at the audit log's chain
    #[command(subcommand)]
    Audit(admin::Audit),
    /// Look at the settings
    #[command(subcommand)]
    Config(config::Command),
    /// Make the instance secret
    #[command(subcommand)]
    Secret(secret::Command),
    /// Ask the working-hours engine
    #[command(subcommand)]
    Sla(Sla),
}

#[derive(Debug, clap::Args)]
struct Serve {
    #[command(flatten)]
    settings: settings::Given,
    /// Work in this process too, instead of beside it with `tierdesk worker`
    #[arg(long)]
    with_worker: bool,
}

#[derive(Debug, Subcommand)]
enum Sla {
    /// Compute due times and elapsed times: JSON lines on standard input, answers on standard output
    ///
    /// Each line: {"id", "calendar": {"zone", "windows": {"mon": [["09:00","17:00"]], …}, "holidays": [date…],
    /// "dates": {date: windows}}, "start", "business_seconds" or "end", "pauses": [[from, to], …]}
    Compute,
}

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == "exec-child") {
        // The step between the demo's agent and a diagnostic: limits itself, then becomes the program.
        return tierdesk_agent::exec_child(args);
    }
    let program = Program::parse();
    let result = runtime().and_then(|runtime| runtime.block_on(run(program)));
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tierdesk: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes, each said once: some repeat the one behind them.
fn told(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if said.is_empty() {
            said = cause;
        } else if !said.contains(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    said
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

async fn run(program: Program) -> anyhow::Result<ExitCode> {
    let demo = matches!(program.command, Command::Demo(_) | Command::DemoAgent(_));
    telemetry::start(&program.log, demo)?;
    match program.command {
        Command::Demo(demo) => {
            demo::run(&demo).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::DemoAgent(agent) => {
            tokio::task::spawn_blocking(move || demo_agent::run(&agent)).await??;
            Ok(ExitCode::SUCCESS)
        }
        Command::Serve(given) => {
            serve::run(&usable(&given.settings)?, given.with_worker).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Worker(given) => {
            work::run(&usable(&given)?).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Migrate(given) => {
            let mut problems = settings::Problems::default();
            match given.check(&mut problems) {
                Some(database) => migrate::run(&database).await?,
                None => return Err(settings::refuse(&problems)),
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Admin(admin::Admin::Invite(invite)) => {
            admin::invite(&usable(&invite.settings)?, &invite).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Admin(admin::Admin::ResetPassword(reset)) => {
            admin::reset_password(&usable(&reset.settings)?, &reset.email).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Audit(admin::Audit::Verify(given)) => admin::verify(&usable(&given)?).await,
        Command::Config(command) => Ok(config::run(&command).await),
        Command::Secret(command) => secret::run(&command).map(|()| ExitCode::SUCCESS),
        Command::Sla(Sla::Compute) => {
            sla_compute::run(std::io::stdin().lock(), std::io::stdout().lock())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn usable(given: &settings::Given) -> anyhow::Result<settings::Settings> {
    given
        .check()
        .map_err(|problems| settings::refuse(&problems))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        let error = anyhow::anyhow!("refused")
            .context("the port: refused")
            .context("cannot start");
        assert_eq!(super::told(&error), "cannot start: the port: refused");
    }

    #[test]
    fn the_command_line_holds_together() {
        super::Program::command().debug_assert();
    }
}
