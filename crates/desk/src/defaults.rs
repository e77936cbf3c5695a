//! What a fresh instance starts with: a Service Desk, a few categories, a calendar, promises and rules. Administrators change them later.

use chrono::{DateTime, Utc};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::calendar::{CalendarDocument, Week, Window};
use tierdesk_domain::escalation::{Condition, Effect, Only, Rule};
use tierdesk_domain::id::{CategoryId, DocumentId, TeamId};
use tierdesk_domain::in_charge::Path;
use tierdesk_domain::sla::{Metric, Policy};
use tierdesk_domain::team::Details;
use tierdesk_domain::ticket::{Kind, Priority};
use tierdesk_store::configuration::{self, Document};
use tierdesk_store::{category, instance};
use uuid::Uuid;

use crate::category::{CATEGORY, document};
use crate::error::Result;
use crate::path::PATH;
use crate::rulebook::{CALENDAR, POLICY, RULE};
use crate::team::establish;
use crate::{Caller, Desk, Work};

impl Desk {
    /// Fills a fresh database with what no desk can do without; one that has it gets no more than newer shipped triage rules.
    pub async fn install_defaults(&self, now: DateTime<Utc>) -> Result<()> {
        let caller = Caller::machine(Actor::system());
        let mut work = self.begin(&caller, now).await?;
        if instance::get::<TeamId>(work.conn(), "service_desk")
            .await?
            .is_some()
        {
            crate::triage::install(&mut work).await?;
            return work.commit().await;
        }
        let details = Details {
            description: "First look at everything".to_owned(),
            restricted: false,
        };
        let desk = establish(&mut work, "Service Desk".to_owned(), details).await?;
        instance::set(work.conn(), "service_desk", &desk).await?;
        let categories = [
            (
                "Password or sign-in",
                "You cannot sign in, or need a new password",
                Kind::Incident,
            ),
            (
                "Network or connection",
                "A site, share, VPN or printer cannot be reached",
                Kind::Incident,
            ),
            (
                "Computer or phone",
                "Something you hold in your hands is broken or slow",
                Kind::Incident,
            ),
            (
                "Program or service",
                "A program shows an error or does not start",
                Kind::Incident,
            ),
            (
                "I need something",
                "Access, a device, a program",
                Kind::Request,
            ),
            ("Something else", "Nothing above fits", Kind::Incident),
        ];
        for (name, hint, kind) in categories {
            let category = category::Category {
                id: CategoryId(Uuid::now_v7()),
                parent: None,
                name: name.to_owned(),
                hint: hint.to_owned(),
                kind,
                team: None,
                version: 1,
                retired: false,
            };
            category::insert(work.conn(), &category, now).await?;
            let version = document(&category, None, now);
            configuration::insert(work.conn(), CATEGORY, &version).await?;
        }
        install_promises(&mut work, desk).await?;
        crate::triage::install(&mut work).await?;
        work.audit("instance.installed", "instance", "1", serde_json::json!({}));
        work.commit().await
    }
}

/// Working hours, promises, escalation rules and the Service Desk's escalation path, as version 1 of documents that
/// administrators edit.
async fn install_promises(work: &mut Work<'_>, desk: TeamId) -> Result<()> {
    let office = vec![Window::new("09:00".parse()?, "17:00".parse()?)?];
    let calendar = CalendarDocument {
        zone: chrono_tz::Tz::UTC,
        windows: Week {
            mon: office.clone(),
            tue: office.clone(),
            wed: office.clone(),
            thu: office.clone(),
            fri: office,
            ..Week::default()
        },
        holidays: Default::default(),
        dates: Default::default(),
        names: Default::default(),
        left_out: Default::default(),
    };
    let calendar = install(work, CALENDAR, "Working hours", calendar).await?;
    install(work, POLICY, "Service levels", Policy::standard(calendar)).await?;
    let unassigned = Rule {
        only: Only::default(),
        conditions: vec![Condition::UnassignedFor { minutes: 120 }],
        effects: vec![Effect::NotifyQueue {}],
    };
    install(work, RULE, "Nobody took it", unassigned).await?;
    let gave_up = Rule {
        only: Only::default(),
        conditions: vec![Condition::BotGaveUp {}],
        effects: vec![Effect::NotifyQueue {}],
    };
    install(work, RULE, "The bot passed it on", gave_up).await?;
    let pressing = Rule {
        only: Only::default(),
        conditions: vec![Condition::SlaUsed {
            metric: Metric::Resolution,
            percent: 75,
        }],
        effects: vec![Effect::NotifyAssignee {}],
    };
    install(work, RULE, "Three quarters of the time are used", pressing).await?;
    // Above the engineers somebody hears of it while the promise can still be kept.
    let nearly = Rule {
        only: Only::default(),
        conditions: vec![Condition::SlaUsed {
            metric: Metric::Resolution,
            percent: 90,
        }],
        effects: vec![Effect::NotifyInCharge {}],
    };
    let name = "Nine tenths of the time are used: tell who is in charge";
    install(work, RULE, name, nearly).await?;
    let p1 = Rule {
        only: Only::default(),
        conditions: vec![Condition::PriorityReached {
            priority: Priority::P1,
        }],
        effects: vec![Effect::NotifyInCharge {}],
    };
    install(work, RULE, "P1: tell who is in charge", p1).await?;
    let id = DocumentId(desk.0);
    install_as(work, PATH, id, "Service Desk", Path::standard()).await?;
    Ok(())
}

async fn install<T: serde::Serialize>(
    work: &mut Work<'_>,
    kind: &'static str,
    name: &str,
    body: T,
) -> Result<DocumentId> {
    let id = DocumentId(Uuid::now_v7());
    install_as(work, kind, id, name, body).await?;
    Ok(id)
}

async fn install_as<T: serde::Serialize>(
    work: &mut Work<'_>,
    kind: &'static str,
    id: DocumentId,
    name: &str,
    body: T,
) -> Result<()> {
    let document = Document {
        id,
        version: 1,
        name: name.to_owned(),
        active: true,
        valid_from: work.now,
        author: None,
        body,
    };
    configuration::insert(work.conn(), kind, &document).await?;
    Ok(())
}
