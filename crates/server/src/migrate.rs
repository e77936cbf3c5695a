//! `tierdesk migrate`: brings the schema up to date and installs what no desk can do without.

use anyhow::Context;
use chrono::Utc;
use tierdesk_desk::{Desk, Keys, Settings};
use tierdesk_domain::outbox::Way;

use crate::settings::database::Database;

/// Migrates as the database's owner, then works as the application's role like every other command.
pub(crate) async fn run(database: &Database) -> anyhow::Result<()> {
    tierdesk_store::migrate(&database.url)
        .await
        .with_context(|| {
            format!("cannot migrate the database {database:?} of TIERDESK_DATABASE_URL")
        })?;
    let pool = tierdesk_store::connect(&database.url, 2).await?;
    // The defaults hold no secret, link or file, so that none of these settings is looked at.
    let settings = Settings {
        base_url: String::new(),
        site_name: String::new(),
        mail_domain: String::new(),
        mail: Way::Nowhere,
        attachment_dir: std::path::PathBuf::new(),
    };
    Desk::new(pool, Keys::read(&Keys::generate())?, settings)
        .install_defaults(Utc::now())
        .await?;
    tracing::info!("the database is up to date");
    Ok(())
}
