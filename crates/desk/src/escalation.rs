//! Escalation rules at work: a rule that holds fires once per ticket and cycle, says why, and is a version of a document
//! that administrators edit.

mod words;

pub use words::{because, condition_text, describe};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::escalation::{Condition, Effect, MAX_MOVES, Rule, share};
use tierdesk_domain::field::{self, FieldError};
use tierdesk_domain::handover::Handover;
use tierdesk_domain::id::{DocumentId, PersonId, SkillId};
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::routing::Wish;
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::configuration::Document;
use tierdesk_store::escalation::{self, Firing};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{PgConnection, person, skill, team};

use crate::caught::caught;
use crate::clock::{rules_at, situation};
use crate::error::{DeskError, Result};
use crate::notification::Telling;
use crate::rulebook::{RULE, Reign};
use crate::{Caller, Desk, Work};

/// The longest name of a rule, in characters.
pub const MAX_NAME: usize = 100;

/// A rule as administrators read it.
#[derive(Debug)]
pub struct RuleLine {
    /// The document.
    pub document: Document<Rule>,
    /// Its conditions in words.
    pub conditions: String,
    /// Its effects in words.
    pub effects: Vec<String>,
    /// How often it fired in the last 30 days.
    pub fired: u64,
}

/// A version of a rule as administrators read it.
#[derive(Debug)]
pub struct RuleVersion {
    /// The version.
    pub reign: Reign<Rule>,
    /// Its conditions in words.
    pub conditions: String,
    /// Its effects in words.
    pub effects: Vec<String>,
}

/// A rule that holds on a ticket.
struct Holding {
    rule: DocumentId,
    since: DateTime<Utc>,
    /// When it should have fired.
    due_at: DateTime<Utc>,
}

impl Work<'_> {
    /// The rules that hold on a ticket now and have not fired in this cycle, the one that holds longest first.
    async fn rules_that_hold(&mut self, ticket: &Ticket) -> Result<Vec<Holding>> {
        let now = self.now;
        let rulebook = self.rulebook().await?;
        let told = self.told(ticket).await?;
        let clocks = tierdesk_domain::clock::clocks(&told.history, &rulebook.book, now);
        let fired = self.fired(ticket).await?;
        let situation = situation(&told, &clocks, &rulebook, now);
        let rules = rules_at(ticket, &told, &clocks, &rulebook, &fired, now).into_iter();
        let holding = rules
            .filter(|(since, _)| *since <= now)
            .filter_map(|(since, rule)| {
                let document = rulebook.rules.iter().find(|it| it.id == rule)?;
                let in_force = document.valid_from;
                Some(Holding {
                    rule,
                    since,
                    due_at: document.body.due_at(&situation, since, in_force),
                })
            });
        Ok(holding.collect())
    }
}

/// Fires the first rule that holds on a locked ticket, in the rule's name and with all of its effects or none. One that cannot
/// act keeps no other from it; its error is given back. The others have their turn when the ticket is looked at again, which is
/// at once: what a rule may tell people is limited by rows that all tickets share, and two workers that took them for several
/// rules in different orders would wait for each other.
///
/// # Errors
/// When the database does not answer; then the whole action has failed.
pub(crate) async fn fire_first(work: &mut Work<'_>, ticket: &mut Ticket) -> Result<Result<()>> {
    let mut failed = Ok(());
    for holding in work.rules_that_hold(ticket).await? {
        let mut changed = ticket.clone();
        let actor = Actor::rule(holding.rule.0);
        let part = work.part(Caller::machine(actor)).await?;
        let tried = caught(fire(work, &mut changed, &holding)).await;
        match work.end(part, tried).await? {
            Ok(()) => {
                *ticket = changed;
                break;
            }
            Err(error) => failed = Err(error),
        }
    }
    Ok(failed)
}

/// Fires a rule that holds on a locked ticket.
async fn fire(work: &mut Work<'_>, ticket: &mut Ticket, holding: &Holding) -> Result<()> {
    authorize(&work.caller().who, Action::WorkTicket(ticket.facts()))?;
    let (now, rule) = (work.now, holding.rule);
    let rulebook = work.rulebook().await?;
    let document = rulebook.rules.iter().find(|document| document.id == rule);
    let document = document.ok_or(DeskError::NotFound)?;
    let late_by_seconds = (now - holding.due_at).num_seconds();
    let because = because(&document.body);
    let effects = describe(work.conn(), &document.body).await?;
    let record = json!({
        "rule": document.name, "rule_id": rule, "version": document.version, "because": because,
        "effects": effects, "since": holding.since, "late_by_seconds": late_by_seconds,
    });
    let firing = Firing {
        rule,
        version: document.version,
        ticket: ticket.id,
        cycle: ticket.cycle,
        late_by_seconds,
        effects: &record,
    };
    if !escalation::fire(work.conn(), &firing, now).await? {
        return Ok(());
    }
    work.fires(ticket, rule).await?;
    work.event(
        ticket,
        EventKind::RuleFired,
        Visibility::Internal,
        None,
        record.clone(),
    )
    .await?;
    work.audit(
        "rule.fired",
        "ticket",
        &ticket.number.0.to_string(),
        record.clone(),
    );
    for effect in &document.body.effects {
        apply(work, ticket, document, effect, &record).await?;
    }
    work.save(ticket, true).await
}

impl Desk {
    /// Saves a rule as a new version: of a new rule where `id` is none, else after the version the caller saw.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] by field; [`DeskError::Filter`] for a filter that cannot be read;
    /// [`DeskError::Conflict`] if it changed since.
    pub async fn save_rule(
        &self,
        caller: &Caller,
        id: Option<(DocumentId, i32)>,
        name: &str,
        active: bool,
        rule: Rule,
        now: DateTime<Utc>,
    ) -> Result<DocumentId> {
        let mut work = self.begin(caller, now).await?;
        let name = field::one_line(name);
        let mut errors = Vec::new();
        field::required("name", &name, MAX_NAME, &mut errors);
        let rule = checked(work.conn(), rule, errors).await?;
        let id = Self::save_document(&mut work, RULE, id, &name, active, rule).await?;
        work.commit().await?;
        Ok(id)
    }

    /// The rules in their newest versions, switched off ones too, with what they say and how often they fired in the
    /// last 30 days.
    pub async fn rule_list(&self, caller: &Caller, now: DateTime<Utc>) -> Result<Vec<RuleLine>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let rules = tierdesk_store::configuration::current::<Rule>(&mut conn, RULE).await?;
        let counts = escalation::counts(&mut conn, now - chrono::TimeDelta::days(30)).await?;
        let mut lines = Vec::new();
        for document in rules {
            let fired = counts.iter().find(|(rule, ..)| *rule == document.id);
            lines.push(RuleLine {
                conditions: because(&document.body),
                effects: describe(&mut conn, &document.body).await?,
                fired: fired.map_or(0, |(_, n, _)| n.unsigned_abs()),
                document,
            });
        }
        Ok(lines)
    }

    /// Every version of one rule, newest first, with who wrote it and what it says.
    pub async fn rule_history(
        &self,
        caller: &Caller,
        id: DocumentId,
        now: DateTime<Utc>,
    ) -> Result<Vec<RuleVersion>> {
        let versions = self.rule_versions(caller, id).await?;
        let mut conn = self.acquire().await?;
        let mut history = Vec::new();
        for reign in Self::reigns(&mut conn, versions, now).await? {
            history.push(RuleVersion {
                conditions: because(&reign.document.body),
                effects: describe(&mut conn, &reign.document.body).await?,
                reign,
            });
        }
        Ok(history)
    }

    /// Every version of one rule, oldest first.
    pub async fn rule_versions(
        &self,
        caller: &Caller,
        id: DocumentId,
    ) -> Result<Vec<Document<Rule>>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let mut all = tierdesk_store::configuration::history::<Rule>(&mut conn, RULE).await?;
        all.retain(|document| document.id == id);
        if all.is_empty() {
            return Err(DeskError::NotFound);
        }
        Ok(all)
    }
}

/// A rule whose people and teams exist and whose filters are read.
pub(crate) async fn checked(
    conn: &mut PgConnection,
    mut rule: Rule,
    mut errors: Vec<FieldError>,
) -> Result<Rule> {
    errors.extend(rule.check());
    for effect in &rule.effects {
        match effect {
            Effect::NotifyPerson { person } => {
                let found = person::find(conn, *person).await?;
                if found.is_none_or(|it| it.deactivated_at.is_some()) {
                    errors.push(FieldError::new("notify_person", "error.choose_one"));
                }
            }
            Effect::Move { team, skill, .. } => {
                let no_team = match team {
                    Some(team) => team::find(conn, *team).await?.is_none(),
                    None => false,
                };
                let no_skill = match skill {
                    Some(skill) => !skill::all(conn).await?.iter().any(|it| it.id == *skill),
                    None => false,
                };
                if no_team || no_skill {
                    errors.push(FieldError::new("move", "error.choose_one"));
                }
            }
            _ => {}
        }
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    for condition in &mut rule.conditions {
        if let Condition::Matches { filter } = condition {
            filter.selection = crate::filter::read(conn, &filter.text, None).await?;
        }
    }
    Ok(rule)
}

async fn apply(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    document: &Document<Rule>,
    effect: &Effect,
    record: &Value,
) -> Result<()> {
    match effect {
        Effect::Move { team, tier, skill } => {
            let wish = match skill {
                Some(skill) => wish(work, ticket, document, *skill).await?,
                None => None,
            };
            let (team, tier) = (team.unwrap_or(ticket.team), tier.unwrap_or(ticket.tier));
            if (team, tier) == (ticket.team, ticket.tier) {
                return match wish {
                    Some(wish) => crate::routing::ask(work, ticket, wish).await,
                    None => Ok(()),
                };
            }
            if !crate::handover::staffed(work, team, tier).await? {
                let name = team::find(work.conn(), team).await?.map(|it| it.name);
                let queue = format!("{tier} {}", name.unwrap_or_default());
                let nobody = fill(
                    "escalation.nobody_there",
                    &[("rule", &document.name), ("queue", &queue)],
                );
                return note(work, ticket, &nobody, document).await;
            }
            let moves = escalation::moves(work.written().await?, ticket.id, ticket.cycle).await?;
            if moves >= i64::from(MAX_MOVES) {
                let stopped = fill(
                    "escalation.stopped",
                    &[("rule", &document.name), ("times", &moves)],
                );
                return note(work, ticket, &stopped, document).await;
            }
            let because = record["because"].as_str().unwrap_or_default();
            let handover = Handover {
                known: fill(
                    "escalation.note_known",
                    &[("rule", &document.name), ("because", &because)],
                ),
                tried: t("escalation.note_tried").to_owned(),
                evidence: t("escalation.note_evidence").to_owned(),
                ask: t("escalation.note_ask").to_owned(),
            };
            crate::handover::escalate(work, ticket, team, tier, &handover, wish).await
        }
        Effect::RaisePriority { to } => {
            let to = to.unwrap_or(ticket.priority.raised());
            if to >= ticket.priority {
                return Ok(());
            }
            let data = json!({
                "from": ticket.priority.number(), "to": to.number(),
                "impact": ticket.impact.as_str(), "urgency": ticket.urgency.as_str(),
                "impact_from": ticket.impact.as_str(), "urgency_from": ticket.urgency.as_str(),
            });
            ticket.priority = to;
            work.event(
                ticket,
                EventKind::Priority,
                Visibility::Internal,
                None,
                data,
            )
            .await?;
            Ok(())
        }
        Effect::NotifyQueue {} => notify_queue(work, ticket, document.id, record).await,
        Effect::NotifyAssignee {} => match ticket.assignee {
            Some(person) => notify(work, ticket, document.id, &[person], record).await,
            None => notify_queue(work, ticket, document.id, record).await,
        },
        Effect::NotifyPerson { person } => {
            notify(work, ticket, document.id, &[*person], record).await
        }
        Effect::NotifyInCharge {} => crate::in_charge::start(work, ticket, document, record).await,
        Effect::AddNote { text } => note(work, ticket, text, document).await,
    }
}

/// What the rule asks of whoever gets the ticket. A skill that left the catalogue since the rule was saved is asked of
/// nobody, and the ticket says so.
async fn wish(
    work: &mut Work<'_>,
    ticket: &Ticket,
    document: &Document<Rule>,
    wanted: SkillId,
) -> Result<Option<Wish>> {
    let known = skill::all(work.conn()).await?;
    if !known.iter().any(|it| it.id == wanted) {
        let gone = fill("escalation.skill_gone", &[("rule", &document.name)]);
        note(work, ticket, &gone, document).await?;
        return Ok(None);
    }
    Ok(Some(Wish {
        rule: document.id,
        name: document.name.clone(),
        version: document.version,
        skill: wanted,
    }))
}

/// An internal note in the rule's name.
async fn note(
    work: &mut Work<'_>,
    ticket: &Ticket,
    text: &str,
    document: &Document<Rule>,
) -> Result<()> {
    let data = json!({"rule": document.name, "rule_id": document.id, "version": document.version});
    work.event(
        ticket,
        EventKind::Note,
        Visibility::Internal,
        Some(text),
        data,
    )
    .await?;
    Ok(())
}

async fn notify_queue(
    work: &mut Work<'_>,
    ticket: &Ticket,
    rule: DocumentId,
    record: &Value,
) -> Result<()> {
    let members = team::members(work.conn(), ticket.team, ticket.tier).await?;
    notify(work, ticket, rule, &members, record).await
}

async fn notify(
    work: &mut Work<'_>,
    ticket: &Ticket,
    rule: DocumentId,
    to: &[PersonId],
    record: &Value,
) -> Result<()> {
    let telling = Telling {
        kind: NotificationKind::RuleFired,
        ticket: Some(ticket.id),
        event: None,
        data: json!({"rule": record["rule"], "because": record["because"], "effects": record["effects"]}),
        in_charge: None,
        channel: None,
    };
    let share = share(ticket.priority, false);
    work.tell_within_limits(rule, to, telling, share).await
}
