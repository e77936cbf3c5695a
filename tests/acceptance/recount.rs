//! Events are the truth (decision 13): whatever is kept beside them for lists, counts and deadlines is what a recount from
//! the events gives.
//!
//! Chance writes a busy history of some weeks; the same one each time, so that a failure can be looked at again.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sqlx::Executor;
use support::database;
use tierdesk_desk::DeskError;
use tierdesk_desk::conversation::Afterwards;
use tierdesk_domain::clock::{Clock, Outcome, State};
use tierdesk_domain::escalation::{Condition, Effect, Only, Rule};
use tierdesk_domain::handover::{BounceCode, Quality};
use tierdesk_domain::id::{CategoryId, TeamId, TicketId};
use tierdesk_domain::sla::Metric;
use tierdesk_domain::tally::{Counts, Measure};
use tierdesk_domain::ticket::{Channel, Impact, Kind, Priority, ResolutionCode, Status, Urgency};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::category;
use tierdesk_store::tally::block;

use crate::bot::{asked_whether_it_works, settled};
use crate::clock::Scene;
use crate::dashboard::promise_everything;
use crate::handover::note;

/// What may happen to a ticket at any time; what its state forbids is refused and changes nothing.
#[derive(Debug, Clone, Copy)]
enum Step {
    Wait(i64),
    File(&'static str),
    Bot,
    UndoBot,
    Works,
    Reply(bool),
    Answer,
    Note,
    Status(Status),
    Urgency(Urgency),
    Subject(Kind, usize),
    Take(bool),
    Escalate(bool, Tier),
    HandBack,
    Resolve,
    Reopen,
    Close,
    Rate(Quality),
    Sweep,
    Fold,
}

const TITLES: [&str; 3] = [
    "VPN is slow",
    "I forgot my password",
    "I cannot reach https://portal.example.org",
];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1..2_000_i64).prop_map(Step::Wait),
        2 => (0..TITLES.len()).prop_map(|n| Step::File(TITLES[n])),
        2 => Just(Step::Bot),
        1 => Just(Step::UndoBot),
        1 => Just(Step::Works),
        2 => any::<bool>().prop_map(Step::Reply),
        2 => Just(Step::Answer),
        1 => Just(Step::Note),
        3 => prop_oneof![Just(Status::Open), Just(Status::Pending), Just(Status::OnHold)].prop_map(Step::Status),
        2 => prop_oneof![Just(Urgency::Low), Just(Urgency::Medium), Just(Urgency::High)].prop_map(Step::Urgency),
        2 => ((0..Kind::ALL.len()), 0..4_usize).prop_map(|(kind, category)| Step::Subject(Kind::ALL[kind], category)),
        3 => any::<bool>().prop_map(Step::Take),
        3 => (any::<bool>(), prop_oneof![Just(Tier::L1), Just(Tier::L2), Just(Tier::L3)])
            .prop_map(|(team, tier)| Step::Escalate(team, tier)),
        2 => Just(Step::HandBack),
        2 => Just(Step::Resolve),
        2 => Just(Step::Reopen),
        1 => Just(Step::Close),
        2 => (0..Quality::ALL.len()).prop_map(|n| Step::Rate(Quality::ALL[n])),
        3 => Just(Step::Sweep),
        1 => Just(Step::Fold),
    ]
}

/// A desk with two teams, an engineer in every queue, and a rule that moves tickets and raises their priority.
struct History {
    scene: Scene,
    teams: [TeamId; 2],
    categories: Vec<CategoryId>,
    tickets: Vec<TicketId>,
}

impl History {
    async fn begin() -> Self {
        let scene = Scene::new().await;
        promise_everything(&scene.desk).await;
        let teams = [
            scene.desk.team("Service Desk").await,
            scene.desk.team("Network").await,
        ];
        for tier in Tier::ALL {
            scene.desk.join(&scene.engineer, teams[1], tier).await;
        }
        let boss = scene.desk.administrator("Ines Roth").await;
        let rule = Rule {
            only: Only::default(),
            conditions: vec![Condition::UnassignedFor { minutes: 240 }],
            effects: vec![
                Effect::RaisePriority {
                    to: Some(Priority::P2),
                },
                Effect::Move {
                    team: None,
                    tier: Some(Tier::L2),
                    skill: None,
                },
            ],
        };
        scene
            .desk
            .desk
            .save_rule(
                &scene.desk.caller(&boss).await,
                None,
                "Nobody takes it",
                true,
                rule,
                scene.desk.now(),
            )
            .await
            .unwrap();
        let tickets = vec![scene.file().await];
        // Chance does not get the bot to the end of its work.
        let ana = settled(&scene.desk).await;
        let helped = asked_whether_it_works(&scene.desk, &ana).await;
        scene
            .desk
            .desk
            .confirm_works(&scene.desk.caller(&ana).await, helped.id, scene.desk.now())
            .await
            .unwrap();
        // Nor does it undo that, nor answer twice within two hours.
        scene
            .desk
            .desk
            .reopen(
                &scene.desk.caller(&ana).await,
                helped.id,
                "Again.",
                scene.desk.now(),
            )
            .await
            .unwrap();
        scene.reply(tickets[0], Afterwards::Open).await.unwrap();
        let requester = scene.desk.caller(&scene.requester).await;
        let asked = scene
            .desk
            .desk
            .answer(&requester, tickets[0], "And?", scene.desk.now());
        asked.await.unwrap();
        scene.pass(TimeDelta::minutes(5));
        scene.reply(tickets[0], Afterwards::Open).await.unwrap();
        // Nor does anybody find a hand-over partly complete.
        let partly = scene.file().await;
        scene.release(partly).await;
        scene.pass(TimeDelta::seconds(1));
        let (engineer, now) = (scene.caller().await, scene.desk.now());
        let (desk, version) = (&scene.desk.desk, scene.ticket(partly).await.version);
        desk.escalate(
            &engineer,
            partly,
            version,
            (teams[1], Tier::L2),
            note(),
            now,
        )
        .await
        .unwrap();
        desk.accept_handover(&engineer, partly, Some(Quality::Partly), now)
            .await
            .unwrap();
        let mut conn = scene.desk.desk.acquire().await.unwrap();
        let categories = category::all(&mut conn).await.unwrap();
        drop(conn);
        Self {
            categories: categories.into_iter().map(|it| it.id).take(3).collect(),
            scene,
            teams,
            tickets,
        }
    }

    async fn live(&mut self, steps: usize) {
        let mut runner = TestRunner::deterministic();
        let steps = proptest::collection::vec((0..40_usize, step()), steps);
        let steps = steps.new_tree(&mut runner).unwrap().current();
        for (index, step) in steps {
            // No two actions happen at the same moment.
            self.scene.pass(TimeDelta::seconds(1));
            let id = self.tickets[index % self.tickets.len()];
            match self.step(id, step).await {
                Ok(()) | Err(DeskError::State(_) | DeskError::Invalid(_) | DeskError::Conflict) => {
                }
                Err(error) => panic!("{step:?}: {error}"),
            }
        }
        // What is due has been done; only then can kept and counted be the same.
        self.scene.desk.run_bot().await;
        self.scene.sweep().await;
    }

    async fn step(&mut self, id: TicketId, step: Step) -> Result<(), DeskError> {
        let scene = &self.scene;
        let ticket = scene.ticket(id).await;
        let (engineer, requester, now) = (
            scene.caller().await,
            scene.desk.caller(&scene.requester).await,
            scene.desk.now(),
        );
        let desk = &scene.desk.desk;
        match step {
            Step::Wait(minutes) => {
                scene.pass(TimeDelta::minutes(minutes));
                Ok(())
            }
            Step::File(title) => {
                let filed = scene
                    .desk
                    .file_by(&scene.requester, title, "Since this morning.", Channel::Web)
                    .await;
                self.tickets.push(filed.id);
                Ok(())
            }
            Step::Bot => {
                scene.desk.run_bot().await;
                Ok(())
            }
            Step::UndoBot => desk.undo_bot(&engineer, id, now).await,
            Step::Works => desk.confirm_works(&requester, id, now).await.map(|_| ()),
            Step::Reply(true) => scene.reply(id, Afterwards::Pending).await,
            Step::Reply(false) => scene.reply(id, Afterwards::Open).await,
            Step::Answer => desk.answer(&requester, id, "And now?", now).await,
            Step::Note => desk
                .note(&engineer, id, "I look at it.", now)
                .await
                .map(|_| ()),
            Step::Status(status) => {
                desk.set_status(&engineer, id, ticket.version, status, now)
                    .await
            }
            Step::Urgency(urgency) => {
                desk.set_impact_urgency(&engineer, id, ticket.version, Impact::Group, urgency, now)
                    .await
            }
            Step::Subject(kind, category) => {
                let category = self.categories.get(category).copied();
                desk.set_subject(&engineer, id, ticket.version, kind, category, now)
                    .await
            }
            Step::Take(take) => {
                let to = take.then_some(scene.engineer.id);
                desk.assign(&engineer, id, to, ticket.assignee, now).await
            }
            Step::Escalate(other, tier) => {
                let to = (self.teams[usize::from(other)], tier);
                desk.escalate(&engineer, id, ticket.version, to, note(), now)
                    .await
            }
            // What nobody accepted is sent back; what somebody did is handed back.
            Step::HandBack => {
                let code = Some(BounceCode::WrongTeam);
                let bounced = desk
                    .bounce(&engineer, id, ticket.version, code, "Ask others.", now)
                    .await;
                match bounced {
                    Err(DeskError::State(_)) => {
                        desk.hand_back(&engineer, id, ticket.version, "Not ours.", now)
                            .await
                    }
                    done => done,
                }
            }
            Step::Resolve => {
                desk.resolve(&engineer, id, ResolutionCode::Fixed, "Done.", now)
                    .await
            }
            Step::Reopen => desk.reopen(&requester, id, "Again.", now).await,
            Step::Close => desk.close_by_requester(&requester, id, now).await,
            // Who has it says how good its hand-over was; who has not takes it so.
            Step::Rate(quality) => {
                let rated = desk.rate_handover(&engineer, id, quality, now).await;
                match rated {
                    Err(DeskError::State(_)) => {
                        desk.accept_handover(&engineer, id, Some(quality), now)
                            .await
                    }
                    done => done,
                }
            }
            Step::Sweep => {
                scene.sweep().await;
                Ok(())
            }
            Step::Fold => {
                desk.fold_queues().await?;
                desk.fold_tally().await.map(|_| ())
            }
        }
    }

    async fn recount(&self) -> Vec<String> {
        let (desk, now) = (&self.scene.desk.desk, self.scene.desk.now());
        desk.recount(now).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_busy_history_everything_kept_equals_a_recount_from_the_events() {
    let mut history = History::begin().await;
    history.live(700).await;
    assert_eq!(history.recount().await, Vec::<String>::new());
    history.scene.desk.desk.fold_tally().await.unwrap();
    assert_eq!(history.recount().await, Vec::<String>::new());
    // Days of another zone are counted from scratch, even where nothing was noted between the tiers, and that is the same.
    let mut owner = database::connect(&history.scene.desk.database).await;
    owner.execute("truncate flow_fact").await.unwrap();
    let boss = history.scene.desk.administrator("Otto Berg").await;
    let boss = history.scene.desk.caller(&boss).await;
    let (desk, now) = (&history.scene.desk.desk, history.scene.desk.now());
    let zone = chrono_tz::Asia::Kathmandu;
    desk.set_reporting_zone(&boss, zone, now).await.unwrap();
    desk.fold_tally().await.unwrap();
    assert_eq!(history.recount().await, Vec::<String>::new());

    // The history was busy: all that is counted happened in it.
    let mut conn = history.scene.desk.desk.acquire().await.unwrap();
    let mut counted = Counts::default();
    for (_, counts) in block::all(&mut conn).await.unwrap() {
        counted.join(&counts);
    }
    drop(conn);
    // What the bot escalates is recounted in its own test.
    let never: Vec<_> = Measure::ALL
        .iter()
        .filter(|it| **it != Measure::EscalatedByBot)
        .filter(|it| counted.number(**it) + counted.spread(**it).number() == 0)
        .collect();
    assert_eq!(never, Vec::<&Measure>::new());

    // Each promise that was broken or kept has one event, and each event one promise.
    let scene = &history.scene;
    for id in &history.tickets {
        let ticket = scene.ticket(*id).await;
        let mut conn = scene.desk.desk.acquire().await.unwrap();
        let kept = tierdesk_store::clock::projections(&mut conn, *id).await;
        let clocks = scene.desk.desk.clocks(&mut conn, &ticket, now).await;
        drop(conn);
        // A stay that goes on when its hand-over is sent back broke at one time, and says so in each of its clocks.
        let broke = kept.unwrap().into_iter();
        let broke = broke.filter_map(|it| Some((it.metric, it.breached_at?)));
        let broke: BTreeSet<_> = broke.collect();
        let clocks = clocks.unwrap().what_if(&[], now);
        let goes_on = |it: &Clock| it.metric == Metric::TimeInTier && it.settled.is_some();
        let met = |it: &&Clock| it.breached_at.is_none() && matches!(it.state, State::Met(_));
        let in_time = clocks.iter().filter(met).filter(|it| !goes_on(it)).count();
        assert_eq!(
            scene.events(*id, EventKind::Breached).await.len(),
            broke.len()
        );
        assert!(scene.events(*id, EventKind::Kept).await.len() >= in_time);
        for (kind, outcome) in [
            (EventKind::Breached, Outcome::Broken),
            (EventKind::Kept, Outcome::Kept),
        ] {
            let told = scene.events(*id, kind).await;
            let became = clocks.iter().filter(|it| it.news() == Some(outcome));
            assert_eq!(told.len(), became.count(), "{kind}: {told:?} {clocks:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counting_anew_leaves_the_facts_that_the_events_say_and_no_others() {
    let mut history = History::begin().await;
    history.live(150).await;
    let mut owner = database::connect(&history.scene.desk.database).await;
    let boss = history.scene.desk.administrator("Otto Berg").await;
    let boss = history.scene.desk.caller(&boss).await;
    let (desk, now) = (&history.scene.desk.desk, history.scene.desk.now());
    for tampering in [
        // Missing, wrong, counted elsewhere, invented for a ticket with a story, and for one without.
        "delete from flow_fact where measure = 'received'",
        "update flow_fact set value = value + 60, priority = 5 - priority where measure = 'stay'",
        "update flow_fact set tier = 4 - tier where measure = 'handed_over' and tier <> 2",
        "insert into flow_fact (id, ticket_id, at, measure, team_id, tier, priority, value)
         select gen_random_uuid(), id, '2026-06-01T12:34:56Z', 'ping_pong', team_id, tier, priority, 1 from ticket",
    ] {
        let changed = owner.execute(tampering).await.unwrap().rows_affected();
        assert!(changed > 0, "{tampering}");
        assert_ne!(history.recount().await, Vec::<String>::new());
        desk.set_reporting_zone(&boss, chrono_tz::UTC, now)
            .await
            .unwrap();
        desk.fold_tally().await.unwrap();
        assert_eq!(history.recount().await, Vec::<String>::new(), "{tampering}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recount_names_each_thing_that_was_tampered_with() {
    let mut history = History::begin().await;
    history.live(60).await;
    history.tickets.push(history.scene.file().await);
    history.scene.desk.desk.fold_tally().await.unwrap();
    assert_eq!(history.recount().await, Vec::<String>::new());
    let mut owner = database::connect(&history.scene.desk.database).await;
    for (tampering, names) in [
        (
            "update tally set n = n + 1 where measure = 'queue'",
            "Queue",
        ),
        (
            "update tally_block set counts = counts || '\\x0001ffff0000000000000001'::bytea where slice = 1 and grain = 8",
            "Opened",
        ),
        (
            "update flow_fact set value = value + 1 where measure = 'stay'",
            "Stay",
        ),
        (
            "update flow_fact set priority = 5 - priority",
            "between tiers",
        ),
        (
            "update ticket_clock set target_seconds = target_seconds + 1",
            "clocks",
        ),
        (
            "update ticket set next_risk_at = '2030-01-01'",
            "next clock",
        ),
        (
            "update timer set fires_at = '2030-01-01' where kind = 'clock'",
            "deadline",
        ),
        (
            "update ticket set tier = 4 - tier where tier <> 2",
            "properties",
        ),
    ] {
        owner.execute(tampering).await.unwrap();
        let wrong = history.recount().await;
        assert!(
            wrong.iter().any(|it| it.contains(names)),
            "{tampering}: {wrong:?}"
        );
    }
}
