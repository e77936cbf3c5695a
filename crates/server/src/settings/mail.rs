//! The mail server that mail leaves through. Without one, mail waits in the outbox.

use std::path::PathBuf;

use clap::Args;
use tierdesk_domain::outbox::Way;
use tierdesk_domain::secret::Secret;
use tierdesk_mail::settings::{Login, Security, SettingsError};
use tierdesk_mail::{Address, Mailbox, SmtpSettings};

use super::Problems;

#[derive(Debug, Clone, Args)]
#[group(skip)]
#[command(next_help_heading = "Mail")]
pub(crate) struct Given {
    /// Mail server; without one nothing is sent, and mail waits until there is one
    #[arg(long, env = "TIERDESK_SMTP_HOST", value_name = "HOST")]
    pub(crate) smtp_host: Option<String>,
    /// Its port: 587 for `starttls`, 465 for `tls`, 25 for the others, unless given
    #[arg(long, env = "TIERDESK_SMTP_PORT", value_name = "PORT")]
    pub(crate) smtp_port: Option<String>,
    /// How the connection is protected: `starttls`, `tls`, `plain` (to this machine only) or
    /// `plain-trusted-network` (without a password)
    #[arg(
        long,
        env = "TIERDESK_SMTP_SECURITY",
        default_value = "starttls",
        value_name = "HOW"
    )]
    pub(crate) smtp_security: String,
    /// User name, where the mail server wants one
    #[arg(long, env = "TIERDESK_SMTP_USER", value_name = "NAME")]
    pub(crate) smtp_user: Option<String>,
    /// File with the password; a systemd credential named `tierdesk-smtp-password` works too
    #[arg(long, env = "TIERDESK_SMTP_PASSWORD_FILE", value_name = "FILE")]
    pub(crate) smtp_password_file: Option<PathBuf>,
    /// File (PEM) with a certificate authority of your own, for a mail server inside the company
    #[arg(long, env = "TIERDESK_SMTP_AUTHORITY_FILE", value_name = "FILE")]
    pub(crate) smtp_authority_file: Option<PathBuf>,
    /// Sender of all mail, such as `Service Desk <desk@example.org>`
    #[arg(long, env = "TIERDESK_MAIL_FROM", value_name = "ADDRESS")]
    pub(crate) mail_from: Option<String>,
    /// What ticket numbers begin with in mail subjects
    #[arg(
        long,
        env = "TIERDESK_TICKET_PREFIX",
        default_value = "TD",
        value_name = "WORD"
    )]
    pub(crate) ticket_prefix: String,
}

/// How mail leaves.
#[derive(Debug)]
pub(crate) struct Mail {
    /// The sender; set whenever a mail server is.
    pub(crate) from: Option<Mailbox>,
    pub(crate) smtp: Option<SmtpSettings>,
    pub(crate) prefix: String,
}

impl Mail {
    /// Where mail goes with these settings.
    pub(crate) fn way(&self) -> Way {
        match self.smtp {
            Some(_) => Way::Server,
            None => Way::Nowhere,
        }
    }
}

impl Given {
    pub(crate) fn check(&self, problems: &mut Problems) -> Option<Mail> {
        let from = self.from(problems);
        let smtp = self.smtp(problems);
        let prefix = self.prefix(problems);
        let (from, smtp) = (from?, smtp?);
        if smtp.is_some() && from.is_none() {
            return problems.note(
                "TIERDESK_MAIL_FROM",
                "is not set, and mail needs a sender",
                "set it to the address of your service desk",
            );
        }
        Some(Mail {
            from,
            smtp,
            prefix: prefix?,
        })
    }

    #[expect(
        clippy::option_option,
        reason = "a missing sender and an unusable one differ"
    )]
    fn from(&self, problems: &mut Problems) -> Option<Option<Mailbox>> {
        let Some(given) = self.mail_from.as_deref().filter(|it| !it.is_empty()) else {
            return Some(None);
        };
        let (name, address) = match given.split_once('<') {
            Some((name, rest)) => (name.trim(), rest.trim_end().trim_end_matches('>')),
            None => ("", given),
        };
        match address.trim().parse::<Address>() {
            Ok(address) => Some(Some(Mailbox::new(name, address))),
            Err(_) => problems.note(
                "TIERDESK_MAIL_FROM",
                format!("`{given}` is no mail address"),
                "write it like desk@example.org or Service Desk <desk@example.org>",
            ),
        }
    }

    fn prefix(&self, problems: &mut Problems) -> Option<String> {
        let prefix = &self.ticket_prefix;
        let fits =
            (1..=10).contains(&prefix.len()) && prefix.chars().all(|it| it.is_ascii_alphanumeric());
        if fits {
            return Some(prefix.clone());
        }
        problems.note(
            "TIERDESK_TICKET_PREFIX",
            format!("`{prefix}` is no word of up to ten letters and digits"),
            "leave it out for TD, as in TD-10482",
        )
    }

    #[expect(
        clippy::option_option,
        reason = "no mail server and an unusable one differ"
    )]
    fn smtp(&self, problems: &mut Problems) -> Option<Option<SmtpSettings>> {
        let Some(host) = self.smtp_host.as_deref().filter(|it| !it.is_empty()) else {
            return Some(None);
        };
        let security = match self.smtp_security.parse::<Security>() {
            Ok(security) => security,
            Err(error) => return blame("TIERDESK_SMTP_SECURITY", &error, problems),
        };
        let port = match self.smtp_port.as_deref().map(str::parse) {
            None => Some(security.default_port()),
            Some(Ok(port @ 1..)) => Some(port),
            Some(_) => problems.note(
                "TIERDESK_SMTP_PORT",
                "is no port",
                "leave it out for the usual one",
            ),
        };
        let login = self.login(problems);
        let authority = match &self.smtp_authority_file {
            None => Some(None),
            Some(file) => read(file, "TIERDESK_SMTP_AUTHORITY_FILE", problems).map(Some),
        };
        let settings = SmtpSettings {
            port: port?,
            login: login?,
            authority: authority?,
            ..SmtpSettings::new(host, security)
        };
        match settings.check() {
            Ok(()) => Some(Some(settings)),
            Err(error) => blame("TIERDESK_SMTP_SECURITY", &error, problems),
        }
    }

    /// Name and password, or `Some(None)` where the mail server wants neither.
    #[expect(
        clippy::option_option,
        reason = "a missing login and an unusable one differ"
    )]
    fn login(&self, problems: &mut Problems) -> Option<Option<Login>> {
        const FILE: &str = "TIERDESK_SMTP_PASSWORD_FILE";
        let Some(user) = self.smtp_user.clone().filter(|it| !it.is_empty()) else {
            return Some(None);
        };
        let credential = std::env::var_os("CREDENTIALS_DIRECTORY")
            .map(|dir| PathBuf::from(dir).join("tierdesk-smtp-password"))
            .filter(|path| path.exists());
        let Some(file) = self.smtp_password_file.clone().or(credential) else {
            return problems.note(
                FILE,
                "is not set, and TIERDESK_SMTP_USER is",
                "write the password to a file of mode 0600 and name it here",
            );
        };
        let password = String::from_utf8(read(&file, FILE, problems)?).unwrap_or_default();
        Some(Some(Login {
            user,
            password: Secret::new(password.trim_end_matches(['\r', '\n']).to_owned()),
        }))
    }
}

fn read(file: &std::path::Path, setting: &'static str, problems: &mut Problems) -> Option<Vec<u8>> {
    match std::fs::read(file) {
        Ok(bytes) => Some(bytes),
        Err(error) => problems.note(
            setting,
            format!("{} cannot be read: {error}", file.display()),
            "let the user of this program own it",
        ),
    }
}

/// The mail crate's errors say what is wrong and, after the colon, what to do.
fn blame<T>(setting: &'static str, error: &SettingsError, problems: &mut Problems) -> Option<T> {
    let text = error.to_string();
    let (wrong, mend) = text.split_once(": ").unwrap_or((&text, "change it"));
    problems.note(setting, wrong, mend)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> Given {
        Given {
            smtp_host: Some("mail.example.org".to_owned()),
            smtp_port: None,
            smtp_security: "starttls".to_owned(),
            smtp_user: None,
            smtp_password_file: None,
            smtp_authority_file: None,
            mail_from: Some("Service Desk <desk@example.org>".to_owned()),
            ticket_prefix: "TD".to_owned(),
        }
    }

    #[test]
    fn the_port_follows_the_protection() {
        for (security, port) in [
            ("starttls", 587),
            ("tls", 465),
            ("plain-trusted-network", 25),
        ] {
            let given = Given {
                smtp_security: security.to_owned(),
                ..given()
            };
            let mail = given.check(&mut Problems::default()).expect("usable");
            assert_eq!(mail.smtp.expect("a server").port, port);
        }
    }

    #[test]
    fn a_password_never_travels_in_the_clear() {
        let mut problems = Problems::default();
        let given = Given {
            smtp_security: "plain-trusted-network".to_owned(),
            smtp_user: Some("desk".to_owned()),
            smtp_password_file: Some("/dev/null".into()),
            ..given()
        };
        assert!(given.check(&mut problems).is_none());
        assert!(problems.to_string().contains("unencrypted"), "{problems}");
    }

    #[test]
    fn mail_needs_a_sender_with_an_address() {
        for from in [None, Some("the desk"), Some("Desk <desk>")] {
            let mut problems = Problems::default();
            let given = Given {
                mail_from: from.map(str::to_owned),
                ..given()
            };
            assert!(given.check(&mut problems).is_none());
            assert!(problems.to_string().contains("TIERDESK_MAIL_FROM"));
        }
    }

    #[test]
    fn the_password_is_read_without_its_line_end_and_never_shown() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("password");
        std::fs::write(&file, "hunter2\n").expect("writes");
        let given = Given {
            smtp_user: Some("desk".to_owned()),
            smtp_password_file: Some(file),
            ..given()
        };
        let mail = given.check(&mut Problems::default()).expect("usable");
        assert!(!format!("{mail:?}").contains("hunter2"));
        let login = mail.smtp.expect("a server").login.expect("a login");
        assert_eq!(login.password.reveal(), "hunter2");
    }
}
