//! What a bounced hand-over does to the promises between tiers: it ends the receiver's without keeping them, and the
//! sender's go on.

use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use crate::clock::any::history;
use crate::clock::scene::{at, book, clock, ticket};
use crate::clock::{Book, Change, Clock, History, Outcome, State, clocks, explain, stays};
use crate::id::TeamId;
use crate::sla::Metric;
use crate::text::t;
use crate::ticket::Priority;
use crate::tier::Tier;

const TEAM: TeamId = TeamId(Uuid::from_u128(3));

/// The office's policy, which also promises pick-up within one and a tier's work within four working hours.
fn promising() -> Book {
    let mut book = book();
    for rule in &mut book.policy[0].body.rules {
        let targets = rule.targets.entry(Priority::P3).or_default();
        targets.insert(Metric::PickUp, 3600);
        targets.insert(Metric::TimeInTier, 4 * 3600);
    }
    book
}

#[test]
fn the_receivers_clocks_stop_unkept_and_the_senders_time_goes_on() {
    // Monday 23 November 2026, 9:00 to 17:00 in Berlin.
    let bounced = Change::Bounced {
        team: TEAM,
        tier: Tier::L1,
        assigned: true,
    };
    let ticket = ticket("2026-11-23T08:00:00Z")
        .then("2026-11-23T08:10:00Z", Change::Assigned(true))
        .then("2026-11-23T11:00:00Z", Change::Queue(TEAM, Tier::L2))
        .then("2026-11-23T11:30:00Z", bounced);
    let book = promising();
    let of = |metric, now: &str| clock(&ticket, &book, metric, now);

    // Three of the sender's four hours were used before; the half hour at the receiver is not the sender's.
    let own = of(Metric::TimeInTier, "2026-11-23T12:00:00Z");
    assert_eq!(own.target, TimeDelta::hours(4));
    assert_eq!(own.counted, TimeDelta::minutes(210));
    assert_eq!(own.due_at, Some(at("2026-11-23T12:30:00Z")));
    // Somebody has it again: nothing waits to be picked up.
    let pick_up = of(Metric::PickUp, "2026-11-23T12:00:00Z");
    assert_eq!(pick_up.state, State::Stopped(at("2026-11-23T11:30:00Z")));

    let all = clocks(&ticket, &book, at("2026-11-23T12:00:00Z"));
    let receiver = all
        .iter()
        .filter(|it| it.metric == Metric::TimeInTier)
        .nth(1)
        .expect("the receiver's");
    assert_eq!(receiver.state, State::Stopped(at("2026-11-23T11:30:00Z")));
    // A bounce is not a resolution, and no answer either.
    for metric in [Metric::Resolution, Metric::FirstResponse] {
        let sla = of(metric, "2026-11-23T12:00:00Z");
        assert_eq!(sla.state, State::Running, "{metric}");
        assert_eq!(sla.counted, TimeDelta::hours(4), "{metric}");
    }
}

#[test]
fn what_routing_gave_and_its_receiver_sends_back_was_never_picked_up() {
    let bounced = Change::Bounced {
        team: TEAM,
        tier: Tier::L1,
        assigned: true,
    };
    let ticket = ticket("2026-11-23T08:00:00Z")
        .then("2026-11-23T08:10:00Z", Change::Assigned(true))
        .then("2026-11-23T11:00:00Z", Change::Queue(TEAM, Tier::L2))
        .then("2026-11-23T11:00:00Z", Change::Given)
        .then("2026-11-23T11:30:00Z", bounced);
    let pick_up = clock(
        &ticket,
        &promising(),
        Metric::PickUp,
        "2026-11-23T12:00:00Z",
    );
    assert_eq!(
        (pick_up.ordinal, pick_up.state),
        (2, State::Stopped(at("2026-11-23T11:30:00Z")))
    );
}

#[test]
fn a_sender_who_had_used_everything_is_late_at_once() {
    let bounced = Change::Bounced {
        team: TEAM,
        tier: Tier::L1,
        assigned: false,
    };
    let ticket = ticket("2026-11-23T08:00:00Z")
        .then("2026-11-23T12:00:00Z", Change::Queue(TEAM, Tier::L2))
        .then("2026-11-23T12:30:00Z", bounced);
    let book = promising();
    let own = clock(&ticket, &book, Metric::TimeInTier, "2026-11-23T12:31:00Z");
    assert_eq!(own.breached_at, Some(at("2026-11-23T12:30:00Z")));
    let pick_up = clock(&ticket, &book, Metric::PickUp, "2026-11-23T12:31:00Z");
    assert_eq!(
        (pick_up.state, pick_up.started_at),
        (State::Running, at("2026-11-23T12:30:00Z"))
    );
}

#[test]
fn a_stay_that_was_broken_before_its_hand_over_is_broken_still_and_not_again() {
    let bounced = Change::Bounced {
        team: TEAM,
        tier: Tier::L1,
        assigned: true,
    };
    // Four hours are used at 12:00; it is handed over an hour later, and sent back twice.
    let ticket = ticket("2026-11-23T08:00:00Z")
        .then("2026-11-23T13:00:00Z", Change::Queue(TEAM, Tier::L2))
        .then("2026-11-23T13:30:00Z", bounced)
        .then("2026-11-23T14:00:00Z", Change::Queue(TEAM, Tier::L2))
        .then("2026-11-23T14:30:00Z", bounced);
    let all = clocks(&ticket, &promising(), at("2026-11-23T15:00:00Z"));
    let senders = all.iter().filter(|it| it.metric == Metric::TimeInTier);
    let senders: Vec<_> = senders.step_by(2).collect();
    let told: Vec<_> = senders.iter().map(|it| it.news()).collect();
    assert_eq!(told, [Some(Outcome::Broken), None, None]);
    for sender in &senders {
        assert_eq!(sender.breached_at, Some(at("2026-11-23T12:00:00Z")));
        assert_eq!(sender.due_at, Some(at("2026-11-23T12:00:00Z")));
    }
    let lines = explain(senders[1], &promising());
    assert_eq!(lines[0].reason, t("clock.why_sent_back"));
    assert_eq!(lines[0].sum, TimeDelta::minutes(330));
    let used: Vec<_> = senders.iter().map(|it| it.counted.num_minutes()).collect();
    assert_eq!(used, [300, 330, 360]);
}

#[test]
fn a_stay_that_goes_on_is_at_risk_with_a_quarter_of_its_whole_time_left() {
    let bounced = Change::Bounced {
        team: TEAM,
        tier: Tier::L1,
        assigned: true,
    };
    // Two hours and fifty minutes of four are used.
    let ticket = ticket("2026-11-23T08:00:00Z")
        .then("2026-11-23T10:50:00Z", Change::Queue(TEAM, Tier::L2))
        .then("2026-11-23T11:30:00Z", bounced);
    let book = promising();
    let now = at("2026-11-23T11:35:00Z");
    let own = clock(&ticket, &book, Metric::TimeInTier, "2026-11-23T11:35:00Z");
    assert_eq!(own.risk_at, Some(at("2026-11-23T11:40:00Z")));
    assert_eq!(own.used_at(75, &book, now), own.risk_at);
    // What was used before the hand-over is used since it came back.
    assert_eq!(
        own.used_at(50, &book, now),
        Some(at("2026-11-23T11:30:00Z"))
    );
    assert!(!own.is_at_risk());
    let later = clock(&ticket, &book, Metric::TimeInTier, "2026-11-23T11:40:00Z");
    assert!(later.is_at_risk());
}

#[test]
fn a_stay_handed_over_in_time_is_kept_once_and_broken_if_its_time_runs_out_later() {
    let bounced = Change::Bounced {
        team: TEAM,
        tier: Tier::L1,
        assigned: true,
    };
    let ticket = ticket("2026-11-23T08:00:00Z")
        .then("2026-11-23T09:00:00Z", Change::Queue(TEAM, Tier::L2))
        .then("2026-11-23T10:00:00Z", bounced)
        .then("2026-11-23T11:00:00Z", Change::Queue(TEAM, Tier::L2))
        .then("2026-11-23T12:00:00Z", bounced);
    let told = |now: &str| -> Vec<_> {
        let all = clocks(&ticket, &promising(), at(now));
        let senders = all.iter().filter(|it| it.metric == Metric::TimeInTier);
        senders.step_by(2).map(Clock::news).collect()
    };
    // Two of four hours are used when it comes back the second time.
    assert_eq!(
        told("2026-11-23T14:00:00Z"),
        [Some(Outcome::Kept), None, None]
    );
    assert_eq!(
        told("2026-11-23T14:00:01Z"),
        [Some(Outcome::Kept), None, Some(Outcome::Broken)]
    );
}

#[test]
fn every_stay_counts_its_working_time_promised_or_not() {
    let ticket = ticket("2026-11-23T15:00:00Z")
        .then("2026-11-24T09:00:00Z", Change::Queue(TEAM, Tier::L2))
        .then("2026-11-24T10:00:00Z", Change::Reopened);
    let now = at("2026-11-24T12:00:00Z");
    let over = stays(&ticket, &book(), ticket.opened_at, now);
    let told: Vec<_> = over.iter().map(|it| (it.queue.1, it.counted)).collect();
    // Monday 16 to 17, Tuesday 9 to 10 in Berlin; what is at L2 goes on.
    assert_eq!(told, [(Tier::L1, TimeDelta::hours(2))]);
    assert!(stays(&ticket, &book(), at("2026-11-24T09:00:01Z"), now).is_empty());

    // Two rules that move it at one instant: it never was at the first one's tier.
    let through = ticket
        .then("2026-11-24T11:00:00Z", Change::Queue(TEAM, Tier::L3))
        .then("2026-11-24T11:00:00Z", Change::Queue(TEAM, Tier::L1));
    let over = stays(&through, &book(), through.opened_at, now);
    let told: Vec<_> = over.iter().map(|it| it.queue.1).collect();
    assert_eq!(told, [Tier::L1, Tier::L2]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_bounce_keeps_and_breaks_nothing(history in history(), later in 0..20_000_i64) {
        let now = history.opened_at + TimeDelta::minutes(later);
        let history = History { moments: history.moments.into_iter().filter(|it| it.at < now).collect(), ..history };
        let bounced = Change::Bounced { team: TEAM, tier: Tier::L1, assigned: true };
        let after = clocks(&history.clone().what_if(now, &[bounced]), &book(), now);
        for before in clocks(&history, &book(), now).iter().filter(|it| it.is_open()) {
            let later = after.iter().find(|it| (it.metric, it.ordinal) == (before.metric, before.ordinal)).unwrap();
            if before.metric.is_sla() {
                prop_assert_eq!(later, before);
            } else {
                prop_assert_eq!(later.state, State::Stopped(now));
                prop_assert_eq!((later.counted, later.breached_at), (before.counted, before.breached_at));
            }
        }
    }
}
