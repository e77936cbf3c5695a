//! Picking up: a ticket that a rule gives to somebody still waits for them, and is picked up once they show that they began.
//!
//! The desk's time starts on Monday, 1 June 2026, 09:00 UTC; a P3 is promised to be picked up within two working hours.

use chrono::TimeDelta;
use serde_json::Value;
use tierdesk_desk::conversation::Afterwards;
use tierdesk_desk::{Caller, DeskError};
use tierdesk_domain::handover::BounceCode;
use tierdesk_domain::id::TicketId;
use tierdesk_domain::routing::{Mode, Routing};
use tierdesk_domain::sla::Metric;
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;

use crate::clock::about;
use crate::routing::Routed;

impl Routed {
    /// What the timeline says of the promise to pick a ticket up.
    async fn picked_up(&self, id: TicketId, kind: EventKind) -> Vec<Value> {
        self.scene.told(id, kind, Metric::PickUp).await
    }

    async fn first(&self) -> Caller {
        self.scene.desk.caller(&self.people[0]).await
    }

    async fn nothing_is_kept_or_broken(&self, id: TicketId) {
        self.scene.sweep().await;
        for kind in [EventKind::Kept, EventKind::Breached] {
            assert!(self.picked_up(id, kind).await.is_empty(), "{kind}");
        }
        assert_eq!(self.scene.recount().await, Vec::<String>::new());
    }

    /// It was kept once, now.
    async fn is_kept_now(&self, id: TicketId) {
        let kept = self.picked_up(id, EventKind::Kept).await;
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert_eq!(kept[0]["at"], serde_json::json!(self.scene.desk.now()));
        assert_eq!(self.scene.recount().await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_routing_gave_and_its_receiver_sends_back_was_never_picked_up() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    let id = it.comes(None).await;
    assert_eq!(it.whose(id).await.as_deref(), Some("Ana"));
    it.nothing_is_kept_or_broken(id).await;
    it.scene.pass(TimeDelta::minutes(30));
    let (ana, version) = (it.first().await, it.scene.ticket(id).await.version);
    let (code, why) = (Some(BounceCode::WrongTeam), "Identity works on this.");
    let now = it.scene.desk.now();
    it.desk()
        .bounce(&ana, id, version, code, why, now)
        .await
        .unwrap();
    it.nothing_is_kept_or_broken(id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_colleague_does_picks_up_nothing_for_whoever_has_it() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana", "Ben"]).await;
    let id = it.comes(None).await;
    let has_it = it.whose(id).await.unwrap();
    let who = |own: bool| {
        let found = it.people.iter().find(|it| (it.name == has_it) == own);
        it.scene.desk.caller(found.unwrap())
    };
    it.scene.pass(TimeDelta::minutes(20));
    let (colleague, now) = (who(false).await, it.scene.desk.now());
    let answers = it.desk();
    answers
        .reply(&colleague, id, "We look at it.", Afterwards::Open, now)
        .await
        .unwrap();
    it.nothing_is_kept_or_broken(id).await;
    it.scene.pass(TimeDelta::minutes(20));
    let (own, now) = (who(true).await, it.scene.desk.now());
    answers
        .reply(&own, id, "I am on it.", Afterwards::Open, now)
        .await
        .unwrap();
    it.is_kept_now(id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_routing_gave_is_picked_up_with_the_answer_and_not_with_a_note() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    let id = it.comes(None).await;
    let ana = it.first().await;
    it.scene.pass(TimeDelta::minutes(20));
    let now = it.scene.desk.now();
    it.desk()
        .note(&ana, id, "Looks like the gateway.", now)
        .await
        .unwrap();
    it.nothing_is_kept_or_broken(id).await;
    it.scene.pass(TimeDelta::minutes(20));
    let now = it.scene.desk.now();
    it.desk()
        .reply(&ana, id, "I am on it.", Afterwards::Open, now)
        .await
        .unwrap();
    it.is_kept_now(id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_routing_gave_is_picked_up_when_its_hand_over_is_accepted_which_acknowledges_it() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    let id = it.comes(None).await;
    assert_eq!(it.scene.ticket(id).await.acknowledged_at, None);
    it.scene.pass(TimeDelta::minutes(40));
    let (ana, now) = (it.first().await, it.scene.desk.now());
    it.desk()
        .accept_handover(&ana, id, None, now)
        .await
        .unwrap();
    it.is_kept_now(id).await;
    assert_eq!(it.scene.ticket(id).await.acknowledged_at, Some(now));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_over_to_somebody_is_accepted_by_nobody_else_unless_they_take_the_ticket() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    let id = it.comes(None).await;
    let ben = it.scene.desk.engineer("Ben", "Network", Tier::L2).await;
    let colleague = it.scene.desk.caller(&ben).await;
    it.scene.pass(TimeDelta::minutes(10));
    let now = it.scene.desk.now();
    let refused = it.desk().accept_handover(&colleague, id, None, now).await;
    assert!(matches!(refused, Err(DeskError::State(_))), "{refused:?}");
    it.nothing_is_kept_or_broken(id).await;
    let number = it.scene.ticket(id).await.number.0;
    let client = it.scene.desk.sign_in(&ben).await;
    let page = client.get(&format!("/tickets/{number}")).await.page();
    assert!(page.all_text().contains("This hand-over waits for Ana."));
    assert!(!page.has(&format!("form[action='/tickets/{number}/accept']")));
    assert!(page.has("a[href='#bounce']"));

    let (ana, me) = (it.person("Ana"), Some(ben.id));
    let taken = it.desk().assign(&colleague, id, me, Some(ana), now).await;
    taken.unwrap();
    it.is_kept_now(id).await;
    let accepted = it.scene.events(id, EventKind::HandoverAccepted).await;
    assert_eq!(accepted.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_routing_gave_and_nobody_begins_with_breaks_the_promise_though_somebody_has_it() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    let id = it.comes(None).await;
    it.scene.at("2026-06-01T11:00:00Z");
    it.nothing_is_kept_or_broken(id).await;
    it.scene.at("2026-06-01T11:00:00.000001Z");
    it.scene.sweep().await;
    assert_eq!(it.picked_up(id, EventKind::Breached).await.len(), 1);
    // Begun too late is late.
    let (ana, now) = (it.first().await, it.scene.desk.now());
    it.desk()
        .reply(&ana, id, "I am on it.", Afterwards::Open, now)
        .await
        .unwrap();
    assert!(it.picked_up(id, EventKind::Kept).await.is_empty());
    assert_eq!(it.scene.recount().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_given_a_ticket_says_with_a_button_that_they_are_on_it() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    // The Service Desk's L1 routes too, and gives what the bot cannot solve to Jonas.
    let routing = Routing {
        team: it.scene.desk.team("Service Desk").await,
        tier: Tier::L1,
        mode: Mode::RoundRobin,
        cap: None,
        calendar: None,
    };
    let (boss, now) = (it.boss().await, it.scene.desk.now());
    it.desk()
        .save_routing(&boss, 0, routing, now)
        .await
        .unwrap();
    let requester = it.scene.desk.caller(&it.scene.requester).await;
    let flickers = about("My screen flickers");
    let filed = it.desk().file_ticket(&requester, flickers, now).await;
    let id = filed.unwrap().id;
    while it.desk().act_on_next_bot_deadline(now).await.unwrap() {}
    let jonas = it.scene.engineer.id;
    assert_eq!(it.scene.ticket(id).await.assignee, Some(jonas));
    it.nothing_is_kept_or_broken(id).await;

    it.scene.pass(TimeDelta::minutes(10));
    let number = it.scene.ticket(id).await.number.0;
    let address = format!("/tickets/{number}");
    let client = it.scene.desk.sign_in(&it.scene.engineer).await;
    let page = client.get(&address).await.page();
    let button = ".t-actions form[action$='/assign'] button";
    assert_eq!(page.text(button), "I am on it");
    let what_if = client.get(&format!("{address}/clocks?if=begin")).await;
    let rows = what_if
        .page()
        .texts("[aria-labelledby='then-h'] tbody tr")
        .into_iter()
        .find(|row| row.starts_with("Pick-up"));
    assert!(rows.unwrap().contains("kept"));

    let expected = page.attribute(".t-actions form input[name='expected']", "value");
    let take = [("assignee", "me"), ("expected", expected.as_str())];
    let sent = client.post(&format!("{address}/assign"), &take).await;
    assert_eq!(sent.status, 303);
    it.is_kept_now(id).await;
    let ticket = it.scene.ticket(id).await;
    assert_eq!(ticket.acknowledged_at, Some(it.scene.desk.now()));
    // Said once, it is said.
    let page = client.get(&address).await.page();
    assert!(!page.has(button));
    assert!(page.text(".feed").contains("Began with it"));
    it.scene.pass(TimeDelta::minutes(10));
    let again = client.post(&format!("{address}/assign"), &take).await;
    assert_eq!(again.status, 303);
    let said = it.scene.events(id, EventKind::Acknowledged).await;
    assert_eq!(said.len(), 1);
    assert_eq!(it.picked_up(id, EventKind::Kept).await.len(), 1);
}
