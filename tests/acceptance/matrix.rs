//! Every route × every role (AT-IDOR-1): the expectations are in `matrix.txt`, a file under review. A route that is not
//! in it fails, and so does a row without a route.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use support::world::{PEOPLE, World};

/// What somebody gets: let in (whatever the empty form then says), asked to sign in, refused, or told that there is
/// no such thing.
fn outcome(status: StatusCode, location: Option<&str>) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "sign-in",
        _ if location.is_some_and(|it| it.starts_with("/sign-in")) => "sign-in",
        _ if location.is_some_and(|it| it.starts_with("/confirm")) => "confirm",
        StatusCode::FORBIDDEN => "no",
        StatusCode::NOT_FOUND => "hidden",
        status if status.is_server_error() => "BROKEN",
        _ => "yes",
    }
}

fn expected() -> BTreeMap<String, Vec<String>> {
    include_str!("matrix.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let (route, cells) = line
                .split_once('|')
                .expect("a row is `METHOD /path | cells`");
            let words: Vec<&str> = route.split_whitespace().collect();
            (
                words.join(" "),
                cells.split_whitespace().map(str::to_owned).collect(),
            )
        })
        .collect()
}

#[tokio::test]
async fn every_route_lets_in_whom_the_table_says_and_nobody_else() {
    let mut expected = expected();
    let mut wrong = Vec::new();
    for route in tierdesk_web::table() {
        // Each route gets a desk of its own: some forms end a session or a ticket.
        let world = World::build().await;
        let path = world.path(route.path);
        let mut cells = Vec::new();
        for column in 0..PEOPLE.len() {
            let client = world.client(column).await;
            let (status, headers) = client.knock(route.method, &path).await;
            let location = headers.get("location").and_then(|it| it.to_str().ok());
            cells.push(outcome(status, location).to_owned());
        }
        let name = format!("{} {}", route.method, route.path);
        if expected.remove(&name).as_ref() != Some(&cells) {
            wrong.push(format!("{name:48}| {}", cells.join(" ")));
        }
    }
    assert!(
        wrong.is_empty(),
        "the table says otherwise, or nothing, about ({}):\n{}",
        PEOPLE.join(" "),
        wrong.join("\n")
    );
    assert!(
        expected.is_empty(),
        "rows without a route: {:?}",
        expected.keys()
    );
}

#[tokio::test]
async fn a_ticket_one_must_not_see_looks_like_one_that_does_not_exist() {
    let world = World::build().await;
    let hidden = world.restricted.number.0.to_string();
    // Stranger, engineers of other teams, managers of other teams, administrator: everybody but the requester.
    for column in [2, 3, 4, 5, 6, 7] {
        for route in tierdesk_web::table()
            .into_iter()
            .filter(|it| it.path.contains("/{number}"))
        {
            let client = world.client(column).await;
            let (real, _) = client
                .knock(route.method, &route.path.replace("{number}", &hidden))
                .await;
            let client = world.client(column).await;
            let (none, _) = client
                .knock(route.method, &route.path.replace("{number}", "99999999"))
                .await;
            assert_eq!(
                real, none,
                "{} {} for {}",
                route.method, route.path, PEOPLE[column]
            );
        }
        let client = world.client(column).await;
        let real = client.get(&format!("/tickets/{hidden}")).await;
        let none = client.get("/tickets/99999999").await;
        // Both end with the number of their own request.
        let words = |reply: &support::Reply| {
            let text = reply.page().all_text();
            text.rsplit_once(' ').map(|it| it.0.to_owned())
        };
        assert_eq!(words(&real), words(&none));
    }
}
