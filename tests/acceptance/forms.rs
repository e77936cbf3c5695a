//! The forms of a ticket say what they are about and nothing else: whoever answers from a page of this morning changes no
//! priority, no queue and no promise.

use chrono::TimeDelta;
use support::client::Client;
use support::html::Page;
use tierdesk_domain::id::TicketId;
use tierdesk_domain::sla::Metric;
use tierdesk_domain::ticket::{Impact, Kind, Urgency};
use tierdesk_domain::tier::Tier;

use crate::clock::Scene;
use crate::handover::note;
use crate::promise::fields;

/// Where a ticket stands and what is promised about it, but for its kind.
async fn stands(scene: &Scene, id: TicketId) -> String {
    let ticket = scene.ticket(id).await;
    let mut conn = scene.desk.desk.acquire().await.unwrap();
    let clocks = tierdesk_store::clock::projections(&mut conn, id).await;
    let promised: Vec<_> = (clocks.unwrap().into_iter())
        .filter(|it| [Metric::Resolution, Metric::TimeInTier].contains(&it.metric))
        .map(|it| (it.metric, it.ordinal, it.target_seconds, it.due_at))
        .collect();
    let properties = (
        ticket.category,
        ticket.impact,
        ticket.urgency,
        ticket.priority,
        ticket.status,
    );
    let queue = (ticket.team, ticket.tier, ticket.assignee);
    format!("{properties:?} {queue:?} {promised:?}")
}

/// Sends a form as it stands on a page, with one field changed where one is named.
async fn send(client: &Client, page: &Page, form: &str, change: Option<(&str, &str)>) -> u16 {
    let address = page.attribute(&format!("{form} form"), "action");
    let mut fields = fields(page, form);
    if let Some((name, value)) = change {
        let field = fields.iter_mut().find(|it| it.0 == name).unwrap();
        value.clone_into(&mut field.1);
    }
    let fields: Vec<_> = (fields.iter())
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    client.post(&address, &fields).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_send_only_changed_fields() {
    let scene = Scene::new().await;
    let id = scene.file().await;
    scene.release(id).await;
    let number = scene.ticket(id).await.number.0;
    let address = format!("/tickets/{number}");
    let client = scene.desk.sign_in(&scene.engineer).await;
    let old = client.get(&address).await.page();

    // Meanwhile it becomes more urgent and goes up, where somebody takes it.
    scene.pass(TimeDelta::minutes(5));
    let (caller, desk) = (scene.caller().await, &scene.desk.desk);
    let version = scene.ticket(id).await.version;
    let graver = (Impact::Group, Urgency::High);
    desk.set_impact_urgency(&caller, id, version, graver.0, graver.1, scene.desk.now())
        .await
        .unwrap();
    let to = (scene.desk.team("Service Desk").await, Tier::L2);
    let version = scene.ticket(id).await.version;
    desk.escalate(&caller, id, version, to, note(), scene.desk.now())
        .await
        .unwrap();
    let me = Some(scene.engineer.id);
    desk.assign(&caller, id, me, None, scene.desk.now())
        .await
        .unwrap();
    let before = stands(&scene, id).await;
    scene.pass(TimeDelta::minutes(5));

    // What is written on the page of before is written, and that is all.
    let seen = old.attribute("#composer input[name='seen']", "value");
    for mode in ["note", "reply"] {
        let message = [
            ("seen", seen.as_str()),
            ("mode", mode),
            ("body", "I am looking at it."),
        ];
        let sent = client
            .upload(&format!("{address}/message"), &message, &[])
            .await;
        assert_eq!(sent.status, 303, "{mode}");
        assert_eq!(stands(&scene, id).await, before, "{mode}");
    }
    // Its properties are those of another ticket by now: they are refused, whatever they say.
    for form in ["#properties", "#subject"] {
        let changed = match form {
            "#properties" => ("urgency", "low"),
            _ => ("kind", "request"),
        };
        assert_eq!(
            send(&client, &old, form, Some(changed)).await,
            409,
            "{form}"
        );
        assert_eq!(stands(&scene, id).await, before, "{form}");
    }
    // Saved as they are, the forms of the present page change nothing, not even the version.
    let page = client.get(&address).await.page();
    let version = scene.ticket(id).await.version;
    for form in ["#properties", "#subject"] {
        assert_eq!(send(&client, &page, form, None).await, 303, "{form}");
        assert_eq!(stands(&scene, id).await, before, "{form}");
    }
    assert_eq!(scene.ticket(id).await.version, version);
    // What is changed is changed alone.
    let kind = Some(("kind", "request"));
    assert_eq!(send(&client, &page, "#subject", kind).await, 303);
    assert_eq!(scene.ticket(id).await.kind, Kind::Request);
    assert_eq!(stands(&scene, id).await, before);
    assert_eq!(scene.recount().await, Vec::<String>::new());
}
