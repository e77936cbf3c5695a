//! Promises: ordered rules tried on a sample before they are saved as a version that holds from a date on.

use support::client::Client;
use support::html::Page;
use tierdesk_desk::Caller;
use tierdesk_domain::actor::Actor;
use tierdesk_domain::sla::{Metric, Policy};
use tierdesk_domain::timeline::EventKind;

use crate::clock::Scene;

const PATH: &str = "/admin/promises";

async fn administrator(scene: &Scene) -> Client {
    let ines = scene.desk.administrator("Ines Roth").await;
    scene.desk.sign_in(&ines).await
}

/// Everything that a form on a page would send, but for its buttons.
pub(crate) fn fields(page: &Page, form: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let all = format!(
        "{form} input:not([type='checkbox']):not([type='radio']), \
         {form} input[type='checkbox'][checked], {form} input[type='radio'][checked]"
    );
    let names = page.attributes(&all, "name");
    let values = page.attributes(&all, "value");
    fields.extend(names.into_iter().zip(values));
    for name in page.attributes(&format!("{form} select"), "name") {
        let chosen = format!("{form} select[name='{name}'] option[selected]");
        let value = page.attributes(&chosen, "value");
        fields.push((name, value.into_iter().next().unwrap_or_default()));
    }
    fields
}

/// Sends the form with some fields changed.
async fn send(client: &Client, page: &Page, changes: &[(&str, &str)]) -> support::client::Reply {
    let mut fields = fields(page, "#promises");
    for (name, value) in changes {
        fields.retain(|(field, _)| field != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    let fields: Vec<_> = fields
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    client.post(PATH, &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_desk_promises_to_the_requester_and_between_tiers() {
    let scene = Scene::new().await;
    let client = administrator(&scene).await;
    let page = client.get(PATH).await.page();
    assert_eq!(page.attribute("#r1-name", "value"), "Working hours");
    assert_eq!(page.attribute("#r1-P3-pick_up", "value"), "2 h");
    assert_eq!(page.attribute("#r1-P2-time_in_tier", "value"), "3 h");
    let id = scene.file().await;
    let mut conn = scene.desk.desk.acquire().await.unwrap();
    let kept = tierdesk_store::clock::projections(&mut conn, id)
        .await
        .unwrap();
    let running: Vec<_> = kept.iter().map(|it| it.metric).collect();
    for metric in [
        Metric::FirstResponse,
        Metric::Resolution,
        Metric::PickUp,
        Metric::TimeInTier,
    ] {
        assert!(running.contains(&metric), "{metric}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_ticket_says_which_rule_applies_and_saves_nothing() {
    let scene = Scene::new().await;
    let client = administrator(&scene).await;
    let page = client.get(PATH).await.page();
    for (changes, said) in [
        (
            vec![("do", "try"), ("s-priority", "P1")],
            "Rule 1 applies: P1 round the clock First response 15 min, due 09:15",
        ),
        (
            vec![("do", "try"), ("s-priority", "P4")],
            "Rule 2 applies: Working hours",
        ),
        // What is typed and not yet saved is what is asked.
        (
            vec![
                ("do", "try"),
                ("s-priority", "P4"),
                ("r0-priorities", "P4"),
                ("r0-P4-resolution", "2 h"),
            ],
            "Rule 1 applies: P1 round the clock Resolution 2 h, due 11:00",
        ),
    ] {
        let reply = send(&client, &page, &changes).await;
        assert_eq!(reply.status, 200);
        let tried = reply.page().text("#tried");
        assert!(tried.contains(said), "{tried}");
    }
    assert_eq!(
        client
            .get(PATH)
            .await
            .page()
            .texts("td[data-l='Standing']")
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_added_moved_and_taken_out_without_losing_what_was_typed() {
    let scene = Scene::new().await;
    let client = administrator(&scene).await;
    let page = client.get(PATH).await.page();
    let names = |page: &Page| page.attributes("#promises input[id$='-name']", "value");
    let typed = [("do", "add"), ("r1-P3-resolution", "20 h")];
    let page = send(&client, &page, &typed).await.page();
    assert_eq!(names(&page), ["", "P1 round the clock", "Working hours"]);
    assert_eq!(page.attribute("#r2-P3-resolution", "value"), "20 h");
    let page = send(&client, &page, &[("do", "down-0"), ("r0-name", "VIPs")])
        .await
        .page();
    assert_eq!(
        names(&page),
        ["P1 round the clock", "VIPs", "Working hours"]
    );
    let page = send(&client, &page, &[("do", "remove-1")]).await.page();
    assert_eq!(names(&page), ["P1 round the clock", "Working hours"]);
    assert_eq!(
        client
            .get(PATH)
            .await
            .page()
            .texts("td[data-l='Standing']")
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_moves_open_tickets_and_says_so() {
    let scene = Scene::new().await;
    let id = scene.file().await;
    scene.release(id).await;
    scene.at("2026-06-01T10:00:00Z");
    let client = administrator(&scene).await;
    let page = client.get(PATH).await.page();
    let reply = send(
        &client,
        &page,
        &[("do", "save"), ("r1-P3-resolution", "6 h")],
    )
    .await;
    assert_eq!(reply.status, 303, "{}", reply.page().text("main"));
    scene.sweep().await;
    let told = scene.events(id, EventKind::Recomputed).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["metric"], "resolution");
    // One of six hours was used.
    assert_eq!(told[0]["due_at"], "2026-06-01T15:00:00Z");
    assert_eq!(told[0]["policy_version"], 2);
    assert_eq!(scene.recount().await, Vec::<String>::new());
    let page = client.get(PATH).await.page();
    assert_eq!(page.texts("td[data-l='Standing']"), ["In force", "Over"]);
    assert_eq!(page.text("td[data-l='By']"), "Ines Roth");
    // The old version can be looked at and begun from.
    let old = client.get(&format!("{PATH}?version=1")).await.page();
    assert_eq!(old.attribute("#r1-P3-resolution", "value"), "24 h");
    assert_eq!(client.get(&format!("{PATH}?version=9")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_time_that_is_typed_is_promised_to_its_own_metric() {
    let scene = Scene::new().await;
    let client = administrator(&scene).await;
    let page = client.get(PATH).await.page();
    let typed: Vec<_> = Metric::ALL
        .iter()
        .zip(3..)
        .map(|(metric, hours)| {
            (
                *metric,
                format!("r1-P3-{metric}"),
                format!("{hours} h"),
                hours * 3600,
            )
        })
        .collect();
    let mut changes = vec![("do", "save")];
    changes.extend(
        typed
            .iter()
            .map(|(_, field, text, _)| (field.as_str(), text.as_str())),
    );
    let reply = send(&client, &page, &changes).await;
    assert_eq!(reply.status, 303, "{}", reply.page().text("main"));

    let shown = client.get(PATH).await.page();
    for (_, field, text, _) in &typed {
        assert_eq!(
            shown.attribute(&format!("#{field}"), "value"),
            *text,
            "{field}"
        );
    }
    // A ticket on which every clock runs.
    let id = scene.file().await;
    scene.release(id).await;
    scene
        .reply(id, tierdesk_desk::conversation::Afterwards::Open)
        .await
        .unwrap();
    let requester = scene.desk.caller(&scene.requester).await;
    let desk = &scene.desk.desk;
    desk.answer(&requester, id, "And now?", scene.desk.now())
        .await
        .unwrap();
    let mut conn = desk.acquire().await.unwrap();
    let kept = tierdesk_store::clock::projections(&mut conn, id)
        .await
        .unwrap();
    for (metric, _, _, seconds) in typed {
        let targets: Vec<_> = kept.iter().filter(|it| it.metric == metric).collect();
        assert!(!targets.is_empty(), "{metric}");
        assert!(
            targets.iter().all(|it| it.target_seconds == seconds),
            "{metric}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_planned_moves_nothing_before_its_date() {
    let scene = Scene::new().await;
    let client = administrator(&scene).await;
    let page = client.get(PATH).await.page();
    let changes = [
        ("do", "save"),
        ("from", "2026-06-02"),
        ("r1-P3-resolution", "6 h"),
    ];
    assert_eq!(send(&client, &page, &changes).await.status, 303);
    // Filed after the version was saved, before it holds.
    let id = scene.file().await;
    scene.release(id).await;
    scene.at("2026-06-01T23:59:59Z");
    scene.sweep().await;
    assert!(scene.events(id, EventKind::Recomputed).await.is_empty());
    scene.at("2026-06-02T00:00:00Z");
    scene.sweep().await;
    // Eight working hours were used on Monday; six are allowed, so the promise breaks as the version begins.
    let broken = scene.events(id, EventKind::Breached).await;
    let resolution = broken
        .iter()
        .find(|it| it["metric"] == "resolution")
        .unwrap();
    assert_eq!(resolution["at"], "2026-06-02T00:00:00Z");
    assert_eq!(resolution["policy_version"], 2);
    assert_eq!(scene.recount().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_beside_its_field_and_two_writers_both_keep_theirs() {
    let scene = Scene::new().await;
    let client = administrator(&scene).await;
    let page = client.get(PATH).await.page();
    for (field, value, complaint) in [
        ("r1-P3-resolution", "soon", "This is not a time"),
        ("r1-P3-resolution", "9999 h", "at most a year"),
        ("r0-name", " ", "Fill this in"),
        ("from", "2026-05-01", "This day is over"),
    ] {
        let reply = send(&client, &page, &[("do", "save"), (field, value)]).await;
        assert_eq!(reply.status, 422, "{field}");
        let again = reply.page();
        let said = again.text(&format!("#{field}-e"));
        assert!(said.contains(complaint), "{field}: {said}");
        assert_eq!(again.attribute(&format!("#{field}"), "value"), value);
    }
    let reply = client.post(PATH, &[("version", "1"), ("do", "save")]).await;
    assert!(reply.page().text("#rules-e").contains("There is no rule"));
    let save = [("do", "save"), ("r1-P3-resolution", "22 h")];
    assert_eq!(send(&client, &page, &save).await.status, 303);
    let late = send(
        &client,
        &page,
        &[("do", "save"), ("r1-P3-resolution", "21 h")],
    )
    .await;
    assert_eq!(late.status, 409);
    let again = late.page();
    assert_eq!(again.attribute("#r1-P3-resolution", "value"), "21 h");
    assert_eq!(again.attribute("input[name='version']", "value"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn reopening_goes_on_where_the_promises_say_so() {
    let scene = Scene::new().await;
    let client = administrator(&scene).await;
    let page = client.get(PATH).await.page();
    let changes = [("do", "save"), ("reopen", "carry"), ("carry", "2 h")];
    assert_eq!(send(&client, &page, &changes).await.status, 303);
    let page = client.get(PATH).await.page();
    assert!(page.has("input[name='reopen'][value='carry'][checked]"));
    assert_eq!(page.attribute("#carry", "value"), "2 h");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_tries_changed_promises_on_the_tickets_of_the_last_days_and_saves_nothing() {
    let scene = Scene::new().await;
    let id = scene.file().await;
    scene.release(id).await;
    scene.at("2026-06-01T15:00:00Z");
    let client = administrator(&scene).await;
    let page = client.get(PATH).await.page();
    let changes = [("do", "replay"), ("r1-P3-resolution", "2 h")];
    let reply = send(&client, &page, &changes).await;
    assert_eq!(reply.status, 200);
    let page = reply.page();
    let number = format!("#{}", scene.ticket(id).await.number.0);
    let listed = page.texts("section[aria-labelledby=trial-h] table.cards th[scope=row]");
    assert!(listed.contains(&number), "{listed:?}");
    // What was typed is kept, nothing is saved, and no clock moved.
    assert_eq!(page.attribute("#r1-P3-resolution", "value"), "2 h");
    let page = client.get(PATH).await.page();
    assert_eq!(page.attribute("#r1-P3-resolution", "value"), "24 h");
    assert_eq!(page.texts("td[data-l='Standing']").len(), 1);
    scene.sweep().await;
    assert!(scene.events(id, EventKind::Recomputed).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_who_becomes_a_vip_or_moves_to_another_organisation_changes_no_open_ticket() {
    let scene = Scene::new().await;
    let boss = scene.desk.administrator("Ines Roth").await;
    let caller = scene.desk.caller(&boss).await;
    let (desk, now) = (&scene.desk.desk, scene.desk.now());
    let mut conn = desk.acquire().await.unwrap();
    let kept = tierdesk_store::configuration::current::<Policy>(&mut conn, "sla_policy").await;
    let mut policy = kept.unwrap().remove(0).body;
    let mut quick = policy.rules.last().unwrap().clone();
    quick.name = "Important people".to_owned();
    quick.when.vip = Some(true);
    for targets in quick.targets.values_mut() {
        targets.insert(Metric::Resolution, 2 * 3600);
    }
    policy.rules.insert(0, quick.clone());
    let group = desk
        .enter_organisation(&Caller::machine(Actor::system()), "Group", false, now)
        .await
        .unwrap();
    (quick.name, quick.when.vip) = ("Group".to_owned(), None);
    quick.when.organisations.insert(group);
    for targets in quick.targets.values_mut() {
        targets.insert(Metric::Resolution, 4 * 3600);
    }
    policy.rules.insert(1, quick);
    desk.save_promises(&caller, 1, (None, chrono_tz::Tz::UTC), policy, now)
        .await
        .unwrap();
    // On the person's page: first into the group, then a VIP there, then neither any more.
    let client = scene.desk.sign_in(&boss).await;
    let page = format!("/admin/people/{}", scene.requester.id);
    let group = group.to_string();
    let mut tickets = Vec::new();
    for (organisation, vip, hours) in [
        ("", "", 24),
        (group.as_str(), "", 4),
        (group.as_str(), "on", 2),
        ("", "", 24),
    ] {
        let version = client
            .get(&page)
            .await
            .page()
            .attribute("[name=version]", "value");
        let mut fields = vec![
            ("version", version.as_str()),
            ("name", "Priya Nair"),
            ("time_zone", "UTC"),
            ("organisation", organisation),
        ];
        fields.extend((!vip.is_empty()).then_some(("vip", vip)));
        let saved = client.post(&page, &fields).await;
        assert_eq!(saved.status, 303, "{}", saved.page().text("main"));
        tickets.push((scene.file().await, organisation, hours));
    }
    for (id, organisation, hours) in &tickets {
        // An action on an open ticket computes its clocks anew, and they stay what they were.
        scene.release(*id).await;
        let clocks = tierdesk_store::clock::projections(&mut conn, *id)
            .await
            .unwrap();
        let resolution = clocks.iter().find(|it| it.metric == Metric::Resolution);
        assert_eq!(resolution.unwrap().target_seconds, hours * 3600);
        let whose = scene.ticket(*id).await.organisation;
        assert_eq!(
            whose.map(|it| it.to_string()).unwrap_or_default(),
            *organisation
        );
        assert!(scene.events(*id, EventKind::Recomputed).await.is_empty());
    }
    assert_eq!(scene.recount().await, Vec::<String>::new());
    // A list asks for the same mark as promises and rules do.
    let engineer = scene.desk.sign_in(&scene.engineer).await;
    let listed = engineer.get("/tickets?q=vip:yes").await.page();
    let number = scene.ticket(tickets[2].0).await.number.0;
    assert_eq!(listed.texts("[data-row] .c-num"), [format!("#{number}")]);
}
