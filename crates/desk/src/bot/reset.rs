//! Resetting a forgotten password: the standard flow to the address on file, a reminder with a new link, then a human.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tierdesk_domain::bot::{GIVE_UP_AFTER, REMIND_AFTER, State, may_start_reset};
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::{ResolutionCode, ResolvedBy, Status};
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::bot::{self as memory, Case};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::token::{self, NewToken, Purpose};

use super::{BOT, become_state, business, pass_on, say, set_status, write};
use crate::error::{DeskError, Result};
use crate::keys::new_secret;
use crate::work::Mail;
use crate::{Work, triage};

/// How long a reset link works (AT-RESET-1).
const LINK_LIVES: TimeDelta = TimeDelta::minutes(15);

/// Starts the standard flow; policy said that it may.
pub(crate) async fn start(work: &mut Work<'_>, ticket: &mut Ticket, case: &mut Case) -> Result<()> {
    send_link(work, ticket, false).await?;
    write(work, ticket, t("bot.link_said")).await?;
    set_status(work, ticket, Status::Pending).await?;
    let now = work.now;
    become_state(case, State::LinkSent, now);
    let remind_at = business(work, now, REMIND_AFTER).await?;
    work.timer(BOT, ticket.id.0, 0, remind_at);
    Ok(())
}

/// What comes next: the password was set, the person wrote, or time went by.
pub(crate) async fn step(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    case: &mut Case,
    answers: &[String],
) -> Result<()> {
    let now = work.now;
    let account = memory::account(work.conn(), ticket.requester)
        .await?
        .ok_or(DeskError::NotFound)?;
    if account
        .password
        .is_some_and(|(_, set_at)| set_at > case.started_at)
    {
        become_state(case, State::Helped, now);
        work.clear_timer(BOT, ticket.id.0).await?;
        return crate::ticket::resolve(
            work,
            ticket,
            ResolutionCode::Fixed,
            ResolvedBy::Bot,
            t("bot.password_done"),
        )
        .await;
    }
    if !answers.is_empty() {
        become_state(case, State::HandedOver, now);
        work.clear_timer(BOT, ticket.id.0).await?;
        return pass_on(work, ticket, t("bot.person_wrote_why")).await;
    }
    let remind_at = business(work, case.started_at, REMIND_AFTER).await?;
    let give_up_at = business(work, case.started_at, GIVE_UP_AFTER).await?;
    if case.state == State::LinkSent && now < remind_at {
        work.timer(BOT, ticket.id.0, 0, remind_at);
        return Ok(());
    }
    if case.state == State::LinkSent && now < give_up_at {
        // What held two hours ago need not hold now: the policy is asked again.
        let facts = triage::reset_facts(work, ticket).await?;
        if let Err(refusal) = may_start_reset(&facts, now) {
            become_state(case, State::HandedOver, now);
            say(work, ticket, t("bot.reset_refused")).await?;
            let why = fill(
                "bot.password_refused_why_again",
                &[("why", &refusal.sentence())],
            );
            return pass_on(work, ticket, &why).await;
        }
        send_link(work, ticket, true).await?;
        write(work, ticket, t("bot.reminder_said")).await?;
        become_state(case, State::Reminded, now);
        work.timer(BOT, ticket.id.0, 0, give_up_at);
        return Ok(());
    }
    if now < give_up_at {
        work.timer(BOT, ticket.id.0, 0, give_up_at);
        return Ok(());
    }
    become_state(case, State::HandedOver, now);
    work.clear_timer(BOT, ticket.id.0).await?;
    say(work, ticket, t("bot.password_unused")).await?;
    pass_on(work, ticket, t("bot.password_unused_why")).await
}

/// Makes a link and mails it to the address on file. The secret is in the sealed part of the mail and nowhere else.
async fn send_link(work: &mut Work<'_>, ticket: &Ticket, reminder: bool) -> Result<()> {
    let now = work.now;
    let account = memory::account(work.conn(), ticket.requester)
        .await?
        .ok_or(DeskError::NotFound)?;
    let (secret, token_hash) = new_secret();
    let expires_at: DateTime<Utc> = now + LINK_LIVES;
    token::insert(
        work.conn(),
        &NewToken {
            purpose: Purpose::Reset,
            person: Some(ticket.requester),
            token_hash: &token_hash,
            credential_version: account.password.map(|(version, _)| version),
            email: account.email.as_deref(),
            ticket: Some(ticket.id),
            expires_at,
        },
        now,
    )
    .await?;
    let what = t(if reminder {
        "bot.reminder_event"
    } else {
        "bot.link_event"
    });
    let event = work
        .event(
            ticket,
            EventKind::PasswordReset,
            Visibility::Public,
            None,
            json!({"what": what, "step": "link_sent", "reminder": reminder, "expires_at": expires_at}),
        )
        .await?;
    work.audit(
        "password.reset_started",
        "person",
        &ticket.requester.to_string(),
        json!({"ticket": ticket.number, "reminder": reminder}),
    );
    work.mail(Mail {
        kind: MailKind::PasswordReset,
        to: ticket.requester,
        ticket: Some(ticket.id),
        event: Some(event),
        data: json!({"expires_at": expires_at, "reminder": reminder}),
        secret: Some(&secret),
    })
    .await
}
