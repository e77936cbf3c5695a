//! The pages of figures, their lists and their tables for spreadsheets.

use sqlx::Executor;
use support::browser::Browser;
use support::{axe, database};
use tierdesk_domain::tally::Measure;
use uuid::Uuid;

use super::fortnight::{Fortnight, days};

/// A whole number as pages write it.
fn number(text: &str) -> Option<usize> {
    text.trim().replace('\u{202f}', "").parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_number_on_each_page_opens_a_list_with_that_many_rows() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    fortnight.desk.desk.fold_tally().await.unwrap();
    let client = fortnight.desk.sign_in(&fortnight.head).await;
    let mut followed = 0;
    for path in [
        "/dashboard?",
        "/dashboard/promises?by=category&",
        "/dashboard/promises?by=period&",
        "/dashboard/times?by=team&",
        "/dashboard/times?by=period&",
        "/dashboard/flow?",
        "/dashboard/tiers?",
        "/dashboard/workload?",
        "/dashboard/skills?",
    ] {
        let page = client
            .get(&format!("{path}from=2026-10-19&to=2026-11-01"))
            .await;
        assert_eq!(page.status, 200, "{path}");
        let page = page.page();
        assert!(
            page.all_text().contains("Europe/London"),
            "{path} says whose days it counts"
        );
        // Whatever stands where numbers stand is a link, and the rows of its list are as many as it says.
        let numbers = |selector: &str| -> Vec<usize> {
            // Below a number may stand what it was before.
            let texts = page.texts(selector).into_iter();
            let mut all: Vec<usize> = texts
                .filter_map(|it| number(it.split("before").next()?))
                .collect();
            all.retain(|n| *n > 0);
            all.sort_unstable();
            all
        };
        assert_eq!(
            numbers("td.num, .kpi .n, .bars .num"),
            numbers("td.num a, .kpi a.n, .bars .num a"),
            "{path}: a number without a list"
        );
        let links = page.attributes("main a", "href");
        for (href, text) in links.iter().zip(page.texts("main a")) {
            // `12`, `12 new`, `before: 12`; a share has the list of what was kept, a length of time that of what took it.
            let words = || text.split_whitespace().chain([text.as_str()]);
            let measured = words().any(|word| ["%", "d", "h", "min", "s"].contains(&word));
            let Some(number) = words().find_map(number).filter(|_| !measured) else {
                continue;
            };
            if !href.starts_with("/dashboard/tickets?") || number == 0 {
                continue;
            }
            let csv = client
                .get(&href.replacen("tickets?", "tickets.csv?", 1))
                .await;
            assert_eq!(
                csv.body.lines().count() - 1,
                number,
                "{path}: {text}: {href}"
            );
            for line in csv.body.lines().skip(1) {
                let at = line.split(',').next().unwrap();
                assert!(chrono::DateTime::parse_from_rfc3339(at).is_ok(), "{line}");
            }
            followed += 1;
        }
    }
    assert!(followed > 60, "{followed}");
    let list = client
        .get("/dashboard/tickets?measure=opened&from=2026-10-19&to=2026-11-01")
        .await
        .page();
    let more = list.attribute(".pager a", "href");
    assert_eq!(list.texts("tbody tr").len(), 50);
    assert!(!client.get(&more).await.page().texts("tbody tr").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_for_spreadsheets_has_every_count_and_no_formula() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let mut owner = database::connect(&fortnight.desk.database).await;
    owner
        .execute("update team set name = '=cmd|'' /C calc''!A1' where name = 'Network'")
        .await
        .unwrap();
    owner
        .execute("update organisation set name = '+1+\"1\"' where name = 'Quay'")
        .await
        .unwrap();
    let client = fortnight.desk.sign_in(&fortnight.head).await;
    let csv = client
        .get("/dashboard.csv?from=2026-10-19&to=2026-11-01")
        .await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    let name = csv.header("content-disposition").unwrap();
    assert!(
        name.contains("2026-10-19-to-2026-11-01-Europe-London.csv"),
        "{name}"
    );
    let mut lines = csv.body.split("\r\n");
    assert_eq!(
        lines.next(),
        Some("day,zone,team,tier,priority,category,organisation,measure,number,seconds")
    );
    let mut opened = 0;
    for line in lines.filter(|it| !it.is_empty()) {
        let cells: Vec<&str> = line.split(',').collect();
        assert!(
            cells[0] >= "2026-10-19" && cells[0] <= "2026-11-01",
            "{line}"
        );
        assert_eq!(cells[1], "\"Europe/London\"");
        for cell in &cells {
            assert!(
                !cell.trim_matches('"').starts_with(['=', '+', '-', '@']),
                "{line}"
            );
        }
        if cells[7] == "opened" {
            opened += cells[8].parse::<u64>().unwrap();
        }
    }
    let caller = fortnight.desk.caller(&fortnight.head).await;
    let number = fortnight
        .number(&caller, days("2026-10-19", "2026-11-01"), Measure::Opened)
        .await;
    assert_eq!(opened, number);
    assert!(csv.body.contains("\"'=cmd|' /C calc'!A1\"") && csv.body.contains("\"'+1+\"\"1\"\"\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_that_make_no_period_are_told_beside_the_field_and_kept() {
    let fortnight = Fortnight::begin().await;
    let client = fortnight.desk.sign_in(&fortnight.head).await;
    let reply = client
        .get("/dashboard/times?period=days&from=2026-11-05&to=2026-11-01")
        .await;
    assert_eq!(reply.status, 422);
    let page = reply.page();
    assert!(page.text("#from-e").contains("after the last"));
    assert_eq!(page.attribute("#from", "value"), "2026-11-05");
    for wrong in [
        "period=soon",
        "tier=L9",
        "priority=P7",
        "team=x",
        "compare=luck",
    ] {
        assert_eq!(
            client.get(&format!("/dashboard?{wrong}")).await.status,
            400,
            "{wrong}"
        );
    }
    assert_eq!(
        client.get("/dashboard/tickets?measure=opened").await.status,
        400
    );
    assert_eq!(
        client
            .get(&format!("/dashboard?category={}", Uuid::from_u128(5)))
            .await
            .status,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_chosen_stays_in_the_address_of_every_page() {
    let fortnight = Fortnight::begin().await;
    let client = fortnight.desk.sign_in(&fortnight.head).await;
    let page = client
        .get("/dashboard?period=last_month&compare=year&tier=L2")
        .await
        .page();
    let links = page.attributes("nav.seg a", "href");
    assert_eq!(links.len(), 7);
    for link in links {
        assert!(
            link.contains("period=last_month&compare=year&tier=L2"),
            "{link}"
        );
    }
    assert!(page.text(".lede").contains("1 Sep 2026 to 30 Sep 2026"));
    assert!(page.text(".lede").contains("1 Sep 2025 to 30 Sep 2025"));
}

#[tokio::test]
async fn figures_fit_every_width_and_pass_axe_in_light_and_dark() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let Some(script) = axe::script() else { return };
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let client = fortnight.desk.sign_in(&fortnight.head).await;
    let base = fortnight.desk.serve().await;
    crate::web::sign_in(&browser, &base, &client).await;
    let days = "from=2026-10-19&to=2026-11-01";
    let pages = [
        ("figures", format!("/dashboard?{days}")),
        (
            "promises",
            format!("/dashboard/promises?{days}&by=category&tier=L1"),
        ),
        ("times", format!("/dashboard/times?{days}")),
        ("flow", format!("/dashboard/flow?{days}")),
        ("tiers", format!("/dashboard/tiers?{days}")),
        ("workload", format!("/dashboard/workload?{days}")),
        ("skills", format!("/dashboard/skills?{days}")),
        (
            "figures-list",
            format!("/dashboard/tickets?{days}&measure=resolve_business"),
        ),
        (
            "figures-wrong",
            "/dashboard/flow?from=2026-11-02&to=2026-11-01".to_owned(),
        ),
        ("reports", "/dashboard/reports".to_owned()),
        ("report", "/dashboard/reports/new".to_owned()),
    ];
    let wrong = crate::looks::look(&browser, &script, &base, &client, &pages).await;
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
