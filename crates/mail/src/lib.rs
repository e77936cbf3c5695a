//! What mail says, and how it travels.
//!
//! A mail is a *view* (plain facts, see [`outgoing`]) rendered for one recipient by three templates in `templates/mail/`
//! (subject, text, HTML), built into bytes by [`message`] and carried by a [`transport`]. This crate knows the rules of the
//! desk but no database: who gets a mail, and when, is decided elsewhere.
#![warn(missing_docs)]

pub mod address;
pub mod context;
pub mod message;
pub mod outgoing;
pub mod settings;
pub mod transport;
pub mod words;

pub use address::{Address, Mailbox};
pub use context::{MailContext, Why};
pub use message::{Built, Envelope, MessageError};
pub use outgoing::{Automatic, OutgoingMail, RenderError, RenderedMail, TicketRef};
pub use settings::{Security, SettingsError, SmtpSettings};
pub use transport::{Accepted, SendError, SmtpTransport, Transport};
pub use words::{Line, Text};
