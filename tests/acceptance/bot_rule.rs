//! The shipped rule "The bot passed it on": once per cycle in which the bot did, and to the queue that has the ticket.

use chrono::TimeDelta;
use support::{Someone, Tierdesk};
use tierdesk_domain::id::TicketId;
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::ticket::ResolutionCode;
use tierdesk_domain::tier::Tier;
use tierdesk_worker::timer::Sweeper;

const RULE: &str = "The bot passed it on";
const UNTAKEN: &str = "Nobody took it";

async fn sweep(desk: &Tierdesk) {
    Sweeper::new(desk.desk.clone())
        .drain(desk.now())
        .await
        .unwrap();
}

/// How often a rule fired on a ticket.
async fn fired(desk: &Tierdesk, ticket: TicketId, rule: &str) -> usize {
    let all = desk.timeline(ticket).await;
    all.iter()
        .filter(|it| it.kind == "rule_fired" && it.data["rule"] == rule)
        .count()
}

/// How often somebody was told that a rule fired.
async fn told(desk: &Tierdesk, someone: &Someone, rule: &str) -> usize {
    let caller = desk.caller(someone).await;
    let all = desk.desk.notifications(&caller, None, 100).await.unwrap();
    all.iter()
        .filter(|it| it.kind == NotificationKind::RuleFired && it.data["rule"] == rule)
        .count()
}

#[tokio::test]
async fn what_the_bot_passes_on_at_night_is_told_in_the_morning_and_is_not_late() {
    let desk = Tierdesk::start().await;
    let leo = desk
        .engineer("Leo Engineer", "Service Desk", Tier::L1)
        .await;
    let without = desk.requester("No Password").await;
    // It is 20:00; the desk opens at 9:00.
    desk.clock.advance(TimeDelta::hours(11));
    let ticket = desk
        .file(&without, "Password", "I forgot my password")
        .await
        .id;
    desk.run_bot().await;
    assert!(desk.newest(ticket, "bot_gave_up").await.is_some());
    sweep(&desk).await;
    desk.clock.advance(TimeDelta::minutes(12 * 60 + 59));
    sweep(&desk).await;
    assert_eq!(fired(&desk, ticket, RULE).await, 0);
    desk.clock.advance(TimeDelta::minutes(1));
    sweep(&desk).await;
    assert_eq!(told(&desk, &leo, RULE).await, 1);
    let event = desk.newest(ticket, "rule_fired").await.unwrap();
    assert_eq!(event.data["rule"], RULE);
    assert_eq!(event.data["late_by_seconds"], 0);
}

#[tokio::test]
async fn a_refused_reset_tells_the_queue_once_and_a_reopened_ticket_not_again() {
    let desk = Tierdesk::start().await;
    let leo = desk
        .engineer("Leo Engineer", "Service Desk", Tier::L1)
        .await;
    let elsewhere = desk.engineer("Nat Network", "Network", Tier::L1).await;
    // Somebody without a password of their own cannot have it reset by the bot.
    let without = desk.requester("No Password").await;
    let ticket = desk
        .file(&without, "Password", "I forgot my password")
        .await
        .id;
    sweep(&desk).await;
    assert_eq!(fired(&desk, ticket, RULE).await, 0, "the bot holds it");
    desk.run_bot().await;
    assert!(desk.newest(ticket, "bot_gave_up").await.is_some());
    sweep(&desk).await;
    assert_eq!(fired(&desk, ticket, RULE).await, 1);
    assert_eq!(told(&desk, &leo, RULE).await, 1);
    assert_eq!(told(&desk, &elsewhere, RULE).await, 0);
    let event = desk.newest(ticket, "rule_fired").await.unwrap();
    assert_eq!(event.data["because"], "the bot passed it on to a human");

    desk.clock.advance(TimeDelta::hours(3));
    sweep(&desk).await;
    assert_eq!(fired(&desk, ticket, RULE).await, 1);
    assert_eq!(fired(&desk, ticket, UNTAKEN).await, 1);
    let caller = desk.caller(&leo).await;
    desk.desk
        .resolve(&caller, ticket, ResolutionCode::Fixed, "Done.", desk.now())
        .await
        .unwrap();
    let requester = desk.caller(&without).await;
    desk.desk
        .reopen(&requester, ticket, "It is not.", desk.now())
        .await
        .unwrap();
    desk.run_bot().await;
    desk.clock.advance(TimeDelta::days(1));
    sweep(&desk).await;
    // Rules look at it anew, and the bot had no part in this cycle.
    assert_eq!(fired(&desk, ticket, UNTAKEN).await, 2);
    assert_eq!(fired(&desk, ticket, RULE).await, 1);
    assert_eq!(told(&desk, &leo, RULE).await, 1);
}
