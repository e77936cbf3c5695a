//! `tierdesk config check`: everything that is wrong with the settings, and how to mend it.
#![expect(
    clippy::print_stdout,
    reason = "a command's answer goes to standard output"
)]

use std::process::ExitCode;

use clap::Subcommand;

use crate::serve;
use crate::settings::{Given, Settings};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell what is wrong with the settings and the database, and how to mend it; secrets are never shown
    Check(Box<Given>),
}

pub(crate) async fn run(command: &Command) -> ExitCode {
    let Command::Check(given) = command;
    match given.check() {
        Ok(settings) => {
            print!("{}", describe(&settings));
            match serve::desk(&settings).await {
                Ok(_) => ExitCode::SUCCESS,
                Err(error) => {
                    println!("But nothing can start:\n  {}", crate::told(&error));
                    ExitCode::FAILURE
                }
            }
        }
        Err(problems) => {
            println!("These settings cannot be used:");
            print!("{problems}");
            ExitCode::FAILURE
        }
    }
}

/// The settings that will be used, without secrets.
fn describe(settings: &Settings) -> String {
    let web = &settings.web;
    let proxies: Vec<_> = web
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    let mail = match (&settings.mail.smtp, &settings.mail.from) {
        (Some(smtp), Some(from)) => format!(
            "through {}:{} ({:?}, {}), from {}",
            smtp.host,
            smtp.port,
            smtp.security,
            smtp.login.as_ref().map_or("nobody", |it| it.user.as_str()),
            from.address
        ),
        _ => "waits: no mail server is set (TIERDESK_SMTP_HOST), so nobody gets an invitation, a link or an answer by mail"
            .to_owned(),
    };
    format!(
        "The settings can be used.\n  name         {}\n  address      {}\n  listens on   {}\n  \
         proxies      {}\n  database     {:?}\n  secret       from {}\n  mail         {}\n  attachments  {}\n",
        web.name,
        web.base_url,
        web.listen,
        if proxies.is_empty() {
            "none".to_owned()
        } else {
            proxies.join(", ")
        },
        settings.database,
        settings.secret.source.display(),
        mail,
        settings.files.attachments.display(),
    )
}
