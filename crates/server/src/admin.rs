//! `tierdesk admin …` and `tierdesk audit verify`: what an operator does at the console.
#![expect(
    clippy::print_stdout,
    reason = "a command's answer goes to standard output"
)]

use std::process::ExitCode;

use anyhow::bail;
use chrono::Utc;
use clap::Subcommand;
use tierdesk_desk::invitation::Invite;
use tierdesk_desk::{Caller, DeskError};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::text::t;

use crate::serve;
use crate::settings::{Given, Settings};

/// `tierdesk admin …`
#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// Invite a person by mail; the link in it works for 72 hours
    Invite(Box<InviteSomebody>),
    /// Print the link with which an administrator who forgot their password sets a new one; it works for 15 minutes
    ResetPassword(Box<ResetPassword>),
}

/// `tierdesk audit …`
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Walk the whole chain and name the first row that was changed, taken out or moved
    Verify(Box<Given>),
}

#[derive(Debug, clap::Args)]
pub(crate) struct InviteSomebody {
    #[command(flatten)]
    pub(crate) settings: Given,
    /// The person's name
    #[arg(long)]
    person: String,
    /// The address the invitation goes to
    #[arg(long)]
    email: String,
    /// They may configure the desk
    #[arg(long)]
    administrator: bool,
    /// They watch promises and flow of all teams
    #[arg(long)]
    manager: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ResetPassword {
    #[command(flatten)]
    pub(crate) settings: Given,
    /// The administrator's mail address
    pub(crate) email: String,
}

/// Prints the link alone on standard output.
pub(crate) async fn reset_password(settings: &Settings, email: &str) -> anyhow::Result<()> {
    let desk = serve::desk(settings).await?;
    match desk.reset_at_console(email, Utc::now()).await {
        Ok(link) => {
            eprintln!("Open this link within 15 minutes; it works once:");
            println!("{}", link.reveal());
            Ok(())
        }
        Err(DeskError::NotFound) => bail!(
            "no administrator who has joined has the address {email}; everybody else is sent a link on their page under People"
        ),
        Err(error) => Err(error.into()),
    }
}

/// Invites a person; the worker sends the mail.
pub(crate) async fn invite(settings: &Settings, somebody: &InviteSomebody) -> anyhow::Result<()> {
    let desk = serve::desk(settings).await?;
    let invite = Invite {
        name: somebody.person.clone(),
        email: somebody.email.clone(),
        administrator: somebody.administrator,
        manager: somebody.manager,
        ..Invite::default()
    };
    match desk
        .invite(&Caller::machine(Actor::system()), invite, Utc::now())
        .await
    {
        Ok(_) => {
            eprintln!("The invitation to {} is in the outbox.", somebody.email);
            if !desk.settings.mail.leads_somewhere() {
                eprintln!("It waits there: no mail server is set (TIERDESK_SMTP_HOST).");
            }
            Ok(())
        }
        Err(DeskError::Invalid(errors)) => {
            let lines: Vec<_> = errors
                .iter()
                .map(|it| format!("{}: {}", it.field, t(it.message)))
                .collect();
            bail!("{}", lines.join("\n"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Verifies the audit log; fails with the first fault.
pub(crate) async fn verify(settings: &Settings) -> anyhow::Result<ExitCode> {
    let desk = serve::desk(settings).await?;
    match desk.verify_audit(Utc::now()).await? {
        Ok(rows) => {
            eprintln!("{rows} rows, and nothing is wrong with any of them.");
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => {
            eprintln!("tierdesk: {fault}");
            Ok(ExitCode::FAILURE)
        }
    }
}
