//! Files that people attach: received piece by piece, kept beside the database, given to a message when its form is sent.
//!
//! The file is on disk before its row exists, and its row is gone before the file is; what a crash leaves in between is a
//! file that no row speaks of, and [`Desk::sweep_files`] removes it. Nobody's words ever become a path.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use ring::digest;
use tierdesk_domain::attachment::{
    HEAD, MAX_MEGABYTES, MAX_PER_MESSAGE, MAX_SIZE, MAX_WAITING, WAITS, clean_name, media_type,
};
use tierdesk_domain::field::FieldError;
use tierdesk_domain::id::{AttachmentId, FormId};
use tierdesk_store::attachment::{self, Attachment, Waiting};
use tokio::fs;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::keys::random;
use crate::{Caller, Desk, Work};

/// How many rows or files one step of the clean-up takes.
const STEP: usize = 200;

/// A file that is being received. Dropped before [`Desk::keep_file`] it leaves nothing behind.
pub struct Incoming {
    file: fs::File,
    path: PathBuf,
    stored_as: String,
    size: u64,
    hash: digest::Context,
    head: Vec<u8>,
    kept: bool,
}

impl Incoming {
    /// Takes the next piece.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] as soon as there are more than 25 MiB; nothing more is written then.
    pub async fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.size += piece.len() as u64;
        if self.size > MAX_SIZE {
            return Err(refused("error.file_too_large", Some(MAX_MEGABYTES)));
        }
        let missing = HEAD.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..missing]);
        self.hash.update(piece);
        self.file.write_all(piece).await.map_err(disk)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(%error, "a file that was not kept could not be removed; the clean-up will");
        }
    }
}

/// What a clean-up removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files whose form was never sent.
    pub expired: usize,
    /// Files that no row speaks of.
    pub orphans: usize,
}

impl Desk {
    /// Begins to receive a file.
    pub async fn receive_file(&self) -> Result<Incoming> {
        let stored_as = new_name();
        let path = self.place(&stored_as);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).await.map_err(disk)?;
        }
        let mut how = fs::OpenOptions::new();
        how.write(true).create_new(true);
        #[cfg(unix)]
        how.mode(0o600);
        Ok(Incoming {
            file: how.open(&path).await.map_err(disk)?,
            path,
            stored_as,
            size: 0,
            hash: digest::Context::new(&digest::SHA256),
            head: Vec::with_capacity(HEAD),
            kept: false,
        })
    }

    /// Keeps a received file for a form of the caller's, for 24 hours. `name` is whatever the sender called it.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] for an empty file and for more files than a message takes.
    pub async fn keep_file(
        &self,
        caller: &Caller,
        mut file: Incoming,
        form: FormId,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<Attachment> {
        let uploader = caller.person_id().ok_or(DeskError::Denied)?;
        if file.size == 0 {
            return Err(refused("error.file_empty", None));
        }
        file.file.flush().await.map_err(disk)?;
        file.file.sync_all().await.map_err(disk)?;
        let name = clean_name(name);
        let kept = Attachment {
            id: AttachmentId(Uuid::now_v7()),
            event: None,
            media_type: media_type(&name, &file.head).to_owned(),
            name,
            size: file.size,
            stored_as: file.stored_as.clone(),
        };
        let mut conn = self.acquire().await?;
        let fits = attachment::insert_waiting(
            &mut conn,
            &Waiting {
                id: kept.id,
                uploader,
                form,
                name: &kept.name,
                media_type: &kept.media_type,
                size: kept.size,
                sha256: file.hash.clone().finish().as_ref(),
                stored_as: &kept.stored_as,
                expires_at: now + WAITS,
            },
            whole(MAX_PER_MESSAGE),
            whole(MAX_WAITING),
            now,
        )
        .await?;
        if !fits {
            return Err(refused("error.too_many_files", Some(MAX_PER_MESSAGE)));
        }
        file.kept = true;
        Ok(kept)
    }

    /// The files that wait for a form of the caller's.
    pub async fn waiting_files(
        &self,
        caller: &Caller,
        form: FormId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Attachment>> {
        let uploader = caller.person_id().ok_or(DeskError::Denied)?;
        let mut conn = self.acquire().await?;
        Ok(attachment::waiting(&mut conn, uploader, form, now).await?)
    }

    /// Takes a file out of a form again.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] unless it waits for a form of the caller's.
    pub async fn remove_file(&self, caller: &Caller, id: AttachmentId) -> Result<()> {
        let uploader = caller.person_id().ok_or(DeskError::Denied)?;
        let mut conn = self.acquire().await?;
        let stored = attachment::remove_waiting(&mut conn, uploader, id)
            .await?
            .ok_or(DeskError::NotFound)?;
        self.unlink(&stored).await;
        Ok(())
    }

    /// Opens a file of a ticket for reading, if the caller may have it.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for one that does not exist or must stay hidden.
    pub async fn open_file(
        &self,
        caller: &Caller,
        id: AttachmentId,
    ) -> Result<(Attachment, fs::File)> {
        let scope = self.scope(caller)?;
        let mut conn = self.acquire().await?;
        let found = attachment::find(&mut conn, &scope, id)
            .await?
            .ok_or(DeskError::NotFound)?;
        let file = fs::File::open(self.place(&found.stored_as))
            .await
            .map_err(disk)?;
        Ok((found, file))
    }

    /// Removes files whose form was not sent in time, and files older than that which no row speaks of. Called by the
    /// worker; safe to run twice and on several nodes.
    pub async fn sweep_files(&self, now: DateTime<Utc>) -> Result<Swept> {
        let mut swept = Swept::default();
        loop {
            let mut conn = self.acquire().await?;
            let expired = attachment::take_expired(&mut conn, now, whole(STEP)).await?;
            drop(conn);
            for stored in &expired {
                self.unlink(stored).await;
            }
            swept.expired += expired.len();
            if expired.len() < STEP {
                break;
            }
        }
        let old = self.files_before(now).await?;
        for names in old.chunks(STEP) {
            let mut conn = self.acquire().await?;
            let known = attachment::known(&mut conn, names).await?;
            drop(conn);
            for orphan in names.iter().filter(|name| !known.contains(name)) {
                self.unlink(orphan).await;
                swept.orphans += 1;
            }
        }
        Ok(swept)
    }

    /// The stored names of all files that are older than a waiting file may become.
    async fn files_before(&self, now: DateTime<Utc>) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for shelf in entries(&self.settings.attachment_dir).await? {
            if !shelf.metadata().await.map_err(disk)?.is_dir() {
                continue;
            }
            for file in entries(&shelf.path()).await? {
                // A file that went away meanwhile is no orphan any more.
                let Ok(about) = file.metadata().await else {
                    continue;
                };
                let written: DateTime<Utc> = about.modified().map_err(disk)?.into();
                if about.is_file()
                    && now - written > WAITS
                    && let Some(name) = file.file_name().to_str()
                {
                    names.push(name.to_owned());
                }
            }
        }
        Ok(names)
    }

    /// Where a stored file lies: on one of 256 shelves, so that no folder grows without bound.
    fn place(&self, stored_as: &str) -> PathBuf {
        let shelf = stored_as.get(..2).unwrap_or("00");
        self.settings.attachment_dir.join(shelf).join(stored_as)
    }

    /// Removes a stored file. One that is gone already is fine; any other failure is left to the next clean-up.
    async fn unlink(&self, stored_as: &str) {
        if let Err(error) = fs::remove_file(self.place(stored_as)).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "an attachment's file could not be removed");
        }
    }
}

/// How many files wait for `form`, within an action.
pub(crate) async fn waiting(work: &mut Work<'_>, form: Option<FormId>) -> Result<usize> {
    let (Some(form), Some(uploader)) = (form, work.caller().person_id()) else {
        return Ok(0);
    };
    let now = work.now;
    Ok(attachment::waiting(work.conn(), uploader, form, now)
        .await?
        .len())
}

fn new_name() -> String {
    random::<20>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

pub(crate) fn refused(message: &'static str, limit: Option<usize>) -> DeskError {
    DeskError::Invalid(vec![FieldError {
        field: "files",
        message,
        limit,
    }])
}

fn disk(error: std::io::Error) -> DeskError {
    DeskError::Broken(format!("the attachment folder failed: {error}"))
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What lies in a folder; nothing if there is none yet.
async fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>> {
    let mut found = Vec::new();
    let mut reader = match fs::read_dir(folder).await {
        Ok(reader) => reader,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(disk(error)),
    };
    while let Some(entry) = reader.next_entry().await.map_err(disk)? {
        found.push(entry);
    }
    Ok(found)
}
