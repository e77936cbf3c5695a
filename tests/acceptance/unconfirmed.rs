//! A P1 that the requester chose waits for a human before anybody in charge is asked (decision 17); one that the desk set
//! waits for nobody.

use chrono::TimeDelta;
use tierdesk_desk::DeskError;
use tierdesk_desk::ticket::NewTicket;
use tierdesk_domain::escalation::{Effect, Rule};
use tierdesk_domain::id::TicketId;
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::ticket::{Impact, Priority, Urgency};
use tierdesk_domain::tier::Tier;

use crate::clock::about;
use crate::in_charge::{Charge, at_once, level, path, person};

impl Charge {
    /// The requester files a P1, the bot lets go, and the worker looks.
    async fn file_p1(&self) -> TicketId {
        let requester = self.scene.desk.caller(&self.scene.requester).await;
        let new = NewTicket {
            impact: Impact::Site,
            urgency: Urgency::High,
            ..about("Nothing works")
        };
        let now = self.scene.desk.now();
        let filed = self.desk().file_ticket(&requester, new, now).await;
        let id = filed.unwrap().id;
        self.scene.release(id).await;
        self.scene.sweep().await;
        id
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_p1_that_the_requester_chose_tells_the_queue_and_nobody_on_call_until_a_human_confirms_it()
 {
    let charge = Charge::new().await;
    charge.set_path(vec![level(person(&charge.ana), 0)]).await;
    let id = charge.file_p1().await;
    assert_eq!(charge.scene.ticket(id).await.priority, Priority::P1);
    charge.minutes(30).await;
    assert!(charge.asked(&charge.ana).await.is_empty());
    let engineer = charge.scene.caller().await;
    let told = charge
        .desk()
        .notifications(&engineer, None, 10)
        .await
        .unwrap();
    assert!(told.iter().any(|it| it.kind == NotificationKind::RuleFired));

    let now = charge.scene.desk.now();
    charge
        .desk()
        .confirm_priority(&engineer, id, now)
        .await
        .unwrap();
    assert_eq!(charge.asked(&charge.ana).await, [now]);
    let twice = charge.desk().confirm_priority(&engineer, id, now).await;
    assert!(matches!(twice, Err(DeskError::State(_))), "{twice:?}");
    charge.acknowledge(&charge.ana, id).await.unwrap();

    // Who sets impact and urgency anew has looked at it as well.
    let other = charge.file_p1().await;
    let version = charge.scene.ticket(other).await.version;
    charge
        .desk()
        .set_impact_urgency(&engineer, other, version, Impact::Group, Urgency::High, now)
        .await
        .unwrap();
    assert_eq!(charge.asked(&charge.ana).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_p1_that_went_to_another_team_before_it_was_confirmed_asks_whoever_is_in_charge_there() {
    let charge = Charge::new().await;
    charge.set_path(vec![level(person(&charge.ana), 0)]).await;
    let nat = charge.scene.desk.engineer("Nat Long", "Network", Tier::L2);
    let nat = nat.await;
    let (boss, network) = (
        charge.scene.desk.caller(&charge.boss).await,
        charge.scene.desk.team("Network").await,
    );
    let theirs = path(vec![level(person(&nat), 0)]);
    let now = charge.scene.desk.now();
    charge
        .desk()
        .save_path(&boss, network, 0, true, theirs, now)
        .await
        .unwrap();
    let id = charge.file_p1().await;
    charge.to_network(id).await;
    // Also after the daily look at a path that waits.
    charge.scene.pass(TimeDelta::hours(25));
    charge.scene.sweep().await;
    assert!(charge.asked(&nat).await.is_empty());

    let engineer = charge.scene.caller().await;
    let now = charge.scene.desk.now();
    charge
        .desk()
        .confirm_priority(&engineer, id, now)
        .await
        .unwrap();
    assert_eq!(charge.asked(&nat).await, [now]);
    assert!(charge.asked(&charge.ana).await.is_empty());
    // It is that team's from here on.
    charge.acknowledge(&nat, id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_p1_that_the_rule_itself_sets_asks_whoever_is_in_charge_at_once() {
    let charge = Charge::new().await;
    charge.set_path(vec![level(person(&charge.ana), 0)]).await;
    let caller = charge.scene.desk.caller(&charge.boss).await;
    let now = charge.scene.desk.now();
    let rules = charge.desk().rule_list(&caller, now).await.unwrap();
    let rule = rules
        .iter()
        .find(|it| it.document.name == "Who is in charge")
        .unwrap();
    let raises = Rule {
        effects: vec![
            Effect::RaisePriority {
                to: Some(Priority::P1),
            },
            Effect::NotifyInCharge {},
        ],
        ..at_once()
    };
    let seen = Some((rule.document.id, rule.document.version));
    charge
        .desk()
        .save_rule(&caller, seen, "Who is in charge", true, raises, now)
        .await
        .unwrap();
    let id = charge.file().await;
    assert_eq!(charge.scene.ticket(id).await.priority, Priority::P1);
    assert_eq!(charge.asked(&charge.ana).await, [charge.scene.desk.now()]);
}
