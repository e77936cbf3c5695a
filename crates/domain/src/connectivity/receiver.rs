//! Who gets what the bot found: a team that an administrator chose for such faults, else one whose name says that it knows
//! them.

use serde::{Deserialize, Serialize};

use super::Team;
use crate::id::TeamId;

/// The body of the document that says which teams get which faults. Nothing chosen means by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Receivers {
    /// Names, routes, firewalls, links.
    pub network: Option<TeamId>,
    /// Machines, services, certificates.
    pub servers: Option<TeamId>,
}

/// A team that might get a ticket.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Which.
    pub team: TeamId,
    /// What it is called.
    pub name: String,
    /// Whether anybody works in its L2.
    pub staffed: bool,
}

impl Receivers {
    /// The team that gets a fault, at L2. None where nobody works there: a ticket that nobody would see stays where it is.
    pub fn choose(&self, wanted: Option<Team>, teams: &[Candidate]) -> Option<TeamId> {
        let (chosen, words) = match wanted {
            Some(Team::Network) => (self.network, NETWORK),
            Some(Team::Servers) => (self.servers, SERVERS),
            Some(Team::ServiceDesk) | None => return None,
        };
        let mut staffed = teams.iter().filter(|it| it.staffed);
        if chosen.is_some() {
            return staffed.find(|it| Some(it.team) == chosen).map(|it| it.team);
        }
        words.iter().find_map(|word| {
            let mut named = staffed.clone();
            named
                .find(|it| it.name.to_lowercase().contains(word))
                .map(|it| it.team)
        })
    }
}

/// What the name of a team has that knows networks.
const NETWORK: &[&str] = &["network"];
/// The same for machines and services, the best one first; in the end the network team knows whom to ask.
const SERVERS: &[&str] = &[
    "server",
    "infrastructure",
    "platform",
    "system",
    "application",
    "network",
];

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn team(number: u128, name: &str, staffed: bool) -> Candidate {
        Candidate {
            team: TeamId(Uuid::from_u128(number)),
            name: name.to_owned(),
            staffed,
        }
    }

    #[test]
    fn the_table_of_who_gets_what() {
        let id = |number| Some(TeamId(Uuid::from_u128(number)));
        let by_name = Receivers::default();
        let chosen = Receivers {
            network: id(4),
            servers: id(3),
        };
        let (network, servers) = (Some(Team::Network), Some(Team::Servers));
        let german = [
            team(1, "Server", false),
            team(2, "Servers and more", true),
            team(3, "Systeme", true),
            team(4, "Netzwerk", true),
            team(5, "Datennetz", false),
        ];
        let english = [team(6, "Network", true), team(7, "Service Desk", true)];
        let empty = Receivers {
            network: id(5),
            servers: None,
        };
        let table: [(&str, &Receivers, _, &[Candidate], _); 9] = [
            ("by name", &by_name, network, &english, id(6)),
            (
                "servers by name, staffed",
                &by_name,
                servers,
                &german,
                id(2),
            ),
            (
                "network knows whom to ask",
                &by_name,
                servers,
                &english,
                id(6),
            ),
            ("no such name", &by_name, network, &german, None),
            ("chosen", &chosen, network, &german, id(4)),
            ("chosen before the name", &chosen, servers, &german, id(3)),
            (
                "chosen and empty: nobody else",
                &empty,
                network,
                &german,
                None,
            ),
            ("the other one by name", &empty, servers, &german, id(2)),
            ("nothing to hand over", &chosen, None, &german, None),
        ];
        for (what, receivers, wanted, teams, expected) in table {
            assert_eq!(receivers.choose(wanted, teams), expected, "{what}");
        }
    }
}
