//! Escalation rules: they hold when their conditions do, fire once per ticket and cycle, and say why.

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_desk::DeskError;
use tierdesk_domain::escalation::{Condition, Effect, MAX_MOVES, Meant, Only, Rule};
use tierdesk_domain::id::{DocumentId, TicketId};
use tierdesk_domain::ticket::{Priority, ResolutionCode};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;

use crate::clock::Scene;

pub(crate) fn rule(condition: Condition, effects: Vec<Effect>) -> Rule {
    Rule {
        only: Only::default(),
        conditions: vec![condition],
        effects,
    }
}

impl Scene {
    pub(crate) async fn save(&self, name: &str, rule: Rule) -> DocumentId {
        let boss = self.desk.administrator(&format!("Boss of {name}")).await;
        let caller = self.desk.caller(&boss).await;
        self.desk
            .desk
            .save_rule(&caller, None, name, true, rule, self.desk.now())
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_nobody_takes_moves_up_once_per_cycle_and_says_why() {
    let scene = Scene::new().await;
    let move_up = Effect::Move {
        team: None,
        tier: Some(Tier::L2),
        skill: None,
    };
    let raise = Effect::RaisePriority {
        to: Some(Priority::P2),
    };
    scene
        .save(
            "Move up",
            rule(
                Condition::UnassignedFor { minutes: 60 },
                vec![raise, move_up],
            ),
        )
        .await;
    let id = scene.file().await;
    scene.release(id).await;
    scene.pass(TimeDelta::minutes(59));
    scene.sweep().await;
    assert_eq!(scene.ticket(id).await.tier, Tier::L1);
    scene.pass(TimeDelta::minutes(1));
    scene.sweep().await;
    let ticket = scene.ticket(id).await;
    assert_eq!((ticket.tier, ticket.priority), (Tier::L2, Priority::P2));
    let fired = scene.events(id, EventKind::RuleFired).await;
    assert_eq!(fired.len(), 1);
    assert_eq!(fired[0]["because"], "nobody took it for 60 working minutes");
    assert_eq!(fired[0]["effects"][1], "it moves to L2");
    assert_eq!(fired[0]["version"], 1);

    scene.pass(TimeDelta::days(3));
    scene.sweep().await;
    let again: Vec<_> = scene.events(id, EventKind::RuleFired).await;
    assert_eq!(again.iter().filter(|it| it["rule"] == "Move up").count(), 1);

    let (caller, now) = (scene.caller().await, scene.desk.now());
    scene
        .desk
        .desk
        .resolve(&caller, id, ResolutionCode::Fixed, "Done.", now)
        .await
        .unwrap();
    let requester = scene.desk.caller(&scene.requester).await;
    scene
        .desk
        .desk
        .reopen(&requester, id, "Again.", now)
        .await
        .unwrap();
    scene.pass(TimeDelta::days(1));
    scene.sweep().await;
    let next_cycle: Vec<_> = scene.events(id, EventKind::RuleFired).await;
    assert_eq!(
        next_cycle
            .iter()
            .filter(|it| it["rule"] == "Move up")
            .count(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_fire_a_rule_once() {
    let scene = Scene::new().await;
    scene
        .save(
            "Raise",
            rule(
                Condition::UnassignedFor { minutes: 30 },
                vec![Effect::RaisePriority { to: None }],
            ),
        )
        .await;
    let id = scene.file().await;
    scene.release(id).await;
    scene.pass(TimeDelta::minutes(45));
    tokio::join!(scene.sweep(), scene.sweep(), scene.sweep());
    assert_eq!(scene.events(id, EventKind::RuleFired).await.len(), 1);
    assert_eq!(scene.ticket(id).await.priority, Priority::P2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_caught_up_after_downtime_says_how_late_it_is() {
    let scene = Scene::new().await;
    scene
        .save(
            "Tell",
            rule(
                Condition::UnassignedFor { minutes: 60 },
                vec![Effect::NotifyQueue {}],
            ),
        )
        .await;
    let id = scene.file().await;
    scene.release(id).await;
    scene.pass(TimeDelta::hours(7));
    scene.sweep().await;
    let fired = scene.events(id, EventKind::RuleFired).await;
    let told = fired.iter().find(|it| it["rule"] == "Tell").unwrap();
    assert_eq!(told["late_by_seconds"], 6 * 3600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_was_saved_today_is_not_late_on_an_old_ticket() {
    let scene = Scene::new().await;
    let id = scene.file().await;
    scene.release(id).await;
    scene.at("2026-06-03T12:00:00Z");
    let nobody_takes = Condition::UnassignedFor { minutes: 60 };
    scene
        .save("New", rule(nobody_takes, vec![Effect::NotifyQueue {}]))
        .await;
    scene.pass(TimeDelta::seconds(40));
    scene.sweep().await;
    let fired = scene.events(id, EventKind::RuleFired).await;
    let told = fired.iter().find(|it| it["rule"] == "New").unwrap();
    assert_eq!(told["late_by_seconds"], 40);
    // It is older than the rule, and the timeline says so.
    assert_eq!(told["since"], "2026-06-01T10:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_no_longer_holds_when_its_time_comes_does_nothing() {
    let scene = Scene::new().await;
    scene
        .save(
            "Tell",
            rule(
                Condition::UnassignedFor { minutes: 60 },
                vec![Effect::NotifyQueue {}],
            ),
        )
        .await;
    let id = scene.file().await;
    scene.release(id).await;
    scene.pass(TimeDelta::minutes(59));
    let caller = scene.caller().await;
    scene
        .desk
        .desk
        .assign(&caller, id, Some(scene.engineer.id), None, scene.desk.now())
        .await
        .unwrap();
    scene.pass(TimeDelta::days(10));
    scene.sweep().await;
    assert!(!scene.fired(id).await.contains(&"Tell".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_rule_is_a_new_version_and_applies_to_open_tickets() {
    let scene = Scene::new().await;
    let id = scene.file().await;
    scene.release(id).await;
    let rule_id = scene
        .save(
            "Slow",
            rule(
                Condition::UnassignedFor { minutes: 600 },
                vec![Effect::NotifyQueue {}],
            ),
        )
        .await;
    let boss = scene.desk.administrator("Second Boss").await;
    let caller = scene.desk.caller(&boss).await;
    scene.pass(TimeDelta::minutes(90));
    let desk = &scene.desk.desk;
    let quick = rule(
        Condition::UnassignedFor { minutes: 60 },
        vec![Effect::NotifyQueue {}],
    );
    desk.save_rule(
        &caller,
        Some((rule_id, 1)),
        "Quick",
        true,
        quick.clone(),
        scene.desk.now(),
    )
    .await
    .unwrap();
    let late = desk
        .save_rule(
            &caller,
            Some((rule_id, 1)),
            "Lost",
            true,
            quick.clone(),
            scene.desk.now(),
        )
        .await;
    assert!(matches!(late, Err(DeskError::Conflict)), "{late:?}");
    scene.sweep().await;
    let fired = scene.events(id, EventKind::RuleFired).await;
    assert_eq!(
        (fired[0]["rule"].as_str(), fired[0]["version"].as_i64()),
        (Some("Quick"), Some(2))
    );
    let versions = desk.rule_versions(&caller, rule_id).await.unwrap();
    assert_eq!(
        versions
            .iter()
            .map(|it| it.name.as_str())
            .collect::<Vec<_>>(),
        ["Slow", "Quick"]
    );

    // A rule that is switched off does nothing.
    desk.save_rule(
        &caller,
        Some((rule_id, 2)),
        "Quick",
        false,
        quick,
        scene.desk.now(),
    )
    .await
    .unwrap();
    let other = scene.file().await;
    scene.release(other).await;
    scene.pass(TimeDelta::minutes(61));
    scene.sweep().await;
    assert!(
        scene
            .events(other, EventKind::RuleFired)
            .await
            .iter()
            .all(|it| it["rule"] != "Quick")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_save_rules() {
    let scene = Scene::new().await;
    let caller = scene.caller().await;
    let rule = rule(Condition::BotGaveUp {}, vec![Effect::NotifyQueue {}]);
    let saved = scene
        .desk
        .desk
        .save_rule(&caller, None, "Mine", true, rule, scene.desk.now())
        .await;
    assert!(matches!(saved, Err(DeskError::Denied)), "{saved:?}");
}

fn when(conditions: Vec<Condition>, effects: Vec<Effect>) -> Rule {
    Rule {
        only: Only::default(),
        conditions,
        effects,
    }
}

pub(crate) fn meant(text: &str) -> Condition {
    Condition::Matches {
        filter: Box::new(Meant {
            text: text.to_owned(),
            ..Meant::default()
        }),
    }
}

impl Scene {
    pub(crate) async fn fired(&self, id: TicketId) -> Vec<String> {
        let fired = self.events(id, EventKind::RuleFired).await;
        let name = |it: &serde_json::Value| it["rule"].as_str().unwrap_or_default().to_owned();
        fired.iter().map(name).collect()
    }

    /// Rule mails in the outbox about a ticket, by the rule's name.
    pub(crate) async fn mails(&self, id: TicketId, rule: &str) -> i64 {
        let mut conn = support::database::connect(&self.desk.database).await;
        sqlx::query_scalar("select count(*) from outbox where ticket_id = $1 and kind = 'rule_fired' and data->>'rule' = $2")
            .bind(id.0)
            .bind(rule)
            .fetch_one(&mut conn)
            .await
            .unwrap()
    }

    async fn take(&self, id: TicketId) {
        let (caller, now) = (self.caller().await, self.desk.now());
        let me = Some(self.engineer.id);
        let desk = &self.desk.desk;
        desk.assign(&caller, id, me, None, now).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_assignee_is_warned_at_three_quarters_of_the_business_time_and_never_at_night() {
    let scene = Scene::new().await;
    // A P3 has 24 working hours: three quarters are 18, which is Wednesday 11:00 for one filed on Monday at 9.
    let id = scene.file().await;
    scene.take(id).await;
    for (time, expected) in [
        ("2026-06-03T00:00:00Z", 0),
        ("2026-06-03T10:59:59Z", 0),
        ("2026-06-03T11:00:00Z", 1),
        ("2026-06-04T12:00:00Z", 1),
    ] {
        scene.at(time);
        scene.sweep().await;
        let warned = scene.fired(id).await;
        let ours = warned.iter().filter(|it| it.contains("Three quarters"));
        assert_eq!(ours.count(), expected, "{time}");
    }
    let warned = scene.events(id, EventKind::RuleFired).await;
    assert_eq!(
        warned[0]["because"],
        "75 % of the time for the resolution are used"
    );
    assert_eq!(warned[0]["late_by_seconds"], 0);
    assert_eq!(
        scene.mails(id, "Three quarters of the time are used").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_desk_tells_who_is_in_charge_at_nine_tenths_of_the_business_time_before_the_promise_is_broken()
 {
    let scene = Scene::new().await;
    let manager = scene.desk.manager("Mara Lind").await;
    // Nine tenths of a P3's 24 working hours are 21 h 36 min: Wednesday 14:36 for one filed on Monday at 9.
    let id = scene.file().await;
    scene.take(id).await;
    let mut conn = support::database::connect(&scene.desk.database).await;
    for (time, expected) in [
        ("2026-06-03T14:35:59Z", 0),
        ("2026-06-03T14:36:00Z", 1),
        ("2026-06-03T14:40:00Z", 1),
    ] {
        scene.at(time);
        scene.sweep().await;
        let told: i64 = sqlx::query_scalar(
            "select count(*) from notification where person_id = $1 and ticket_id = $2 and kind = 'in_charge'",
        )
        .bind(manager.id.0)
        .bind(id.0)
        .fetch_one(&mut conn)
        .await
        .unwrap();
        assert_eq!(told, expected, "{time}");
    }
    let metric = tierdesk_domain::sla::Metric::Resolution;
    let broken = scene.told(id, EventKind::Breached, metric).await;
    assert!(broken.is_empty(), "the notice came before: {broken:?}");
    let fired = scene.events(id, EventKind::RuleFired).await;
    let ours = fired.last().unwrap();
    assert_eq!(
        ours["because"],
        "90 % of the time for the resolution are used"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_level_fires_in_its_turn_and_all_of_them_after_downtime() {
    let scene = Scene::new().await;
    let metric = tierdesk_domain::sla::Metric::Resolution;
    for percent in [50, 90, 100] {
        let used = Condition::SlaUsed { metric, percent };
        let name = format!("{percent} percent");
        scene
            .save(&name, rule(used, vec![Effect::NotifyQueue {}]))
            .await;
    }
    let (steady, slept) = (scene.file().await, scene.file().await);
    for id in [steady, slept] {
        scene.take(id).await;
    }
    // One ticket's deadlines are looked at as they come, the other's all at once.
    let mut conn = support::database::connect(&scene.desk.database).await;
    let timer: DateTime<Utc> = sqlx::query_scalar(
        "delete from timer where object_id = $1 and kind = 'clock' returning fires_at",
    )
    .bind(slept.0)
    .fetch_one(&mut conn)
    .await
    .unwrap();
    for time in [
        "2026-06-02T14:00:00Z",
        "2026-06-03T14:00:00Z",
        "2026-06-03T16:30:00Z",
        "2026-06-04T10:00:00Z",
    ] {
        scene.at(time);
        scene.sweep().await;
    }
    sqlx::query("insert into timer (kind, object_id, cycle, fires_at) values ('clock', $1, 1, $2)")
        .bind(slept.0)
        .bind(timer)
        .execute(&mut conn)
        .await
        .unwrap();
    scene.sweep().await;
    let levels = [
        "50 percent",
        "Three quarters of the time are used",
        "Nine tenths of the time are used: tell who is in charge",
        "90 percent",
        "100 percent",
    ];
    assert_eq!(scene.fired(steady).await, levels);
    assert_eq!(
        scene.fired(slept).await,
        levels,
        "the first to hold is the first to fire"
    );
    let late = scene.events(slept, EventKind::RuleFired).await;
    assert!(
        late.iter()
            .all(|it| it["late_by_seconds"].as_i64() > Some(0)),
        "{late:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_send_a_ticket_round_and_round_stop_and_say_so() {
    let scene = Scene::new().await;
    for (from, to) in [(1, 2), (2, 3), (3, 1)] {
        for turn in 1..=3_u32 {
            let here = format!("tier:L{from}");
            let wait = Condition::TimeInTier { minutes: turn };
            let tier = Tier::from_number(to);
            let go = Effect::Move {
                team: None,
                tier,
                skill: None,
            };
            scene
                .save(
                    &format!("{from} to {to} after {turn}"),
                    when(vec![meant(&here), wait], vec![go]),
                )
                .await;
        }
    }
    let id = scene.file().await;
    scene.release(id).await;
    for _ in 0..60 {
        scene.pass(TimeDelta::minutes(1));
        scene.sweep().await;
    }
    assert_eq!(
        scene.events(id, EventKind::Escalated).await.len(),
        usize::from(MAX_MOVES)
    );
    let mut conn = support::database::connect(&scene.desk.database).await;
    let notes: Vec<String> = sqlx::query_scalar(
        "select c.body from event e join content c on c.id = e.content_id where e.ticket_id = $1 and e.kind = 'note'",
    )
    .bind(id.0)
    .fetch_all(&mut conn)
    .await
    .unwrap();
    assert!(
        notes
            .iter()
            .any(|note| note.contains("did not move this ticket")),
        "{notes:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_leaves_a_ticket_where_it_is_when_nobody_works_where_it_would_go_and_its_form_warns()
{
    let scene = Scene::new().await;
    let desk = &scene.desk;
    let ana = desk.engineer("Ana Reis", "Network", Tier::L2).await;
    let network = desk.team("Network").await;
    let boss = desk.administrator("Adam Boss").await;
    let (client, boss) = (desk.sign_in(&boss).await, desk.caller(&boss).await);
    let go = Effect::Move {
        team: Some(network),
        tier: Some(Tier::L2),
        skill: None,
    };
    let wait = Condition::UnassignedFor { minutes: 60 };
    let rule = scene.save("To Network", rule(wait, vec![go])).await;
    let page = format!("/admin/rules/{rule}");
    let warns = "Nobody works in L2 Network.";
    let form = client.get(&page).await.page().text("#effects");
    assert!(!form.contains("Nobody works"), "{form}");

    desk.desk
        .deactivate(&boss, ana.id, None, desk.now())
        .await
        .unwrap();
    let form = client.get(&page).await.page().text("#effects");
    assert!(form.contains(warns), "{form}");
    // One that names no team looks at those that its rule looks at.
    let team = network.to_string();
    let fields = [
        ("name", "Up"),
        ("only_team", team.as_str()),
        ("only_tier", "L1"),
        ("then_kind", "move"),
        ("then_team", ""),
        ("then_tier", "L2"),
        ("then_skill", ""),
        ("then_choice", ""),
        ("then_text", ""),
        ("do", "add_if"),
        ("add_if", "bot"),
    ];
    let form = client.post("/admin/rules", &fields).await.page();
    let form = form.text("#effects");
    assert!(form.contains(warns), "{form}");

    let id = scene.file().await;
    scene.release(id).await;
    scene.pass(TimeDelta::minutes(60));
    scene.sweep().await;
    scene.sweep().await;
    let ticket = scene.ticket(id).await;
    let service_desk = desk.team("Service Desk").await;
    assert_eq!((ticket.team, ticket.tier), (service_desk, Tier::L1));
    assert_eq!(
        scene.fired(id).await,
        ["To Network"],
        "once, and it says so"
    );
    assert!(scene.events(id, EventKind::Escalated).await.is_empty());
    let jonas = desk.sign_in(&scene.engineer).await;
    let text = jonas.get(&format!("/tickets/{}", ticket.number.0)).await;
    let text = text.page().all_text();
    let said = "The rule “To Network” did not move this ticket: nobody works in L2 Network.";
    assert!(text.contains(said), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_with_a_filter_means_a_renamed_team_still_and_writes_its_note() {
    let scene = Scene::new().await;
    let text = "Call the site first.";
    let note = Effect::AddNote {
        text: text.to_owned(),
    };
    let condition = meant("team:\"service desk\" title~vpn -vip:yes");
    scene.save("Note", when(vec![condition], vec![note])).await;
    let mut conn = support::database::connect(&scene.desk.database).await;
    sqlx::query("update team set name = 'Front Desk' where name = 'Service Desk'")
        .execute(&mut conn)
        .await
        .unwrap();
    let id = scene.file().await;
    scene.release(id).await;
    scene.sweep().await;
    assert_eq!(scene.fired(id).await, ["Note"]);
    let body: String = sqlx::query_scalar(
        "select c.body from event e join content c on c.id = e.content_id where e.ticket_id = $1 and e.kind = 'note' and e.visibility = 'internal'",
    )
    .bind(id.0)
    .fetch_one(&mut conn)
    .await
    .unwrap();
    assert_eq!(body, text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_without_an_answer_is_noticed_once_the_minutes_are_over() {
    let scene = Scene::new().await;
    let unheard = Condition::NoAnswerFor { minutes: 120 };
    scene
        .save("Unheard", rule(unheard, vec![Effect::NotifyAssignee {}]))
        .await;
    let id = scene.file().await;
    scene.take(id).await;
    scene.pass(TimeDelta::minutes(100));
    scene
        .reply(id, tierdesk_desk::conversation::Afterwards::Open)
        .await
        .unwrap();
    // Who was answered last waits for nothing.
    scene.pass(TimeDelta::minutes(200));
    scene.sweep().await;
    assert_eq!(scene.fired(id).await, Vec::<String>::new());
    let requester = scene.desk.caller(&scene.requester).await;
    let desk = &scene.desk.desk;
    desk.answer(&requester, id, "Still slow.", scene.desk.now())
        .await
        .unwrap();
    scene.pass(TimeDelta::minutes(119));
    scene.sweep().await;
    assert_eq!(scene.fired(id).await, Vec::<String>::new());
    scene.pass(TimeDelta::minutes(1));
    scene.sweep().await;
    assert_eq!(scene.fired(id).await, ["Unheard"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_written_row_by_row_without_scripts_and_nothing_typed_is_lost() {
    let scene = Scene::new().await;
    let boss = scene.desk.administrator("Adam Boss").await;
    let client = scene.desk.sign_in(&boss).await;
    let row = |kind, number, choice, text| {
        vec![
            ("if_kind", kind),
            ("if_number", number),
            ("if_choice", choice),
            ("if_text", text),
        ]
    };
    let effect = [
        ("then_kind", "note"),
        ("then_team", ""),
        ("then_tier", ""),
        ("then_choice", ""),
        ("then_text", "Look."),
    ];
    let fields = |rows: &[Vec<(&'static str, &'static str)>],
                  rest: &[(&'static str, &'static str)]| {
        [
            &[("name", "Of mine"), ("active", "yes")],
            rows.concat().as_slice(),
            &effect,
            rest,
        ]
        .concat()
    };
    let wait = row("unassigned", "15", "", "");
    let added = client
        .post(
            "/admin/rules",
            &fields(
                std::slice::from_ref(&wait),
                &[("do", "add_if"), ("add_if", "filter")],
            ),
        )
        .await
        .page();
    assert_eq!(added.attribute("#unassigned_minutes", "value"), "15");
    assert_eq!(added.attribute("#name", "value"), "Of mine");
    assert!(added.has("#filter"), "a new row waits to be filled in");

    let wrong = [wait.clone(), row("filter", "", "", "tier:L7")];
    let refused = client
        .post("/admin/rules", &fields(&wrong, &[("do", "save")]))
        .await;
    assert_eq!(refused.status, 422);
    let page = refused.page();
    assert!(
        page.text("#filter-e").contains("L1, L2, L3"),
        "{}",
        page.text("#filter-e")
    );
    assert_eq!(page.attribute("#filter", "value"), "tier:L7");

    let right = [wait, row("filter", "", "", "tier:L2 vpn")];
    let saved = client
        .post("/admin/rules", &fields(&right, &[("do", "save")]))
        .await;
    let place = saved.location();
    let shown = client
        .get(place.trim_end_matches("?said=saved"))
        .await
        .page();
    assert_eq!(shown.attribute("#filter", "value"), "tier:L2 vpn");
    assert_eq!(shown.text("#note"), "Look.");
    let dropped = [
        row("unassigned", "15", "", ""),
        row("filter", "", "", "tier:L2 vpn"),
    ];
    let without = client
        .post("/admin/rules", &fields(&dropped, &[("do", "drop_if:0")]))
        .await
        .page();
    assert!(!without.has("#unassigned_minutes") && without.has("#filter"));

    // Saved without its filter, the rule can be brought back as it was.
    let address = place.trim_end_matches("?said=saved");
    let less = [row("unassigned", "20", "", "")];
    let second = fields(&less, &[("do", "save"), ("version", "1")]);
    client.post(address, &second).await.location();
    let newest = client.get(address).await.page();
    assert!(!newest.has("#filter"));
    let earlier = client.get(&format!("{address}?version=1")).await.page();
    assert_eq!(earlier.attribute("#filter", "value"), "tier:L2 vpn");
    assert_eq!(earlier.attribute("input[name=version]", "value"), "2");
    let shown = earlier.text("tr.now");
    assert!(
        shown.contains("Of mine") && shown.contains("tier:L2 vpn"),
        "{shown}"
    );
    assert_eq!(
        client.get(&format!("{address}?version=7")).await.status,
        404
    );
}
