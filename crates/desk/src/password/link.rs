//! Links to a new password: sent by the bot, by people who decided that, or printed on the server's console.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::{Action, Principal, authorize};
use tierdesk_domain::id::{EventId, PersonId, TicketId};
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::secret::Secret;
use tierdesk_domain::text::t;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::token::{self, NewToken, Purpose, Token};
use tierdesk_store::{PgConnection, person, rate_limit, session};

use super::{change, help, too_often};
use crate::error::{DeskError, Result};
use crate::keys::{hash_secret, new_secret};
use crate::work::Mail;
use crate::{Caller, Desk, Origin, Work};

/// How long a link works (AT-RESET-1).
pub(crate) const LIVES: TimeDelta = TimeDelta::minutes(15);

/// What a link from a mail is good for now. Looking at it uses nothing up (AT-RESET-1: mail scanners look).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// It works.
    Open,
    /// It is over its time, or a newer one took its place; a fresh one may be asked for.
    Expired,
    /// It was used, there never was such a link, or it is over and only a person may send another.
    Useless,
}

/// A link to be sent.
pub(crate) struct NewLink {
    /// Whose password it is for.
    pub(crate) to: PersonId,
    /// The ticket it is sent for.
    pub(crate) ticket: Option<TicketId>,
    /// The event of that ticket that says so.
    pub(crate) event: Option<EventId>,
    /// Whether it is the one reminder.
    pub(crate) reminder: bool,
    /// The name of whoever decided that it is sent.
    pub(crate) by: Option<String>,
    /// What the audit log says of it.
    pub(crate) detail: Value,
}

/// Makes a link and mails it to the address on file. The secret is in the sealed part of the mail and nowhere else. A link
/// that works for minutes does not wait for a mail server: without one it is refused.
pub(crate) async fn send(work: &mut Work<'_>, link: NewLink) -> Result<()> {
    if !work.desk().settings.mail.leads_somewhere() {
        return Err(DeskError::State("state.no_mail_server"));
    }
    let secret = make(work, link.to, link.ticket).await?;
    let expires_at = work.now + LIVES;
    work.audit(
        "password.reset_started",
        "person",
        &link.to.to_string(),
        link.detail,
    );
    work.mail(Mail {
        kind: MailKind::PasswordReset,
        to: link.to,
        ticket: link.ticket,
        event: link.event,
        data: json!({"expires_at": expires_at, "reminder": link.reminder, "by": link.by}),
        secret: Some(&secret),
    })
    .await
}

/// Makes a link, bound to the person, their address and the password they have now; older ones are over with it.
async fn make(work: &mut Work<'_>, to: PersonId, ticket: Option<TicketId>) -> Result<Secret> {
    let now = work.now;
    let version = session::credential(work.conn(), to)
        .await?
        .map(|it| it.version);
    let email = person::find(work.conn(), to).await?.and_then(|it| it.email);
    let (secret, token_hash) = new_secret();
    let new = NewToken {
        purpose: Purpose::Reset,
        person: Some(to),
        token_hash: &token_hash,
        credential_version: version,
        email: email.as_deref(),
        ticket,
        expires_at: now + LIVES,
    };
    token::insert(work.conn(), &new, now).await?;
    Ok(secret)
}

impl Desk {
    /// What a reset link is good for. Changes nothing.
    pub async fn reset_link(&self, secret: &str, now: DateTime<Utc>) -> Result<LinkState> {
        let mut conn = self.acquire().await?;
        let found = token::find(&mut conn, Purpose::Reset, &hash_secret(secret)).await?;
        let Some(token) = found else {
            return Ok(LinkState::Useless);
        };
        let state = state(&token, now);
        if state == LinkState::Expired && renewable(&mut conn, &token).await?.is_none() {
            return Ok(LinkState::Useless);
        }
        Ok(state)
    }

    /// Sets a new password by a link from a mail. Ends every session of the person, signs nobody in, tells them by mail,
    /// and lets the bot know.
    ///
    /// # Errors
    /// [`DeskError::State`] for a link that no longer works, [`DeskError::Invalid`] for a password that is not taken.
    pub async fn set_password_by_link(
        &self,
        secret: &str,
        password: &str,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let token_hash = hash_secret(secret);
        let mut conn = self.acquire().await?;
        let found = token::find(&mut conn, Purpose::Reset, &token_hash).await?;
        let found = found.filter(|it| state(it, now) == LinkState::Open);
        let ticket = found.as_ref().and_then(|it| it.ticket_id).map(TicketId);
        let owner = match found.and_then(|it| it.person_id) {
            Some(id) => person::find(&mut conn, PersonId(id)).await?,
            None => None,
        };
        drop(conn);
        let owner = owner.ok_or(DeskError::State("password.link_over"))?;
        self.check_password(
            password,
            &owner.name,
            owner.email.as_deref().unwrap_or_default(),
        )?;
        // Hashing takes long; the link is looked at again, and locked, when it is used.
        let hash = self.hash_password(password.to_owned()).await?;

        let mut conn = self.acquire().await?;
        let principal = person::principal(&mut conn, owner.id).await?;
        drop(conn);
        let principal = principal.ok_or(DeskError::State("password.link_over"))?;
        let caller = Caller::person(principal, origin.clone());
        let mut work = self.begin(&caller, now).await?;
        // Whoever takes a link back holds its ticket first.
        let ticket = match ticket {
            Some(id) => work.lock(id).await?,
            None => None,
        };
        let token = token::lock(work.conn(), Purpose::Reset, &token_hash)
            .await?
            .filter(|it| state(it, now) == LinkState::Open)
            .ok_or(DeskError::State("password.link_over"))?;
        let version = session::credential(work.conn(), owner.id)
            .await?
            .map(|it| it.version);
        if version != token.credential_version {
            return Err(DeskError::State("password.link_over"));
        }
        token::mark_used(work.conn(), token.id, now).await?;
        change(&mut work, owner.id, &hash, None).await?;
        if let Some(ticket) = ticket {
            tell_engineers(&mut work, ticket).await?;
        }
        work.commit().await
    }

    /// A fresh link in place of one that is over its time, to the same account; as often as one may ask for help. Whoever
    /// has rights gets none: each link of theirs is somebody's decision (AT-BOT-1).
    ///
    /// # Errors
    /// [`DeskError::State`] for a link that cannot be renewed, [`DeskError::RateLimited`].
    pub async fn fresh_reset_link(
        &self,
        secret: &str,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut conn = self.acquire().await?;
        help::not_too_often(&mut conn, origin, now).await?;
        let old = token::find(&mut conn, Purpose::Reset, &hash_secret(secret)).await?;
        let old = old.filter(|it| state(it, now) == LinkState::Expired);
        let over = || DeskError::State("password.link_over");
        let old = old.ok_or_else(over)?;
        let owner = renewable(&mut conn, &old).await?.ok_or_else(over)?.person;
        let email = person::find(&mut conn, owner)
            .await?
            .and_then(|it| it.email)
            .ok_or_else(over)?;
        if let Some(wait) = help::take_of_account(&mut conn, &email, now).await? {
            return Err(too_often(wait));
        }
        drop(conn);
        let caller = help::on_behalf_of(owner, origin);
        let mut work = self.begin(&caller, now).await?;
        let link = NewLink {
            to: owner,
            ticket: old.ticket_id.map(TicketId),
            event: None,
            reminder: false,
            by: None,
            detail: json!({"fresh": true}),
        };
        send(&mut work, link).await?;
        work.commit().await
    }

    /// Sends somebody the standard link to the address on file, because an administrator decided so; three an hour.
    ///
    /// # Errors
    /// [`DeskError::Denied`] for oneself and for whoever does not configure; [`DeskError::State`] where there is no
    /// password to set anew, or no address; [`DeskError::RateLimited`].
    pub async fn send_reset(
        &self,
        caller: &Caller,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        authorize(&caller.who, Action::Administer)?;
        let mut work = self.begin(caller, now).await?;
        send_by_hand(&mut work, person, None).await?;
        work.commit().await
    }

    /// Sends the requester of a ticket the standard link, because an engineer who works on it decided so; three an hour.
    ///
    /// # Errors
    /// As [`Desk::send_reset`]; also [`DeskError::State`] while the bot has the ticket, or when it is solved.
    pub async fn send_reset_on(
        &self,
        caller: &Caller,
        ticket: TicketId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(ticket, Action::WorkTicket).await?;
        if !ticket.status.is_open() {
            return Err(DeskError::State("state.resolved_already"));
        }
        if ticket.bot_holds {
            return Err(DeskError::State("password.bot_has_it"));
        }
        send_by_hand(&mut work, ticket.requester, Some(&ticket)).await?;
        work.save(&mut ticket, false).await?;
        work.commit().await
    }

    /// The address of the page on which an administrator sets a new password, for whoever is at the server's console: the
    /// way back in for the only administrator.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] where no administrator who joined has that address.
    pub async fn reset_at_console(&self, email: &str, now: DateTime<Utc>) -> Result<Secret> {
        let email = email.trim().to_lowercase();
        let caller = Caller::machine(Actor::system());
        let mut work = self.begin(&caller, now).await?;
        let found = match person::by_email(work.conn(), &email).await? {
            Some(id) => person::principal(work.conn(), id).await?,
            None => None,
        };
        let id = found
            .filter(|it| it.administrator)
            .ok_or(DeskError::NotFound)?
            .person;
        session::credential(work.conn(), id)
            .await?
            .ok_or(DeskError::NotFound)?;
        let secret = make(&mut work, id, None).await?;
        work.audit(
            "password.reset_started",
            "person",
            &id.to_string(),
            json!({"console": true}),
        );
        work.commit().await?;
        Ok(Secret::new(format!(
            "{}/password/reset/{}",
            self.settings.base_url,
            secret.reveal()
        )))
    }
}

/// Sends a link that somebody decided to send: to somebody else, within their rights.
async fn send_by_hand(work: &mut Work<'_>, to: PersonId, ticket: Option<&Ticket>) -> Result<()> {
    let now = work.now;
    let owner = person::principal(work.conn(), to).await?;
    let owner = owner.ok_or(DeskError::State("password.not_joined"))?;
    authorize(&work.caller().who, Action::SendReset(owner.account()))?;
    if session::credential(work.conn(), to).await?.is_none() {
        return Err(DeskError::State("password.not_joined"));
    }
    let address = person::find(work.conn(), to).await?.and_then(|it| it.email);
    if address.is_none() {
        return Err(DeskError::State("password.no_address"));
    }
    let bucket = "reset.by_hand";
    if let Some(wait) =
        rate_limit::take(work.conn(), bucket, &to.to_string(), 3.0, 1200.0, now).await?
    {
        return Err(too_often(wait));
    }
    let by = match work.caller().person_id() {
        Some(id) => person::find(work.conn(), id).await?.map(|it| it.name),
        None => None,
    };
    let event = match ticket {
        Some(ticket) => Some(
            work.event(
                ticket,
                EventKind::PasswordReset,
                Visibility::Public,
                None,
                json!({"what": t("bot.link_event"), "step": "link_sent", "expires_at": now + LIVES}),
            )
            .await?,
        ),
        None => None,
    };
    let link = NewLink {
        to,
        ticket: ticket.map(|it| it.id),
        event,
        reminder: false,
        by,
        detail: json!({"by_hand": true, "ticket": ticket.map(|it| it.number)}),
    };
    send(work, link).await
}

/// The ticket that a link was sent for goes on with its engineers: they read that the link was used. The bot hears of it in
/// another way.
async fn tell_engineers(work: &mut Work<'_>, mut ticket: Ticket) -> Result<()> {
    if ticket.bot_holds || !ticket.status.is_open() {
        return Ok(());
    }
    work.event(
        &ticket,
        EventKind::PasswordReset,
        Visibility::Public,
        None,
        json!({"what": t("password.set_event"), "step": "set"}),
    )
    .await?;
    work.save(&mut ticket, false).await
}

fn state(token: &Token, now: DateTime<Utc>) -> LinkState {
    if token.used_at.is_some() {
        LinkState::Useless
    } else if token.superseded_at.is_some() || token.expires_at <= now {
        LinkState::Expired
    } else {
        LinkState::Open
    }
}

/// The owner of a link that is over, if they may have a fresh one without anybody's decision.
async fn renewable(conn: &mut PgConnection, token: &Token) -> Result<Option<Principal>> {
    let owner = match token.person_id {
        Some(id) => person::principal(conn, PersonId(id)).await?,
        None => None,
    };
    Ok(owner.filter(|it| it.account().is_plain()))
}
