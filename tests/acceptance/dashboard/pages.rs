//! The pages of figures, their lists and their tables for spreadsheets.

use std::collections::HashMap;

use chrono::TimeDelta;
use sqlx::Executor;
use support::browser::Browser;
use support::{axe, database};
use tierdesk_domain::dashboard::{Share, percent};
use tierdesk_domain::tally::{Measure, Several};
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
    // A category below another: what is counted in the one is not in the list of the other.
    let mut owner = database::connect(&fortnight.desk.database).await;
    sqlx::query("update category set parent_id = $1 where id = $2")
        .bind(fortnight.categories[0].0)
        .bind(fortnight.categories[1].0)
        .execute(&mut owner)
        .await
        .unwrap();
    let (mut followed, mut shares, mut times) = (0, 0, 0);
    let mut lists: HashMap<String, Vec<String>> = HashMap::new();
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
        // Whatever stands where numbers stand is a link, but a nought that has no list; the names of queues are none.
        for beside in page.texts_beside("td.num, .kpi, .bars .num, .bars .from", "a") {
            if beside.trim() == "0" {
                continue;
            }
            let rest = ["L1", "L2", "L3"]
                .map(|it| beside.matches(it).count())
                .iter()
                .sum::<usize>();
            let digits = beside.chars().filter(char::is_ascii_digit).count();
            assert_eq!(digits, rest, "{path}: a number without a list: {beside}");
        }
        // The rows of its list are as many as it says; a share is that of the rows that say they are the part.
        let links = page.attributes("main a", "href");
        for (href, text) in links.iter().zip(page.texts("main a")) {
            let share = text.contains('%');
            let words = || text.split_whitespace().chain([text.as_str()]);
            let time = words().any(|word| ["d", "h", "min", "s"].contains(&word));
            let told = words().find_map(number).filter(|_| !time && !share);
            if !href.starts_with("/dashboard/tickets?") || told == Some(0) {
                continue;
            }
            let csv = href.replacen("tickets?", "tickets.csv?", 1);
            let known = lists.get(&csv).cloned();
            let rows: Vec<String> = match known {
                Some(rows) => rows,
                None => {
                    let body = client.get(&csv).await.body;
                    for line in body.lines().skip(1) {
                        let at = line.split(',').next().unwrap();
                        assert!(chrono::DateTime::parse_from_rfc3339(at).is_ok(), "{line}");
                    }
                    let counted_as = |line: &str| line.rsplit(',').nth(2).unwrap().to_owned();
                    body.lines().skip(1).map(counted_as).collect()
                }
            };
            lists.insert(csv, rows.clone());
            let measure = href.split(['=', '&']).nth(1).unwrap();
            if let Some(told) = told {
                assert_eq!(rows.len(), told, "{path}: {text}: {href}");
                followed += 1;
            } else if let (true, Ok(several)) = (share, measure.parse::<Several>()) {
                let parts = if several == Several::PassedOrSolved {
                    2
                } else {
                    1
                };
                let parts = &several.measures()[..parts];
                let is_part = |row: &&String| parts.iter().any(|it| it.as_str() == **row);
                let share = Share {
                    part: rows.iter().filter(is_part).count() as u64,
                    whole: rows.len() as u64,
                };
                assert_eq!(percent(share), text, "{path}: {href}");
                shares += 1;
            } else if time {
                assert!(!rows.is_empty(), "{path}: {text}: {href}");
                times += 1;
            }
        }
    }
    assert!(shares > 40 && times > 60, "{shares} {times}");
    assert!(followed > 60, "{followed}");
    let list = client
        .get("/dashboard/tickets?measure=opened&from=2026-10-19&to=2026-11-01")
        .await
        .page();
    let more = list.attribute(".pager a", "href");
    assert_eq!(list.texts("tbody tr").len(), 50);
    assert!(!client.get(&more).await.page().texts("tbody tr").is_empty());
}

/// A place or a width in percent.
fn percents(texts: Vec<String>) -> Vec<f64> {
    let number = |text: &String| text.trim_end_matches('%').parse().unwrap();
    texts.iter().map(number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_never_stands_without_the_numbers_it_comes_from() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let client = fortnight.desk.sign_in(&fortnight.head).await;
    let mut seen = 0;
    for path in [
        "/dashboard?",
        "/dashboard/promises?by=tier&",
        "/dashboard/tiers?",
        "/dashboard/skills?",
    ] {
        let page = client
            .get(&format!("{path}from=2026-10-26&to=2026-11-01"))
            .await
            .page();
        for text in page.texts(".kpi, td.num") {
            let now = text.split("before").next().unwrap();
            let Some((share, rest)) = now.split_once(" %") else {
                continue;
            };
            let share = format!("{} %", share.rsplit(' ').next().unwrap());
            let numbers: Vec<u64> = rest
                .split_whitespace()
                .filter_map(|it| number(it).map(|n| n as u64))
                .collect();
            match numbers[..] {
                [part, whole] => {
                    assert_eq!(percent(Share { part, whole }), share, "{path}: {text}");
                }
                // Where kept and broken have columns of their own, the whole stands below.
                [_] => assert!(rest.trim_start().starts_with("of "), "{path}: {text}"),
                _ => panic!("{path}: a share alone: {text}"),
            }
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_drawn_on_one_scale_with_a_mark_at_their_average() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let client = fortnight.desk.sign_in(&fortnight.head).await;
    for path in ["/dashboard/times", "/dashboard/times?by=team&"] {
        let joint = if path.contains('?') { "" } else { "?" };
        let page = client
            .get(&format!("{path}{joint}from=2026-10-19&to=2026-11-01"))
            .await
            .page();
        let section = "section:has(h2[id^=trb])";
        let bars = page.texts(&format!("{section} .bars .of")).len();
        let rows = page.texts(&format!("{section} tbody tr")).len();
        assert!(bars > 1 && bars == rows, "{path}: {bars} bars, {rows} rows");
        let marks = percents(page.attributes(&format!("{section} .bars .f-mark"), "x"));
        let half = percents(page.attributes(&format!("{section} .bars .f-accent"), "width"));
        let most = percents(page.attributes(&format!("{section} .bars .f-accent-2"), "width"));
        assert_eq!([marks.len(), half.len(), most.len()], [bars; 3], "{path}");
        let ends: Vec<f64> = half.iter().zip(&most).map(|(a, b)| a + b).collect();
        let longest = ends.iter().chain(&marks).fold(0.0_f64, |a, b| a.max(*b));
        assert!((33.0..=100.1).contains(&longest), "{path}: {longest}");
        let scale = page.texts(&format!("{section} .ticks text"));
        assert!(
            scale.len() == 3 && scale[0] == "0" && scale[2].ends_with('h'),
            "{scale:?}"
        );
        for aria in page.attributes(&format!("{section} .bars svg[role=img]"), "aria-label") {
            assert!(
                aria.contains("half within") && aria.contains("on average"),
                "{aria}"
            );
        }
        // Where nothing was counted, no empty scale is drawn.
        let by_bot = "section:has(h2[id^=tbb])";
        assert_eq!(
            page.has(&format!("{by_bot} svg")),
            page.has(&format!("{by_bot} tbody tr"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_time_is_drawn_as_one_time_and_none_as_nothing() {
    let mut fortnight = Fortnight::begin().await;
    fortnight
        .desk
        .clock
        .set("2026-10-19T10:00:00Z".parse().unwrap());
    let id = fortnight.file().await;
    fortnight.desk.clock.advance(TimeDelta::minutes(97));
    let engineer = fortnight.desk.caller(&fortnight.engineer).await;
    let me = Some(fortnight.engineer.id);
    let now = fortnight.desk.now();
    fortnight
        .desk
        .desk
        .assign(&engineer, id, me, None, now)
        .await
        .unwrap();
    let client = fortnight.desk.sign_in(&fortnight.head).await;
    let page = client
        .get("/dashboard/times?from=2026-10-19&to=2026-10-19&compare=none")
        .await
        .page();
    let taken = "section:has(h2[id^=tab])";
    assert_eq!(
        page.text(&format!("{taken} .bars title")),
        page.attribute(&format!("{taken} .bars svg[role=img]"), "aria-label")
    );
    assert!(page.text(&format!("{taken} .bars title")).ends_with(
        "1 ticket: half within 1 h 37 min, nine in ten within 1 h 37 min, on average 1 h 37 min"
    ));
    assert_eq!(
        page.texts(&format!("{taken} td.num")),
        ["1", "1 h 37 min", "1 h 37 min", "1 h 37 min", "1 h 37 min"]
    );
    let nothing = page.texts("section:has(h2[id^=trb])");
    assert!(
        nothing[0].contains("Nothing to count yet") && !page.has("section:has(h2[id^=trb]) svg")
    );
    // A single day is a line across the picture of days.
    let first = client
        .get("/dashboard?from=2026-10-19&to=2026-10-19")
        .await
        .page();
    assert_eq!(first.attribute("polyline.s-mute", "points"), "0,30 1000,30");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_l1_escalates_is_drawn_by_category_with_a_mark_where_a_gap_begins() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let client = fortnight.desk.sign_in(&fortnight.head).await;
    let page = client
        .get("/dashboard/skills?from=2026-10-19&to=2026-11-01")
        .await
        .page();
    let labels = page.texts(".bars .of b");
    assert!(labels.len() > 2, "{labels:?}");
    assert_eq!(labels, page.texts("tbody th"));
    let shares = page.texts(".bars .num");
    let whole: Vec<f64> = shares
        .iter()
        .map(|it| it.trim_end_matches(" %").parse().unwrap())
        .collect();
    let to_l2 = percents(page.attributes(".bars .f-accent", "width"));
    let to_l3 = percents(page.attributes(".bars .f-ink", "width"));
    for (n, share) in whole.iter().enumerate() {
        assert!(
            (to_l2[n] + to_l3[n] - share).abs() < 0.1,
            "{}: {} and {} of {share}",
            labels[n],
            to_l2[n],
            to_l3[n]
        );
    }
    let marks = page.attributes(".bars .f-mark", "x");
    assert!(marks.len() == labels.len() && marks.iter().all(|it| it == "50.00%"));
    let legend = page.texts(".legend").join(" ");
    assert!(legend.contains("50 %, from where it is a gap"), "{legend}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sheet_is_a_table_for_spreadsheets_with_the_very_figures_it_shows() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let client = fortnight.desk.sign_in(&fortnight.head).await;
    let mut compared = 0;
    for path in [
        "/dashboard/promises?by=category&",
        "/dashboard/times?by=period&",
        "/dashboard/flow?",
        "/dashboard/tiers?",
        "/dashboard/workload?",
        "/dashboard/skills?",
    ] {
        let page = client
            .get(&format!("{path}from=2026-10-26&to=2026-11-01"))
            .await
            .page();
        let links = page.attributes(".page-head a", "href");
        let link = links.iter().find(|it| it.contains(".csv?")).unwrap();
        let csv = client.get(link).await;
        assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
        let shown = page.texts("td.num");
        let lines = csv.body.lines().skip(1);
        // Numbers among words: who solved what left L1.
        let (among, lines): (Vec<&str>, Vec<&str>) =
            lines.partition(|it| it.contains(",\"Solved above L1 by, "));
        assert_eq!(lines.len(), shown.len(), "{link}");
        let words = page.texts("td:not(.num) a");
        for (line, shown) in among.iter().zip(&words) {
            let mut last = line.rsplit(',').skip(5);
            assert_eq!(last.next(), Some(shown.as_str()), "{line}");
        }
        if path.contains("skills") {
            assert!(!among.is_empty() && among.len() == words.len(), "{among:?}");
        }
        for (line, shown) in lines.iter().zip(shown) {
            assert!(
                line.starts_with("2026-10-26,2026-11-01,\"Europe/London\","),
                "{line}"
            );
            let mut last: Vec<&str> = line.rsplit(',').take(7).collect();
            last.reverse();
            let now = shown.split("before").next().unwrap();
            let told = |text: &str| text.parse::<u64>().unwrap();
            match last[0] {
                "number" => assert_eq!(number(now), Some(told(last[1]) as usize), "{line}"),
                "share" => {
                    let share = Share {
                        part: told(last[1]),
                        whole: told(last[2]),
                    };
                    assert!(now.starts_with(&percent(share)), "{line}: {shown}");
                }
                "seconds" => assert_eq!(last[1].is_empty(), now.starts_with('–'), "{line}"),
                unit => panic!("{unit}: {line}"),
            }
            compared += 1;
        }
    }
    assert!(compared > 200, "{compared}");
    let wrong = client
        .get("/dashboard/times.csv?from=2026-11-05&to=2026-11-01")
        .await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_one_engineer_names_no_filter_that_does_not_hold_for_it() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let client = fortnight.desk.sign_in(&fortnight.head).await;
    let category = fortnight.categories[0];
    let mut owner = database::connect(&fortnight.desk.database).await;
    let name: String = sqlx::query_scalar("select name from category where id = $1")
        .bind(category.0)
        .fetch_one(&mut owner)
        .await
        .unwrap();
    let path = format!("/dashboard/workload?category={category}&from=2026-10-19&to=2026-11-01");
    let page = client.get(&path).await.page();
    let lists = page.attributes("td.num a", "href");
    assert!(!lists.is_empty());
    for list in lists {
        let head = client.get(&list).await.page().text(".page-head");
        assert!(!head.contains(&name), "{list}: {head}");
    }
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
async fn a_table_says_the_same_before_and_after_its_counts_are_folded() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.file().await;
    let client = fortnight.desk.sign_in(&fortnight.head).await;
    let mut told = Vec::new();
    for folded in [false, true] {
        if folded {
            fortnight.desk.desk.fold_tally().await.unwrap();
        }
        let csv = client.get("/dashboard.csv?period=7d").await.body;
        let mut lines: Vec<String> = csv.split("\r\n").map(str::to_owned).collect();
        lines.sort_unstable();
        assert!(lines.iter().any(|line| line.contains(",opened,1,")));
        assert!(!lines.iter().any(|line| line.contains(",open,")), "{csv}");
        told.push(lines);
    }
    assert_eq!(told[0], told[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_for_spreadsheets_is_named_after_the_days_that_it_speaks_of() {
    let fortnight = Fortnight::begin().await;
    // In London it is Monday already.
    fortnight
        .desk
        .clock
        .set("2026-10-18T23:30:00Z".parse().unwrap());
    let client = fortnight.desk.sign_in(&fortnight.head).await;
    for (asked, days) in [
        ("open", "now-2026-10-19"),
        ("at_risk", "now-2026-10-19"),
        (
            "open&from=2026-10-05&to=2026-10-11",
            "2026-10-05-to-2026-10-11",
        ),
        (
            "opened&from=2026-10-05&to=2026-10-11",
            "2026-10-05-to-2026-10-11",
        ),
    ] {
        let csv = client
            .get(&format!("/dashboard/tickets.csv?measure={asked}"))
            .await;
        assert_eq!(csv.status, 200, "{asked}");
        assert_eq!(
            csv.header("content-disposition"),
            Some(&*format!(
                "attachment; filename=\"tierdesk-tickets-{days}-Europe-London.csv\""
            )),
            "{asked}"
        );
    }
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
            "figures-whole",
            format!("/dashboard/tickets?{days}&measure=resolutions&tier=L1"),
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
