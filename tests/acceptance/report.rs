//! Reports come by themselves, at the time their owner chose, to those who may see them; after downtime once, and they say so.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use sqlx::Row as _;
use support::database;
use support::mime::Message;
use support::product::{Someone, Tierdesk};
use tierdesk_desk::DeskError;
use tierdesk_desk::report::NewReport;
use tierdesk_domain::dashboard::{View, When};
use tierdesk_domain::id::TeamId;
use tierdesk_domain::period::{Compare, Preset};
use tierdesk_domain::report::{Page, Rhythm, Schedule};
use tierdesk_domain::tier::Tier;
use tierdesk_mail::{Mailbox, Transport};
use tierdesk_worker::Post;
use tierdesk_worker::outbox::Outbox;
use tierdesk_worker::timer::Sweeper;
use uuid::Uuid;

/// A mail that was sent.
struct Mailed {
    to: String,
    message: Message,
    raw: String,
}

struct Scene {
    desk: Tierdesk,
    owner: Someone,
    network: Someone,
    teams: [TeamId; 2],
}

impl Scene {
    /// Thursday, 22 October 2026, in a desk with a head of all teams and a manager of Network.
    async fn new() -> Self {
        let desk = Tierdesk::start().await;
        desk.clock.set("2026-10-22T12:00:00Z".parse().unwrap());
        let owner = desk.manager("Mara Lind").await;
        let network = desk.manager("Nora Falk").await;
        let teams = [desk.team("Service Desk").await, desk.team("Network").await];
        desk.answers_for(&network, &[teams[1]]).await;
        Self {
            desk,
            owner,
            network,
            teams,
        }
    }

    fn daily(&self, recipients: &[&Someone]) -> NewReport {
        NewReport {
            name: "Yesterday at a glance".to_owned(),
            page: Page::Promises,
            view: View {
                when: When::Preset(Preset::Yesterday),
                compare: Compare::Before,
                ..View::default()
            },
            schedule: Some(Schedule {
                rhythm: Rhythm::Daily,
                on: 0,
                at: NaiveTime::from_hms_opt(7, 30, 0).unwrap(),
                zone: Tz::Europe__London,
            }),
            csv: true,
            recipients: recipients.iter().map(|it| it.id).collect(),
        }
    }

    async fn save(&self, new: NewReport) -> Uuid {
        self.saved_by(&self.owner, new).await.unwrap()
    }

    async fn saved_by(&self, manager: &Someone, new: NewReport) -> Result<Uuid, DeskError> {
        let caller = self.desk.caller(manager).await;
        let now = self.desk.now();
        self.desk.desk.save_report(&caller, None, new, now).await
    }

    /// Lets what is due at a time happen, and returns the reports mailed since: to whom, and the mail.
    async fn at(&self, time: &str) -> Vec<Mailed> {
        let before = self.desk.now();
        self.desk.clock.set(time.parse().unwrap());
        let now = self.desk.now();
        Sweeper::new(self.desk.desk.clone())
            .drain(now)
            .await
            .unwrap();
        let post = Post {
            transport: Transport::Mailbox,
            from: Mailbox::new("Service desk", "desk@desk.example".parse().unwrap()),
            prefix: "TD".to_owned(),
        };
        Outbox::new(self.desk.desk.clone(), post)
            .drain(now)
            .await
            .unwrap();
        self.kept(before).await
    }

    async fn kept(&self, since: DateTime<Utc>) -> Vec<Mailed> {
        let mut owner = database::connect(&self.desk.database).await;
        let rows =
            sqlx::query("select id, recipient from dev_mail where at > $1 order by recipient")
                .bind(since)
                .fetch_all(&mut owner)
                .await
                .unwrap();
        let mut mails = Vec::new();
        for row in rows {
            let (_, content) = self.desk.desk.kept_mail(row.get("id")).await.unwrap();
            mails.push(Mailed {
                to: row.get("recipient"),
                message: Message::parse(content.raw.as_bytes()),
                raw: content.raw,
            });
        }
        mails
    }

    async fn owner_says(&self, sql: &'static str, person: &Someone) {
        let mut owner = database::connect(&self.desk.database).await;
        sqlx::query(sql)
            .bind(person.id.0)
            .execute(&mut owner)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_comes_at_the_same_time_of_the_wall_clock_before_and_after_the_change() {
    let scene = Scene::new().await;
    scene.save(scene.daily(&[&scene.owner])).await;
    assert!(scene.at("2026-10-23T06:29:59Z").await.is_empty());
    let mails = scene.at("2026-10-23T06:30:00Z").await;
    assert_eq!(mails.len(), 1);
    let mail = &mails[0].message;
    assert_eq!(mails[0].to, scene.owner.email);
    assert!(
        mail.subject()
            .contains("Yesterday at a glance, 22 Oct 2026, days of UTC"),
        "{}",
        mail.subject()
    );
    let text = mail.text();
    assert!(
        text.contains("Held against 21 Oct 2026") && text.contains("Resolved in time"),
        "{text}"
    );
    assert!(
        text.contains("/dashboard/promises?from=2026-10-22&to=2026-10-22"),
        "{text}"
    );
    assert!(!text.contains("late"), "{text}");
    assert_eq!(scene.at("2026-10-24T06:30:00Z").await.len(), 1);
    // On the 25th the clocks go back: half past seven is an hour later in UTC.
    assert!(scene.at("2026-10-25T06:30:00Z").await.is_empty());
    assert_eq!(scene.at("2026-10-25T07:30:00Z").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_downtime_a_report_comes_once_and_says_that_it_is_late() {
    let scene = Scene::new().await;
    scene.save(scene.daily(&[&scene.owner])).await;
    let mails = scene.at("2026-10-26T12:00:00Z").await;
    assert_eq!(mails.len(), 1);
    let text = mails[0].message.text();
    assert!(
        text.contains("This report is late: it was due Fri 23 Oct 2026"),
        "{text}"
    );
    // It speaks of the day before it was due.
    assert!(text.contains("22 Oct 2026, days of UTC"), "{text}");
    assert!(scene.at("2026-10-26T13:00:00Z").await.is_empty());
    assert_eq!(scene.at("2026-10-27T07:30:00Z").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reader_gets_the_teams_that_they_and_the_owner_answer_for() {
    let scene = Scene::new().await;
    scene
        .save(scene.daily(&[&scene.owner, &scene.network]))
        .await;
    let requester = scene.desk.requester("Priya Nair").await;
    scene
        .desk
        .file(&requester, "Printer jams", "Since Monday")
        .await;
    let mails = scene.at("2026-10-23T06:30:00Z").await;
    let text = |who: &Someone| {
        let found = mails.iter().find(|it| it.to == who.email).unwrap();
        found.message.text().replace("\r\n", "\n")
    };
    assert!(
        text(&scene.owner).contains("Tickets filed: 1")
            && text(&scene.owner).contains("Service Desk")
    );
    let theirs = text(&scene.network);
    assert!(
        theirs.contains("Tickets filed: 0") && theirs.contains("Teams: Network."),
        "{theirs}"
    );
    assert!(!theirs.contains("Service Desk"), "{theirs}");
    let file = "tierdesk-figures-2026-10-22-to-2026-10-22";
    for who in [&scene.owner, &scene.network] {
        let mail = mails.iter().find(|it| it.to == who.email).unwrap();
        assert!(mail.raw.contains(file), "{}", mail.raw);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_report_says_how_long_it_took_and_not_only_on_average() {
    let scene = Scene::new().await;
    scene.save(scene.daily(&[&scene.owner])).await;
    let requester = scene.desk.requester("Priya Nair").await;
    let jonas = scene
        .desk
        .engineer("Jonas Weber", "Service Desk", Tier::L1)
        .await;
    let engineer = scene.desk.caller(&jonas).await;
    for minutes in [10, 97] {
        let ticket = scene.desk.file(&requester, "Printer jams", "Since Monday");
        let ticket = ticket.await;
        scene.desk.clock.advance(TimeDelta::minutes(minutes));
        let now = scene.desk.now();
        let taken = scene
            .desk
            .desk
            .assign(&engineer, ticket.id, Some(jonas.id), None, now);
        taken.await.unwrap();
    }
    let mails = scene.at("2026-10-23T06:30:00Z").await;
    // Mail breaks its lines.
    let text = mails[0].message.text();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let at = text.find("Until acknowledged").unwrap();
    let told = text[at..].split_once(": ").unwrap().1;
    // Percentiles are within five percent, averages exact.
    let (told, _) = told.split_once(" on average").unwrap();
    assert!(
        told.starts_with("half within ") && told.contains(", 90 % within 1 h "),
        "{told}"
    );
    assert!(told.ends_with("53 min"), "{told}");
    assert!(
        text.contains("Until resolved by people, working time: –"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_see_no_figures_any_more_gets_no_report() {
    let scene = Scene::new().await;
    scene
        .save(scene.daily(&[&scene.owner, &scene.network]))
        .await;
    scene
        .owner_says(
            "update person set manager = false where id = $1",
            &scene.network,
        )
        .await;
    let mails = scene.at("2026-10-23T06:30:00Z").await;
    assert_eq!(
        mails.iter().map(|it| it.to.as_str()).collect::<Vec<_>>(),
        [scene.owner.email.as_str()]
    );
    // Recipients never grow: a right that comes back does not bring back what was not sent.
    scene
        .owner_says(
            "update person set manager = true where id = $1",
            &scene.network,
        )
        .await;
    assert!(scene.at("2026-10-23T07:00:00Z").await.is_empty());
    assert_eq!(scene.at("2026-10-24T06:30:00Z").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_stops_when_its_owner_is_gone_and_starts_when_it_is_saved_again() {
    let scene = Scene::new().await;
    let id = scene
        .save(scene.daily(&[&scene.owner, &scene.network]))
        .await;
    scene
        .owner_says(
            "update person set deactivated_at = now() where id = $1",
            &scene.owner,
        )
        .await;
    assert!(scene.at("2026-10-23T06:30:00Z").await.is_empty());
    assert!(scene.at("2026-10-24T06:30:00Z").await.is_empty());
    scene
        .owner_says(
            "update person set deactivated_at = null where id = $1",
            &scene.owner,
        )
        .await;
    assert!(scene.at("2026-10-25T07:30:00Z").await.is_empty());
    let client = scene.desk.sign_in(&scene.owner).await;
    assert!(
        client
            .get("/dashboard/reports")
            .await
            .page()
            .all_text()
            .contains("Stopped")
    );
    let caller = scene.desk.caller(&scene.owner).await;
    let again = scene.daily(&[&scene.network]);
    scene
        .desk
        .desk
        .save_report(&caller, Some((id, 1)), again, scene.desk.now())
        .await
        .unwrap();
    assert_eq!(scene.at("2026-10-26T07:30:00Z").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_a_team_that_its_owner_lost_stops_says_so_and_can_be_removed() {
    let scene = Scene::new().await;
    let mut of_network = scene.daily(&[&scene.network, &scene.owner]);
    of_network.view.team = Some(scene.teams[1]);
    let id = scene.saved_by(&scene.network, of_network).await.unwrap();
    assert_eq!(scene.at("2026-10-23T06:30:00Z").await.len(), 2);
    scene
        .desk
        .answers_for(&scene.network, &[scene.teams[0]])
        .await;
    assert!(scene.at("2026-10-24T06:30:00Z").await.is_empty());

    let client = scene.desk.sign_in(&scene.network).await;
    let list = client.get("/dashboard/reports").await.page();
    let line = list.text("tbody");
    assert!(
        line.contains("Stopped") && line.contains("No longer there"),
        "{line}"
    );
    assert!(!list.has("td a"), "it leads nowhere");
    let address = format!("/dashboard/reports/{id}");
    let page = client.get(&address).await.page();
    assert!(page.text(".banner").contains("any more"));
    assert!(!page.has("[name=name]"), "it cannot be saved as it is");
    let removed = client.post(&format!("{address}/remove"), &[]).await;
    assert_eq!(removed.status, 303);
    let list = client.get("/dashboard/reports").await.page();
    assert!(!list.has("tbody"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_named_who_would_never_get_a_report() {
    let scene = Scene::new().await;
    let mut of_the_other = scene.daily(&[&scene.owner, &scene.network]);
    of_the_other.view.team = Some(scene.teams[0]);
    let saved = scene.saved_by(&scene.owner, of_the_other).await;
    let Err(DeskError::Invalid(errors)) = saved else {
        panic!("{saved:?}");
    };
    assert_eq!(errors[0].field, "recipients");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_its_owners_alone_and_reaches_no_further_than_they_do() {
    let scene = Scene::new().await;
    let id = scene.save(scene.daily(&[&scene.owner])).await;
    let other = scene.desk.caller(&scene.network).await;
    let now = scene.desk.now();
    let desk = &scene.desk.desk;
    assert!(desk.reports(&other).await.unwrap().reports.is_empty());
    let changed = desk
        .save_report(&other, Some((id, 1)), scene.daily(&[&scene.network]), now)
        .await;
    assert!(matches!(changed, Err(DeskError::NotFound)));
    assert!(matches!(
        desk.remove_report(&other, id, now).await,
        Err(DeskError::NotFound)
    ));
    let client = scene.desk.sign_in(&scene.network).await;
    assert_eq!(
        client.get(&format!("/dashboard/reports/{id}")).await.status,
        404
    );
    // A view of a team that is not theirs cannot be saved.
    let mut far = scene.daily(&[&scene.network]);
    far.view.team = Some(scene.teams[0]);
    assert!(matches!(
        desk.save_report(&other, None, far, now).await,
        Err(DeskError::NotFound)
    ));
    // Nor mailed to people who may see no figures.
    let requester = scene.desk.requester("Priya Nair").await;
    let caller = scene.desk.caller(&scene.owner).await;
    let strangers = desk
        .save_report(&caller, None, scene.daily(&[&requester]), now)
        .await;
    assert!(matches!(strangers, Err(DeskError::Invalid(_))));
    // An edition that is older than the one that is kept changes nothing.
    let stale = desk
        .save_report(&caller, Some((id, 7)), scene.daily(&[&scene.owner]), now)
        .await;
    assert!(matches!(stale, Err(DeskError::Conflict)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_saves_what_they_see_under_a_name_and_takes_it_away_again() {
    let scene = Scene::new().await;
    let client = scene.desk.sign_in(&scene.owner).await;
    let page = client
        .get("/dashboard/promises?period=last_month&tier=L2&by=category")
        .await
        .page();
    let save = page
        .attributes(".page-head a", "href")
        .into_iter()
        .find(|it| it.contains("reports/new"))
        .unwrap();
    let form = client.get(&save).await.page();
    let view = form.attribute("[name=view]", "value");
    let owner = scene.owner.id.to_string();
    let mut fields = vec![
        ("name", ""),
        ("page", "promises"),
        ("view", view.as_str()),
        ("rhythm", "monthly"),
        ("weekday", "1"),
        ("monthday", "40"),
        ("at", "8 o'clock"),
        ("zone", "Mars/Olympus"),
        ("recipient", owner.as_str()),
        ("version", "0"),
    ];
    let wrong = client.post("/dashboard/reports/new", &fields).await;
    assert_eq!(wrong.status, 422);
    let shown = wrong.page();
    for field in ["monthday", "at", "zone"] {
        assert!(!shown.text(&format!("#{field}-e")).is_empty(), "{field}");
    }
    assert_eq!(shown.attribute("#zone", "value"), "Mars/Olympus");
    for (field, value) in [
        ("name", "Promises of the month"),
        ("monthday", "31"),
        ("at", "08:00"),
        ("zone", "Asia/Kathmandu"),
    ] {
        fields.iter_mut().find(|it| it.0 == field).unwrap().1 = value;
    }
    assert_eq!(
        client.post("/dashboard/reports/new", &fields).await.status,
        303
    );
    let list = client.get("/dashboard/reports").await.page();
    assert!(
        list.all_text()
            .contains("On day 31 of the month at 08:00, Asia/Kathmandu")
    );
    let open = list.attributes("td a", "href").remove(0);
    assert_eq!(
        open,
        "/dashboard/promises?period=last_month&compare=before&tier=L2&by=category"
    );
    let says = list.text("td:has(a)");
    assert!(
        says.contains("Last month") && says.contains("L2") && says.contains("by category"),
        "{says}"
    );
    let opened = client.get(&open).await.page();
    assert_eq!(opened.text("[aria-current=true]"), "Category");
    let report = list.attribute("tbody th a", "href");
    assert_eq!(
        client.get(&report).await.page().attribute("#name", "value"),
        "Promises of the month"
    );
    // 31 October, 08:00 in Kathmandu.
    assert!(scene.at("2026-10-31T02:14:59Z").await.is_empty());
    let mails = scene.at("2026-10-31T02:15:00Z").await;
    assert_eq!(mails.len(), 1);
    // What is mailed opens the same, on the days it speaks of.
    let text = mails[0].message.text();
    assert!(
        text.contains("from=2026-09-01&to=2026-09-30&compare=before&tier=L2&by=category"),
        "{text}"
    );
    let client = scene.desk.sign_in(&scene.owner).await;
    let removed = client.post(&format!("{report}/remove"), &[]).await;
    assert_eq!(removed.status, 303);
    scene.desk.clock.advance(TimeDelta::days(40));
    assert!(scene.at("2026-12-15T00:00:00Z").await.is_empty());
}
