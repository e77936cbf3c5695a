//! What a fresh instance starts with: a Service Desk and a few categories. Administrators change them later.

use chrono::{DateTime, Utc};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::id::{CategoryId, TeamId};
use tierdesk_domain::ticket::Kind;
use tierdesk_store::{category, instance, team};
use uuid::Uuid;

use crate::error::Result;
use crate::{Caller, Desk};

impl Desk {
    /// Fills a fresh database with what no desk can do without; does nothing on one that has it.
    pub async fn install_defaults(&self, now: DateTime<Utc>) -> Result<()> {
        let caller = Caller::machine(Actor::system());
        let mut work = self.begin(&caller, now).await?;
        if instance::get::<TeamId>(work.conn(), "service_desk")
            .await?
            .is_some()
        {
            return Ok(());
        }
        let desk = TeamId(Uuid::now_v7());
        team::insert(
            work.conn(),
            desk,
            "Service Desk",
            "First look at everything",
            false,
            now,
        )
        .await?;
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
        for (position, (name, hint, kind)) in categories.into_iter().enumerate() {
            let category = category::Category {
                id: CategoryId(Uuid::now_v7()),
                parent: None,
                name: name.to_owned(),
                hint: hint.to_owned(),
                kind,
                team: None,
                version: 1,
            };
            category::insert(
                work.conn(),
                &category,
                i32::try_from(position).unwrap_or(i32::MAX),
                now,
            )
            .await?;
        }
        work.audit("instance.installed", "instance", "1", serde_json::json!({}))
            .await?;
        work.commit().await
    }
}
