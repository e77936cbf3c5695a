//! The mail server that mail leaves through. Without one, mail stays in the developer mailbox.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Problems;

#[derive(Debug, Clone, Args)]
#[group(skip)]
pub(crate) struct Given {
    /// Mail server; without one nothing is sent
    #[arg(long, env = "TIERDESK_SMTP_HOST", value_name = "HOST")]
    pub(crate) smtp_host: Option<String>,
    /// Its port: 587 for `starttls`, 465 for `tls`, 25 for `none`, unless given
    #[arg(long, env = "TIERDESK_SMTP_PORT", value_name = "PORT")]
    pub(crate) smtp_port: Option<String>,
    /// How the connection is protected; `none` is for a mail server on this machine or in a closed
    /// network
    #[arg(
        long,
        env = "TIERDESK_SMTP_SECURITY",
        default_value = "starttls",
        value_name = "HOW"
    )]
    pub(crate) smtp_security: Security,
    /// User name, where the mail server wants one
    #[arg(long, env = "TIERDESK_SMTP_USER", value_name = "NAME")]
    pub(crate) smtp_user: Option<String>,
    /// File with the password; a systemd credential named `tierdesk-smtp-password` works too
    #[arg(long, env = "TIERDESK_SMTP_PASSWORD_FILE", value_name = "FILE")]
    pub(crate) smtp_password_file: Option<PathBuf>,
    /// Sender of all mail, such as `Service Desk <desk@example.org>`
    #[arg(long, env = "TIERDESK_MAIL_FROM", value_name = "ADDRESS")]
    pub(crate) mail_from: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Security {
    Starttls,
    Tls,
    None,
}

/// How mail leaves.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) from: Option<String>,
    pub(crate) smtp: Option<Smtp>,
}

/// A mail server.
pub(crate) struct Smtp {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) login: Option<(String, String)>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let user = self.login.as_ref().map_or("nobody", |(user, _)| user);
        write!(
            out,
            "{}:{} ({:?}, as {user})",
            self.host, self.port, self.security
        )
    }
}

impl Given {
    pub(crate) fn check(&self, problems: &mut Problems) -> Option<Mail> {
        let from = match self.mail_from.as_deref() {
            Some(from) if !is_address(from) => problems.note(
                "TIERDESK_MAIL_FROM",
                format!("`{from}` is no mail address"),
                "write it like desk@example.org or Service Desk <desk@example.org>",
            ),
            from => Some(from.map(str::to_owned)),
        };
        let Some(host) = self.smtp_host.clone().filter(|it| !it.is_empty()) else {
            return Some(Mail {
                from: from?,
                smtp: None,
            });
        };
        if self.mail_from.is_none() {
            problems.note::<()>(
                "TIERDESK_MAIL_FROM",
                "is not set, and mail needs a sender",
                "set it to the address of your service desk",
            );
        }
        let port = match (self.smtp_port.as_deref(), self.smtp_security) {
            (Some(text), _) => match text.parse() {
                Ok(port @ 1..) => Some(port),
                _ => problems.note(
                    "TIERDESK_SMTP_PORT",
                    format!("`{text}` is no port"),
                    "leave it out for the usual one",
                ),
            },
            (None, Security::Starttls) => Some(587),
            (None, Security::Tls) => Some(465),
            (None, Security::None) => Some(25),
        };
        let login = self.login(problems);
        Some(Mail {
            from: from?,
            smtp: Some(Smtp {
                host,
                port: port?,
                security: self.smtp_security,
                login: login?,
            }),
        })
    }

    /// Name and password, or `Some(None)` where the mail server wants neither.
    #[expect(
        clippy::option_option,
        reason = "a missing login and an unusable one differ"
    )]
    fn login(&self, problems: &mut Problems) -> Option<Option<(String, String)>> {
        const FILE: &str = "TIERDESK_SMTP_PASSWORD_FILE";
        let Some(user) = self.smtp_user.clone().filter(|it| !it.is_empty()) else {
            return Some(None);
        };
        if self.smtp_security == Security::None {
            return problems.note(
                "TIERDESK_SMTP_SECURITY",
                "is `none`, and a password would travel in the clear",
                "use starttls or tls, or leave TIERDESK_SMTP_USER out",
            );
        }
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
        match std::fs::read_to_string(&file) {
            Ok(password) => Some(Some((
                user,
                password.trim_end_matches(['\r', '\n']).to_owned(),
            ))),
            Err(error) => problems.note(
                FILE,
                format!("{} cannot be read: {error}", file.display()),
                "let the user of this program own it",
            ),
        }
    }
}

/// Enough to catch a slip; the mail crate parses it for real.
fn is_address(text: &str) -> bool {
    let address = match text.rsplit_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text,
    };
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    !local.is_empty() && !domain.is_empty() && !address.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> Given {
        Given {
            smtp_host: Some("mail.example.org".to_owned()),
            smtp_port: None,
            smtp_security: Security::Starttls,
            smtp_user: None,
            smtp_password_file: None,
            mail_from: Some("Service Desk <desk@example.org>".to_owned()),
        }
    }

    #[test]
    fn the_port_follows_the_protection() {
        for (security, port) in [
            (Security::Starttls, 587),
            (Security::Tls, 465),
            (Security::None, 25),
        ] {
            let given = Given {
                smtp_security: security,
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
            smtp_security: Security::None,
            smtp_user: Some("desk".to_owned()),
            ..given()
        };
        assert!(given.check(&mut problems).is_none());
        assert!(problems.to_string().contains("in the clear"));
    }

    #[test]
    fn mail_needs_a_sender() {
        let mut problems = Problems::default();
        let given = Given {
            mail_from: None,
            ..given()
        };
        given.check(&mut problems);
        assert!(problems.to_string().contains("TIERDESK_MAIL_FROM"));
        assert!(is_address("desk@example.org") && !is_address("desk") && !is_address("a b@c"));
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
        assert_eq!(login.1, "hunter2");
    }
}
