//! What a mailed report says, counted at the moment of sending for the one who reads it.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use tierdesk_domain::authorize::{Action, Who, authorize};
use tierdesk_domain::clock;
use tierdesk_domain::dashboard::{
    OLA, Promise, SLA, Share, View, When, first_contact, percent, reopened, resolved_by_people,
};
use tierdesk_domain::period::Period;
use tierdesk_domain::report::MAX_ATTACHED;
use tierdesk_domain::tally::{Counts, Measure, Spread};
use tierdesk_domain::text::{fill, t};
use tierdesk_store::tally::block::By;
use tierdesk_store::{PgConnection, person, report, tally};
use uuid::Uuid;

use super::{shared, teams_of};
use crate::Desk;
use crate::dashboard::{CSV_HEAD, Dashboard, Lens, Pair};
use crate::error::Result;

/// One figure, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFigure {
    /// What it is.
    pub label: &'static str,
    /// The number.
    pub number: String,
    /// The number of the period before; `""` where nothing is compared.
    pub before: String,
}

/// A mailed report.
#[derive(Debug, Clone)]
pub struct ReportLetter {
    /// Which report.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// Who saved it.
    pub owner: String,
    /// The path of the page it opens, with everything that is chosen, on those very days.
    pub path: String,
    /// The days it speaks of, as they were when it was due.
    pub period: Period,
    /// The days they are held against.
    pub before: Option<Period>,
    /// The zone of those days.
    pub zone: Tz,
    /// The teams that were counted.
    pub teams: Vec<String>,
    /// The figures.
    pub figures: Vec<ReportFigure>,
    /// When it should have come.
    pub due_at: DateTime<Utc>,
    /// The counts as CSV, where they are asked for and not too many.
    pub csv: Option<String>,
    /// Whether the table was asked for and is too large to attach.
    pub csv_too_large: bool,
}

impl Desk {
    /// What a report says to one person: the teams that both its owner and the reader answer for, in the days that were meant
    /// when it was due. None if the report is gone, or either of them may not see figures any more.
    pub(crate) async fn report_letter(
        &self,
        conn: &mut PgConnection,
        id: Uuid,
        reader: &Who,
        due_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<ReportLetter>> {
        let Some(report) = report::find(conn, id).await? else {
            return Ok(None);
        };
        let Some(owner) = person::find(conn, report.owner).await? else {
            return Ok(None);
        };
        let Ok(readers) = authorize(reader, Action::SeeDashboard) else {
            return Ok(None);
        };
        let readers = tally::teams(conn, &readers).await?;
        let owners = teams_of(conn, report.owner).await?;
        let teams = shared(&report.view, &owners, &readers);
        if teams.is_empty() {
            return Ok(None);
        }
        let lens = self.lens_of(conn, &teams, report.view, due_at).await?;
        let (csv, csv_too_large) = if report.csv {
            self.attached(conn, &lens).await?
        } else {
            (None, false)
        };
        let times = By {
            times: true,
            ..By::default()
        };
        let times = self
            .figures_through(conn, lens.clone(), times)
            .await?
            .groups;
        let times = times.into_values().next().unwrap_or_default();
        let d = self.dashboard_through(conn, lens, now).await?;
        Ok(Some(ReportLetter {
            id,
            name: report.name,
            owner: owner.name,
            path: format!("{}?{}", report.page.path(), on_days(&d.lens).query()),
            period: d.lens.period,
            before: d.lens.before,
            zone: d.lens.zone,
            teams: match report.view.team {
                Some(team) => vec![d.lens.team(team).to_owned()],
                None => d.lens.teams.values().cloned().collect(),
            },
            figures: figures(&d, &times),
            due_at,
            csv,
            csv_too_large,
        }))
    }

    /// The table, unless it is too large.
    async fn attached(
        &self,
        conn: &mut PgConnection,
        lens: &Lens,
    ) -> Result<(Option<String>, bool)> {
        let mut csv = CSV_HEAD.to_owned();
        let days = lens.period.from.iter_days();
        for day in days.take_while(|day| *day <= lens.period.to) {
            csv.push_str(&self.csv_through(conn, lens, day).await?);
            if csv.len() > MAX_ATTACHED {
                return Ok((None, true));
            }
        }
        Ok((Some(csv), false))
    }
}

/// The lens's view with its days fixed.
fn on_days(lens: &Lens) -> View {
    View {
        when: When::Days {
            from: lens.period.from,
            to: lens.period.to,
        },
        ..lens.view
    }
}

fn figures(d: &Dashboard, times: &Pair) -> Vec<ReportFigure> {
    let compared = d.lens.before.is_some();
    let figure = |key: &'static str, of: &dyn Fn(&Counts) -> String| ReportFigure {
        label: t(key),
        number: of(&d.total.now),
        before: if compared {
            of(&d.total.before)
        } else {
            String::new()
        },
    };
    let promise = |promise: Promise| move |counts: &Counts| with_whole(promise.share(counts));
    let number = |measure| move |counts: &Counts| counts.number(measure).to_string();
    let time = |key: &'static str, measure| ReportFigure {
        label: t(key),
        number: spelled(&times.now.spread(measure)),
        before: if compared {
            spelled(&times.before.spread(measure))
        } else {
            String::new()
        },
    };
    let [first, next, resolution] = SLA;
    let [pick_up, in_tier] = OLA;
    let at_risk: u64 = d.at_risk.iter().map(|it| it.tickets).sum();
    let now_only = |key: &'static str, n: u64| ReportFigure {
        label: t(key),
        number: n.to_string(),
        before: String::new(),
    };
    vec![
        figure("dashboard.measure_opened", &number(Measure::Opened)),
        figure("dashboard.measure_resolved", &number(Measure::Resolved)),
        figure("dashboard.by_people", &|counts| {
            resolved_by_people(counts).to_string()
        }),
        figure("dashboard.by_bot", &|counts| {
            with_whole(Share {
                part: counts.number(Measure::ResolvedByBot),
                whole: counts.number(Measure::Resolved),
            })
        }),
        time(
            "dashboard.acknowledge_business",
            Measure::AcknowledgeBusiness,
        ),
        time("dashboard.resolve_business", Measure::ResolveBusiness),
        figure("dashboard.response_kept", &promise(first)),
        figure("dashboard.next_kept", &promise(next)),
        figure("dashboard.resolution_kept", &promise(resolution)),
        figure("dashboard.pick_up_kept", &promise(pick_up)),
        figure("dashboard.in_tier_kept", &promise(in_tier)),
        figure("dashboard.first_contact", &|counts| {
            with_whole(first_contact(counts))
        }),
        figure("dashboard.reopened_share", &|counts| {
            with_whole(reopened(counts))
        }),
        now_only("dashboard.open_now", d.open()),
        now_only("dashboard.at_risk", at_risk),
    ]
}

/// `half within 1 h 37 min, 90 % within 4 h, 2 h on average`, or a dash of no times.
fn spelled(times: &Spread) -> String {
    let told = |time: Option<i64>| clock::spell(TimeDelta::seconds(time.unwrap_or(0)));
    if times.number() == 0 {
        return "–".to_owned();
    }
    fill(
        "report.times",
        &[
            ("median", &told(times.percentile(50))),
            ("p90", &told(times.percentile(90))),
            ("mean", &told(times.mean())),
        ],
    )
}

/// `94.2 % (931 of 988)`
fn with_whole(share: Share) -> String {
    if share.whole == 0 {
        return percent(share);
    }
    format!("{} ({} of {})", percent(share), share.part, share.whole)
}
