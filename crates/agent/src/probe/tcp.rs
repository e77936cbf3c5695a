//! `net.tcp`: three tries at the first address that works, or one at each.

use tierdesk_catalogue::{TcpObservation, TcpOutcome};

use super::{Bounds, Forbidden, attempt, describe, resolve};

const TRIES: usize = 3;

pub(crate) fn probe(
    host: &str,
    port: u16,
    bounds: &Bounds<'_>,
) -> Result<(TcpObservation, String), Forbidden> {
    let mut seen = TcpObservation::default();
    match resolve(host, port, bounds)? {
        Err(error) => seen.resolve_error = Some(error),
        Ok(addresses) => {
            let mut works = None;
            for address in &addresses {
                let (tried, stream) = attempt(*address, bounds);
                seen.attempts.push(tried);
                if stream.is_some() {
                    works = Some(*address);
                    break;
                }
            }
            let again = works.or(addresses.first().copied());
            while let Some(address) = again
                && seen.attempts.len() < TRIES
                && seen
                    .attempts
                    .iter()
                    .all(|a| a.outcome != TcpOutcome::TimedOut)
            {
                seen.attempts.push(attempt(address, bounds).0);
            }
        }
    }
    let text = describe(&seen);
    Ok((seen, text))
}
