//! The connectivity playbook on a ticket: name the target, probe it from the server and from the person's own machine,
//! and say what that means.

use std::collections::BTreeMap;

use serde_json::json;
use tierdesk_catalogue::Verdict;
use tierdesk_domain::bot::{
    PER_DAY_WINDOW, PROBES_WAIT, RUNS_PER_DAY, SILENCE_CONFIRMS, State, TARGET_WAITS, Works,
    reads_as_yes,
};
use tierdesk_domain::connectivity::{Ended, Finding, Next, NotRun, Step, Vantage, next};
use tierdesk_domain::handover::Handover;
use tierdesk_domain::id::JobId;
use tierdesk_domain::target::{self, Target};
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::{Priority, ResolutionCode, ResolvedBy, Status};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::bot::{self as memory, AskedProbe, Case, Prober};
use tierdesk_store::ticket::Ticket;

use super::receiver::receiver;
use super::{BOT, Question, ask, become_state, business, pass_on, say, set_status};
use crate::Work;
use crate::error::Result;
use crate::job::{JobRequest, RequestError};

/// A ticket says that something cannot be reached: probe it, or ask what it is.
pub(crate) async fn begin(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    case: &mut Case,
    description: &str,
) -> Result<()> {
    let said = format!("{}\n{description}", ticket.title);
    let found = target::find(&said).into_iter().next();
    match found {
        Some(candidate) if candidate.refusal.is_some() => {
            case.state = State::HandedOver;
            say(work, ticket, t("bot.passed_on")).await?;
            let why = fill("bot.target_refused_why", &[("target", &candidate.target)]);
            pass_on(work, ticket, &why).await
        }
        Some(candidate) => start(work, ticket, case, candidate.target).await,
        None if ticket.priority == Priority::P1 => {
            give_up(work, ticket, case, t("bot.urgent_why")).await
        }
        None => {
            let now = work.now;
            become_state(case, State::AskedTarget, now);
            let question = Question {
                asks: "target",
                text: t("bot.ask_target"),
                question: t("bot.ask_target"),
                found: &[],
                resolves_at: None,
            };
            ask(work, ticket, question).await?;
            let until = business(work, now, TARGET_WAITS).await?;
            work.timer(BOT, ticket.id.0, 0, until);
            Ok(())
        }
    }
}

/// What comes next: an answer, results, or time that went by.
pub(crate) async fn step(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    case: &mut Case,
    answers: &[String],
) -> Result<()> {
    let now = work.now;
    let asked = matches!(case.state, State::AskedTarget | State::AskedWorks);
    if asked && answers.is_empty() && ticket.priority == Priority::P1 {
        return give_up(work, ticket, case, t("bot.urgent_why")).await;
    }
    match case.state {
        State::AskedTarget => {
            let named = answers
                .iter()
                .flat_map(|answer| target::find(answer))
                .find(|candidate| candidate.refusal.is_none());
            match (named, answers.is_empty()) {
                (Some(candidate), _) => start(work, ticket, case, candidate.target).await,
                (None, true) => {
                    let until = business(work, case.updated_at, TARGET_WAITS).await?;
                    if now < until {
                        work.timer(BOT, ticket.id.0, 0, until);
                        return Ok(());
                    }
                    give_up(work, ticket, case, t("bot.no_answer_why")).await
                }
                (None, false) => give_up(work, ticket, case, t("bot.no_target_why")).await,
            }
        }
        State::Probing => look(work, ticket, case, answers).await,
        State::AskedWorks => match answers
            .iter()
            .map(|answer| reads_as_yes(answer))
            .reduce(|a, b| if a == Works::Yes { b } else { a })
        {
            Some(Works::Yes) => solved(work, ticket, case, t("bot.works_yes")).await,
            Some(Works::NotClear) => give_up(work, ticket, case, t("bot.works_no_why")).await,
            None => {
                let until = business(work, case.updated_at, SILENCE_CONFIRMS).await?;
                if now < until {
                    work.timer(BOT, ticket.id.0, 0, until);
                    return Ok(());
                }
                solved(work, ticket, case, t("bot.works_silent")).await
            }
        },
        _ => Ok(()),
    }
}

async fn solved(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    case: &mut Case,
    text: &str,
) -> Result<()> {
    let now = work.now;
    become_state(case, State::Helped, now);
    work.clear_timer(BOT, ticket.id.0).await?;
    crate::ticket::resolve(work, ticket, ResolutionCode::Fixed, ResolvedBy::Bot, text).await
}

async fn give_up(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    case: &mut Case,
    why: &str,
) -> Result<()> {
    let now = work.now;
    become_state(case, State::HandedOver, now);
    work.clear_timer(BOT, ticket.id.0).await?;
    say(work, ticket, t("bot.passed_on")).await?;
    pass_on(work, ticket, why).await
}

/// Where probes can run for this ticket.
async fn vantages(work: &mut Work<'_>, ticket: &Ticket) -> Result<BTreeMap<Vantage, Prober>> {
    let mut out = BTreeMap::new();
    if let Some(server) = memory::server_vantage(work.conn()).await? {
        out.insert(Vantage::Server, server);
    }
    if let Some(machine) = memory::own_machine(work.conn(), ticket.id).await? {
        out.insert(Vantage::Host, machine);
    }
    Ok(out)
}

fn places(vantages: &BTreeMap<Vantage, Prober>) -> String {
    let said = vantages.iter().map(|(vantage, prober)| match vantage {
        Vantage::Server => t("bot.place_server").to_owned(),
        Vantage::Host => fill("bot.place_host", &[("host", &prober.name)]),
    });
    said.collect::<Vec<_>>().join(", ")
}

async fn start(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    case: &mut Case,
    target: Target,
) -> Result<()> {
    let now = work.now;
    let runs = memory::runs_since(work.conn(), ticket.requester, now - PER_DAY_WINDOW).await?;
    if runs >= RUNS_PER_DAY {
        let why = fill("bot.too_many_runs_why", &[("limit", &RUNS_PER_DAY)]);
        return give_up(work, ticket, case, &why).await;
    }
    let vantages = vantages(work, ticket).await?;
    if vantages.is_empty() {
        return give_up(work, ticket, case, t("bot.no_vantage_why")).await;
    }
    become_state(case, State::Probing, now);
    set_status(work, ticket, Status::Open).await?;
    say_probing(work, ticket, &target, &vantages).await?;
    case.target = Some(target);
    look(work, ticket, case, &[]).await
}

async fn say_probing(
    work: &mut Work<'_>,
    ticket: &Ticket,
    target: &Target,
    vantages: &BTreeMap<Vantage, Prober>,
) -> Result<()> {
    let text = fill("bot.probing_said", &[("target", target)]);
    work.event(
        ticket,
        EventKind::Reply,
        Visibility::Public,
        Some(&text),
        json!({}),
    )
    .await?;
    let what = fill(
        "bot.probing_event",
        &[("target", target), ("places", &places(vantages))],
    );
    work.event(
        ticket,
        EventKind::Changed,
        Visibility::Internal,
        None,
        json!({"what": what}),
    )
    .await?;
    Ok(())
}

/// Collects results, asks for what is missing, and ends with a finding once all is known or time is up.
async fn look(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    case: &mut Case,
    answers: &[String],
) -> Result<()> {
    let now = work.now;
    let Some(target) = case.target.clone() else {
        return give_up(work, ticket, case, t("bot.no_target_why")).await;
    };
    let until = case.updated_at + PROBES_WAIT;
    let vantages = vantages(work, ticket).await?;
    let known: Vec<Vantage> = vantages.keys().copied().collect();
    let jobs: Vec<JobId> = case.probes.iter().filter_map(|probe| probe.job).collect();
    let finished: BTreeMap<JobId, Ended> = memory::ended(work.conn(), &jobs)
        .await?
        .into_iter()
        .collect();
    let mut ended: BTreeMap<Step, Ended> = case
        .probes
        .iter()
        .filter_map(|probe| match probe.job {
            None => Some((probe.step, Ended::NotRun(NotRun::Refused))),
            Some(job) => finished.get(&job).map(|ended| (probe.step, ended.clone())),
        })
        .collect();
    // Each round adds at least one result or one job, and there are few steps: this ends.
    loop {
        match next(&target, &known, &ended) {
            Next::Done(finding) => {
                return conclude(work, ticket, case, &vantages, &finding, &ended, answers).await;
            }
            Next::Run(steps) => {
                let mut settled = false;
                for step in steps {
                    let asked = case.probes.iter().any(|probe| probe.step == step);
                    if asked && now < until {
                        continue;
                    }
                    let job = if asked || now >= until {
                        None
                    } else {
                        request(work, ticket, &vantages[&step.vantage], step, &target).await?
                    };
                    if !asked {
                        case.probes.push(AskedProbe { step, job });
                    }
                    if job.is_none() {
                        let reason = if now >= until {
                            NotRun::Expired
                        } else {
                            NotRun::Refused
                        };
                        ended.insert(step, Ended::NotRun(reason));
                        settled = true;
                    }
                }
                if !settled {
                    work.timer(BOT, ticket.id.0, 0, until);
                    return Ok(());
                }
            }
        }
    }
}

/// Asks a host for a probe; none if it would not run it or the target makes no sense for it.
async fn request(
    work: &mut Work<'_>,
    ticket: &Ticket,
    prober: &Prober,
    step: Step,
    target: &Target,
) -> Result<Option<JobId>> {
    let Some(params) = step.probe.params(target) else {
        return Ok(None);
    };
    let request = JobRequest {
        ticket: ticket.id,
        host: prober.host,
        entry: step.probe.entry().to_owned(),
        params,
        wait: Some(PROBES_WAIT),
    };
    match crate::job::queue(work, ticket, &request).await {
        Ok(job) => Ok(Some(job)),
        Err(RequestError::Desk(error)) => Err(error),
        Err(RequestError::Params(_) | RequestError::Refused(_)) => Ok(None),
    }
}

/// Says what was found, and hands the ticket to whoever it concerns.
async fn conclude(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    case: &mut Case,
    vantages: &BTreeMap<Vantage, Prober>,
    finding: &Finding,
    ended: &BTreeMap<Step, Ended>,
    answers: &[String],
) -> Result<()> {
    let now = work.now;
    let target = case
        .target
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    work.clear_timer(BOT, ticket.id.0).await?;
    let evidence = evidence(ended, vantages);
    let verdict = if finding.is_healthy() {
        "healthy"
    } else if finding.is_blind() {
        "unknown"
    } else {
        "problem"
    };
    let mut facts = vec![
        json!({"label": t("bot.verdict_target"), "value": target}),
        json!({"label": t("bot.verdict_cause"), "value": finding.cause.words()}),
        json!({"label": t("bot.verdict_layer"), "value": finding.layer.words()}),
        json!({"label": t("bot.verdict_side"), "value": finding.side.words()}),
    ];
    facts.extend(
        evidence
            .iter()
            .map(|(label, value)| json!({"label": label, "value": value})),
    );
    let data = json!({
        "verdict": verdict, "summary": finding.sentence, "facts": facts, "cause": finding.cause, "layer": finding.layer,
        "side": finding.side, "target": case.target, "jobs": case.probes.iter().filter_map(|probe| probe.job).collect::<Vec<_>>(),
    });
    work.event(ticket, EventKind::Finding, Visibility::Internal, None, data)
        .await?;

    if finding.is_blind() {
        let why = fill("bot.no_result_why", &[("why", &finding.sentence)]);
        return give_up(work, ticket, case, &why).await;
    }
    if finding.is_healthy() && !answers.is_empty() {
        return give_up(work, ticket, case, t("bot.wrote_meanwhile_why")).await;
    }
    if finding.is_healthy() && ticket.priority == Priority::P1 {
        // What waits for an answer is in no queue: a P1 waits for nobody.
        return give_up(work, ticket, case, &finding.sentence).await;
    }
    if finding.is_healthy() {
        become_state(case, State::AskedWorks, now);
        let until = business(work, now, SILENCE_CONFIRMS).await?;
        let text = format!("{} {}", finding.reply, t("bot.works_silence"));
        let question = Question {
            asks: "works",
            text: &text,
            question: t("bot.works_question"),
            found: &[&finding.reply],
            resolves_at: Some(until),
        };
        ask(work, ticket, question).await?;
        work.timer(BOT, ticket.id.0, 0, until);
        return Ok(());
    }
    let Some(team) = receiver(work.conn(), finding.team).await? else {
        // Nobody would see it there: what was found goes on with the ticket, and nothing is said that is not so.
        return give_up(work, ticket, case, &finding.sentence).await;
    };
    become_state(case, State::HandedOver, now);
    say(work, ticket, &finding.reply).await?;
    let known = fill(
        "bot.handover_known",
        &[("title", &ticket.title), ("target", &target)],
    );
    let tried = fill("bot.handover_tried", &[("places", &places(vantages))]);
    let shown = evidence
        .iter()
        .map(|(label, value)| format!("- {label}: {value}"))
        .collect::<Vec<_>>()
        .join("\n");
    let note = Handover {
        known: format!("{known} {}", finding.sentence),
        tried,
        evidence: shown,
        ask: fill("bot.handover_ask", &[("cause", &finding.cause.words())]),
    }
    .check()?;
    crate::handover::escalate(work, ticket, team, Tier::L2, &note, None).await
}

/// One line per probe: which, where, and what it said.
fn evidence(
    ended: &BTreeMap<Step, Ended>,
    vantages: &BTreeMap<Vantage, Prober>,
) -> Vec<(String, String)> {
    ended
        .iter()
        .map(|(step, ended)| {
            let place = vantages
                .get(&step.vantage)
                .map_or("", |prober| prober.name.as_str());
            let said = match ended {
                Ended::Ran {
                    verdict, summary, ..
                } => {
                    let summary: String = summary.chars().take(200).collect();
                    let verdict = t(match verdict {
                        Verdict::Healthy => "ui.verdict_healthy",
                        Verdict::Problem => "ui.verdict_problem",
                        Verdict::Unknown => "ui.verdict_unknown",
                    });
                    format!("{verdict}: {summary}")
                }
                Ended::NotRun(why) => t(match why {
                    NotRun::Expired => "bot.probe_expired",
                    NotRun::Refused => "bot.probe_refused",
                    NotRun::Failed => "bot.probe_failed",
                })
                .to_owned(),
            };
            let probe = step.probe.entry();
            let label = fill("bot.probe_on", &[("probe", &probe), ("place", &place)]);
            (label, said)
        })
        .collect()
}
