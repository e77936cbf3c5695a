//! One clock, wherever it is told: lists and pages show it in the same words, and pages, deadlines and figures are of one
//! opinion about it at every moment of its life.
//!
//! The desk's time starts on Monday, 1 June 2026, 09:00 UTC, and its calendar is open from 9 to 17 UTC on weekdays.

use chrono::TimeDelta;
use support::html::Page;
use tierdesk_desk::Caller;
use tierdesk_desk::conversation::Afterwards;
use tierdesk_domain::dashboard::{View, When};
use tierdesk_domain::id::TicketId;
use tierdesk_domain::sla::Metric;
use tierdesk_domain::tally::Measure;
use tierdesk_domain::ticket::{ResolutionCode, Status};
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::tally::block::By;

use crate::clock::Scene;

/// A clock as a page shows it: its state, its words, its exact time, and the seconds that a script counts down.
fn shown(page: &Page, place: &str) -> [String; 4] {
    let of = |name| page.attributes(place, name).into_iter().next();
    [
        of("data-state").unwrap_or_default(),
        page.text(&format!("{place} b")),
        of("title").unwrap_or_default(),
        of("data-left").unwrap_or_default(),
    ]
}

/// Where the card of a ticket's clocks shows the one of that place among them.
fn card(place: u8) -> String {
    format!("aside[data-live='aside'] section:first-child dd:nth-of-type({place}) .clock")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_formatter_shows_a_clock_the_same_in_lists_and_on_every_page() {
    let scene = Scene::new().await;
    scene.at("2026-06-01T13:00:00Z");
    let id = scene.file().await;
    let (caller, me) = (scene.caller().await, Some(scene.engineer.id));
    let desk = &scene.desk.desk;
    desk.assign(&caller, id, me, None, scene.desk.now())
        .await
        .unwrap();
    scene.reply(id, Afterwards::Open).await.unwrap();
    let number = scene.ticket(id).await.number.0;
    let ticket = format!("/tickets/{number}");
    let clocks = format!("{ticket}/clocks?clock=resolution.1");
    // The first response was given, so the solution is second.
    let card = card(2);
    let everywhere = [
        ("/queue", "tbody .clock"),
        ("/queue/L1/Service%20Desk", "tbody .clock"),
        ("/tickets", "tbody .clock"),
        (&*ticket, ".t-head a.clock:first-of-type"),
        (&*ticket, &*card),
        (&*clocks, ".page-head .clock"),
    ];
    // 24 working hours end on Thursday at 13:00.
    for (time, state, words) in [
        ("2026-06-02T13:00:00Z", "ok", "by Thu 13:00"),
        ("2026-06-03T20:00:00Z", "risk", "by Thu 13:00"),
        ("2026-06-04T12:18:30Z", "risk", "42 min"),
        ("2026-06-04T13:12:30Z", "breached", "12 min over"),
    ] {
        scene.at(time);
        scene.sweep().await;
        let client = scene.desk.sign_in(&scene.engineer).await;
        let mut first = None;
        for (address, place) in everywhere {
            let page = client.get(address).await.page();
            let told = shown(&page, place);
            assert_eq!(told[..2], [state, words], "{address} {place} {time}");
            let first = first.get_or_insert_with(|| told.clone());
            assert_eq!(told, *first, "{address} {place} {time}");
        }
    }
    // While it waits, and once it is over, lists and the head have no clock of it; the card and the clock's page agree.
    scene.reply(id, Afterwards::Pending).await.unwrap();
    for over in [false, true] {
        if over {
            scene.pass(TimeDelta::minutes(3));
            let now = scene.desk.now();
            desk.resolve(&caller, id, ResolutionCode::Fixed, "Done.", now)
                .await
                .unwrap();
        }
        let client = scene.desk.sign_in(&scene.engineer).await;
        let on_card = shown(&client.get(&ticket).await.page(), &card);
        let on_page = shown(&client.get(&clocks).await.page(), ".page-head .clock");
        assert_eq!(on_card, on_page);
        assert_eq!(on_card[0], if over { "breached" } else { "paused" });
    }
}

/// What everybody is told about first responses.
struct Told<'a> {
    scene: &'a Scene,
    manager: Caller,
}

impl Told<'_> {
    /// How many were kept and broken, as the dashboard counts them.
    async fn counted(&self) -> (u64, u64) {
        let when = When::Days {
            from: "2026-06-01".parse().unwrap(),
            to: "2026-06-30".parse().unwrap(),
        };
        let view = View {
            when,
            ..View::default()
        };
        let (desk, now) = (&self.scene.desk.desk, self.scene.desk.now());
        let figures = desk.figures(&self.manager, view, By::default(), now).await;
        let counts = figures.unwrap().groups.into_values().next();
        let counts = counts.unwrap_or_default().now;
        (
            counts.number(Measure::FirstResponseKept),
            counts.number(Measure::FirstResponseBreached),
        )
    }

    /// Pages show a ticket's first response as `state`, its timeline tells the same, and the dashboard counts so many.
    async fn agree(&self, id: TicketId, state: &str, counted: (u64, u64)) {
        let scene = self.scene;
        let now = scene.desk.now();
        scene.sweep().await;
        let number = scene.ticket(id).await.number.0;
        let client = scene.desk.sign_in(&scene.engineer).await;
        let first = card(1);
        for (address, place) in [
            (format!("/tickets/{number}"), first.as_str()),
            (
                format!("/tickets/{number}/clocks?clock=first_response.1"),
                ".page-head .clock",
            ),
        ] {
            let page = client.get(&address).await.page();
            assert_eq!(shown(&page, place)[0], state, "{address} {now}");
        }
        for (kind, when) in [(EventKind::Breached, "breached"), (EventKind::Kept, "met")] {
            let told = scene.told(id, kind, Metric::FirstResponse).await;
            assert_eq!(told.len(), usize::from(state == when), "{kind} {now}");
        }
        assert_eq!(self.counted().await, counted, "{now}");
        assert_eq!(scene.recount().await, Vec::<String>::new(), "{now}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_engine_decides_what_pages_deadlines_and_dashboards_say() {
    let scene = Scene::new().await;
    let manager = scene.desk.manager("Mara Lind").await;
    let manager = scene.desk.caller(&manager).await;
    let told = Told {
        scene: &scene,
        manager,
    };
    // Nobody answers this one within its four hours, which end at 13:00.
    let late = scene.file().await;
    scene.release(late).await;
    for (time, state, counted) in [
        ("2026-06-01T11:00:00Z", "ok", (0, 0)),
        ("2026-06-01T12:30:00Z", "risk", (0, 0)),
        ("2026-06-01T13:00:00Z", "risk", (0, 0)),
        ("2026-06-01T13:00:00.000001Z", "breached", (0, 1)),
        ("2026-06-02T03:00:00Z", "breached", (0, 1)),
    ] {
        scene.at(time);
        told.agree(late, state, counted).await;
    }
    scene.reply(late, Afterwards::Open).await.unwrap();
    told.agree(late, "breached", (0, 1)).await;

    // This one has a night, a week that it waits, and an answer in time: two hours before and an hour and a half after.
    scene.at("2026-06-02T16:00:00Z");
    let kept = scene.file().await;
    scene.release(kept).await;
    scene.at("2026-06-03T03:00:00Z");
    told.agree(kept, "ok", (0, 1)).await;
    scene.at("2026-06-03T10:00:00Z");
    let (caller, version) = (scene.caller().await, scene.ticket(kept).await.version);
    (scene.desk.desk)
        .set_status(&caller, kept, version, Status::Pending, scene.desk.now())
        .await
        .unwrap();
    scene.at("2026-06-09T12:00:00Z");
    told.agree(kept, "paused", (0, 1)).await;
    scene.at("2026-06-10T10:00:00Z");
    let requester = scene.desk.caller(&scene.requester).await;
    (scene.desk.desk)
        .answer(&requester, kept, "Still slow.", scene.desk.now())
        .await
        .unwrap();
    scene.at("2026-06-10T11:30:00Z");
    told.agree(kept, "risk", (0, 1)).await;
    scene.reply(kept, Afterwards::Open).await.unwrap();
    told.agree(kept, "met", (1, 1)).await;
}
