//! Hierarchical escalation at work: a rule starts the path of the ticket's team, the sweeper takes it from level to level,
//! and an acknowledgement ends it. One path is active on a ticket at a time.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::escalation::{Effect, Rule, share};
use tierdesk_domain::id::{DocumentId, EventId, PersonId, TicketId};
use tierdesk_domain::in_charge::{Path, Progress, STANDARD, Step, Target};
use tierdesk_domain::notification::{Channel, NotificationKind};
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::{Channel as Intake, Priority};
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::configuration::{self, Document};
use tierdesk_store::in_charge::{self, End, Run};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{PgConnection, person, team};
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::notification::Telling;
use crate::path::PATH;
use crate::{Caller, Desk, Work};

/// The deadline of a path.
pub(crate) const TIMER: &str = "in_charge";
/// How often a path that waits for a confirmation looks whether it still must.
const LOOK_AGAIN: TimeDelta = TimeDelta::days(1);
/// Acting later than this after the time says so.
const LATE: TimeDelta = TimeDelta::minutes(1);
/// Cycles of the timer: while a path waits for a confirmation, and on its way.
const WAITING: i32 = 0;
const RUNNING: i32 = 1;

impl Desk {
    /// Somebody says that they see to a ticket: the path that asks for it ends. Those who were told may, and those who may
    /// work the ticket.
    ///
    /// # Errors
    /// [`DeskError::State`] if nobody is asked to.
    pub async fn acknowledge(
        &self,
        caller: &Caller,
        id: TicketId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let person = caller.person_id().ok_or(DeskError::Denied)?;
        let mut work = self.begin(caller, now).await?;
        let ticket = work.ticket(id, Action::ReadInternal).await?;
        let run = in_charge::active(work.conn(), id).await?;
        let run = run
            .filter(|run| !run.unconfirmed && fits(run, &ticket))
            .ok_or(DeskError::State("state.nothing_to_acknowledge"))?;
        if !in_charge::was_told(work.conn(), run.id, person).await? {
            authorize(&caller.who, Action::WorkTicket(ticket.facts()))?;
        }
        end_by_person(&mut work, &ticket, &run).await?;
        work.commit().await
    }

    /// An engineer confirms the priority that the requester chose (decision 17); who is on call may be told from here on.
    ///
    /// # Errors
    /// [`DeskError::State`] if there is nothing to confirm.
    pub async fn confirm_priority(
        &self,
        caller: &Caller,
        id: TicketId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::WorkTicket).await?;
        if !is_unconfirmed(work.conn(), &ticket).await? {
            return Err(DeskError::State("state.nothing_to_confirm"));
        }
        let number = ticket.priority.number();
        let data = json!({"from": number, "to": number, "confirmed": true});
        work.event(
            &ticket,
            EventKind::Priority,
            Visibility::Internal,
            None,
            data.clone(),
        )
        .await?;
        work.audit(
            "ticket.priority_confirmed",
            "ticket",
            &ticket.number.0.to_string(),
            data,
        );
        confirmed(&mut work, &ticket).await?;
        work.save(&mut ticket, true).await?;
        work.commit().await
    }
}

/// Whether an open ticket's P1 is the requester's choice that no human has looked at yet (decision 17). `was_set` says
/// whether the priority was set since the ticket was filed.
pub fn waits_for_confirmation(ticket: &Ticket, was_set: bool) -> bool {
    let by_requester = matches!(
        ticket.channel,
        Intake::Web | Intake::SignInHelp | Intake::Mail
    );
    ticket.status.is_open() && ticket.priority == Priority::P1 && by_requester && !was_set
}

async fn is_unconfirmed(conn: &mut PgConnection, ticket: &Ticket) -> Result<bool> {
    let was_set = in_charge::priority_was_set(conn, ticket.id).await?;
    Ok(waits_for_confirmation(ticket, was_set))
}

/// Whether a path still belongs to what the ticket is now. One that waits for a confirmation waits for it in any team.
fn fits(run: &Run, ticket: &Ticket) -> bool {
    let same_team = run.unconfirmed || run.team == ticket.team;
    ticket.status.is_open() && run.cycle == ticket.cycle && same_team
}

/// The path of the ticket's team with its version; none, which the timeline says, where it is switched off.
async fn path_now(work: &mut Work<'_>, ticket: &Ticket) -> Result<Option<(i32, Path)>> {
    let document = DocumentId(ticket.team.0);
    let path = configuration::newest::<Path>(work.conn(), PATH, document).await?;
    match path {
        None => Ok(Some((STANDARD, Path::standard()))),
        Some(path) if path.active => Ok(Some((path.version, path.body))),
        Some(_) => {
            let team = team::find(work.conn(), ticket.team).await?;
            let name = team.map(|it| it.name).unwrap_or_default();
            let what = fill("in_charge.switched_off", &[("team", &name)]);
            say(work, ticket, what).await?;
            Ok(None)
        }
    }
}

/// Starts the path of the ticket's team, within the firing of a rule. One that is active already goes on instead.
pub(crate) async fn start(
    work: &mut Work<'_>,
    ticket: &Ticket,
    rule: &Document<Rule>,
    record: &Value,
) -> Result<()> {
    let now = work.now;
    if let Some(run) = in_charge::active(work.conn(), ticket.id).await? {
        if fits(&run, ticket) {
            return Ok(());
        }
        end(work, &run, End::Ended).await?;
    }
    let Some((version, path)) = path_now(work, ticket).await? else {
        return Ok(());
    };
    let run = Run {
        id: Uuid::now_v7(),
        ticket: ticket.id,
        cycle: ticket.cycle,
        rule: rule.id,
        rule_version: rule.version,
        team: ticket.team,
        path_version: version,
        unconfirmed: is_unconfirmed(work.written().await?, ticket).await?,
        progress: Progress::begin(now),
    };
    if !in_charge::begin(work.conn(), &run, now).await? {
        return Ok(());
    }
    if !run.unconfirmed {
        return go_on(work, ticket, &run, &path).await;
    }
    let event = say(work, ticket, t("in_charge.waits").to_owned()).await?;
    let members = team::members(work.conn(), ticket.team, ticket.tier).await?;
    let telling = Telling {
        data: record.clone(),
        ..Telling::of(NotificationKind::RuleFired, ticket.id, event)
    };
    let share = share(ticket.priority, false);
    work.tell_within_limits(rule.id, &members, telling, share)
        .await?;
    work.timer(TIMER, ticket.id.0, WAITING, now + LOOK_AGAIN);
    Ok(())
}

/// A human set or confirmed the ticket's priority: a path that waited for that begins, or is not needed. It is that of the
/// team that has the ticket now.
pub(crate) async fn confirmed(work: &mut Work<'_>, ticket: &Ticket) -> Result<()> {
    let run = in_charge::active(work.conn(), ticket.id).await?;
    let Some(run) = run.filter(|run| run.unconfirmed) else {
        return Ok(());
    };
    let now = work.now;
    // Several rules may have fired; the one that came first began the path for all of them.
    let fired = work.fired(ticket).await?;
    let wanted = work.rulebook().await?.rules.iter().any(|rule| {
        fired.contains(&rule.id)
            && rule.body.effects.contains(&Effect::NotifyInCharge {})
            && rule.body.allows(ticket.priority)
    });
    if !wanted || !fits(&run, ticket) {
        return end_unneeded(work, ticket, &run).await;
    }
    let Some((path_version, path)) = path_now(work, ticket).await? else {
        return end(work, &run, End::Ended).await;
    };
    let run = Run {
        team: ticket.team,
        path_version,
        unconfirmed: false,
        progress: Progress::begin(now),
        ..run
    };
    in_charge::belongs_to(work.conn(), run.id, run.team, run.path_version).await?;
    go_on(work, ticket, &run, &path).await
}

/// The path's time has come, or that of a look at one that waits.
pub(crate) async fn act(work: &mut Work<'_>, ticket: TicketId) -> Result<()> {
    let Some(ticket) = work.lock(ticket).await? else {
        return Ok(());
    };
    let Some(run) = in_charge::active(work.conn(), ticket.id).await? else {
        return Ok(());
    };
    if !fits(&run, &ticket) {
        return end_unneeded(work, &ticket, &run).await;
    }
    if run.unconfirmed {
        let at = work.now + LOOK_AGAIN;
        work.timer(TIMER, ticket.id.0, WAITING, at);
        return Ok(());
    }
    match path_of(work, &run).await? {
        Some(path) => go_on(work, &ticket, &run, &path).await,
        None => end_unneeded(work, &ticket, &run).await,
    }
}

/// The engineer who takes a ticket or answers on it has seen it: that acknowledges.
pub(crate) async fn seen_to(work: &mut Work<'_>, ticket: &Ticket) -> Result<()> {
    if work.caller().person_id().is_none() {
        return Ok(());
    }
    match in_charge::active(work.conn(), ticket.id).await? {
        Some(run) if !run.unconfirmed && fits(&run, ticket) => {
            end_by_person(work, ticket, &run).await
        }
        _ => Ok(()),
    }
}

/// Ends a path, by the caller where one acknowledges. Nobody's bell counts any more what it told them.
async fn end(work: &mut Work<'_>, run: &Run, how: End) -> Result<()> {
    let by = match how {
        End::Acknowledged => work.caller().person_id(),
        End::Ended => None,
    };
    let now = work.now;
    in_charge::end(work.conn(), run.id, how, by, now).await?;
    work.settle_path(run.id, None).await
}

async fn end_by_person(work: &mut Work<'_>, ticket: &Ticket, run: &Run) -> Result<()> {
    end(work, run, End::Acknowledged).await?;
    let data = json!({"path": run.team, "path_version": run.path_version, "level": run.progress.level, "rule_id": run.rule});
    work.event(
        ticket,
        EventKind::Acknowledged,
        Visibility::Internal,
        None,
        data.clone(),
    )
    .await?;
    work.audit(
        "ticket.acknowledged",
        "ticket",
        &ticket.number.0.to_string(),
        data,
    );
    Ok(())
}

async fn end_unneeded(work: &mut Work<'_>, ticket: &Ticket, run: &Run) -> Result<()> {
    end(work, run, End::Ended).await?;
    say(work, ticket, t("in_charge.ended").to_owned()).await?;
    Ok(())
}

/// The path in the version with which it began; none once the team's path is switched off, since else it would go on for as
/// long as nobody acknowledges.
async fn path_of(work: &mut Work<'_>, run: &Run) -> Result<Option<Path>> {
    let document = DocumentId(run.team.0);
    let newest = configuration::newest::<Path>(work.conn(), PATH, document).await?;
    if newest.is_some_and(|it| !it.active) {
        return Ok(None);
    }
    if run.path_version == STANDARD {
        return Ok(Some(Path::standard()));
    }
    let path = configuration::version(work.conn(), PATH, document, run.path_version).await?;
    Ok(path.map(|it| it.body))
}

/// A line in the timeline.
async fn say(work: &mut Work<'_>, ticket: &Ticket, what: String) -> Result<EventId> {
    work.event(
        ticket,
        EventKind::InCharge,
        Visibility::Internal,
        None,
        json!({"what": what}),
    )
    .await
}

/// Takes every step whose time has come, and sets the deadline of the next one.
async fn go_on(work: &mut Work<'_>, ticket: &Ticket, run: &Run, path: &Path) -> Result<()> {
    let now = work.now;
    let mut progress = run.progress;
    let time = (work.rulebook().await?.book).ordinary_time(progress.level_at);
    // A level at which nobody could be told is no reason to wait.
    let mut at_once = None;
    loop {
        let next = match at_once.take() {
            Some(step) => Some((now, step)),
            None => path.next(&progress, &time, now),
        };
        let (at, step) = match next {
            Some((at, step)) if at <= now => (at, step),
            later => {
                in_charge::go_on(work.conn(), run.id, &progress).await?;
                // Where no working minute comes, the hours may be other ones later.
                let at = later.map_or(now + LOOK_AGAIN, |(at, _)| at);
                work.timer(TIMER, ticket.id.0, RUNNING, at);
                return Ok(());
            }
        };
        let level = match step {
            Step::Tell(level) => level,
            Step::Repeat(_) => progress.level.saturating_sub(1),
        };
        progress = path.after(&progress, at, step, &time, now);
        let again = matches!(step, Step::Repeat(_));
        let told = tell_level(work, ticket, run, path, (level, again, now - at)).await?;
        if !told && !again && level + 1 < path.levels.len() {
            at_once = Some(Step::Tell(level + 1));
        }
    }
}

/// Tells whoever is in charge at a level. False if that is nobody.
async fn tell_level(
    work: &mut Work<'_>,
    ticket: &Ticket,
    run: &Run,
    path: &Path,
    (number, again, late): (usize, bool, TimeDelta),
) -> Result<bool> {
    let Some(level) = path.levels.get(number) else {
        return Ok(false);
    };
    let now = work.now;
    let people = in_charge_now(work.conn(), level.who, ticket, now).await?;
    // That there is nobody was said once; somebody may come.
    if people.is_empty() && again {
        return Ok(false);
    }
    let names: Vec<_> = people.iter().map(|(_, name)| name.as_str()).collect();
    let (shown, of) = (number + 1, path.levels.len());
    let key = match (names.is_empty(), again) {
        (true, _) => "in_charge.told_nobody",
        (false, false) => "in_charge.told",
        (false, true) => "in_charge.told_again",
    };
    let mut what = fill(
        key,
        &[
            ("level", &shown),
            ("of", &of),
            ("people", &names.join(", ")),
        ],
    );
    if late > LATE {
        what.push_str(&fill(
            "in_charge.late",
            &[("time", &tierdesk_domain::clock::spell(late))],
        ));
    }
    let data = json!({
        "what": what, "level": shown, "of": of, "people": names, "again": again,
        "late_by_seconds": late.num_seconds(), "path": run.team, "path_version": run.path_version,
    });
    let event = work
        .event(
            ticket,
            EventKind::InCharge,
            Visibility::Internal,
            None,
            data,
        )
        .await?;
    let rule = configuration::version::<Rule>(
        work.conn(),
        crate::rulebook::RULE,
        run.rule,
        run.rule_version,
    )
    .await?;
    let (rule_name, because) = rule.map_or_else(Default::default, |rule| {
        (rule.name.clone(), crate::escalation::because(&rule.body))
    });
    let team = team::find(work.conn(), run.team).await?;
    let telling = Telling {
        data: json!({
            "level": shown, "of": of, "again": again, "rule": rule_name, "because": because,
            "team": team.map(|it| it.name),
        }),
        in_charge: Some(run.id),
        channel: Some(if level.mail {
            Channel::Both
        } else {
            Channel::App
        }),
        ..Telling::of(NotificationKind::InCharge, ticket.id, event)
    };
    let ids: Vec<PersonId> = people.iter().map(|(id, _)| *id).collect();
    if again {
        // The newest word of a path stands for those before it.
        work.settle_path(run.id, Some(&ids)).await?;
    }
    let share = share(ticket.priority, !again);
    work.tell_within_limits(run.rule, &ids, telling, share)
        .await?;
    Ok(!ids.is_empty())
}

/// Who is meant by a level at a moment: active people who may read the ticket.
async fn in_charge_now(
    conn: &mut PgConnection,
    who: Target,
    ticket: &Ticket,
    now: DateTime<Utc>,
) -> Result<Vec<(PersonId, String)>> {
    let people = match who {
        Target::Person { person } => vec![person],
        Target::OnCall { schedule } => crate::on_call::who_now(conn, schedule, ticket, now)
            .await?
            .into_iter()
            .collect(),
        Target::Managers {} => in_charge::managers(conn, ticket.team).await?,
    };
    let mut found = Vec::new();
    for id in people {
        if crate::on_call::may_read(conn, id, ticket).await?
            && let Some(person) = person::find(conn, id).await?
        {
            found.push((id, person.name));
        }
    }
    Ok(found)
}
