//! Escalation rules: they hold when their conditions do, fire once per ticket and cycle, and say why.

use chrono::TimeDelta;
use tierdesk_desk::DeskError;
use tierdesk_domain::escalation::{Condition, Effect, Only, Rule};
use tierdesk_domain::id::DocumentId;
use tierdesk_domain::ticket::{Priority, ResolutionCode};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;

use crate::clock::Scene;

fn rule(condition: Condition, effects: Vec<Effect>) -> Rule {
    Rule {
        only: Only::default(),
        conditions: vec![condition],
        effects,
    }
}

impl Scene {
    async fn save(&self, name: &str, rule: Rule) -> DocumentId {
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
    assert!(scene.events(id, EventKind::RuleFired).await.is_empty());
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
