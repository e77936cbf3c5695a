//! The mails the desk sends. Each is a struct of facts with three templates: `templates/mail/NAME.subject.txt`, `.txt`, `.html`.

mod account;
mod engineer;
mod manager;
mod requester;
mod samples;

use askama::Template;

pub use account::{AddressNotice, Invitation, PasswordChanged, PasswordReset, SetUp};
pub use engineer::{CertificateEnds, Escalated, HandOver, InCharge, Notice, NoticeReason};
pub use manager::{Figure, Report};
pub use requester::{BotQuestion, ClosedByItself, Received, Reopened, Reply, Resolved};

use crate::context::MailContext;
use crate::words::{Line, Text, fold};

/// The ticket a mail is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketRef {
    /// Its number.
    pub number: i64,
    /// Its title.
    pub title: Line,
}

/// How a mail came to be, which decides its headers (RFC 3834): whether other programs may answer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Automatic {
    /// A person wrote the words.
    No,
    /// The desk answers a message by itself.
    Replied,
    /// The desk writes by itself.
    Generated,
}

/// A mail, ready to be built into a message.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// The subject, one line.
    pub subject: Line,
    /// The text part, folded.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Which mail it is, see [`OutgoingMail::kind`].
    pub kind: &'static str,
    /// How it came to be.
    pub automatic: Automatic,
    /// Files that go with it.
    pub attached: Vec<Attached>,
}

/// A file that goes with a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Its name: letters, digits, dots and dashes.
    pub name: String,
    /// What is in it, such as `text/csv; charset=utf-8`.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A template that could not be rendered, which is a mistake in the template.
#[derive(Debug, thiserror::Error)]
#[error("failed to render mail `{kind}`: {source}")]
pub struct RenderError {
    /// Which mail it was.
    pub kind: &'static str,
    /// What askama says.
    #[source]
    pub source: askama::Error,
}

/// One kind of mail.
pub trait OutgoingMail: Send + Sync {
    /// The name of the templates, and what logs and the header `X-Tierdesk-Mail` call it.
    fn kind(&self) -> &'static str;
    /// How it comes to be.
    fn automatic(&self) -> Automatic;
    /// Says it to one person.
    ///
    /// # Errors
    /// Fails only when a template is wrong.
    fn render(&self, c: &MailContext) -> Result<RenderedMail, RenderError>;
}

/// Renders the three templates of one mail and cleans what comes out.
fn rendered(
    kind: &'static str,
    automatic: Automatic,
    subject: &impl Template,
    text: &impl Template,
    html: &impl Template,
) -> Result<RenderedMail, RenderError> {
    let failed = |source| RenderError { kind, source };
    let subject = Line::new(&subject.render().map_err(failed)?);
    let text = fold(Text::new(&text.render().map_err(failed)?).as_str());
    let html = html.render().map_err(failed)?;
    Ok(RenderedMail {
        subject,
        text,
        html,
        kind,
        automatic,
        attached: Vec::new(),
    })
}

/// Ties a view struct to its three templates.
macro_rules! mail {
    ($view:ident, $kind:tt, $automatic:ident, $subject:tt, $text:tt, $html:tt) => {
        const _: () = {
            #[derive(askama::Template)]
            #[template(path = $subject)]
            struct Subject<'a> {
                v: &'a $view,
                c: &'a crate::context::MailContext,
            }
            #[derive(askama::Template)]
            #[template(path = $text)]
            struct TextPart<'a> {
                v: &'a $view,
                c: &'a crate::context::MailContext,
            }
            #[derive(askama::Template)]
            #[template(path = $html)]
            struct HtmlPart<'a> {
                v: &'a $view,
                c: &'a crate::context::MailContext,
            }
            impl crate::outgoing::OutgoingMail for $view {
                fn kind(&self) -> &'static str {
                    $kind
                }
                fn automatic(&self) -> crate::outgoing::Automatic {
                    crate::outgoing::Automatic::$automatic
                }
                fn render(
                    &self,
                    c: &crate::context::MailContext,
                ) -> Result<crate::outgoing::RenderedMail, crate::outgoing::RenderError> {
                    let subject = Subject { v: self, c };
                    let text = TextPart {
                        v: subject.v,
                        c: subject.c,
                    };
                    let html = HtmlPart {
                        v: text.v,
                        c: text.c,
                    };
                    crate::outgoing::rendered($kind, self.automatic(), &subject, &text, &html)
                }
            }
        };
    };
}
use mail;

/// Every kind of mail with sample facts, so that tests and a component gallery can show all of them.
#[must_use]
pub fn samples(words: &str) -> Vec<Box<dyn OutgoingMail>> {
    samples::all(words)
}

#[cfg(test)]
mod tests;
