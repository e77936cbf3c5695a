//! Calendars: versions with a date, a look before saving, and holidays out of feeds that can be vetoed.

use chrono_tz::Tz;
use support::client::{Client, Reply};
use support::database;
use tierdesk_desk::DeskError;
use tierdesk_domain::id::DocumentId;
use tierdesk_domain::routing::{Mode, Routing};
use tierdesk_domain::sla::Policy;
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::configuration;
use tierdesk_store::shift::OwnHours;

use crate::clock::Scene;

const NEW: &str = "/admin/calendars/new";

/// A whole form; `changes` replace its fields.
fn form<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("name", "Office Berlin"),
        ("zone", "Europe/Berlin"),
        ("mon", "09:00–12:30, 13:00–17:00"),
        ("tue", "09:00-17:00"),
        ("wed", ""),
        ("thu", "22:00–06:00"),
        ("fri", "00:00–24:00"),
        ("sat", ""),
        ("sun", ""),
        ("holidays", "2026-12-25 Christmas Day"),
        ("dates", "2026-12-24 09:00–12:00 Christmas Eve"),
        ("from", ""),
        ("do", "save"),
    ];
    for (name, value) in changes {
        fields.retain(|(field, _)| field != name);
        fields.push((name, value));
    }
    fields
}

async fn administrator(scene: &Scene) -> Client {
    let ines = scene.desk.administrator("Ines Roth").await;
    scene.desk.sign_in(&ines).await
}

fn path(reply: &Reply) -> String {
    let location = reply.location();
    location.split('?').next().unwrap_or_default().to_owned()
}

/// The address of the calendar that a fresh desk has.
async fn standard(client: &Client) -> String {
    let list = client.get("/admin/calendars").await.page();
    list.attribute(".rows a", "href")
}

#[tokio::test]
async fn a_calendar_is_written_looked_at_and_shown_as_it_was_typed() {
    let scene = Scene::new().await;
    let client = administrator(&scene).await;
    let look = client.post(NEW, &form(&[("do", "preview")])).await;
    assert_eq!(look.status, 200);
    let page = look.page();
    // P2: eight working hours from Monday, 11:00 in Berlin: 5.5 h on Monday, 2.5 on Tuesday.
    let preview = page.text("[aria-labelledby='preview-h']");
    assert!(
        preview.contains("Resolution: 8 h, due Tue 2 Jun, 09:30"),
        "{preview}"
    );
    assert_eq!(page.attributes(".bars rect.f-accent", "x").len(), 5);

    let saved = client.post(NEW, &form(&[])).await;
    assert_eq!(saved.status, 303, "{}", saved.page().text("main"));
    let page = client.get(&path(&saved)).await.page();
    assert_eq!(page.attribute("#mon", "value"), "09:00–12:30, 13:00–17:00");
    assert_eq!(page.attribute("#thu", "value"), "22:00–06:00");
    assert_eq!(page.attribute("#fri", "value"), "00:00–24:00");
    assert_eq!(page.text("#holidays"), "2026-12-25 Christmas Day");
    assert_eq!(page.text("#dates"), "2026-12-24 09:00–12:00 Christmas Eve");
    let list = client.get("/admin/calendars").await.page().text("main");
    assert!(list.contains("Office Berlin"), "{list}");
    assert!(list.contains("Thu 24 Dec 2026 Christmas Eve"), "{list}");
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept() {
    let scene = Scene::new().await;
    let client = administrator(&scene).await;
    for (field, value, complaint) in [
        ("name", "", "Fill this in"),
        ("name", "Working hours", "Another calendar has this name"),
        ("zone", "Mars/Base", "not a time zone"),
        ("mon", "nine to five", "“nine to five” is not a window"),
        ("tue", "24:00–06:00", "is not a window"),
        (
            "holidays",
            "25.12.2026 Christmas",
            "does not begin with a date",
        ),
        ("holidays", "2026-12-25\n2026-12-25", "is there twice"),
        ("dates", "2026-12-24 Christmas Eve", "has no hours"),
        ("from", "2026-05-31", "This day is over"),
        ("from", "tomorrow", "Write a date"),
        ("from", "2999-01-01", "more than ten years ahead"),
    ] {
        let reply = client.post(NEW, &form(&[(field, value)])).await;
        assert_eq!(reply.status, 422, "{field}: {value}");
        let page = reply.page();
        let said = page.text(&format!("#{field}-e"));
        assert!(said.contains(complaint), "{field}: {value}: {said}");
        let kept = match field {
            "holidays" | "dates" => page.text(&format!("#{field}")),
            _ => page.attribute(&format!("#{field}"), "value"),
        };
        assert_eq!(kept, value.replace('\n', " "), "{field}");
    }
    let closed = form(&["mon", "tue", "thu", "fri"].map(|day| (day, "")));
    let reply = client.post(NEW, &closed).await;
    assert!(
        reply
            .page()
            .text("#mon-e")
            .contains("No day has working hours")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_version_holds_from_its_date_and_open_tickets_are_told() {
    let scene = Scene::new().await;
    let ines = scene.desk.administrator("Ines Roth").await;
    let client = scene.desk.sign_in(&ines).await;
    let id = scene.file().await;
    scene.release(id).await;
    let calendar = standard(&client).await;
    let long = "00:00–24:00";
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|day| (day, long));
    let mut fields = vec![
        ("name", "Working hours"),
        ("zone", "UTC"),
        ("version", "1"),
        ("from", "2026-06-02"),
    ];
    fields.extend(days);
    let saved = client.post(&calendar, &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.page().text("main"));

    let page = client.get(&calendar).await.page();
    let standing = page.texts("td[data-l='Standing']");
    assert_eq!(standing, ["Planned", "In force"]);
    assert_eq!(page.attribute("#from", "value"), "2026-06-02");
    assert_eq!(page.text("td[data-l='By']"), "Ines Roth");

    // On its date the worker counts every open ticket anew, and says so where a due time moved.
    scene.at("2026-06-02T00:00:00Z");
    scene.sweep().await;
    let told = scene.events(id, EventKind::Recomputed).await;
    let resolution = told.iter().find(|it| it["metric"] == "resolution").unwrap();
    assert_eq!(resolution["from_due_at"], "2026-06-03T17:00:00Z");
    assert_eq!(resolution["due_at"], "2026-06-02T16:00:00Z");
    assert_eq!(resolution["calendar_version"], 2);
    scene.sweep().await;
    assert_eq!(
        scene.events(id, EventKind::Recomputed).await.len(),
        told.len()
    );
    // Administrators prove who they are again after a while.
    let client = scene.desk.sign_in(&ines).await;
    let standing = client
        .get(&calendar)
        .await
        .page()
        .texts("td[data-l='Standing']");
    assert_eq!(standing, ["In force", "Over"]);
    assert_eq!(scene.recount().await, Vec::<String>::new());
}

#[tokio::test]
async fn two_who_save_the_same_version_both_keep_what_they_typed() {
    let scene = Scene::new().await;
    let client = administrator(&scene).await;
    let calendar = path(&client.post(NEW, &form(&[])).await);
    let edit = |name| form(&[("name", name), ("version", "1"), ("based_on", "1")]);
    assert_eq!(client.post(&calendar, &edit("First")).await.status, 303);
    let second = client.post(&calendar, &edit("Second")).await;
    assert_eq!(second.status, 409);
    let page = second.page();
    assert_eq!(page.attribute("#name", "value"), "Second");
    assert_eq!(page.attribute("input[name='version']", "value"), "2");
}

const FEED: &[u8] = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n\
    BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\nSUMMARY:Christmas Day\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261111\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:St. Martin\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nDTSTART:20261112T090000Z\r\nSUMMARY:Meeting\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20250101\r\nSUMMARY:Long ago\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

#[tokio::test]
async fn a_feed_is_shown_before_it_is_taken_and_a_veto_lasts() {
    let scene = Scene::new().await;
    let client = administrator(&scene).await;
    let calendar = standard(&client).await;
    let address = format!("{calendar}/feed");
    let files = [("file", "de.ics", FEED)];
    let send = || client.upload(&address, &[], &files);
    let page = send().await.page();
    let entries = page.attributes("input[name='entry']", "value");
    assert_eq!(entries.len(), 5, "{entries:?}");
    let ticked = page.attributes("input[name='take'][checked]", "value");
    assert_eq!(ticked, entries);
    assert!(page.text("main").contains("Meeting"));

    let mut fields: Vec<_> = entries.iter().map(|it| ("entry", it.as_str())).collect();
    fields.push(("version", "1"));
    fields.push(("take", "2026-12-25 Christmas Day"));
    let taken = client.post(&format!("{calendar}/holidays"), &fields).await;
    assert_eq!(taken.status, 303, "{}", taken.page().text("main"));
    let page = client.get(&calendar).await.page();
    assert_eq!(page.text("#holidays"), "2026-12-25 Christmas Day");
    assert!(page.text("main").contains("2026-11-11 St. Martin"));

    // An edit of the week keeps what was left out, and the next import does not bring it back.
    let mut edit = vec![("name", "Working hours"), ("zone", "UTC"), ("version", "2")];
    edit.extend([
        ("mon", "08:00–16:00"),
        ("holidays", "2026-12-25 Christmas Day"),
    ]);
    assert_eq!(client.post(&calendar, &edit).await.status, 303);
    let page = send().await.page();
    let ticked = page.attributes("input[name='take'][checked]", "value");
    assert_eq!(ticked, ["2026-12-25 Christmas Day"]);
    // Twice from the same page: the second is told to look again.
    let again = client.post(&format!("{calendar}/holidays"), &fields).await;
    assert_eq!(again.status, 409);
}

#[tokio::test]
async fn a_file_that_is_no_feed_of_holidays_is_refused_with_a_sentence() {
    let scene = Scene::new().await;
    let client = administrator(&scene).await;
    let calendar = standard(&client).await;
    let large = vec![b'x'; 1024 * 1024 + 1];
    let nothing: &[u8] = b"BEGIN:VCALENDAR\nEND:VCALENDAR\n";
    for (name, bytes, complaint) in [
        ("", b"".as_slice(), "Choose a file first"),
        ("a.ics", b"<html>", "not an iCalendar file"),
        ("a.ics", b"\xff\xfe\x00", "not an iCalendar file"),
        ("a.ics", &large, "larger than 1 MB"),
        ("a.ics", nothing, "No whole days"),
    ] {
        let files = [("file", name, bytes)];
        let reply = client
            .upload(&format!("{calendar}/feed"), &[], &files)
            .await;
        assert_eq!(reply.status, 422, "{complaint}");
        let said = reply.page().text("#file-e");
        assert!(said.contains(complaint), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_that_nothing_counts_in_is_retired_offered_nowhere_and_brought_back() {
    let scene = Scene::new().await;
    let boss = scene.desk.administrator("Adam Boss").await;
    let caller = scene.desk.caller(&boss).await;
    let (desk, now) = (&scene.desk.desk, scene.desk.now());
    let client = scene.desk.sign_in(&boss).await;
    let path = path(&client.post(NEW, &form(&[])).await);
    let id = DocumentId(path.rsplit('/').next().unwrap().parse().unwrap());
    let ticket = scene.file().await;
    scene.release(ticket).await;

    // Everything that can count in it does, and each is named.
    let mut conn = desk.acquire().await.unwrap();
    let kept = configuration::current::<Policy>(&mut conn, "sla_policy").await;
    let usual = kept.unwrap().remove(0).body;
    let promise = async |version, calendar: Option<DocumentId>| {
        let mut policy = usual.clone();
        for rule in &mut policy.rules {
            rule.calendar = calendar.or(rule.calendar);
        }
        desk.save_promises(&caller, version, (None, Tz::UTC), policy, now)
            .await
    };
    let route = async |version, calendar| {
        let (team, tier) = (scene.desk.team("Network").await, Tier::L2);
        let (mode, cap) = (Mode::Off, None);
        let routing = Routing {
            team,
            tier,
            mode,
            cap,
            calendar,
        };
        desk.save_routing(&caller, version, routing, now).await
    };
    let hours = async |calendar| {
        let own = OwnHours {
            calendar,
            zone: None,
        };
        desk.set_hours(&caller, scene.engineer.id, own, now).await
    };
    promise(1, Some(id)).await.unwrap();
    route(0, Some(id)).await.unwrap();
    hours(Some(id)).await.unwrap();
    scene.sweep().await;
    let retire = format!("{path}/retire");
    let refused = client.post(&retire, &[("version", "1")]).await;
    assert_eq!(refused.status, 409);
    let said = refused.page().text("[role=alert]");
    for what in [
        format!("Promises, rule “{}”", usual.rules[0].name),
        "Routing of L2 Network".to_owned(),
        format!("Hours of {}", scene.engineer.name),
    ] {
        assert!(said.contains(&what), "{what}: {said}");
    }
    assert!(!refused.page().has("#uses button"));

    // One after the other they count elsewhere; what was counted stays counted.
    promise(2, None).await.unwrap();
    route(1, None).await.unwrap();
    assert_eq!(client.post(&retire, &[("version", "1")]).await.status, 409);
    hours(None).await.unwrap();
    scene.sweep().await;
    let clocks = tierdesk_store::clock::projections(&mut conn, ticket)
        .await
        .unwrap();
    assert!(client.get(&path).await.page().has("#uses button"));
    let done = client.post(&retire, &[("version", "1")]).await;
    assert_eq!(done.status, 303, "{}", done.page().text("main"));
    scene.sweep().await;
    let after = tierdesk_store::clock::projections(&mut conn, ticket)
        .await
        .unwrap();
    assert_eq!(after, clocks);
    assert_eq!(scene.recount().await, Vec::<String>::new());

    // It is offered nowhere, and taken from nobody who asks for it all the same.
    let own = format!("/team/{}", scene.engineer.id);
    let offered = async || {
        let mut offered = Vec::new();
        for page in ["/admin/promises", own.as_str()] {
            let options = client
                .get(page)
                .await
                .page()
                .texts("select[name$=calendar] option");
            offered.push(options.contains(&"Office Berlin".to_owned()));
        }
        offered
    };
    assert_eq!(offered().await, [false, false]);
    assert!(matches!(
        promise(3, Some(id)).await,
        Err(DeskError::Invalid(_))
    ));
    assert!(matches!(
        route(2, Some(id)).await,
        Err(DeskError::Invalid(_))
    ));
    assert!(matches!(hours(Some(id)).await, Err(DeskError::Invalid(_))));
    let saved = client.post(&path, &form(&[("version", "2")])).await;
    assert_eq!(saved.status, 409);
    let shown = client.get(&path).await.page();
    assert!(shown.text("main").contains("Retired") && !shown.has("#calendar"));
    let again = client.post(&retire, &[("version", "2")]).await;
    assert_eq!(again.status, 409, "it is retired already");

    let back = client
        .post(&format!("{path}/return"), &[("version", "2")])
        .await;
    assert_eq!(back.status, 303);
    assert_eq!(offered().await, [true, true]);
    hours(Some(id)).await.unwrap();
    let audited: Vec<String> = sqlx::query_scalar(
        "select action from audit where object_id = $1 and action like 'calendar.%' and action <> 'calendar.saved' order by seq",
    )
    .bind(id.to_string())
    .fetch_all(&mut database::connect(&scene.desk.database).await)
    .await
    .unwrap();
    assert_eq!(audited, ["calendar.retired", "calendar.brought_back"]);
}
