//! The contract between tiers: a hand-over is accepted or sent back, clocks tell the truth about it, and everything that is
//! measured of it is recounted.
//!
//! The desk's time starts on Monday, 1 June 2026, 09:00 UTC, and its calendar is open from 9 to 17 UTC on weekdays.

use chrono::TimeDelta;
use chrono_tz::Tz;
use support::{Someone, Tierdesk};
use tierdesk_desk::{Caller, DeskError};
use tierdesk_domain::dashboard::{View, When};
use tierdesk_domain::handover::{BounceCode, Handover, Quality};
use tierdesk_domain::id::{PersonId, TicketId};
use tierdesk_domain::routing::{Mode, Routing};
use tierdesk_domain::tally::{Counts, Measure};
use tierdesk_domain::ticket::{ResolutionCode, Status};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::shift::OwnHours;
use tierdesk_store::tally::block::By;

use crate::clock::{Scene, day_and_night};

pub(crate) fn note() -> Handover {
    Handover {
        known: "The tunnel drops after a minute.".to_owned(),
        tried: "Another client, another network.".to_owned(),
        evidence: "The run at 08:24.".to_owned(),
        ask: "Look at the gateway.".to_owned(),
    }
}

/// A ticket of the Service Desk that Jonas (L1) has, and Lea at L2 of Network.
pub(crate) struct Between {
    pub(crate) scene: Scene,
    lea: Someone,
    pub(crate) id: TicketId,
}

impl Between {
    pub(crate) async fn new() -> Self {
        let scene = Scene::new().await;
        let lea = scene.desk.engineer("Lea Brandt", "Network", Tier::L2).await;
        let id = scene.file().await;
        let it = Self { scene, lea, id };
        let jonas = it.jonas().await;
        it.assign(&jonas, Some(it.scene.engineer.id), None).await;
        it
    }

    pub(crate) async fn jonas(&self) -> Caller {
        self.scene.caller().await
    }

    pub(crate) async fn lea(&self) -> Caller {
        self.scene.desk.caller(&self.lea).await
    }

    async fn assign(&self, caller: &Caller, to: Option<PersonId>, from: Option<PersonId>) {
        let now = self.scene.desk.now();
        let desk = &self.scene.desk.desk;
        desk.assign(caller, self.id, to, from, now).await.unwrap();
    }

    pub(crate) async fn escalate(&self, caller: &Caller) {
        let ticket = self.scene.ticket(self.id).await;
        let to = (self.scene.desk.team("Network").await, Tier::L2);
        let now = self.scene.desk.now();
        let desk = &self.scene.desk.desk;
        desk.escalate(caller, self.id, ticket.version, to, note(), now)
            .await
            .unwrap();
    }

    pub(crate) async fn bounce(&self, caller: &Caller) -> Result<(), DeskError> {
        let ticket = self.scene.ticket(self.id).await;
        let code = Some(BounceCode::MissingInformation);
        let why = "Which gateway? Please ask for the client's log.";
        let now = self.scene.desk.now();
        let desk = &self.scene.desk.desk;
        desk.bounce(caller, self.id, ticket.version, code, why, now)
            .await
    }

    async fn accept(&self, quality: Option<Quality>) -> Result<(), DeskError> {
        let (caller, now) = (self.lea().await, self.scene.desk.now());
        let desk = &self.scene.desk.desk;
        desk.accept_handover(&caller, self.id, quality, now).await
    }

    async fn resolve(&self, caller: &Caller) {
        let now = self.scene.desk.now();
        let desk = &self.scene.desk.desk;
        desk.resolve(caller, self.id, ResolutionCode::Fixed, "Fixed.", now)
            .await
            .unwrap();
    }

    async fn recount(&self) {
        self.scene.sweep().await;
        assert_eq!(self.scene.recount().await, Vec::<String>::new());
    }

    /// What happened in the queues of a tier, on these days.
    async fn counted(&self, manager: &Caller, tier: Tier, (from, to): (&str, &str)) -> Counts {
        let view = View {
            when: When::Days {
                from: from.parse().unwrap(),
                to: to.parse().unwrap(),
            },
            tier: Some(tier),
            ..View::default()
        };
        let by = By {
            times: true,
            ..By::default()
        };
        let now = self.scene.desk.now();
        let figures = self.scene.desk.desk.figures(manager, view, by, now).await;
        let groups = figures.unwrap().groups;
        groups.into_values().next().unwrap_or_default().now
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounced_hand_over_goes_back_to_its_queue_and_its_person_and_is_no_resolution() {
    let it = Between::new().await;
    it.escalate(&it.jonas().await).await;
    it.scene.pass(TimeDelta::minutes(20));
    it.bounce(&it.lea().await).await.unwrap();

    let ticket = it.scene.ticket(it.id).await;
    let desk_team = it.scene.desk.team("Service Desk").await;
    assert_eq!((ticket.team, ticket.tier), (desk_team, Tier::L1));
    assert_eq!(ticket.assignee, Some(it.scene.engineer.id));
    assert_eq!(ticket.status, Status::Open);
    assert!(it.scene.events(it.id, EventKind::Resolved).await.is_empty());
    let told = it.scene.events(it.id, EventKind::HandoverBounced).await;
    assert_eq!(told[0]["code"], "missing_information");
    assert_eq!(told[0]["name"], "Jonas Weber");
    // It is answered now, and cannot be answered again.
    let again = it.bounce(&it.jonas().await).await;
    assert!(matches!(again, Err(DeskError::State(_))), "{again:?}");
    it.recount().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_reaches_the_queue_where_its_person_is_absent_or_gone() {
    let it = Between::new().await;
    let jonas = it.jonas().await;
    it.escalate(&jonas).await;
    let now = it.scene.desk.now();
    let desk = &it.scene.desk.desk;
    let holiday = (now, now + TimeDelta::days(3));
    desk.enter_absence(&jonas, it.scene.engineer.id, holiday, "", now)
        .await
        .unwrap();
    it.bounce(&it.lea().await).await.unwrap();
    assert_eq!(it.scene.ticket(it.id).await.assignee, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_after_hours_is_free_in_its_queue_and_goes_to_whoever_is_at_work() {
    let it = Between::new().await;
    it.escalate(&it.jonas().await).await;
    it.scene.at("2026-06-01T18:00:00Z");
    it.bounce(&it.lea().await).await.unwrap();
    let ticket = it.scene.ticket(it.id).await;
    let desk_team = it.scene.desk.team("Service Desk").await;
    assert_eq!((ticket.team, ticket.tier), (desk_team, Tier::L1));
    assert_eq!(ticket.assignee, None);
    let told = it.scene.events(it.id, EventKind::HandoverBounced).await;
    assert!(told[0]["to"].is_null(), "{}", told[0]);

    // Where the queue routes, whoever is at work there gets it: Una, whose day it is.
    let desk = &it.scene.desk.desk;
    let boss = it.scene.desk.administrator("Ines Roth").await;
    let boss = it.scene.desk.caller(&boss).await;
    let una = it
        .scene
        .desk
        .engineer("Una Park", "Service Desk", Tier::L1)
        .await;
    let now = it.scene.desk.now();
    let there = |zone: &str| OwnHours {
        calendar: None,
        zone: Some(zone.to_owned()),
    };
    let west = there("America/Los_Angeles");
    desk.set_hours(&boss, una.id, west, now).await.unwrap();
    let routing = Routing {
        team: desk_team,
        tier: Tier::L1,
        mode: Mode::RoundRobin,
        cap: None,
        calendar: None,
    };
    desk.save_routing(&boss, 0, routing, now).await.unwrap();
    it.escalate(&it.jonas().await).await;
    it.bounce(&it.lea().await).await.unwrap();
    assert_eq!(it.scene.ticket(it.id).await.assignee, Some(una.id));
    it.recount().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_reaches_its_person_in_hours_of_their_own_and_in_those_of_their_queue() {
    let it = Between::new().await;
    let desk = &it.scene.desk.desk;
    let boss = it.scene.desk.administrator("Ines Roth").await;
    let boss = it.scene.desk.caller(&boss).await;
    let jonas = it.scene.engineer.id;
    it.scene.at("2026-06-01T18:00:00Z");
    let now = it.scene.desk.now();
    // The queue works round the clock.
    let office = it.scene.calendar().await;
    let mut document = office.body;
    document.windows = day_and_night();
    let always = desk.save_calendar(&boss, None, "Always", None, document, now);
    let routing = Routing {
        team: it.scene.desk.team("Service Desk").await,
        tier: Tier::L1,
        mode: Mode::Off,
        cap: None,
        calendar: Some(always.await.unwrap()),
    };
    desk.save_routing(&boss, 0, routing, now).await.unwrap();
    it.escalate(&it.jonas().await).await;
    it.bounce(&it.lea().await).await.unwrap();
    assert_eq!(it.scene.ticket(it.id).await.assignee, Some(jonas));

    // Hours of his own come first: those of the office, in Tokyo.
    let own = OwnHours {
        calendar: Some(office.id),
        zone: Some("Asia/Tokyo".to_owned()),
    };
    desk.set_hours(&boss, jonas, own, now).await.unwrap();
    it.escalate(&it.jonas().await).await;
    it.bounce(&it.lea().await).await.unwrap();
    assert_eq!(it.scene.ticket(it.id).await.assignee, None);
    it.assign(&it.jonas().await, Some(jonas), None).await;
    it.escalate(&it.jonas().await).await;
    it.scene.at("2026-06-02T00:00:00Z");
    it.bounce(&it.lea().await).await.unwrap();
    assert_eq!(it.scene.ticket(it.id).await.assignee, Some(jonas));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_late_before_its_hand_over_is_told_and_counted_once_when_it_comes_back() {
    let it = Between::new().await;
    // Eight working hours at L1 are over when Tuesday begins.
    it.scene.at("2026-06-02T09:30:00Z");
    it.scene.sweep().await;
    for _ in 0..2 {
        it.escalate(&it.jonas().await).await;
        it.scene.pass(TimeDelta::minutes(10));
        it.bounce(&it.lea().await).await.unwrap();
        it.scene.pass(TimeDelta::minutes(10));
        it.scene.sweep().await;
    }
    it.resolve(&it.jonas().await).await;
    let at_a_tier = |all: Vec<serde_json::Value>| {
        let all = all.into_iter();
        all.filter(|it| it["metric"] == "time_in_tier").count()
    };
    let broken = it.scene.events(it.id, EventKind::Breached).await;
    let kept = it.scene.events(it.id, EventKind::Kept).await;
    assert_eq!((at_a_tier(broken), at_a_tier(kept)), (1, 0));
    it.recount().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_a_ticket_accepts_its_hand_over_and_the_receiver_says_how_good_it_was() {
    let it = Between::new().await;
    it.escalate(&it.jonas().await).await;
    let lea = it.lea().await;
    it.assign(&lea, Some(it.lea.id), None).await;
    assert_eq!(
        it.scene
            .events(it.id, EventKind::HandoverAccepted)
            .await
            .len(),
        1
    );
    let bounced = it.bounce(&lea).await;
    assert!(matches!(bounced, Err(DeskError::State(_))), "{bounced:?}");

    let desk = &it.scene.desk.desk;
    let now = it.scene.desk.now();
    let not_them = desk
        .rate_handover(&it.jonas().await, it.id, Quality::Complete, now)
        .await;
    assert!(not_them.is_err(), "{not_them:?}");
    desk.rate_handover(&lea, it.id, Quality::Partly, now)
        .await
        .unwrap();
    let twice = desk
        .rate_handover(&lea, it.id, Quality::Complete, now)
        .await;
    assert!(matches!(twice, Err(DeskError::State(_))), "{twice:?}");
    it.recount().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_with_a_word_takes_a_ticket_that_nobody_has_and_happens_once() {
    let it = Between::new().await;
    it.escalate(&it.jonas().await).await;
    it.accept(Some(Quality::Complete)).await.unwrap();
    assert_eq!(it.scene.ticket(it.id).await.assignee, Some(it.lea.id));
    let twice = it.accept(None).await;
    assert!(matches!(twice, Err(DeskError::State(_))), "{twice:?}");
    let accepted = it.scene.events(it.id, EventKind::HandoverAccepted).await;
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0]["quality"], "yes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_needs_a_reason_and_the_newest_version() {
    let it = Between::new().await;
    it.escalate(&it.jonas().await).await;
    let (lea, now) = (it.lea().await, it.scene.desk.now());
    let version = it.scene.ticket(it.id).await.version;
    let desk = &it.scene.desk.desk;
    let bare = desk.bounce(&lea, it.id, version, None, " ", now).await;
    assert!(
        matches!(&bare, Err(DeskError::Invalid(errors)) if errors.len() == 2),
        "{bare:?}"
    );
    let code = Some(BounceCode::WrongTeam);
    let late = desk
        .bounce(&lea, it.id, version - 1, code, "Ask Identity.", now)
        .await;
    assert!(matches!(late, Err(DeskError::Conflict)), "{late:?}");
    let outsider = desk
        .bounce(&it.jonas().await, it.id, version, code, "No.", now)
        .await;
    assert!(matches!(outsider, Err(DeskError::Denied)), "{outsider:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hand_backs_go_down_the_way_the_ticket_came_up() {
    let it = Between::new().await;
    let network = it.scene.desk.team("Network").await;
    it.scene.desk.join(&it.lea, network, Tier::L3).await;
    it.escalate(&it.jonas().await).await;
    it.accept(None).await.unwrap();
    let desk = &it.scene.desk.desk;
    let (lea, now) = (it.lea().await, it.scene.desk.now());
    let version = it.scene.ticket(it.id).await.version;
    desk.escalate(&lea, it.id, version, (network, Tier::L3), note(), now)
        .await
        .unwrap();
    for tier in [Tier::L2, Tier::L1] {
        let version = it.scene.ticket(it.id).await.version;
        desk.hand_back(&lea, it.id, version, "Please go on.", now)
            .await
            .unwrap();
        assert_eq!(it.scene.ticket(it.id).await.tier, tier);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_measured_between_the_tiers_is_what_a_recount_finds() {
    let it = Between::new().await;
    let (jonas, lea) = (it.jonas().await, it.lea().await);
    // Up, bounced, up, accepted, solved: two turns.
    it.scene.pass(TimeDelta::hours(1));
    it.escalate(&jonas).await;
    it.scene.pass(TimeDelta::minutes(10));
    it.bounce(&lea).await.unwrap();
    it.scene.pass(TimeDelta::minutes(50));
    it.escalate(&jonas).await;
    it.scene.pass(TimeDelta::minutes(30));
    it.accept(Some(Quality::Complete)).await.unwrap();
    it.scene.pass(TimeDelta::hours(2));
    it.resolve(&lea).await;
    // Another one is solved where it came in.
    let other = it.scene.file().await;
    let now = it.scene.desk.now();
    let desk = &it.scene.desk.desk;
    desk.assign(&jonas, other, Some(it.scene.engineer.id), None, now)
        .await
        .unwrap();
    desk.resolve(&jonas, other, ResolutionCode::Fixed, "Fixed.", now)
        .await
        .unwrap();
    it.recount().await;

    let manager = it.scene.desk.manager("Mara Lind").await;
    let manager = it.scene.desk.caller(&manager).await;
    let day = ("2026-06-01", "2026-06-01");
    let l1 = it.counted(&manager, Tier::L1, day).await;
    let l2 = it.counted(&manager, Tier::L2, day).await;
    assert_eq!(l1.number(Measure::HandedOver), 2);
    assert_eq!(l1.number(Measure::BouncedBack), 1);
    assert_eq!(l1.number(Measure::Solved), 2);
    assert_eq!(l1.number(Measure::SolvedFirst), 1);
    assert_eq!(l1.number(Measure::PingPong), 1);
    assert_eq!(l1.number(Measure::Complete), 1);
    assert_eq!(l2.number(Measure::Received), 2);
    assert_eq!(l2.number(Measure::Bounced), 1);
    // 10 minutes, then two and a half hours.
    assert_eq!(l2.spread(Measure::Stay).mean(), Some(80 * 60));
    assert_eq!(l2.spread(Measure::Stay).number(), 2);

    // Folding changes no number.
    desk.fold_tally().await.unwrap();
    assert_eq!(it.counted(&manager, Tier::L1, day).await, l1);
    assert_eq!(it.counted(&manager, Tier::L2, day).await, l2);
    it.recount().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_over_at_a_months_end_counts_in_the_month_of_the_reporting_zone() {
    let it = Between::new().await;
    let desk = &it.scene.desk.desk;
    let boss = it.scene.desk.administrator("Ines Roth").await;
    let boss = it.scene.desk.caller(&boss).await;
    let manager = it.scene.desk.manager("Mara Lind").await;
    let manager = it.scene.desk.caller(&manager).await;
    let zone = |zone| desk.set_reporting_zone(&boss, zone, it.scene.desk.now());
    zone(Tz::Pacific__Auckland).await.unwrap();
    desk.fold_tally().await.unwrap();
    // Ten minutes before the end of June in Auckland, and ten minutes after it: both are the 30th in UTC.
    it.scene.at("2026-06-30T11:50:00Z");
    it.scene.sweep().await;
    it.escalate(&it.jonas().await).await;
    it.scene.at("2026-06-30T12:10:00Z");
    it.bounce(&it.lea().await).await.unwrap();

    let (june, july) = (("2026-06-01", "2026-06-30"), ("2026-07-01", "2026-07-31"));
    let received_and_bounced = async |days| {
        let counts = it.counted(&manager, Tier::L2, days).await;
        let stays = counts.spread(Measure::Stay).number();
        let [received, bounced] = [Measure::Received, Measure::Bounced].map(|it| counts.number(it));
        (received, bounced, stays)
    };
    for _folded in [false, true] {
        assert_eq!(received_and_bounced(june).await, (1, 0, 0));
        assert_eq!(received_and_bounced(july).await, (0, 1, 1));
        it.recount().await;
        desk.fold_tally().await.unwrap();
    }
    // Days of UTC have both in June, counted anew.
    zone(Tz::UTC).await.unwrap();
    desk.fold_tally().await.unwrap();
    assert_eq!(received_and_bounced(june).await, (1, 1, 1));
    assert_eq!(received_and_bounced(july).await, (0, 0, 0));
    it.recount().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_answer_a_hand_over_at_once_give_one_answer() {
    let it = Between::new().await;
    it.escalate(&it.jonas().await).await;
    let lea = it.lea().await;
    let (accepted, bounced) = tokio::join!(it.accept(None), it.bounce(&lea));
    assert!(
        accepted.is_ok() != bounced.is_ok(),
        "{accepted:?} {bounced:?}"
    );
    it.recount().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_offers_an_answer_and_the_card_shows_it() {
    let it = Between::new().await;
    it.escalate(&it.jonas().await).await;
    let number = it.scene.ticket(it.id).await.number.0;
    let address = format!("/tickets/{number}");
    let lea = it.scene.desk.sign_in(&it.lea).await;
    let page = lea.get(&address).await.page();
    assert!(page.has("form[action$='/accept']"));
    assert!(
        page.text("[data-kind='handover']")
            .contains("Waits for an answer")
    );

    let version = page.attribute("#bounce input[name='version']", "value");
    let empty = [("version", version.as_str())];
    let again = lea.post(&format!("{address}/bounce"), &empty).await;
    assert_eq!(again.status, 422);
    assert!(again.page().all_text().contains("Choose one of these."));
    let filled = [
        ("version", version.as_str()),
        ("bounce_code", "wrong_team"),
        ("bounce_reason", "Identity works on this."),
    ];
    let sent = lea.post(&format!("{address}/bounce"), &filled).await;
    assert!(sent.location().starts_with(&address), "{}", sent.status);
    let page = lea.get(&address).await.page();
    let card = page.text("[data-kind='handover']");
    assert!(card.contains("Sent back by Lea Brandt"), "{card}");
    assert!(page.all_text().contains("Identity works on this."));
    assert!(!page.has("form[action$='/accept']"));
    // The requester reads nothing of all that.
    let requester = it.scene.desk.sign_in(&it.scene.requester).await;
    let own = requester
        .get(&format!("/my/{number}"))
        .await
        .page()
        .all_text();
    for word in ["Identity works", "hand-over", "Lea Brandt", "L2"] {
        assert!(!own.contains(word), "{word}: {own}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_managers_page_says_what_happens_between_the_tiers_and_every_number_opens_its_list() {
    let it = Between::new().await;
    it.escalate(&it.jonas().await).await;
    it.bounce(&it.lea().await).await.unwrap();
    let number = it.scene.ticket(it.id).await.number;
    let manager = it.scene.desk.manager("Mara Lind").await;
    let client = it.scene.desk.sign_in(&manager).await;
    let page = client.get("/dashboard/tiers?period=7d").await.page();
    assert!(page.all_text().contains("L2 Network"));
    let lists = page.attributes("table a[href^='/dashboard/tickets']", "href");
    assert!(!lists.is_empty());
    let mut told = 0;
    for list in lists {
        let behind = client.get(&list).await;
        assert_eq!(behind.status, 200, "{list}");
        let text = behind.page().all_text();
        told += usize::from(text.contains(&number.to_string()));
    }
    assert!(told >= 4, "handed over, came back, received, sent back");
    let csv = client.get("/dashboard.csv?period=7d").await;
    assert!(csv.body.contains(",bounced_back,1,"), "{}", csv.body);
    // A manager of another team counts nothing of it.
    let elsewhere: Tierdesk = it.scene.desk;
    let other = elsewhere.manager("Otto Berg").await;
    let identity = elsewhere.team("Identity").await;
    elsewhere.answers_for(&other, &[identity]).await;
    let client = elsewhere.sign_in(&other).await;
    let page = client.get("/dashboard/tiers?period=7d").await.page();
    assert!(!page.all_text().contains("L2 Network"));
}
