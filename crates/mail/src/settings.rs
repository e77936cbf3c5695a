//! How the desk reaches its mail server, checked before the first mail.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use tierdesk_domain::secret::Secret;

/// How the connection to the mail server is protected. There is no "encrypt if offered": a listener in the middle would simply
/// not offer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Begin in clear and insist on STARTTLS (port 587).
    StartTls,
    /// TLS from the first byte (port 465).
    Tls,
    /// No encryption; only to this machine itself.
    PlainLoopback,
    /// No encryption to another machine on a network that the operator trusts, such as the network of a compose file. Never
    /// with a password.
    PlainTrustedNetwork,
}

impl Security {
    /// The customary port.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::PlainLoopback | Self::PlainTrustedNetwork => 25,
        }
    }
}

impl std::str::FromStr for Security {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "starttls" => Ok(Self::StartTls),
            "tls" => Ok(Self::Tls),
            "plain" => Ok(Self::PlainLoopback),
            "plain-trusted-network" => Ok(Self::PlainTrustedNetwork),
            _ => Err(SettingsError::UnknownSecurity(text.to_owned())),
        }
    }
}

/// A name and a password for the mail server.
#[derive(Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// How long to wait for the mail server, by what is waited for (RFC 5321 section 4.5.3.2, shortened where people wait).
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For the connection, TLS and the greeting together.
    pub connect: Duration,
    /// For the answer to each command.
    pub command: Duration,
    /// For the answer after the whole message was sent: servers may check it for minutes.
    pub accept: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_secs(60),
            accept: Duration::from_secs(600),
        }
    }
}

/// The mail server.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// How to sign in, if at all.
    pub login: Option<Login>,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// At most this many connections at once.
    pub connections: usize,
    /// What we call ourselves in EHLO; `None` is the machine's own name.
    pub hello: Option<String>,
    /// A further certificate authority in PEM, for servers inside the company.
    pub authority: Option<Vec<u8>>,
}

/// What is wrong with the settings, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// An unknown word.
    #[error(
        "`{0}` is not a way to protect the connection to the mail server: use starttls, tls, plain (this machine only) or plain-trusted-network"
    )]
    UnknownSecurity(String),
    /// Plain to somewhere else.
    #[error(
        "`{0}` is not this machine, so mail would travel unencrypted: use starttls or tls, or plain-trusted-network if you trust every machine in between"
    )]
    PlainElsewhere(String),
    /// A password in clear.
    #[error(
        "a password for the mail server would travel unencrypted: use starttls or tls, or leave user and password away"
    )]
    PasswordInClear,
    /// Nothing to connect to.
    #[error(
        "the mail server has no name: set the host, or leave all mail server settings away to let mail wait"
    )]
    NoHost,
    /// Unreadable certificate.
    #[error(
        "the certificate authority for the mail server cannot be read: give a file in PEM form"
    )]
    Authority,
    /// Unusable host name.
    #[error(
        "`{0}` cannot be used as the name of a TLS server: give the name that stands in its certificate"
    )]
    Host(String),
}

impl SmtpSettings {
    /// The usual settings for a host.
    #[must_use]
    pub fn new(host: &str, security: Security) -> Self {
        Self {
            host: host.to_owned(),
            port: security.default_port(),
            security,
            login: None,
            timeouts: Timeouts::default(),
            connections: 10,
            hello: None,
            authority: None,
        }
    }

    /// Checks what can be checked without connecting.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.host.trim().is_empty() {
            return Err(SettingsError::NoHost);
        }
        if self.security == Security::PlainLoopback && !is_loopback(&self.host) {
            return Err(SettingsError::PlainElsewhere(self.host.clone()));
        }
        if self.security == Security::PlainTrustedNetwork && self.login.is_some() {
            return Err(SettingsError::PasswordInClear);
        }
        Ok(())
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_mail_stays_on_this_machine() {
        for host in ["localhost", "127.0.0.1", "::1", "127.9.9.9"] {
            assert_eq!(
                SmtpSettings::new(host, Security::PlainLoopback).check(),
                Ok(()),
                "{host}"
            );
        }
        for host in [
            "mail.example.org",
            "10.0.0.5",
            "localhost.example.org",
            "127.0.0.1.example.org",
        ] {
            assert_eq!(
                SmtpSettings::new(host, Security::PlainLoopback).check(),
                Err(SettingsError::PlainElsewhere(host.to_owned()))
            );
        }
        assert_eq!(
            SmtpSettings::new("mailpit", Security::PlainTrustedNetwork).check(),
            Ok(())
        );
    }

    #[test]
    fn a_password_never_travels_unencrypted_to_another_machine() {
        let login = Some(Login {
            user: "desk".into(),
            password: Secret::new("hunter2hunter2".into()),
        });
        let settings = SmtpSettings {
            login,
            ..SmtpSettings::new("mailpit", Security::PlainTrustedNetwork)
        };
        assert_eq!(settings.check(), Err(SettingsError::PasswordInClear));
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn there_is_no_opportunistic_encryption() {
        assert_eq!("starttls".parse(), Ok(Security::StartTls));
        assert!(matches!(
            "opportunistic".parse::<Security>(),
            Err(SettingsError::UnknownSecurity(_))
        ));
    }
}
