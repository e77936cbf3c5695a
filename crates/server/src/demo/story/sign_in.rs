//! Passwords and sign-in: much of it the bot's.

use tierdesk_domain::ticket::{Impact, ResolutionCode, Urgency};
use tierdesk_domain::tier::Tier;

use super::Deed::{Answer, Ask, Close, Escalate, Note, Reply, Resolve, Take, UseLink};
use super::{SIGN_IN, Step, Story};
use crate::demo::company::IDENTITY;

pub(super) const STORIES: [Story; 6] = [
    Story {
        category: SIGN_IN,
        title: "I forgot my password",
        text: "Back from two weeks of holiday and I cannot remember my password for the desk. Please send me a reset.",
        impact: Impact::Person,
        urgency: Urgency::High,
        steps: &[Step(6, UseLink)],
    },
    Story {
        category: SIGN_IN,
        title: "Please reset my password",
        text: "My password does not work any more since this morning, I think I changed it on Friday and wrote it down wrong. Need a password reset.",
        impact: Impact::Person,
        urgency: Urgency::High,
        steps: &[Step(9, UseLink), Step(30, Close)],
    },
    Story {
        category: SIGN_IN,
        title: "Password reset needed, locked out after lunch",
        text: "I typed it wrong a few times and now it only says that the password is wrong. I forgot my password, I am sorry.",
        impact: Impact::Person,
        urgency: Urgency::High,
        steps: &[
            Step(330, Take),
            Step(
                4,
                Reply(
                    "I saw that the link was not used. I have checked that it is you by calling the number on file and sent a fresh one; please use it within 15 minutes.",
                ),
            ),
            Step(25, Answer("That one worked, thank you.")),
            Step(
                5,
                Resolve(
                    ResolutionCode::Fixed,
                    "Good to hear. If it happens again, the link on the sign-in page does the same.",
                ),
            ),
        ],
    },
    Story {
        category: SIGN_IN,
        title: "{app} says that I have no access",
        text: "After my move to the {site} office {app} shows *access denied* when I open it. It worked until last week. Colleagues in the same team can open it.",
        impact: Impact::Person,
        urgency: Urgency::Medium,
        steps: &[
            Step(22, Take),
            Step(
                6,
                Reply(
                    "Your move took you out of the group that {app} checks. I am asking Identity to put you into the one of your new site.",
                ),
            ),
            Step(
                9,
                Escalate {
                    team: IDENTITY,
                    tier: Tier::L2,
                    known: "Moved site on the 1st; the group of the old site was removed, the one of the new site not added.",
                    tried: "Compared groups with a colleague of the new team.",
                    evidence: "Missing: app-users of the new site.",
                    ask: "Add the group, and look why the move did not.",
                },
            ),
            Step(75, Take),
            Step(
                20,
                Note(
                    "The move form was filed without a department, so that the rule for groups had nothing to go by. Added by hand, form corrected.",
                ),
            ),
            Step(
                4,
                Resolve(
                    ResolutionCode::Fixed,
                    "You are in the right group now. Please sign out of {app} and in again; it reads the groups at sign-in.",
                ),
            ),
        ],
    },
    Story {
        category: SIGN_IN,
        title: "Second factor asks on every page",
        text: "Since the update the sign-in of {app} asks for the code of my phone on every single page. I cannot work like this.",
        impact: Impact::Person,
        urgency: Urgency::Medium,
        steps: &[
            Step(35, Take),
            Step(
                10,
                Ask("Does it also happen in a private window? And which browser is it, please?"),
            ),
            Step(
                160,
                Answer("Private window too. Firefox, and the same in Chromium."),
            ),
            Step(
                12,
                Escalate {
                    team: IDENTITY,
                    tier: Tier::L2,
                    known: "One person, two browsers, private windows too, since the update of the identity provider.",
                    tried: "Cleared cookies, other browser.",
                    evidence: "Every page asks, also within one minute.",
                    ask: "Look at the session settings of this account.",
                },
            ),
            Step(95, Take),
            Step(
                40,
                Resolve(
                    ResolutionCode::Fixed,
                    "Your account had been put into the pilot group for strict sign-in by mistake. You are out of it; it asks once a day now.",
                ),
            ),
            Step(200, Close),
        ],
    },
    Story {
        category: SIGN_IN,
        title: "Shared mailbox of {site} reception cannot be opened",
        text: "Since yesterday nobody at the {site} reception can open the shared mailbox. We all get asked for a password that nobody knows.",
        impact: Impact::Group,
        urgency: Urgency::High,
        steps: &[
            Step(11, Take),
            Step(
                5,
                Escalate {
                    team: IDENTITY,
                    tier: Tier::L2,
                    known: "All five members of reception, since yesterday 17:00. Own mailboxes work.",
                    tried: "Removed and added the mailbox in one profile.",
                    evidence: "The audit shows a change of rights at 16:52.",
                    ask: "Restore the members' rights on the mailbox.",
                },
            ),
            Step(18, Take),
            Step(
                26,
                Reply(
                    "A clean-up of unused groups caught the reception group. I am restoring it now; allow half an hour until every office sees it.",
                ),
            ),
            Step(
                40,
                Resolve(
                    ResolutionCode::Fixed,
                    "The mailbox opens again for all of reception. The group is marked as in use, so that the clean-up leaves it alone.",
                ),
            ),
        ],
    },
];
