//! Connections: the bot's first look, then the network team.

use tierdesk_domain::handover::{BounceCode, Quality};
use tierdesk_domain::ticket::{Impact, ResolutionCode, Urgency};
use tierdesk_domain::tier::Tier;

use super::Deed::{
    Accept, Answer, Ask, Bounce, Close, Escalate, GoOn, Hold, Note, Reopen, Reply, Resolve, Take,
};
use super::{CONNECTION, Step, Story};
use crate::demo::company::NETWORK;

pub(super) const STORIES: [Story; 10] = [
    Story {
        category: CONNECTION,
        title: "The time sheets do not open",
        text: "I cannot reach {page} since this morning, the page stays white. I have to book my hours today.",
        impact: Impact::Person,
        urgency: Urgency::Medium,
        steps: &[Step(12, Answer("Yes, it works again. Thank you!"))],
    },
    Story {
        category: CONNECTION,
        title: "VPN drops every few minutes",
        text: "Working from home since Monday and the VPN drops about every ten minutes. It comes back after a minute, but calls are cut each time.",
        impact: Impact::Person,
        urgency: Urgency::Medium,
        steps: &[
            Step(28, Take),
            Step(
                9,
                Ask(
                    "Thank you for the times. Are you on wireless at home, and does it also happen with a cable?",
                ),
            ),
            Step(
                220,
                Answer(
                    "With a cable it is the same. My neighbour has the same provider and no trouble with their company.",
                ),
            ),
            Step(
                15,
                Escalate {
                    team: NETWORK,
                    tier: Tier::L2,
                    known: "Drops about every ten minutes, cable and wireless, from one home.",
                    tried: "Cable, other router port.",
                    evidence: "The client shows only that it dropped; nothing was measured yet.",
                    ask: "Look at the tunnel.",
                },
            ),
            Step(
                25,
                Bounce(
                    BounceCode::MissingInformation,
                    "Which client profile is it, and at what times did it drop? Without them the gateway's log is a haystack.",
                ),
            ),
            Step(5, Take),
            Step(
                25,
                Note("Asked by phone: profile 12, and the times are in the ticket now."),
            ),
            Step(
                5,
                Escalate {
                    team: NETWORK,
                    tier: Tier::L2,
                    known: "Drops about every ten minutes, cable and wireless, from one home.",
                    tried: "Cable, other router port, new client profile.",
                    evidence: "Times in the ticket; the gateway logs a rekey at each of them.",
                    ask: "Look at the rekey of this tunnel on vpn-01.",
                },
            ),
            Step(50, Accept(Quality::Complete)),
            Step(
                65,
                Note(
                    "The client proposes an old cipher first and the gateway refuses the rekey. Fixed in profile 14.",
                ),
            ),
            Step(
                10,
                Resolve(
                    ResolutionCode::Fixed,
                    "Your VPN profile was an old one that could not renew its keys. A new profile was pushed; please disconnect and connect once.",
                ),
            ),
            Step(900, Close),
        ],
    },
    Story {
        category: CONNECTION,
        title: "No wireless in the {site} meeting rooms on floor {floor}",
        text: "None of the meeting rooms on floor {floor} has wireless today. Laptops see the network but get no address. Cable works.",
        impact: Impact::Group,
        urgency: Urgency::High,
        steps: &[
            Step(8, Take),
            Step(
                7,
                Escalate {
                    team: NETWORK,
                    tier: Tier::L2,
                    known: "All rooms on that floor; association works, no address is given. Cable works.",
                    tried: "Two laptops, two rooms.",
                    evidence: "Clients show 169.254 addresses.",
                    ask: "Check the address pool and the relay of that floor.",
                },
            ),
            Step(14, Accept(Quality::Complete)),
            Step(
                22,
                Reply(
                    "The address pool of that floor is full: devices of last week's visitors still hold their leases. I am making room now.",
                ),
            ),
            Step(
                18,
                Resolve(
                    ResolutionCode::Fixed,
                    "The pool is larger and leases of visitors are shorter. Wireless works again in all rooms of the floor.",
                ),
            ),
        ],
    },
    Story {
        category: CONNECTION,
        title: "Cannot reach the supplier portal",
        text: "The portal of Brightmetal does not open from the office, it loads forever. From my phone it works. I have orders to place today.",
        impact: Impact::Person,
        urgency: Urgency::High,
        steps: &[
            Step(40, Take),
            Step(
                12,
                Reply(
                    "It does not answer from our network and does from outside, so that something of ours is in the way. Network looks at it.",
                ),
            ),
            Step(
                6,
                Escalate {
                    team: NETWORK,
                    tier: Tier::L2,
                    known: "Reachable from outside, times out from the office.",
                    tried: "Two browsers, two machines, cable and wireless.",
                    evidence: "TCP to port 443 times out from Porto, answers from a phone.",
                    ask: "Look at the outgoing filter for that address.",
                },
            ),
            Step(33, Accept(Quality::Partly)),
            Step(
                41,
                Note(
                    "They moved to a new address range that our list of hosting providers blocks.",
                ),
            ),
            Step(
                8,
                Resolve(
                    ResolutionCode::Fixed,
                    "The supplier moved to a network that our filter blocked. It is allowed now; please try again.",
                ),
            ),
            Step(
                12,
                Reopen("It opens, but signing in there hangs at the next page."),
            ),
            Step(30, Take),
            Step(
                35,
                Resolve(
                    ResolutionCode::Fixed,
                    "Their sign-in lives on a second address in the same new network. That one is allowed too; I placed a test order up to the last step.",
                ),
            ),
            Step(60, Close),
        ],
    },
    Story {
        category: CONNECTION,
        title: "Video calls stutter in {site}",
        text: "Since the beginning of the week video calls stutter for everybody here in {site}, worst between ten and eleven.",
        impact: Impact::Group,
        urgency: Urgency::Medium,
        steps: &[
            Step(55, Take),
            Step(
                20,
                Escalate {
                    team: NETWORK,
                    tier: Tier::L2,
                    known: "A whole site, worst 10:00 to 11:00, since Monday.",
                    tried: "Speed test outside that hour is normal.",
                    evidence: "Loss of 3 to 5 % on the uplink at 10:20.",
                    ask: "Find what fills the uplink at ten.",
                },
            ),
            Step(120, Take),
            Step(
                240,
                Note(
                    "The copy of the file server to the second site moved from 22:00 to 10:00 when the clocks changed on the backup server. Zone of the schedule was wrong.",
                ),
            ),
            Step(
                30,
                Resolve(
                    ResolutionCode::Fixed,
                    "A nightly copy ran at ten in the morning because of a wrong time zone. It runs at night again; calls should be clear from now on.",
                ),
            ),
        ],
    },
    Story {
        category: CONNECTION,
        title: "Network socket in room {floor}.{number} is dead",
        text: "The socket at the window side of room {floor}.{number} has no link. The other one in the room works.",
        impact: Impact::Person,
        urgency: Urgency::Low,
        steps: &[
            Step(190, Take),
            Step(
                15,
                Reply("Thank you. I have asked our cabling partner; they come on Thursdays."),
            ),
            Step(2, Hold),
            Step(1_900, GoOn),
            Step(
                30,
                Resolve(
                    ResolutionCode::Fixed,
                    "The cable had come off the patch panel. Both sockets of the room work.",
                ),
            ),
        ],
    },
    Story {
        category: CONNECTION,
        title: "Lab network cannot reach the calibration server",
        text: "The benches in the {site} lab cannot reach the calibration server since the maintenance at the weekend. We cannot release any instrument.",
        impact: Impact::Site,
        urgency: Urgency::High,
        steps: &[
            Step(4, Take),
            Step(
                6,
                Escalate {
                    team: NETWORK,
                    tier: Tier::L2,
                    known: "Whole lab, since the maintenance on Saturday. Office network reaches the server.",
                    tried: "Ping and the web page from two benches.",
                    evidence: "Route from the lab network ends at the core switch.",
                    ask: "Check routes and filters of the lab network after Saturday's change.",
                },
            ),
            Step(5, Take),
            Step(
                16,
                Note(
                    "The static route of the lab network is missing in the new core configuration.",
                ),
            ),
            Step(
                6,
                Escalate {
                    team: NETWORK,
                    tier: Tier::L3,
                    known: "Route of the lab network missing in the new core configuration.",
                    tried: "Compared with the configuration of Friday.",
                    evidence: "The difference is in the change record.",
                    ask: "Approve and add the route on both cores now.",
                },
            ),
            Step(7, Take),
            Step(
                15,
                Resolve(
                    ResolutionCode::Fixed,
                    "The lab reaches the calibration server again. Saturday's change had dropped its route; both switches have it back and the template too.",
                ),
            ),
        ],
    },
    Story {
        category: CONNECTION,
        title: "Guest wireless code does not work",
        text: "Our visitor got a code for the guest wireless at reception and it is refused. Tried twice.",
        impact: Impact::Person,
        urgency: Urgency::Medium,
        steps: &[
            Step(16, Take),
            Step(
                4,
                Resolve(
                    ResolutionCode::Answered,
                    "The codes hold for the day they are printed, and yours is of yesterday. Reception has a new one for your visitor.",
                ),
            ),
            Step(25, Close),
        ],
    },
    Story {
        category: CONNECTION,
        title: "Cannot reach the test bench page",
        text: "From the {site} lab I cannot reach {page} any more. It worked yesterday.",
        impact: Impact::Person,
        urgency: Urgency::Low,
        // Nobody says anything more, and the bot takes that as solved.
        steps: &[],
    },
    Story {
        category: CONNECTION,
        title: "Drawing archive cannot be reached from the workshop",
        text: "In the workshop of {site} we cannot reach {page} since the morning, the browser says that it takes too long to respond.",
        impact: Impact::Group,
        urgency: Urgency::Medium,
        steps: &[
            Step(
                14,
                Answer("No, in the workshop it is still the same. Offices are fine."),
            ),
            Step(20, Take),
            Step(
                8,
                Reply(
                    "It answers from here, so that the way from the workshop is what we look at now.",
                ),
            ),
            Step(
                12,
                Escalate {
                    team: NETWORK,
                    tier: Tier::L2,
                    known: "The archive answers from the server, not from the workshop.",
                    tried: "The bot's tests, a second machine in the workshop.",
                    evidence: "The tests above; the workshop's machines time out.",
                    ask: "Check the filter between workshop and servers.",
                },
            ),
            Step(35, Take),
            Step(
                24,
                Resolve(
                    ResolutionCode::Fixed,
                    "The workshop's network was missing in a list of the filter since its new switch. It is in the list now, and the archive opens there.",
                ),
            ),
        ],
    },
];
