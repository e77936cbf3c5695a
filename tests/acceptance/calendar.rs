//! Calendars: versions with a date, a look before saving, and holidays out of feeds that can be vetoed.

use support::client::{Client, Reply};
use tierdesk_domain::timeline::EventKind;

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
