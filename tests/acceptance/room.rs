//! Room again: when an engineer who had all they may have gives a ticket away, one that waits for them is theirs; and
//! whoever a ticket was given to hears of it alone.

use chrono::TimeDelta;
use support::{Someone, database};
use tierdesk_domain::id::TicketId;
use tierdesk_domain::routing::Mode;
use tierdesk_domain::ticket::{Impact, ResolutionCode, Urgency};
use tierdesk_domain::timeline::EventKind;

use crate::clock::about;
use crate::routing::Routed;

impl Routed {
    /// A ticket that everybody is hit by comes up from L1.
    async fn pressing_comes(&self) -> TicketId {
        let requester = self.scene.desk.caller(&self.scene.requester).await;
        let mut new = about("The VPN is down");
        (new.impact, new.urgency) = (Impact::Site, Urgency::High);
        let now = self.scene.desk.now();
        let filed = self.desk().file_ticket(&requester, new, now).await.unwrap();
        self.escalate(filed.id).await.unwrap();
        filed.id
    }

    async fn resolve(&self, who: &Someone, id: TicketId) {
        let (caller, now) = (self.scene.desk.caller(who).await, self.scene.desk.now());
        let fixed = ResolutionCode::Fixed;
        self.desk()
            .resolve(&caller, id, fixed, "Done.", now)
            .await
            .unwrap();
    }

    /// Who was told of a ticket in the application, as (name, kind).
    async fn told(&self, id: TicketId) -> Vec<(String, String)> {
        let mut conn = database::connect(&self.scene.desk.database).await;
        sqlx::query_as(
            "select p.name, n.kind from notification n join person p on p.id = n.person_id
             where n.ticket_id = $1 and n.kind in ('assigned', 'escalated') order by p.name, n.kind",
        )
        .bind(id.0)
        .fetch_all(&mut conn)
        .await
        .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_full_engineer_has_room_again_the_most_pressing_ticket_that_waits_is_theirs_and_says_why()
 {
    let it = Routed::new(Mode::LeastLoaded, Some(1), &["Ana"]).await;
    let ana = it.people[0].clone();
    let first = it.comes(None).await;
    let ordinary = it.comes(None).await;
    let pressing = it.pressing_comes().await;
    assert_eq!(it.whose(first).await.as_deref(), Some("Ana"));
    for id in [ordinary, pressing] {
        assert_eq!(it.whose(id).await, None);
    }
    it.scene.pass(TimeDelta::minutes(10));
    it.scene.sweep().await;
    assert_eq!(it.whose(pressing).await, None, "she is full still");

    it.resolve(&ana, first).await;
    it.scene.sweep().await;
    assert_eq!(it.whose(pressing).await.as_deref(), Some("Ana"));
    assert_eq!(it.whose(ordinary).await, None, "one went, one came");
    let assigned = it.scene.events(pressing, EventKind::Assigned).await;
    let record = &assigned.last().unwrap()["internal"]["routing"];
    assert_eq!(record["room"], "Ana");
    let client = it.scene.desk.sign_in(&ana).await;
    let number = it.scene.ticket(pressing).await.number;
    let page = client.get(&format!("/tickets/{}", number.0)).await.page();
    assert!(page.all_text().contains("Ana had one open ticket less"));

    // What she puts back stays in the queue; the other one is hers.
    let (caller, now) = (it.scene.desk.caller(&ana).await, it.scene.desk.now());
    it.desk()
        .assign(&caller, pressing, None, Some(ana.id), now)
        .await
        .unwrap();
    it.scene.sweep().await;
    assert_eq!(it.whose(ordinary).await.as_deref(), Some("Ana"));
    assert_eq!(it.whose(pressing).await, None);
    it.resolve(&ana, ordinary).await;
    it.scene.pass(TimeDelta::days(15));
    it.scene.sweep().await;
    assert_eq!(it.whose(pressing).await, None);
    assert_eq!(it.scene.recount().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_came_up_is_told_to_whom_routing_gave_it_and_else_to_the_whole_queue() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana", "Ben", "Carla"]).await;
    let id = it.comes(None).await;
    let whose = it.whose(id).await.unwrap();
    assert_eq!(it.told(id).await, [(whose, "escalated".to_owned())]);

    it.save(1, Mode::Off, None).await.unwrap();
    let id = it.comes(None).await;
    let all = ["Ana", "Ben", "Carla"].map(|name| (name.to_owned(), "escalated".to_owned()));
    assert_eq!(it.told(id).await, all);
}
