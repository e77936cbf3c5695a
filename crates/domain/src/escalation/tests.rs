//! What rules promise, rule by rule.

use uuid::Uuid;

use super::*;
use crate::clock::scene::{OFFICE, POLICY, at, book, office, ticket, version};
use crate::clock::{Change, clocks};
use crate::sla::Policy;
use crate::ticket::{Kind, ResolvedBy, Status};

/// 9:00 on a Monday in Berlin.
pub(super) const MONDAY_9: &str = "2026-06-01T07:00:00Z";

pub(super) fn rule(condition: Condition) -> Rule {
    Rule {
        only: Only::default(),
        conditions: vec![condition],
        effects: vec![Effect::NotifyQueue {}],
    }
}

pub(super) fn card() -> Card {
    Card {
        title: "VPN drops".to_owned(),
        channel: Channel::Web,
        requester: PersonId(Uuid::nil()),
        host: None,
        assignee: None,
    }
}

#[test]
fn a_p1_is_never_held_back_and_first_words_count_apart_from_the_rest() {
    use Priority::{P1, P2, P4};
    for (priority, first_of_its_level, expected) in [
        (P1, true, None),
        (P1, false, None),
        (P2, true, Some(Share::First)),
        (P2, false, Some(Share::Other)),
        (P4, false, Some(Share::Other)),
    ] {
        assert_eq!(share(priority, first_of_its_level), expected);
    }
}

pub(super) fn holds_at(rule: &Rule, history: &History, now: &str) -> Option<DateTime<Utc>> {
    holds_by(&book(), rule, history, now)
}

/// The same by other promises.
fn holds_by(book: &Book, rule: &Rule, history: &History, now: &str) -> Option<DateTime<Utc>> {
    let now = at(now);
    rule.holds_at(&Situation {
        history,
        card: &card(),
        clocks: &clocks(history, book, now),
        book,
        bot_held_until: Some(history.opened_at),
        bot_gave_up_at: None,
        now,
    })
}

#[test]
fn nobody_took_it_for_so_many_working_minutes() {
    let rule = rule(Condition::UnassignedFor { minutes: 60 });
    let filed_on_sunday = ticket("2026-05-31T10:00:00Z");
    assert_eq!(
        holds_at(&rule, &filed_on_sunday, "2026-05-31T11:00:00Z"),
        Some(at("2026-06-01T08:00:00Z"))
    );
    let taken = filed_on_sunday
        .clone()
        .then("2026-06-01T07:30:00Z", Change::Assigned(true));
    assert_eq!(holds_at(&rule, &taken, "2026-06-01T07:31:00Z"), None);
    let put_back = taken.then("2026-06-01T07:40:00Z", Change::Assigned(false));
    assert_eq!(
        holds_at(&rule, &put_back, "2026-06-01T07:41:00Z"),
        Some(at("2026-06-01T08:40:00Z"))
    );
}

#[test]
fn a_share_of_a_new_target_is_used_when_the_target_begins_to_hold_and_no_earlier() {
    let rule = rule(Condition::SlaUsed {
        metric: Metric::Resolution,
        percent: 75,
    });
    // Nine working hours of a P3's 24; of a P2's eight, six were over on Monday, when nobody had promised them.
    let tuesday_10 = "2026-06-02T08:00:00Z";
    let raised = ticket(MONDAY_9).then(tuesday_10, Change::Priority(Priority::P2));
    for now in [tuesday_10, "2026-06-02T08:30:00Z", "2026-06-02T12:00:00Z"] {
        assert_eq!(holds_at(&rule, &raised, now), Some(at(tuesday_10)), "{now}");
    }
    // While it waits nothing is used up: the new target holds when it goes on.
    let goes_on = "2026-06-03T09:00:00Z";
    let waited = ticket(MONDAY_9)
        .then(tuesday_10, Change::Status(Status::Pending))
        .then("2026-06-02T09:00:00Z", Change::Priority(Priority::P2))
        .then(goes_on, Change::Status(Status::Open));
    for now in [goes_on, "2026-06-03T10:00:00Z"] {
        assert_eq!(holds_at(&rule, &waited, now), Some(at(goes_on)), "{now}");
    }
    // What is used up later is used up when it is.
    let early = ticket(MONDAY_9).then("2026-06-01T08:00:00Z", Change::Priority(Priority::P2));
    let used = Some(at("2026-06-01T13:00:00Z"));
    for now in ["2026-06-01T08:00:00Z", "2026-06-01T14:00:00Z"] {
        assert_eq!(holds_at(&rule, &early, now), used, "{now}");
    }
}

#[test]
fn waiting_for_the_requester_is_not_waiting_for_us() {
    let rule = rule(Condition::UnassignedFor { minutes: 60 });
    let waits = ticket(MONDAY_9).then("2026-06-01T07:30:00Z", Change::Status(Status::Pending));
    assert_eq!(holds_at(&rule, &waits, "2026-06-05T00:00:00Z"), None);
    let answered = waits.then("2026-06-02T07:00:00Z", Change::Status(Status::Open));
    assert_eq!(
        holds_at(&rule, &answered, "2026-06-02T07:00:00Z"),
        Some(at("2026-06-02T07:30:00Z"))
    );
}

#[test]
fn the_wait_begins_anew_in_each_queue_and_cycle() {
    let rule = rule(Condition::UnassignedFor { minutes: 60 });
    let moved = ticket(MONDAY_9).then(
        "2026-06-01T07:50:00Z",
        Change::Queue(TeamId(Uuid::nil()), Tier::L2),
    );
    assert_eq!(
        holds_at(&rule, &moved, "2026-06-01T07:50:00Z"),
        Some(at("2026-06-01T08:50:00Z"))
    );
    let reopened = ticket(MONDAY_9)
        .then("2026-06-01T07:10:00Z", Change::Resolved(ResolvedBy::Bot))
        .then("2026-06-02T08:00:00Z", Change::Reopened);
    assert_eq!(
        holds_at(&rule, &reopened, "2026-06-02T08:00:00Z"),
        Some(at("2026-06-02T09:00:00Z"))
    );
}

#[test]
fn the_bot_gave_up_in_this_cycle() {
    let rule = rule(Condition::BotGaveUp {});
    let history = ticket(MONDAY_9);
    let book = book();
    let card = card();
    let mut situation = Situation {
        history: &history,
        card: &card,
        clocks: &[],
        book: &book,
        bot_held_until: Some(at("2026-06-01T07:01:00Z")),
        bot_gave_up_at: Some(at("2026-06-01T07:01:00Z")),
        now: at("2026-06-01T07:02:00Z"),
    };
    assert_eq!(rule.holds_at(&situation), situation.bot_gave_up_at);
    situation.bot_held_until = None;
    assert_eq!(rule.holds_at(&situation), None);
    let reopened = history
        .clone()
        .then("2026-06-01T08:00:00Z", Change::Resolved(ResolvedBy::Human))
        .then("2026-06-01T09:00:00Z", Change::Reopened);
    situation.history = &reopened;
    situation.bot_held_until = situation.bot_gave_up_at;
    assert_eq!(rule.holds_at(&situation), None);
}

#[test]
fn a_share_of_a_promise_is_used_up() {
    let rule = rule(Condition::SlaUsed {
        metric: Metric::FirstResponse,
        percent: 50,
    });
    assert_eq!(
        holds_at(&rule, &ticket(MONDAY_9), MONDAY_9),
        Some(at("2026-06-01T09:00:00Z"))
    );
    let answered = ticket(MONDAY_9).then("2026-06-01T08:00:00Z", Change::Reply);
    assert_eq!(holds_at(&rule, &answered, "2026-06-01T12:00:00Z"), None);
}

#[test]
fn no_share_is_used_of_what_is_not_promised_any_more() {
    let rule = rule(Condition::SlaUsed {
        metric: Metric::FirstResponse,
        percent: 90,
    });
    let mut book = book();
    let mut requests = book.policy[0].body.rules[1].clone();
    requests.when.kinds = [Kind::Request].into();
    for targets in requests.targets.values_mut() {
        targets.remove(&Metric::FirstResponse);
    }
    book.policy[0].body.rules.insert(0, requests);
    let changed = ticket(MONDAY_9).then("2026-06-01T08:00:00Z", Change::Kind(Kind::Request));
    for now in ["2026-06-01T08:00:00Z", "2026-06-01T12:00:00Z"] {
        assert_eq!(holds_by(&book, &rule, &changed, now), None, "{now}");
    }
    // Promised again, the share is used when that is, of all that was counted.
    let back = "2026-06-01T09:00:00Z";
    let again = changed.then(back, Change::Kind(Kind::Incident));
    let used = Some(at("2026-06-01T10:36:00Z"));
    assert_eq!(holds_by(&book, &rule, &again, back), used);
}

#[test]
fn all_conditions_must_hold_and_the_last_one_decides_when() {
    let mut rule = rule(Condition::TimeInTier { minutes: 30 });
    rule.conditions.push(Condition::PriorityReached {
        priority: Priority::P2,
    });
    assert_eq!(
        holds_at(&rule, &ticket(MONDAY_9), "2026-06-01T08:00:00Z"),
        None
    );
    let raised = ticket(MONDAY_9).then("2026-06-01T10:00:00Z", Change::Priority(Priority::P1));
    assert_eq!(
        holds_at(&rule, &raised, "2026-06-01T10:00:00Z"),
        Some(at("2026-06-01T10:00:00Z"))
    );
}

#[test]
fn a_resolved_ticket_is_left_alone() {
    let rule = rule(Condition::Reopened { times: 1 });
    let twice = ticket(MONDAY_9)
        .then("2026-06-01T08:00:00Z", Change::Resolved(ResolvedBy::Human))
        .then("2026-06-01T09:00:00Z", Change::Reopened);
    assert_eq!(
        holds_at(&rule, &twice, "2026-06-01T10:00:00Z"),
        Some(at("2026-06-01T09:00:00Z"))
    );
    let resolved = twice.then("2026-06-01T11:00:00Z", Change::Resolved(ResolvedBy::Human));
    assert_eq!(holds_at(&rule, &resolved, "2026-06-01T12:00:00Z"), None);
}

#[test]
fn what_is_wrong_with_a_rule_is_said_by_field() {
    let rule = Rule {
        only: Only::default(),
        conditions: vec![Condition::UnassignedFor { minutes: 0 }],
        effects: Vec::new(),
    };
    let fields: Vec<_> = rule.check().into_iter().map(|error| error.field).collect();
    assert_eq!(fields, ["effects", "unassigned_minutes"]);
}

#[test]
fn a_rule_allows_the_priorities_that_it_names() {
    let mut rule = rule(Condition::BotGaveUp {});
    assert!(Priority::ALL.iter().all(|it| rule.allows(*it)));
    rule.only.priorities = [Priority::P1, Priority::P2].into();
    assert!(rule.allows(Priority::P2) && !rule.allows(Priority::P3));
    rule.conditions.push(Condition::PriorityReached {
        priority: Priority::P1,
    });
    assert!(rule.allows(Priority::P1) && !rule.allows(Priority::P2));
}

#[test]
fn a_rule_survives_being_stored() {
    let mut rule = rule(Condition::BotGaveUp {});
    rule.conditions.push(meant("-tier:L1 vpn"));
    rule.effects.push(Effect::Move {
        team: None,
        tier: Some(Tier::L2),
        skill: None,
    });
    let stored = serde_json::to_string(&rule).unwrap();
    assert_eq!(serde_json::from_str::<Rule>(&stored).unwrap(), rule);
}

#[test]
fn a_hand_over_that_was_sent_back_buys_no_time_at_a_tier() {
    let rule = rule(Condition::TimeInTier { minutes: 120 });
    let team = TeamId(Uuid::from_u128(3));
    let back = |tier| Change::Bounced {
        team,
        tier,
        assigned: true,
    };
    let due = |history: &History| holds_at(&rule, history, "2026-06-01T12:00:00Z");
    let ten = "2026-06-01T08:00:00Z";
    let handed_over = ticket(MONDAY_9).then(ten, Change::Queue(team, Tier::L2));
    assert_eq!(due(&handed_over), Some(at("2026-06-01T10:00:00Z")));
    // One of two hours had passed; that at the other tier does not count.
    let sent_back = handed_over
        .clone()
        .then("2026-06-01T08:30:00Z", back(Tier::L1));
    assert_eq!(due(&sent_back), Some(at("2026-06-01T09:30:00Z")));
    // Again, and through another team of the same tier.
    let again = sent_back
        .then("2026-06-01T08:45:00Z", Change::Queue(team, Tier::L2))
        .then(
            "2026-06-01T09:00:00Z",
            Change::Queue(TeamId(Uuid::from_u128(4)), Tier::L2),
        )
        .then("2026-06-01T09:45:00Z", back(Tier::L2))
        .then("2026-06-01T10:00:00Z", back(Tier::L1));
    assert_eq!(due(&again), Some(at("2026-06-01T10:45:00Z")));
    // Handed back when its work is done, a stay is a new one.
    let done = handed_over.then("2026-06-01T08:30:00Z", Change::Queue(team, Tier::L1));
    assert_eq!(due(&done), Some(at("2026-06-01T10:30:00Z")));
    // So is one in a new cycle.
    let reopened = again
        .then("2026-06-01T10:10:00Z", Change::Resolved(ResolvedBy::Human))
        .then("2026-06-01T10:10:00Z", Change::Status(Status::Resolved))
        .then("2026-06-01T10:15:00Z", Change::Reopened)
        .then("2026-06-01T10:15:00Z", Change::Status(Status::Open));
    assert_eq!(due(&reopened), Some(at("2026-06-01T12:15:00Z")));
}

#[test]
fn the_requester_heard_nothing_for_so_many_working_minutes() {
    let rule = rule(Condition::NoAnswerFor { minutes: 60 });
    let filed = ticket(MONDAY_9);
    assert_eq!(
        holds_at(&rule, &filed, MONDAY_9),
        Some(at("2026-06-01T08:00:00Z"))
    );
    let answered = filed.then("2026-06-01T07:45:00Z", Change::Reply);
    // Who was answered last waits for no answer, until they write.
    assert_eq!(holds_at(&rule, &answered, "2026-06-01T12:00:00Z"), None);
    let asks = answered
        .then("2026-06-01T09:00:00Z", Change::Ask)
        .then("2026-06-01T09:30:00Z", Change::Ask);
    assert_eq!(
        holds_at(&rule, &asks, "2026-06-01T09:30:00Z"),
        Some(at("2026-06-01T10:00:00Z"))
    );
    let waits = asks.then("2026-06-01T09:40:00Z", Change::Status(Status::Pending));
    assert_eq!(holds_at(&rule, &waits, "2026-06-01T12:00:00Z"), None);
}

pub(super) fn meant(text: &str) -> Condition {
    let read: filter::Filter = text.parse().unwrap();
    Condition::Matches {
        filter: Box::new(Meant {
            text: text.to_owned(),
            selection: read.resolve(&filter::Known::default()).unwrap(),
        }),
    }
}

#[test]
fn a_filter_holds_since_the_ticket_came_to_be_meant() {
    let rule = rule(meant("priority:P1,P2 assigned:nobody title~vpn"));
    let history = ticket(MONDAY_9);
    assert_eq!(holds_at(&rule, &history, MONDAY_9), None);
    let raised = history.then("2026-06-01T08:00:00Z", Change::Priority(Priority::P2));
    assert_eq!(
        holds_at(&rule, &raised, "2026-06-01T09:00:00Z"),
        Some(at("2026-06-01T08:00:00Z"))
    );
}

#[test]
fn a_filter_that_asks_for_time_says_when_it_will_hold() {
    let history = ticket(MONDAY_9);
    for (text, expected) in [
        ("age>90m", Some("2026-06-01T08:30:00Z")),
        ("age<90m", Some(MONDAY_9)),
        ("age>90m age<1h", None),
        // 4 hours for the first response, from 9:00 to 13:00 in Berlin: three of them are used at noon.
        ("risk:yes", Some("2026-06-01T10:00:00Z")),
        ("breached:yes", Some("2026-06-01T11:00:00Z")),
        // By then that one is broken, and the next is at risk two hours later: it is looked at, and nothing holds yet.
        ("risk:yes age>2d", Some("2026-06-03T07:00:00Z")),
    ] {
        assert_eq!(
            holds_at(&rule(meant(text)), &history, MONDAY_9),
            expected.map(at),
            "{text}"
        );
    }
    let wednesday = "2026-06-03T07:00:00Z";
    assert_eq!(
        holds_at(&rule(meant("risk:yes age>2d")), &history, wednesday),
        Some(at("2026-06-03T09:00:00Z"))
    );
}

#[test]
fn a_reminder_waits_for_the_morning_unless_the_promise_runs_round_the_clock() {
    let remind = rule(Condition::PriorityReached {
        priority: Priority::P2,
    });
    let night = "2026-06-02T00:10:00Z";
    let at_night = |to| ticket(MONDAY_9).then("2026-06-02T00:00:00Z", Change::Priority(to));
    assert_eq!(
        holds_at(&remind, &at_night(Priority::P2), night),
        Some(at("2026-06-02T07:00:00Z"))
    );
    assert_eq!(
        holds_at(&remind, &at_night(Priority::P1), night),
        Some(at("2026-06-02T00:00:00Z"))
    );
    let act = Rule {
        effects: vec![Effect::RaisePriority { to: None }],
        ..remind
    };
    assert_eq!(
        holds_at(&act, &at_night(Priority::P2), night),
        Some(at("2026-06-02T00:00:00Z"))
    );
}

#[test]
fn a_reminder_at_the_very_end_of_the_hours_is_still_in_them() {
    let remind = rule(Condition::UnassignedFor { minutes: 480 });
    let filed = ticket(MONDAY_9);
    let five = "2026-06-01T15:00:00Z";
    assert_eq!(holds_at(&remind, &filed, MONDAY_9), Some(at(five)));
    assert_eq!(holds_at(&remind, &filed, five), Some(at(five)));
}

#[test]
fn a_rule_tried_on_the_past_fires_once_in_each_cycle_and_waits_for_the_bot() {
    let rule = rule(Condition::UnassignedFor { minutes: 60 });
    let history = ticket(MONDAY_9)
        .then("2026-06-01T12:00:00Z", Change::Resolved(ResolvedBy::Human))
        .then("2026-06-02T08:00:00Z", Change::Reopened);
    let card = card();
    let gave_up = [at("2026-06-01T07:30:00Z")];
    let past = Past {
        history: &history,
        card: &card,
        bot_held_until: Some(gave_up[0]),
        bot_gave_up: &gave_up,
    };
    assert_eq!(
        firings(&rule, &past, &book(), at("2026-06-05T00:00:00Z")),
        [
            (1, at("2026-06-01T08:30:00Z")),
            (2, at("2026-06-02T09:00:00Z"))
        ]
    );
    assert_eq!(
        firings(&rule, &past, &book(), at("2026-06-02T08:59:59Z")).len(),
        1,
        "what has not come yet has not fired"
    );
}

fn tried(rule: &Rule, history: &History, book: &Book) -> Vec<(u32, DateTime<Utc>)> {
    let past = Past {
        history,
        card: &card(),
        bot_held_until: Some(history.opened_at),
        bot_gave_up: &[],
    };
    firings(rule, &past, book, at("2026-06-12T00:00:00Z"))
}

pub(super) fn acts(conditions: Vec<Condition>) -> Rule {
    Rule {
        only: Only::default(),
        conditions,
        effects: vec![Effect::RaisePriority { to: None }],
    }
}

#[test]
fn minutes_are_counted_in_the_hours_that_were_in_force_at_each_time() {
    let rule = acts(vec![Condition::UnassignedFor { minutes: 60 }]);
    let tuesday = "2026-06-02T00:00:00Z";
    let mut book = book();
    let day_and_night = version(OFFICE, 2, tuesday, office(r#"[["00:00","24:00"]]"#));
    book.calendars.get_mut(&OFFICE).unwrap().push(day_and_night);
    // Half an hour on Monday before the office closes, and half an hour of the night in which the new hours begin.
    let history = ticket("2026-06-01T14:30:00Z");
    let due = at("2026-06-02T00:30:00Z");
    for now in ["2026-06-01T14:30:00Z", tuesday, "2026-06-10T00:00:00Z"] {
        let situation = Situation {
            history: &history,
            card: &card(),
            clocks: &[],
            book: &book,
            bot_held_until: Some(history.opened_at),
            bot_gave_up_at: None,
            now: at(now),
        };
        assert_eq!(rule.holds_at(&situation), Some(due), "{now}");
    }
    assert_eq!(tried(&rule, &history, &book), [(1, due)]);
}

#[test]
fn a_rule_tried_on_the_past_meets_the_promises_of_each_time() {
    let rule = acts(vec![Condition::SlaUsed {
        metric: Metric::Resolution,
        percent: 75,
    }]);
    let history = ticket(MONDAY_9);
    let used = at("2026-06-03T09:00:00Z");
    assert_eq!(tried(&rule, &history, &book()), [(1, used)]);
    let tuesday_10 = "2026-06-02T08:00:00Z";
    let mut shorter = book();
    let mut policy = Policy::standard(OFFICE);
    for targets in policy.rules[1].targets.values_mut() {
        targets.insert(Metric::Resolution, 10 * 3600);
    }
    let second = version(POLICY, 2, tuesday_10, policy);
    shorter.policy.push(second);
    assert_eq!(tried(&rule, &history, &shorter), [(1, at(tuesday_10))]);
}

#[test]
fn a_rule_tried_on_the_past_knows_that_what_is_broken_is_at_risk_no_longer() {
    let selection = "risk:yes".parse::<filter::Filter>().unwrap();
    let selection = selection.resolve(&filter::Known::default()).unwrap();
    let at_risk = Condition::Matches {
        filter: Box::new(Meant {
            text: "risk:yes".to_owned(),
            selection,
        }),
    };
    // Of the first response's four hours three are over at noon; it breaks at 13:00. The resolution is at risk on Wednesday.
    let rule = |minutes| acts(vec![at_risk.clone(), Condition::UnassignedFor { minutes }]);
    let history = ticket(MONDAY_9);
    for (minutes, fires) in [
        (60, "2026-06-01T10:00:00Z"),
        (210, "2026-06-01T10:30:00Z"),
        (300, "2026-06-03T09:00:00Z"),
    ] {
        let tried = tried(&rule(minutes), &history, &book());
        assert_eq!(tried, [(1, at(fires))], "{minutes}");
    }
}

#[test]
fn several_rules_tried_at_once_fire_as_each_would_alone() {
    let history = ticket(MONDAY_9)
        .then("2026-06-01T12:00:00Z", Change::Resolved(ResolvedBy::Human))
        .then("2026-06-02T08:00:00Z", Change::Reopened);
    let rules = [
        acts(vec![Condition::UnassignedFor { minutes: 60 }]),
        rule(Condition::Reopened { times: 1 }),
        acts(vec![Condition::SlaUsed {
            metric: Metric::PickUp,
            percent: 50,
        }]),
    ];
    let card = card();
    let past = Past {
        history: &history,
        card: &card,
        bot_held_until: Some(history.opened_at),
        bot_gave_up: &[],
    };
    let now = at("2026-06-12T00:00:00Z");
    let alone = rules
        .each_ref()
        .map(|rule| firings(rule, &past, &book(), now));
    assert!(alone.iter().all(|fired| !fired.is_empty()));
    let at_once = firings_of_all(&rules.each_ref(), &past, &book(), now);
    assert_eq!(at_once, alone);
}

#[test]
fn a_move_without_a_skill_is_read_and_written_as_before_skills_were_there() {
    let old = serde_json::json!({"move": {"team": null, "tier": "L2"}});
    let read: Effect = serde_json::from_value(old.clone()).expect("an old version");
    assert_eq!(
        read,
        Effect::Move {
            team: None,
            tier: Some(Tier::L2),
            skill: None
        }
    );
    assert_eq!(serde_json::to_value(&read).expect("writes"), old);
}

#[test]
fn a_move_needs_a_team_a_tier_or_a_skill() {
    let errors = |skill| {
        let go = Effect::Move {
            team: None,
            tier: None,
            skill,
        };
        let rule = Rule {
            only: Only::default(),
            conditions: vec![Condition::BotGaveUp {}],
            effects: vec![go],
        };
        rule.check().len()
    };
    assert_eq!(errors(None), 1);
    assert_eq!(errors(Some(SkillId(Uuid::nil()))), 0);
}
