//! Business programs and their data.

use tierdesk_domain::ticket::{Impact, ResolutionCode, Urgency};
use tierdesk_domain::tier::Tier;

use super::Deed::{Answer, Ask, Close, Escalate, GoOn, HandBack, Hold, Note, Reply, Resolve, Take};
use super::{OTHER, PROGRAM, Step, Story};
use crate::demo::company::{APPLICATIONS, PLATFORM};

pub(super) const STORIES: [Story; 6] = [
    Story {
        category: PROGRAM,
        title: "{app}: error {number} when saving",
        text: "When I save in {app} it shows `Error {number}: record locked by another user`. Nobody else has it open, I asked around.",
        impact: Impact::Person,
        urgency: Urgency::Medium,
        steps: &[
            Step(26, Take),
            Step(
                9,
                Ask("Which record is it, and about when did you first see it?"),
            ),
            Step(
                90,
                Answer(
                    "Order {number}, since nine this morning. Since the short power cut, now that I think of it.",
                ),
            ),
            Step(
                12,
                Escalate {
                    team: APPLICATIONS,
                    tier: Tier::L2,
                    known: "One record locked since the power cut at nine.",
                    tried: "Sign out and in, other machine.",
                    evidence: "Error text and record number in the conversation.",
                    ask: "Release the lock of the session that is gone.",
                },
            ),
            Step(48, Take),
            Step(
                15,
                Resolve(
                    ResolutionCode::Fixed,
                    "The lock belonged to your own session from before the power cut. It is released, and sessions that are gone now lose theirs after ten minutes.",
                ),
            ),
        ],
    },
    Story {
        category: PROGRAM,
        title: "{app} is slow for everybody in {site}",
        text: "Every page of {app} takes twenty seconds today. All of us in {site} see it, Lyon says theirs is fine.",
        impact: Impact::Group,
        urgency: Urgency::High,
        steps: &[
            Step(9, Take),
            Step(
                10,
                Escalate {
                    team: APPLICATIONS,
                    tier: Tier::L2,
                    known: "A whole site, only this program, since this morning.",
                    tried: "Other programs are quick from the same machines.",
                    evidence: "20 s for the first byte, the rest is quick.",
                    ask: "Look at the requests of this site.",
                },
            ),
            Step(12, Take),
            Step(
                35,
                Escalate {
                    team: PLATFORM,
                    tier: Tier::L3,
                    known: "Time is spent in the database, in one query that filters by site.",
                    tried: "Restarted one worker, no change.",
                    evidence: "Plan shows a full scan since the import of last night.",
                    ask: "Refresh the statistics of the orders table.",
                },
            ),
            Step(15, Take),
            Step(
                25,
                Note(
                    "Statistics were taken before the import finished. Refreshed, plan uses the index again, 80 ms.",
                ),
            ),
            Step(
                5,
                Resolve(
                    ResolutionCode::Fixed,
                    "Pages answer within a second again. A nightly import had left the database with a wrong idea of your site's data; it now tells the database when it is done.",
                ),
            ),
        ],
    },
    Story {
        category: PROGRAM,
        title: "Report of {app} shows last month twice",
        text: "In the monthly report of {app} the figures of last month are there twice. I need it for the meeting on Thursday.",
        impact: Impact::Person,
        urgency: Urgency::Low,
        steps: &[
            Step(150, Take),
            Step(
                20,
                Escalate {
                    team: APPLICATIONS,
                    tier: Tier::L2,
                    known: "Rows of last month appear twice in the monthly report, other months do not.",
                    tried: "Ran it for an older month: right.",
                    evidence: "Total is exactly double.",
                    ask: "Find the second copy.",
                },
            ),
            Step(200, Take),
            Step(
                90,
                Reply(
                    "The close of the month was run twice on the 1st. I am taking the second run out and checking the totals with Finance.",
                ),
            ),
            Step(
                180,
                Resolve(
                    ResolutionCode::Fixed,
                    "The second run is gone and Finance agrees with the totals. A month that is closed can no longer be closed again.",
                ),
            ),
            Step(60, Close),
        ],
    },
    Story {
        category: PROGRAM,
        title: "Cannot attach drawings larger than 10 MB",
        text: "The drawings of the new housing have 14 MB and {app} refuses them. Splitting them is no option.",
        impact: Impact::Group,
        urgency: Urgency::Medium,
        steps: &[
            Step(60, Take),
            Step(
                14,
                Escalate {
                    team: APPLICATIONS,
                    tier: Tier::L2,
                    known: "Limit of 10 MB, drawings have 14 MB.",
                    tried: "Compression saves 3 %.",
                    evidence: "The message names the limit.",
                    ask: "Can the limit be raised?",
                },
            ),
            Step(240, Take),
            Step(
                18,
                Ask("It can go to 25 MB. Would that do, or do you expect larger ones this year?"),
            ),
            Step(300, Answer("25 is plenty.")),
            Step(
                60,
                Resolve(ResolutionCode::Fixed, "The limit is 25 MB now."),
            ),
        ],
    },
    Story {
        category: PROGRAM,
        title: "Label printing from {app} stopped",
        text: "Labels from {app} do not come out any more in the {site} warehouse. Shipping stands still.",
        impact: Impact::Site,
        urgency: Urgency::High,
        steps: &[
            Step(5, Take),
            Step(
                6,
                Escalate {
                    team: APPLICATIONS,
                    tier: Tier::L2,
                    known: "All label printers of one warehouse, since about an hour.",
                    tried: "Printer restarted, test label from the printer's own menu works.",
                    evidence: "Queue on print-01 holds 46 jobs.",
                    ask: "See why the jobs wait.",
                },
            ),
            Step(8, Take),
            Step(
                14,
                Note(
                    "Certificate of the print service expired at 08:00. Renewed by hand; the renewal had failed for 20 days without telling anybody.",
                ),
            ),
            Step(
                9,
                Resolve(
                    ResolutionCode::Fixed,
                    "All waiting labels have come out. A certificate of the print service had expired; it is renewed, and a check now warns three weeks ahead.",
                ),
            ),
            Step(30, Close),
        ],
    },
    Story {
        category: OTHER,
        title: "Question about the archive of old orders",
        text: "Where do I find orders from before 2019? The search in {app} only goes back five years.",
        impact: Impact::Person,
        urgency: Urgency::Low,
        steps: &[
            Step(180, Take),
            Step(
                8,
                Escalate {
                    team: APPLICATIONS,
                    tier: Tier::L2,
                    known: "Asks for orders older than five years.",
                    tried: "The handbook does not say.",
                    evidence: "None: it is a question about where things are.",
                    ask: "Where is the archive?",
                },
            ),
            Step(280, Take),
            Step(
                10,
                HandBack(
                    "The archive is in the reports menu, under *Before 2019*; everybody in Sales may open it. Please tell the requester and add it to the handbook.",
                ),
            ),
            Step(60, Take),
            Step(3, Hold),
            Step(200, GoOn),
            Step(
                9,
                Resolve(
                    ResolutionCode::Answered,
                    "Orders from before 2019 are in the reports menu under *Before 2019*. The handbook says so now too.",
                ),
            ),
        ],
    },
];
