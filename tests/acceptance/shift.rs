//! Whether somebody is at work, as pages say it and as routing sees it.
//!
//! The desk's time starts on Monday, 1 June 2026, 09:00 UTC, and its calendar is open from 9 to 17 UTC on weekdays.

use tierdesk_domain::routing::{Mode, Routing};
use tierdesk_domain::shift::Presence;
use tierdesk_domain::tier::Tier;

use crate::clock::day_and_night;
use crate::routing::Routed;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_hours_of_their_own_is_there_in_those_of_any_of_their_queues() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana", "Ben"]).await;
    let (desk, boss) = (it.desk(), it.boss().await);
    let (ana, ben) = (it.person("Ana"), it.person("Ben"));
    let presence = async |person| {
        let now = it.scene.desk.now();
        let listed = desk.at_work(&boss, None, 50, now).await.unwrap();
        let listed = listed.iter().find(|it| it.member.id == person).unwrap();
        let own = desk.own_time(&boss, person, now).await.unwrap().presence;
        assert_eq!(listed.presence, own, "one answer on both pages");
        own
    };
    it.scene.at("2026-06-01T21:00:00Z");
    let until = "2026-06-02T09:00:00Z".parse().ok();
    assert_eq!(presence(ana).await, Presence::OffShift { until });

    // Ana is in a second queue, which works round the clock.
    let now = it.scene.desk.now();
    let mut document = it.scene.calendar().await.body;
    document.windows = day_and_night();
    let always = desk.save_calendar(&boss, None, "Always", None, document, now);
    let always = always.await.unwrap();
    let servers = it.scene.desk.team("Servers").await;
    let routing = Routing {
        team: servers,
        tier: Tier::L2,
        mode: Mode::Off,
        cap: None,
        calendar: Some(always),
    };
    desk.save_routing(&boss, 0, routing, now).await.unwrap();
    it.scene.desk.join(&it.people[0], servers, Tier::L2).await;
    assert_eq!(presence(ana).await, Presence::Here);
    assert_eq!(presence(ben).await, Presence::OffShift { until });

    // Who is away is away from every queue.
    let caller = it.scene.desk.caller(&it.people[0]).await;
    let back = "2026-06-01T23:00:00Z".parse().unwrap();
    desk.be_away(&caller, Some(back), now).await.unwrap();
    assert_eq!(presence(ana).await, Presence::Away { until: back });
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_at_work_at_any_part_of_a_second() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    // As real clocks tell it, finer than the database keeps it.
    it.scene.at("2026-06-02T11:00:00.123456789Z");
    let (boss, now) = (it.boss().await, it.scene.desk.now());
    let own = it.desk().own_time(&boss, it.person("Ana"), now).await;
    assert_eq!(own.unwrap().presence, Presence::Here);
    let client = it.scene.desk.sign_in(&it.people[0]).await;
    let page = client.get("/team").await.page();
    assert!(
        !page.all_text().contains("Off shift"),
        "{}",
        page.all_text()
    );
    let team = it.scene.desk.team("Network").await;
    let admin = it.scene.desk.administrator("Otto Berg").await;
    let admin = it.scene.desk.sign_in(&admin).await;
    let address = format!("/admin/routing/{team}/L2");
    let preview = admin.get(&address).await.page().text("#preview");
    assert!(preview.contains("would go to Ana"), "{preview}");
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_give_tickets_of_somebody_absent_back_that_they_may_not_read() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana", "Ben"]).await;
    let id = it.comes(None).await;
    let had = it.whose(id).await.unwrap();
    it.away(&had, 2).await;
    let admin = it.scene.desk.administrator("Otto Berg").await;
    let client = it.scene.desk.sign_in(&admin).await;
    let page = client.get("/team").await.page();
    let says = format!("{had} has 1 open ticket and is absent");
    assert!(page.all_text().contains(&says), "{}", page.all_text());
    let number = it.scene.ticket(id).await.number.0;
    assert!(!page.has(&format!("a[href='/tickets/{number}']")));
    let address = page.attribute("form[action$='/free']", "action");
    client.post(&address, &[]).await.location();
    assert_ne!(it.whose(id).await.unwrap(), had);
    let page = client.get("/team").await.page();
    assert!(!page.has("form[action$='/free']"));
}
