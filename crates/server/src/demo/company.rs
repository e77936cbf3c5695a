//! The demo company: Larkfield Instruments, three sites, six teams, forty people, twelve machines.

use tierdesk_domain::tier::Tier;

/// The company's name.
pub(super) const NAME: &str = "Larkfield Instruments";
/// The domain of everybody's address; `.example` never belongs to anybody.
pub(super) const DOMAIN: &str = "larkfield.example";
/// The zone of the desk's working hours.
pub(super) const ZONE: chrono_tz::Tz = chrono_tz::Europe::Lisbon;
/// Everybody's password. The demo listens on this machine only.
pub(super) const PASSWORD: &str = "tierdesk-demo-only";

/// A team: its name and what it does. The first one exists already.
pub(super) const TEAMS: [(&str, &str); 6] = [
    (SERVICE_DESK, "First look at everything"),
    (NETWORK, "Sites, VPN, wireless, firewalls"),
    (IDENTITY, "Accounts, sign-in, access rights"),
    (WORKPLACE, "Laptops, phones, printers, meeting rooms"),
    (APPLICATIONS, "Business programs and their data"),
    (PLATFORM, "Servers, storage, databases"),
];
pub(super) const SERVICE_DESK: &str = "Service Desk";
pub(super) const NETWORK: &str = "Network";
pub(super) const IDENTITY: &str = "Identity";
pub(super) const WORKPLACE: &str = "Workplace";
pub(super) const APPLICATIONS: &str = "Applications";
pub(super) const PLATFORM: &str = "Platform";

/// What somebody does besides filing tickets.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// Files tickets.
    Requester,
    /// Works queues.
    Engineer(&'static [(&'static str, Tier)]),
    /// Watches promises.
    Manager,
    /// Configures.
    Administrator,
}

/// Somebody of the company.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) site: &'static str,
    pub(super) part: Part,
}

const fn requester(name: &'static str, site: &'static str) -> Person {
    Person {
        name,
        site,
        part: Part::Requester,
    }
}

const fn engineer(
    name: &'static str,
    site: &'static str,
    queues: &'static [(&'static str, Tier)],
) -> Person {
    Person {
        name,
        site,
        part: Part::Engineer(queues),
    }
}

const PORTO: &str = "Porto";
const LYON: &str = "Lyon";
const GDANSK: &str = "Gdańsk";

pub(super) const PEOPLE: [Person; 40] = [
    Person {
        name: "Amara Nwosu",
        site: PORTO,
        part: Part::Administrator,
    },
    Person {
        name: "Marta Kowalczyk",
        site: PORTO,
        part: Part::Manager,
    },
    engineer("Lucas Ferreira", PORTO, &[(SERVICE_DESK, Tier::L1)]),
    engineer("Chloé Marchand", LYON, &[(SERVICE_DESK, Tier::L1)]),
    engineer("Piotr Zieliński", GDANSK, &[(SERVICE_DESK, Tier::L1)]),
    engineer(
        "Yasmin Haddad",
        PORTO,
        &[(SERVICE_DESK, Tier::L1), (SERVICE_DESK, Tier::L2)],
    ),
    engineer("Jonas Becker", LYON, &[(NETWORK, Tier::L2)]),
    engineer(
        "Inês Carvalho",
        PORTO,
        &[(NETWORK, Tier::L2), (NETWORK, Tier::L3)],
    ),
    engineer(
        "Tomasz Wójcik",
        GDANSK,
        &[(IDENTITY, Tier::L2), (IDENTITY, Tier::L3)],
    ),
    engineer("Beatriz Lopes", PORTO, &[(IDENTITY, Tier::L2)]),
    engineer("Hugo Martin", LYON, &[(WORKPLACE, Tier::L2)]),
    engineer(
        "Rui Tavares",
        PORTO,
        &[(WORKPLACE, Tier::L2), (WORKPLACE, Tier::L3)],
    ),
    engineer("Elin Sjöberg", GDANSK, &[(APPLICATIONS, Tier::L2)]),
    engineer(
        "Noor Rahman",
        LYON,
        &[(APPLICATIONS, Tier::L2), (APPLICATIONS, Tier::L3)],
    ),
    engineer("Daniel Okafor", PORTO, &[(PLATFORM, Tier::L2)]),
    engineer(
        "Sofia Almeida",
        PORTO,
        &[(PLATFORM, Tier::L2), (PLATFORM, Tier::L3)],
    ),
    requester("Ana Ribeiro", PORTO),
    requester("Bruno Matos", PORTO),
    requester("Camille Durand", LYON),
    requester("Duarte Pinto", PORTO),
    requester("Ewa Nowak", GDANSK),
    requester("Filipa Gomes", PORTO),
    requester("Grzegorz Mazur", GDANSK),
    requester("Hélène Roux", LYON),
    requester("Ivo Santos", PORTO),
    requester("Joana Cruz", PORTO),
    requester("Karolina Lis", GDANSK),
    requester("Léo Fontaine", LYON),
    requester("Mariana Teixeira", PORTO),
    requester("Nuno Barbosa", PORTO),
    requester("Oskar Lewandowski", GDANSK),
    requester("Paula Moreira", PORTO),
    requester("Quentin Leroy", LYON),
    requester("Rita Antunes", PORTO),
    requester("Stefan Wrona", GDANSK),
    requester("Tiago Neves", PORTO),
    requester("Ursula Kamińska", GDANSK),
    requester("Vera Simões", PORTO),
    requester("William Petit", LYON),
    requester("Zofia Baran", GDANSK),
];

/// The people whose sign-ins are printed, one for each part.
pub(super) const GUIDES: [(&str, &str); 6] = [
    ("Ana Ribeiro", "files tickets"),
    ("Lucas Ferreira", "L1, Service Desk"),
    ("Jonas Becker", "L2, Network"),
    ("Inês Carvalho", "L3, Network"),
    ("Marta Kowalczyk", "manager"),
    ("Amara Nwosu", "administrator"),
];

/// A machine that was recorded, with what it said about itself.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) name: &'static str,
    pub(super) site: &'static str,
    pub(super) system: &'static str,
    pub(super) labels: &'static [&'static str],
    /// Who works on it, for laptops.
    pub(super) owner: Option<&'static str>,
    pub(super) memory_mib: u32,
    pub(super) processors: u32,
}

const fn machine(
    name: &'static str,
    site: &'static str,
    system: &'static str,
    labels: &'static [&'static str],
    owner: Option<&'static str>,
    (memory_mib, processors): (u32, u32),
) -> Machine {
    Machine {
        name,
        site,
        system,
        labels,
        owner,
        memory_mib,
        processors,
    }
}

const DEBIAN: &str = "Debian GNU/Linux 12 (bookworm)";
const UBUNTU: &str = "Ubuntu 24.04.2 LTS";
const FEDORA: &str = "Fedora Linux 42 (Workstation Edition)";

pub(super) const MACHINES: [Machine; 11] = [
    machine("web-01", PORTO, DEBIAN, &["role=web"], None, (16_384, 4)),
    machine("web-02", LYON, DEBIAN, &["role=web"], None, (16_384, 4)),
    machine(
        "db-01",
        PORTO,
        DEBIAN,
        &["role=database"],
        None,
        (65_536, 16),
    ),
    machine(
        "files-01",
        PORTO,
        DEBIAN,
        &["role=files"],
        None,
        (32_768, 8),
    ),
    machine(
        "files-02",
        GDANSK,
        DEBIAN,
        &["role=files"],
        None,
        (16_384, 4),
    ),
    machine("mail-01", PORTO, DEBIAN, &["role=mail"], None, (16_384, 4)),
    machine("vpn-01", PORTO, UBUNTU, &["role=vpn"], None, (8_192, 4)),
    machine("print-01", LYON, UBUNTU, &["role=print"], None, (4_096, 2)),
    machine(
        "lt-0412",
        PORTO,
        FEDORA,
        &["role=laptop"],
        Some("Ana Ribeiro"),
        (16_384, 8),
    ),
    machine(
        "lt-0437",
        LYON,
        FEDORA,
        &["role=laptop"],
        Some("Camille Durand"),
        (16_384, 8),
    ),
    machine(
        "lt-0455",
        GDANSK,
        UBUNTU,
        &["role=laptop"],
        Some("Ewa Nowak"),
        (32_768, 12),
    ),
];

/// The address of somebody: `ines.carvalho@larkfield.example`.
pub(super) fn address(name: &str) -> String {
    let plain: String = name.to_lowercase().chars().map(without_accent).collect();
    format!("{}@{DOMAIN}", plain.replace(' ', "."))
}

fn without_accent(letter: char) -> char {
    match letter {
        'á' | 'ã' | 'â' | 'à' | 'ä' => 'a',
        'ç' | 'ć' => 'c',
        'é' | 'è' | 'ê' | 'ę' => 'e',
        'í' => 'i',
        'ł' => 'l',
        'ń' | 'ñ' => 'n',
        'ó' | 'ö' | 'õ' | 'ô' => 'o',
        'ś' => 's',
        'ú' | 'ü' => 'u',
        'ź' | 'ż' => 'z',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn everybody_has_a_plain_address_of_their_own() {
        let addresses: BTreeSet<_> = PEOPLE.iter().map(|it| address(it.name)).collect();
        assert_eq!(addresses.len(), PEOPLE.len());
        assert!(addresses.iter().all(|it| it.is_ascii()), "{addresses:?}");
        assert!(addresses.contains("ines.carvalho@larkfield.example"));
    }

    #[test]
    fn every_name_that_is_referred_to_exists() {
        let names: BTreeSet<_> = PEOPLE.iter().map(|it| it.name).collect();
        let owners = MACHINES.iter().filter_map(|it| it.owner);
        for name in GUIDES.iter().map(|it| it.0).chain(owners) {
            assert!(names.contains(name), "{name}");
        }
        let teams: BTreeSet<_> = TEAMS.iter().map(|it| it.0).collect();
        for person in &PEOPLE {
            if let Part::Engineer(queues) = person.part {
                assert!(queues.iter().all(|(team, _)| teams.contains(team)));
            }
        }
    }

    #[test]
    fn every_team_has_somebody_at_l2_and_above_the_desk_at_l3() {
        for (team, _) in TEAMS {
            let works = |tier| {
                PEOPLE.iter().any(|it| match it.part {
                    Part::Engineer(queues) => queues.contains(&(team, tier)),
                    _ => false,
                })
            };
            assert!(works(Tier::L2), "{team}");
            assert!(team == SERVICE_DESK || works(Tier::L3), "{team}");
        }
    }
}
