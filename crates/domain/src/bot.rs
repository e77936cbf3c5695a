//! What the bot may do by itself, as policy: from verified identity and recorded facts alone (AT-BOT-1, decision 36).
//!
//! Nothing a ticket says reaches these rules but the intent that triage chose. The most a text can bring about is that
//! the standard reset link goes to the address that was on file for a week, or that probes run under the agents' own
//! policy, or that a person looks.

use chrono::{DateTime, TimeDelta, Utc};

use crate::id::PersonId;
use crate::names::named;
use crate::person::PersonKind;
use crate::text::t;
use crate::triage::{Decision, Hint, Intent};

/// How long an address must have been on file before the bot sends a link there.
pub const ADDRESS_SETTLES: TimeDelta = TimeDelta::days(7);
/// Most resets the bot starts for one account within [`PER_DAY_WINDOW`]: one, and its reminder with a new link.
pub const RESETS_PER_DAY: i64 = 2;
/// The window of [`RESETS_PER_DAY`].
pub const PER_DAY_WINDOW: TimeDelta = TimeDelta::hours(24);
/// After so many business hours without a new password the person gets a new link.
pub const REMIND_AFTER: TimeDelta = TimeDelta::hours(2);
/// After so many business hours without a new password a human takes over.
pub const GIVE_UP_AFTER: TimeDelta = TimeDelta::hours(4);
/// After so many business hours of silence a working connection counts as confirmed.
pub const SILENCE_CONFIRMS: TimeDelta = TimeDelta::hours(8);
/// After so many business hours without naming a target a human takes over.
pub const TARGET_WAITS: TimeDelta = TimeDelta::hours(8);
/// How long probes may take altogether before a human goes on with what there is.
pub const PROBES_WAIT: TimeDelta = TimeDelta::minutes(5);
/// Most playbook runs for one requester within [`PER_DAY_WINDOW`], so that tickets are no scanner.
pub const RUNS_PER_DAY: i64 = 10;
/// After so long without triage a ticket goes to people untriaged, so that a dead bot hides nothing.
pub const TRIAGE_WAITS: TimeDelta = TimeDelta::minutes(2);

named! {
    /// Where the bot's work on a ticket stands. Every state but the last four has a deadline.
    State, "state of the bot" {
        /// The reset link is on its way.
        LinkSent = "link_sent",
        /// A second link is on its way.
        Reminded = "reminded",
        /// It asked what cannot be reached.
        AskedTarget = "asked_target",
        /// Probes run.
        Probing = "probing",
        /// It works; the person was asked whether they see the same.
        AskedWorks = "asked_works",
        /// The person was helped.
        Helped = "helped",
        /// People go on.
        HandedOver = "handed_over",
        /// An engineer took back what it did.
        Undone = "undone",
        /// There was nothing for it to do.
        Idle = "idle",
    }
}

impl State {
    /// Whether the bot is still at work.
    pub fn is_active(self) -> bool {
        !matches!(
            self,
            Self::Helped | Self::HandedOver | Self::Undone | Self::Idle
        )
    }

    /// Whether `next` may come after this one.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::LinkSent => matches!(
                next,
                Self::Reminded | Self::Helped | Self::HandedOver | Self::Undone
            ),
            Self::Reminded | Self::AskedWorks => {
                matches!(next, Self::Helped | Self::HandedOver | Self::Undone)
            }
            Self::AskedTarget => matches!(next, Self::Probing | Self::HandedOver | Self::Undone),
            Self::Probing => matches!(next, Self::AskedWorks | Self::HandedOver | Self::Undone),
            Self::Helped => matches!(next, Self::HandedOver),
            Self::HandedOver | Self::Undone | Self::Idle => false,
        }
    }
}

named! {
    /// How sure it is that the ticket comes from its requester.
    Identity, "identity" {
        /// They were signed in.
        SignedIn = "signed_in",
        /// Somebody gave the account's address on the sign-in page; the link goes only to that address.
        AddressGiven = "address_given",
        /// Nothing proves it: a mail that failed its checks, an import, an alert.
        Unproven = "unproven",
    }
}

/// What is on file about the address that mail goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressFacts {
    /// When the person proved that it is theirs.
    pub verified_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    pub changed_at: DateTime<Utc>,
}

/// Everything the decision about a reset is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResetFacts {
    /// Who asks.
    pub requester: PersonId,
    /// Whose account it is.
    pub account: PersonId,
    /// How sure it is that the requester asks.
    pub identity: Identity,
    /// What kind of account.
    pub kind: PersonKind,
    /// Whether it may sign in at all.
    pub active: bool,
    /// Whether it has a password here.
    pub has_password: bool,
    /// Whether it works tickets.
    pub engineer: bool,
    /// Whether it answers for teams.
    pub manager: bool,
    /// Whether it configures.
    pub administrator: bool,
    /// The address mail goes to.
    pub address: Option<AddressFacts>,
    /// Resets the bot started for it within [`PER_DAY_WINDOW`].
    pub started: i64,
    /// Whether mail reaches anybody.
    pub mails: bool,
}

named! {
    /// Why the bot leaves a reset to people.
    Refusal, "refusal" {
        /// Nothing proves who asks.
        Unproven = "unproven",
        /// It is about another account than the requester's.
        SomebodyElse = "somebody_else",
        /// It is no person's account.
        NotAPerson = "not_a_person",
        /// The account has rights that a reset would hand out.
        Staff = "staff",
        /// The account may not sign in.
        Deactivated = "deactivated",
        /// The account has no password here.
        NoPassword = "no_password",
        /// No address is on file, or nobody proved it.
        NoAddress = "no_address",
        /// The address was changed less than a week ago.
        AddressTooNew = "address_too_new",
        /// The bot started two already today.
        TooMany = "too_many",
        /// No mail server is set, so that no link would arrive.
        NoMail = "no_mail",
    }
}

impl Refusal {
    /// The reason in a sentence for engineers.
    pub fn sentence(self) -> &'static str {
        t(match self {
            Self::Unproven => "bot.refuses_unproven",
            Self::SomebodyElse => "bot.refuses_somebody_else",
            Self::NotAPerson => "bot.refuses_not_a_person",
            Self::Staff => "bot.refuses_staff",
            Self::Deactivated => "bot.refuses_deactivated",
            Self::NoPassword => "bot.refuses_no_password",
            Self::NoAddress => "bot.refuses_no_address",
            Self::AddressTooNew => "bot.refuses_address_too_new",
            Self::TooMany => "bot.refuses_too_many",
            Self::NoMail => "bot.refuses_no_mail",
        })
    }
}

/// Whether the bot may start the standard reset to the address on file.
///
/// # Errors
/// The first reason against it; a human at L1 then decides.
pub fn may_start_reset(facts: &ResetFacts, now: DateTime<Utc>) -> Result<(), Refusal> {
    if facts.identity == Identity::Unproven {
        return Err(Refusal::Unproven);
    }
    if facts.requester != facts.account {
        return Err(Refusal::SomebodyElse);
    }
    if facts.kind != PersonKind::Human {
        return Err(Refusal::NotAPerson);
    }
    if facts.engineer || facts.manager || facts.administrator {
        return Err(Refusal::Staff);
    }
    if !facts.active {
        return Err(Refusal::Deactivated);
    }
    if !facts.has_password {
        return Err(Refusal::NoPassword);
    }
    let address = facts.address.ok_or(Refusal::NoAddress)?;
    if address.verified_at.is_none_or(|at| at > now) {
        return Err(Refusal::NoAddress);
    }
    if now - address.changed_at < ADDRESS_SETTLES {
        return Err(Refusal::AddressTooNew);
    }
    if facts.started >= RESETS_PER_DAY {
        return Err(Refusal::TooMany);
    }
    if !facts.mails {
        return Err(Refusal::NoMail);
    }
    Ok(())
}

/// What the bot does with a ticket. It carries nothing from the ticket's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Start the standard reset to the address on file.
    StartReset,
    /// Run the connectivity playbook.
    Connectivity,
    /// Leave the reset to people, for this reason.
    RefuseReset(Refusal),
    /// Leave the ticket to people: there is nothing the bot can do.
    Leave,
}

/// Decides what the bot does.
pub fn plan(decision: &Decision, facts: &ResetFacts, now: DateTime<Utc>) -> Plan {
    match decision.intent {
        Intent::PasswordReset if decision.has(Hint::SomebodyElse) => {
            Plan::RefuseReset(Refusal::SomebodyElse)
        }
        Intent::PasswordReset => match may_start_reset(facts, now) {
            Ok(()) => Plan::StartReset,
            Err(refusal) => Plan::RefuseReset(refusal),
        },
        Intent::Connectivity => Plan::Connectivity,
        Intent::None => Plan::Leave,
    }
}

/// What a requester's answer says to "does it work?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Works {
    /// Yes, and nothing more.
    Yes,
    /// Anything else: a human reads it.
    NotClear,
}

/// Reads a requester's answer. Only a short, plain yes counts; whatever else it says, a human reads it.
pub fn reads_as_yes(text: &str) -> Works {
    let words: Vec<String> = crate::triage::words("", text)
        .words
        .into_iter()
        .map(|word| word.folded)
        .collect();
    let yes = |word: &str| YES.contains(&word);
    let no = |word: &str| NO.contains(&word);
    if !words.is_empty()
        && words.len() <= 12
        && words.iter().any(|word| yes(word))
        && !words.iter().any(|word| no(word))
        && !text.contains('?')
    {
        Works::Yes
    } else {
        Works::NotClear
    }
}

const YES: &[&str] = &[
    "yes",
    "yep",
    "yeah",
    "works",
    "working",
    "solved",
    "fixed",
    "resolved",
    "fine",
    "ja",
    "funktioniert",
    "geht",
    "si",
    "funciona",
    "oui",
    "marche",
    "fonctionne",
    "funziona",
    "sim",
];
const NO: &[&str] = &[
    "no",
    "not",
    "nope",
    "but",
    "still",
    "doesnt",
    "dont",
    "isnt",
    "cant",
    "wont",
    "never",
    "only",
    "except",
    "sometimes",
    "again",
    "slow",
    "slowly",
    "however",
    "yet",
    "nein",
    "nicht",
    "aber",
    "kein",
    "keine",
    "immer",
    "pero",
    "todavia",
    "aun",
    "non",
    "pas",
    "mais",
    "toujours",
    "ma",
    "ancora",
    "nao",
    "mas",
    "ainda",
    "worse",
    "broken",
    "failed",
    "fails",
    "error",
    "stopped",
];

#[cfg(test)]
mod tests;
