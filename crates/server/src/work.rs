//! `tierdesk worker`: what happens by itself.

use std::sync::Arc;

use chrono::Utc;
use tierdesk_desk::Desk;
use tierdesk_domain::outbox::Way;
use tierdesk_mail::{Mailbox, SmtpTransport, Transport};
use tierdesk_worker::{Post, Worker};

use crate::settings::Settings;
use crate::settings::mail::Mail;
use crate::{serve, stop};

/// Works until a signal says stop; what is under way is finished or taken over by another worker.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let stop = stop::on_signal()?;
    let desk = serve::desk(settings).await?;
    let worker = worker(desk, &settings.mail)?;
    tracing::info!("working");
    worker.run(Arc::new(Utc::now), stop).await;
    tracing::info!("stopped");
    Ok(())
}

/// The worker that mails as the desk's settings say. Outside the demo nothing but a mail server takes mail.
pub(crate) fn worker(desk: Desk, mail: &Mail) -> anyhow::Result<Worker> {
    let transport = match (desk.settings.mail, &mail.smtp) {
        (Way::Mailbox, _) => Transport::Mailbox,
        (_, Some(smtp)) => Transport::Smtp(Arc::new(SmtpTransport::new(smtp.clone())?)),
        (_, None) => Transport::Nowhere,
    };
    let from = match &mail.from {
        Some(from) if !from.name.is_empty() => from.clone(),
        Some(from) => Mailbox::new(desk.settings.site_name.as_str(), from.address.clone()),
        // Nothing leaves without a mail server; the developer mailbox shows this.
        None => Mailbox::new(
            desk.settings.site_name.as_str(),
            "desk@tierdesk.invalid".parse()?,
        ),
    };
    let post = Post {
        transport,
        from,
        prefix: mail.prefix.clone(),
    };
    Ok(Worker::new(desk, post))
}
