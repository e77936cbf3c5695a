//! How mail travels: by SMTP over a few connections that are kept, into the demo's developer mailbox, or not at all yet.
//!
//! The conversation is driven command by command, because *where* it fails decides what may be done next: a refusal before the
//! message was sent means that nothing was accepted; silence after its last line means that nobody knows.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;

use crate::message::Built;
use crate::settings::{Security, SettingsError, SmtpSettings};
use crate::words::Line;

/// The server has taken the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// What the server said, which often holds its own name for the mail.
    pub reply: Line,
}

/// What became of a mail that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The server will never take this mail for this recipient. Trying again is of no use.
    #[error("the mail server refused it for good: {reply}")]
    Refused {
        /// What the server said.
        reply: Line,
    },
    /// Not now. Nothing was accepted; try again later.
    #[error("the mail server asks to try later: {reply}")]
    Later {
        /// What the server said.
        reply: Line,
    },
    /// The mail server cannot be used at all: it cannot be reached, its certificate is wrong, it refuses our password. Nothing
    /// was accepted and nothing is wrong with this mail.
    #[error("the mail server cannot be used: {reason}")]
    Server {
        /// What happened.
        reason: Line,
    },
    /// The whole mail was sent and no answer came. It may have been accepted. The same Message-ID makes a second copy harmless;
    /// a mail with a secret is not sent twice.
    #[error("the mail server did not say whether it took the mail: {reason}")]
    Unknown {
        /// What happened.
        reason: Line,
    },
}

/// The way out.
#[derive(Debug, Clone)]
pub enum Transport {
    /// A mail server.
    Smtp(Arc<SmtpTransport>),
    /// The demo's: mail stays in the desk and is read in the developer mailbox.
    Mailbox,
    /// No server is set: nothing is taken from the outbox, so that all of it leaves once one is.
    Nowhere,
}

impl Transport {
    /// Sends one mail to one recipient.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&self, mail: &Built) -> Result<Accepted, SendError> {
        match self {
            Self::Smtp(smtp) => smtp.send(mail).await,
            Self::Mailbox => Ok(Accepted {
                reply: Line::new("kept in the developer mailbox"),
            }),
            Self::Nowhere => Err(server("no mail server is set")),
        }
    }

    /// How many mails may be under way at once.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::Smtp(smtp) => smtp.settings.connections,
            Self::Mailbox | Self::Nowhere => 1,
        }
    }
}

/// SMTP over at most `connections` connections. Idle ones are kept and used again; a broken one is never reused.
pub struct SmtpTransport {
    settings: SmtpSettings,
    hello: ClientId,
    tls: Option<TlsParameters>,
    slots: Semaphore,
    idle: Mutex<Vec<AsyncSmtpConnection>>,
}

impl std::fmt::Debug for SmtpTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpTransport")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl SmtpTransport {
    /// Prepares the way without connecting.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn new(settings: SmtpSettings) -> Result<Self, SettingsError> {
        settings.check()?;
        let tls = match settings.security {
            Security::StartTls | Security::Tls => Some(tls_parameters(&settings)?),
            Security::PlainLoopback | Security::PlainTrustedNetwork => None,
        };
        let hello = settings
            .hello
            .clone()
            .map_or_else(ClientId::default, ClientId::Domain);
        let slots = Semaphore::new(settings.connections.max(1));
        Ok(Self {
            settings,
            hello,
            tls,
            slots,
            idle: Mutex::new(vec![]),
        })
    }

    /// Sends one mail to one recipient.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&self, mail: &Built) -> Result<Accepted, SendError> {
        let _slot = self
            .slots
            .acquire()
            .await
            .map_err(|_| server("the mail transport is closed"))?;
        let (mut connection, envelope_sent) = self.begin(mail).await?;
        let outcome = match envelope_sent {
            Ok(()) => self.hand_over(&mut connection, mail).await,
            Err(refusal) => Err(refusal),
        };
        match &outcome {
            Ok(_) => self.keep(connection).await,
            // The answer to RSET tells whether the connection is still in step.
            Err(SendError::Refused { .. } | SendError::Later { .. }) => {
                if matches!(
                    timeout(self.settings.timeouts.command, connection.command(Rset)).await,
                    Ok(Ok(_))
                ) {
                    self.keep(connection).await;
                }
            }
            Err(SendError::Server { .. } | SendError::Unknown { .. }) => {}
        }
        outcome
    }

    /// Gets a connection on which MAIL FROM was answered. A kept connection that turns out to be gone is replaced once, which is
    /// safe because nothing of the mail was sent yet.
    async fn begin(
        &self,
        mail: &Built,
    ) -> Result<(AsyncSmtpConnection, Result<(), SendError>), SendError> {
        while let Some(mut connection) = self.take_idle().await {
            match self.mail_from(&mut connection, mail).await {
                Err(SendError::Server { .. }) => {}
                answered => return Ok((connection, answered)),
            }
        }
        let mut connection = self.connect().await?;
        let answered = self.mail_from(&mut connection, mail).await;
        Ok((connection, answered))
    }

    async fn take_idle(&self) -> Option<AsyncSmtpConnection> {
        self.idle.lock().await.pop()
    }

    async fn keep(&self, connection: AsyncSmtpConnection) {
        if !connection.has_broken() {
            self.idle.lock().await.push(connection);
        }
    }

    /// Says goodbye on every kept connection.
    pub async fn close(&self) {
        for mut connection in std::mem::take(&mut *self.idle.lock().await) {
            if timeout(Duration::from_secs(2), connection.quit())
                .await
                .is_err()
            {
                tracing::debug!("mail server did not answer QUIT in time");
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let limit = self.settings.timeouts.connect;
        let connecting = async {
            let address = (self.settings.host.as_str(), self.settings.port);
            let implicit = if self.settings.security == Security::Tls {
                self.tls.clone()
            } else {
                None
            };
            let mut connection = AsyncSmtpConnection::connect_tokio1(
                address,
                Some(limit),
                &self.hello,
                implicit,
                None,
            )
            .await?;
            if self.settings.security == Security::StartTls
                && let Some(tls) = self.tls.clone()
            {
                connection.starttls(tls, &self.hello).await?;
            }
            if let Some(login) = &self.settings.login {
                let credentials =
                    Credentials::new(login.user.clone(), login.password.reveal().to_owned());
                connection
                    .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                    .await?;
            }
            Ok::<_, lettre::transport::smtp::Error>(connection)
        };
        match timeout(limit, connecting).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(server(&describe(&error))),
            Err(_) => Err(server("no answer to the connection in time")),
        }
    }

    async fn mail_from(
        &self,
        connection: &mut AsyncSmtpConnection,
        mail: &Built,
    ) -> Result<(), SendError> {
        let command = connection.command(Mail::new(mail.envelope.from().cloned(), vec![]));
        self.answer(command, Stage::Sender).await.map(|_| ())
    }

    /// RCPT, DATA and the message itself.
    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        mail: &Built,
    ) -> Result<Accepted, SendError> {
        for recipient in mail.envelope.to() {
            self.answer(
                connection.command(Rcpt::new(recipient.clone(), vec![])),
                Stage::Recipient,
            )
            .await?;
        }
        self.answer(connection.command(Data), Stage::Data).await?;
        let response = match timeout(
            self.settings.timeouts.accept,
            connection.message(&mail.bytes),
        )
        .await
        {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(judge(&error, Stage::Message)),
            Err(_) => {
                return Err(SendError::Unknown {
                    reason: Line::new("no answer after the message in time"),
                });
            }
        };
        Ok(Accepted {
            reply: Line::new(&response.message().collect::<Vec<_>>().join(" ")),
        })
    }

    async fn answer(
        &self,
        command: impl Future<Output = Result<Response, lettre::transport::smtp::Error>>,
        stage: Stage,
    ) -> Result<Response, SendError> {
        match timeout(self.settings.timeouts.command, command).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(judge(&error, stage)),
            Err(_) => Err(server("no answer in time")),
        }
    }
}

/// Where in the conversation an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Sender,
    Recipient,
    Data,
    Message,
}

/// What an error at this place means for the mail.
fn judge(error: &lettre::transport::smtp::Error, stage: Stage) -> SendError {
    let reply = Line::new(&describe(error));
    let Some(code) = error.status() else {
        // No answer at all. After the message's last line nobody knows; before it nothing was accepted.
        return match stage {
            Stage::Message => SendError::Unknown { reason: reply },
            Stage::Sender | Stage::Recipient | Stage::Data => SendError::Server { reason: reply },
        };
    };
    judge_code(code.into(), stage, reply)
}

/// RFC 5321 section 4.2: what an answer means at a place in the conversation.
fn judge_code(code: u16, stage: Stage, reply: Line) -> SendError {
    match code {
        // The server closes, or wants us to sign in or to encrypt: that is about us, not about this mail.
        421 | 530 | 534 | 535 | 538 => SendError::Server { reason: reply },
        400..=499 => SendError::Later { reply },
        // Wrong command or parameters: our mistake or an odd server, never the recipient's.
        500..=504 | 555 => SendError::Later { reply },
        // A sender that is refused is refused for everybody: the settings are wrong, and the mails must wait for them.
        500..=599 if stage == Stage::Sender => SendError::Server { reason: reply },
        _ => SendError::Refused { reply },
    }
}

/// The library's words with their cause, which is where the server's reply stands.
fn describe(error: &lettre::transport::smtp::Error) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words.push_str(": ");
            words.push_str(&cause_words);
        }
        source = cause.source();
    }
    words
}

fn server(reason: &str) -> SendError {
    SendError::Server {
        reason: Line::new(reason),
    }
}

fn tls_parameters(settings: &SmtpSettings) -> Result<TlsParameters, SettingsError> {
    let mut builder =
        TlsParameters::builder(settings.host.clone()).certificate_store(CertificateStore::Default);
    if let Some(pem) = &settings.authority {
        builder = builder.add_root_certificate(
            Certificate::from_pem(pem).map_err(|_| SettingsError::Authority)?,
        );
    }
    builder
        .build_rustls()
        .map_err(|_| SettingsError::Host(settings.host.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(code: u16, stage: Stage) -> SendError {
        judge_code(code, stage, Line::default())
    }

    #[test]
    fn only_a_refusal_of_the_recipient_or_the_message_is_for_good() {
        for code in [550, 551, 552, 553, 554, 556] {
            for stage in [Stage::Recipient, Stage::Data, Stage::Message] {
                assert!(
                    matches!(judged(code, stage), SendError::Refused { .. }),
                    "{code} at {stage:?}"
                );
            }
            assert!(
                matches!(judged(code, Stage::Sender), SendError::Server { .. }),
                "{code} at the sender"
            );
        }
    }

    #[test]
    fn what_concerns_ourselves_never_condemns_a_mail() {
        for stage in [Stage::Sender, Stage::Recipient, Stage::Data, Stage::Message] {
            for code in [421, 530, 535] {
                assert!(
                    matches!(judged(code, stage), SendError::Server { .. }),
                    "{code} at {stage:?}"
                );
            }
            for code in [450, 451, 452, 500, 501, 503] {
                assert!(
                    matches!(judged(code, stage), SendError::Later { .. }),
                    "{code} at {stage:?}"
                );
            }
        }
    }
}
