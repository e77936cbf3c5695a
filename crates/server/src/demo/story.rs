//! What happened at the demo company: a story is one ticket from its first word to its last.
//!
//! Stories are told with placeholders (`{site}`, `{floor}`, `{printer}`, `{app}`, `{page}`, `{number}`), so that one story makes several
//! tickets that are not alike.

mod applications;
mod network;
mod platform;
mod requests;
mod sign_in;
mod workplace;

use tierdesk_domain::handover::{BounceCode, Quality};
use tierdesk_domain::ticket::{Impact, ResolutionCode, Urgency};
use tierdesk_domain::tier::Tier;

use super::company::SERVICE_DESK;

/// The category a requester chooses, by its name.
pub(super) type Category = &'static str;
const SIGN_IN: Category = "Password or sign-in";
const CONNECTION: Category = "Network or connection";
const DEVICE: Category = "Computer or phone";
const PROGRAM: Category = "Program or service";
const REQUEST: Category = "I need something";
const OTHER: Category = "Something else";

/// One ticket from its first word to its last.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) category: Category,
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    pub(super) impact: Impact,
    pub(super) urgency: Urgency,
    pub(super) steps: &'static [Step],
}

/// What happens next, so many working minutes after what happened before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step(pub(super) u32, pub(super) Deed);

#[derive(Debug, Clone, Copy)]
pub(super) enum Deed {
    /// An engineer of its queue takes it.
    Take,
    /// The engineer writes to the requester.
    Reply(&'static str),
    /// The engineer asks something; the ticket waits for the requester.
    Ask(&'static str),
    /// The requester writes.
    Answer(&'static str),
    /// The engineer writes for colleagues only.
    Note(&'static str),
    /// It goes up, or to another team.
    Escalate {
        team: &'static str,
        tier: Tier,
        known: &'static str,
        tried: &'static str,
        evidence: &'static str,
        ask: &'static str,
    },
    /// The receiver accepts the hand-over, and says whether it was complete.
    Accept(Quality),
    /// The receiver sends the hand-over back.
    Bounce(BounceCode, &'static str),
    /// It goes back to where it came from.
    HandBack(&'static str),
    /// It waits for somebody outside.
    Hold,
    /// Work goes on.
    GoOn,
    /// The engineer brings the answer.
    Resolve(ResolutionCode, &'static str),
    /// The requester says that it is not solved.
    Reopen(&'static str),
    /// The requester says that it is.
    Close,
    /// The requester uses the link that the bot mailed, and chooses a password.
    UseLink,
}

/// What has just happened when the demo begins, whatever the hour: an engineer has it, and whoever is in charge is asked.
pub(super) static EMERGENCY: Story = Story {
    category: OTHER,
    title: "Three racks in the server room are dark",
    text: "Security reports that three racks in the {site} server room have no power and the battery beeps. Orders and the warehouse stand still.",
    impact: Impact::Site,
    urgency: Urgency::High,
    steps: &[Step(5, Deed::Take)],
};

/// Every story, in an order that mixes them.
pub(super) fn all() -> Vec<&'static Story> {
    let shelves: [&'static [Story]; 6] = [
        &sign_in::STORIES,
        &network::STORIES,
        &workplace::STORIES,
        &applications::STORIES,
        &requests::STORIES,
        &platform::STORIES,
    ];
    let longest = shelves.iter().map(|it| it.len()).max().unwrap_or(0);
    (0..longest)
        .flat_map(|at| shelves.iter().filter_map(move |shelf| shelf.get(at)))
        .collect()
}

impl Story {
    /// Whether it names a page that the bot can test.
    pub(super) fn names_page(&self) -> bool {
        self.text.contains("{page}")
    }

    /// After how many steps it waits in that queue for the first time; `None` if it never does.
    pub(super) fn steps_to(&self, team: &str, tier: Tier) -> Option<usize> {
        // The service desk sees first what the bot has no answer to.
        if (team, tier) == (SERVICE_DESK, Tier::L1) {
            return [DEVICE, REQUEST].contains(&self.category).then_some(0);
        }
        let leads_there = |Step(_, deed): &Step| matches!(deed, Deed::Escalate { team: t, tier: l, .. } if (*t, *l) == (team, tier));
        Some(self.steps.iter().position(leads_there)? + 1)
    }
}

/// Fills the placeholders; `number` makes tickets of one story differ, `page` is one that works.
pub(super) fn tell(text: &str, site: &str, number: usize, page: &str) -> String {
    const PRINTERS: [&str; 5] = ["PRN-2A", "PRN-3C", "PRN-LAB", "PRN-HR", "PRN-1B"];
    const APPS: [&str; 5] = [
        "Orders",
        "Timesheets",
        "Calibration Lab",
        "Invoicing",
        "Warehouse",
    ];
    let pick = |list: &[&'static str]| list[number % list.len()];
    text.replace("{site}", site)
        .replace("{page}", page)
        .replace("{floor}", &(1 + number % 4).to_string())
        .replace("{printer}", pick(&PRINTERS))
        .replace("{app}", pick(&APPS))
        .replace("{number}", &(4_100 + 37 * (number % 211)).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::company::{NETWORK, TEAMS};

    #[test]
    fn stories_escalate_to_teams_that_exist_and_keep_their_order() {
        for story in all() {
            let (mut open, mut taken) = (true, false);
            for Step(_, deed) in story.steps {
                let needs_engineer = !matches!(
                    deed,
                    Deed::Take
                        | Deed::Accept(_)
                        | Deed::Bounce(..)
                        | Deed::Answer(_)
                        | Deed::Reopen(_)
                        | Deed::Close
                        | Deed::UseLink
                );
                assert!(!needs_engineer || taken, "{}: nobody has it", story.title);
                match deed {
                    Deed::Take | Deed::Accept(_) => taken = true,
                    Deed::Escalate { team, .. } => {
                        assert!(TEAMS.iter().any(|it| it.0 == *team), "{team}");
                        taken = false;
                    }
                    Deed::HandBack(_) | Deed::Bounce(..) => taken = false,
                    Deed::Resolve(..) | Deed::UseLink => open = false,
                    Deed::Reopen(_) => {
                        assert!(!open, "{}: reopened while open", story.title);
                        open = true;
                    }
                    Deed::Close => assert!(!open, "{}: closed while open", story.title),
                    _ => assert!(open, "{}: goes on after its end", story.title),
                }
            }
        }
    }

    #[test]
    fn everybody_whose_sign_in_is_printed_has_stories_that_lead_to_their_queue() {
        for (team, tier) in [
            (SERVICE_DESK, Tier::L1),
            (NETWORK, Tier::L2),
            (NETWORK, Tier::L3),
        ] {
            let leading = all()
                .into_iter()
                .filter(|it| !it.names_page() && it.steps_to(team, tier).is_some());
            assert!(leading.count() > 0, "{team} {tier:?}");
        }
    }

    #[test]
    fn placeholders_are_filled() {
        for story in all().into_iter().chain([&EMERGENCY]) {
            for text in [story.title, story.text] {
                let told = tell(text, "Porto", 7, "http://192.0.2.1/");
                assert!(!told.contains('{'), "{told}");
            }
        }
    }
}
