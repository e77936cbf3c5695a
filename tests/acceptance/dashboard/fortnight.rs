//! Two weeks and a bit of whatever happens at a desk, and what its events say in plain words.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use sqlx::Row as _;
use support::database;
use support::product::{Someone, Tierdesk};
use tierdesk_desk::conversation::Afterwards;
use tierdesk_desk::dashboard::{List, ListOf};
use tierdesk_desk::ticket::NewTicket;
use tierdesk_desk::{Caller, DeskError};
use tierdesk_domain::dashboard::{View, When};
use tierdesk_domain::handover::Handover;
use tierdesk_domain::id::{CategoryId, OrganisationId, TeamId, TicketId};
use tierdesk_domain::period::Compare;
use tierdesk_domain::tally::Measure;
use tierdesk_domain::ticket::{Channel, Impact, Priority, ResolutionCode, Status, Urgency};
use tierdesk_domain::tier::Tier;
use tierdesk_store::tally::block::By;
use tierdesk_worker::timer::Sweeper;
use uuid::Uuid;

use super::promise_everything;

/// Everything added up, with times.
pub(super) const TIMES: By = By {
    team: false,
    tier: false,
    priority: false,
    category: false,
    organisation: false,
    person: false,
    times: true,
};
pub(super) const LONDON: Tz = Tz::Europe__London;

/// A desk over the fortnight in which the clocks go back: two teams, four requesters of two organisations, an engineer of
/// all queues.
pub(super) struct Fortnight {
    pub(super) desk: Tierdesk,
    pub(super) requesters: Vec<Someone>,
    pub(super) engineer: Someone,
    pub(super) head: Someone,
    pub(super) teams: [TeamId; 2],
    pub(super) categories: Vec<CategoryId>,
    pub(super) organisations: [OrganisationId; 2],
    pub(super) tickets: Vec<TicketId>,
    pub(super) chance: u64,
}

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(super) fn days(from: &str, to: &str) -> View {
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
pub(super) struct Event {
    pub(super) at: DateTime<Utc>,
    pub(super) kind: String,
    pub(super) by: String,
    pub(super) data: Value,
    pub(super) team: Uuid,
    pub(super) tier: i16,
    pub(super) priority: i16,
    pub(super) category: Option<Uuid>,
    pub(super) organisation: Option<Uuid>,
}

impl Fortnight {
    /// Days of London from the first minute on.
    pub(super) async fn begin() -> Self {
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

    pub(super) fn chance(&mut self, below: u64) -> u64 {
        self.chance = self
            .chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) % below
    }

    pub(super) fn pick(&mut self, below: usize) -> usize {
        usize::try_from(self.chance(below as u64)).unwrap()
    }

    pub(super) async fn file(&mut self) -> TicketId {
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
    pub(super) async fn live(&mut self) {
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

    pub(super) async fn sweep(&self) {
        let sweeper = Sweeper::new(self.desk.desk.clone());
        sweeper.drain(self.desk.now()).await.unwrap();
    }

    pub(super) async fn step(&mut self, id: TicketId) -> Result<(), DeskError> {
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
                    evidence: "The run at 08:24.".to_owned(),
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

    pub(super) async fn events(&self) -> Vec<Event> {
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

    pub(super) async fn number(&self, caller: &Caller, view: View, measure: Measure) -> u64 {
        let figures = self
            .desk
            .desk
            .figures(caller, view, TIMES, self.desk.now())
            .await;
        let groups = figures.unwrap().groups;
        let counts = groups.into_values().next().unwrap_or_default().now;
        counts.number(measure) + counts.spread(measure).number()
    }

    /// How long the list behind a number is.
    pub(super) async fn rows(&self, caller: &Caller, view: View, of: ListOf) -> usize {
        self.lines(caller, view, of).await.len()
    }

    /// Pages through the list behind a number: what each row was counted as.
    pub(super) async fn lines(
        &self,
        caller: &Caller,
        view: View,
        of: ListOf,
    ) -> Vec<Option<Measure>> {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let list = List {
                of,
                person: None,
                alone: false,
            };
            let found =
                self.desk
                    .desk
                    .tickets_behind(caller, view, list, (after, 7), self.desk.now());
            let lines = found.await.unwrap().lines;
            all.extend(lines.iter().map(|line| line.counted_as));
            match lines.last() {
                Some(last) if lines.len() == 7 => after = Some((last.at, last.id)),
                _ => return all,
            }
        }
    }

    /// The views that are looked at: each filter alone, two together, and single days around the change of the clocks.
    pub(super) fn views(&self) -> Vec<View> {
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
