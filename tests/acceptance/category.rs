//! Categories as administrators edit them: from the next ticket on the new version holds, and whatever rests on a category
//! goes on when it is renamed or retired.

use support::client::Client;
use support::{Someone, Tierdesk, database};
use tierdesk_desk::DeskError;
use tierdesk_desk::ticket::{Filed, NewTicket};
use tierdesk_domain::escalation::{Condition, Effect, Meant};
use tierdesk_domain::id::CategoryId;
use tierdesk_domain::sla::{Metric, Policy};
use tierdesk_domain::ticket::Kind;
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::category::{self, Category};
use tierdesk_store::configuration;

use crate::clock::{Scene, about};
use crate::escalation::rule;

const PAGE: &str = "/admin/categories";

/// A desk with its categories, and an administrator who is signed in.
struct Edited {
    scene: Scene,
    boss: Someone,
    client: Client,
}

impl Edited {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let boss = scene.desk.administrator("Ines Roth").await;
        let client = scene.desk.sign_in(&boss).await;
        Self {
            scene,
            boss,
            client,
        }
    }

    fn desk(&self) -> &Tierdesk {
        &self.scene.desk
    }

    /// The category of that name, in use or retired.
    async fn named(&self, name: &str) -> Category {
        let mut conn = self.desk().desk.acquire().await.unwrap();
        let all = category::every(&mut conn).await.unwrap();
        all.into_iter().find(|it| it.name == name).unwrap()
    }

    /// The names of those in use, in the order in which people see them.
    async fn order(&self) -> Vec<String> {
        let mut conn = self.desk().desk.acquire().await.unwrap();
        let all = category::all(&mut conn).await.unwrap();
        all.into_iter().map(|it| it.name).collect()
    }

    /// Sends the form of a category with these fields changed; the status, and where it led.
    async fn edit(&self, category: &Category, changed: &[(&str, &str)]) -> String {
        let path = format!("{PAGE}/{}", category.id);
        let page = self.client.get(&path).await.page();
        let value = |name: &str| match name {
            "kind" | "team" | "above" => {
                let css = format!("#{name} option[selected]");
                page.attributes(&css, "value").pop().unwrap_or_default()
            }
            other => page.attribute(&format!("[name={other}]"), "value"),
        };
        let names = [
            "version", "based_on", "name", "hint", "kind", "team", "above",
        ];
        let fields = names.map(|name| {
            let new = changed.iter().find(|it| it.0 == name);
            (name, new.map_or_else(|| value(name), |it| it.1.to_owned()))
        });
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, it)| (*name, it.as_str()))
            .collect();
        self.client.post(&path, &fields).await.location()
    }

    async fn retire(&self, category: &Category) -> String {
        self.switch(category, "retire").await
    }

    async fn switch(&self, category: &Category, what: &str) -> String {
        let path = format!("{PAGE}/{}/{what}", category.id);
        let version = category.version.to_string();
        let reply = self.client.post(&path, &[("version", &version)]).await;
        reply.location()
    }

    /// A ticket in a category.
    async fn file(&self, category: CategoryId) -> Result<Filed, DeskError> {
        let caller = self.desk().caller(&self.scene.requester).await;
        let new = NewTicket {
            category: Some(category),
            ..about("VPN is slow")
        };
        let now = self.desk().now();
        self.desk().desk.file_ticket(&caller, new, now).await
    }

    /// What the log says was done to categories, oldest first.
    async fn logged(&self) -> Vec<String> {
        let mut owner = database::connect(&self.desk().database).await;
        let rows = "select action from audit where object_kind = 'category' and actor_id = $1 order by seq";
        let rows = sqlx::query_scalar(rows).bind(self.boss.id.0);
        rows.fetch_all(&mut owner).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_filed_after_a_change_lands_at_the_new_teams_l1_and_names_the_version() {
    let it = Edited::new().await;
    it.desk().engineer("Ana", "Network", Tier::L1).await;
    let network = it.desk().team("Network").await.to_string();
    let category = it.named("Network or connection").await;
    let before = it.file(category.id).await.unwrap();
    it.edit(&category, &[("team", &network), ("kind", "request")])
        .await;
    let after = it.file(category.id).await.unwrap();
    for (ticket, team, kind, version) in [
        (before, "Service Desk", Kind::Incident, 1),
        (after, "Network", Kind::Request, 2),
    ] {
        let stands = it.desk().stands(ticket.id).await;
        assert_eq!((stands.team.as_str(), stands.tier), (team, 1));
        assert_eq!(it.scene.ticket(ticket.id).await.kind, kind);
        let opened = it.scene.events(ticket.id, EventKind::Opened).await;
        assert_eq!(opened[0]["internal"]["category_version"], version);
    }
    assert_eq!(it.logged().await, ["category.saved"]);

    // The list and the versions say who gets what, and who said so.
    let page = it.client.get(PAGE).await.page();
    let row = page.text(&format!("tr#c-{}", category.id));
    assert!(
        row.contains("Network L1") && row.contains("Version 2"),
        "{row}"
    );
    assert!(row.contains("Ines Roth"), "{row}");
    let page = it.client.get(&format!("{PAGE}/{}", category.id)).await;
    let says = page.page().texts("td[data-l='What it says']");
    assert!(says[0].contains("Request, to Network"), "{says:?}");
    assert!(says[1].contains("Incident, to Service Desk"), "{says:?}");
    // The form can begin with an earlier version.
    let earlier = format!("{PAGE}/{}?version=1", category.id);
    let earlier = it.client.get(&earlier).await.page();
    assert!(earlier.has("#kind option[value=incident][selected]"));
    assert_eq!(earlier.attribute("[name=version]", "value"), "2");
    // What says the same is no version.
    let category = it.named("Network or connection").await;
    it.edit(&category, &[]).await;
    assert_eq!(it.named("Network or connection").await.version, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_that_only_its_members_read_gets_its_tickets_alone_and_one_that_is_retired_gets_none()
 {
    let it = Edited::new().await;
    let vera = it.desk().engineer("Vera Sand", "Security", Tier::L1).await;
    let security = it.desk().team("Security").await.to_string();
    let mut owner = database::connect(&it.desk().database).await;
    let mut set = async |what: &'static str| {
        sqlx::query(what).execute(&mut owner).await.unwrap();
    };
    set("update team set restricted = true where name = 'Security'").await;
    let category = it.named("Something else").await;
    it.edit(&category, &[("team", &security)]).await;
    let ticket = it.file(category.id).await.unwrap();
    let address = format!("/tickets/{}", ticket.number.0);
    let outside = it.desk().sign_in(&it.scene.engineer).await;
    assert_eq!(outside.get(&address).await.status, 404);
    let inside = it.desk().sign_in(&vera).await;
    assert_eq!(inside.get(&address).await.status, 200);

    set("update team set retired_at = now() where name = 'Security'").await;
    let ticket = it.file(category.id).await.unwrap();
    assert_eq!(it.desk().stands(ticket.id).await.team, "Service Desk");
    let page = it.client.get(PAGE).await.page();
    let row = page.text(&format!("tr#c-{}", category.id));
    assert!(row.contains("Service Desk"), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_works_at_l1_the_list_and_the_choice_say_so() {
    let it = Edited::new().await;
    it.desk().engineer("Luis Prado", "Network", Tier::L2).await;
    let network = it.desk().team("Network").await.to_string();
    let category = it.named("Something else").await;
    let page = it
        .client
        .get(&format!("{PAGE}/{}", category.id))
        .await
        .page();
    let offered = page.text(&format!("#team option[value='{network}']"));
    assert_eq!(offered, "Network (nobody at L1)");
    it.edit(&category, &[("team", &network)]).await;
    let page = it.client.get(PAGE).await.page();
    let row = page.text(&format!("tr#c-{}", category.id));
    assert!(row.contains("Nobody at L1"), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_category_cannot_be_chosen_its_tickets_stay_in_it_and_it_can_come_back() {
    let it = Edited::new().await;
    let category = it.named("Computer or phone").await;
    let ticket = it.file(category.id).await.unwrap();
    let page = it.retire(&category).await;
    assert_eq!(
        page,
        format!("{PAGE}/{}?said=category_retired", category.id)
    );

    // Nobody is offered it, and nobody gets a ticket in by its id.
    let priya = it.desk().sign_in(&it.scene.requester).await;
    let form = priya.get("/tickets/new").await.page();
    let offered = form.attributes("[name=category]", "value");
    assert_eq!(offered.len(), 5);
    assert!(!offered.contains(&category.id.to_string()));
    let id = category.id.to_string();
    let fields = [
        ("category", id.as_str()),
        ("title", "It is broken"),
        ("description", "Since today"),
        ("impact", "person"),
        ("urgency", "low"),
    ];
    let refused = priya.upload("/tickets/new", &fields, &[]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.page().has("#category[aria-describedby]"));
    assert!(matches!(
        it.file(category.id).await,
        Err(DeskError::Invalid(_))
    ));

    // Its ticket keeps it, and engineers read so.
    assert_eq!(it.scene.ticket(ticket.id).await.category, Some(category.id));
    let engineer = it.desk().sign_in(&it.scene.engineer).await;
    let page = engineer.get(&format!("/tickets/{}", ticket.number.0)).await;
    let chosen = page.page().text("#subject #category option[selected]");
    assert!(chosen.contains("Computer or phone"), "{chosen}");
    // The list shows it apart.
    let page = it.client.get(PAGE).await.page();
    assert!(!page.has(&format!("tr#c-{id}")));
    let apart = page.texts("section:has(#r-h) tbody th");
    assert!(apart[0].contains("Computer or phone"), "{apart:?}");
    // It cannot be edited while it is retired.
    let retired = it.named("Computer or phone").await;
    let page = it.client.get(&format!("{PAGE}/{id}")).await.page();
    assert!(!page.has("#name") && page.has("form[action$='/return']"));
    let form = [("version", "2"), ("name", "Laptop"), ("kind", "incident")];
    let late = it.client.post(&format!("{PAGE}/{id}"), &form).await;
    assert_eq!(late.status, 409);

    // It comes back behind the others, and only once.
    it.switch(&retired, "return").await;
    let order = it.order().await;
    assert_eq!(order.last().unwrap(), "Computer or phone");
    let again = format!("{PAGE}/{id}/return");
    let again = it.client.post(&again, &[("version", "3")]).await;
    assert_eq!(again.status, 409);
    it.file(category.id).await.unwrap();
    let logged = [
        "category.saved",
        "category.retired",
        "category.saved",
        "category.brought_back",
    ];
    assert_eq!(it.logged().await, logged);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_one_in_use_is_not_retired_also_by_two_at_a_time() {
    let it = Edited::new().await;
    let order = it.order().await;
    for name in &order[2..] {
        it.retire(&it.named(name).await).await;
    }
    let (one, two) = (it.named(&order[0]).await, it.named(&order[1]).await);
    let caller = it.desk().caller(&it.boss).await;
    let (desk, now) = (&it.desk().desk, it.desk().now());
    let both = tokio::join!(
        desk.retire_category(&caller, (one.id, one.version), now),
        desk.retire_category(&caller, (two.id, two.version), now),
    );
    assert_eq!([&both.0, &both.1].iter().filter(|it| it.is_ok()).count(), 1);
    assert_eq!(it.order().await.len(), 1);
    let last = it.named(&it.order().await[0]).await;
    let path = format!("{PAGE}/{}/retire", last.id);
    let version = last.version.to_string();
    let refused = it.client.post(&path, &[("version", &version)]).await;
    assert_eq!(refused.status, 409);
    let text = refused.page().all_text();
    assert!(text.contains("it is the only one left"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_edit_one_category_the_later_keeps_what_they_typed() {
    let it = Edited::new().await;
    let category = it.named("Something else").await;
    it.edit(&category, &[("hint", "Whatever it is")]).await;
    let path = format!("{PAGE}/{}", category.id);
    let form = |version: &'static str| {
        [
            ("version", version),
            ("based_on", "1"),
            ("name", "Everything else"),
            ("hint", "Ask us"),
            ("kind", "request"),
            ("team", ""),
            ("above", ""),
        ]
    };
    let late = it.client.post(&path, &form("1")).await;
    assert_eq!(late.status, 409);
    let page = late.page();
    assert_eq!(page.attribute("#name", "value"), "Everything else");
    assert_eq!(page.attribute("#hint", "value"), "Ask us");
    assert!(page.has("#kind option[value=request][selected]"));
    let text = page.all_text();
    assert!(
        text.contains("Somebody else changed this category"),
        "{text}"
    );
    assert!(
        text.contains("Whatever it is"),
        "the version between: {text}"
    );
    // Sent again it is the next version.
    assert_eq!(page.attribute("[name=version]", "value"), "2");
    let saved = it.client.post(&path, &form("2")).await;
    saved.location();
    assert_eq!(it.named("Everything else").await.version, 3);
    let path = format!("{path}/retire");
    let late = it.client.post(&path, &[("version", "2")]).await;
    assert_eq!(late.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_belongs_to_one_category_in_use_and_what_is_wrong_is_said_beside_its_field() {
    let it = Edited::new().await;
    let add = async |name: &str, hint: &str, kind: &str, team: &str| {
        let fields = [
            ("name", name),
            ("hint", hint),
            ("kind", kind),
            ("team", team),
        ];
        it.client.post(&format!("{PAGE}/new"), &fields).await
    };
    let long = "x".repeat(201);
    for (name, hint, kind, team, field) in [
        ("something ELSE", "", "incident", "", "name"),
        (" ", "", "incident", "", "name"),
        ("Printing", long.as_str(), "incident", "", "hint"),
        ("Printing", "", "wish", "", "kind"),
        ("Printing", "", "incident", "nobody", "team"),
    ] {
        let refused = add(name, hint, kind, team).await;
        assert_eq!(refused.status, 422, "{field}");
        let page = refused.page();
        assert!(page.has(&format!("#{field}[aria-invalid=true]")), "{field}");
        assert!(page.has(&format!("#{field}-e")), "{field}");
        assert_eq!(page.attribute("#hint", "value"), hint);
    }
    let added = add("Printing", "Paper", "incident", "").await.location();
    assert!(added.starts_with(PAGE), "{added}");
    assert_eq!(it.order().await.last().unwrap(), "Printing");

    // A retired one frees its name, and does not get it back from its heir.
    it.retire(&it.named("Printing").await).await;
    let first = it.named("Printing").await;
    add("printing", "Toner", "incident", "").await.location();
    let path = format!("{PAGE}/{}/return", first.id);
    let refused = it.client.post(&path, &[("version", "2")]).await;
    assert_eq!(refused.status, 409);
    let text = refused.page().all_text();
    assert!(
        text.contains("another category has its name by now"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_category_belongs_under_another_one_and_never_under_itself() {
    let it = Edited::new().await;
    let above = it.named("Computer or phone").await;
    let id = above.id.to_string();
    let fields = [("name", "Laptop"), ("kind", "incident"), ("above", &id)];
    let added = it.client.post(&format!("{PAGE}/new"), &fields).await;
    added.location();
    let laptop = it.named("Laptop").await;
    assert_eq!(laptop.parent, Some(above.id));
    let priya = it.desk().sign_in(&it.scene.requester).await;
    let text = priya.get("/tickets/new").await.page().text("#category");
    assert!(text.contains("Computer or phone · Laptop"), "{text}");
    let page = it.client.get(&format!("{PAGE}/{id}")).await.page();
    assert!(page.text("#uses").contains("Laptop belongs under it"));
    for below in [laptop.id, above.id] {
        let below = below.to_string();
        assert!(!page.has(&format!("#above option[value='{below}']")));
        let fields = [
            ("version", "1"),
            ("name", "Computer"),
            ("kind", "incident"),
            ("above", &below),
        ];
        let refused = it.client.post(&format!("{PAGE}/{id}"), &fields).await;
        assert_eq!(refused.status, 422);
        assert!(refused.page().has("#above[aria-invalid=true]"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_names_a_category_means_those_that_belong_under_it() {
    let it = Edited::new().await;
    let network = it.named("Network or connection").await;
    let text = "category:\"Network or connection\"";
    let condition = Condition::Matches {
        filter: Box::new(Meant {
            text: text.to_owned(),
            ..Meant::default()
        }),
    };
    let note = Effect::AddNote {
        text: "About the network".to_owned(),
    };
    it.scene.save("Network", rule(condition, vec![note])).await;
    let mut conn = it.desk().desk.acquire().await.unwrap();
    let policies = configuration::current::<Policy>(&mut conn, "sla_policy").await;
    let mut policy = policies.unwrap().remove(0).body;
    drop(conn);
    let mut of_network = policy.rules.last().unwrap().clone();
    "Of the network".clone_into(&mut of_network.name);
    of_network.when.categories = [network.id].into();
    for targets in of_network.targets.values_mut() {
        targets.insert(Metric::Resolution, 2 * 3_600);
    }
    policy.rules.insert(0, of_network);
    let (caller, now) = (it.desk().caller(&it.boss).await, it.desk().now());
    let (desk, begins) = (&it.desk().desk, (None, chrono_tz::Tz::UTC));
    desk.save_promises(&caller, 1, begins, policy, now)
        .await
        .unwrap();

    let above = network.id.to_string();
    let fields = [("name", "VPN"), ("kind", "incident"), ("above", &above)];
    let added = it.client.post(&format!("{PAGE}/new"), &fields).await;
    added.location();
    let vpn = it.named("VPN").await;
    let ticket = it.file(vpn.id).await.unwrap().id;
    it.scene.release(ticket).await;
    it.scene.sweep().await;
    let promised = async || {
        let mut conn = desk.acquire().await.unwrap();
        let all = tierdesk_store::clock::projections(&mut conn, ticket).await;
        let mut all = all.unwrap().into_iter();
        let found = all.find(|it| it.metric == Metric::Resolution).unwrap();
        (found.target_seconds, found.due_at.unwrap())
    };
    let two_hours = it.scene.ticket(ticket).await.created_at + chrono::TimeDelta::hours(2);
    assert_eq!(promised().await, (2 * 3_600, two_hours));
    let fired = it.scene.events(ticket, EventKind::RuleFired).await;
    assert!(fired.iter().any(|it| it["rule"] == "Network"), "{fired:?}");
    let engineer = it.scene.caller().await;
    let listed = async |text: &str| {
        let now = it.desk().now();
        let found = desk.filtered(&engineer, text, None, (None, 10), now).await;
        found.unwrap().lines.len()
    };
    assert_eq!(listed(text).await, 1);
    assert_eq!(listed(&format!("-{text}")).await, 0);
    let uses = async || {
        let page = it.client.get(&format!("{PAGE}/{}", vpn.id)).await.page();
        page.texts("#uses li").len()
    };
    assert_eq!(uses().await, 2);

    // Once it belongs to nothing, it has the promise of all others; what was counted stays.
    it.scene.pass(chrono::TimeDelta::minutes(10));
    it.edit(&vpn, &[("above", "")]).await;
    it.scene.sweep().await;
    assert_eq!(promised().await.0, 24 * 3_600);
    assert_eq!((listed(text).await, uses().await), (0, 0));
    assert_eq!(it.scene.recount().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_move_a_category_and_an_order_that_changed_meanwhile_is_shown_instead() {
    let it = Edited::new().await;
    let order = it.order().await;
    let page = it.client.get(PAGE).await.page();
    let second = it.named(&order[1]).await;
    let css = format!("tr#c-{} button", second.id);
    let beside = page.attributes(&css, "value");
    assert_eq!(page.attributes(&css, "name"), ["before", "behind"]);
    let path = format!("{PAGE}/{}/move", second.id);
    let up = [("before", beside[0].as_str())];
    // The second time nothing is left to do.
    for _ in 0..2 {
        let moved = it.client.post(&path, &up).await.location();
        assert_eq!(moved, format!("{PAGE}?said=saved#c-{}", second.id));
        let now = it.order().await;
        assert_eq!(
            now[..3],
            [order[1].clone(), order[0].clone(), order[2].clone()]
        );
    }
    let priya = it.desk().sign_in(&it.scene.requester).await;
    let form = priya.get("/tickets/new").await.page();
    let first = form.attributes("[name=category]", "value").remove(0);
    assert_eq!(first, second.id.to_string());
    let down = [("behind", beside[1].as_str())];
    let late = it.client.post(&path, &down).await;
    assert_eq!(late.status, 409);
    assert!(
        late.page()
            .all_text()
            .contains("The order changed meanwhile")
    );
    assert_eq!(it.client.post(&path, &[]).await.status, 400);
    // Its place is no version of it: whoever edits it meanwhile is not late.
    assert_eq!(it.named(&order[1]).await.version, 1);
    assert_eq!(it.logged().await, ["category.moved"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_promises_figures_and_filters_go_on_when_a_category_is_renamed_and_retired() {
    let it = Edited::new().await;
    let category = it.named("Network or connection").await;
    let text = "category:\"Network or connection\"";
    let condition = || Condition::Matches {
        filter: Box::new(Meant {
            text: text.to_owned(),
            ..Meant::default()
        }),
    };
    let note = Effect::AddNote {
        text: "About the network".to_owned(),
    };
    let rule_id = it
        .scene
        .save("Network", rule(condition(), vec![note.clone()]))
        .await;
    let mut conn = it.desk().desk.acquire().await.unwrap();
    let policies = configuration::current::<Policy>(&mut conn, "sla_policy").await;
    let mut policy = policies.unwrap().remove(0).body;
    let mut of_network = policy.rules[0].clone();
    "Of the network".clone_into(&mut of_network.name);
    of_network.when.categories = [category.id].into();
    policy.rules.insert(0, of_network);
    drop(conn);
    let caller = it.desk().caller(&it.boss).await;
    let now = it.desk().now();
    let desk = &it.desk().desk;
    desk.save_promises(&caller, 1, (None, chrono_tz::Tz::UTC), policy, now)
        .await
        .unwrap();
    let fires = async |ticket: &Filed| {
        it.scene.release(ticket.id).await;
        it.scene.pass(chrono::TimeDelta::minutes(1));
        it.scene.sweep().await;
        let fired = it.scene.events(ticket.id, EventKind::RuleFired).await;
        fired.iter().any(|it| it["rule"] == "Network")
    };
    let page = it.client.get(&format!("{PAGE}/{}", category.id)).await;
    let uses = page.page().texts("#uses li");
    assert_eq!(
        uses,
        [
            "Promises, rule “Of the network”",
            "Escalation rule “Network”"
        ]
    );

    it.edit(&category, &[("name", "Net")]).await;
    let ticket = it.file(category.id).await.unwrap();
    assert!(fires(&ticket).await);
    // What was written before still means it: a filter in a link, and the rule that is saved again as it is.
    let engineer = it.scene.caller().await;
    let found = async |text: &str| {
        let now = it.desk().now();
        let found = desk.filtered(&engineer, text, None, (None, 10), now).await;
        found.map(|it| it.lines.len())
    };
    assert_eq!(found(text).await.unwrap(), 1);
    assert_eq!(found("category:net").await.unwrap(), 1);
    let again = rule(condition(), vec![note.clone()]);
    let now = it.desk().now();
    desk.save_rule(&caller, Some((rule_id, 1)), "Network", true, again, now)
        .await
        .unwrap();
    assert!(fires(&it.file(category.id).await.unwrap()).await);
    assert!(found("category:\"No such thing\"").await.is_err());

    it.retire(&it.named("Net").await).await;
    assert_eq!(found("category:net").await.unwrap(), 2);
    assert!(it.named("Net").await.retired);
    // The promise's form keeps it, and the figures tell its tickets apart by name.
    let page = it.client.get("/admin/promises").await.page();
    let kept = format!("[name=r0-categories][value='{}']", category.id);
    assert!(page.has(&format!("{kept}[checked]")));
    assert!(!page.has(&format!("[name=r1-categories][value='{}']", category.id)));
    let mara = it.desk().manager("Mara Lind").await;
    let mara = it.desk().sign_in(&mara).await;
    let narrowed = format!("/dashboard?category={}", category.id);
    let narrowed = mara.get(&narrowed).await;
    assert_eq!(narrowed.status, 200);
    let chosen = narrowed.page().text("#category option[selected]");
    assert_eq!(chosen, "Net (retired)");
    // Another one that takes the first name takes its meaning too.
    let fields = [("name", "Network or connection"), ("kind", "incident")];
    it.client
        .post(&format!("{PAGE}/new"), &fields)
        .await
        .location();
    assert_eq!(found(text).await.unwrap(), 0);
    assert_eq!(it.scene.recount().await, Vec::<String>::new());
}
