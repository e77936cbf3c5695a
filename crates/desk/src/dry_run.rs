//! Dry runs: a changed rule, policy or calendar tried on the tickets of the last days, before it is saved. The same pure
//! engine that runs the desk replays their histories; nothing is written.

mod run;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::calendar::{Calendar, CalendarDocument};
use tierdesk_domain::clock::{Book, Outcome, Version, clocks};
use tierdesk_domain::escalation::{Effect, MAX_MOVES, Past, Rule, firings, firings_of_all};
use tierdesk_domain::id::{DocumentId, TeamId, TicketNumber};
use tierdesk_domain::sla::{Metric, Policy};
use tierdesk_domain::tier::Tier;
use tierdesk_store::{PgConnection, team};

use crate::clock::Told;
use crate::error::{DeskError, Result};
use crate::rulebook::RULE;
use crate::{Caller, Desk};

use run::begins;
pub use run::{DryRun, Progress};

type Staffed = BTreeSet<(TeamId, Tier)>;

/// The longest time back, in days.
pub const MAX_DAYS: u32 = 90;
/// The most tickets that are listed; the counts are of all.
pub const MAX_LINES: usize = 50;

/// What was tried on which tickets.
#[derive(Debug)]
pub struct Trial<T> {
    /// So many days back.
    pub days: u32,
    /// So many tickets were looked at.
    pub looked: usize,
    /// What came of it.
    pub outcome: T,
    /// Tickets on which both versions differ first, each newest first; at most [`MAX_LINES`].
    pub lines: Vec<Line>,
    /// So many more are not listed.
    pub more: usize,
}

/// What one version of a rule would have done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// It would have fired so often.
    pub fired: usize,
    /// It would have moved a ticket so often: to queues in which somebody works today, and no further than rules may.
    pub moved: usize,
    /// It would have asked for somebody with a skill so often; who was there then is not known.
    pub asked: usize,
    /// It would have raised a priority so often.
    pub raised: usize,
}

/// A rule as it is now beside the changed one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleOutcome {
    /// As it is now; none for a new rule.
    pub before: Option<Done>,
    /// As it was changed.
    pub after: Done,
}

/// What another policy or calendar would have changed: with the version that is in force, and with the changed one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PromiseOutcome {
    /// Broken promises by kind.
    pub broken: BTreeMap<Metric, (usize, usize)>,
    /// What the rules that are switched on would have done, all together.
    pub rules: (Done, Done),
}

/// What would have happened at another time, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// This promise would have broken.
    Promise(Metric),
    /// The rule of this name would have fired.
    Rule(String),
}

/// A ticket on which something would have happened.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its number.
    pub number: TicketNumber,
    /// Its title, for those who may read the ticket (decision 15).
    pub title: Option<String>,
    /// To what; none where one rule is tried.
    pub about: Option<About>,
    /// When it would have happened as things are now.
    pub before: Option<DateTime<Utc>>,
    /// When with the change.
    pub after: Option<DateTime<Utc>>,
}

impl Desk {
    /// Tries a rule on the tickets of the last `days`, beside the version of `id` that is in force.
    ///
    /// # Errors
    /// As [`Desk::save_rule`] for a rule that could not be saved; [`DeskError::NotFound`] for a rule that is none.
    pub async fn replay_rule(
        &self,
        caller: &Caller,
        id: Option<DocumentId>,
        rule: Rule,
        days: u32,
        now: DateTime<Utc>,
    ) -> Result<DryRun<RuleOutcome>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let rule = crate::escalation::checked(&mut conn, rule, Vec::new()).await?;
        let book = self.rulebook(&mut conn).await?;
        let present = match id {
            None => None,
            Some(id) => {
                let all = tierdesk_store::configuration::current::<Rule>(&mut conn, RULE).await?;
                let found = all.into_iter().find(|it| it.id == id);
                Some(found.ok_or(DeskError::NotFound)?)
            }
        };
        let outcome = RuleOutcome {
            before: present.as_ref().map(|_| Done::default()),
            after: Done::default(),
        };
        let rule = rule.with_categories(&book.tree);
        let present = present.filter(|it| it.active);
        let present = present.map(|it| it.body.with_categories(&book.tree));
        let since = begins(days, now);
        let staffed = staffed(&mut conn).await?;
        drop(conn);
        let look = move |told: &Told, outcome: &mut RuleOutcome| {
            let past = past(told);
            // When it fired first.
            let fired = |rule: &Rule, sum: &mut Done| {
                let fired = firings(rule, &past, &book.book, now);
                let fired: Vec<_> = lately(fired, since).collect();
                sum.add_all(rule, told, &fired, &staffed);
                fired.first().copied()
            };
            let before = present.as_ref().zip(outcome.before.as_mut());
            let before = before.and_then(|(rule, sum)| fired(rule, sum));
            let after = fired(&rule, &mut outcome.after);
            match before.or(after) {
                None => Vec::new(),
                Some(_) => vec![(None, before, after)],
            }
        };
        self.dry_run(caller, days, now, outcome, look).await
    }

    /// Tries a policy on the tickets of the last `days`, beside the one that is in force, each as if it had been in force
    /// all along.
    pub async fn replay_policy(
        &self,
        caller: &Caller,
        policy: Policy,
        days: u32,
        now: DateTime<Utc>,
    ) -> Result<DryRun<PromiseOutcome>> {
        let rulebook = self.rulebook(&mut *self.acquire().await?).await?;
        let policy = policy.with_categories(&rulebook.tree);
        let changed = |book: &mut Book| {
            let versions = std::mem::take(&mut book.policy);
            let newest = versions.into_iter().next_back();
            book.policy = newest
                .map(|newest| Version {
                    body: policy,
                    ..newest
                })
                .into_iter()
                .collect();
        };
        self.try_book(caller, changed, days, now).await
    }

    /// Tries a calendar in the place of the one with that id, like [`Desk::replay_policy`].
    pub async fn replay_calendar(
        &self,
        caller: &Caller,
        id: DocumentId,
        calendar: CalendarDocument,
        days: u32,
        now: DateTime<Utc>,
    ) -> Result<DryRun<PromiseOutcome>> {
        let changed = |book: &mut Book| {
            if let Some(version) = book.calendars.get_mut(&id).and_then(|all| all.last_mut()) {
                version.body = Calendar::from(calendar);
            }
        };
        self.try_book(caller, changed, days, now).await
    }

    async fn try_book(
        &self,
        caller: &Caller,
        change: impl FnOnce(&mut Book),
        days: u32,
        now: DateTime<Utc>,
    ) -> Result<DryRun<PromiseOutcome>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let rulebook = self.rulebook(&mut conn).await?;
        let staffed = staffed(&mut conn).await?;
        drop(conn);
        let before = rulebook.book.pinned(now);
        let mut after = before.clone();
        change(&mut after);
        let books = [before, after];
        let since = begins(days, now);
        let look = move |told: &Told, outcome: &mut PromiseOutcome| {
            let [before, after] = [0, 1].map(|which| {
                let broken = clocks(&told.history, &books[which], now).into_iter();
                broken
                    .filter(|clock| clock.news() == Some(Outcome::Broken))
                    .filter_map(|clock| Some(((clock.metric, clock.ordinal), clock.breached_at?)))
                    .filter(|(_, at)| *at >= since)
                    .collect::<BTreeMap<_, _>>()
            });
            let mut clocks: Vec<_> = before.keys().chain(after.keys()).copied().collect();
            clocks.sort_unstable();
            clocks.dedup();
            let mut sights = Vec::new();
            for clock in clocks {
                let (was, is) = (before.get(&clock).copied(), after.get(&clock).copied());
                let sum = outcome.broken.entry(clock.0).or_default();
                sum.0 += usize::from(was.is_some());
                sum.1 += usize::from(is.is_some());
                if was != is {
                    sights.push((Some(About::Promise(clock.0)), was, is));
                }
            }
            // The rules meet the same hours and promises.
            let rules: Vec<_> = rulebook.rules.iter().map(|rule| &rule.body).collect();
            let fired = [0, 1].map(|which| firings_of_all(&rules, &past(told), &books[which], now));
            let [before, after] = fired;
            for (rule, (was, is)) in rulebook.rules.iter().zip(before.into_iter().zip(after)) {
                let was: Vec<_> = lately(was, since).collect();
                let is: Vec<_> = lately(is, since).collect();
                let rules = &mut outcome.rules;
                rules.0.add_all(&rule.body, told, &was, &staffed);
                rules.1.add_all(&rule.body, told, &is, &staffed);
                let alike = was.iter().zip(&is).take_while(|(a, b)| a == b).count();
                let (was, is) = (was.get(alike).copied(), is.get(alike).copied());
                if was != is {
                    sights.push((Some(About::Rule(rule.name.clone())), was, is));
                }
            }
            sights
        };
        let outcome = PromiseOutcome::default();
        self.dry_run(caller, days, now, outcome, look).await
    }
}

/// A ticket's story as rules are tried on it.
fn past(told: &Told) -> Past<'_> {
    Past {
        history: &told.history,
        card: &told.card,
        bot_held_until: told.bot_held_until,
        bot_gave_up: &told.bot_gave_up,
    }
}

/// When a rule fired in the time that is looked at.
fn lately(
    fired: Vec<(u32, DateTime<Utc>)>,
    since: DateTime<Utc>,
) -> impl Iterator<Item = DateTime<Utc>> {
    fired
        .into_iter()
        .map(|(_, at)| at)
        .filter(move |at| *at >= since)
}

/// The queues in which somebody works. Who worked where earlier is not kept.
async fn staffed(conn: &mut PgConnection) -> Result<Staffed> {
    let all = team::memberships(conn).await?.into_iter();
    Ok(all.map(|(team, tier, _)| (team, tier)).collect())
}

/// What a firing would have done to the ticket as it was then.
fn done(rule: &Rule, told: &Told, at: DateTime<Utc>, staffed: &Staffed) -> Done {
    let facts = told.history.as_of(at);
    let cycle = told.history.cycle_of(at)..at;
    let before = told.moved_by_rules.iter().filter(|it| cycle.contains(it));
    let may_move = before.count() < usize::from(MAX_MOVES);
    // To where; none where it stays.
    let move_to = |team: &Option<TeamId>, tier: &Option<Tier>| {
        let target = (team.unwrap_or(facts.team), tier.unwrap_or(facts.tier));
        (target != (facts.team, facts.tier)).then_some(target)
    };
    let happens = |target| may_move && staffed.contains(&target);
    let moves = |effect: &Effect| match effect {
        Effect::Move { team, tier, .. } => move_to(team, tier).is_some_and(happens),
        _ => false,
    };
    let raises = |effect: &Effect| match effect {
        Effect::RaisePriority { to } => to.unwrap_or(facts.priority.raised()) < facts.priority,
        _ => false,
    };
    let asks = |effect: &Effect| match effect {
        Effect::Move { team, tier, skill } => {
            skill.is_some() && move_to(team, tier).is_none_or(happens)
        }
        _ => false,
    };
    Done {
        fired: 1,
        asked: usize::from(rule.effects.iter().any(asks)),
        moved: usize::from(rule.effects.iter().any(moves)),
        raised: usize::from(rule.effects.iter().any(raises)),
    }
}

impl Done {
    fn add_all(&mut self, rule: &Rule, told: &Told, fired: &[DateTime<Utc>], staffed: &Staffed) {
        for at in fired {
            self.add(done(rule, told, *at, staffed));
        }
    }

    fn add(&mut self, other: Self) {
        self.fired += other.fired;
        self.moved += other.moved;
        self.asked += other.asked;
        self.raised += other.raised;
    }
}
