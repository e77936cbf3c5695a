//! The outbox at work: claim, check again whether the recipient may have it, say what became of it. What a mail says and how
//! it travels is the worker's and the mail crate's business.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::{Action, Who, authorize};
use tierdesk_domain::outbox::{KEPT, MailAudience, MailState, next_attempt};
use tierdesk_domain::secret::Secret;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::letter::{self, About, Happened};
use tierdesk_store::mailbox::{self, KeptMail};
use tierdesk_store::outbox::{self, Claimed, Recipient};
use tierdesk_store::person::{self, Person};
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::report::ReportLetter;
use crate::{Caller, Desk};

/// How long a worker may be silent about a mail it sends before another one takes over. Renewed while it sends.
pub const LEASE: TimeDelta = TimeDelta::seconds(90);

/// How many rows are thrown away at once.
const SWEPT: i64 = 1_000;

/// Where a mail's secret is sealed to.
pub(crate) fn place(mail_id: Uuid) -> String {
    format!("outbox:{mail_id}")
}

/// Everything a mail says, as it is true at the moment of sending.
pub struct Letter {
    /// Who reads it.
    pub person: Person,
    /// What it is about.
    pub about: Option<About>,
    /// What happened.
    pub happened: Option<Happened>,
    /// Everybody in To and Cc.
    pub recipients: Vec<Recipient>,
    /// The Message-ID of the mail before it in the same conversation, without angle brackets.
    pub previous: Option<String>,
    /// The secret, opened.
    pub secret: Option<Secret>,
    /// The figures, in a report.
    pub report: Option<Box<ReportLetter>>,
}

/// Why we stopped trying; `why` of a timeline's entry is then the last answer.
#[derive(Debug, Clone, Copy, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum GaveUp {
    /// So many tries were put off by the mail server.
    Tries(u32),
    /// The mail server could not be used for days.
    NoServer,
}

/// Whether a claimed mail is still to be sent.
pub enum Checked {
    /// Yes, and this is what it says.
    Send(Box<Letter>),
    /// No; why not, as a key of the catalogue.
    Withhold(&'static str),
    /// It may have been sent already and holds a secret, which is never sent twice.
    Ambiguous,
}

impl Desk {
    /// Claims mails that are due.
    pub async fn claim_mail(&self, limit: i64, now: DateTime<Utc>) -> Result<Vec<Claimed>> {
        let mut conn = self.acquire().await?;
        Ok(outbox::claim(&mut conn, limit, seconds(LEASE), now).await?)
    }

    /// Writes down that the talk with the mail server about a mail begins: from here on nobody knows whether it arrived until
    /// somebody says so. False when another worker has it now.
    pub async fn begin_mail(&self, mail: &Claimed, now: DateTime<Utc>) -> Result<bool> {
        let mut conn = self.acquire().await?;
        Ok(outbox::begin(&mut conn, mail, now).await?)
    }

    /// Keeps a claim alive. False when another worker has it now.
    pub async fn hold_mail(&self, mail: &Claimed) -> Result<bool> {
        let mut conn = self.acquire().await?;
        Ok(outbox::hold(&mut conn, mail, seconds(LEASE)).await?)
    }

    /// Asks again whether the recipient may have a mail, and reads what it says. Recipients may shrink, never grow
    /// (decision 34).
    pub async fn check_mail(&self, mail: &Claimed, now: DateTime<Utc>) -> Result<Checked> {
        if mail.interrupted && mail.sealed.is_some() {
            return Ok(Checked::Ambiguous);
        }
        let expires_at: Option<DateTime<Utc>> = mail
            .data
            .get("expires_at")
            .and_then(|it| serde_json::from_value(it.clone()).ok());
        if expires_at.is_some_and(|at| at <= now) {
            return Ok(Checked::Withhold("event.mail_why_late"));
        }
        let mut conn = self.acquire().await?;
        let Some(id) = mail.person else {
            return Ok(Checked::Withhold("event.mail_why_nobody"));
        };
        let (Some(principal), Some(person)) = (
            person::principal(&mut conn, id).await?,
            person::find(&mut conn, id).await?,
        ) else {
            return Ok(Checked::Withhold("event.mail_why_deactivated"));
        };
        let audience = mail.kind.audience();
        // A notice about an address goes to the one that is no longer theirs.
        if audience != MailAudience::Account
            && !outbox::still_reaches(&mut conn, id, &mail.address).await?
        {
            return Ok(Checked::Withhold("event.mail_why_address"));
        }
        let scope = self.scope(&Caller::machine(Actor::system()))?;
        let about = match mail.ticket {
            Some(ticket) => letter::about(&mut conn, &scope, ticket).await?,
            None => None,
        };
        let happened = match mail.event {
            Some(event) => letter::happened(&mut conn, &scope, event).await?,
            None => None,
        };
        let reader = Who::Person(principal);
        let report = match (audience, reported(&mail.data)) {
            (MailAudience::Figures, Some((report, due_at))) => {
                self.report_letter(&mut conn, report, &reader, due_at, now)
                    .await?
            }
            _ => None,
        };
        if audience == MailAudience::Figures && report.is_none() {
            return Ok(Checked::Withhold("event.mail_why_report"));
        }
        let allowed = match (audience, &about) {
            (MailAudience::Account | MailAudience::Figures, _) => true,
            (MailAudience::Public, Some(about)) => {
                let public = happened
                    .as_ref()
                    .is_none_or(|it| it.visibility == Visibility::Public);
                public && authorize(&reader, Action::ReadTicket(about.facts)).is_ok()
            }
            (MailAudience::Internal, Some(about)) => {
                authorize(&reader, Action::ReadInternal(about.facts)).is_ok()
            }
            (MailAudience::Public | MailAudience::Internal, None) => false,
        };
        if !allowed {
            return Ok(Checked::Withhold("event.mail_why_ticket"));
        }
        let secret = match &mail.sealed {
            None => None,
            Some(sealed) => Some(self.open_secret(mail.mail_id, sealed)?),
        };
        Ok(Checked::Send(Box::new(Letter {
            person,
            about,
            happened,
            recipients: outbox::recipients(&mut conn, mail.mail_id).await?,
            previous: outbox::previous(&mut conn, mail).await?,
            secret,
            report: report.map(Box::new),
        })))
    }

    fn open_secret(&self, mail_id: Uuid, sealed: &[u8]) -> Result<Secret> {
        let plain = self
            .keys
            .open(&place(mail_id), sealed)
            .map_err(|error| DeskError::Broken(error.to_string()))?;
        String::from_utf8(plain)
            .map(Secret::new)
            .map_err(|_| DeskError::Broken("a sealed secret is no text".to_owned()))
    }

    /// The mail server took it. `said` is the server's answer, never a part of the mail.
    pub async fn mail_sent(&self, mail: &Claimed, said: &str, now: DateTime<Utc>) -> Result<bool> {
        self.end_mail(mail, MailState::Sent, (said, None), None, now)
            .await
    }

    /// The demo has no mail server: keeps it in the developer mailbox instead.
    pub async fn mail_kept(
        &self,
        mail: &Claimed,
        subject: &str,
        content: &MailContent,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let plain =
            serde_json::to_vec(content).map_err(|error| DeskError::Broken(error.to_string()))?;
        let kept = KeptMail {
            id: mail.id,
            at: now,
            recipient: mail.address.clone(),
            subject: subject.to_owned(),
            sealed: self.keys.seal(&kept_place(mail.id), &plain),
        };
        self.end_mail(
            mail,
            MailState::Sent,
            ("event.mail_why_kept", None),
            Some(kept),
            now,
        )
        .await
    }

    /// The mail server will never take it; the ticket's timeline says so.
    pub async fn mail_refused(
        &self,
        mail: &Claimed,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        self.end_mail(mail, MailState::Failed, (why, None), None, now)
            .await
    }

    /// It is not sent any more.
    pub async fn mail_withheld(
        &self,
        mail: &Claimed,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        self.end_mail(mail, MailState::Dropped, (why, None), None, now)
            .await
    }

    /// Nobody knows whether the mail server took it. A mail without a secret is sent again under the same Message-ID; one with
    /// a secret is not, the person may ask for another.
    pub async fn mail_unknown(
        &self,
        mail: &Claimed,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        if mail.sealed.is_some() {
            self.end_mail(mail, MailState::Unknown, (why, None), None, now)
                .await
        } else {
            self.mail_later(mail, why, now).await
        }
    }

    /// The mail server asks to come back later. After days of that we give up.
    pub async fn mail_later(&self, mail: &Claimed, why: &str, now: DateTime<Utc>) -> Result<bool> {
        match next_attempt(mail.tried_at, mail.attempts, now) {
            Some(at) => {
                let mut conn = self.acquire().await?;
                Ok(outbox::put_off(&mut conn, mail, at, why, true).await?)
            }
            None => {
                let tries = GaveUp::Tries(mail.attempts);
                self.end_mail(mail, MailState::Failed, (why, Some(tries)), None, now)
                    .await
            }
        }
    }

    /// The mail server cannot be used. That is not the mail's fault and counts as no attempt, but does not last for ever.
    pub async fn mail_stuck(
        &self,
        mail: &Claimed,
        why: &str,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        if next_attempt(mail.tried_at, 1, now).is_none() {
            let why = (why, Some(GaveUp::NoServer));
            return self.end_mail(mail, MailState::Failed, why, None, now).await;
        }
        let mut conn = self.acquire().await?;
        Ok(outbox::put_off(&mut conn, mail, until, why, false).await?)
    }

    /// Ends a mail's way: its state, and what the ticket's timeline says about it. Why, is a key of the catalogue or what a
    /// mail server said, and what we gave up after. False when another worker has it now.
    async fn end_mail(
        &self,
        mail: &Claimed,
        state: MailState,
        (why, gave_up): (&str, Option<GaveUp>),
        kept: Option<KeptMail>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let caller = Caller::machine(Actor::system());
        let mut work = self.begin(&caller, now).await?;
        if !outbox::finish(work.conn(), mail, state, Some(why), now).await? {
            return Ok(false);
        }
        if let Some(kept) = &kept {
            mailbox::keep(work.conn(), kept).await?;
        }
        let event = match state {
            // Notices among engineers leave no trace on the ticket; what left for the requester does.
            MailState::Sent if mail.kind.audience() != MailAudience::Internal => {
                Some(EventKind::MailSent)
            }
            MailState::Failed | MailState::Unknown | MailState::Dropped => {
                Some(EventKind::MailFailed)
            }
            MailState::Sent | MailState::Pending | MailState::Sending => None,
        };
        if let (Some(kind), Some(ticket)) = (event, mail.ticket)
            && let Some(ticket) = work.lock(ticket).await?
        {
            let data = json!({
                "mail": mail.kind, "to": mail.address, "person": mail.person, "state": state, "said": why,
                "message_id": mail.message_id, "gave_up": gave_up,
            });
            work.event(&ticket, kind, Visibility::Internal, None, data)
                .await?;
        }
        if state != MailState::Sent {
            let detail = json!({"mail": mail.kind, "state": state, "why": why, "gave_up": gave_up});
            work.audit("mail.not_delivered", "mail", &mail.id.to_string(), detail);
        }
        work.commit().await?;
        Ok(true)
    }

    /// Throws away mails whose way ended long ago, and what the developer mailbox kept as long. What tickets and the audit log
    /// say of them stays. Returns how many.
    pub async fn sweep_mail(&self, now: DateTime<Utc>) -> Result<u64> {
        let before = now - KEPT;
        let mut conn = self.acquire().await?;
        let mut swept = 0;
        loop {
            let mut batch = outbox::sweep(&mut conn, before, SWEPT).await?;
            batch += mailbox::sweep(&mut conn, before, SWEPT).await?;
            if batch == 0 {
                return Ok(swept);
            }
            swept += batch;
        }
    }

    /// What a mail of the developer mailbox says.
    pub async fn kept_mail(&self, id: Uuid) -> Result<(KeptMail, MailContent)> {
        let mut conn = self.acquire().await?;
        let kept = mailbox::kept_one(&mut conn, id)
            .await?
            .ok_or(DeskError::NotFound)?;
        let plain = self
            .keys
            .open(&kept_place(id), &kept.sealed)
            .map_err(|error| DeskError::Broken(error.to_string()))?;
        let content =
            serde_json::from_slice(&plain).map_err(|error| DeskError::Broken(error.to_string()))?;
        Ok((kept, content))
    }
}

/// What a mail in the developer mailbox says. It may hold a link that opens an account: it is written to be sealed, and
/// cannot be printed.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct MailContent {
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The whole message as it would have travelled.
    pub raw: String,
}

/// The report that a mail is of, and when it was due.
fn reported(data: &serde_json::Value) -> Option<(Uuid, DateTime<Utc>)> {
    let id = data["report"].as_str()?.parse().ok()?;
    let due_at = data["due_at"].as_str()?.parse().ok()?;
    Some((id, due_at))
}

fn kept_place(id: Uuid) -> String {
    format!("dev_mail:{id}")
}

fn seconds(time: TimeDelta) -> f64 {
    time.as_seconds_f64()
}
