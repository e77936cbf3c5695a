//! Promises: clocks are computed from events, kept as projections that a recount confirms, and told once.
//!
//! The desk's time starts on Monday, 1 June 2026, 09:00 UTC, and its calendar is open from 9 to 17 UTC on weekdays.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use support::{Someone, Tierdesk};
use tierdesk_desk::conversation::Afterwards;
use tierdesk_desk::ticket::NewTicket;
use tierdesk_desk::{Caller, DeskError};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::calendar::{CalendarDocument, Week};
use tierdesk_domain::id::TicketId;
use tierdesk_domain::sla::Metric;
use tierdesk_domain::ticket::{Channel, Impact, ResolutionCode, Status, Urgency};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::clock::Projection;
use tierdesk_store::configuration::{self, Document};
use tierdesk_store::timeline;
use tierdesk_worker::timer::Sweeper;

/// A P3 about something.
pub(crate) fn about(title: &str) -> NewTicket {
    NewTicket {
        category: None,
        title: title.to_owned(),
        description: "It does not work.".to_owned(),
        impact: Impact::Person,
        urgency: Urgency::High,
        host: None,
        channel: Channel::Web,
    }
}

/// A desk with one requester and one engineer at each tier of the Service Desk.
pub(crate) struct Scene {
    pub(crate) desk: Tierdesk,
    pub(crate) requester: Someone,
    pub(crate) engineer: Someone,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let desk = Tierdesk::start().await;
        let requester = desk.requester("Priya Nair").await;
        let engineer = desk.engineer("Jonas Weber", "Service Desk", Tier::L1).await;
        let team = desk.team("Service Desk").await;
        for tier in [Tier::L2, Tier::L3] {
            desk.join(&engineer, team, tier).await;
        }
        Self {
            desk,
            requester,
            engineer,
        }
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        self.desk.clock.set(self.desk.now() + time);
    }

    pub(crate) fn at(&self, time: &str) {
        self.desk.clock.set(time.parse().unwrap());
    }

    pub(crate) async fn file(&self) -> TicketId {
        let caller = self.desk.caller(&self.requester).await;
        self.desk
            .desk
            .file_ticket(&caller, about("VPN is slow"), self.desk.now())
            .await
            .unwrap()
            .id
    }

    pub(crate) async fn caller(&self) -> Caller {
        self.desk.caller(&self.engineer).await
    }

    /// An engineer looks at it, so that the bot lets go, and puts it back.
    pub(crate) async fn release(&self, id: TicketId) {
        let (caller, now) = (self.caller().await, self.desk.now());
        let me = Some(self.engineer.id);
        self.desk
            .desk
            .assign(&caller, id, me, None, now)
            .await
            .unwrap();
        self.desk
            .desk
            .assign(&caller, id, None, me, now)
            .await
            .unwrap();
    }

    pub(crate) async fn reply(
        &self,
        id: TicketId,
        afterwards: Afterwards,
    ) -> Result<(), DeskError> {
        let (caller, now) = (self.caller().await, self.desk.now());
        self.desk
            .desk
            .reply(&caller, id, "Please try again.", afterwards, now)
            .await
            .map(|_| ())
    }

    pub(crate) async fn sweep(&self) -> usize {
        Sweeper::new(self.desk.desk.clone())
            .drain(self.desk.now())
            .await
            .unwrap()
    }

    pub(crate) async fn events(&self, id: TicketId, kind: EventKind) -> Vec<serde_json::Value> {
        let scope = self
            .desk
            .desk
            .scope(&Caller::machine(Actor::system()))
            .unwrap();
        let mut conn = self.desk.desk.acquire().await.unwrap();
        let all = timeline::all(&mut conn, &scope, id, 1000).await.unwrap();
        all.into_iter()
            .filter(|event| event.kind == kind)
            .map(|event| event.data)
            .collect()
    }

    /// The same about one clock.
    pub(crate) async fn told(
        &self,
        id: TicketId,
        kind: EventKind,
        metric: Metric,
    ) -> Vec<serde_json::Value> {
        let mut all = self.events(id, kind).await;
        all.retain(|it| it["metric"] == metric.as_str());
        all
    }

    pub(crate) async fn ticket(&self, id: TicketId) -> tierdesk_store::ticket::Ticket {
        let mut conn = self.desk.desk.acquire().await.unwrap();
        tierdesk_store::ticket::lock(&mut conn, id)
            .await
            .unwrap()
            .unwrap()
    }

    /// What is kept and differs from a computation from scratch, in words.
    pub(crate) async fn recount(&self) -> Vec<String> {
        self.desk.desk.recount(self.desk.now()).await.unwrap()
    }

    /// The newest version of the desk's own calendar.
    pub(crate) async fn calendar(&self) -> Document<CalendarDocument> {
        let mut conn = self.desk.desk.acquire().await.unwrap();
        let all = configuration::current(&mut conn, "calendar").await.unwrap();
        all.into_iter().next().unwrap()
    }

    /// Saves a version of the desk's own calendar, from a date on or at once.
    pub(crate) async fn change_calendar(
        &self,
        boss: &Caller,
        from: Option<&str>,
        change: impl FnOnce(&mut CalendarDocument),
    ) {
        let mut it = self.calendar().await;
        change(&mut it.body);
        let (seen, now) = (Some((it.id, it.version)), self.desk.now());
        let from = from.map(|date| date.parse().unwrap());
        let desk = &self.desk.desk;
        desk.save_calendar(boss, seen, &it.name, from, it.body, now)
            .await
            .unwrap();
    }

    async fn clock(&self, id: TicketId, metric: Metric) -> Projection {
        let mut conn = self.desk.desk.acquire().await.unwrap();
        let all = tierdesk_store::clock::projections(&mut conn, id)
            .await
            .unwrap();
        all.into_iter()
            .rfind(|clock| clock.metric == metric)
            .unwrap()
    }
}

/// Hours that never end.
pub(crate) fn day_and_night() -> Week {
    let day = || json!([["00:00", "24:00"]]);
    let week = json!({
        "mon": day(), "tue": day(), "wed": day(), "thu": day(), "fri": day(), "sat": day(), "sun": day(),
    });
    serde_json::from_value(week).unwrap()
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_ticket_says_what_is_due_first() {
    let scene = Scene::new().await;
    let id = scene.file().await;
    let ticket = scene.ticket(id).await;
    assert_eq!(ticket.next_clock.as_deref(), Some("first_response"));
    assert_eq!(ticket.next_clock_at, Some(time("2026-06-01T13:00:00Z")));
    scene.pass(TimeDelta::minutes(10));
    scene.reply(id, Afterwards::Open).await.unwrap();
    let ticket = scene.ticket(id).await;
    assert_eq!(ticket.next_clock.as_deref(), Some("resolution"));
    assert_eq!(ticket.next_clock_at, Some(time("2026-06-03T17:00:00Z")));
    let kept = scene.told(id, EventKind::Kept, Metric::FirstResponse).await;
    assert_eq!(kept.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_waits_for_the_requester_nothing_is_due_and_nothing_breaks() {
    let scene = Scene::new().await;
    let id = scene.file().await;
    scene.pass(TimeDelta::hours(1));
    scene.reply(id, Afterwards::Pending).await.unwrap();
    assert_eq!(scene.ticket(id).await.next_clock_at, None);
    scene.pass(TimeDelta::days(60));
    scene.sweep().await;
    assert!(scene.events(id, EventKind::Breached).await.is_empty());
    let requester = scene.desk.caller(&scene.requester).await;
    scene
        .desk
        .desk
        .answer(&requester, id, "Still slow.", scene.desk.now())
        .await
        .unwrap();
    // It is Friday, 31 July, 10:00; 23 of 24 working hours are left, and the answer is due first.
    let resolution = scene.clock(id, Metric::Resolution).await;
    assert_eq!(resolution.due_at, Some(time("2026-08-04T17:00:00Z")));
    let ticket = scene.ticket(id).await;
    assert_eq!(ticket.next_clock.as_deref(), Some("next_response"));
    assert_eq!(ticket.next_clock_at, Some(time("2026-08-03T10:00:00Z")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_that_comes_close_and_breaks_is_told_once_and_stays_broken() {
    let scene = Scene::new().await;
    let id = scene.file().await;
    scene.at("2026-06-01T12:00:00Z");
    scene.sweep().await;
    scene.sweep().await;
    assert_eq!(
        scene
            .told(id, EventKind::AtRisk, Metric::FirstResponse)
            .await
            .len(),
        1
    );
    assert!(
        scene
            .told(id, EventKind::Breached, Metric::FirstResponse)
            .await
            .is_empty()
    );
    scene.at("2026-06-01T13:00:00.000001Z");
    scene.sweep().await;
    let broken = scene
        .told(id, EventKind::Breached, Metric::FirstResponse)
        .await;
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0]["late_by_seconds"], 0);

    scene.pass(TimeDelta::minutes(5));
    scene.reply(id, Afterwards::Open).await.unwrap();
    scene.sweep().await;
    assert_eq!(
        scene
            .told(id, EventKind::Breached, Metric::FirstResponse)
            .await
            .len(),
        1
    );
    assert!(
        scene
            .told(id, EventKind::Kept, Metric::FirstResponse)
            .await
            .is_empty()
    );
    let clock = scene.clock(id, Metric::FirstResponse).await;
    assert_eq!(
        (clock.state, clock.breached_at),
        ("met", Some(time("2026-06-01T13:00:00Z")))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_downtime_the_sweeper_catches_up_and_says_how_late_it_is() {
    let scene = Scene::new().await;
    let id = scene.file().await;
    scene.at("2026-06-02T13:00:00Z");
    assert!(scene.sweep().await > 0);
    let broken = scene
        .told(id, EventKind::Breached, Metric::FirstResponse)
        .await;
    assert_eq!(broken[0]["late_by_seconds"], 86_400);
    assert_eq!(scene.sweep().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reopened_ticket_starts_a_new_cycle_and_is_not_late_at_once() {
    let scene = Scene::new().await;
    let id = scene.file().await;
    scene.at("2026-06-05T10:00:00Z");
    let (caller, now) = (scene.caller().await, scene.desk.now());
    scene
        .desk
        .desk
        .resolve(&caller, id, ResolutionCode::Fixed, "Done.", now)
        .await
        .unwrap();
    for metric in [Metric::FirstResponse, Metric::Resolution] {
        let broken = scene.told(id, EventKind::Breached, metric).await;
        assert_eq!(broken.len(), 1, "{metric}");
    }
    let broken = scene.events(id, EventKind::Breached).await.len();
    let ticket = scene.ticket(id).await;
    assert_eq!(ticket.next_clock_at, None);
    // Five working days after Friday the 5th end on Friday the 12th.
    assert_eq!(ticket.auto_close_at, Some(time("2026-06-12T17:00:00Z")));
    assert_eq!(scene.events(id, EventKind::Breached).await.len(), broken);
    scene.at("2026-06-08T09:00:00Z");
    let requester = scene.desk.caller(&scene.requester).await;
    scene
        .desk
        .desk
        .reopen(&requester, id, "Again.", scene.desk.now())
        .await
        .unwrap();
    assert_eq!(scene.events(id, EventKind::Breached).await.len(), broken);
    let resolution = scene.clock(id, Metric::Resolution).await;
    assert_eq!(
        (resolution.ordinal, resolution.due_at),
        (2, Some(time("2026-06-10T17:00:00Z")))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holiday_that_is_written_in_after_a_ticket_was_resolved_moves_its_closing_and_never_back()
{
    let scene = Scene::new().await;
    let boss = scene.desk.administrator("Ines Roth").await;
    let boss = scene.desk.caller(&boss).await;
    let id = scene.file().await;
    let (caller, now) = (scene.caller().await, scene.desk.now());
    let desk = &scene.desk.desk;
    desk.resolve(&caller, id, ResolutionCode::Fixed, "Done.", now)
        .await
        .unwrap();
    let closes = async || scene.ticket(id).await.auto_close_at;
    // It is Monday; five working days after it end on the next one.
    let (monday, tuesday) = (time("2026-06-08T17:00:00Z"), time("2026-06-09T17:00:00Z"));
    assert_eq!(closes().await, Some(monday));
    scene.sweep().await;
    assert_eq!(closes().await, Some(monday));

    let holiday = "2026-06-04".parse().unwrap();
    scene
        .change_calendar(&boss, None, |it| {
            it.holidays.insert(holiday);
        })
        .await;
    scene.sweep().await;
    assert_eq!(closes().await, Some(tuesday));
    let told = scene.events(id, EventKind::Recomputed).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["from_closes_at"], "2026-06-08T17:00:00Z");
    let number = scene.ticket(id).await.number.0;
    let client = scene.desk.sign_in(&scene.engineer).await;
    let page = client.get(&format!("/tickets/{number}")).await.page();
    assert!(page.all_text().contains("Closes by itself later now"));

    // The requester was told so: a holiday that is taken out again does not close it earlier.
    scene
        .change_calendar(&boss, None, |it| {
            it.holidays.remove(&holiday);
        })
        .await;
    scene.sweep().await;
    assert_eq!(closes().await, Some(tuesday));
    for (at, expected) in [
        ("2026-06-08T17:00:00Z", Status::Resolved),
        ("2026-06-09T16:59:59Z", Status::Resolved),
        ("2026-06-09T17:00:00Z", Status::Closed),
    ] {
        scene.at(at);
        scene.sweep().await;
        assert_eq!(scene.ticket(id).await.status, expected, "{at}");
    }
    assert_eq!(scene.recount().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_calendar_counts_for_a_closing_at_once_and_one_that_the_worker_has_not_seen_closes_nothing()
 {
    let scene = Scene::new().await;
    let boss = scene.desk.administrator("Ines Roth").await;
    let boss = scene.desk.caller(&boss).await;
    let closed = |it: &mut CalendarDocument| {
        it.holidays.insert("2026-06-05".parse().unwrap());
    };
    scene
        .change_calendar(&boss, Some("2026-06-03"), closed)
        .await;
    let id = scene.file().await;
    let (caller, now) = (scene.caller().await, scene.desk.now());
    let desk = &scene.desk.desk;
    desk.resolve(&caller, id, ResolutionCode::Fixed, "Done.", now)
        .await
        .unwrap();
    let closes = async || scene.ticket(id).await.auto_close_at;
    let tuesday = time("2026-06-09T17:00:00Z");
    assert_eq!(closes().await, Some(tuesday));
    scene.sweep().await;

    scene.at("2026-06-09T16:59:59Z");
    let today = |it: &mut CalendarDocument| {
        it.holidays.insert("2026-06-09".parse().unwrap());
    };
    scene.change_calendar(&boss, None, today).await;
    // Its deadline comes before the worker went through what was resolved.
    let mut conn = support::database::connect(&scene.desk.database).await;
    sqlx::query("delete from timer where kind = 'version_in_force'")
        .execute(&mut conn)
        .await
        .unwrap();
    scene.at("2026-06-09T17:00:00Z");
    scene.sweep().await;
    assert_eq!(scene.ticket(id).await.status, Status::Resolved);
    assert_eq!(closes().await, Some(time("2026-06-10T17:00:00Z")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_who_reopens_is_promised_an_answer_and_an_engineer_who_reopens_owes_none() {
    let scene = Scene::new().await;
    let desk = &scene.desk.desk;
    let (engineer, requester) = (
        scene.caller().await,
        scene.desk.caller(&scene.requester).await,
    );
    for (caller, answers, next) in [
        (&requester, true, Some("next_response")),
        (&requester, false, Some("next_response")),
        (&engineer, false, Some("resolution")),
    ] {
        let id = scene.file().await;
        let now = scene.desk.now();
        desk.resolve(&engineer, id, ResolutionCode::Fixed, "Done.", now)
            .await
            .unwrap();
        scene.pass(TimeDelta::minutes(10));
        let now = scene.desk.now();
        match answers {
            true => desk.answer(caller, id, "It came back.", now).await,
            false => desk.reopen(caller, id, "It came back.", now).await,
        }
        .unwrap();
        let ticket = scene.ticket(id).await;
        assert_eq!(ticket.next_clock.as_deref(), next);
        if next == Some("next_response") {
            let clock = scene.clock(id, Metric::NextResponse).await;
            // Eight working hours are the rest of this day and as much of the next.
            let due = Some(now + TimeDelta::days(1));
            assert_eq!((clock.ordinal, clock.due_at), (1, due));
            scene.pass(TimeDelta::minutes(10));
            scene.reply(id, Afterwards::Open).await.unwrap();
            assert_eq!(scene.clock(id, Metric::NextResponse).await.state, "met");
        }
    }
    assert_eq!(scene.recount().await, Vec::<String>::new());
}

/// How much of a clock's ring is drawn on a page, in percent.
fn ring(page: &support::html::Page, within: &str) -> i64 {
    let drawn = page.attribute(
        &format!("{within} .clock svg.ring circle + circle"),
        "stroke-dasharray",
    );
    drawn.strip_suffix(" 100").unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_shows_what_is_left_of_the_counted_time_whatever_nights_lie_ahead() {
    let scene = Scene::new().await;
    scene.at("2026-06-01T13:00:00Z");
    let id = scene.file().await;
    let me = (scene.caller().await, Some(scene.engineer.id));
    let now = scene.desk.now();
    let desk = &scene.desk.desk;
    desk.assign(&me.0, id, me.1, None, now).await.unwrap();
    scene.reply(id, Afterwards::Open).await.unwrap();
    let number = scene.ticket(id).await.number.0;
    // Of 24 working hours 18 are used on Wednesday at 15:00; the promise is due on Thursday at 13:00.
    for (time, state, left) in [
        ("2026-06-02T13:00:00Z", "ok", 66),
        ("2026-06-03T15:00:00Z", "risk", 25),
        ("2026-06-03T20:00:00Z", "risk", 16),
    ] {
        scene.at(time);
        let client = scene.desk.sign_in(&scene.engineer).await;
        for (address, within) in [
            ("/queue", "tbody"),
            ("/queue/L1/Service%20Desk", "tbody"),
            ("/tickets", "tbody"),
            (&*format!("/tickets/{number}"), ".t-head"),
            (
                &*format!("/tickets/{number}/clocks?clock=resolution.1"),
                ".page-head",
            ),
        ] {
            let page = client.get(address).await.page();
            assert!(page.has(&format!("{within} .clock[data-state={state}]")));
            assert_eq!(ring(&page, within), left, "{address} {time}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolved_ticket_closes_by_itself_after_five_working_days() {
    let scene = Scene::new().await;
    let id = scene.file().await;
    let (caller, now) = (scene.caller().await, scene.desk.now());
    scene
        .desk
        .desk
        .resolve(&caller, id, ResolutionCode::Answered, "Like this.", now)
        .await
        .unwrap();
    scene.at("2026-06-08T16:59:59Z");
    scene.sweep().await;
    assert_eq!(scene.ticket(id).await.status, Status::Resolved);
    scene.at("2026-06-08T17:00:00Z");
    scene.sweep().await;
    assert_eq!(scene.ticket(id).await.status, Status::Closed);
}

async fn set(scene: &Scene, id: TicketId, impact: Impact, urgency: Urgency) {
    let (caller, now) = (scene.caller().await, scene.desk.now());
    let version = scene.ticket(id).await.version;
    let desk = &scene.desk.desk;
    desk.set_impact_urgency(&caller, id, version, impact, urgency, now)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_that_was_out_of_danger_again_is_warned_of_again() {
    let scene = Scene::new().await;
    let id = scene.file().await;
    let warned = async || {
        scene.sweep().await;
        let told = scene.told(id, EventKind::AtRisk, Metric::FirstResponse);
        told.await.len()
    };
    scene.at("2026-06-01T12:00:00Z");
    assert_eq!(warned().await, 1);
    // Eight hours instead of four, of which three are used.
    scene.pass(TimeDelta::minutes(5));
    set(&scene, id, Impact::Person, Urgency::Low).await;
    assert_eq!(warned().await, 1);
    scene.at("2026-06-01T15:00:00Z");
    assert_eq!(warned().await, 2);
    scene.pass(TimeDelta::minutes(5));
    assert_eq!(warned().await, 2);
    assert_eq!(scene.recount().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_at_night_warns_in_the_morning() {
    let scene = Scene::new().await;
    scene.at("2026-06-01T16:10:00Z");
    let id = scene.file().await;
    let warned = async || {
        scene.sweep().await;
        let told = scene.told(id, EventKind::AtRisk, Metric::FirstResponse);
        told.await.len()
    };
    // One hour instead of four, of which 50 minutes are used.
    scene.at("2026-06-01T22:00:00Z");
    set(&scene, id, Impact::Group, Urgency::High).await;
    assert_eq!(warned().await, 0);
    scene.at("2026-06-02T08:59:00Z");
    assert_eq!(warned().await, 0);
    scene.at("2026-06-02T09:00:00Z");
    assert_eq!(warned().await, 1);
    assert_eq!(scene.recount().await, Vec::<String>::new());
}
