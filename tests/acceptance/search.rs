//! Search finds what its reader may open, all of it, and nothing else.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use support::{Client, Someone, Tierdesk, database};
use tierdesk_domain::excerpt::Sought;
use tierdesk_domain::id::TeamId;
use tierdesk_domain::tier::Tier;
use tierdesk_store::team;
use uuid::Uuid;

async fn search(client: &Client, text: &str) -> String {
    let query: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let reply = client.get(&format!("/search?q={query}")).await;
    assert_eq!(reply.status, 200, "{text}: {}", reply.body);
    reply.body
}

#[tokio::test]
async fn a_number_opens_its_ticket_for_those_who_may_open_it() {
    let desk = Tierdesk::start().await;
    let ana = desk.requester("Ana Lind").await;
    let ben = desk.requester("Ben Other").await;
    let leo = desk
        .engineer("Leo Engineer", "Service Desk", Tier::L1)
        .await;
    let ticket = desk.file(&ana, "Printer", "blank pages").await;
    let number = ticket.number.0;
    let leo = desk.sign_in(&leo).await;
    for text in [
        format!("%23{number}"),
        format!("TD-{number}"),
        format!("td-{number}"),
    ] {
        assert_eq!(
            leo.get(&format!("/search?q={text}")).await.location(),
            format!("/tickets/{number}")
        );
    }
    assert!(
        search(&leo, &number.to_string())
            .await
            .contains(&format!("href=\"/tickets/{number}\""))
    );
    let ana = desk.sign_in(&ana).await;
    assert_eq!(
        ana.get(&format!("/search?q=%23{number}")).await.location(),
        format!("/my/{number}")
    );
    let ben = search(&desk.sign_in(&ben).await, &format!("#{number}")).await;
    assert!(ben.contains("Nothing found"));
}

#[tokio::test]
async fn words_are_found_in_titles_descriptions_and_messages_and_marked_as_text() {
    let desk = Tierdesk::start().await;
    let ana = desk.requester("Ana Lind").await;
    let leo = desk
        .engineer("Leo Engineer", "Service Desk", Tier::L1)
        .await;
    let odd = desk
        .file(&ana, "<script>alert(1)</script> zebra", "nothing")
        .await;
    let described = desk
        .file(
            &ana,
            "Second",
            "the zebras <img src=x onerror=alert(2)> are loose",
        )
        .await;
    let said = desk.file(&ana, "Third", "nothing here").await;
    let caller = desk.caller(&leo).await;
    desk.desk
        .note(&caller, said.id, "a zebra, between us", desk.now())
        .await
        .unwrap();
    let body = search(&desk.sign_in(&leo).await, "zebra").await;
    for ticket in [odd, described, said] {
        assert!(body.contains(&format!("/tickets/{}\"", ticket.number.0)));
    }
    assert!(body.contains("<mark>zebra</mark>") && body.contains("<mark>zebras</mark>"));
    assert!(
        !body.contains("<script>alert") && !body.contains("<img src=x"),
        "text stays text"
    );
    let own = search(&desk.sign_in(&ana).await, "zebra").await;
    assert!(own.contains(&format!("/my/{}\"", odd.number.0)));
    assert!(
        !own.contains("between us") && !own.contains(&format!("/my/{}\"", said.number.0)),
        "notes are not found by their requester"
    );
}

#[tokio::test]
async fn what_is_marked_is_what_the_database_found() {
    let desk = Tierdesk::start().await;
    let texts = [
        include_str!("../../README.md"),
        include_str!("../../docs/clocks.md"),
        include_str!("../../docs/bench.md"),
        include_str!("../../docs/architecture.md"),
        include_str!("../../docs/routing.md"),
        include_str!("../../docs/running.md"),
        include_str!("../../docs/security.md"),
    ];
    let words: BTreeSet<String> = texts
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphabetic()))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let words: Vec<String> = words.into_iter().collect();
    let lexemes: Vec<Option<String>> = sqlx::query_scalar(
        "select (tsvector_to_array(to_tsvector('english', word)))[1] from unnest($1::text[]) with ordinality as it (word, n) order by n",
    )
    .bind(&words)
    .fetch_all(&desk.desk.pool)
    .await
    .unwrap();
    let lexemes = words.into_iter().zip(lexemes);
    let found: Vec<_> = lexemes
        .filter_map(|(word, lexeme)| Some((word, lexeme?)))
        .collect();
    assert!(found.len() > 1_000, "{}", found.len());
    let wrong: Vec<_> = found
        .iter()
        .filter(|(word, lexeme)| !Sought::new([lexeme.clone()]).marked(word)[0].hit)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test]
async fn no_statement_of_a_search_takes_longer_than_two_seconds() {
    let desk = Tierdesk::start().await;
    let limit = async |conn: &mut tierdesk_store::PgConnection| -> String {
        let shown = sqlx::query_scalar("show statement_timeout");
        shown.fetch_one(conn).await.unwrap()
    };
    let mut tx = tierdesk_store::search::begin(&desk.desk.pool)
        .await
        .unwrap();
    assert_eq!(limit(&mut tx).await, "2s");
    let slow = sqlx::query("select pg_sleep(3)").execute(&mut *tx).await;
    let code = slow.unwrap_err();
    let code = code.as_database_error().and_then(|it| it.code());
    assert_eq!(code.as_deref(), Some("57014"));
    drop(tx);
    let mut conn = desk.desk.acquire().await.unwrap();
    assert_eq!(limit(&mut conn).await, "5s", "it ends with the search");
}

/// Where the people lead to that a text finds.
async fn people(client: &Client, text: &str) -> Vec<(String, String)> {
    let reply = client.get(&format!("/search?q={text}")).await;
    assert_eq!(reply.status, 200, "{text}: {}", reply.body);
    let page = reply.page();
    let links = "[aria-labelledby=people-h] a";
    let names = page.texts(links).into_iter();
    names.zip(page.attributes(links, "href")).collect()
}

#[tokio::test]
async fn staff_find_the_people_of_whom_they_may_open_a_page_and_requesters_find_nobody() {
    let desk = Tierdesk::start().await;
    let zach = desk.requester("Zacharias Quill").await;
    let leo = desk
        .engineer("Leo Zacharow", "Service Desk", Tier::L1)
        .await;
    let kim = desk.engineer("Kim Zachau", "Identity", Tier::L2).await;
    let tickets = |who: &Someone| (who.name.clone(), format!("/search?person={}", who.id));
    let account = |who: &Someone| (who.name.clone(), format!("/admin/people/{}", who.id));
    let has = |who: &Someone| {
        let list = format!("/dashboard/tickets?measure=backlog&person={}", who.id);
        (who.name.clone(), list)
    };
    // Those whose name begins so come first.
    let everybody = [&zach, &kim, &leo];

    let client = desk.sign_in(&leo).await;
    assert_eq!(people(&client, "zach").await, everybody.map(tickets));
    assert_eq!(people(&client, "zacharias").await, [tickets(&zach)]);

    let boss = desk.administrator("Ines Roth").await;
    let client = desk.sign_in(&boss).await;
    assert_eq!(people(&client, "zach").await, everybody.map(account));
    let page = client.get(&account(&zach).1).await;
    assert_eq!(page.status, 200);
    // Who is both goes on to both.
    let service_desk = desk.team("Service Desk").await;
    desk.join(&boss, service_desk, Tier::L1).await;
    let client = desk.sign_in(&boss).await;
    let (name, address) = account(&zach);
    let also = (format!("Account {name}"), address);
    assert_eq!(people(&client, "zacharias").await, [tickets(&zach), also]);

    // Managers: those whose work they answer for.
    let manager = desk.manager("Mara Lind").await;
    let client = desk.sign_in(&manager).await;
    assert_eq!(people(&client, "zach").await, [&kim, &leo].map(has));
    desk.answers_for(&manager, &[service_desk]).await;
    let client = desk.sign_in(&manager).await;
    assert_eq!(people(&client, "zach").await, [has(&leo)]);
    let caller = desk.caller(&leo).await;
    let filed = desk.file(&zach, "The plotter", "is out of ink").await;
    desk.desk
        .assign(&caller, filed.id, Some(leo.id), None, desk.now())
        .await
        .unwrap();
    let list = client.get(&has(&leo).1).await;
    assert_eq!(list.status, 200);
    assert!(list.body.contains("The plotter"), "{}", list.body);
    desk.answers_for(&manager, &[]).await;
    for who in [&manager, &zach] {
        let client = desk.sign_in(who).await;
        assert!(people(&client, "zach").await.is_empty(), "{}", who.name);
    }
    for (who, expected) in [(&leo, 200), (&zach, 403), (&manager, 403)] {
        let page = desk.sign_in(who).await.get(&tickets(&zach).1).await;
        assert_eq!(page.status, expected, "{}", who.name);
    }
}

#[tokio::test]
async fn hits_come_in_pages() {
    let desk = Tierdesk::start().await;
    let ana = desk.requester("Ana Lind").await;
    for n in 0..25 {
        desk.file(&ana, &format!("zebra {n}"), "stripes").await;
    }
    let ana = desk.sign_in(&ana).await;
    let first = ana.get("/search?q=zebra").await.body;
    let second = ana.get("/search?q=zebra&page=1").await.body;
    assert_eq!(first.matches("href=\"/my/").count(), 20);
    assert_eq!(second.matches("href=\"/my/").count(), 5);
    assert!(
        first.contains("rel=\"next\"")
            && !second.contains("rel=\"next\"")
            && second.contains("rel=\"prev\"")
    );
}

#[tokio::test]
async fn no_text_breaks_the_search() {
    let desk = Tierdesk::start().await;
    let leo = desk
        .engineer("Leo Engineer", "Service Desk", Tier::L1)
        .await;
    let leo = desk.sign_in(&leo).await;
    for text in [
        "'",
        "\"",
        "\"open",
        "-",
        ":*",
        "a & | ! (",
        "\\",
        "%",
        "\u{0}",
        "the of and",
        "’; drop table ticket; --",
        "\u{E000}x\u{E001}",
        "😀",
        "-secret",
        "a or b",
        &"x ".repeat(3_000),
    ] {
        search(&leo, text).await;
    }
    for query in [
        "",
        "?page=999999999999",
        "?page=-1",
        "?person=x",
        "?person=00000000-0000-4000-8000-000000000000&page=18446744073709551615",
        "?q=a&page=49",
    ] {
        assert_eq!(
            leo.get(&format!("/search{query}")).await.status,
            200,
            "{query}"
        );
    }
    assert_eq!(desk.visitor().get("/search?q=x").await.status, 303);
}

/// Where a word may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Title,
    Description,
    Answer,
    Note,
    Nowhere,
}

#[tokio::test]
async fn what_is_found_is_exactly_what_may_be_opened() {
    let desk = Tierdesk::start().await;
    let open: TeamId = desk.team("Service Desk").await;
    let secret = TeamId(Uuid::now_v7());
    let mut conn = desk.desk.acquire().await.unwrap();
    team::insert(&mut conn, secret, "Investigations", "", true, desk.now())
        .await
        .unwrap();
    drop(conn);
    let requesters = [
        desk.requester("Ana Lind").await,
        desk.requester("Ben Other").await,
    ];
    let leo = desk
        .engineer("Leo Engineer", "Service Desk", Tier::L1)
        .await;
    let ida = desk.requester("Ida Investigator").await;
    desk.join(&ida, secret, Tier::L1).await;
    let boss = desk.manager("Mia Manager").await;
    let admin = desk.administrator("Ada Administrator").await;

    let places = prop_oneof![
        Just(Place::Title),
        Just(Place::Description),
        Just(Place::Answer),
        Just(Place::Note),
        Just(Place::Nowhere)
    ];
    let strategy = proptest::collection::vec((0..2_usize, any::<bool>(), places), 30);
    let drawn = strategy
        .new_tree(&mut TestRunner::deterministic())
        .unwrap()
        .current();
    let mut tickets = Vec::new();
    for (owner, restricted, place) in drawn {
        let word = |here: Place| {
            if place == here {
                "a zebra here"
            } else {
                "nothing here"
            }
        };
        let owner: &Someone = &requesters[owner];
        let ticket = desk
            .file(owner, word(Place::Title), word(Place::Description))
            .await;
        let writer = desk.caller(&leo).await;
        desk.desk
            .note(&writer, ticket.id, word(Place::Note), desk.now())
            .await
            .unwrap();
        let caller = desk.caller(owner).await;
        desk.desk
            .answer(&caller, ticket.id, word(Place::Answer), desk.now())
            .await
            .unwrap();
        let mut conn = database::connect(&desk.database).await;
        let team = if restricted { secret } else { open };
        sqlx::query("update ticket set team_id = $2 where id = $1")
            .bind(ticket.id.0)
            .bind(team.0)
            .execute(&mut conn)
            .await
            .unwrap();
        tickets.push((ticket, place));
    }
    for reader in [&requesters[0], &requesters[1], &leo, &ida, &boss, &admin] {
        let client = desk.sign_in(reader).await;
        let mut found = String::new();
        for page in 0..3 {
            found.push_str(
                &client
                    .get(&format!("/search?q=zebra&page={page}"))
                    .await
                    .body,
            );
        }
        for (ticket, place) in &tickets {
            let number = ticket.number.0;
            let workspace = client.get(&format!("/tickets/{number}")).await;
            let internal = workspace.status == 200;
            let public = internal || workspace.status == 303;
            let may = match place {
                Place::Nowhere => false,
                Place::Note => internal,
                Place::Title | Place::Description | Place::Answer => public,
            };
            let shown = found.contains(&format!("/tickets/{number}\""))
                || found.contains(&format!("/my/{number}\""));
            assert_eq!(
                shown, may,
                "{}: {number} with the word in {place:?}",
                reader.name
            );
        }
    }
}

/// The width of the page as far as one can scroll, beside the width of the window.
async fn widths(browser: &support::browser::Browser) -> (i64, i64) {
    let script = "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]";
    let found = browser.page.execute(script, Vec::new()).await.unwrap();
    (found[0].as_i64().unwrap(), found[1].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engineer_searches_in_a_real_browser_at_any_width() {
    let Some(browser) = support::browser::Browser::open().await else {
        return;
    };
    let desk = Tierdesk::start().await;
    let ana = desk.requester("Zebedee Lind").await;
    let leo = desk
        .engineer("Leo Engineer", "Service Desk", Tier::L1)
        .await;
    let ticket = desk
        .file(&ana, "The zebra scanner prints nothing", "Since Monday the zebra-label-scanner-with-a-very-long-name-that-does-not-break prints nothing at all.")
        .await;
    let caller = desk.caller(&leo).await;
    desk.desk
        .note(
            &caller,
            ticket.id,
            "An internal word about the zebra",
            desk.now(),
        )
        .await
        .unwrap();
    let base = desk.serve().await;
    let cookie = desk.sign_in(&leo).await.cookie().unwrap().to_owned();
    browser.goto(&format!("{base}/healthz")).await;
    let set = "document.cookie = 'session=' + arguments[0] + '; path=/'";
    browser
        .page
        .execute(set, vec![cookie.into()])
        .await
        .unwrap();
    browser.goto(&format!("{base}/search")).await;
    browser.fill("#q", "zeb").await;
    browser.fill("#q", "zebra").await;
    browser.click("form[role=search] button").await;
    browser
        .wait_for_text("The zebra scanner prints nothing")
        .await;
    assert!(browser.has("mark").await);
    for width in [320, 1440] {
        browser.page.set_window_size(width, 900).await.unwrap();
        browser.goto(&format!("{base}/search?q=zeb")).await;
        browser.wait_for_text("Zebedee Lind").await;
        browser.goto(&format!("{base}/search?q=zebra")).await;
        let (all, window) = widths(&browser).await;
        assert!(all <= window, "{width}: {all} is wider than {window}");
        if let Ok(folder) = std::env::var("TIERDESK_PICTURES") {
            let picture = browser.page.screenshot().await.unwrap();
            std::fs::write(format!("{folder}/search-{width}.png"), picture).unwrap();
        }
    }
    browser.click("ol a").await;
    browser
        .wait_for_text("An internal word about the zebra")
        .await;
}

#[tokio::test]
async fn people_are_found_by_the_beginnings_of_the_words_of_their_name_and_address() {
    let desk = Tierdesk::start().await;
    desk.requester("Zacharias Quill-Young").await;
    let leo = desk
        .engineer("Leo Engineer", "Service Desk", Tier::L1)
        .await;
    let leo = desk.sign_in(&leo).await;
    for found in ["Zach", "quill zach", "YOUNG", "zacharias.quill", "quill-y"] {
        assert!(
            search(&leo, found).await.contains("Zacharias Quill-Young"),
            "{found}"
        );
    }
    for other in ["acharias", "zach leo", "%", ":*", "'", "zach:* | leo"] {
        assert!(
            !search(&leo, other).await.contains("Zacharias Quill-Young"),
            "{other}"
        );
    }
}

#[tokio::test]
async fn where_the_last_days_hold_enough_hits_older_ones_are_not_looked_at_and_the_page_says_so() {
    let desk = Tierdesk::start().await;
    // Ids begin with the real time, which the search compares with.
    desk.clock.set(chrono::Utc::now());
    let ana = desk.requester("Ana Lind").await;
    let leo = desk
        .engineer("Leo Engineer", "Service Desk", Tier::L1)
        .await;
    for n in 0..50 {
        desk.file(&ana, &format!("zebra {n}"), "stripes").await;
    }
    let seldom = desk.file(&ana, "okapi", "stripes as well").await;
    let leo = desk.sign_in(&leo).await;
    let often = search(&leo, "zebra").await;
    assert_eq!(often.matches("href=\"/tickets/").count(), 20);
    let newest_only = tierdesk_domain::text::t("search.newest_only");
    assert!(often.contains(newest_only));
    let rare = search(&leo, "okapi").await;
    assert!(rare.contains(&format!("/tickets/{}\"", seldom.number.0)));
    assert!(!rare.contains(newest_only));
}

#[tokio::test]
async fn a_persons_list_goes_on_to_their_very_first_ticket() {
    let desk = Tierdesk::start().await;
    let ana = desk.requester("Ana Lind").await;
    let leo = desk
        .engineer("Leo Engineer", "Service Desk", Tier::L1)
        .await;
    let ticket = desk.file(&ana, "Printer", "blank pages").await;
    let mut owner = database::connect(&desk.database).await;
    sqlx::query(
        "insert into ticket select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'number', nextval('ticket_number'),
             'updated_at', t.updated_at + n * interval '1 second'))).*
         from ticket t, generate_series(1, 1060) n where t.id = $1",
    )
    .bind(ticket.id.0)
    .execute(&mut owner)
    .await
    .unwrap();
    let leo = desk.sign_in(&leo).await;
    let mut address = format!("/search?person={}&page=49", ana.id.0);
    let mut seen = Vec::new();
    // From page 50 of 54 on; more pages than that are a loop.
    for _ in 0..10 {
        let page = leo.get(&address).await.page();
        seen.extend(page.attributes("ol.rows a", "href"));
        match page.attributes("a[rel=next]", "href").pop() {
            Some(next) => address = next,
            None => break,
        }
    }
    assert_eq!(seen.len(), 1061 - 49 * 20);
    assert_eq!(
        seen.last(),
        Some(&format!("/tickets/{}", ticket.number.0)),
        "the oldest comes last"
    );
}
