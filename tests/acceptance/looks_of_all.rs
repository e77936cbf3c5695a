//! Every page of the route table is looked at: by the stories named here, or by the walk below.

use support::axe;
use support::browser::Browser;
use support::product::Tierdesk;
use support::world::{NOTHING, PEOPLE, World};

use crate::looks::{LOOKS, judge, look};
use crate::pages::pages;

/// Pages that tell more in a story of their own, who opens them there, and its file. All others are walked through below.
const IN_STORIES: [(&str, &str, &str); 47] = [
    ("/admin/calendars", "administrator", "looks"),
    ("/admin/calendars/new", "administrator", "looks"),
    ("/admin/calendars/{id}", "administrator", "looks"),
    ("/admin/on-call/{id}", "administrator", "on_call"),
    ("/admin/paths", "administrator", "on_call"),
    ("/admin/paths/{team}", "administrator", "on_call"),
    ("/admin/promises", "administrator", "looks"),
    ("/admin/routing", "administrator", "routing"),
    ("/admin/routing/{team}/{tier}", "administrator", "routing"),
    ("/admin/rules", "administrator", "looks"),
    ("/admin/rules/{id}", "administrator", "looks"),
    ("/admin/skills", "administrator", "routing"),
    ("/dashboard", "manager", "dashboard/pages"),
    ("/dashboard/flow", "manager", "dashboard/pages"),
    ("/dashboard/promises", "manager", "dashboard/pages"),
    ("/dashboard/reports", "manager", "dashboard/pages"),
    ("/dashboard/reports/new", "manager", "dashboard/pages"),
    ("/dashboard/skills", "manager", "dashboard/pages"),
    ("/dashboard/tickets", "manager", "dashboard/pages"),
    ("/dashboard/tiers", "manager", "dashboard/pages"),
    ("/dashboard/times", "manager", "dashboard/pages"),
    ("/dashboard/workload", "manager", "dashboard/pages"),
    ("/gallery", "anonymous", "looks"),
    ("/help", "requester", "looks"),
    ("/my", "requester", "looks"),
    ("/my/{number}", "requester", "looks"),
    ("/my/{number}/clocks", "requester", "looks"),
    ("/notifications", "engineer", "looks"),
    ("/on-call", "administrator", "on_call"),
    ("/on-call", "engineer", "looks"),
    ("/password/reset/{secret}", "anonymous", "looks"),
    ("/profile", "engineer", "looks"),
    ("/profile", "requester", "looks"),
    ("/queue", "engineer", "looks"),
    ("/queue/{tier}/{team}", "engineer", "looks"),
    ("/search", "requester", "looks"),
    ("/sign-in", "anonymous", "looks"),
    ("/sign-in/help", "anonymous", "looks"),
    ("/team", "manager", "routing"),
    ("/team/{id}", "administrator", "routing"),
    ("/tickets", "engineer", "looks"),
    ("/tickets/new", "requester", "looks"),
    ("/tickets/{number}", "engineer", "looks"),
    ("/tickets/{number}/clocks", "engineer", "looks"),
    ("/invitation/{secret}", "anonymous", "looks_of_all"),
    ("/set-up/{secret}", "anonymous", "looks_of_all"),
    ("/mailbox/{id}", "anonymous", "looks_of_all"),
];

#[tokio::test]
async fn every_page_without_a_story_fits_every_width_and_passes_axe_in_light_and_dark() {
    let mut pages = pages();
    for (route, opener, file) in IN_STORIES {
        let before = pages.len();
        pages.retain(|it| it.route != route || PEOPLE[it.opener] != opener);
        assert_eq!(pages.len(), before - 1, "{route} for {opener} ({file})");
    }
    let Some(browser) = Browser::open().await else {
        return;
    };
    let Some(script) = axe::script() else { return };
    let world = World::build().await;
    let base = world.tierdesk.serve().await;
    pages.sort_by_key(|it| it.opener);
    let mut wrong = Vec::new();
    for (column, who) in PEOPLE.iter().enumerate() {
        let walk: Vec<(String, String)> = pages
            .iter()
            .filter(|it| it.opener == column)
            .map(|it| {
                (
                    format!("{who}{}", it.route.replace('/', "-")),
                    it.address(&world, "portal"),
                )
            })
            .collect();
        let walk: Vec<(&str, String)> = walk
            .iter()
            .map(|(name, path)| (name.as_str(), path.clone()))
            .collect();
        assert!(walk.iter().all(|it| !it.1.contains(NOTHING)), "{walk:?}");
        if walk.is_empty() {
            continue;
        }
        let client = world.client(column).await;
        if column > 0 {
            crate::web::sign_in(&browser, &base, &client).await;
        }
        wrong.extend(look(&browser, &script, &base, &client, &walk).await);
    }
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_shown_once_fits_every_width_and_passes_axe_in_light_and_dark() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let Some(script) = axe::script() else { return };
    let desk = Tierdesk::start().await;
    let base = desk.serve().await;
    let set_up = desk.desk.setup_link(desk.now()).await.unwrap().unwrap();
    let set_up = set_up.trim_start_matches(&base).to_owned();
    let mut wrong = Vec::new();
    let first = [("set-up", set_up)];
    wrong.extend(look(&browser, &script, &base, &desk.visitor(), &first).await);
    let ines = desk.administrator("Ines Roth").await;
    let client = desk.sign_in(&ines).await;
    let new = [
        ("name", "Lea Brandt"),
        (
            "email",
            "lea.brandt.with.a.long.address@subsidiary.example.org",
        ),
    ];
    client.post("/admin/people/new", &new).await.location();
    let invitation = crate::account::newest_link(&desk, "/invitation/").await;
    let mail = desk.visitor().get("/mailbox").await.page();
    let before = [
        ("invitation", invitation),
        ("mail", mail.attribute("a[href^='/mailbox/']", "href")),
    ];
    wrong.extend(look(&browser, &script, &base, &desk.visitor(), &before).await);
    // A token is shown in the answer to the form that makes it.
    crate::web::sign_in(&browser, &base, &client).await;
    browser.goto(&format!("{base}/admin/enrolment")).await;
    browser
        .click("form[action='/admin/enrolment'] .btn.primary")
        .await;
    browser.find("#token").await;
    for (width, theme) in LOOKS {
        browser.resize(width, 900).await;
        wrong.extend(judge(&browser, &script, "token", (width, theme)).await);
    }
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
