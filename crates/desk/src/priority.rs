//! What priority follows from impact and urgency: one versioned document, which administrators write.

use chrono::{DateTime, Utc};
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::id::DocumentId;
use tierdesk_domain::priority::Matrix;
use tierdesk_store::PgConnection;
use tierdesk_store::configuration::{self, Document};
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::rulebook::Reign;
use crate::{Caller, Desk};

/// The document's kind in the table of configuration.
const MATRIX: &str = "priority_matrix";
/// An instance has one, so two first versions are one too many.
const DOCUMENT: DocumentId = DocumentId(Uuid::from_u128(0x7e11_3a71));

/// The matrix in force; none where nobody edited it, then the usual one holds.
pub(crate) async fn in_force(conn: &mut PgConnection) -> Result<Option<Document<Matrix>>> {
    Ok(configuration::newest(conn, MATRIX, DOCUMENT).await?)
}

impl Desk {
    /// Every version of the matrix, the newest first; nothing where nobody edited it.
    pub async fn matrix_versions(
        &self,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Vec<Reign<Matrix>>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let mut versions = configuration::history(&mut conn, MATRIX).await?;
        versions.retain(|it| it.id == DOCUMENT);
        Self::reigns(&mut conn, versions, now).await
    }

    /// Saves the matrix as the version after the one that the caller saw, 0 for none. It decides from the next ticket and the
    /// next change of impact or urgency on; open tickets keep the priority that they have. What says the same adds nothing.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] where more impact or urgency would be less pressing; [`DeskError::Conflict`] if it changed since.
    pub async fn save_matrix(
        &self,
        caller: &Caller,
        seen: i32,
        matrix: Matrix,
        now: DateTime<Utc>,
    ) -> Result<()> {
        authorize(&caller.who, Action::Administer)?;
        let errors = matrix.check();
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let mut work = self.begin(caller, now).await?;
        let newest = in_force(work.conn()).await?;
        let (version, holds) = newest.map_or_else(Default::default, |it| (it.version, it.body));
        if version != seen {
            return Err(DeskError::Conflict);
        }
        if holds == matrix {
            return Ok(());
        }
        let id = Some((DOCUMENT, seen));
        Self::save_document(&mut work, MATRIX, id, "Priorities", true, matrix).await?;
        work.commit().await
    }
}
