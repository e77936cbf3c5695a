//! Figures that managers believe: they are what the events say, day by local day, for whoever may see them; behind each
//! number lie exactly as many rows.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use sqlx::{Executor, Row as _};
use support::axe;
use support::browser::Browser;
use support::database;
use support::product::{Someone, Tierdesk};
use tierdesk_desk::conversation::Afterwards;
use tierdesk_desk::dashboard::{List, ListOf};
use tierdesk_desk::ticket::NewTicket;
use tierdesk_desk::{Caller, DeskError};
use tierdesk_domain::dashboard::{View, When};
use tierdesk_domain::flow::MEASURES;
use tierdesk_domain::handover::Handover;
use tierdesk_domain::id::{CategoryId, OrganisationId, TeamId, TicketId};
use tierdesk_domain::period::Compare;
use tierdesk_domain::sla::{Metric, Policy};
use tierdesk_domain::tally::Measure;
use tierdesk_domain::ticket::{Channel, Impact, Priority, ResolutionCode, Status, Urgency};
use tierdesk_domain::tier::Tier;
use tierdesk_store::configuration;
use tierdesk_store::tally::block::By;
use tierdesk_worker::timer::Sweeper;
use uuid::Uuid;

/// Everything added up, with times.
const TIMES: By = By {
    team: false,
    tier: false,
    priority: false,
    category: false,
    organisation: false,
    person: false,
    times: true,
};
const LONDON: Tz = Tz::Europe__London;

/// A desk over the fortnight in which the clocks go back: two teams, four requesters of two organisations, an engineer of
/// all queues.
struct Fortnight {
    desk: Tierdesk,
    requesters: Vec<Someone>,
    engineer: Someone,
    head: Someone,
    teams: [TeamId; 2],
    categories: Vec<CategoryId>,
    organisations: [OrganisationId; 2],
    tickets: Vec<TicketId>,
    chance: u64,
}

/// Promises of every kind at every priority, short enough that some are broken within days.
pub(crate) async fn promise_everything(desk: &Tierdesk) {
    let mut conn = desk.desk.acquire().await.unwrap();
    let policies = configuration::current::<Policy>(&mut conn, "sla_policy")
        .await
        .unwrap();
    let mut policy = policies.into_iter().next().unwrap();
    for rule in &mut policy.body.rules {
        for targets in rule.targets.values_mut() {
            targets.insert(Metric::NextResponse, 2 * 3_600);
            targets.insert(Metric::PickUp, 3_600);
            targets.insert(Metric::TimeInTier, 8 * 3_600);
        }
    }
    policy.version += 1;
    policy.valid_from = desk.now();
    configuration::insert(&mut conn, "sla_policy", &policy)
        .await
        .unwrap();
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn days(from: &str, to: &str) -> View {
    View {
        when: When::Days {
            from: day(from),
            to: day(to),
        },
        compare: Compare::Nothing,
        ..View::default()
    }
}

/// An event as the table has it.
struct Event {
    at: DateTime<Utc>,
    kind: String,
    by: String,
    data: Value,
    team: Uuid,
    tier: i16,
    priority: i16,
    category: Option<Uuid>,
    organisation: Option<Uuid>,
}

impl Fortnight {
    /// Days of London from the first minute on.
    async fn begin() -> Self {
        let desk = Tierdesk::start().await;
        desk.clock.set("2026-10-18T21:00:00Z".parse().unwrap());
        let boss = desk.administrator("Ines Roth").await;
        let boss = desk.caller(&boss).await;
        let now = desk.now();
        desk.desk
            .set_reporting_zone(&boss, LONDON, now)
            .await
            .unwrap();
        desk.desk.fold_tally().await.unwrap();
        promise_everything(&desk).await;
        let mut organisations = Vec::new();
        for name in ["Harbour", "Quay"] {
            let entered = desk.desk.enter_organisation(&boss, name, false, now).await;
            organisations.push(entered.unwrap());
        }
        let mut requesters = Vec::new();
        let mut owner = database::connect(&desk.database).await;
        for (n, name) in ["Priya Nair", "Tom Okafor", "Lea Sommer", "Max Horn"]
            .into_iter()
            .enumerate()
        {
            let someone = desk.requester(name).await;
            sqlx::query("update person set organisation_id = $2 where id = $1")
                .bind(someone.id.0)
                .bind((n < 3).then(|| organisations[n % 2].0))
                .execute(&mut owner)
                .await
                .unwrap();
            requesters.push(someone);
        }
        let engineer = desk.engineer("Jonas Weber", "Service Desk", Tier::L1).await;
        let teams = [desk.team("Service Desk").await, desk.team("Network").await];
        for team in teams {
            for tier in Tier::ALL {
                desk.join(&engineer, team, tier).await;
            }
        }
        let head = desk.manager("Mara Lind").await;
        let mut conn = desk.desk.acquire().await.unwrap();
        let categories = tierdesk_store::category::all(&mut conn).await.unwrap();
        drop(conn);
        Self {
            desk,
            requesters,
            engineer,
            head,
            teams,
            categories: categories.into_iter().map(|it| it.id).collect(),
            organisations: organisations.try_into().unwrap(),
            tickets: Vec::new(),
            chance: 7,
        }
    }

    fn chance(&mut self, below: u64) -> u64 {
        self.chance = self
            .chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) % below
    }

    fn pick(&mut self, below: usize) -> usize {
        usize::try_from(self.chance(below as u64)).unwrap()
    }

    async fn file(&mut self) -> TicketId {
        let (who, what) = (self.pick(4), self.pick(5));
        let requester = self.requesters[who].clone();
        let category = self.categories[..4].get(what).copied();
        let urgency = [Urgency::Low, Urgency::Medium, Urgency::High][self.pick(3)];
        let new = NewTicket {
            category,
            title: format!("Trouble {}", self.tickets.len()),
            description: "It does not work.".to_owned(),
            impact: Impact::Group,
            urgency,
            host: None,
            channel: Channel::Web,
        };
        let caller = self.desk.caller(&requester).await;
        let filed = self
            .desk
            .desk
            .file_ticket(&caller, new, self.desk.now())
            .await;
        filed.unwrap().id
    }

    /// Two weeks and a bit of whatever happens at a desk; the same each time.
    async fn live(&mut self) {
        for step in 0..420 {
            let minutes = i64::try_from(self.chance(100)).unwrap();
            self.desk.clock.advance(TimeDelta::minutes(minutes));
            if step % 5 == 0 || self.tickets.is_empty() {
                let filed = self.file().await;
                self.tickets.push(filed);
                self.desk.run_bot().await;
                continue;
            }
            let index = self.pick(self.tickets.len());
            let id = self.tickets[index];
            match self.step(id).await {
                Ok(()) | Err(DeskError::State(_) | DeskError::Invalid(_) | DeskError::Conflict) => {
                }
                Err(error) => panic!("{error}"),
            }
            if step % 7 == 0 {
                self.sweep().await;
            }
            // Some is folded already, some is not.
            if step == 200 {
                self.desk.desk.fold_tally().await.unwrap();
            }
        }
        self.sweep().await;
    }

    async fn sweep(&self) {
        let sweeper = Sweeper::new(self.desk.desk.clone());
        sweeper.drain(self.desk.now()).await.unwrap();
    }

    async fn step(&mut self, id: TicketId) -> Result<(), DeskError> {
        let mut conn = self.desk.desk.acquire().await.unwrap();
        let ticket = tierdesk_store::ticket::lock(&mut conn, id).await?.unwrap();
        drop(conn);
        let engineer = self.desk.caller(&self.engineer).await;
        let owner = self
            .requesters
            .iter()
            .find(|it| it.id == ticket.requester)
            .unwrap();
        let requester = self.desk.caller(owner).await;
        let (what, team, tier) = (self.chance(9), self.pick(2), Tier::ALL[self.pick(3)]);
        let (desk, now) = (&self.desk.desk, self.desk.now());
        match what {
            0 | 1 => {
                let me = Some(self.engineer.id);
                desk.assign(&engineer, id, me, ticket.assignee, now).await
            }
            2 => {
                let reply = desk
                    .reply(&engineer, id, "Try again.", Afterwards::Open, now)
                    .await;
                reply.map(|_| ())
            }
            3 => desk.answer(&requester, id, "And now?", now).await,
            4 => {
                let note = Handover {
                    known: "Slow.".to_owned(),
                    tried: "Restart.".to_owned(),
                    evidence: String::new(),
                    ask: "Look at it.".to_owned(),
                };
                let to = (self.teams[team], tier);
                desk.escalate(&engineer, id, ticket.version, to, note, now)
                    .await
            }
            5 => {
                desk.hand_back(&engineer, id, ticket.version, "Not ours.", now)
                    .await
            }
            6 | 7 if ticket.status.is_open() => {
                desk.resolve(&engineer, id, ResolutionCode::Fixed, "Done.", now)
                    .await
            }
            8 if ticket.status == Status::Resolved => {
                desk.reopen(&requester, id, "Again.", now).await
            }
            _ => Ok(()),
        }
    }

    async fn events(&self) -> Vec<Event> {
        let mut owner = database::connect(&self.desk.database).await;
        let rows = sqlx::query("select * from event order by at")
            .fetch_all(&mut owner)
            .await
            .unwrap();
        rows.iter()
            .map(|row| Event {
                at: row.get("at"),
                kind: row.get("kind"),
                by: row.get("actor_kind"),
                data: row.get("data"),
                team: row.get("team_id"),
                tier: row.get("tier"),
                priority: row.get("priority"),
                category: row.get("category_id"),
                organisation: row.get("organisation_id"),
            })
            .collect()
    }

    async fn number(&self, caller: &Caller, view: View, measure: Measure) -> u64 {
        let figures = self
            .desk
            .desk
            .figures(caller, view, TIMES, self.desk.now())
            .await;
        let groups = figures.unwrap().groups;
        let counts = groups.into_values().next().unwrap_or_default().now;
        counts.number(measure) + counts.spread(measure).number()
    }

    /// Pages through the list behind a number.
    async fn rows(&self, caller: &Caller, view: View, of: ListOf) -> usize {
        let (mut after, mut rows) = (None, 0);
        loop {
            let list = List { of, person: None };
            let found =
                self.desk
                    .desk
                    .tickets_behind(caller, view, list, (after, 7), self.desk.now());
            let lines = found.await.unwrap().lines;
            rows += lines.len();
            match lines.last() {
                Some(last) if lines.len() == 7 => after = Some((last.at, last.id)),
                _ => return rows,
            }
        }
    }

    /// The views that are looked at: each filter alone, two together, and single days around the change of the clocks.
    fn views(&self) -> Vec<View> {
        let all = days("2026-10-19", "2026-11-01");
        vec![
            all,
            View {
                team: Some(self.teams[1]),
                ..all
            },
            View {
                tier: Some(Tier::L2),
                ..all
            },
            View {
                priority: Some(Priority::P3),
                ..all
            },
            View {
                category: Some(self.categories[1]),
                ..all
            },
            View {
                category: Some(CategoryId(Uuid::nil())),
                ..all
            },
            View {
                organisation: Some(self.organisations[0]),
                ..all
            },
            View {
                organisation: Some(self.organisations[1]),
                category: Some(self.categories[0]),
                tier: Some(Tier::L1),
                ..all
            },
            days("2026-10-24", "2026-10-24"),
            days("2026-10-25", "2026-10-25"),
            days("2026-10-26", "2026-10-26"),
        ]
    }
}

/// Whether an event is one of a measure's, as plainly as it can be said.
fn is(event: &Event, measure: Measure) -> bool {
    let Some(behind) = measure.behind() else {
        return false;
    };
    let fact = behind.fact.is_none_or(|(path, text)| {
        let value = path.iter().fold(&event.data, |value, part| &value[*part]);
        match (value, text) {
            (Value::Null, _) => false,
            (_, "") => true,
            (Value::Bool(value), text) => value.to_string() == text,
            (value, text) => value == text,
        }
    });
    behind.kinds.iter().any(|kind| kind.as_str() == event.kind)
        && fact
        && behind.by.is_none_or(|by| by.as_str() == event.by)
        && (!behind.above || event.tier > 1)
}

/// Whether a view shows an event: its day is what the clocks of London say.
fn shows(view: &View, event: &Event) -> bool {
    let When::Days { from, to } = view.when else {
        return false;
    };
    let day = event.at.with_timezone(&LONDON).date_naive();
    let same =
        |asked: Option<Uuid>, is: Option<Uuid>| asked.is_none_or(|it| it == is.unwrap_or_default());
    from <= day
        && day <= to
        && same(view.team.map(|it| it.0), Some(event.team))
        && same(view.category.map(|it| it.0), event.category)
        && same(view.organisation.map(|it| it.0), event.organisation)
        && view.tier.is_none_or(|it| it.number() == event.tier)
        && view.priority.is_none_or(|it| it.number() == event.priority)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_is_what_the_events_say_and_its_list_has_that_many_rows() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let events = fortnight.events().await;
    let caller = fortnight.desk.caller(&fortnight.head).await;
    assert!(fortnight.desk.now() > "2026-11-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap());
    let mut seen = 0;
    for folded in [false, true] {
        for view in fortnight.views() {
            for measure in Measure::ALL
                .iter()
                .copied()
                .filter(|it| it.behind().is_some())
            {
                let expected = events
                    .iter()
                    .filter(|it| is(it, measure) && shows(&view, it))
                    .count();
                let number = fortnight.number(&caller, view, measure).await;
                assert_eq!(
                    number, expected as u64,
                    "{measure} of {view:?}, folded: {folded}"
                );
                if folded {
                    let rows = fortnight
                        .rows(&caller, view, ListOf::Counted(measure))
                        .await;
                    assert_eq!(rows, expected, "the list of {measure} of {view:?}");
                }
                seen += expected;
            }
        }
        fortnight.desk.desk.fold_tally().await.unwrap();
    }
    assert!(seen > 2_000, "a busy fortnight: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_between_the_tiers_has_the_same_days_filters_and_lists() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let caller = fortnight.desk.caller(&fortnight.head).await;
    let mut seen = 0;
    for folded in [false, true] {
        for view in fortnight.views() {
            for measure in MEASURES {
                let number = fortnight.number(&caller, view, measure).await;
                let rows = fortnight
                    .rows(&caller, view, ListOf::Counted(measure))
                    .await;
                assert_eq!(number, rows as u64, "{measure} of {view:?}, {folded}");
                seen += number;
            }
            // What a queue handed over is what left it upwards or across.
            let handed = fortnight.number(&caller, view, Measure::HandedOver).await;
            let mut escalated = 0;
            for to in [
                Measure::EscalatedToL1,
                Measure::EscalatedToL2,
                Measure::EscalatedToL3,
            ] {
                escalated += fortnight.number(&caller, view, to).await;
            }
            assert_eq!(handed, escalated, "{view:?}");
        }
        fortnight.desk.desk.fold_tally().await.unwrap();
    }
    assert!(seen > 500, "a busy fortnight: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn percentiles_are_within_five_percent_of_the_sorted_times() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let caller = fortnight.desk.caller(&fortnight.head).await;
    let view = days("2026-10-19", "2026-11-10");
    let figures = fortnight
        .desk
        .desk
        .figures(&caller, view, TIMES, fortnight.desk.now());
    let counts = figures
        .await
        .unwrap()
        .groups
        .into_values()
        .next()
        .unwrap()
        .now;
    let events = fortnight.events().await;
    for (measure, place, seconds) in [
        (Measure::ResolveElapsed, "resolved_in", "elapsed_seconds"),
        (Measure::ResolveBusiness, "resolved_in", "business_seconds"),
        (
            Measure::AcknowledgeElapsed,
            "acknowledged_in",
            "elapsed_seconds",
        ),
        (
            Measure::AcknowledgeBusiness,
            "acknowledged_in",
            "business_seconds",
        ),
    ] {
        let mut times: Vec<i64> = events
            .iter()
            .filter(|it| is(it, measure) && shows(&view, it))
            .map(|it| it.data["internal"][place][seconds].as_i64().unwrap())
            .collect();
        times.sort_unstable();
        assert!(times.len() > 20, "{measure}");
        let spread = counts.spread(measure);
        assert_eq!(
            spread.mean(),
            Some(times.iter().sum::<i64>() / times.len() as i64)
        );
        for percent in [50_usize, 90, 95] {
            let exact = times[(times.len() * percent).div_ceil(100) - 1];
            let found = spread.percentile(u32::try_from(percent).unwrap()).unwrap();
            assert!(
                (found - exact).abs() * 100 <= exact * 5,
                "{measure} p{percent}: {found} for {exact}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_those_from_filing_and_from_reopening_to_the_resolution() {
    let mut fortnight = Fortnight::begin().await;
    // Monday, 10:00; the desk works from 9 to 17 UTC.
    fortnight
        .desk
        .clock
        .set("2026-10-19T10:00:00Z".parse().unwrap());
    let id = fortnight.file().await;
    let engineer = fortnight.desk.caller(&fortnight.engineer).await;
    let (desk, clock) = (fortnight.desk.desk.clone(), fortnight.desk.clock.clone());
    clock.advance(TimeDelta::minutes(90));
    desk.assign(
        &engineer,
        id,
        Some(fortnight.engineer.id),
        None,
        clock.now(),
    )
    .await
    .unwrap();
    // Tuesday, 10:00: seven hours of Monday and one of Tuesday.
    clock.set("2026-10-20T10:00:00Z".parse().unwrap());
    desk.resolve(&engineer, id, ResolutionCode::Fixed, "Done.", clock.now())
        .await
        .unwrap();
    let events = fortnight.events().await;
    let of =
        |kind: &str| events.iter().find(|it| it.kind == kind).unwrap().data["internal"].clone();
    assert_eq!(of("assigned")["acknowledged_in"]["elapsed_seconds"], 5_400);
    assert_eq!(of("assigned")["acknowledged_in"]["business_seconds"], 5_400);
    assert_eq!(of("resolved")["resolved_in"]["elapsed_seconds"], 86_400);
    assert_eq!(of("resolved")["resolved_in"]["business_seconds"], 8 * 3_600);
    assert_eq!(of("resolved")["first_contact"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_late_on_the_last_evening_of_september_utc_is_october_in_london() {
    let mut fortnight = Fortnight::begin().await;
    let caller = fortnight.desk.caller(&fortnight.head).await;
    for (at, september, october) in [
        ("2026-09-30T22:59:59Z", 1, 0),
        ("2026-09-30T23:00:00Z", 1, 1),
        ("2026-10-31T23:59:59Z", 1, 2),
        ("2026-11-01T00:00:00Z", 1, 2),
    ] {
        fortnight.desk.clock.set(at.parse().unwrap());
        fortnight.file().await;
        let number = async |view| fortnight.number(&caller, view, Measure::Opened).await;
        assert_eq!(
            number(days("2026-09-01", "2026-09-30")).await,
            september,
            "{at}"
        );
        assert_eq!(
            number(days("2026-10-01", "2026-10-31")).await,
            october,
            "{at}"
        );
    }
    // The same where an administrator chooses other days afterwards: in UTC, the second one is September's.
    let boss = fortnight.desk.administrator("Otto Berg").await;
    let boss = fortnight.desk.caller(&boss).await;
    let desk = &fortnight.desk.desk;
    desk.set_reporting_zone(&boss, Tz::UTC, fortnight.desk.now())
        .await
        .unwrap();
    assert_eq!(
        fortnight
            .number(&caller, days("2026-10-01", "2026-10-31"), Measure::Opened)
            .await,
        2
    );
    desk.fold_tally().await.unwrap();
    assert_eq!(
        fortnight
            .number(&caller, days("2026-10-01", "2026-10-31"), Measure::Opened)
            .await,
        1
    );
    let refused = desk
        .set_reporting_zone(&caller, LONDON, fortnight.desk.now())
        .await;
    assert!(matches!(refused, Err(DeskError::Denied)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_is_told_by_age_and_each_age_has_its_list() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let caller = fortnight.desk.caller(&fortnight.head).await;
    let mut owner = database::connect(&fortnight.desk.database).await;
    let filed: Vec<DateTime<Utc>> = sqlx::query_scalar(
        "select created_at from ticket where status not in ('resolved', 'closed')",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let local = |at: DateTime<Utc>| at.with_timezone(&LONDON).date_naive();
    let mut expected = [0; 4];
    for at in &filed {
        let age = (local(fortnight.desk.now()) - local(*at)).num_days();
        let place = [2, 7, 30].iter().filter(|limit| age >= **limit).count();
        expected[place] += 1;
    }
    let view = View::default();
    let desk = &fortnight.desk.desk;
    let dashboard = desk
        .dashboard(&caller, view, fortnight.desk.now())
        .await
        .unwrap();
    let mut ages = [0; 4];
    for queue in &dashboard.ages {
        for (sum, n) in ages.iter_mut().zip(queue.open) {
            *sum += n;
        }
    }
    assert_eq!(ages, expected);
    assert!(
        expected.iter().filter(|n| **n > 0).count() >= 2,
        "{expected:?}"
    );
    let rows = fortnight.rows(&caller, view, ListOf::Open(None)).await;
    assert_eq!(rows, filed.len());
    let at_risk: u64 = dashboard.at_risk.iter().map(|it| it.tickets).sum();
    let rows = fortnight.rows(&caller, view, ListOf::AtRisk).await;
    assert_eq!(at_risk, rows as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_never_learns_other_teams_numbers_or_titles() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let network = fortnight.desk.manager("Nora Falk").await;
    let theirs = [fortnight.teams[1]];
    fortnight.desk.answers_for(&network, &theirs).await;
    let caller = fortnight.desk.caller(&network).await;
    let view = days("2026-10-19", "2026-11-10");
    let only = View {
        team: Some(fortnight.teams[1]),
        ..view
    };
    let events = fortnight.events().await;
    for measure in Measure::ALL
        .iter()
        .copied()
        .filter(|it| it.behind().is_some())
    {
        let expected = events
            .iter()
            .filter(|it| is(it, measure) && shows(&only, it))
            .count();
        assert_eq!(
            fortnight.number(&caller, view, measure).await,
            expected as u64,
            "{measure}"
        );
        assert_eq!(
            fortnight
                .rows(&caller, view, ListOf::Counted(measure))
                .await,
            expected,
            "{measure}"
        );
    }
    let client = fortnight.desk.sign_in(&network).await;
    // A ticket that left Network counts there, and says no more than that.
    let moved = client
        .get("/dashboard/tickets?measure=handed_back&from=2026-10-19&to=2026-11-10")
        .await;
    let text = moved.page().all_text();
    assert!(!text.contains("Service Desk"), "{text}");
    assert!(
        text.contains("A ticket that is with another team now"),
        "{text}"
    );
    for path in [
        "/dashboard",
        "/dashboard/promises?by=team",
        "/dashboard/flow",
        "/dashboard/tiers",
        "/dashboard/workload",
        "/dashboard/skills",
        "/dashboard/times?by=team",
    ] {
        let joint = if path.contains('?') { '&' } else { '?' };
        let page = client
            .get(&format!("{path}{joint}from=2026-10-19&to=2026-11-10"))
            .await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.page().all_text().contains("Service Desk"), "{path}");
    }
    let csv = client
        .get("/dashboard.csv?from=2026-10-19&to=2026-11-10")
        .await;
    assert!(!csv.body.contains("Service Desk") && csv.body.contains("\"Network\""));
    // A team that is somebody else's is as if there were none.
    let foreign = fortnight.teams[0];
    for path in [
        "/dashboard",
        "/dashboard.csv",
        "/dashboard/flow",
        "/dashboard/tickets.csv",
    ] {
        let reply = client
            .get(&format!("{path}?team={foreign}&measure=backlog"))
            .await;
        assert_eq!(reply.status, 404, "{path}");
    }
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
        "/dashboard/times?by=team&",
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
        let links = page.attributes("table a", "href");
        let texts = page.texts("table a");
        for (href, text) in links.iter().zip(texts) {
            let Ok(number) = text.replace('\u{202f}', "").parse::<usize>() else {
                continue;
            };
            if !href.starts_with("/dashboard/tickets?") || number == 0 {
                continue;
            }
            let csv = client
                .get(&href.replacen("tickets?", "tickets.csv?", 1))
                .await;
            assert_eq!(csv.body.lines().count() - 1, number, "{path}: {href}");
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
