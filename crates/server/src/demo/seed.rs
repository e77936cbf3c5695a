//! A month at the demo company, lived through desk functions with a clock of its own.
//!
//! Nothing here knows the database's tables: people file, engineers answer and the worker works, only that the times are
//! of the past. What the product does by itself (the bot, escalation rules, clocks) happens on the way, and stories give
//! way to it.

mod deeds;
mod notices;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use indicatif::ProgressBar;
use tierdesk_agent::Config;
use tierdesk_desk::caller::Origin;
use tierdesk_desk::founding::Entry;
use tierdesk_desk::ticket::NewTicket;
use tierdesk_desk::{Caller, Desk, DeskError};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::Principal;
use tierdesk_domain::id::{CategoryId, PersonId, TeamId, TicketId, TicketNumber};
use tierdesk_domain::ticket::Channel;
use tierdesk_domain::tier::Tier;
use tierdesk_store::{category, person, timer};
use tierdesk_worker::Worker;

use super::company::{self, GUIDES, PEOPLE, Part, TEAMS};
use super::hosts;
use super::on_call;
use super::skills;
use super::story::{self, Step, Story, tell};
use super::time::{Chance, into_hours, later};
use super::vantage::{Vantage, WorkingPage};
use notices::{Bell, Whose};

/// How many tickets the company files.
pub(super) const TICKETS: usize = 120;
/// Over how many days.
const DAYS: i64 = 30;
/// The last days were busy ones: so many of the tickets are of them.
const BUSY_DAYS: i64 = 4;
const BUSY_TICKETS: usize = 44;
/// In each queue of those whose sign-in is printed up to so many wait at the end, whatever the hour of the first start.
const WAITING_EACH: usize = 2;
/// Between the steps of those, so that they wait only since a moment ago.
const WAITING_STEP: TimeDelta = TimeDelta::minutes(6);
/// How long those take, in percent of the usual: work in hand is mostly what takes longer.
const PACES: [u32; 6] = [100, 100, 200, 400, 900, 1600];

/// Somebody of the company, as a caller.
struct Someone {
    id: PersonId,
    site: &'static str,
    caller: Caller,
    queues: Vec<(TeamId, Tier)>,
    files_tickets: bool,
    /// Whether escalation paths may tell them.
    in_charge: bool,
    bell: Bell,
}

/// A ticket whose story goes on.
struct Thread {
    id: TicketId,
    number: TicketNumber,
    story: &'static Story,
    requester: usize,
    telling: usize,
    next: usize,
    ends: Ends,
    /// When its requester reads it next.
    reads: Option<DateTime<Utc>>,
}

/// How far a story is told, and how fast.
#[derive(Debug, Clone, Copy)]
enum Ends {
    /// To its end; its steps take so many percent of what the story says.
    Told(u32),
    /// It waits after so many steps.
    WaitsAfter(usize),
}

/// What happens at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// The story with that number is filed.
    Filed(usize),
    /// The next step of that thread.
    Step(usize),
    /// The person with that number looks at what they were told.
    Look(usize),
    /// The requester of that thread reads it.
    Read(usize),
}

pub(super) struct Seeder<'a> {
    desk: &'a Desk,
    worker: &'a Worker,
    people: Vec<Someone>,
    teams: HashMap<&'static str, TeamId>,
    categories: HashMap<String, CategoryId>,
    vantage: Option<Vantage>,
    page: Option<WorkingPage>,
    chance: Chance,
    /// What is filed, by the number of its telling.
    plans: Vec<(&'static Story, Ends)>,
    threads: Vec<Thread>,
    agenda: BinaryHeap<Reverse<(DateTime<Utc>, usize, Happening)>>,
    entered: usize,
    /// The time until which everything has happened.
    clock: DateTime<Utc>,
}

/// When the company begins to use the desk.
pub(super) fn founded(now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::days(DAYS + 60)
}

/// Lets the company live through its month. `now` is its end.
pub(super) async fn seed(
    desk: &Desk,
    worker: &Worker,
    machine: &Config,
    now: DateTime<Utc>,
    progress: &ProgressBar,
) -> anyhow::Result<()> {
    let mut seeder = Seeder {
        desk,
        worker,
        people: Vec::new(),
        teams: HashMap::new(),
        categories: HashMap::new(),
        vantage: None,
        page: WorkingPage::open(),
        chance: Chance::new(),
        plans: Vec::new(),
        threads: Vec::new(),
        agenda: BinaryHeap::new(),
        entered: 0,
        clock: founded(now),
    };
    seeder
        .found(founded(now), progress)
        .await
        .context("cannot found the demo company")?;
    seeder
        .enrol(machine, founded(now))
        .await
        .context("cannot enrol the demo's hosts")?;
    seeder.plan(now);
    seeder.live(now, progress).await?;
    if let Some(people) = seeder.named() {
        skills::leave(desk, &people, now).await?;
    }
    Ok(())
}

impl Seeder<'_> {
    /// Enters the organisation, teams and people.
    async fn found(&mut self, at: DateTime<Utc>, progress: &ProgressBar) -> anyhow::Result<()> {
        let system = Caller::machine(Actor::system());
        self.desk
            .set_reporting_zone(&system, company::ZONE, at)
            .await?;
        let organisation = self
            .desk
            .enter_organisation(&system, company::NAME, false, at)
            .await?;
        for (name, description) in TEAMS {
            let team = self.desk.enter_team(&system, name, description, at).await?;
            self.teams.insert(name, team);
        }
        let password = self
            .desk
            .hash_password(company::PASSWORD.to_owned())
            .await?;
        for someone in &PEOPLE {
            let queues: Vec<_> = match someone.part {
                Part::Engineer(queues) => queues
                    .iter()
                    .filter_map(|(team, tier)| Some((*self.teams.get(team)?, *tier)))
                    .collect(),
                _ => Vec::new(),
            };
            let address = company::address(someone.name);
            let entry = Entry {
                name: someone.name,
                email: &address,
                source: "demo",
                organisation: Some(organisation),
                site: Some(someone.site),
                time_zone: zone_of(someone.site),
                manager: matches!(someone.part, Part::Manager),
                administrator: matches!(someone.part, Part::Administrator),
                queues: &queues,
                password_hash: Some(&password),
            };
            let id = self.desk.enter_person(&system, &entry, at).await?;
            let principal = self.principal(id).await?;
            self.people.push(Someone {
                id,
                site: someone.site,
                caller: Caller::person(principal, Origin::default()),
                queues,
                files_tickets: matches!(someone.part, Part::Requester),
                in_charge: matches!(someone.part, Part::Manager) || on_call::is_asked(someone.name),
                bell: Bell::default(),
            });
            progress.inc(1);
        }
        let mut conn = self.desk.acquire().await?;
        for found in category::all(&mut conn).await? {
            self.categories.insert(found.name, found.id);
        }
        drop(conn);
        if let Some(people) = self.named() {
            skills::found(self.desk, &people, &self.teams, &self.categories, at).await?;
            on_call::enter(self.desk, &people, &self.teams, at).await?;
        }
        Ok(())
    }

    /// Everybody by name, where somebody configures.
    fn named(&self) -> Option<skills::People<'_>> {
        let administers = PEOPLE
            .iter()
            .position(|it| matches!(it.part, Part::Administrator))?;
        let administrator = &self.people.get(administers)?.caller;
        let named = PEOPLE.iter().zip(&self.people);
        Some(skills::People {
            administrator,
            ids: named
                .map(|(it, someone)| (it.name, (someone.id, &someone.caller)))
                .collect(),
        })
    }

    /// Lets the hosts join: eleven that were recorded elsewhere, and this very machine.
    async fn enrol(&mut self, machine: &Config, at: DateTime<Utc>) -> anyhow::Result<()> {
        hosts::recorded(self.desk, at).await?;
        self.worker.prepare(at).await?;
        self.vantage = Some(Vantage {
            host: hosts::join(self.desk, machine, at).await?,
            config: machine.clone(),
        });
        Ok(())
    }

    async fn principal(&self, id: PersonId) -> anyhow::Result<Principal> {
        let mut conn = self.desk.acquire().await?;
        person::principal(&mut conn, id)
            .await?
            .context("somebody who was entered is not there")
    }

    /// Spreads the stories over the month, denser in the mornings, and lets the last ones wait for whoever signs in.
    fn plan(&mut self, now: DateTime<Utc>) {
        let stories: Vec<_> = story::all()
            .into_iter()
            .filter(|it| self.page.is_some() || !it.names_page())
            .collect();
        let begin = now - TimeDelta::days(DAYS);
        let waiting = waiting(&stories);
        let told = TICKETS - waiting.len();
        let busy = BUSY_TICKETS - waiting.len();
        let calm = told - busy;
        for number in 0..told {
            let (from, days, place, of) = match number.checked_sub(calm) {
                None => (0, DAYS - BUSY_DAYS, number, calm),
                Some(place) => (DAYS - BUSY_DAYS, BUSY_DAYS, place, busy),
            };
            let span = usize::try_from(days * 24 * 60).unwrap_or(1);
            let share = span * place / of + self.chance.below(span / of);
            let share = from * 24 * 60 + i64::try_from(share).unwrap_or(0);
            let opening = into_hours(begin + TimeDelta::minutes(share));
            let minutes = u32::try_from(self.chance.below(240)).unwrap_or(0);
            let at = later(opening, minutes);
            // Towards the end some would be filed tomorrow; they were filed a little earlier instead.
            let at = if at < now {
                at
            } else {
                now - TimeDelta::minutes(i64::from(minutes) + 3)
            };
            let pace = match number.checked_sub(calm) {
                Some(_) => self.chance.one_of(&PACES).copied().unwrap_or(100),
                None => 100,
            };
            self.file_at(at, stories[number % stories.len()], Ends::Told(pace));
        }
        for (story, steps) in waiting {
            let since = WAITING_STEP * i32::try_from(steps + 1).unwrap_or(1);
            self.file_at(now - since, story, Ends::WaitsAfter(steps));
        }
    }

    fn file_at(&mut self, at: DateTime<Utc>, story: &'static Story, ends: Ends) {
        self.plans.push((story, ends));
        self.enter(at, Happening::Filed(self.plans.len() - 1));
    }

    fn enter(&mut self, at: DateTime<Utc>, what: Happening) {
        self.entered += 1;
        self.agenda.push(Reverse((at, self.entered, what)));
    }

    /// Everything in the order in which it happened, the worker always at hand.
    async fn live(&mut self, now: DateTime<Utc>, progress: &ProgressBar) -> anyhow::Result<()> {
        loop {
            self.pass_time(now).await?;
            let Some(Reverse((at, _, what))) = self.agenda.pop() else {
                return Ok(());
            };
            if at >= now {
                return Ok(());
            }
            match what {
                Happening::Filed(number) => {
                    self.file(number, at).await?;
                    self.ring(Whose::All, at).await?;
                    progress.inc(1);
                }
                Happening::Step(thread) => {
                    self.step(thread, at).await?;
                    self.ring(Whose::All, at).await?;
                }
                // Who looks or reads tells nobody anything.
                Happening::Look(person) => self.look(person, (at, now)).await?,
                Happening::Read(thread) => self.read(thread, (at, now)).await?,
            }
        }
    }

    /// Lets the worker do what is due until the next thing happens, or until `now`, each at its own time.
    async fn pass_time(&mut self, now: DateTime<Utc>) -> anyhow::Result<()> {
        loop {
            // Whom the worker tells something may be the next to do something.
            let until = self.next_at(now);
            let mut conn = self.desk.acquire().await?;
            let next = timer::earliest_after(&mut conn, self.clock).await?;
            drop(conn);
            self.clock = next.unwrap_or(until).min(until);
            if self.worker.drain(self.clock).await? > 0 {
                self.ring(Whose::InCharge, self.clock).await?;
            }
            if self.clock == until {
                return Ok(());
            }
        }
    }

    async fn file(&mut self, telling: usize, at: DateTime<Utc>) -> anyhow::Result<()> {
        let (story, ends) = self.plans[telling];
        let requester = self.requester_of(telling).context("nobody files tickets")?;
        let page = self.page.as_ref().map(WorkingPage::url).unwrap_or_default();
        let someone = &self.people[requester];
        let new = NewTicket {
            category: self.categories.get(story.category).copied(),
            title: tell(story.title, someone.site, telling, &page),
            description: tell(story.text, someone.site, telling, &page),
            impact: story.impact,
            urgency: story.urgency,
            host: None,
            channel: Channel::Web,
        };
        let filed = self.desk.file_ticket(&someone.caller, new, at).await?;
        self.threads.push(Thread {
            id: filed.id,
            number: filed.number,
            story,
            requester,
            telling,
            next: 0,
            ends,
            reads: None,
        });
        self.go_on(self.threads.len() - 1, at);
        match &self.vantage {
            Some(vantage) if story.names_page() => vantage.work(self.desk, self.worker, at).await,
            _ => Ok(()),
        }
    }

    /// Who files the ticket of that number: anybody, and every tenth time the requester whose sign-in is printed.
    fn requester_of(&mut self, telling: usize) -> Option<usize> {
        if telling % 10 == 3 {
            return PEOPLE.iter().position(|it| it.name == GUIDES[0].0);
        }
        let requesters: Vec<_> = (0..self.people.len())
            .filter(|at| self.people[*at].files_tickets)
            .collect();
        self.chance.one_of(&requesters).copied()
    }

    /// Puts the next step of a thread on the agenda.
    fn go_on(&mut self, thread: usize, at: DateTime<Utc>) {
        let Thread {
            story, next, ends, ..
        } = self.threads[thread];
        let Some(Step(minutes, _)) = story.steps.get(next) else {
            return;
        };
        let at = match ends {
            Ends::Told(pace) => {
                // Nobody is exactly as quick as the time before.
                let share = u32::try_from(self.chance.below(60)).unwrap_or(0);
                later(at, minutes * (75 + share) * pace / 10_000)
            }
            Ends::WaitsAfter(steps) if next == steps => return,
            Ends::WaitsAfter(_) => at + WAITING_STEP,
        };
        self.enter(at, Happening::Step(thread));
    }

    async fn step(&mut self, thread: usize, at: DateTime<Utc>) -> anyhow::Result<()> {
        let Some(Step(_, deed)) = self.threads[thread]
            .story
            .steps
            .get(self.threads[thread].next)
        else {
            return Ok(());
        };
        self.threads[thread].next += 1;
        let done = self.act(thread, *deed, at).await;
        match done {
            Ok(()) => {}
            // The bot, a rule or the clock was there first; the story gives way.
            Err(
                error @ (DeskError::State(_)
                | DeskError::Invalid(_)
                | DeskError::Conflict
                | DeskError::Denied),
            ) => {
                tracing::debug!(%error, ticket = %self.threads[thread].number.0, ?deed, "a step was not needed");
            }
            Err(error) => {
                return Err(error).with_context(|| {
                    format!("ticket {} could not go on", self.threads[thread].number.0)
                });
            }
        }
        self.read_soon(thread, at);
        self.go_on(thread, at);
        Ok(())
    }
}

/// Stories for the queues of those whose sign-in is printed, and after how many steps each waits there.
fn waiting(stories: &[&'static Story]) -> Vec<(&'static Story, usize)> {
    let guides = PEOPLE
        .iter()
        .filter(|it| GUIDES.iter().any(|guide| guide.0 == it.name));
    let queues = guides.filter_map(|it| match it.part {
        Part::Engineer(queues) => queues.last(),
        _ => None,
    });
    queues
        .flat_map(|(team, tier)| {
            stories
                .iter()
                .filter(|it| !it.names_page())
                .filter_map(|it| Some((*it, it.steps_to(team, *tier)?)))
                .take(WAITING_EACH)
        })
        .chain([(&story::EMERGENCY, story::EMERGENCY.steps.len())])
        .collect()
}

fn zone_of(site: &str) -> &'static str {
    match site {
        "Lyon" => "Europe/Paris",
        "Gdańsk" => "Europe/Warsaw",
        _ => "Europe/Lisbon",
    }
}
