//! Rows on their way into a table.

use anyhow::Context;
use sqlx::{Connection, Executor, PgConnection};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How many bytes are sent at a time.
const FULL: usize = 1 << 20;

/// A COPY under way, on a connection and a task of its own.
pub(crate) struct Copy {
    buffer: String,
    sender: mpsc::Sender<String>,
    task: JoinHandle<anyhow::Result<u64>>,
    statement: &'static str,
}

impl Copy {
    /// Begins `statement`, which is `copy table (columns) from stdin`.
    pub(crate) async fn begin(url: &str, statement: &'static str) -> anyhow::Result<Self> {
        let mut conn = PgConnection::connect(url).await?;
        // The rows refer to each other and arrive in any order, so foreign keys are not looked at one by one.
        conn.execute("set session_replication_role = replica; set synchronous_commit = off")
            .await?;
        let (sender, mut receiver) = mpsc::channel::<String>(4);
        let task = tokio::spawn(async move {
            let mut copy = conn.copy_in_raw(statement).await?;
            while let Some(rows) = receiver.recv().await {
                copy.send(rows.into_bytes()).await?;
            }
            Ok(copy.finish().await?)
        });
        Ok(Self {
            buffer: String::with_capacity(FULL + 4096),
            sender,
            task,
            statement,
        })
    }

    /// Where the next row is written, with its line's end.
    pub(crate) fn row(&mut self) -> &mut String {
        &mut self.buffer
    }

    /// Sends what was written, if it is much.
    pub(crate) async fn pass_on(&mut self) {
        if self.buffer.len() >= FULL {
            self.send().await;
        }
    }

    async fn send(&mut self) {
        let full = std::mem::replace(&mut self.buffer, String::with_capacity(FULL + 4096));
        // When the other side has failed, finish() tells why.
        let _ = self.sender.send(full).await;
    }

    /// Sends the rest and waits for the end.
    pub(crate) async fn finish(mut self) -> anyhow::Result<u64> {
        self.send().await;
        drop(self.sender);
        self.task
            .await?
            .with_context(|| format!("`{}` failed", self.statement))
    }
}

/// Copies rows that are there already.
pub(crate) async fn copy(url: &str, statement: &'static str, rows: String) -> anyhow::Result<u64> {
    let mut copy = Copy::begin(url, statement).await?;
    copy.buffer = rows;
    copy.finish().await
}
