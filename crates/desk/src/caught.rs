//! A panic is a bug on one ticket; the others still want their turn.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use crate::error::{DeskError, Result};

/// Does one of many things that wait. A panic becomes an error of this one, so that it is put off like any other that
/// cannot be done, instead of ending the loop that would meet it again first thing.
///
/// # Errors
/// What the doing said, or [`DeskError::Broken`] after a panic.
pub async fn caught<T>(doing: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(doing)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(DeskError::Broken("it stopped half-way, a bug".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_of_the_one_thing_that_was_done() {
        let broken = caught(async { panic!("a bug") }).await;
        let broken: Result<()> = broken;
        assert!(matches!(broken, Err(DeskError::Broken(_))));
        assert!(matches!(caught(async { Ok(7) }).await, Ok(7)));
    }
}
