//! What people need.

use tierdesk_domain::ticket::{Impact, ResolutionCode, Urgency};
use tierdesk_domain::tier::Tier;

use super::Deed::{Answer, Ask, Close, Escalate, GoOn, Hold, Reply, Resolve, Take};
use super::{REQUEST, Step, Story};
use crate::demo::company::{IDENTITY, PLATFORM, WORKPLACE};

pub(super) const STORIES: [Story; 6] = [
    Story {
        category: REQUEST,
        title: "Laptop for a new colleague on the 1st",
        text: "We have a new colleague in {site} from the 1st. Please prepare a laptop, a phone and the usual access for Sales.",
        impact: Impact::Person,
        urgency: Urgency::Low,
        steps: &[
            Step(240, Take),
            Step(
                15,
                Ask("With pleasure. Which keyboard layout, and is it the office or mostly home?"),
            ),
            Step(400, Answer("Portuguese layout, mostly office.")),
            Step(
                20,
                Escalate {
                    team: WORKPLACE,
                    tier: Tier::L2,
                    known: "New colleague on the 1st, Sales, Portuguese layout, office.",
                    tried: "Reserved a machine from stock.",
                    evidence: "Reservation in the stock list.",
                    ask: "Prepare and hand over on the 1st at nine.",
                },
            ),
            Step(420, Take),
            Step(30, Hold),
            Step(1_500, GoOn),
            Step(
                60,
                Resolve(
                    ResolutionCode::Fixed,
                    "The laptop, phone and access are ready; we hand them over at nine on the 1st at the desk in {site}.",
                ),
            ),
        ],
    },
    Story {
        category: REQUEST,
        title: "Access to the project folder *Housing 7*",
        text: "I joined the project Housing 7 and need to read and write its folder. My manager knows.",
        impact: Impact::Person,
        urgency: Urgency::Medium,
        steps: &[
            Step(50, Take),
            Step(
                6,
                Reply("I have asked the owner of the folder; as soon as they say yes you are in."),
            ),
            Step(
                130,
                Escalate {
                    team: IDENTITY,
                    tier: Tier::L2,
                    known: "The owner agreed by mail.",
                    tried: "Nothing to try: it only needs the right.",
                    evidence: "Mail of the owner in the folder request.",
                    ask: "Add to the group of the project folder, read and write.",
                },
            ),
            Step(90, Take),
            Step(
                12,
                Resolve(
                    ResolutionCode::Fixed,
                    "You can read and write the folder. Sign out and in once, then it appears.",
                ),
            ),
            Step(40, Close),
        ],
    },
    Story {
        category: REQUEST,
        title: "A second screen for desk {number}",
        text: "May I have a second screen? I compare drawings all day.",
        impact: Impact::Person,
        urgency: Urgency::Low,
        steps: &[
            Step(300, Take),
            Step(9, Reply("Of course. The next delivery comes on Wednesday.")),
            Step(
                1_300,
                Resolve(ResolutionCode::Fixed, "The screen stands on your desk."),
            ),
        ],
    },
    Story {
        category: REQUEST,
        title: "Licence for the drawing program",
        text: "I need a licence of the drawing program for the next three months, for the fixture project.",
        impact: Impact::Person,
        urgency: Urgency::Low,
        steps: &[
            Step(200, Take),
            Step(
                30,
                Ask("There are two kinds: viewing and editing. Which one do you need?"),
            ),
            Step(500, Answer("Editing, please.")),
            Step(40, Hold),
            Step(900, GoOn),
            Step(
                20,
                Resolve(
                    ResolutionCode::Fixed,
                    "You have an editing licence until the end of the quarter. The program offers it at its next start.",
                ),
            ),
        ],
    },
    Story {
        category: REQUEST,
        title: "More space for the measurement data of {site}",
        text: "Our folder for measurement data is 96 % full. We need about 2 TB more until the campaign is over.",
        impact: Impact::Group,
        urgency: Urgency::Medium,
        steps: &[
            Step(75, Take),
            Step(
                10,
                Escalate {
                    team: PLATFORM,
                    tier: Tier::L2,
                    known: "96 % full, 2 TB asked for, campaign ends in ten weeks.",
                    tried: "Asked whether older campaigns may go to the archive: yes, 1.1 TB of them.",
                    evidence: "Usage per folder in the note of the requester.",
                    ask: "Archive the two older campaigns and add 1 TB.",
                },
            ),
            Step(150, Take),
            Step(
                20,
                Reply(
                    "The two older campaigns move to the archive tonight, and the folder gets another TB. You keep reading the old data under the same path.",
                ),
            ),
            Step(
                600,
                Resolve(ResolutionCode::Fixed, "The folder is 48 % full now."),
            ),
            Step(80, Close),
        ],
    },
    Story {
        category: REQUEST,
        title: "Please unlock the USB port of the lab bench",
        text: "Bench {floor} in the {site} lab has to read the sticks of our customers' instruments. The port is blocked.",
        impact: Impact::Group,
        urgency: Urgency::Medium,
        steps: &[
            Step(85, Take),
            Step(
                25,
                Reply(
                    "Sticks of others stay blocked on the office network, that is policy and a good one. The lab has a transfer station without network beside bench 4: it copies to the lab share after a scan.",
                ),
            ),
            Step(200, Answer("That does it, we did not know it.")),
            Step(
                10,
                Resolve(
                    ResolutionCode::Answered,
                    "Good. There is a sheet beside the station that says how.",
                ),
            ),
        ],
    },
];
