//! Notifications: people are told what concerns them, where they chose, in the transaction of what happened, and never
//! anything that they may not read.

use chrono::TimeDelta;
use sqlx::Executor;
use support::browser::Browser;
use support::{Someone, database};
use tierdesk_domain::escalation::MAX_NOTICES;
use tierdesk_domain::id::TicketId;
use tierdesk_domain::notification::{Channel, NotificationKind};
use tierdesk_domain::ticket::ResolutionCode;
use tierdesk_domain::tier::Tier;
use tierdesk_store::notification::Listed;

use crate::clock::Scene;

impl Scene {
    /// The kinds of what somebody was told, oldest first.
    async fn notices(&self, someone: &Someone) -> Vec<NotificationKind> {
        let caller = self.desk.caller(someone).await;
        let mut all = self
            .desk
            .desk
            .notifications(&caller, None, 100)
            .await
            .unwrap();
        all.reverse();
        all.into_iter().map(|it| it.kind).collect()
    }

    /// What somebody was told about promises at risk.
    async fn warned(&self, someone: &Someone) -> Vec<Listed> {
        let caller = self.desk.caller(someone).await;
        let all = self.desk.desk.notifications(&caller, None, 100).await;
        let mut all = all.unwrap();
        all.retain(|it| it.kind == NotificationKind::AtRisk);
        all
    }

    async fn give(&self, id: TicketId, to: &Someone) {
        let caller = self.caller().await;
        let has_it = self.ticket(id).await.assignee;
        self.desk
            .desk
            .assign(&caller, id, Some(to.id), has_it, self.desk.now())
            .await
            .unwrap();
    }

    /// How many mails of a kind wait for somebody.
    async fn mailed(&self, someone: &Someone, kind: &str) -> i64 {
        let mut conn = database::connect(&self.desk.database).await;
        sqlx::query_scalar("select count(*) from outbox where person_id = $1 and kind = $2")
            .bind(someone.id.0)
            .bind(kind)
            .fetch_one(&mut conn)
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_what_others_did_and_never_what_they_did_themselves() {
    let scene = Scene::new().await;
    let ana = scene
        .desk
        .engineer("Ana Reis", "Service Desk", Tier::L1)
        .await;
    let network = scene.desk.engineer("Ben Cole", "Network", Tier::L2).await;
    let id = scene.file().await;
    scene.give(id, &ana).await;
    assert_eq!(scene.notices(&ana).await, [NotificationKind::Assigned]);
    assert_eq!(scene.notices(&scene.engineer).await, []);
    scene.release_from(id, &ana).await;

    let requester = scene.desk.caller(&scene.requester).await;
    let now = scene.desk.now();
    let desk = &scene.desk.desk;
    scene.give(id, &ana).await;
    desk.answer(&requester, id, "Any news?", now).await.unwrap();
    let caller = scene.desk.caller(&ana).await;
    desk.resolve(&caller, id, ResolutionCode::Fixed, "Done.", now)
        .await
        .unwrap();
    desk.reopen(&requester, id, "It is not.", now)
        .await
        .unwrap();
    assert_eq!(
        scene.notices(&ana).await[1..],
        [
            NotificationKind::Assigned,
            NotificationKind::Answered,
            NotificationKind::Reopened
        ]
    );

    let team = scene.desk.team("Network").await;
    let version = scene.ticket(id).await.version;
    let note = crate::in_charge::switch();
    desk.escalate(&caller, id, version, (team, Tier::L2), note, now)
        .await
        .unwrap();
    assert_eq!(scene.notices(&network).await, [NotificationKind::Escalated]);
    let theirs = scene.desk.caller(&network).await;
    let version = scene.ticket(id).await.version;
    desk.hand_back(&theirs, id, version, "The switch is fine.", now)
        .await
        .unwrap();
    assert_eq!(
        scene.notices(&ana).await.last(),
        Some(&NotificationKind::HandedBack)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_ticket_is_told_when_a_colleague_reopens_it_and_the_queue_when_they_left() {
    let scene = Scene::new().await;
    let join = async |name| scene.desk.engineer(name, "Service Desk", Tier::L1).await;
    let (ana, ben) = (join("Ana Reis").await, join("Ben Cole").await);
    let id = scene.file().await;
    scene.give(id, &ana).await;
    let (theirs, mine) = (scene.desk.caller(&ana).await, scene.caller().await);
    let (desk, now) = (&scene.desk.desk, scene.desk.now());
    let solve = async || {
        desk.resolve(&theirs, id, ResolutionCode::Fixed, "Done.", now)
            .await
            .unwrap();
    };
    solve().await;
    desk.reopen(&mine, id, "It came back.", now).await.unwrap();
    let told = scene.notices(&ana).await;
    assert_eq!(
        told,
        [NotificationKind::Assigned, NotificationKind::Reopened]
    );

    // Who does it themselves is told nothing.
    solve().await;
    desk.reopen(&theirs, id, "I was wrong.", now).await.unwrap();
    assert_eq!(scene.notices(&ana).await, told);

    // With somebody who is absent it would lie: it is the queue's.
    solve().await;
    let boss = scene.desk.administrator("Ines Roth").await;
    let boss = scene.desk.caller(&boss).await;
    let holiday = (now, now + TimeDelta::days(3));
    desk.enter_absence(&boss, ana.id, holiday, "", now)
        .await
        .unwrap();
    desk.reopen(&mine, id, "It came back.", now).await.unwrap();
    assert_eq!(scene.ticket(id).await.assignee, None);
    assert_eq!(scene.notices(&ben).await, [NotificationKind::Reopened]);
    let says = scene.desk.sign_in(&scene.engineer).await;
    let number = scene.ticket(id).await.number.0;
    let page = says.get(&format!("/tickets/{number}")).await.page();
    let text = page.all_text();
    assert!(text.contains("whoever had it is not there"), "{text}");
    scene.give(id, &ana).await;

    solve().await;
    desk.deactivate(&boss, ana.id, None, now).await.unwrap();
    desk.reopen(&mine, id, "It came back.", now).await.unwrap();
    assert_eq!(scene.ticket(id).await.assignee, None);
    assert_eq!(scene.notices(&ben).await, [NotificationKind::Reopened; 2]);
    assert_eq!(scene.notices(&scene.engineer).await, []);
}

impl Scene {
    async fn release_from(&self, id: TicketId, someone: &Someone) {
        let caller = self.caller().await;
        self.desk
            .desk
            .assign(&caller, id, None, Some(someone.id), self.desk.now())
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_is_told_where_its_reader_chose() {
    let scene = Scene::new().await;
    let ana = scene
        .desk
        .engineer("Ana Reis", "Service Desk", Tier::L1)
        .await;
    let client = scene.desk.sign_in(&ana).await;
    for (channel, shown, mailed) in [("both", 1, 1), ("app", 2, 1), ("mail", 2, 2)] {
        let sent = client
            .post("/profile/notifications", &[("assigned", channel)])
            .await;
        assert!(sent.status.is_redirection(), "{channel}");
        let id = scene.file().await;
        scene.give(id, &ana).await;
        assert_eq!(scene.notices(&ana).await.len(), shown, "{channel}");
        assert_eq!(
            scene.mailed(&ana, "ticket_assigned").await,
            mailed,
            "{channel}"
        );
        let page = client.get("/profile").await.page();
        assert_eq!(
            page.attribute("input[name=assigned][checked]", "value"),
            channel
        );
    }
    // Who is in charge is not asked whether they want to be.
    let caller = scene.desk.caller(&ana).await;
    let refused = scene
        .desk
        .desk
        .choose_notifications(
            &caller,
            &[(NotificationKind::InCharge, Channel::Mail)],
            scene.desk.now(),
        )
        .await;
    assert!(refused.is_err());
    for wrong in [("assigned", "pigeon"), ("weather", "both")] {
        let sent = client.post("/profile/notifications", &[wrong]).await;
        assert_eq!(sent.status, 400, "{wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_at_risk_is_told_once_to_the_engineer_who_has_the_ticket() {
    let scene = Scene::new().await;
    let ana = scene
        .desk
        .engineer("Ana Reis", "Service Desk", Tier::L1)
        .await;
    let id = scene.file().await;
    scene.give(id, &ana).await;
    scene.at("2026-06-01T12:00:00Z");
    scene.sweep().await;
    scene.pass(TimeDelta::minutes(5));
    scene.sweep().await;
    let told = scene.notices(&ana).await;
    assert_eq!(told, [NotificationKind::Assigned, NotificationKind::AtRisk]);
    // By default it is shown and not mailed.
    assert_eq!(scene.mailed(&ana, "at_risk").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_at_risk_where_nobody_has_the_ticket_is_told_to_the_engineers_of_its_queue() {
    let scene = Scene::new().await;
    let join = async |name, tier| scene.desk.engineer(name, "Service Desk", tier).await;
    let ana = join("Ana Reis", Tier::L1).await;
    let ben = join("Ben Cole", Tier::L3).await;
    let id = scene.file().await;
    scene.release(id).await;
    // Of pick-up, then of the first response, a quarter is left.
    for (time, warned) in [
        ("2026-06-01T10:29:59Z", 0),
        ("2026-06-01T10:30:00Z", 1),
        ("2026-06-01T10:35:00Z", 1),
        ("2026-06-01T12:00:00Z", 2),
    ] {
        scene.at(time);
        scene.sweep().await;
        assert_eq!(scene.warned(&ana).await.len(), warned, "{time}");
    }
    assert!(scene.warned(&ben).await.is_empty());
    assert_eq!(scene.mailed(&ana, "at_risk").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_promises_are_at_risk_nobody_is_flooded_and_the_notice_at_the_limit_says_so() {
    let scene = Scene::new().await;
    let ana = scene
        .desk
        .engineer("Ana Reis", "Service Desk", Tier::L1)
        .await;
    for _ in 0..MAX_NOTICES + 4 {
        let id = scene.file().await;
        scene.release(id).await;
    }
    scene.at("2026-06-01T12:00:00Z");
    scene.sweep().await;
    let warned = scene.warned(&ana).await;
    assert_eq!(warned.len(), MAX_NOTICES as usize + 1);
    let says_more = warned.iter().filter(|it| it.data["more"] == true);
    assert_eq!(says_more.count(), 1);
    let client = scene.desk.sign_in(&ana).await;
    let page = client.get("/notifications").await.page();
    assert!(page.all_text().contains("So are many others"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bell_counts_the_list_shows_and_reading_marks() {
    let scene = Scene::new().await;
    let ana = scene
        .desk
        .engineer("Ana Reis", "Service Desk", Tier::L1)
        .await;
    let client = scene.desk.sign_in(&ana).await;
    let bell = |page: &support::html::Page| page.text("nav [data-unread-count]");
    let page = client.get("/notifications").await.page();
    assert!(page.has("nav [data-unread][hidden]"));
    assert!(page.all_text().contains("Nothing yet"));

    let (first, second) = (scene.file().await, scene.file().await);
    scene.give(first, &ana).await;
    scene.give(second, &ana).await;
    let page = client.get("/notifications").await.page();
    assert_eq!(bell(&page), "2");
    assert!(!page.has("nav [data-unread][hidden]"));
    let lines = page.texts(".notices li");
    assert!(lines[0].contains("Jonas Weber gave it to you"), "{lines:?}");
    let number = scene.ticket(second).await.number;
    assert!(lines[0].contains(&number.to_string()), "{lines:?}");

    let newest = page.attribute(".notices input[name=id]", "value");
    client.post("/notifications/read", &[("id", &newest)]).await;
    assert_eq!(bell(&client.get("/queue").await.page()), "1");
    // Nobody marks what is somebody else's.
    let other = scene.desk.sign_in(&scene.engineer).await;
    let foreign = other.post("/notifications/read", &[("id", &newest)]).await;
    assert_eq!(foreign.status, 404);

    // Who looks at the ticket has read what they were told about it.
    let number = scene.ticket(first).await.number.0;
    client.post(&format!("/tickets/{number}/seen"), &[]).await;
    assert!(
        client
            .get("/queue")
            .await
            .page()
            .has("nav [data-unread][hidden]")
    );

    scene.release_from(first, &ana).await;
    scene.give(first, &ana).await;
    client.post("/notifications/read", &[]).await;
    let page = client.get("/notifications").await.page();
    assert!(page.has("nav [data-unread][hidden]"));
    assert_eq!(page.texts(".notices li").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_about_a_ticket_leaves_the_bell_once_it_is_over_and_stays_in_the_list() {
    let scene = Scene::new().await;
    let ana = scene
        .desk
        .engineer("Ana Reis", "Service Desk", Tier::L1)
        .await;
    let client = scene.desk.sign_in(&ana).await;
    let (done, open) = (scene.file().await, scene.file().await);
    for id in [done, open] {
        scene.give(id, &ana).await;
    }
    let requester = scene.desk.caller(&scene.requester).await;
    let now = scene.desk.now();
    let desk = &scene.desk.desk;
    desk.answer(&requester, done, "Any news?", now)
        .await
        .unwrap();
    let bell = async || {
        let page = client.get("/notifications").await.page();
        let lines = page.texts(".notices li").len();
        (page.text("nav [data-unread-count]"), lines)
    };
    assert_eq!(bell().await, ("3".to_owned(), 3));

    // A colleague brings the answer.
    let colleague = scene.caller().await;
    desk.resolve(&colleague, done, ResolutionCode::Fixed, "Done.", now)
        .await
        .unwrap();
    assert_eq!(bell().await, ("1".to_owned(), 3));
    // What comes after that counts again.
    desk.reopen(&requester, done, "It is not.", now)
        .await
        .unwrap();
    assert_eq!(bell().await, ("2".to_owned(), 4));
    desk.resolve(&colleague, done, ResolutionCode::Fixed, "Now.", now)
        .await
        .unwrap();
    assert_eq!(bell().await, ("1".to_owned(), 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_browser_the_bell_falls_silent_and_unread_tickets_stay_in_their_list() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let scene = Scene::new().await;
    let ana = scene
        .desk
        .engineer("Ana Reis", "Service Desk", Tier::L1)
        .await;
    scene.give(scene.file().await, &ana).await;
    let client = scene.desk.sign_in(&ana).await;
    let base = scene.desk.serve().await;
    crate::web::sign_in(&browser, &base, &client).await;
    browser.goto(&format!("{base}/queue")).await;
    browser.find("nav [data-unread]:not([hidden])").await;
    browser.find("tr[data-unread]").await;
    client.post("/notifications/read", &[]).await;
    browser.find("nav [data-unread][hidden]").await;
    assert!(browser.has("tr[data-unread]:not([hidden])").await);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_browser_a_page_whose_session_ended_says_that_it_is_not_kept_up_to_date() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let scene = Scene::new().await;
    scene.give(scene.file().await, &scene.engineer).await;
    let client = scene.desk.sign_in(&scene.engineer).await;
    let base = scene.desk.serve().await;
    crate::web::sign_in(&browser, &base, &client).await;
    browser
        .goto(&format!("{base}/queue/L1/Service%20Desk"))
        .await;
    browser.find("tr[data-row]").await;
    assert!(!browser.has("[data-stale]").await);
    let mut owner = database::connect(&scene.desk.database).await;
    sqlx::query("delete from session")
        .execute(&mut owner)
        .await
        .unwrap();
    browser.find("main > [data-stale]").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_paged_and_leaves_nothing_out() {
    let scene = Scene::new().await;
    let ana = scene
        .desk
        .engineer("Ana Reis", "Service Desk", Tier::L1)
        .await;
    let id = scene.file().await;
    for _ in 0..60 {
        scene.give(id, &ana).await;
        scene.release_from(id, &ana).await;
    }
    let client = scene.desk.sign_in(&ana).await;
    let (mut address, mut seen) = ("/notifications".to_owned(), 0);
    loop {
        let page = client.get(&address).await.page();
        seen += page.texts(".notices li").len();
        match page.attributes(".pager a", "href").pop() {
            Some(older) => address = older,
            None => break,
        }
    }
    assert_eq!(seen, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_access_sees_nothing_of_the_ticket() {
    let scene = Scene::new().await;
    let ana = scene
        .desk
        .engineer("Ana Reis", "Service Desk", Tier::L1)
        .await;
    let elsewhere = scene.desk.team("Network").await;
    scene.desk.join(&ana, elsewhere, Tier::L1).await;
    let id = scene.file().await;
    scene.give(id, &ana).await;
    let client = scene.desk.sign_in(&ana).await;
    let before = client.get("/notifications").await.page();
    assert!(before.all_text().contains("VPN is slow"));

    let mut owner = database::connect(&scene.desk.database).await;
    owner
        .execute("update team set restricted = true where name = 'Service Desk'")
        .await
        .unwrap();
    sqlx::query("delete from membership where person_id = $1 and team_id <> $2")
        .bind(ana.id.0)
        .bind(elsewhere.0)
        .execute(&mut owner)
        .await
        .unwrap();
    let number = scene.ticket(id).await.number;
    let after = client.get("/notifications").await;
    let text = after.page().all_text();
    assert!(
        text.contains("a ticket that you may no longer read"),
        "{text}"
    );
    for secret in ["VPN is slow", &number.to_string(), "Jonas Weber gave"] {
        assert!(!after.body.contains(secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_fails_tells_nobody() {
    let scene = Scene::new().await;
    let ana = scene
        .desk
        .engineer("Ana Reis", "Service Desk", Tier::L1)
        .await;
    let id = scene.file().await;
    let caller = scene.caller().await;
    let wrong = scene
        .desk
        .desk
        .assign(&caller, id, Some(ana.id), Some(ana.id), scene.desk.now())
        .await;
    assert!(wrong.is_err());
    assert_eq!(scene.notices(&ana).await, []);
    assert_eq!(scene.mailed(&ana, "ticket_assigned").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_notifications_are_thrown_away() {
    let scene = Scene::new().await;
    let ana = scene
        .desk
        .engineer("Ana Reis", "Service Desk", Tier::L1)
        .await;
    let id = scene.file().await;
    scene.give(id, &ana).await;
    let desk = &scene.desk.desk;
    let later = scene.desk.now() + TimeDelta::days(179);
    assert_eq!(desk.sweep_notifications(later).await.unwrap(), 0);
    let much_later = scene.desk.now() + TimeDelta::days(181);
    assert_eq!(desk.sweep_notifications(much_later).await.unwrap(), 1);
    assert_eq!(scene.notices(&ana).await, []);
}
