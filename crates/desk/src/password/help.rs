//! "I cannot sign in", asked on the sign-in page by somebody of whom nothing is known but an address.

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::actor::Actor;
use tierdesk_domain::id::PersonId;
use tierdesk_domain::text::t;
use tierdesk_domain::ticket::{Channel, Impact, Urgency};
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::timer::{self, Timer};
use tierdesk_store::{PgConnection, person, rate_limit, requester};
use uuid::Uuid;

use super::too_often;
use crate::error::Result;
use crate::ticket::NewTicket;
use crate::{Caller, Desk, Origin, Work, conversation};

/// Deadline: look at what somebody asked on the sign-in page.
pub(crate) const TIMER: &str = "sign_in_help";
/// The longest address that is looked for (RFC 5321 section 4.5.3.1).
const LONGEST: usize = 254;

/// Takes one from what a network, and everybody together, may ask for without signing in: help, and fresh links (AT-RATE-1).
///
/// # Errors
/// [`crate::DeskError::RateLimited`].
pub(crate) async fn not_too_often(
    conn: &mut PgConnection,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<()> {
    for (bucket, key, capacity, every) in [
        ("help.ip", origin.network().as_str(), 10.0, 360.0),
        ("help.all", "", 300.0, 4.0),
    ] {
        if let Some(wait) = rate_limit::take(conn, bucket, key, capacity, every, now).await? {
            return Err(too_often(wait));
        }
    }
    Ok(())
}

/// Takes one from the three an hour that may be asked for one account, whether there is one or not. Gives the seconds to
/// wait where none is left.
pub(crate) async fn take_of_account(
    conn: &mut PgConnection,
    email: &str,
    now: DateTime<Utc>,
) -> Result<Option<f64>> {
    Ok(rate_limit::take(conn, "help.account", email, 3.0, 1200.0, now).await?)
}

/// Tierdesk itself, for somebody who is not signed in.
pub(crate) fn on_behalf_of(person: PersonId, origin: &Origin) -> Caller {
    Caller {
        origin: origin.clone(),
        ..Caller::machine(Actor {
            on_behalf_of: Some(person),
            ..Actor::system()
        })
    }
}

impl Desk {
    /// "I cannot sign in" (decision 20). The answer is the same whether there is such an account or not, and so is the work:
    /// the request leaves a note, and the worker finds out whether it is worth a ticket (AT-ENUM-1).
    ///
    /// # Errors
    /// [`crate::DeskError::RateLimited`], which depends on the network and on what everybody asks together, never on the address.
    pub async fn cannot_sign_in(
        &self,
        email: &str,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let email: String = email.trim().to_lowercase().chars().take(LONGEST).collect();
        let mut conn = self.acquire().await?;
        not_too_often(&mut conn, origin, now).await?;
        // The fourth is swallowed, so that nobody learns which accounts exist.
        let often = take_of_account(&mut conn, &email, now).await?;
        let found = person::by_email(&mut conn, &email).await?;
        drop(conn);
        let caller = Caller {
            origin: origin.clone(),
            ..Caller::machine(Actor::system())
        };
        let mut work = self.begin(&caller, now).await?;
        work.audit("sign_in_help.asked", "address", &email, json!({}));
        let note = json!({"person": found.filter(|_| often.is_none())});
        timer::set(work.conn(), TIMER, Uuid::now_v7(), 0, now, &note).await?;
        work.commit().await
    }
}

/// Looks at what was asked: files a ticket for the account, or adds to the one that is open. Triage does the rest.
pub(crate) async fn look(work: &mut Work<'_>, note: &Timer) -> Result<()> {
    let person: Option<PersonId> = serde_json::from_value(note.data["person"].clone()).ok();
    let Some(person) = person else {
        return Ok(());
    };
    // One after the other, so that two at once do not become two tickets.
    if !person::hold_active(work.conn(), person).await? {
        return Ok(());
    }
    let part = work.part(on_behalf_of(person, &Origin::default())).await?;
    let done = ask(work, person).await;
    work.end(part, done).await?
}

async fn ask(work: &mut Work<'_>, person: PersonId) -> Result<()> {
    let open = requester::open_by_channel(work.conn(), person, Channel::SignInHelp).await?;
    let ticket = match open {
        Some(id) => work.lock(id).await?,
        None => None,
    };
    let Some(mut ticket) = ticket.filter(|it| it.status.is_open()) else {
        let new = NewTicket {
            category: None,
            title: t("password.help_title").to_owned(),
            description: t("password.help_description").to_owned(),
            impact: Impact::Person,
            urgency: Urgency::High,
            host: None,
            channel: Channel::SignInHelp,
        };
        crate::ticket::file(work, person, new).await?;
        return Ok(());
    };
    let event = work
        .event(
            &ticket,
            EventKind::Ask,
            Visibility::Public,
            Some(t("password.help_again")),
            json!({"sign_in_help": true}),
        )
        .await?;
    if ticket.bot_holds {
        crate::bot::heard(work, &ticket);
    } else {
        conversation::goes_on(work, &mut ticket, event).await?;
    }
    work.save(&mut ticket, false).await
}
