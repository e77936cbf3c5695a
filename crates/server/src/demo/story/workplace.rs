//! Laptops, phones, printers and meeting rooms.

use tierdesk_domain::ticket::{Impact, ResolutionCode, Urgency};
use tierdesk_domain::tier::Tier;

use super::Deed::{
    Answer, Ask, Close, Escalate, GoOn, HandBack, Hold, Note, Reopen, Reply, Resolve, Take,
};
use super::{DEVICE, Step, Story};
use crate::demo::company::WORKPLACE;

pub(super) const STORIES: [Story; 7] = [
    Story {
        category: DEVICE,
        title: "Printer {printer} prints stripes",
        text: "{printer} on floor {floor} in {site} prints grey stripes on every page. Cleaning from the menu did not help.",
        impact: Impact::Group,
        urgency: Urgency::Low,
        steps: &[
            Step(70, Take),
            Step(
                12,
                Reply(
                    "That is the drum. A new one is on its way from the store room; {printer} works until then, only not nicely.",
                ),
            ),
            Step(
                410,
                Resolve(
                    ResolutionCode::Fixed,
                    "The drum of {printer} is changed and a test page is clean.",
                ),
            ),
        ],
    },
    Story {
        category: DEVICE,
        title: "Laptop does not wake up after closing the lid",
        text: "When I close the lid and open it again the screen stays black and I have to hold the power button. Lost a document twice.",
        impact: Impact::Person,
        urgency: Urgency::Medium,
        steps: &[
            Step(31, Take),
            Step(
                8,
                Ask(
                    "Does it also happen without the docking station? And please tell me what is printed behind *Firmware* in the settings.",
                ),
            ),
            Step(
                260,
                Answer("Only after the dock was connected. Firmware 1.17."),
            ),
            Step(
                14,
                Escalate {
                    team: WORKPLACE,
                    tier: Tier::L2,
                    known: "Black screen on waking, only after using the dock. Firmware 1.17.",
                    tried: "Other dock, power settings.",
                    evidence: "Journal stops at suspend, nothing at waking.",
                    ask: "Is firmware 1.21 safe for this model?",
                },
            ),
            Step(140, Take),
            Step(
                55,
                Resolve(
                    ResolutionCode::Fixed,
                    "Firmware 1.21 cures this. It was installed over lunch; please tell us if the screen stays black once more.",
                ),
            ),
            Step(
                700,
                Reopen("It happened again this morning, with the dock at my desk at home."),
            ),
            Step(45, Take),
            Step(
                30,
                Note(
                    "The dock at home has its own firmware of two years ago. Updater sent, works on the test bench.",
                ),
            ),
            Step(
                120,
                Resolve(
                    ResolutionCode::Fixed,
                    "The dock at home needed an update too; it has installed itself. Five times closed and opened here without a problem.",
                ),
            ),
        ],
    },
    Story {
        category: DEVICE,
        title: "Second screen stays black",
        text: "My second screen stays black since I moved desks in {site}. The cable is in.",
        impact: Impact::Person,
        urgency: Urgency::Low,
        steps: &[
            Step(95, Take),
            Step(
                6,
                Resolve(
                    ResolutionCode::Answered,
                    "The desks on that side have the older dock: use its second video socket (the one with the dot), the first is for one screen only. Worked at the desk beside yours.",
                ),
            ),
        ],
    },
    Story {
        category: DEVICE,
        title: "Battery lasts forty minutes",
        text: "The battery of my laptop lasts about forty minutes now. A year ago it was a morning.",
        impact: Impact::Person,
        urgency: Urgency::Medium,
        steps: &[
            Step(120, Take),
            Step(
                10,
                Escalate {
                    team: WORKPLACE,
                    tier: Tier::L2,
                    known: "Forty minutes, machine is three years old.",
                    tried: "Battery report: 41 % of the design capacity.",
                    evidence: "Report attached by the requester's machine.",
                    ask: "Change the battery.",
                },
            ),
            Step(60, Take),
            Step(5, Hold),
            Step(2_400, GoOn),
            Step(
                40,
                Resolve(
                    ResolutionCode::Fixed,
                    "The new battery is in. Thank you for coming by with the laptop.",
                ),
            ),
            Step(300, Close),
        ],
    },
    Story {
        category: DEVICE,
        title: "Meeting room {floor}.12: no picture on the wall",
        text: "The screen in room {floor}.12 shows *no signal* whatever we plug in. Board meeting at two.",
        impact: Impact::Group,
        urgency: Urgency::High,
        steps: &[
            Step(6, Take),
            Step(5, Reply("On my way up.")),
            Step(
                20,
                Resolve(
                    ResolutionCode::Fixed,
                    "The input had been changed by the cleaning mode of the remote. The screen is back, and the remote is locked now.",
                ),
            ),
            Step(15, Close),
        ],
    },
    Story {
        category: DEVICE,
        title: "Headset is not found",
        text: "My new headset is not found in calls. It does show up in the sound settings.",
        impact: Impact::Person,
        urgency: Urgency::Low,
        steps: &[
            Step(210, Take),
            Step(
                11,
                Escalate {
                    team: WORKPLACE,
                    tier: Tier::L2,
                    known: "Shows in the system, not in the calls program.",
                    tried: "Other socket, other headset works.",
                    evidence: "Model is new in the store since last month.",
                    ask: "Is this model known to work?",
                },
            ),
            Step(160, Take),
            Step(
                12,
                HandBack(
                    "The model works with program version 5.4; this machine has 5.1. Please update it from the self-service and try again.",
                ),
            ),
            Step(50, Take),
            Step(
                35,
                Resolve(
                    ResolutionCode::Fixed,
                    "The calls program was too old for this headset. It is updated; the headset is offered now.",
                ),
            ),
        ],
    },
    Story {
        category: DEVICE,
        title: "Phone fell into the sink",
        text: "My company phone fell into water and does not start. I am on call this weekend.",
        impact: Impact::Person,
        urgency: Urgency::High,
        steps: &[
            Step(12, Take),
            Step(
                9,
                Reply(
                    "We have a spare one at the desk in {site}. Bring the old one: the card moves over, and your number with it.",
                ),
            ),
            Step(
                130,
                Resolve(
                    ResolutionCode::Workaround,
                    "You have the spare phone with your number. The old one goes to the workshop; what becomes of it we tell you in the request they open.",
                ),
            ),
        ],
    },
];
