//! What an operator can set: one module per concern, read from the environment or the command
//! line (so that `--help` documents each), checked all at once.
//!
//! Values arrive as text and are checked here and not by clap, because `tierdesk config check`
//! shall tell everything that is wrong, and not only the first thing.

pub(crate) mod database;
pub(crate) mod files;
pub(crate) mod log;
pub(crate) mod mail;
pub(crate) mod secret;
pub(crate) mod web;

use std::fmt;

use clap::Args;

/// A setting that cannot be used, and the way to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The environment variable.
    pub(crate) setting: &'static str,
    /// What is wrong with its value. Never the value of a secret.
    pub(crate) wrong: String,
    /// What to do.
    pub(crate) mend: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}\n    {}", self.setting, self.wrong, self.mend)
    }
}

/// Collects what is wrong while the settings are read.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a problem; returns nothing, so that a check can end with it.
    pub(crate) fn note<T>(
        &mut self,
        setting: &'static str,
        wrong: impl Into<String>,
        mend: impl Into<String>,
    ) -> Option<T> {
        self.0.push(Problem {
            setting,
            wrong: wrong.into(),
            mend: mend.into(),
        });
        None
    }

    /// Whether nothing is wrong.
    pub(crate) fn none(&self) -> bool {
        self.0.is_empty()
    }

    /// One problem after the other.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(out, "  {problem}")?;
        }
        Ok(())
    }
}

/// Every setting of the server, as given.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub(crate) struct Given {
    #[command(flatten)]
    pub(crate) database: database::Given,
    #[command(flatten)]
    pub(crate) secret: secret::Given,
    #[command(flatten)]
    pub(crate) web: web::Given,
    #[command(flatten)]
    pub(crate) mail: mail::Given,
    #[command(flatten)]
    pub(crate) files: files::Given,
}

/// Every setting of the server, usable.
pub(crate) struct Settings {
    pub(crate) database: database::Database,
    pub(crate) secret: secret::InstanceSecret,
    pub(crate) web: web::Web,
    pub(crate) mail: mail::Mail,
    pub(crate) files: files::Files,
}

impl Settings {
    /// The domain of our Message-IDs: the sender's, else the host that people type.
    pub(crate) fn mail_domain(&self) -> String {
        match &self.mail.from {
            Some(from) => {
                let address = from.address.to_string();
                let (_, domain) = address.rsplit_once('@').unwrap_or_default();
                domain.to_ascii_lowercase()
            }
            None => {
                let host = self.web.base_url.split("://").nth(1).unwrap_or_default();
                host.split(':').next().unwrap_or_default().to_owned()
            }
        }
    }
}

impl Given {
    /// The settings, or everything that is wrong with them.
    pub(crate) fn check(&self) -> Result<Settings, Problems> {
        let mut problems = Problems::default();
        let database = self.database.check(&mut problems);
        let secret = self.secret.check(&mut problems);
        let web = self.web.check(&mut problems);
        let mail = self.mail.check(&mut problems);
        let files = self.files.check(&mut problems);
        match (database, secret, web, mail, files) {
            (Some(database), Some(secret), Some(web), Some(mail), Some(files))
                if problems.none() =>
            {
                Ok(Settings {
                    database,
                    secret,
                    web,
                    mail,
                    files,
                })
            }
            _ => Err(problems),
        }
    }
}

/// Settings that cannot be used, as an error for a command that needs them.
pub(crate) fn refuse(problems: &Problems) -> anyhow::Error {
    anyhow::anyhow!(
        "the settings cannot be used:\n{problems}`tierdesk config check` tries them again."
    )
}
