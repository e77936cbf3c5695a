//! One answer for all who ask the same at the same time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::error::Result;

/// Answers that are being found, by what was asked.
///
/// Nobody gets an answer that is older than their question: who comes while one is being found waits for the next, and
/// shares it with all who wait. So however many ask, two at most are found for each of them.
#[derive(Debug)]
pub(crate) struct Shared<K, V>(Mutex<HashMap<K, Arc<Place<V>>>>);

/// The last answer with the time at which somebody began to find it. Whoever finds the next one holds it.
type Place<V> = tokio::sync::Mutex<Option<(Instant, V)>>;

impl<K, V> Default for Shared<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Shared<K, V> {
    /// The answer to what is asked: what `find` gives, or what somebody else began to find after this call.
    ///
    /// # Errors
    /// Those of `find`. The next who waits tries for themselves.
    pub(crate) async fn get(&self, asked: K, find: impl Future<Output = Result<V>>) -> Result<V> {
        let came = Instant::now();
        let place = self.place(asked);
        let mut last = place.lock().await;
        if let Some((began, answer)) = &*last
            && *began >= came
        {
            return Ok(answer.clone());
        }
        let began = Instant::now();
        let answer = find.await?;
        *last = Some((began, answer.clone()));
        Ok(answer)
    }

    fn place(&self, asked: K) -> Arc<Place<V>> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Answers that nobody waits for any more are of no use to anybody.
        places.retain(|_, place| Arc::strong_count(place) > 1);
        Arc::clone(places.entry(asked).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;
    use crate::DeskError;

    #[tokio::test]
    async fn who_comes_while_an_answer_is_found_shares_the_next_one() {
        let shared: Arc<Shared<&str, usize>> = Arc::default();
        let found = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new(Semaphore::new(0));
        let ask = |what| {
            let (shared, found, gate) =
                (Arc::clone(&shared), Arc::clone(&found), Arc::clone(&gate));
            tokio::spawn(async move {
                let find = async {
                    let n = found.fetch_add(1, Ordering::SeqCst);
                    gate.acquire().await.expect("it is never closed").forget();
                    Ok(n)
                };
                shared.get(what, find).await.expect("an answer")
            })
        };
        let first = ask("risk");
        while found.load(Ordering::SeqCst) < 1 {
            tokio::task::yield_now().await;
        }
        let later: Vec<_> = (0..5).map(|_| ask("risk")).collect();
        // All of them have asked.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(2);
        assert_eq!(first.await.expect("no panic"), 0);
        for one in later {
            assert_eq!(one.await.expect("no panic"), 1);
        }
        gate.add_permits(2);
        assert_eq!(ask("risk").await.expect("no panic"), 2, "none is kept");
        assert_eq!(ask("age").await.expect("no panic"), 3);
        assert_eq!(shared.0.lock().expect("no panic").len(), 1);
    }

    #[tokio::test]
    async fn a_failure_is_not_shared() {
        let shared: Shared<(), usize> = Shared::default();
        let failed = shared.get((), async { Err(DeskError::Denied) }).await;
        assert!(failed.is_err());
        assert_eq!(shared.get((), async { Ok(1) }).await.expect("found"), 1);
    }
}
