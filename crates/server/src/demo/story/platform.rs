//! Servers, storage and databases.

use tierdesk_domain::ticket::{Impact, ResolutionCode, Urgency};
use tierdesk_domain::tier::Tier;

use super::Deed::{Close, Escalate, Note, Reply, Resolve, Take};
use super::{OTHER, PROGRAM, Step, Story};
use crate::demo::company::PLATFORM;

pub(super) const STORIES: [Story; 5] = [
    Story {
        category: PROGRAM,
        title: "Restore a folder that I deleted",
        text: "I deleted the folder `Tenders/2026-{floor}` on the {site} share this morning by mistake. It was there last night.",
        impact: Impact::Person,
        urgency: Urgency::Medium,
        steps: &[
            Step(18, Take),
            Step(
                5,
                Escalate {
                    team: PLATFORM,
                    tier: Tier::L2,
                    known: "Folder deleted this morning, there last night.",
                    tried: "Not in the recycle folder of the share.",
                    evidence: "None on our side: only the backup shows what was there.",
                    ask: "Restore from last night.",
                },
            ),
            Step(22, Take),
            Step(
                38,
                Resolve(
                    ResolutionCode::Fixed,
                    "The folder is back as of 02:00. What was changed after that is not in it.",
                ),
            ),
            Step(35, Close),
        ],
    },
    Story {
        category: PROGRAM,
        title: "Intranet shows error 502",
        text: "The intranet shows *502 Bad Gateway* since a few minutes, for all of us in {site}.",
        impact: Impact::Site,
        urgency: Urgency::High,
        steps: &[
            Step(3, Take),
            Step(
                3,
                Escalate {
                    team: PLATFORM,
                    tier: Tier::L2,
                    known: "502 for a whole site since minutes.",
                    tried: "From two machines and a phone.",
                    evidence: "The page comes from web-01, web-02 answers.",
                    ask: "Look at the service behind web-01.",
                },
            ),
            Step(4, Take),
            Step(
                9,
                Note(
                    "Service was killed: out of memory at 10:41. Restarted; the cache of the new search had no limit.",
                ),
            ),
            Step(
                4,
                Resolve(
                    ResolutionCode::Fixed,
                    "The intranet answers again. It had run out of memory; the part that took it has a limit now.",
                ),
            ),
        ],
    },
    Story {
        category: PROGRAM,
        title: "Nightly export to the bank did not arrive",
        text: "The payment file of last night did not reach the bank. The window closes at four in the afternoon.",
        impact: Impact::Group,
        urgency: Urgency::High,
        steps: &[
            Step(7, Take),
            Step(
                5,
                Escalate {
                    team: PLATFORM,
                    tier: Tier::L2,
                    known: "No file of last night at the bank. Window closes at 16:00.",
                    tried: "The job's page says *succeeded*.",
                    evidence: "Outgoing folder holds the file, 0 bytes.",
                    ask: "Run the export again and check the file before it goes.",
                },
            ),
            Step(10, Take),
            Step(
                12,
                Reply(
                    "The file was empty because the disk was full for a minute at two. I am running it again and check the sum with you before it leaves.",
                ),
            ),
            Step(
                50,
                Resolve(
                    ResolutionCode::Fixed,
                    "The file left at 11:32 and the bank confirmed it. An empty file now stops the job instead of being sent.",
                ),
            ),
            Step(20, Close),
        ],
    },
    Story {
        category: OTHER,
        title: "Calendar shows meetings an hour late",
        text: "All meetings of Gdańsk colleagues show an hour late for us since Sunday.",
        impact: Impact::Group,
        urgency: Urgency::Medium,
        steps: &[
            Step(44, Take),
            Step(
                16,
                Escalate {
                    team: PLATFORM,
                    tier: Tier::L2,
                    known: "Meetings made in Gdańsk before Sunday, shown an hour late elsewhere.",
                    tried: "New meetings are right.",
                    evidence: "Three examples in the mail of the requester.",
                    ask: "Check the zone data of mail-01.",
                },
            ),
            Step(130, Take),
            Step(
                70,
                Resolve(
                    ResolutionCode::Fixed,
                    "The calendar server had zone data of last year. It is current now, and the meetings are where they belong.",
                ),
            ),
        ],
    },
    Story {
        category: PROGRAM,
        title: "Share of {site} asks for a password",
        text: "The share of {site} asks me for a password since this morning, and no password is right.",
        impact: Impact::Person,
        urgency: Urgency::Medium,
        steps: &[
            Step(30, Take),
            Step(
                8,
                Escalate {
                    team: PLATFORM,
                    tier: Tier::L2,
                    known: "One person, one share, others work.",
                    tried: "Signed out and in, other machine.",
                    evidence: "Clock of the machine is nine minutes late.",
                    ask: "Is the clock the reason?",
                },
            ),
            Step(65, Take),
            Step(
                14,
                Resolve(
                    ResolutionCode::Fixed,
                    "It was the clock: a machine more than five minutes off is refused. It is set, and takes its time from our servers again.",
                ),
            ),
        ],
    },
];
