//! Rules that ask for a skill: the ticket goes to somebody of the queue who has it; where nobody can take it, it stays and
//! says so.

use chrono::TimeDelta;
use support::html::Page;
use tierdesk_domain::escalation::{Condition, Effect, Rule};
use tierdesk_domain::id::{SkillId, TicketId};
use tierdesk_domain::routing::Mode;
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;

use crate::escalation::rule;
use crate::routing::Routed;

/// Tickets that nobody takes for an hour go to Network L2, to somebody with the skill.
async fn after_an_hour(it: &Routed, skill: SkillId) -> Rule {
    let go = Effect::Move {
        team: Some(it.scene.desk.team("Network").await),
        tier: Some(Tier::L2),
        skill: Some(skill),
    };
    rule(Condition::UnassignedFor { minutes: 60 }, vec![go])
}

/// A ticket at the Service Desk for which the rule holds.
async fn waits(it: &Routed) -> TicketId {
    let id = it.scene.file().await;
    it.scene.release(id).await;
    it.scene.pass(TimeDelta::minutes(61));
    it.scene.sweep().await;
    id
}

/// The ticket's page as Ana reads it.
async fn page(it: &Routed, id: TicketId) -> Page {
    let ana = it.scene.desk.sign_in(&it.people[0]).await;
    let number = it.scene.ticket(id).await.number.0;
    ana.get(&format!("/tickets/{number}")).await.page()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_hands_a_ticket_to_whoever_of_the_target_queue_has_the_skill_and_says_why() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana", "Ben"]).await;
    let (vpn, _) = it.skill("VPN").await;
    it.knows("Ben", vpn, "", None).await;
    it.scene
        .save("Needs VPN", after_an_hour(&it, vpn).await)
        .await;
    // In turn the second would be Ana's.
    for _ in 0..2 {
        let id = waits(&it).await;
        assert_eq!(it.whose(id).await.as_deref(), Some("Ben"));
        let reasons = it.reasons(id).await;
        assert_eq!(reasons["Ben"]["verdict"], "fits");
        assert_eq!(reasons["Ana"]["why"], "missing");
        let fired = it.scene.events(id, EventKind::RuleFired).await;
        let said = "it moves to Network at L2, to somebody with the skill VPN";
        assert_eq!(fired[0]["effects"][0], said);
        let text = page(&it, id).await.all_text();
        assert!(text.contains("Routing gave it to Ben"), "{text}");
        let rule = "The rule “Needs VPN”, version 1, asked for somebody with a skill";
        assert!(text.contains(rule), "{text}");
    }
    assert_eq!(it.scene.recount().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_with_the_skill_is_at_work_it_stays_says_so_and_finds_them_when_they_come() {
    // The queue leaves its tickets to people; the rule asks nevertheless.
    let it = Routed::new(Mode::Off, None, &["Ana", "Ben"]).await;
    let (vpn, _) = it.skill("VPN").await;
    it.knows("Ben", vpn, "", None).await;
    it.away("Ben", 2).await;
    it.scene
        .save("Needs VPN", after_an_hour(&it, vpn).await)
        .await;
    let id = waits(&it).await;
    let ticket = it.scene.ticket(id).await;
    assert_eq!((ticket.tier, ticket.assignee), (Tier::L2, None));
    assert_eq!(it.reasons(id).await["Ben"]["presence"], "absent");
    let text = page(&it, id).await.all_text();
    let nobody = "Nobody with VPN can take it at the moment. It stays where it is.";
    assert!(text.contains(nobody), "{text}");
    // Ana is there all the time, and the queue may be switched on meanwhile: it still waits for the skill.
    it.scene.pass(TimeDelta::hours(24));
    it.save(1, Mode::RoundRobin, None).await.unwrap();
    it.scene.sweep().await;
    assert_eq!(it.whose(id).await, None);
    it.scene.at("2026-06-04T09:00:00Z");
    it.scene.sweep().await;
    assert_eq!(it.whose(id).await.as_deref(), Some("Ben"));
    assert_eq!(it.scene.events(id, EventKind::NotRouted).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn within_its_queue_a_ticket_goes_from_one_without_the_skill_to_one_with_it_and_not_further()
{
    let it = Routed::new(Mode::Off, None, &["Ana", "Ben", "Carla"]).await;
    let (vpn, _) = it.skill("VPN").await;
    let stay = Effect::Move {
        team: None,
        tier: None,
        skill: Some(vpn),
    };
    for minutes in [60, 120, 180] {
        let wait = Condition::TimeInTier { minutes };
        it.scene
            .save(&format!("After {minutes}"), rule(wait, vec![stay.clone()]))
            .await;
    }
    let id = it.comes(None).await;
    let ana = it.scene.desk.caller(&it.people[0]).await;
    let (me, now) = (Some(it.people[0].id), it.scene.desk.now());
    it.desk().assign(&ana, id, me, None, now).await.unwrap();
    let owner_after = async |minutes| {
        it.scene.pass(TimeDelta::minutes(minutes));
        it.scene.sweep().await;
        it.whose(id).await
    };
    // Nobody has it: it stays with Ana, and the ticket says so.
    assert_eq!(owner_after(61).await.as_deref(), Some("Ana"));
    let said = it.scene.events(id, EventKind::NotRouted).await;
    assert_eq!(said.len(), 1);
    for name in ["Ben", "Carla"] {
        it.knows(name, vpn, "", None).await;
    }
    let next = owner_after(60).await.unwrap();
    assert!(["Ben", "Carla"].contains(&next.as_str()), "{next}");
    let assigned = it.scene.events(id, EventKind::Assigned).await;
    let record = &assigned.last().unwrap()["internal"];
    assert_eq!(record["from"], it.people[0].id.to_string());
    // Whoever knows it keeps it.
    assert_eq!(owner_after(60).await, Some(next));
    assert_eq!(it.scene.fired(id).await.len(), 3);
    let again = it.scene.events(id, EventKind::Assigned).await;
    assert_eq!(again.len(), assigned.len());
    assert_eq!(it.scene.recount().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_that_left_the_catalogue_is_asked_of_nobody_and_the_ticket_says_so() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    let (vpn, _) = it.skill("VPN").await;
    it.scene
        .save("Needs VPN", after_an_hour(&it, vpn).await)
        .await;
    let now = it.scene.desk.now();
    it.desk()
        .retire_skill(&it.boss().await, vpn, now)
        .await
        .unwrap();
    let id = waits(&it).await;
    assert_eq!(it.whose(id).await.as_deref(), Some("Ana"), "in turn");
    let text = page(&it, id).await.all_text();
    assert!(text.contains("no longer in the catalogue"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_of_a_rule_keeps_the_skill_and_refuses_one_that_does_not_exist() {
    let it = Routed::new(Mode::Off, None, &["Ana"]).await;
    let (vpn, _) = it.skill("VPN").await;
    let client = it
        .scene
        .desk
        .sign_in(&it.scene.desk.administrator("Adam Boss").await)
        .await;
    let form = |skill: String| {
        [
            ("name", "Of mine".to_owned()),
            ("active", "yes".to_owned()),
            ("if_kind", "unassigned".to_owned()),
            ("if_number", "15".to_owned()),
            ("if_choice", String::new()),
            ("if_text", String::new()),
            ("then_kind", "move".to_owned()),
            ("then_team", String::new()),
            ("then_tier", String::new()),
            ("then_skill", skill),
            ("then_choice", String::new()),
            ("then_text", String::new()),
            ("do", "save".to_owned()),
        ]
    };
    let send = async |skill: String| {
        let form = form(skill);
        let fields: Vec<_> = form.iter().map(|(k, v)| (*k, v.as_str())).collect();
        client.post("/admin/rules", &fields).await
    };
    for nothing in [String::new(), uuid::Uuid::from_u128(7).to_string()] {
        let refused = send(nothing).await;
        assert_eq!(refused.status, 422);
        assert!(refused.page().has("#move-e"));
    }
    let place = send(vpn.to_string()).await.location();
    let place = place.trim_end_matches("?said=saved");
    let shown = client.get(place).await.page();
    let chosen = "select[name=then_skill] option[selected]";
    assert_eq!(shown.attribute(chosen, "value"), vpn.to_string());
    let text = shown.all_text();
    let said = "it goes to somebody in its queue with the skill VPN";
    assert!(text.contains(said), "{text}");
}
