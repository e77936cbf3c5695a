//! The people and teams of the measured company.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_domain::id::{OrganisationId, PersonId, TeamId};
use uuid::Uuid;

use super::random::Random;

const FIRST: &[&str] = &[
    "Ana", "Ben", "Chiara", "David", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kofi",
    "Lena", "Marek", "Nadia", "Omar", "Paula", "Quentin", "Rosa", "Samir", "Tove", "Uwe", "Vera",
    "Wim", "Xenia", "Yusuf", "Zoe",
];
const LAST: &[&str] = &[
    "Abel", "Berg", "Costa", "Dubois", "Evans", "Fischer", "Garcia", "Hansen", "Ivanova", "Jansen",
    "Kaya", "Lopez", "Meyer", "Novak", "Olsen", "Petrov", "Quinn", "Rossi", "Silva", "Turner",
    "Ueda", "Vogel", "Weber", "Young", "Zimmer",
];
const TEAMS: &[&str] = &[
    "Network",
    "Identity",
    "Workplace",
    "Business Apps",
    "Servers",
    "Telephony",
    "HR Systems",
];
/// Share of the tickets by team, the Service Desk first.
pub(crate) const TEAM_SHARES: [f64; 8] = [0.40, 0.14, 0.12, 0.12, 0.10, 0.06, 0.04, 0.02];
/// Engineers per queue.
const PER_QUEUE: usize = 12;

/// Who there is.
#[derive(Debug)]
pub(crate) struct Company {
    /// The Service Desk first, then the others.
    pub(crate) teams: Vec<TeamId>,
    /// Engineers of each team's L1, L2, L3.
    pub(crate) engineers: Vec<[Vec<PersonId>; 3]>,
    /// Who files tickets.
    pub(crate) requesters: Vec<PersonId>,
    /// The organisation that requester number n belongs to is `n % organisations.len()`.
    pub(crate) organisations: Vec<OrganisationId>,
}

/// Rows for COPY, by table.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) organisation: String,
    pub(crate) team: String,
    pub(crate) person: String,
    pub(crate) address: String,
    pub(crate) membership: String,
}

/// An id whose time is `at`.
pub(crate) fn id(random: &mut Random, at: DateTime<Utc>) -> Uuid {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&random.next().to_be_bytes());
    bytes[8..].copy_from_slice(&random.next().to_be_bytes()[..2]);
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

impl Company {
    /// A company that files `tickets` tickets in three years: a requester files fifty.
    pub(crate) fn make(service_desk: TeamId, tickets: u64, now: DateTime<Utc>) -> (Self, Rows) {
        let random = &mut Random::new(1);
        let founded = now - TimeDelta::days(1_200);
        let mut rows = Rows::default();
        let organisations: Vec<OrganisationId> = (0..12)
            .map(|n| {
                let id = OrganisationId(id(random, founded));
                let colleagues = n % 4 == 0;
                let _ = writeln!(
                    rows.organisation,
                    "{id}\tOrganisation {n}\t{colleagues}\t{founded}"
                );
                id
            })
            .collect();
        let mut teams = vec![service_desk];
        for name in TEAMS {
            let id = TeamId(id(random, founded));
            let restricted = *name == "HR Systems";
            let _ = writeln!(rows.team, "{id}\t{name}\t{restricted}\t{founded}");
            teams.push(id);
        }
        let mut people = People {
            random,
            rows,
            organisations: &organisations,
            founded,
            made: 0,
        };
        let engineers = teams
            .iter()
            .map(|team| {
                [1, 2, 3].map(|tier| {
                    (0..PER_QUEUE)
                        .map(|_| {
                            let id = people.person(false);
                            let _ = writeln!(people.rows.membership, "{id}\t{team}\t{tier}");
                            id
                        })
                        .collect()
                })
            })
            .collect();
        people.person(true);
        let requesters = usize::try_from(tickets / 50)
            .unwrap_or(usize::MAX)
            .clamp(200, 20_000);
        let requesters = (0..requesters).map(|_| people.person(false)).collect();
        let rows = people.rows;
        (
            Self {
                teams,
                engineers,
                requesters,
                organisations,
            },
            rows,
        )
    }
}

struct People<'a> {
    random: &'a mut Random,
    rows: Rows,
    organisations: &'a [OrganisationId],
    founded: DateTime<Utc>,
    made: usize,
}

impl People<'_> {
    fn person(&mut self, manager: bool) -> PersonId {
        let number = self.made;
        self.made += 1;
        let id = PersonId(id(self.random, self.founded));
        let (first, last) = (self.random.pick(FIRST), self.random.pick(LAST));
        let organisation = self.organisations[number % self.organisations.len()];
        let founded = self.founded;
        let _ = writeln!(
            self.rows.person,
            "{id}\t{first} {last}\t{organisation}\tEurope/Berlin\t{manager}\t{manager}\t{founded}"
        );
        let address = self::id(self.random, founded);
        let _ = writeln!(
            self.rows.address,
            "{address}\t{id}\t{}.{}.{number}@example.com\ttrue\t{founded}\t{founded}\timport",
            first.to_lowercase(),
            last.to_lowercase()
        );
        id
    }
}
