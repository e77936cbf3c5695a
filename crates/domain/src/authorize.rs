//! The one place that says who may do what (law 4).
//!
//! `authorize` is the only maker of a [`Scope`], and every read of tickets needs one, so that a list, a search or an
//! export can never show more than a page would. Rules: decisions 14 to 16.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::actor::{Actor, ActorKind};
use crate::id::{OrganisationId, PersonId, TeamId};
use crate::person::{PersonKind, Role};
use crate::ticket::Status;
use crate::tier::Tier;

/// A signed-in person and everything their rights follow from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub person: PersonId,
    /// What kind of account.
    pub kind: PersonKind,
    /// The organisation they belong to.
    pub organisation: Option<OrganisationId>,
    /// Whether that organisation lets colleagues see each other's tickets.
    pub colleagues_see: bool,
    /// May configure.
    pub administrator: bool,
    /// The teams they answer for, if they are a manager.
    pub manages: Option<Managed>,
    /// The queues they work in.
    pub memberships: BTreeSet<(TeamId, Tier)>,
}

/// The teams a manager answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Managed {
    /// All of them, those that are still to come included.
    All,
    /// These; none of them is no team.
    Teams(BTreeSet<TeamId>),
}

impl Principal {
    /// Whether they work tickets.
    pub fn is_engineer(&self) -> bool {
        !self.memberships.is_empty()
    }

    /// The most far-reaching part they play; it sets how long a session lives.
    pub fn role(&self) -> Role {
        if self.administrator {
            Role::Administrator
        } else if self.is_engineer() {
            Role::Engineer
        } else if self.manages.is_some() {
            Role::Manager
        } else {
            Role::Requester
        }
    }

    /// Their account, as the object of an action.
    pub fn account(&self) -> Account {
        Account {
            person: self.person,
            kind: self.kind,
            staff: self.administrator || self.manages.is_some() || self.is_engineer(),
        }
    }

    fn works_in(&self, team: TeamId) -> bool {
        self.memberships.iter().any(|(member, _)| *member == team)
    }

    fn manages(&self, team: TeamId) -> bool {
        match &self.manages {
            None => false,
            Some(Managed::All) => true,
            Some(Managed::Teams(teams)) => teams.contains(&team),
        }
    }

    /// Acting on a queue needs membership of it, or L3 of its team (decision 14).
    fn acts_in(&self, team: TeamId, tier: Tier) -> bool {
        self.memberships.contains(&(team, tier)) || self.memberships.contains(&(team, Tier::L3))
    }
}

/// What must be known of an account to decide about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Whose.
    pub person: PersonId,
    /// What kind of account.
    pub kind: PersonKind,
    /// Whether it works tickets, answers for teams or configures.
    pub staff: bool,
}

impl Account {
    /// Whether it belongs to a person who has no more rights than any requester.
    pub fn is_plain(&self) -> bool {
        self.kind == PersonKind::Human && !self.staff
    }
}

/// Whoever asks: a person with their rights, or a part of the machinery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A signed-in person.
    Person(Principal),
    /// The bot, a rule, a host, Tierdesk itself.
    Machine(Actor),
}

impl Who {
    /// As the doer of events and audit rows.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Person(principal) => Actor::human(principal.person),
            Self::Machine(actor) => *actor,
        }
    }
}

/// What must be known of a ticket to decide about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketFacts {
    /// Who it is for.
    pub requester: PersonId,
    /// Their organisation.
    pub organisation: Option<OrganisationId>,
    /// The team that has it.
    pub team: TeamId,
    /// Whether that team's tickets are for its members only.
    pub restricted: bool,
    /// The tier it is at.
    pub tier: Tier,
    /// Where it stands.
    pub status: Status,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// File a ticket for oneself.
    FileTicket,
    /// List, count or search tickets.
    ListTickets,
    /// Open the queues and the lists of hosts, people and entries that engineers work with.
    Work,
    /// Open the service-level dashboard.
    SeeDashboard,
    /// Configure: people, teams, rules, calendars, hosts, tokens.
    Administer,
    /// Read the audit log.
    ReadAudit,
    /// Read the public side of a ticket.
    ReadTicket(TicketFacts),
    /// Read notes, outputs and everything else that requesters never see.
    ReadInternal(TicketFacts),
    /// Write, reopen or close as the requester.
    ActAsRequester(TicketFacts),
    /// Answer, note, take, assign, change properties, escalate, hand back, resolve, diagnose.
    WorkTicket(TicketFacts),
    /// Write an internal note. Every engineer who may read the ticket may help.
    AddNote(TicketFacts),
    /// Send somebody the link to a new password, to the address on file.
    SendReset(Account),
    /// Confirm skills of a team's people, and give tickets of those who are absent back to their queues.
    Lead(TeamId),
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The answer must be the same as for something that does not exist (decision 16).
    #[error("hidden")]
    Hidden,
    /// They know that it exists, but may not do that.
    #[error("not allowed")]
    Forbidden,
}

/// Which tickets a read may return. Only [`authorize`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    everything: bool,
    unrestricted: bool,
    teams: Vec<TeamId>,
    person: Option<PersonId>,
    organisation: Option<OrganisationId>,
    internal: bool,
}

impl Scope {
    /// Every ticket there is: machinery, and managers of all teams.
    pub fn everything(&self) -> bool {
        self.everything
    }

    /// All tickets of teams that are not restricted.
    pub fn unrestricted(&self) -> bool {
        self.unrestricted
    }

    /// All tickets of these teams, restricted or not.
    pub fn teams(&self) -> &[TeamId] {
        &self.teams
    }

    /// The ids of [`Self::teams`], as statements take them.
    pub fn team_ids(&self) -> Vec<Uuid> {
        self.teams.iter().map(|it| it.0).collect()
    }

    /// This person's own tickets.
    pub fn person(&self) -> Option<PersonId> {
        self.person
    }

    /// All tickets of this organisation.
    pub fn organisation(&self) -> Option<OrganisationId> {
        self.organisation
    }

    /// Whether internal entries may be read at all. Where this is so, it holds for tickets reached by
    /// [`Self::everything`], [`Self::unrestricted`] and [`Self::teams`], not for those reached as requester or colleague.
    pub fn internal(&self) -> bool {
        self.internal
    }

    fn machine() -> Self {
        Self {
            everything: true,
            unrestricted: true,
            teams: Vec::new(),
            person: None,
            organisation: None,
            internal: true,
        }
    }

    fn of(principal: &Principal) -> Self {
        let mut teams: BTreeSet<TeamId> = principal
            .memberships
            .iter()
            .map(|(team, _)| *team)
            .collect();
        if let Some(Managed::Teams(managed)) = &principal.manages {
            teams.extend(managed);
        }
        Self {
            everything: principal.manages == Some(Managed::All),
            unrestricted: principal.is_engineer(),
            internal: principal.is_engineer() || principal.manages.is_some(),
            teams: teams.into_iter().collect(),
            person: Some(principal.person),
            organisation: principal.organisation.filter(|_| principal.colleagues_see),
        }
    }
}

/// Decides whether `who` may do `action`, and how far their reads then reach.
///
/// # Errors
/// [`Denied::Hidden`] where they must not even learn that the object exists, [`Denied::Forbidden`] otherwise.
pub fn authorize(who: &Who, action: Action) -> Result<Scope, Denied> {
    match who {
        Who::Person(principal) => person_may(principal, action).map(|()| Scope::of(principal)),
        Who::Machine(actor) => machine_may(actor, action).map(|()| Scope::machine()),
    }
}

fn person_may(principal: &Principal, action: Action) -> Result<(), Denied> {
    let allow = |yes: bool| if yes { Ok(()) } else { Err(Denied::Forbidden) };
    match action {
        Action::FileTicket | Action::ListTickets => Ok(()),
        Action::Work => allow(principal.is_engineer()),
        Action::SeeDashboard => allow(principal.manages.is_some()),
        Action::Administer | Action::ReadAudit => allow(principal.administrator),
        // Never for oneself, so that a password with rights behind it takes two people (AT-BOT-1).
        Action::SendReset(account) => allow(
            account.person != principal.person
                && account.kind != PersonKind::Service
                && (principal.administrator || principal.is_engineer() && account.is_plain()),
        ),
        Action::Lead(team) => allow(principal.administrator || principal.manages(team)),
        Action::ReadTicket(ticket) => reads(principal, &ticket),
        Action::ReadInternal(ticket) => {
            reads(principal, &ticket)?;
            allow(reads_internal(principal, &ticket))
        }
        Action::ActAsRequester(ticket) => {
            reads(principal, &ticket)?;
            allow(ticket.requester == principal.person)
        }
        Action::WorkTicket(ticket) => {
            reads(principal, &ticket)?;
            allow(principal.acts_in(ticket.team, ticket.tier))
        }
        Action::AddNote(ticket) => {
            reads(principal, &ticket)?;
            allow(principal.is_engineer() && reads_internal(principal, &ticket))
        }
    }
}

fn reads(principal: &Principal, ticket: &TicketFacts) -> Result<(), Denied> {
    let colleague = principal.colleagues_see
        && principal.organisation.is_some()
        && principal.organisation == ticket.organisation;
    let may =
        ticket.requester == principal.person || colleague || reads_internal(principal, ticket);
    if may { Ok(()) } else { Err(Denied::Hidden) }
}

fn reads_internal(principal: &Principal, ticket: &TicketFacts) -> bool {
    (principal.is_engineer() && !ticket.restricted)
        || principal.works_in(ticket.team)
        || principal.manages(ticket.team)
}

fn machine_may(actor: &Actor, action: Action) -> Result<(), Denied> {
    let allowed = match actor.kind {
        ActorKind::Bot | ActorKind::Rule | ActorKind::System | ActorKind::Import => {
            !matches!(
                action,
                Action::Administer | Action::ActAsRequester(_) | Action::SendReset(_)
            ) || actor.kind == ActorKind::System
        }
        // A person acts by themselves, never as a machine; hosts, mail, alerts and tokens have actions of their own.
        ActorKind::Human
        | ActorKind::Mail
        | ActorKind::ApiToken
        | ActorKind::HostAgent
        | ActorKind::AlertSource => false,
    };
    if allowed {
        Ok(())
    } else {
        Err(Denied::Forbidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn person(n: u128) -> Principal {
        Principal {
            person: PersonId(Uuid::from_u128(n)),
            kind: PersonKind::Human,
            organisation: Some(OrganisationId(Uuid::from_u128(900))),
            colleagues_see: false,
            administrator: false,
            manages: None,
            memberships: BTreeSet::new(),
        }
    }

    const NETWORK: TeamId = TeamId(Uuid::from_u128(501));
    const IDENTITY: TeamId = TeamId(Uuid::from_u128(502));

    fn ticket() -> TicketFacts {
        TicketFacts {
            requester: PersonId(Uuid::from_u128(1)),
            organisation: Some(OrganisationId(Uuid::from_u128(900))),
            team: NETWORK,
            restricted: false,
            tier: Tier::L2,
            status: Status::Open,
        }
    }

    fn may(principal: &Principal, action: Action) -> Result<(), Denied> {
        authorize(&Who::Person(principal.clone()), action).map(|_| ())
    }

    /// Rows: who. Columns: read, read internal, act as requester, work, note.
    #[test]
    fn the_table_of_rights_on_one_ticket() {
        use Denied::{Forbidden, Hidden};
        let requester = person(1);
        let stranger = person(2);
        let colleague = Principal {
            colleagues_see: true,
            ..person(3)
        };
        let elsewhere = Principal {
            organisation: Some(OrganisationId(Uuid::from_u128(901))),
            colleagues_see: true,
            ..person(4)
        };
        let member = Principal {
            memberships: [(NETWORK, Tier::L2)].into(),
            ..person(5)
        };
        let lower = Principal {
            memberships: [(NETWORK, Tier::L1)].into(),
            ..person(6)
        };
        let top = Principal {
            memberships: [(NETWORK, Tier::L3)].into(),
            ..person(7)
        };
        let other_team = Principal {
            memberships: [(IDENTITY, Tier::L3)].into(),
            ..person(8)
        };
        let manager = Principal {
            manages: Some(Managed::Teams([NETWORK].into())),
            ..person(9)
        };
        let other_manager = Principal {
            manages: Some(Managed::Teams([IDENTITY].into())),
            ..person(10)
        };
        let head = Principal {
            manages: Some(Managed::All),
            ..person(11)
        };
        let administrator = Principal {
            administrator: true,
            ..person(12)
        };
        let no = Err(Forbidden);
        let hidden = Err(Hidden);
        let table = [
            ("requester", &requester, [Ok(()), no, Ok(()), no, no]),
            (
                "stranger",
                &stranger,
                [hidden, hidden, hidden, hidden, hidden],
            ),
            ("colleague", &colleague, [Ok(()), no, no, no, no]),
            (
                "other organisation",
                &elsewhere,
                [hidden, hidden, hidden, hidden, hidden],
            ),
            ("member", &member, [Ok(()), Ok(()), no, Ok(()), Ok(())]),
            ("lower tier", &lower, [Ok(()), Ok(()), no, no, Ok(())]),
            ("L3 of the team", &top, [Ok(()), Ok(()), no, Ok(()), Ok(())]),
            ("other team", &other_team, [Ok(()), Ok(()), no, no, Ok(())]),
            ("manager", &manager, [Ok(()), Ok(()), no, no, no]),
            (
                "other manager",
                &other_manager,
                [hidden, hidden, hidden, hidden, hidden],
            ),
            ("head", &head, [Ok(()), Ok(()), no, no, no]),
            (
                "administrator",
                &administrator,
                [hidden, hidden, hidden, hidden, hidden],
            ),
        ];
        let facts = ticket();
        for (name, who, expected) in table {
            let actions = [
                Action::ReadTicket(facts),
                Action::ReadInternal(facts),
                Action::ActAsRequester(facts),
                Action::WorkTicket(facts),
                Action::AddNote(facts),
            ];
            for (action, expected) in actions.into_iter().zip(expected) {
                assert_eq!(may(who, action), expected, "{name}: {action:?}");
            }
        }
    }

    #[test]
    fn a_restricted_teams_tickets_are_hidden_from_other_engineers() {
        let facts = TicketFacts {
            restricted: true,
            ..ticket()
        };
        let other = Principal {
            memberships: [(IDENTITY, Tier::L3)].into(),
            ..person(8)
        };
        let member = Principal {
            memberships: [(NETWORK, Tier::L1)].into(),
            ..person(5)
        };
        assert_eq!(may(&other, Action::ReadTicket(facts)), Err(Denied::Hidden));
        assert_eq!(may(&other, Action::AddNote(facts)), Err(Denied::Hidden));
        assert_eq!(may(&member, Action::ReadInternal(facts)), Ok(()));
    }

    #[test]
    fn managers_lead_the_teams_they_answer_for_and_administrators_all() {
        let manager = Principal {
            manages: Some(Managed::Teams([NETWORK].into())),
            ..person(9)
        };
        let administrator = Principal {
            administrator: true,
            ..person(12)
        };
        let engineer = Principal {
            memberships: [(NETWORK, Tier::L3)].into(),
            ..person(5)
        };
        assert_eq!(may(&manager, Action::Lead(NETWORK)), Ok(()));
        for who in [&manager, &engineer] {
            assert_eq!(may(who, Action::Lead(IDENTITY)), Err(Denied::Forbidden));
        }
        assert_eq!(
            may(&engineer, Action::Lead(NETWORK)),
            Err(Denied::Forbidden)
        );
        assert_eq!(may(&administrator, Action::Lead(IDENTITY)), Ok(()));
    }

    #[test]
    fn a_link_to_a_new_password_takes_a_second_person_and_an_administrator_where_rights_are_behind_it()
     {
        let plain = person(1);
        let engineer = Principal {
            memberships: [(NETWORK, Tier::L1)].into(),
            ..person(5)
        };
        let manager = Principal {
            manages: Some(Managed::Teams(BTreeSet::new())),
            ..person(9)
        };
        let administrator = Principal {
            administrator: true,
            ..person(12)
        };
        let other = Principal {
            administrator: true,
            ..person(13)
        };
        let privileged = Principal {
            kind: PersonKind::Privileged,
            ..person(14)
        };
        let service = Principal {
            kind: PersonKind::Service,
            ..person(15)
        };
        // Rows: whose account. Columns: a requester, an engineer, a manager, an administrator.
        for (owner, expected) in [
            (&plain, [false, true, false, true]),
            (&engineer, [false, false, false, true]),
            (&manager, [false, false, false, true]),
            (&administrator, [false, false, false, false]),
            (&other, [false, false, false, true]),
            (&privileged, [false, false, false, true]),
            (&service, [false, false, false, false]),
        ] {
            let action = Action::SendReset(owner.account());
            for (who, expected) in [&plain, &engineer, &manager, &administrator]
                .into_iter()
                .zip(expected)
            {
                assert_eq!(may(who, action).is_ok(), expected, "{who:?}: {owner:?}");
            }
        }
        let action = Action::SendReset(plain.account());
        assert!(authorize(&Who::Machine(Actor::bot()), action).is_err());
    }

    #[test]
    fn a_host_or_a_mail_never_acts_on_tickets_by_itself() {
        let facts = ticket();
        for kind in [
            ActorKind::HostAgent,
            ActorKind::Mail,
            ActorKind::AlertSource,
            ActorKind::ApiToken,
            ActorKind::Human,
        ] {
            let who = Who::Machine(Actor {
                kind,
                id: None,
                on_behalf_of: None,
            });
            assert!(
                authorize(&who, Action::WorkTicket(facts)).is_err(),
                "{kind}"
            );
        }
        assert!(authorize(&Who::Machine(Actor::bot()), Action::WorkTicket(facts)).is_ok());
        assert!(authorize(&Who::Machine(Actor::bot()), Action::Administer).is_err());
    }
}
