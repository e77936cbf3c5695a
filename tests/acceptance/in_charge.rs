//! Hierarchical escalation: a team's path tells one after the other until somebody acknowledges, once per level and never
//! twice, whatever happens to the workers meanwhile.

use chrono::{DateTime, TimeDelta, Utc};
use support::{Someone, database};
use tierdesk_desk::{Desk, DeskError};
use tierdesk_domain::escalation::{Condition, Effect, MAX_NOTICES, Only, Rule};
use tierdesk_domain::handover::Handover;
use tierdesk_domain::id::{DocumentId, TeamId, TicketId};
use tierdesk_domain::in_charge::{Counted, Level, Path, Target};
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::on_call::{Layer, Schedule};
use tierdesk_domain::ticket::{Priority, ResolutionCode};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use tierdesk_worker::timer::Sweeper;

use crate::clock::{Scene, day_and_night};

/// A Service Desk whose rule tells who is in charge of every ticket.
pub(crate) struct Charge {
    pub(crate) scene: Scene,
    pub(crate) ana: Someone,
    ben: Someone,
    pub(crate) boss: Someone,
    manager: Someone,
    team: TeamId,
}

pub(crate) fn level(who: Target, minutes: u32) -> Level {
    Level {
        who,
        minutes,
        counted: Counted::Clock,
        mail: true,
    }
}

pub(crate) fn person(someone: &Someone) -> Target {
    Target::Person { person: someone.id }
}

pub(crate) fn path(levels: Vec<Level>) -> Path {
    Path {
        levels,
        repeat_minutes: 5,
        repeats: 2,
    }
}

/// Whatever the ticket, at once.
pub(crate) fn at_once() -> Rule {
    Rule {
        only: Only::default(),
        conditions: vec![Condition::PriorityReached {
            priority: Priority::P4,
        }],
        effects: vec![Effect::NotifyInCharge {}],
    }
}

impl Charge {
    pub(crate) async fn new() -> Self {
        let scene = Scene::new().await;
        let (ana, ben) = (
            scene
                .desk
                .engineer("Ana Reis", "Service Desk", Tier::L2)
                .await,
            scene
                .desk
                .engineer("Ben Cole", "Service Desk", Tier::L2)
                .await,
        );
        let manager = scene.desk.manager("Mara Lind").await;
        let boss = scene.desk.administrator("Ines Roth").await;
        let team = scene.desk.team("Service Desk").await;
        let charge = Self {
            scene,
            ana,
            ben,
            boss,
            manager,
            team,
        };
        let caller = charge.scene.desk.caller(&charge.boss).await;
        let now = charge.scene.desk.now();
        charge
            .desk()
            .save_rule(&caller, None, "Who is in charge", true, at_once(), now)
            .await
            .unwrap();
        charge
    }

    pub(crate) fn desk(&self) -> &Desk {
        &self.scene.desk.desk
    }

    pub(crate) async fn set_path(&self, levels: Vec<Level>) {
        let caller = self.scene.desk.caller(&self.boss).await;
        let seen = self
            .desk()
            .path(&caller, self.team)
            .await
            .unwrap()
            .path
            .map_or(0, |it| it.version);
        let now = self.scene.desk.now();
        self.desk()
            .save_path(&caller, self.team, seen, true, path(levels), now)
            .await
            .unwrap();
    }

    /// A daily rotation that hands over at 09:00 in Berlin: Ana first, then Ben.
    async fn rotation(&self, start: &str) -> DocumentId {
        let caller = self.scene.desk.caller(&self.boss).await;
        let schedule = Schedule {
            zone: chrono_tz::Tz::Europe__Berlin,
            layers: vec![Layer {
                name: "Daily".to_owned(),
                people: vec![self.ana.id, self.ben.id],
                days: 1,
                hand_over: "09:00".parse().unwrap(),
                start: start.parse().unwrap(),
                only: None,
            }],
        };
        let now = self.scene.desk.now();
        self.desk()
            .save_on_call(&caller, None, "Nights", true, schedule, now)
            .await
            .unwrap()
    }

    /// Files a ticket, lets the bot go, and lets the worker look.
    pub(crate) async fn file(&self) -> TicketId {
        let id = self.scene.file().await;
        self.scene.release(id).await;
        self.scene.sweep().await;
        id
    }

    /// When somebody was asked to look at a ticket, oldest first.
    pub(crate) async fn asked(&self, someone: &Someone) -> Vec<DateTime<Utc>> {
        let caller = self.scene.desk.caller(someone).await;
        let all = self
            .desk()
            .notifications(&caller, None, 1000)
            .await
            .unwrap();
        let mut times: Vec<_> = all
            .into_iter()
            .filter(|it| it.kind == NotificationKind::InCharge)
            .map(|it| it.at)
            .collect();
        times.reverse();
        times
    }

    /// What somebody's bell shows.
    async fn bell(&self, someone: &Someone) -> i64 {
        let mut conn = self.desk().acquire().await.unwrap();
        tierdesk_store::notification::unread(&mut conn, someone.id)
            .await
            .unwrap()
    }

    /// Lets minutes pass, and the worker look after each.
    pub(crate) async fn minutes(&self, minutes: i64) {
        for _ in 0..minutes {
            self.scene.pass(TimeDelta::minutes(1));
            self.scene.sweep().await;
        }
    }

    pub(crate) async fn acknowledge(
        &self,
        someone: &Someone,
        id: TicketId,
    ) -> Result<(), DeskError> {
        let caller = self.scene.desk.caller(someone).await;
        self.desk()
            .acknowledge(&caller, id, self.scene.desk.now())
            .await
    }

    pub(crate) async fn to_network(&self, id: TicketId) {
        let caller = self.scene.caller().await;
        let network = self.scene.desk.team("Network").await;
        // Nothing goes where nobody works.
        self.scene
            .desk
            .join(&self.scene.engineer, network, Tier::L2)
            .await;
        let version = self.scene.ticket(id).await.version;
        self.desk()
            .escalate(
                &caller,
                id,
                version,
                (network, Tier::L2),
                switch(),
                self.scene.desk.now(),
            )
            .await
            .unwrap();
    }

    /// What the timeline says about the path.
    async fn said(&self, id: TicketId) -> Vec<String> {
        let events = self.scene.events(id, EventKind::InCharge).await;
        let what = events.iter().filter_map(|it| it["what"].as_str());
        what.map(str::to_owned).collect()
    }
}

/// A hand-over.
pub(crate) fn switch() -> Handover {
    Handover {
        known: "It is the switch.".to_owned(),
        tried: "A restart.".to_owned(),
        evidence: "The run at 08:24.".to_owned(),
        ask: "Look at the switch.".to_owned(),
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_told_again_until_the_next_ones_time_comes_and_the_managers_until_one_acknowledges()
{
    let charge = Charge::new().await;
    charge
        .set_path(vec![
            level(person(&charge.ana), 0),
            level(person(&charge.ben), 15),
            level(Target::Managers {}, 15),
        ])
        .await;
    let start = charge.scene.desk.now();
    let after = |minutes: &[i64]| -> Vec<_> {
        minutes
            .iter()
            .map(|it| start + TimeDelta::minutes(*it))
            .collect()
    };
    let id = charge.file().await;
    charge.minutes(60).await;
    assert_eq!(charge.asked(&charge.ana).await, after(&[0, 5, 10]));
    assert_eq!(charge.asked(&charge.ben).await, after(&[15, 20, 25]));
    assert_eq!(
        charge.asked(&charge.manager).await,
        after(&[30, 35, 40, 50])
    );
    let said = charge.said(id).await;
    assert_eq!(
        said.first().map(String::as_str),
        Some("Level 1 of 3 of the escalation path: Ana Reis told")
    );
    // Nobody comes after the managers: days later they are still asked, at most every four hours.
    let before = charge.asked(&charge.manager).await.len();
    for _ in 0..72 {
        charge.scene.pass(TimeDelta::hours(1));
        charge.scene.sweep().await;
    }
    let asked = charge.asked(&charge.manager).await;
    let lately = asked
        .iter()
        .filter(|at| **at > start + TimeDelta::hours(49));
    assert_eq!(lately.count(), 6, "a day has six times four hours");
    assert!(asked.len() > before);
    assert_eq!(
        charge.said(id).await.last().map(String::as_str),
        Some("Level 3 of 3 of the escalation path: Mara Lind told again, 10 min late")
    );
    charge.acknowledge(&charge.manager, id).await.unwrap();
    charge.scene.pass(TimeDelta::days(3));
    charge.scene.sweep().await;
    assert_eq!(charge.asked(&charge.manager).await, asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_path_repeats_counts_once_on_the_bell_and_an_acknowledgement_silences_all_it_told() {
    let charge = Charge::new().await;
    charge
        .set_path(vec![
            level(person(&charge.ana), 0),
            level(Target::Managers {}, 15),
        ])
        .await;
    let id = charge.file().await;
    let other = charge.file().await;
    charge.minutes(24 * 60).await;
    assert!(charge.asked(&charge.manager).await.len() > 10);
    assert_eq!(charge.asked(&charge.ana).await.len(), 6);
    for told in [&charge.ana, &charge.manager] {
        assert_eq!(charge.bell(told).await, 2, "one for each ticket");
    }
    charge.acknowledge(&charge.manager, id).await.unwrap();
    for told in [&charge.ana, &charge.manager] {
        assert_eq!(charge.bell(told).await, 1);
    }
    // A ticket that went to another team asks those of this one no more.
    charge.to_network(other).await;
    charge.minutes(4 * 60).await;
    assert_eq!(charge.bell(&charge.ana).await, 0);
    assert!(
        charge.asked(&charge.manager).await.len() > 10,
        "it stays in the list"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_ends_it_and_the_timeline_says_who_and_when() {
    let charge = Charge::new().await;
    charge
        .set_path(vec![
            level(person(&charge.ana), 0),
            level(person(&charge.ben), 15),
        ])
        .await;
    let id = charge.file().await;
    charge.minutes(7).await;
    // Ben works at another tier of the team and was not told.
    let early = charge.acknowledge(&charge.ben, id).await;
    assert!(matches!(early, Err(DeskError::Denied)), "{early:?}");
    charge.acknowledge(&charge.ana, id).await.unwrap();
    let when = charge.scene.desk.now();
    charge.minutes(60).await;
    assert_eq!(charge.asked(&charge.ana).await.len(), 2);
    assert!(charge.asked(&charge.ben).await.is_empty());
    let scope = charge
        .desk()
        .scope(&charge.scene.desk.caller(&charge.ana).await)
        .unwrap();
    let mut conn = charge.desk().acquire().await.unwrap();
    let all = tierdesk_store::timeline::all(&mut conn, &scope, id, 100)
        .await
        .unwrap();
    let event = all
        .iter()
        .find(|it| it.kind == EventKind::Acknowledged)
        .unwrap();
    assert_eq!(
        (event.actor_name.as_deref(), event.at),
        (Some("Ana Reis"), when)
    );
    let again = charge.acknowledge(&charge.ana, id).await;
    assert!(matches!(again, Err(DeskError::State(_))), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_the_ticket_or_answers_has_seen_it() {
    let charge = Charge::new().await;
    charge.set_path(vec![level(person(&charge.ana), 0)]).await;
    for answers in [false, true] {
        let id = charge.file().await;
        if answers {
            charge
                .scene
                .reply(id, tierdesk_desk::conversation::Afterwards::Open)
                .await
                .unwrap();
        } else {
            let caller = charge.scene.caller().await;
            let me = Some(charge.scene.engineer.id);
            charge
                .desk()
                .assign(&caller, id, me, None, charge.scene.desk.now())
                .await
                .unwrap();
        }
        let seen = charge.scene.events(id, EventKind::Acknowledged).await;
        assert_eq!(seen.len(), 1, "answers: {answers}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_on_call_is_told_and_after_the_hand_over_the_next_one_also_when_the_clock_changes() {
    let charge = Charge::new().await;
    let schedule = charge.rotation("2026-03-28").await;
    charge
        .set_path(vec![level(Target::OnCall { schedule }, 0)])
        .await;
    // Sunday, 29 March 2026: summer time began at night, so 09:00 in Berlin is 07:00 UTC and no longer 08:00.
    charge.scene.at("2026-03-29T06:54:00Z");
    charge.file().await;
    charge.minutes(12).await;
    assert_eq!(
        charge.asked(&charge.ana).await,
        [at("2026-03-29T06:54:00Z"), at("2026-03-29T06:59:00Z")]
    );
    assert_eq!(
        charge.asked(&charge.ben).await,
        [at("2026-03-29T07:04:00Z")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_left_is_never_told_and_a_level_with_nobody_does_not_hold_up_the_next() {
    let charge = Charge::new().await;
    let schedule = charge.rotation("2026-06-01").await;
    charge
        .set_path(vec![
            level(Target::OnCall { schedule }, 0),
            level(person(&charge.ben), 30),
        ])
        .await;
    let boss = charge.scene.desk.caller(&charge.boss).await;
    let now = charge.scene.desk.now();
    charge
        .desk()
        .deactivate(&boss, charge.ana.id, None, now)
        .await
        .unwrap();
    let id = charge.file().await;
    assert_eq!(charge.asked(&charge.ben).await, [now]);
    assert_eq!(
        charge.said(id).await,
        [
            "Level 1 of 2 of the escalation path: nobody to tell",
            "Level 2 of 2 of the escalation path: Ben Cole told"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_workers_at_once_give_one_notice() {
    let charge = Charge::new().await;
    charge
        .set_path(vec![
            level(person(&charge.ana), 10),
            level(person(&charge.ben), 10),
        ])
        .await;
    charge.file().await;
    for _ in 0..2 {
        charge.scene.pass(TimeDelta::minutes(10));
        let scene = &charge.scene;
        tokio::join!(scene.sweep(), scene.sweep(), scene.sweep(), scene.sweep());
    }
    assert_eq!(charge.asked(&charge.ana).await.len(), 1);
    assert_eq!(charge.asked(&charge.ben).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_each_level_whose_time_has_passed_gets_one_notice_that_says_how_late_it_is()
{
    let charge = Charge::new().await;
    charge
        .set_path(vec![
            level(person(&charge.ana), 0),
            level(person(&charge.ben), 15),
            level(Target::Managers {}, 45),
        ])
        .await;
    let id = charge.file().await;
    charge.scene.pass(TimeDelta::minutes(32));
    // Another process, which knows nothing but the database.
    let desk = charge.desk();
    let keys = tierdesk_desk::Keys::read(&tierdesk_desk::Keys::generate()).unwrap();
    let settings = desk.settings.as_ref().clone();
    let restarted = Sweeper::new(Desk::new(desk.pool.clone(), keys, settings));
    let now = charge.scene.desk.now();
    restarted.drain(now).await.unwrap();
    restarted.drain(now).await.unwrap();
    assert_eq!(charge.asked(&charge.ana).await.len(), 1);
    assert_eq!(charge.asked(&charge.ben).await, [now]);
    assert!(charge.asked(&charge.manager).await.is_empty());
    assert_eq!(
        charge.said(id).await.last().map(String::as_str),
        Some("Level 2 of 3 of the escalation path: Ben Cole told, 17 min late")
    );
    // The managers' time is counted from when level 2 should have been told.
    charge.scene.pass(TimeDelta::minutes(28));
    restarted.drain(charge.scene.desk.now()).await.unwrap();
    assert_eq!(charge.asked(&charge.manager).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_waits_in_the_hours_of_each_time_also_where_those_are_saved_while_it_waits() {
    let charge = Charge::new().await;
    let second = Level {
        counted: Counted::Working,
        ..level(person(&charge.ben), 120)
    };
    charge
        .set_path(vec![level(person(&charge.ana), 0), second])
        .await;
    charge.scene.at("2026-06-01T16:00:00Z");
    let id = charge.file().await;
    charge.minutes(15).await;
    assert_eq!(charge.asked(&charge.ana).await.len(), 3);
    assert!(charge.asked(&charge.ben).await.is_empty());
    // In the hours so far his time comes on Tuesday at ten. From that day on they never end.
    let boss = charge.scene.desk.caller(&charge.boss).await;
    charge
        .scene
        .change_calendar(&boss, Some("2026-06-02"), |it| {
            it.windows = day_and_night();
        })
        .await;
    charge.scene.sweep().await;
    charge.scene.at("2026-06-02T00:59:59Z");
    charge.scene.sweep().await;
    assert!(charge.asked(&charge.ben).await.is_empty());
    charge.scene.at("2026-06-02T01:00:00Z");
    charge.scene.sweep().await;
    assert_eq!(
        charge.asked(&charge.ben).await,
        [at("2026-06-02T01:00:00Z")]
    );
    assert_eq!(
        charge.said(id).await.last().map(String::as_str),
        Some("Level 2 of 2 of the escalation path: Ben Cole told")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_resolved_or_went_to_another_team_asks_nobody_any_more() {
    let charge = Charge::new().await;
    charge
        .set_path(vec![
            level(person(&charge.ana), 0),
            level(person(&charge.ben), 15),
        ])
        .await;
    let resolved = charge.file().await;
    let moved = charge.file().await;
    let caller = charge.scene.caller().await;
    let now = charge.scene.desk.now();
    let desk = charge.desk();
    desk.resolve(&caller, resolved, ResolutionCode::Fixed, "Done.", now)
        .await
        .unwrap();
    charge.to_network(moved).await;
    charge.minutes(60).await;
    assert!(charge.asked(&charge.ben).await.is_empty());
    for id in [resolved, moved] {
        assert!(
            charge
                .scene
                .events(id, EventKind::Acknowledged)
                .await
                .is_empty()
        );
        let said = charge.said(id).await;
        assert!(
            said.contains(
                &"The escalation path ended, because the ticket needs it no longer".to_owned()
            ),
            "{said:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_about_many_tickets_at_once_is_held_back_and_repeats_take_nothing_from_first_words() {
    let charge = Charge::new().await;
    charge.set_path(vec![level(person(&charge.ana), 0)]).await;
    let many = i64::from(MAX_NOTICES) + 4;
    for _ in 0..many {
        let id = charge.scene.file().await;
        charge.scene.release(id).await;
    }
    charge.scene.sweep().await;
    let mut owner = database::connect(&charge.scene.desk.database).await;
    let mut mailed = async |ticket: Option<TicketId>| -> i64 {
        sqlx::query_scalar(
            "select count(*) from outbox where person_id = $1 and kind = 'in_charge' and ($2::uuid is null or ticket_id = $2)",
        )
        .bind(charge.ana.id.0)
        .bind(ticket.map(|it| it.0))
        .fetch_one(&mut owner)
        .await
        .unwrap()
    };
    let few = i64::from(MAX_NOTICES) + 1;
    assert_eq!(mailed(None).await, few, "a part of the first words");
    let asked = async || i64::try_from(charge.asked(&charge.ana).await.len()).unwrap();
    assert_eq!(asked().await, many, "all of them show");
    let more = sqlx::query_scalar::<_, i64>(
        "select count(*) from outbox where kind = 'in_charge' and data->>'because' like '%all of them are among your notifications%'",
    );
    let mut other = database::connect(&charge.scene.desk.database).await;
    assert_eq!(
        more.fetch_one(&mut other).await.unwrap(),
        1,
        "the last says so"
    );
    charge.minutes(5).await;
    assert_eq!(mailed(None).await, 2 * few, "and of the repeats");
    assert_eq!(asked().await, 2 * many);
    // Five minutes gave one first word back, and the repeats took nothing of it.
    let new = charge.file().await;
    assert_eq!(mailed(Some(new)).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_without_a_path_tells_the_managers_and_one_that_is_switched_off_says_so() {
    let charge = Charge::new().await;
    let elsewhere = charge.scene.desk.manager("Nils Holm").await;
    let identity = charge.scene.desk.team("Identity").await;
    charge.scene.desk.answers_for(&elsewhere, &[identity]).await;
    let to_network = async || {
        let id = charge.scene.file().await;
        charge.scene.release(id).await;
        charge.to_network(id).await;
        charge.scene.sweep().await;
        id
    };
    let id = to_network().await;
    let start = charge.scene.desk.now();
    let told = "Level 1 of 1 of the escalation path: Mara Lind told";
    assert_eq!(charge.said(id).await, [told]);
    charge.minutes(16).await;
    assert_eq!(
        charge.asked(&charge.manager).await,
        [start, start + TimeDelta::minutes(15)]
    );
    assert!(charge.asked(&elsewhere).await.is_empty());

    // The page of paths says what holds as long as there is none.
    let boss = charge.scene.desk.sign_in(&charge.boss).await;
    let network = charge.scene.desk.team("Network").await;
    let page = boss.get(&format!("/admin/paths/{network}")).await.page();
    let words = page.texts("aside li");
    assert_eq!(
        words[0],
        "At once: the managers of Network (by mail and here)."
    );

    // Switched off, it asks nobody, and what is on its way ends.
    let caller = charge.scene.desk.caller(&charge.boss).await;
    let now = charge.scene.desk.now();
    charge
        .desk()
        .save_path(&caller, network, 0, false, Path::standard(), now)
        .await
        .unwrap();
    let other = to_network().await;
    let off = "The escalation path of Network is switched off, so nobody in charge was told";
    assert_eq!(charge.said(other).await, [off]);
    charge.minutes(30).await;
    assert_eq!(charge.asked(&charge.manager).await.len(), 2);
    let ended = "The escalation path ended, because the ticket needs it no longer";
    assert_eq!(charge.said(id).await.last().unwrap(), ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_acknowledges_from_the_tickets_page_or_from_the_list_without_scripts() {
    let charge = Charge::new().await;
    charge
        .set_path(vec![
            level(person(&charge.ana), 0),
            level(Target::Managers {}, 0),
        ])
        .await;
    let id = charge.file().await;
    charge.minutes(1).await;
    let number = charge.scene.ticket(id).await.number.0;
    let (ana, manager) = (
        charge.scene.desk.sign_in(&charge.ana).await,
        charge.scene.desk.sign_in(&charge.manager).await,
    );
    let action = format!("/tickets/{number}/acknowledge");
    let form = format!("form[action='{action}']");
    for client in [&ana, &manager] {
        assert!(client.get("/notifications").await.page().has(&form));
        let page = client.get(&format!("/tickets/{number}")).await.page();
        assert!(page.has(&form));
        assert!(
            page.all_text()
                .contains("Level 2 of the escalation path: Ana Reis, Mara Lind.")
        );
    }
    let sent = manager.post(&action, &[]).await;
    assert_eq!(
        sent.location(),
        format!("/tickets/{number}?said=acknowledged")
    );
    let late = ana.post(&action, &[]).await;
    assert_eq!(
        late.location(),
        format!("/tickets/{number}?said=acknowledged_already")
    );
    for client in [&ana, &manager] {
        assert!(!client.get("/notifications").await.page().has(&form));
        let page = client.get(&format!("/tickets/{number}")).await.page();
        assert!(!page.has(&form));
        assert!(
            page.all_text()
                .contains("Acknowledged: somebody sees to it")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_of_a_level_asks_to_open_and_acknowledge() {
    let charge = Charge::new().await;
    let mut quiet = level(person(&charge.ben), 1);
    quiet.mail = false;
    charge
        .set_path(vec![level(person(&charge.ana), 0), quiet])
        .await;
    charge.file().await;
    charge.minutes(2).await;
    let mut conn = database::connect(&charge.scene.desk.database).await;
    let mails: Vec<(String, i64)> = sqlx::query_as(
        "select address, (data ->> 'level')::bigint from outbox where kind = 'in_charge' order by id",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    assert_eq!(mails, [(charge.ana.email.clone(), 1)]);
    // In the application both were told.
    assert_eq!(charge.asked(&charge.ben).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_is_written_in_a_form_that_keeps_what_was_typed_and_reads_in_plain_words() {
    let charge = Charge::new().await;
    let schedule = charge.rotation("2026-06-01").await;
    let client = charge.scene.desk.sign_in(&charge.boss).await;
    let address = format!("/admin/paths/{}", charge.team);
    let (ana, nights) = (
        format!("person:{}", charge.ana.id),
        format!("on_call:{schedule}"),
    );
    let fields = |minutes: &'static str| {
        vec![
            ("version", "1"),
            ("active", "yes"),
            ("l0.who", ana.as_str()),
            ("l0.minutes", "0"),
            ("l0.counted", "clock"),
            ("l0.mail", "yes"),
            ("l1.who", nights.as_str()),
            ("l1.minutes", minutes),
            ("l1.counted", "clock"),
            ("l2.who", "managers"),
            ("l2.minutes", "15"),
            ("l2.counted", "clock"),
            ("repeat_minutes", "5"),
            ("repeats", "2"),
        ]
    };
    let wrong = client.post(&address, &fields("soon")).await;
    assert_eq!(wrong.status, 422);
    let page = wrong.page();
    assert_eq!(page.attribute("#l1-minutes", "value"), "soon");
    assert!(page.has("#l1-minutes[aria-invalid=true]"));

    let saved = client.post(&address, &fields("15")).await;
    assert_eq!(saved.location(), format!("{address}?said=saved"));
    let lines = client.get(&address).await.page().texts("aside li");
    assert_eq!(
        lines,
        [
            "At once: Ana Reis (by mail and here).",
            "After 15 min without acknowledgement: whoever is on call in Nights (here).",
            "After 30 min without acknowledgement: the managers of Service Desk (here).",
            "Each of them is told again every 5 min, at most 2 times, until the next one’s time comes.",
            "The last one is told again until somebody acknowledges: 2 times every 5 min, then more and more slowly, but at least every 4 h.",
            "An acknowledgement ends it at any time, and so does a ticket that is resolved, closed or moved to another team.",
        ]
    );
    // Two who write at once: nobody's version is lost.
    let second = client.post(&address, &fields("15")).await;
    assert_eq!(second.status, 409);
}
