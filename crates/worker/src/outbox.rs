//! Sends what waits in the outbox: at least once with a stable Message-ID; mails with a secret at most once.
//!
//! A mail is claimed, and just before the mail server is asked anything it is committed that the talk begins; what became of it is
//! committed after. What goes wrong in between leaves a mail of which nobody knows; what goes wrong before only puts it off. Only the worker that holds the claim can say so (fence), so one that was stopped for a while cannot undo another's word.

mod letter;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_desk::outbox::{Checked, LEASE, MailContent};
use tierdesk_desk::{Desk, DeskError};
use tierdesk_domain::backoff;
use tierdesk_mail::message::{Built, build};
use tierdesk_mail::{Mailbox, RenderedMail, SendError, Transport};
use tierdesk_store::outbox::Claimed;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::wake::Wake;

/// How long the loop rests when nothing wakes it.
const REST: Duration = Duration::from_secs(5);

/// How the desk writes mail.
#[derive(Debug, Clone)]
pub struct Post {
    /// The way out.
    pub transport: Transport,
    /// The sender of all mail; answers go there.
    pub from: Mailbox,
    /// What ticket numbers begin with in subjects: `TD`.
    pub prefix: String,
}

/// Until when nothing is sent, and how often that was said in a row.
type Pause = (DateTime<Utc>, u32);

/// The loop that sends.
#[derive(Clone)]
pub struct Outbox {
    desk: Desk,
    post: Arc<Post>,
    /// While the mail server cannot be used: until when to leave it alone, and how often it failed in a row.
    pause: Arc<Mutex<Option<Pause>>>,
}

impl Outbox {
    /// A loop over a desk's outbox.
    #[must_use]
    pub fn new(desk: Desk, post: Post) -> Self {
        Self {
            desk,
            post: Arc::new(post),
            pause: Arc::default(),
        }
    }

    /// Sends until stopped: wakes up when something is put in the outbox, and every few seconds for what was put off.
    pub async fn run(&self, clock: impl Fn() -> DateTime<Utc>, stop: CancellationToken) {
        if self.waits_for_a_server() {
            tracing::warn!(
                "no mail server is set (TIERDESK_SMTP_HOST): mail waits in the outbox until one is"
            );
            return stop.cancelled().await;
        }
        let mut wake = Wake::on(&self.desk, "outbox").await;
        while !stop.is_cancelled() {
            match self.run_once(clock()).await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => tracing::error!(%error, "outbox failed"),
            }
            wake.rest(REST, &stop).await;
        }
    }

    /// Sends everything that is due. For tests and for the demo's first start.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drain(&self, now: DateTime<Utc>) -> Result<usize, DeskError> {
        let mut sent = 0;
        loop {
            match self.run_once(now).await? {
                0 => return Ok(sent),
                n => sent += n,
            }
        }
    }

    /// Claims what is due, as many as may be under way at once, and deals with them. Returns how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn run_once(&self, now: DateTime<Utc>) -> Result<usize, DeskError> {
        if self.waits_for_a_server() || self.paused_until().is_some_and(|until| now < until) {
            return Ok(0);
        }
        let width = i64::try_from(self.post.transport.width()).unwrap_or(10);
        let claimed = self.desk.claim_mail(width, now).await?;
        let count = claimed.len();
        let mut under_way = JoinSet::new();
        for mail in claimed {
            let this = self.clone();
            under_way.spawn(async move {
                let id = mail.id;
                if let Err(error) = this.deal_with(mail, now).await {
                    // The claim runs out, and the mail is tried again.
                    tracing::error!(%error, mail.id = %id, "mail could not be dealt with");
                }
            });
        }
        while let Some(done) = under_way.join_next().await {
            if let Err(error) = done {
                tracing::error!(%error, "sending a mail panicked");
            }
        }
        Ok(count)
    }

    async fn deal_with(&self, mail: Claimed, now: DateTime<Utc>) -> Result<(), DeskError> {
        match self.prepare(&mail, now).await {
            Ok(Some(built)) => self.send(&mail, &built, now).await,
            Ok(None) => Ok(()),
            // Somebody talked about it before: that must not be forgotten, so its claim runs out instead.
            Err(error) if mail.interrupted => Err(error),
            Err(error) => {
                tracing::error!(%error, mail.id = %mail.id, "mail could not be prepared");
                let why = "event.mail_why_error";
                self.desk.mail_later(&mail, why, now).await?;
                Ok(())
            }
        }
    }

    /// Everything up to the first word to the mail server. None when there is nothing left to send.
    async fn prepare(
        &self,
        mail: &Claimed,
        now: DateTime<Utc>,
    ) -> Result<Option<Built>, DeskError> {
        let checked = match self.desk.check_mail(mail, now).await {
            // A secret that cannot be opened will not open later either.
            Err(DeskError::Broken(why)) => {
                self.desk.mail_refused(mail, &why, now).await?;
                return Ok(None);
            }
            other => other?,
        };
        let letter = match checked {
            Checked::Send(letter) => letter,
            Checked::Withhold(why) => {
                self.desk.mail_withheld(mail, why, now).await?;
                return Ok(None);
            }
            Checked::Ambiguous => {
                let why = "event.mail_why_stopped";
                self.desk.mail_unknown(mail, why, now).await?;
                return Ok(None);
            }
        };
        let written = letter::write(&self.desk.settings, &self.post, mail, &letter)
            .and_then(|(rendered, envelope)| Ok((build(&rendered, &envelope)?, rendered)));
        let (built, rendered) = match written {
            Ok(written) => written,
            Err(why) => {
                self.desk.mail_refused(mail, &why.to_string(), now).await?;
                return Ok(None);
            }
        };
        match &self.post.transport {
            Transport::Mailbox => {
                self.keep(mail, &rendered, &built, now).await?;
                Ok(None)
            }
            Transport::Smtp(_) | Transport::Nowhere => {
                let begun = self.desk.begin_mail(mail, now).await?;
                Ok(begun.then_some(built))
            }
        }
    }

    async fn keep(
        &self,
        mail: &Claimed,
        rendered: &RenderedMail,
        built: &Built,
        now: DateTime<Utc>,
    ) -> Result<(), DeskError> {
        let content = MailContent {
            text: rendered.text.clone(),
            html: rendered.html.clone(),
            raw: String::from_utf8_lossy(&built.bytes).into_owned(),
        };
        self.desk
            .mail_kept(mail, rendered.subject.as_str(), &content, now)
            .await?;
        Ok(())
    }

    async fn send(
        &self,
        mail: &Claimed,
        built: &Built,
        now: DateTime<Utc>,
    ) -> Result<(), DeskError> {
        let outcome = self.send_holding(mail, built).await;
        let kind = mail.kind.as_str();
        let (word, known) = match outcome {
            Ok(accepted) => {
                self.working_again();
                (
                    "sent",
                    self.desk
                        .mail_sent(mail, accepted.reply.as_str(), now)
                        .await?,
                )
            }
            Err(SendError::Refused { reply }) => {
                self.working_again();
                (
                    "refused",
                    self.desk.mail_refused(mail, reply.as_str(), now).await?,
                )
            }
            Err(SendError::Later { reply }) => {
                self.working_again();
                (
                    "later",
                    self.desk.mail_later(mail, reply.as_str(), now).await?,
                )
            }
            Err(SendError::Unknown { reason }) => (
                "unknown",
                self.desk.mail_unknown(mail, reason.as_str(), now).await?,
            ),
            Err(SendError::Server { reason }) => {
                let until = self.pause(now);
                tracing::warn!(reason = %reason, until = %until, "mail server cannot be used");
                (
                    "stuck",
                    self.desk
                        .mail_stuck(mail, reason.as_str(), until, now)
                        .await?,
                )
            }
        };
        tracing::info!(mail.id = %mail.id, mail.kind = kind, outcome = word, "a mail was tried");
        if !known {
            tracing::warn!(mail.id = %mail.id, outcome = word, "another worker took this mail over");
        }
        Ok(())
    }

    /// Sends, and renews the claim meanwhile: a server may think for minutes before it accepts. If another worker has the mail
    /// all the same, it stops.
    async fn send_holding(
        &self,
        mail: &Claimed,
        built: &Built,
    ) -> Result<tierdesk_mail::Accepted, SendError> {
        let third = LEASE.to_std().unwrap_or(Duration::from_secs(90)) / 3;
        let sending = self.post.transport.send(built);
        let sent = while_held(sending, third, || self.desk.hold_mail(mail)).await;
        sent.unwrap_or_else(|| {
            Err(SendError::Unknown {
                reason: "event.mail_why_taken_over".into(),
            })
        })
    }

    /// What is not claimed stays as it is, for as long as it takes.
    fn waits_for_a_server(&self) -> bool {
        matches!(self.post.transport, Transport::Nowhere)
    }

    fn paused_until(&self) -> Option<DateTime<Utc>> {
        self.pause
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .map(|(until, _)| until)
    }

    /// Leaves the mail server alone for a while: 10 s, doubling, at most 5 min.
    fn pause(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        match *pause {
            // Several mails of one batch failed together: that is one failure.
            Some((until, _)) if until > now => until,
            previous => {
                let failures = previous.map_or(0, |(_, failures)| failures) + 1;
                let until =
                    now + backoff::pause(TimeDelta::seconds(10), failures, TimeDelta::minutes(5));
                *pause = Some((until, failures));
                until
            }
        }
    }

    fn working_again(&self) {
        *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Lets `sending` come to its end and renews the claim at each beat meanwhile. None when another worker has it. A renewal that
/// fails is tried again at the next beat: to break off the talk would leave nobody knowing whether the mail went out.
async fn while_held<T, R>(
    sending: impl Future<Output = T>,
    beat: Duration,
    renew: impl Fn() -> R,
) -> Option<T>
where
    R: Future<Output = Result<bool, DeskError>>,
{
    let lost = async {
        let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + beat, beat);
        loop {
            beat.tick().await;
            match renew().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::error!(%error, "a claim on a mail could not be renewed"),
            }
        }
    };
    tokio::select! {
        biased;
        outcome = sending => Some(outcome),
        () = lost => None,
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const BEAT: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn a_renewal_that_fails_does_not_break_off_the_talk_with_the_mail_server() {
        let failed = tokio::sync::Semaphore::new(0);
        let sending = async { failed.acquire_many(3).await.is_ok() };
        let renew = || {
            failed.add_permits(1);
            ready(Err(DeskError::Broken("no database".to_owned())))
        };
        assert_eq!(while_held(sending, BEAT, renew).await, Some(true));
    }

    #[tokio::test]
    async fn whoever_lost_the_claim_stops_sending() {
        let renew = || ready(Ok(false));
        assert_eq!(while_held(pending::<()>(), BEAT, renew).await, None);
    }
}
