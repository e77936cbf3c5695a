//! How people come in: invited by mail, or, the very first one, through a set-up link printed on the console.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::field::{FieldError, one_line, required};
use tierdesk_domain::id::{PersonId, TeamId};
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::person::PersonKind;
use tierdesk_domain::tier::Tier;
use tierdesk_store::token::{self, NewToken, Purpose, Token};
use tierdesk_store::{people, person, session, team};
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::keys::{hash_secret, new_secret};
use crate::password::LinkState;
use crate::work::Mail;
use crate::{Caller, Desk, Origin, Work};

/// How long an invitation works.
const INVITATION_LIVES: TimeDelta = TimeDelta::hours(72);
/// How long a set-up link works; each start prints a new one until somebody used it (decision 36).
const SETUP_LIVES: TimeDelta = TimeDelta::hours(24);
/// The longest name, in characters.
pub const MAX_NAME: usize = 200;

/// Somebody to invite.
#[derive(Debug, Clone, Default)]
pub struct Invite {
    /// Their name.
    pub name: String,
    /// The address the invitation goes to, and is bound to.
    pub email: String,
    /// May configure.
    pub administrator: bool,
    /// Is a manager, of all teams.
    pub manager: bool,
    /// The queues they will work in.
    pub queues: BTreeSet<(TeamId, Tier)>,
}

/// An address as it is kept, or the error to show beside `field`.
pub(crate) fn read_email(field: &'static str, text: &str, errors: &mut Vec<FieldError>) -> String {
    let email = text.trim().to_lowercase();
    let plain = email
        .chars()
        .all(|c| !c.is_control() && !c.is_whitespace() && !"<>,;\"\\()".contains(c));
    let shaped = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && !domain.contains('@')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
    });
    if email.is_empty() {
        errors.push(FieldError::required(field));
    } else if email.len() > 254 || !plain || !shaped {
        errors.push(FieldError::new(field, "error.email"));
    }
    email
}

impl Desk {
    /// Invites a person by mail.
    ///
    /// # Errors
    /// [`DeskError::Denied`] for those who may not configure; [`DeskError::Invalid`], also for an address that somebody has.
    pub async fn invite(
        &self,
        caller: &Caller,
        invite: Invite,
        now: DateTime<Utc>,
    ) -> Result<PersonId> {
        authorize(&caller.who, Action::Administer)?;
        let name = one_line(&invite.name);
        let mut errors = Vec::new();
        required("name", &name, MAX_NAME, &mut errors);
        let email = read_email("email", &invite.email, &mut errors);
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let mut work = self.begin(caller, now).await?;
        let id = PersonId(Uuid::now_v7());
        let new = person::NewPerson {
            id,
            name: &name,
            kind: PersonKind::Human,
            organisation: None,
            site: None,
            time_zone: "UTC",
            administrator: invite.administrator,
            manager: invite.manager,
        };
        person::insert(work.conn(), &new, now).await?;
        if let Err(error) =
            person::add_address(work.conn(), id, &email, "invitation", None, now).await
        {
            let taken = error.is_constraint("address_email");
            return Err(if taken {
                vec![FieldError::new("email", "error.email_taken")].into()
            } else {
                error.into()
            });
        }
        for (team, tier) in &invite.queues {
            team::add_member(work.conn(), id, *team, *tier).await?;
        }
        let queues: Vec<_> = invite.queues.iter().collect();
        work.audit("person.invited", "person", &id.to_string(), json!({"name": name, "email": email, "administrator": invite.administrator, "manager": invite.manager, "queues": queues}));
        send_invitation(&mut work, id, &email).await?;
        work.commit().await?;
        Ok(id)
    }

    /// Sends a new invitation to somebody who has not joined yet; the older one stops working.
    ///
    /// # Errors
    /// [`DeskError::State`] for somebody who has joined.
    pub async fn invite_again(
        &self,
        caller: &Caller,
        id: PersonId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        authorize(&caller.who, Action::Administer)?;
        let mut work = self.begin(caller, now).await?;
        let found = person::find(work.conn(), id)
            .await?
            .ok_or(DeskError::NotFound)?;
        if session::credential(work.conn(), id).await?.is_some() || found.deactivated_at.is_some() {
            return Err(DeskError::State("people.joined_already"));
        }
        let email = found.email.ok_or(DeskError::NotFound)?;
        work.audit(
            "person.invited",
            "person",
            &id.to_string(),
            json!({"again": true}),
        );
        send_invitation(&mut work, id, &email).await?;
        work.commit().await
    }

    /// What an invitation link is good for. Changes nothing.
    pub async fn invitation_link(&self, secret: &str, now: DateTime<Utc>) -> Result<LinkState> {
        let mut conn = self.acquire().await?;
        let found = token::find(&mut conn, Purpose::Invitation, &hash_secret(secret)).await?;
        Ok(found.map_or(LinkState::Useless, |it| state(&it, now)))
    }

    /// Joins by an invitation: the address is theirs, the password is set. Signs nobody in.
    ///
    /// # Errors
    /// [`DeskError::State`] for a link that no longer works, [`DeskError::Invalid`] for a password that is not taken.
    pub async fn join(
        &self,
        secret: &str,
        password: &str,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let token_hash = hash_secret(secret);
        let over = || DeskError::State("password.invitation_over");
        let mut conn = self.acquire().await?;
        let found = token::find(&mut conn, Purpose::Invitation, &token_hash).await?;
        let owner = match found.filter(|it| state(it, now) == LinkState::Open) {
            Some(Token {
                person_id: Some(id),
                ..
            }) => person::find(&mut conn, PersonId(id)).await?,
            _ => None,
        };
        let owner = owner.ok_or_else(over)?;
        let principal = person::principal(&mut conn, owner.id)
            .await?
            .ok_or_else(over)?;
        drop(conn);
        self.check_password(
            password,
            &owner.name,
            owner.email.as_deref().unwrap_or_default(),
        )?;
        let hash = self.hash_password(password.to_owned()).await?;
        let caller = Caller::person(principal, origin.clone());
        let mut work = self.begin(&caller, now).await?;
        let token = token::lock(work.conn(), Purpose::Invitation, &token_hash)
            .await?
            .filter(|it| state(it, now) == LinkState::Open)
            .ok_or_else(over)?;
        // Bound to the address it went to (Fleet CVE-2026-34389 is what happens otherwise).
        let email = token.email.ok_or_else(over)?;
        if !people::verify_address(work.conn(), owner.id, &email, now).await? {
            return Err(over());
        }
        crate::routing::somebody_new(&mut work, owner.id).await?;
        token::mark_used(work.conn(), token.id, now).await?;
        session::set_credential(work.conn(), owner.id, &hash, now).await?;
        work.audit("person.joined", "person", &owner.id.to_string(), json!({}));
        set_up_mail(&mut work, owner.id).await?;
        work.commit().await
    }

    /// The address of the set-up page, while no administrator has joined; a new one each time, which replaces the older.
    /// Somebody who was only invited may never get the mail.
    pub async fn setup_link(&self, now: DateTime<Utc>) -> Result<Option<String>> {
        let caller = Caller::machine(Actor::system());
        let mut work = self.begin(&caller, now).await?;
        if people::administrators(work.conn(), None).await? > 0 {
            return Ok(None);
        }
        let (secret, token_hash) = new_secret();
        let new = NewToken {
            purpose: Purpose::Setup,
            person: None,
            token_hash: &token_hash,
            credential_version: None,
            email: None,
            ticket: None,
            expires_at: now + SETUP_LIVES,
        };
        token::insert(work.conn(), &new, now).await?;
        work.audit("setup.link_printed", "instance", "1", json!({}));
        work.commit().await?;
        Ok(Some(format!(
            "{}/set-up/{}",
            self.settings.base_url,
            secret.reveal()
        )))
    }

    /// What a set-up link is good for. Changes nothing.
    pub async fn setup_state(&self, secret: &str, now: DateTime<Utc>) -> Result<LinkState> {
        let mut conn = self.acquire().await?;
        let found = token::find(&mut conn, Purpose::Setup, &hash_secret(secret)).await?;
        Ok(found.map_or(LinkState::Useless, |it| state(&it, now)))
    }

    /// Makes the first administrator. Of two who do it at once, one wins, and the way closes with it (AT-PRIV-1).
    ///
    /// # Errors
    /// [`DeskError::State`] once an administrator has joined or the link is over; [`DeskError::Invalid`].
    pub async fn set_up(
        &self,
        secret: &str,
        name: &str,
        email: &str,
        password: &str,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let over = || DeskError::State("password.setup_over");
        let name = one_line(name);
        let mut errors = Vec::new();
        required("name", &name, MAX_NAME, &mut errors);
        let email = read_email("email", email, &mut errors);
        match self.check_password(password, &name, &email) {
            Err(DeskError::Invalid(more)) => errors.extend(more),
            other => other?,
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        if self.setup_state(secret, now).await? != LinkState::Open {
            return Err(over());
        }
        let hash = self.hash_password(password.to_owned()).await?;
        let caller = Caller {
            origin: origin.clone(),
            ..Caller::machine(Actor::system())
        };
        let mut work = self.begin(&caller, now).await?;
        let token = token::lock(work.conn(), Purpose::Setup, &hash_secret(secret))
            .await?
            .filter(|it| state(it, now) == LinkState::Open)
            .ok_or_else(over)?;
        if people::administrators(work.conn(), None).await? > 0 {
            return Err(over());
        }
        token::mark_used(work.conn(), token.id, now).await?;
        let id = PersonId(Uuid::now_v7());
        let new = person::NewPerson {
            id,
            name: &name,
            kind: PersonKind::Human,
            organisation: None,
            site: None,
            time_zone: "UTC",
            administrator: true,
            manager: false,
        };
        person::insert(work.conn(), &new, now).await?;
        person::add_address(work.conn(), id, &email, "person", Some(now), now).await?;
        session::set_credential(work.conn(), id, &hash, now).await?;
        work.audit(
            "setup.finished",
            "person",
            &id.to_string(),
            json!({"name": name}),
        );
        set_up_mail(&mut work, id).await?;
        work.commit().await
    }
}

fn state(token: &Token, now: DateTime<Utc>) -> LinkState {
    if token.used_at.is_some() || token.superseded_at.is_some() {
        LinkState::Useless
    } else if token.expires_at <= now {
        LinkState::Expired
    } else {
        LinkState::Open
    }
}

async fn send_invitation(work: &mut Work<'_>, id: PersonId, email: &str) -> Result<()> {
    let now = work.now;
    let (secret, token_hash) = new_secret();
    let new = NewToken {
        purpose: Purpose::Invitation,
        person: Some(id),
        token_hash: &token_hash,
        credential_version: None,
        email: Some(email),
        ticket: None,
        expires_at: now + INVITATION_LIVES,
    };
    token::insert(work.conn(), &new, now).await?;
    let by = match work.caller().person_id() {
        Some(id) => person::find(work.conn(), id).await?.map(|it| it.name),
        None => None,
    };
    let by = by.unwrap_or_else(|| work.desk().settings.site_name.clone());
    let mail = Mail {
        kind: MailKind::Invitation,
        to: id,
        ticket: None,
        event: None,
        data: json!({"by": by, "expires_at": now + INVITATION_LIVES}),
        secret: Some(&secret),
    };
    work.mail_to(&mail, email);
    Ok(())
}

async fn set_up_mail(work: &mut Work<'_>, id: PersonId) -> Result<()> {
    work.mail(Mail {
        kind: MailKind::SetUp,
        to: id,
        ticket: None,
        event: None,
        data: json!({}),
        secret: None,
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::read_email;

    #[test]
    fn an_address_is_read_without_case_and_without_anything_around_it() {
        let mut errors = Vec::new();
        assert_eq!(
            read_email("email", " Ana.F@Harbour.Example ", &mut errors),
            "ana.f@harbour.example"
        );
        assert!(errors.is_empty());
        for bad in [
            "",
            "ana",
            "ana@",
            "@x.y",
            "a@b",
            "a b@x.y",
            "a@x.y,b@x.y",
            "\"A\" <a@x.y>",
            "a@x.y\r\nBcc: b@x.y",
            "a@@x.y",
            "a@.x.y",
            "a@x.y.",
        ] {
            let mut errors = Vec::new();
            read_email("email", bad, &mut errors);
            assert_eq!(errors.len(), 1, "{bad:?}");
        }
    }
}
