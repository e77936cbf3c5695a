//! Resetting a forgotten password: the standard flow to the address on file, a reminder with a new link, then a human.

use serde_json::json;
use tierdesk_domain::bot::{GIVE_UP_AFTER, REMIND_AFTER, State, may_start_reset};
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::{ResolutionCode, ResolvedBy, Status};
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::bot::{self as memory, Case};
use tierdesk_store::ticket::Ticket;

use super::{BOT, become_state, business, pass_on, say, set_status, write};
use crate::error::{DeskError, Result};
use crate::password::link::{self, LIVES, NewLink};
use crate::{Work, triage};

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
    // Somebody who asks once more while their link is good has not looked into their mail yet.
    let link_over = case.updated_at + LIVES;
    let asked_again =
        now >= link_over && memory::asked_again(work.conn(), ticket.id, link_over).await?;
    if case.state == State::LinkSent && now < remind_at && !asked_again {
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
    if now < give_up_at && !asked_again {
        work.timer(BOT, ticket.id.0, 0, give_up_at);
        return Ok(());
    }
    become_state(case, State::HandedOver, now);
    work.clear_timer(BOT, ticket.id.0).await?;
    say(work, ticket, t("bot.password_unused")).await?;
    pass_on(work, ticket, t("bot.password_unused_why")).await
}

/// Sends a link to the address on file, and says so on the timeline.
async fn send_link(work: &mut Work<'_>, ticket: &Ticket, reminder: bool) -> Result<()> {
    let what = t(if reminder {
        "bot.reminder_event"
    } else {
        "bot.link_event"
    });
    let expires_at = work.now + LIVES;
    let event = work
        .event(
            ticket,
            EventKind::PasswordReset,
            Visibility::Public,
            None,
            json!({"what": what, "step": "link_sent", "reminder": reminder, "expires_at": expires_at}),
        )
        .await?;
    let link = NewLink {
        to: ticket.requester,
        ticket: Some(ticket.id),
        event: Some(event),
        reminder,
        by: None,
        detail: json!({"ticket": ticket.number, "reminder": reminder}),
    };
    link::send(work, link).await
}
