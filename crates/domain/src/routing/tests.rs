//! The rules of routing: a table, and what must hold for any people and any sequence of tickets.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::id::SkillId;
use crate::skill::Level;

const VPN: SkillId = SkillId(Uuid::from_u128(77));

fn today() -> NaiveDate {
    "2026-11-24".parse().expect("a date")
}

fn monday() -> DateTime<Utc> {
    "2026-11-30T08:00:00Z".parse().expect("a time")
}

fn routing(mode: Mode, cap: Option<u16>) -> Routing {
    Routing {
        team: TeamId(Uuid::from_u128(1)),
        tier: Tier::L2,
        mode,
        cap,
        calendar: None,
    }
}

fn somebody(number: u128, name: &str, load: u32) -> Candidate {
    Candidate {
        person: PersonId(Uuid::from_u128(number)),
        name: name.to_owned(),
        presence: Presence::Here,
        load,
        skills: vec![Held {
            skill: VPN,
            level: Level::Solid,
            confirmed: true,
            certificate: false,
            expires_on: None,
        }],
        today: today(),
        turn: None,
    }
}

fn vpn() -> Needed {
    Needed {
        skill: VPN,
        name: "VPN".to_owned(),
        level: Level::Solid,
        certificate: false,
    }
}

#[test]
fn a_certificate_ends_with_the_last_day_of_whoever_holds_it() {
    let mut ana = somebody(1, "Ana", 3);
    ana.skills[0].expires_on = Some(today());
    let mut ben = Candidate {
        // It is tomorrow already where Ben works.
        today: today().succ_opt().expect("a day"),
        ..somebody(2, "Ben", 0)
    };
    ben.skills[0].expires_on = Some(today());
    let decision = route(&routing(Mode::Skill, None), &[vpn()], &[ana, ben]);
    assert_eq!(decision.chosen, Some(PersonId(Uuid::from_u128(1))));
    let lack = Lack::Expired { on: today() };
    let skill = "VPN".to_owned();
    assert_eq!(
        decision.considered[1].verdict,
        Verdict::Lacks { skill, lack }
    );
}

#[test]
fn of_those_with_the_skill_the_one_with_the_fewest_gets_it_and_everybody_has_a_reason() {
    let ana = somebody(1, "Ana", 3);
    let ben = Candidate {
        presence: Presence::Absent { until: monday() },
        ..somebody(2, "Ben", 0)
    };
    let mut carla = somebody(3, "Carla", 1);
    let ended = "2026-11-20".parse().expect("a date");
    carla.skills[0].expires_on = Some(ended);
    let dora = somebody(4, "Dora", 5);
    let emil = somebody(5, "Emil", 9);
    let people = [emil, dora, carla, ben, ana];
    let decision = route(&routing(Mode::Skill, Some(9)), &[vpn()], &people);
    let chosen = decision.chosen().expect("Ana fits");
    assert_eq!(
        (chosen.name.as_str(), &chosen.verdict),
        ("Ana", &Verdict::Fits { load: 3 })
    );
    let reasons: BTreeMap<_, _> = decision
        .considered
        .iter()
        .map(|it| (it.name.as_str(), it.verdict.clone()))
        .collect();
    let lacks = Verdict::Lacks {
        skill: "VPN".to_owned(),
        lack: Lack::Expired { on: ended },
    };
    assert_eq!(reasons["Carla"], lacks);
    let absent = Presence::Absent { until: monday() };
    assert_eq!(reasons["Ben"], Verdict::NotHere { presence: absent });
    assert_eq!(reasons["Dora"], Verdict::Fits { load: 5 });
    assert_eq!(reasons["Emil"], Verdict::Full { load: 9 });
}

#[test]
fn skills_matter_only_where_the_queue_routes_by_skill() {
    let mut novice = somebody(1, "Ana", 0);
    novice.skills.clear();
    let by = |mode| route(&routing(mode, Some(5)), &[vpn()], &[novice.clone()]).chosen;
    assert_eq!(by(Mode::Skill), None);
    assert_eq!(by(Mode::LeastLoaded), Some(novice.person));
    assert_eq!(by(Mode::RoundRobin), Some(novice.person));
    assert_eq!(by(Mode::Off), None);
}

#[test]
fn a_rule_that_asks_for_a_skill_keeps_the_queues_limits_and_whoever_has_it_may_keep_it() {
    let (team, tier) = (TeamId(Uuid::from_u128(1)), Tier::L2);
    let own = routing(Mode::RoundRobin, Some(4));
    let asked = Routing::by_skill(team, tier, Some(&own));
    assert_eq!((asked.mode, asked.cap), (Mode::Skill, Some(4)));
    // What is switched off limits nobody.
    let off = routing(Mode::Off, Some(4));
    assert_eq!(Routing::by_skill(team, tier, Some(&off)).cap, None);
    assert_eq!(Routing::by_skill(team, tier, None).cap, None);

    let mut novice = somebody(1, "Ana", 0);
    novice.skills.clear();
    let full = somebody(2, "Ben", 4);
    let absent = Candidate {
        presence: Presence::Absent { until: monday() },
        ..somebody(3, "Carla", 0)
    };
    let free = somebody(4, "Dora", 3);
    let people = [novice, full, absent, free];
    let decision = route(&asked, &[vpn()], &people);
    let suits: Vec<_> = people.iter().map(|it| decision.suits(it.person)).collect();
    assert_eq!(suits, [false, true, false, true]);
    assert_eq!(decision.chosen, Some(people[3].person));
}

#[test]
fn a_decision_reads_back_as_it_was_written() {
    let away = Candidate {
        presence: Presence::OffShift { until: None },
        ..somebody(2, "Ben", 0)
    };
    let decision = route(
        &routing(Mode::Skill, None),
        &[vpn()],
        &[somebody(1, "Ana", 3), away],
    );
    let text = serde_json::to_value(&decision).expect("writes");
    let read: Decision = serde_json::from_value(text).expect("reads");
    assert_eq!(read, decision);
}

fn presence() -> impl Strategy<Value = Presence> {
    prop_oneof![
        3 => Just(Presence::Here),
        1 => Just(Presence::OffShift { until: Some(monday()) }),
        1 => Just(Presence::Absent { until: monday() }),
        1 => Just(Presence::Away { until: monday() }),
        1 => Just(Presence::Deactivated),
    ]
}

fn people() -> impl Strategy<Value = Vec<Candidate>> {
    let one = (
        presence(),
        0..12_u32,
        any::<bool>(),
        prop::option::of(0..9_i64),
    );
    prop::collection::vec(one, 0..8).prop_map(|all| {
        all.into_iter()
            .zip(1_u128..)
            .map(|((presence, load, knows, turn), number)| {
                let mut it = somebody(number, "Somebody", load);
                it.presence = presence;
                it.turn = turn;
                if !knows {
                    it.skills.clear();
                }
                it
            })
            .collect()
    })
}

fn modes() -> impl Strategy<Value = Mode> {
    prop::sample::select(Mode::ALL)
}

proptest! {
    #[test]
    fn nobody_off_shift_over_the_cap_or_without_the_skill_is_ever_chosen(
        people in people(), mode in modes(), cap in 1..10_u16,
    ) {
        let decision = route(&routing(mode, Some(cap)), &[vpn()], &people);
        prop_assert_eq!(decision.considered.len(), people.len());
        let fits = |it: &Candidate| {
            it.presence == Presence::Here
                && it.load < u32::from(cap)
                && (mode != Mode::Skill || !it.skills.is_empty())
        };
        match decision.chosen {
            Some(chosen) => {
                let chosen = people.iter().find(|it| it.person == chosen).expect("one of them");
                prop_assert!(fits(chosen) && mode != Mode::Off);
                if matches!(mode, Mode::LeastLoaded | Mode::Skill) {
                    let fewest = people.iter().filter(|it| fits(it)).map(|it| it.load).min();
                    prop_assert_eq!(Some(chosen.load), fewest);
                }
            }
            None => prop_assert!(mode == Mode::Off || !people.iter().any(fits)),
        }
    }

    #[test]
    fn the_order_of_the_candidates_does_not_matter(people in people(), mode in modes(), turned in 0..8_usize) {
        let mut other = people.clone();
        other.reverse();
        let by = turned.min(other.len());
        other.rotate_left(by);
        let decide = |people: &[Candidate]| route(&routing(mode, Some(6)), &[vpn()], people);
        prop_assert_eq!(decide(&people), decide(&other));
    }

    /// Between two people who were both there all the time the turns differ by one at most, whatever the others do.
    #[test]
    fn round_robin_is_fair_within_one_over_any_sequence(
        comings in prop::collection::vec(prop::collection::vec(any::<bool>(), 3), 1..60),
    ) {
        let mut people: Vec<_> = (1..=5).map(|n| somebody(n, "Somebody", 0)).collect();
        let mut turns = [0_i64; 5];
        for (turn, there) in (1..).zip(&comings) {
            // The first two are always there; the others come and go.
            for (it, here) in people[2..].iter_mut().zip(there) {
                it.presence = if *here { Presence::Here } else { Presence::Away { until: monday() } };
            }
            let decision = route(&routing(Mode::RoundRobin, None), &[], &people);
            let chosen = decision.chosen.expect("two are always there");
            let at = people.iter().position(|it| it.person == chosen).expect("one of them");
            turns[at] += 1;
            people[at].turn = Some(turn);
            prop_assert!((turns[0] - turns[1]).abs() <= 1, "{turns:?}");
        }
        if comings.iter().flatten().all(|here| *here) {
            let (most, least) = (turns.iter().max(), turns.iter().min());
            prop_assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1), "{turns:?}");
        }
    }
}
