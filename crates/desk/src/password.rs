//! Passwords: hashing off the async threads, and the ways to a new one.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tierdesk_domain::actor::Actor;
use tierdesk_domain::field::FieldError;
use tierdesk_domain::id::PersonId;
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::password::check;
use tierdesk_domain::text::t;
use tierdesk_domain::ticket::{Channel, Impact, Urgency};
use tierdesk_store::token::{self, NewToken, Purpose, Token};
use tierdesk_store::{person, rate_limit, session};

use crate::error::{DeskError, Result};
use crate::keys::{hash_secret, new_secret};
use crate::ticket::NewTicket;
use crate::work::Mail;
use crate::{Caller, Desk, Origin, Work};

/// How long a reset link works (AT-RESET-1).
pub const RESET_LIVES: TimeDelta = TimeDelta::minutes(15);

/// argon2id with m = 46 MiB, t = 2, p = 1 (OWASP password storage, security.md's numbers).
fn argon2() -> Argon2<'static> {
    let params = Params::new(47_104, 2, 1, None).expect("constants within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Whether a hash was made with weaker numbers than ours, or cannot be read.
pub(crate) fn is_outdated(hash: &str) -> bool {
    !hash.starts_with("$argon2id$v=19$m=47104,t=2,p=1$")
}

/// What a link from a mail is good for now. Looking at it uses nothing up (AT-RESET-1: mail scanners look).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// It works.
    Open,
    /// It is over its time, or a newer one took its place; a fresh one may be asked for.
    Expired,
    /// It was used, or there never was such a link.
    Useless,
}

impl Desk {
    /// Hashes a password.
    pub async fn hash_password(&self, password: String) -> Result<String> {
        self.hashing(move || {
            let hash: password_hash::phc::PasswordHash =
                argon2().hash_password(password.as_bytes())?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password fits the hash. An unreadable hash fits nothing.
    pub async fn verify_password(&self, password: String, hash: String) -> Result<bool> {
        self.hashing(
            move || match argon2().verify_password(password.as_bytes(), hash.as_str()) {
                Ok(()) => Ok(true),
                Err(password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error),
            },
        )
        .await
    }

    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> std::result::Result<T, password_hash::Error> + Send + 'static,
    ) -> Result<T> {
        let _permit = self
            .hashing
            .acquire()
            .await
            .map_err(|_| DeskError::Broken("hashing was closed".to_owned()))?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| DeskError::Broken(format!("hashing stopped: {error}")))?
            .map_err(|error| DeskError::Broken(format!("hashing failed: {error}")))
    }

    /// Checks a new password against the rules and against what others know of its person.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] with the reason.
    pub(crate) fn check_password(&self, password: &str, name: &str, email: &str) -> Result<()> {
        let context = [name, email, &self.settings.site_name, "tierdesk"];
        check("password", password, &context).map_err(|error| vec![error].into())
    }

    /// "I cannot sign in": files a ticket for the account with that address, and triage runs (decision 20). The answer is
    /// the same whether there is such an account or not.
    ///
    /// # Errors
    /// [`DeskError::RateLimited`], which depends on the network address only.
    pub async fn cannot_sign_in(
        &self,
        email: &str,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let email = email.trim().to_lowercase();
        let mut conn = self.acquire().await?;
        if let Some(wait) =
            rate_limit::take(&mut conn, "help.ip", &origin.ip, 10.0, 360.0, now).await?
        {
            return Err(too_often(wait));
        }
        // Three an hour for one account; the fourth is swallowed, so that nobody learns which accounts exist.
        let often = rate_limit::take(&mut conn, "help.account", &email, 3.0, 1200.0, now).await?;
        let found = person::by_email(&mut conn, &email).await?;
        let active = match found {
            Some(id) if often.is_none() => person::principal(&mut conn, id).await?,
            _ => None,
        };
        drop(conn);
        let caller = Caller {
            origin: origin.clone(),
            ..Caller::machine(Actor {
                on_behalf_of: active.as_ref().map(|it| it.person),
                ..Actor::system()
            })
        };
        let mut work = self.begin(&caller, now).await?;
        match active {
            Some(principal) => {
                let new = NewTicket {
                    category: None,
                    title: t("password.help_title").to_owned(),
                    description: t("password.help_description").to_owned(),
                    impact: Impact::Person,
                    urgency: Urgency::High,
                    host: None,
                    channel: Channel::SignInHelp,
                };
                crate::ticket::file(&mut work, principal.person, new).await?;
            }
            None => {
                work.audit("sign_in_help.unknown", "address", &email, json!({}));
            }
        }
        work.commit().await
    }

    /// What a reset link is good for. Changes nothing.
    pub async fn reset_link(&self, secret: &str, now: DateTime<Utc>) -> Result<LinkState> {
        let mut conn = self.acquire().await?;
        let found = token::find(&mut conn, Purpose::Reset, &hash_secret(secret)).await?;
        Ok(found.map_or(LinkState::Useless, |it| link_state(&it, now)))
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
        let owner = match found.filter(|it| link_state(it, now) == LinkState::Open) {
            Some(Token {
                person_id: Some(id),
                ..
            }) => person::find(&mut conn, PersonId(id)).await?,
            _ => None,
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
        let token = token::lock(work.conn(), Purpose::Reset, &token_hash)
            .await?
            .filter(|it| link_state(it, now) == LinkState::Open)
            .ok_or(DeskError::State("password.link_over"))?;
        let version = session::credential(work.conn(), owner.id)
            .await?
            .map(|it| it.version);
        if version != token.credential_version {
            return Err(DeskError::State("password.link_over"));
        }
        token::mark_used(work.conn(), token.id, now).await?;
        change(&mut work, owner.id, &hash, None).await?;
        work.commit().await
    }

    /// A fresh link in place of one that is over its time, to the same account; three an hour.
    ///
    /// # Errors
    /// [`DeskError::State`] for a link that was used or never was, [`DeskError::RateLimited`].
    pub async fn fresh_reset_link(
        &self,
        secret: &str,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let token_hash = hash_secret(secret);
        let mut conn = self.acquire().await?;
        let old = token::find(&mut conn, Purpose::Reset, &token_hash).await?;
        let owner = match old.filter(|it| link_state(it, now) == LinkState::Expired) {
            Some(Token {
                person_id: Some(id),
                ticket_id,
                ..
            }) => person::principal(&mut conn, PersonId(id))
                .await?
                .map(|it| (it, ticket_id)),
            _ => None,
        };
        let (principal, ticket) = owner.ok_or(DeskError::State("password.link_over"))?;
        let person = principal.person;
        if let Some(wait) = rate_limit::take(
            &mut conn,
            "reset.account",
            &person.to_string(),
            3.0,
            1200.0,
            now,
        )
        .await?
        {
            return Err(too_often(wait));
        }
        let address = person::find(&mut conn, person)
            .await?
            .and_then(|it| it.email);
        drop(conn);
        let caller = Caller {
            origin: origin.clone(),
            ..Caller::machine(Actor {
                on_behalf_of: Some(person),
                ..Actor::system()
            })
        };
        let mut work = self.begin(&caller, now).await?;
        let version = session::credential(work.conn(), person)
            .await?
            .map(|it| it.version);
        let (secret, token_hash) = new_secret();
        let new = NewToken {
            purpose: Purpose::Reset,
            person: Some(person),
            token_hash: &token_hash,
            credential_version: version,
            email: address.as_deref(),
            ticket: ticket.map(tierdesk_domain::id::TicketId),
            expires_at: now + RESET_LIVES,
        };
        token::insert(work.conn(), &new, now).await?;
        work.audit(
            "password.reset_started",
            "person",
            &person.to_string(),
            json!({"fresh": true}),
        );
        work.mail(Mail {
            kind: MailKind::PasswordReset,
            to: person,
            ticket: None,
            event: None,
            data: json!({"expires_at": now + RESET_LIVES, "reminder": false}),
            secret: Some(&secret),
        })
        .await?;
        work.commit().await
    }

    /// Changes the caller's own password. Every other session of theirs ends.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] for a wrong current password or a new one that is not taken.
    pub async fn change_password(
        &self,
        caller: &Caller,
        session_hash: &[u8],
        current: &str,
        new: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let id = caller.person_id().ok_or(DeskError::Denied)?;
        let mut conn = self.acquire().await?;
        if let Some(wait) = rate_limit::take(
            &mut conn,
            "password.change",
            &id.to_string(),
            5.0,
            180.0,
            now,
        )
        .await?
        {
            return Err(too_often(wait));
        }
        let owner = person::find(&mut conn, id)
            .await?
            .ok_or(DeskError::NotFound)?;
        let hash = session::credential(&mut conn, id)
            .await?
            .map(|it| it.password_hash);
        drop(conn);
        let fits = match hash {
            Some(hash) => self.verify_password(current.to_owned(), hash).await?,
            None => false,
        };
        if !fits {
            return Err(vec![FieldError::new("current", "error.password_wrong")].into());
        }
        self.check_password(new, &owner.name, owner.email.as_deref().unwrap_or_default())?;
        let hash = self.hash_password(new.to_owned()).await?;
        let mut work = self.begin(caller, now).await?;
        change(&mut work, id, &hash, Some(session_hash)).await?;
        work.commit().await
    }
}

fn link_state(token: &Token, now: DateTime<Utc>) -> LinkState {
    if token.used_at.is_some() {
        LinkState::Useless
    } else if token.superseded_at.is_some() || token.expires_at <= now {
        LinkState::Expired
    } else {
        LinkState::Open
    }
}

/// Sets a password within an action, with all that follows: sessions end, the person is told, the bot hears of it.
async fn change(
    work: &mut Work<'_>,
    person: PersonId,
    hash: &str,
    but: Option<&[u8]>,
) -> Result<()> {
    let now = work.now;
    session::set_credential(work.conn(), person, hash, now).await?;
    let ended = session::end_all(work.conn(), person, but, now).await?;
    work.audit(
        "password.changed",
        "person",
        &person.to_string(),
        json!({"sessions_ended": ended}),
    );
    work.mail(Mail {
        kind: MailKind::PasswordChanged,
        to: person,
        ticket: None,
        event: None,
        data: json!({}),
        secret: None,
    })
    .await?;
    crate::bot::password_was_set(work, person).await
}

/// An error that says how long to wait.
pub(crate) fn too_often(seconds: f64) -> DeskError {
    DeskError::RateLimited {
        retry_after: seconds.ceil() as u64,
    }
}
