//! Explain this clock, and what if: pages that show what the engine knows and change nothing.

use chrono::{DateTime, TimeDelta};
use support::html::Page;
use tierdesk_desk::conversation::Afterwards;
use tierdesk_domain::id::TicketId;
use tierdesk_domain::ticket::{ResolutionCode, Status};
use tierdesk_domain::tier::Tier;

use crate::clock::Scene;
use crate::handover::note;

/// A ticket that waited for its requester for an hour on Monday and is looked at on Tuesday at 10:00:30.
async fn waited() -> (Scene, TicketId, i64) {
    let scene = Scene::new().await;
    let id = scene.file().await;
    scene.release(id).await;
    scene.at("2026-06-01T10:00:00Z");
    scene.reply(id, Afterwards::Pending).await.unwrap();
    scene.at("2026-06-01T11:00:00Z");
    let requester = scene.desk.caller(&scene.requester).await;
    (scene.desk.desk)
        .answer(&requester, id, "Still slow.", scene.desk.now())
        .await
        .unwrap();
    scene.at("2026-06-02T10:00:30Z");
    scene.sweep().await;
    let number = scene.ticket(id).await.number.0;
    (scene, id, number)
}

async fn page(scene: &Scene, path: &str) -> Page {
    let reply = scene.desk.sign_in(&scene.engineer).await.get(path).await;
    assert_eq!(reply.status, 200, "{path}");
    reply.page()
}

/// `1 h 2 min 3 s` in seconds.
fn seconds(text: &str) -> i64 {
    let words: Vec<_> = text.split_whitespace().collect();
    let unit = |unit| match unit {
        "h" => 3600,
        "min" => 60,
        _ => 1,
    };
    let parts = words.windows(2).filter_map(|pair| {
        let number = pair[0].parse::<i64>().ok()?;
        Some(number * unit(pair[1]))
    });
    parts.sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_shows_every_second_with_the_rule_that_decided_it() {
    let (scene, _, number) = waited().await;
    let page = page(
        &scene,
        &format!("/tickets/{number}/clocks?clock=resolution.1"),
    )
    .await;
    let cells = |label: &str| page.texts(&format!("#ledger-h, tbody td[data-l='{label}']"));
    let states = cells("State");
    assert_eq!(
        states[1..6],
        ["Counted", "Paused", "Counted", "Closed hours", "Counted"]
    );
    assert_eq!(cells("From")[1], "Mon 1 Jun 09:00:00");
    assert_eq!(cells("To")[5], "Tue 2 Jun 10:00:30");
    assert_eq!(cells("Counts")[1..6], ["1 h", "0", "6 h", "0", "1 h 30 s"]);
    assert_eq!(cells("Sum")[5], "8 h 30 s");
    assert!(cells("Why")[2].contains("waited for the requester"));
    assert_eq!(
        cells("Decided by")[1],
        "Rule “Working hours”, policy version 1; calendar “Working hours”, version 1"
    );
    assert!(page.all_text().contains(
        "25 h 30 s since it started = 8 h 30 s counted + 1 h paused + 16 h outside working hours"
    ));
    // What is to come ends where the clock is due.
    assert_eq!(cells("Sum").last().unwrap(), "24 h");
    assert_eq!(cells("To").last().unwrap(), "Thu 4 Jun 10:00:00");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_of_every_clock_adds_up_to_the_second() {
    let (scene, id, number) = waited().await;
    scene.pass(TimeDelta::microseconds(1_700_001));
    let (caller, now) = (scene.caller().await, scene.desk.now());
    let code = ResolutionCode::Fixed;
    (scene.desk.desk)
        .resolve(&caller, id, code, "Done.", now)
        .await
        .unwrap();
    let first = page(&scene, &format!("/tickets/{number}/clocks")).await;
    let tabs = first.attributes(".tabs a", "href");
    assert!(tabs.len() >= 2, "{tabs:?}");
    for tab in tabs {
        let page = page(&scene, &tab).await;
        let counts = page.texts("tbody td[data-l='Counts']");
        let sums = page.texts("tbody td[data-l='Sum']");
        let mut sum = 0;
        for (counted, shown) in counts.iter().zip(&sums) {
            sum += seconds(counted);
            assert_eq!(sum, seconds(shown), "{tab}");
        }
        let proof = page.text(".pad");
        let (elapsed, rest) = proof.split_once(" since it started = ").unwrap();
        let parts: i64 = rest.split(" + ").map(seconds).sum();
        assert_eq!(seconds(elapsed), parts, "{tab}: {proof}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_of_a_clock_that_goes_on_begins_with_what_was_used_before() {
    let it = crate::handover::Between::new().await;
    it.scene.pass(TimeDelta::minutes(180));
    it.escalate(&it.jonas().await).await;
    it.scene.pass(TimeDelta::minutes(30));
    it.bounce(&it.lea().await).await.unwrap();
    it.scene.pass(TimeDelta::minutes(10));
    it.scene.sweep().await;
    let number = it.scene.ticket(it.id).await.number.0;
    let address = format!("/tickets/{number}/clocks?clock=time_in_tier.3");
    let page = page(&it.scene, &address).await;
    let counts = page.texts("tbody td[data-l='Counts']");
    let sums = page.texts("tbody td[data-l='Sum']");
    assert_eq!((seconds(&counts[0]), seconds(&sums[0])), (600, 11_400));
    let proof = page.text(".pad");
    assert!(proof.contains("10 min counted"), "{proof}");
    assert!(proof.contains("3 h 10 min are used"), "{proof}");
    assert!(page.all_text().contains("The hand-over was sent back"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_if_shows_the_clocks_beside_the_present_ones_and_changes_nothing() {
    let (scene, id, number) = waited().await;
    let before = scene.ticket(id).await;
    let row = |page: &Page, clock: &str| -> Vec<String> {
        let rows = page.texts("[aria-labelledby='then-h'] tbody tr");
        rows.into_iter()
            .filter(|it| it.starts_with(clock))
            .collect()
    };
    for (asked, clock, told) in [
        (
            "pending",
            "Resolution",
            "due Thu 10:00, 15 h 59 min left stands still, 15 h 59 min left",
        ),
        ("P2", "Resolution", "due Thu 10:00, 15 h 59 min left broken"),
        ("P1", "Resolution", "broken"),
        ("resolve", "Resolution", "kept 10:00"),
        (
            "problem",
            "Resolution",
            "due Thu 10:00, 15 h 59 min left due Thu 10:00",
        ),
        ("reply", "First response", "kept Mon 10:00 kept Mon 10:00"),
    ] {
        let path = format!("/tickets/{number}/clocks?clock=resolution.1&if={asked}");
        let page = page(&scene, &path).await;
        let rows = row(&page, clock);
        assert!(rows[0].contains(told), "{asked}: {rows:?}");
        assert!(page.has(&format!("option[value='{asked}'][selected]")));
    }
    let team = scene.desk.team("Service Desk").await;
    let path = format!("/tickets/{number}/clocks?if={team}:L2");
    let heading = page(&scene, &path).await.text("#then-h");
    assert_eq!(heading, "Clocks if: It is handed to L2 Service Desk");
    // Words that nobody offers are nothing.
    let path = format!("/tickets/{number}/clocks?clock=nonsense.9&if=explode");
    assert!(!page(&scene, &path).await.has("#then-h"));
    let after = scene.ticket(id).await;
    assert_eq!(
        (before.version, before.updated_at),
        (after.version, after.updated_at)
    );
}

/// What a column of the comparison says of each clock.
fn column(page: &Page, label: &str) -> Vec<(String, String)> {
    let cells = |of: &str| page.texts(&format!("[aria-labelledby='then-h'] tbody {of}"));
    let told = cells(&format!("td[data-l='{label}']"));
    cells("th").into_iter().zip(told).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_ticket_that_is_handed_over_comes_to_have_the_clocks_that_what_if_showed() {
    let scene = Scene::new().await;
    let team = scene.desk.team("Service Desk").await;
    for waits in [Status::Pending, Status::OnHold] {
        let id = scene.file().await;
        scene.release(id).await;
        scene.pass(TimeDelta::minutes(20));
        let ticket = scene.ticket(id).await;
        let caller = scene.caller().await;
        (scene.desk.desk)
            .set_status(&caller, id, ticket.version, waits, scene.desk.now())
            .await
            .unwrap();
        scene.pass(TimeDelta::minutes(50));
        let ticket = scene.ticket(id).await;
        let address = format!("/tickets/{}/clocks", ticket.number.0);
        let asked = page(&scene, &format!("{address}?if={team}:L2")).await;
        let then = column(&asked, "Then");
        assert!(then.len() >= 4, "{then:?}");
        for (clock, told) in &then {
            assert!(!told.contains("stands still"), "{clock}: {told}");
        }
        let (version, to) = (ticket.version, (team, Tier::L2));
        (scene.desk.desk)
            .escalate(&caller, id, version, to, note(), scene.desk.now())
            .await
            .unwrap();
        // Another kind moves no clock here: what is beside it are the clocks as they run.
        let after = page(&scene, &format!("{address}?if=problem")).await;
        assert_eq!(column(&after, "Now"), then, "{waits}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolved_ticket_can_only_be_thought_of_as_reopened() {
    let (scene, id, number) = waited().await;
    let (caller, now) = (scene.caller().await, scene.desk.now());
    let code = ResolutionCode::Fixed;
    (scene.desk.desk)
        .resolve(&caller, id, code, "Done.", now)
        .await
        .unwrap();
    scene.pass(TimeDelta::hours(1));
    let page = page(&scene, &format!("/tickets/{number}/clocks?if=reopen")).await;
    assert_eq!(page.attributes("#if option", "value"), ["", "reopen"]);
    let rows = page.texts("[aria-labelledby='then-h'] tbody tr");
    assert!(
        rows.iter()
            .any(|row| row.starts_with("Resolution 2 no clock due ")),
        "{rows:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_reads_how_their_times_come_about_in_plain_words() {
    let (scene, _, number) = waited().await;
    let client = scene.desk.sign_in(&scene.requester).await;
    let own = client.get(&format!("/my/{number}")).await.page();
    assert!(
        own.attributes("a", "href")
            .contains(&format!("/my/{number}/clocks"))
    );
    let page = client.get(&format!("/my/{number}/clocks")).await.page();
    let text = page.text("main");
    for sentence in [
        "We promised a first answer within 4 h of working time.",
        "We count our working hours: Mon–Fri 09:00–17:00 (UTC), without public holidays.",
        "It stood still from Monday 1 June, 10:00 to Monday 1 June, 11:00, while we waited for you.",
        "If nothing stops it, it is due on Thursday 4 June, 10:00.",
    ] {
        assert!(text.contains(sentence), "{sentence} is not in: {text}");
    }
    let lower = text.to_lowercase();
    for word in [
        "queue", "tier", "sla", "ola", "escalat", "breach", "pick-up", "policy",
    ] {
        let found = lower
            .split(|c: char| !c.is_alphanumeric() && c != '-')
            .any(|it| it.starts_with(word));
        assert!(!found, "a requester reads “{word}” in: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clocks_of_a_ticket_link_to_their_explanation() {
    let (scene, _, number) = waited().await;
    let page = page(&scene, &format!("/tickets/{number}")).await;
    let links = page.attributes("a.clock", "href");
    assert!(!links.is_empty());
    assert!(
        links
            .iter()
            .all(|it| *it == format!("/tickets/{number}/clocks"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_sent_with_their_offset_and_each_viewer_reads_them_in_their_own_zone() {
    const FILED: &str = "time[datetime='2026-06-01T09:00:00Z']";
    let (scene, _, number) = waited().await;
    let engineer = scene.desk.sign_in(&scene.engineer).await;
    let requester = scene.desk.sign_in(&scene.requester).await;
    let mut sent = Vec::new();
    for (zone, short, exact, due) in [
        (
            "UTC",
            "Mon 09:00",
            "Monday 1 June 2026, 09:00:00 UTC",
            "Thu 4 Jun 10:00:00",
        ),
        (
            "America/Sao_Paulo",
            "Mon 06:00",
            "Monday 1 June 2026, 06:00:00 -03",
            "Thu 4 Jun 07:00:00",
        ),
        (
            "Asia/Kathmandu",
            "Mon 14:45",
            "Monday 1 June 2026, 14:45:00 +0545",
            "Thu 4 Jun 15:45:00",
        ),
        (
            "Pacific/Auckland",
            "Mon 21:00",
            "Monday 1 June 2026, 21:00:00 NZST",
            "Thu 4 Jun 22:00:00",
        ),
    ] {
        for (client, name) in [(&engineer, "Jonas Weber"), (&requester, "Priya Nair")] {
            let saved = client
                .post("/profile", &[("name", name), ("time_zone", zone)])
                .await;
            assert_eq!(saved.status, 303, "{zone}");
        }
        for (client, path) in [
            (&engineer, format!("/tickets/{number}")),
            (&requester, format!("/my/{number}")),
        ] {
            let page = client.get(&path).await.page();
            assert!(
                page.texts(FILED).contains(&short.to_owned()),
                "{path} {zone}"
            );
            assert_eq!(page.attribute(FILED, "title"), exact, "{path}");
            // For machines it is the same instant, whoever looks.
            let times = page.attributes("time", "datetime");
            for time in &times {
                assert!(DateTime::parse_from_rfc3339(time).is_ok(), "{path}: {time}");
            }
            sent.push((path, times));
        }
        let explained = engineer
            .get(&format!("/tickets/{number}/clocks?clock=resolution.1"))
            .await
            .page();
        assert_eq!(
            explained.texts("tbody td[data-l='To']").last().unwrap(),
            due
        );
    }
    for (path, times) in &sent {
        let first = sent.iter().find(|it| it.0 == *path).unwrap();
        assert_eq!(times, &first.1, "{path}");
    }
}
