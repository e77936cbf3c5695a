//! Routing: tickets go to somebody of their queue by themselves, who is at work, knows what is needed and has room; and the
//! ticket says why.
//!
//! The desk's time starts on Monday, 1 June 2026, 09:00 UTC, and its calendar is open from 9 to 17 UTC on weekdays.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use serde_json::Value;
use support::{Someone, database};
use tierdesk_desk::conversation::Afterwards;
use tierdesk_desk::skill::Statement;
use tierdesk_desk::{Caller, Desk, DeskError, Keys};
use tierdesk_domain::id::{CategoryId, PersonId, SkillId, TicketId};
use tierdesk_domain::routing::{Mode, Routing};
use tierdesk_domain::skill::Level;
use tierdesk_domain::ticket::{Impact, ResolutionCode, Status, Urgency};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::routing;
use tierdesk_store::shift::OwnHours;

use crate::clock::{Scene, about};
use crate::handover::note;

/// A desk whose Network L2 routes, with people in it, and tickets that come up from L1.
pub(crate) struct Routed {
    pub(crate) scene: Scene,
    pub(crate) boss: Someone,
    pub(crate) people: Vec<Someone>,
}

impl Routed {
    pub(crate) async fn new(mode: Mode, cap: Option<u16>, names: &[&str]) -> Self {
        let scene = Scene::new().await;
        let boss = scene.desk.administrator("Ines Roth").await;
        let mut people = Vec::new();
        for name in names {
            people.push(scene.desk.engineer(name, "Network", Tier::L2).await);
        }
        let it = Self {
            scene,
            boss,
            people,
        };
        it.save(0, mode, cap).await.unwrap();
        it
    }

    pub(crate) fn desk(&self) -> &Desk {
        &self.scene.desk.desk
    }

    pub(crate) async fn boss(&self) -> Caller {
        self.scene.desk.caller(&self.boss).await
    }

    pub(crate) async fn save(
        &self,
        seen: i32,
        mode: Mode,
        cap: Option<u16>,
    ) -> Result<(), DeskError> {
        let routing = Routing {
            team: self.scene.desk.team("Network").await,
            tier: Tier::L2,
            mode,
            cap,
            calendar: None,
        };
        let (boss, now) = (self.boss().await, self.scene.desk.now());
        self.desk().save_routing(&boss, seen, routing, now).await
    }

    /// A ticket of a category comes up from L1.
    pub(crate) async fn comes(&self, category: Option<CategoryId>) -> TicketId {
        let requester = self.scene.desk.caller(&self.scene.requester).await;
        let mut new = about("VPN is slow");
        new.category = category;
        let now = self.scene.desk.now();
        let id = self
            .desk()
            .file_ticket(&requester, new, now)
            .await
            .unwrap()
            .id;
        self.escalate(id).await.unwrap();
        id
    }

    pub(crate) async fn escalate(&self, id: TicketId) -> Result<(), DeskError> {
        let ticket = self.scene.ticket(id).await;
        let to = (self.scene.desk.team("Network").await, Tier::L2);
        let caller = self.scene.caller().await;
        let now = self.scene.desk.now();
        self.desk()
            .escalate(&caller, id, ticket.version, to, note(), now)
            .await
    }

    pub(crate) async fn whose(&self, id: TicketId) -> Option<String> {
        let assignee = self.scene.ticket(id).await.assignee?;
        let found = self.people.iter().find(|it| it.id == assignee);
        Some(found.unwrap().name.clone())
    }

    /// The reasons for and against everybody, as the timeline keeps them.
    pub(crate) async fn reasons(&self, id: TicketId) -> BTreeMap<String, Value> {
        let assigned = self.scene.events(id, EventKind::Assigned).await;
        let routed = assigned
            .iter()
            .rev()
            .map(|it| &it["internal"]["routing"])
            .find(|it| !it.is_null())
            .cloned();
        let record = match routed {
            Some(record) => record,
            None => self.scene.events(id, EventKind::NotRouted).await[0].clone(),
        };
        let considered = record["decision"]["considered"].as_array().unwrap();
        considered
            .iter()
            .map(|it| (it["name"].as_str().unwrap().to_owned(), it.clone()))
            .collect()
    }

    pub(crate) async fn away(&self, name: &str, days: i64) {
        let person = self.person(name);
        let now = self.scene.desk.now();
        let time = (now, now + TimeDelta::days(days));
        self.desk()
            .enter_absence(&self.boss().await, person, time, "Holiday", now)
            .await
            .unwrap();
    }

    pub(crate) fn person(&self, name: &str) -> PersonId {
        self.people.iter().find(|it| it.name == name).unwrap().id
    }

    pub(crate) async fn knows(
        &self,
        name: &str,
        skill: SkillId,
        certificate: &str,
        last: Option<NaiveDate>,
    ) {
        let statement = Statement {
            skill,
            level: Level::Solid,
            certificate: certificate.to_owned(),
            expires_on: last,
        };
        let now = self.scene.desk.now();
        self.desk()
            .declare_skill(&self.boss().await, self.person(name), statement, now)
            .await
            .unwrap();
    }

    /// A skill that the category `Network or connection` needs.
    pub(crate) async fn skill(&self, name: &str) -> (SkillId, CategoryId) {
        let (boss, now) = (self.boss().await, self.scene.desk.now());
        let skill = self
            .desk()
            .add_skill(&boss, name, "", false, now)
            .await
            .unwrap();
        let catalogue = self.desk().skill_catalogue(&boss).await.unwrap();
        let network = catalogue
            .categories
            .iter()
            .find(|(it, _)| it.name == "Network or connection");
        let category = network.unwrap().0.id;
        self.desk()
            .need_skill(&boss, category, skill, Some(Level::Solid), now)
            .await
            .unwrap();
        (skill, category)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn round_robin_goes_round_and_the_ticket_says_by_which_version() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana", "Ben", "Carla"]).await;
    let mut turns = BTreeMap::<String, u32>::new();
    let mut first = None;
    for _ in 0..7 {
        let id = it.comes(None).await;
        first.get_or_insert(id);
        *turns.entry(it.whose(id).await.unwrap()).or_default() += 1;
    }
    let mut counts: Vec<u32> = turns.into_values().collect();
    counts.sort_unstable();
    assert_eq!(counts, [2, 2, 3]);
    let assigned = it.scene.events(first.unwrap(), EventKind::Assigned).await;
    let record = &assigned.last().unwrap()["internal"]["routing"];
    assert_eq!(record["version"], 1);
    assert_eq!(record["decision"]["mode"], "round_robin");
    // A queue that is switched off again leaves tickets to people.
    it.save(1, Mode::Off, None).await.unwrap();
    let id = it.comes(None).await;
    assert_eq!(it.whose(id).await, None);
    assert!(it.scene.events(id, EventKind::NotRouted).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_skilled_one_with_the_fewest_gets_it_and_everybody_elses_reason_is_told() {
    let it = Routed::new(Mode::Skill, Some(9), &["Ana", "Ben", "Carla", "Dora"]).await;
    let (vpn, category) = it.skill("VPN").await;
    let yesterday = it.scene.desk.now().date_naive().pred_opt();
    it.knows("Ana", vpn, "", None).await;
    it.knows("Ben", vpn, "", None).await;
    it.knows("Carla", vpn, "Gateway expert", yesterday).await;
    it.away("Ben", 4).await;
    let id = it.comes(Some(category)).await;
    assert_eq!(it.whose(id).await.as_deref(), Some("Ana"));
    let reasons = it.reasons(id).await;
    assert_eq!(reasons["Ana"]["verdict"], "fits");
    assert_eq!(reasons["Ben"]["presence"], "absent");
    assert_eq!(reasons["Carla"]["why"], "expired");
    assert_eq!(reasons["Dora"]["why"], "missing");
    // The reason of an absence is nobody else's.
    assert!(!reasons["Ben"].to_string().contains("Holiday"));
    // Without the category anybody fits; the one with the fewest gets it.
    let id = it.comes(None).await;
    assert_ne!(it.whose(id).await.as_deref(), Some("Ana"));

    let number = it.scene.ticket(id).await.number.0;
    let ana = it.scene.desk.sign_in(&it.people[0]).await;
    let page = ana.get(&format!("/tickets/{number}")).await.page();
    let text = page.all_text();
    assert!(text.contains("Routing gave it to"), "{text}");
    assert!(text.contains("absent until"), "{text}");
    assert!(text.contains("version 1"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_more_than_the_cap_and_where_nobody_fits_it_says_so_once() {
    let it = Routed::new(Mode::LeastLoaded, Some(2), &["Ana", "Ben"]).await;
    for _ in 0..4 {
        let id = it.comes(None).await;
        assert!(it.whose(id).await.is_some());
    }
    let id = it.comes(None).await;
    assert_eq!(it.whose(id).await, None);
    let said = it.scene.events(id, EventKind::NotRouted).await;
    assert_eq!(said.len(), 1);
    assert_eq!(it.reasons(id).await["Ana"]["verdict"], "full");
    it.scene.pass(TimeDelta::days(3));
    it.scene.sweep().await;
    assert_eq!(it.scene.events(id, EventKind::NotRouted).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_of_the_night_waits_for_the_morning_also_over_a_restart() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana", "Ben"]).await;
    it.scene.at("2026-06-01T20:00:00Z");
    let id = it.comes(None).await;
    assert_eq!(it.whose(id).await, None);
    assert_eq!(it.reasons(id).await["Ana"]["presence"], "off_shift");
    it.scene.at("2026-06-02T08:59:59Z");
    it.scene.sweep().await;
    assert_eq!(it.whose(id).await, None);

    // A new process, with nothing but the database, goes on.
    it.scene.at("2026-06-02T09:00:00Z");
    let pool = tierdesk_store::connect(&database::url(&it.scene.desk.database), 2)
        .await
        .unwrap();
    let keys = Keys::read(&Keys::generate()).unwrap();
    let fresh = Desk::new(pool, keys, (*it.desk().settings).clone());
    tierdesk_worker::timer::Sweeper::new(fresh)
        .drain(it.scene.desk.now())
        .await
        .unwrap();
    assert!(it.whose(id).await.is_some());
    assert_eq!(it.scene.events(id, EventKind::NotRouted).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_work_begins_the_most_pressing_of_what_waits_is_given_away_first() {
    let it = Routed::new(Mode::LeastLoaded, Some(2), &["Ana"]).await;
    it.scene.at("2026-06-01T20:00:00Z");
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(it.comes(None).await);
        it.scene.pass(TimeDelta::minutes(1));
    }
    // The youngest but one becomes the most pressing during the night.
    let ana = it.scene.desk.caller(&it.people[0]).await;
    let (ticket, now) = (it.scene.ticket(waiting[2]).await, it.scene.desk.now());
    let (impact, urgency) = (Impact::Group, Urgency::High);
    it.desk()
        .set_impact_urgency(&ana, ticket.id, ticket.version, impact, urgency, now)
        .await
        .unwrap();
    it.scene.at("2026-06-02T09:00:00Z");
    it.scene.sweep().await;
    let mut given = Vec::new();
    for id in &waiting {
        given.push(it.whose(*id).await.is_some());
    }
    assert_eq!(given, [true, false, true, false]);
    // The others wait on, and come when there is room.
    let now = it.scene.desk.now();
    it.desk()
        .resolve(&ana, waiting[2], ResolutionCode::Fixed, "Done.", now)
        .await
        .unwrap();
    it.scene.sweep().await;
    assert!(it.whose(waiting[1]).await.is_some());
    assert_eq!(it.whose(waiting[3]).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_waits_while_routing_is_switched_off_is_looked_at_when_it_is_on_again() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    it.away("Ana", 3).await;
    let waits = it.comes(None).await;
    let put_back = it.comes(None).await;
    let ana = it.scene.desk.caller(&it.people[0]).await;
    let mut from = None;
    for to in [Some(it.people[0].id), None] {
        it.desk()
            .assign(&ana, put_back, to, from, it.scene.desk.now())
            .await
            .unwrap();
        from = to;
    }
    it.save(1, Mode::Off, None).await.unwrap();
    // Looks come and go, that of the next morning and that after 14 days: nobody is given anything.
    for days in [4, 15, 15] {
        it.scene.pass(TimeDelta::days(days));
        it.scene.sweep().await;
        assert_eq!(it.whose(waits).await, None);
    }
    it.scene.at("2026-07-06T10:00:00Z");
    it.save(2, Mode::RoundRobin, None).await.unwrap();
    it.scene.sweep().await;
    assert_eq!(it.whose(waits).await.as_deref(), Some("Ana"));
    assert_eq!(it.whose(put_back).await, None, "it was put back");
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_at_the_same_time_are_shared_fairly() {
    let it = Routed::new(Mode::LeastLoaded, Some(50), &["Ana", "Ben", "Carla"]).await;
    let requester = it.scene.desk.caller(&it.scene.requester).await;
    let mut tickets = Vec::new();
    for _ in 0..6 {
        let now = it.scene.desk.now();
        let filed = it.desk().file_ticket(&requester, about("VPN"), now).await;
        tickets.push(filed.unwrap().id);
    }
    let (a, b, c) = (tickets[0], tickets[1], tickets[2]);
    let (d, e, f) = (tickets[3], tickets[4], tickets[5]);
    let done = tokio::join!(
        it.escalate(a),
        it.escalate(b),
        it.escalate(c),
        it.escalate(d),
        it.escalate(e),
        it.escalate(f)
    );
    for result in [done.0, done.1, done.2, done.3, done.4, done.5] {
        result.unwrap();
    }
    let mut loads = BTreeMap::<String, u32>::new();
    for id in tickets {
        *loads.entry(it.whose(id).await.unwrap()).or_default() += 1;
    }
    assert_eq!(loads.into_values().collect::<Vec<_>>(), [2, 2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_in_two_queues_gets_more_than_the_cap_from_both_at_the_same_time() {
    let it = Routed::new(Mode::LeastLoaded, Some(3), &["Ana"]).await;
    let servers = it.scene.desk.team("Servers").await;
    let routing = Routing {
        team: servers,
        tier: Tier::L2,
        mode: Mode::LeastLoaded,
        cap: Some(3),
        calendar: None,
    };
    it.scene.desk.join(&it.people[0], servers, Tier::L2).await;
    let (boss, now) = (it.boss().await, it.scene.desk.now());
    it.desk()
        .save_routing(&boss, 0, routing, now)
        .await
        .unwrap();
    let requester = it.scene.desk.caller(&it.scene.requester).await;
    let caller = it.scene.caller().await;
    for round in 1..5 {
        let mut both = Vec::new();
        for team in [it.scene.desk.team("Network").await, servers] {
            let filed = it.desk().file_ticket(&requester, about("VPN"), now).await;
            let ticket = it.scene.ticket(filed.unwrap().id).await;
            both.push((ticket.id, ticket.version, (team, Tier::L2)));
        }
        let escalate =
            |(id, version, to)| it.desk().escalate(&caller, id, version, to, note(), now);
        let (a, b) = tokio::join!(escalate(both[0]), escalate(both[1]));
        a.unwrap();
        b.unwrap();
        let mut conn = it.desk().acquire().await.unwrap();
        let members = routing::members(&mut conn, servers, Tier::L2)
            .await
            .unwrap();
        assert_eq!(members[0].load, (2 * round).min(3), "after {round} rounds");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_happens_after_the_bot_and_after_a_hand_back_but_not_after_putting_back() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    // The Service Desk's L1 routes too; Jonas works there.
    let desk_team = it.scene.desk.team("Service Desk").await;
    let routing = Routing {
        team: desk_team,
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
    let jonas = it.scene.engineer.id;

    let requester = it.scene.desk.caller(&it.scene.requester).await;
    let flickers = about("My screen flickers");
    let filed = it.desk().file_ticket(&requester, flickers, now).await;
    let id = filed.unwrap().id;
    assert_eq!(it.scene.ticket(id).await.assignee, None, "the bot holds it");
    while it.desk().act_on_next_bot_deadline(now).await.unwrap() {}
    assert_eq!(it.scene.ticket(id).await.assignee, Some(jonas));

    it.escalate(id).await.unwrap();
    assert_eq!(it.whose(id).await.as_deref(), Some("Ana"));
    let ana = it.scene.desk.caller(&it.people[0]).await;
    let version = it.scene.ticket(id).await.version;
    it.desk()
        .hand_back(&ana, id, version, "Please ask first.", now)
        .await
        .unwrap();
    assert_eq!(it.scene.ticket(id).await.assignee, Some(jonas));
    // What somebody puts back stays in the queue.
    let caller = it.scene.caller().await;
    it.desk()
        .assign(&caller, id, None, Some(jonas), now)
        .await
        .unwrap();
    assert_eq!(it.scene.ticket(id).await.assignee, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_off_shift_away_or_deactivated_gets_anything() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana", "Ben", "Carla", "Dora"]).await;
    let now = it.scene.desk.now();
    // Ben's hours are those of another zone: it is night there.
    let zone = Some("America/Los_Angeles".to_owned());
    let hours = OwnHours {
        calendar: None,
        zone,
    };
    let boss = it.boss().await;
    it.desk()
        .set_hours(&boss, it.person("Ben"), hours, now)
        .await
        .unwrap();
    let carla = it.scene.desk.caller(&it.people[2]).await;
    it.desk()
        .be_away(&carla, Some(now + TimeDelta::hours(2)), now)
        .await
        .unwrap();
    it.desk()
        .deactivate(&boss, it.person("Dora"), None, now)
        .await
        .unwrap();
    for _ in 0..3 {
        let id = it.comes(None).await;
        assert_eq!(it.whose(id).await.as_deref(), Some("Ana"));
    }
    // Being away ends by itself.
    it.scene.pass(TimeDelta::hours(2));
    let id = it.comes(None).await;
    assert_eq!(it.whose(id).await.as_deref(), Some("Carla"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_of_somebody_absent_stay_until_a_manager_gives_them_back() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana", "Ben"]).await;
    let first = it.comes(None).await;
    let name = it.whose(first).await.unwrap();
    let manager = it.scene.desk.manager("Mara Lind").await;
    let caller = it.scene.desk.caller(&manager).await;
    let (person, now) = (it.person(&name), it.scene.desk.now());
    let early = it.desk().free_tickets(&caller, person, now).await;
    assert!(matches!(early, Err(DeskError::State(_))), "{early:?}");
    it.away(&name, 5).await;
    assert_eq!(it.whose(first).await, Some(name.clone()));

    // The page lists it, for the manager with a button.
    let client = it.scene.desk.sign_in(&manager).await;
    let page = client.get("/team").await.page();
    let number = it.scene.ticket(first).await.number.0;
    assert!(page.has(&format!("a[href='/tickets/{number}']")));
    assert!(!page.all_text().contains("Holiday"));
    let address = format!("/team/{person}/free");
    assert!(page.has(&format!("form[action='{address}']")));
    let engineer = it.scene.desk.sign_in(&it.people[0]).await;
    assert_eq!(engineer.post(&address, &[]).await.status, 403);
    client.post(&address, &[]).await.location();
    let now_with = it.whose(first).await.unwrap();
    assert_ne!(now_with, name);
    let reasons = it.reasons(first).await;
    assert_eq!(reasons[&name]["presence"], "absent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_waits_for_its_requester_gets_somebody_as_well() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana", "Ben"]).await;
    let ticket = it.comes(None).await;
    let had = it.whose(ticket).await.unwrap();
    let owner = it.people.iter().find(|it| it.name == had).unwrap();
    let (owner, now) = (it.scene.desk.caller(owner).await, it.scene.desk.now());
    it.desk()
        .reply(&owner, ticket, "Which one?", Afterwards::Pending, now)
        .await
        .unwrap();
    for name in ["Ana", "Ben"] {
        it.away(name, 2).await;
    }
    // Whoever had it leaves, and nobody else is there.
    let person = it.person(&had);
    it.desk()
        .deactivate(&it.boss().await, person, None, now)
        .await
        .unwrap();
    assert_eq!(it.whose(ticket).await, None);
    it.scene.pass(TimeDelta::days(3));
    it.scene.sweep().await;
    let other = if had == "Ana" { "Ben" } else { "Ana" };
    assert_eq!(it.whose(ticket).await.as_deref(), Some(other));
    assert_eq!(it.scene.ticket(ticket).await.status, Status::Pending);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_came_between_is_a_conflict_and_bad_numbers_are_told() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    it.save(1, Mode::LeastLoaded, Some(5)).await.unwrap();
    let late = it.save(1, Mode::Off, None).await;
    assert!(matches!(late, Err(DeskError::Conflict)), "{late:?}");
    for cap in [None, Some(0), Some(501)] {
        let bad = it.save(2, Mode::LeastLoaded, cap).await;
        assert!(
            matches!(bad, Err(DeskError::Invalid(_))),
            "{cap:?}: {bad:?}"
        );
    }
    let engineer = it.scene.caller().await;
    let routing = Routing {
        team: it.scene.desk.team("Network").await,
        tier: Tier::L2,
        mode: Mode::Off,
        cap: None,
        calendar: None,
    };
    let now = it.scene.desk.now();
    let denied = it.desk().save_routing(&engineer, 2, routing, now).await;
    assert!(matches!(denied, Err(DeskError::Denied)), "{denied:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_routing_skills_and_ones_own_hours_work_without_scripts() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana", "Ben"]).await;
    let (_, category) = it.skill("VPN").await;
    let team = it.scene.desk.team("Network").await;
    let boss = it.scene.desk.sign_in(&it.boss).await;
    let address = format!("/admin/routing/{team}/L2");
    let page = boss
        .get(&format!("{address}?category={}", category.0))
        .await
        .page();
    let text = page.text("#preview");
    assert!(text.contains("would go to"), "{text}");
    let wrong = boss
        .post(
            &address,
            &[("version", "1"), ("mode", "least_loaded"), ("cap", "many")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.page().attribute("#cap", "value"), "many");
    let filled = [("version", "1"), ("mode", "skill"), ("cap", "7")];
    boss.post(&address, &filled).await.location();
    let page = boss.get(&address).await.page();
    assert_eq!(page.attribute("#cap", "value"), "7");
    assert!(page.all_text().contains("From version 2"));

    // An earlier version can be brought back: the form begins with it and is saved after the newest.
    let earlier = boss.get(&format!("{address}?version=1")).await.page();
    assert!(earlier.all_text().contains("From version 1"));
    assert_eq!(earlier.attribute("#cap", "value"), "");
    assert_eq!(earlier.attribute("input[name=version]", "value"), "2");
    assert_eq!(boss.get(&format!("{address}?version=9")).await.status, 404);

    // Ana says what she knows and when she is not there; only she and administrators read why.
    let ana = it.scene.desk.sign_in(&it.people[0]).await;
    let lands = ana.get("/profile/work").await.location();
    assert_eq!(lands, format!("/team/{}", it.person("Ana")));
    let own = format!("/team/{}", it.person("Ana"));
    let page = ana.get(&own).await.page();
    let skill = page.attribute("#skill option[value*='-']", "value");
    let said = [
        ("skill", skill.as_str()),
        ("level", "2"),
        ("certificate", ""),
        ("expires_on", ""),
    ];
    ana.post(&format!("{own}/skills"), &said).await.location();
    let wrong = [
        ("from", "2026-06-05T09:00"),
        ("until", "2026-06-04T09:00"),
        ("absence_reason", "Wedding"),
    ];
    let again = ana.post(&format!("{own}/absences"), &wrong).await;
    assert_eq!(again.status, 422);
    assert_eq!(
        again.page().attribute("#absence_reason", "value"),
        "Wedding"
    );
    let right = [
        ("from", "2026-06-05T09:00"),
        ("until", "2026-06-08T09:00"),
        ("absence_reason", "Wedding"),
    ];
    ana.post(&format!("{own}/absences"), &right)
        .await
        .location();
    let read = ana.get(&own).await.page().all_text();
    assert!(
        read.contains("Wedding") && read.contains("Not confirmed yet"),
        "{read}"
    );
    assert!(boss.get(&own).await.page().all_text().contains("Wedding"));
    let ben = it.scene.desk.sign_in(&it.people[1]).await;
    assert_eq!(ben.get(&own).await.status, 403);

    // Requesters have no hours here.
    let requester = it.scene.desk.sign_in(&it.scene.requester).await;
    assert_eq!(requester.get("/profile/work").await.status, 403);
    assert_eq!(requester.get("/team").await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_routes_and_who_is_there_fits_every_width_and_passes_axe_in_light_and_dark() {
    let Some(browser) = support::browser::Browser::open().await else {
        return;
    };
    let Some(script) = support::axe::script() else {
        return;
    };
    let it = Routed::new(
        Mode::Skill,
        Some(9),
        &["Ana Ferreira", "Ben Okafor", "Carla Sousa"],
    )
    .await;
    let (vpn, category) = it.skill("VPN").await;
    let last = "2026-05-20".parse().ok();
    it.knows("Carla Sousa", vpn, "Gateway expert", last).await;
    it.knows("Ana Ferreira", vpn, "", None).await;
    let ana = it.scene.desk.caller(&it.people[0]).await;
    let first = it.comes(Some(category)).await;
    let now = it.scene.desk.now();
    it.desk()
        .accept_handover(&ana, first, None, now)
        .await
        .unwrap();
    let open = it.comes(Some(category)).await;
    let ben = it.scene.desk.caller(&it.people[1]).await;
    let own = Statement {
        skill: vpn,
        level: Level::Basic,
        certificate: String::new(),
        expires_on: None,
    };
    it.desk()
        .declare_skill(&ben, it.person("Ben Okafor"), own, now)
        .await
        .unwrap();
    let free = it.comes(None).await;
    it.away("Ana Ferreira", 3).await;
    let base = it.scene.desk.serve().await;
    let number = async |id| it.scene.ticket(id).await.number.0;
    let team = it.scene.desk.team("Network").await;
    let manager = it.scene.desk.manager("Mara Lind").await;
    let walks = [
        (
            it.scene.desk.sign_in(&it.boss).await,
            vec![
                ("routing", "/admin/routing".to_owned()),
                (
                    "routing-queue",
                    format!("/admin/routing/{team}/L2?category={}", category.0),
                ),
                ("skills", "/admin/skills".to_owned()),
                ("person", format!("/team/{}", it.person("Ana Ferreira"))),
            ],
        ),
        (
            it.scene.desk.sign_in(&manager).await,
            vec![
                ("team", "/team".to_owned()),
                ("tiers", "/dashboard/tiers".to_owned()),
            ],
        ),
        (
            it.scene.desk.sign_in(&it.people[0]).await,
            vec![
                ("handover-open", format!("/tickets/{}", number(open).await)),
                (
                    "handover-bounce",
                    format!("/tickets/{}#bounce", number(open).await),
                ),
                (
                    "handover-accepted",
                    format!("/tickets/{}", number(first).await),
                ),
                ("routed-other", format!("/tickets/{}", number(free).await)),
            ],
        ),
    ];
    let mut wrong = Vec::new();
    for (client, pages) in &walks {
        crate::web::sign_in(&browser, &base, client).await;
        wrong.extend(crate::looks::look(&browser, &script, &base, client, pages).await);
    }
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
