//! `http.probe`: the status decides; redirects are reported, never followed.

use serde_json::json;

use super::{Facts, Judgement, Verdict};
use crate::HttpObservation;

pub(super) fn judge(seen: &HttpObservation) -> Judgement {
    let mut facts = Facts::new();
    facts.insert("status".into(), json!(seen.status));
    facts.insert("location".into(), json!(seen.location));
    facts.insert("server".into(), json!(seen.server));
    facts.insert("millis".into(), json!(seen.millis));
    let Some(status) = seen.status else {
        let error = seen.error.as_deref().unwrap_or("no reason was given");
        return Judgement::new(
            Verdict::Problem,
            format!("The web server does not answer: {error}."),
            facts,
        );
    };
    let (verdict, sentence) = match status {
        200..300 => (
            Verdict::Healthy,
            format!("The page answers with {status} in {} ms.", seen.millis),
        ),
        300..400 => {
            let target = seen.location.as_deref().unwrap_or("nowhere");
            (
                Verdict::Healthy,
                format!("The page answers with {status} and sends on to {target}."),
            )
        }
        401 | 403 | 407 => (
            Verdict::Healthy,
            format!("The web server answers and asks for a sign-in ({status})."),
        ),
        404 | 410 => (
            Verdict::Problem,
            format!("The web server answers, but this page does not exist ({status})."),
        ),
        429 => (
            Verdict::Problem,
            "The web server answers, but refuses for too many requests (429).".to_owned(),
        ),
        400..500 => (
            Verdict::Problem,
            format!("The web server answers with an error of the request ({status})."),
        ),
        502..=504 => (
            Verdict::Problem,
            format!("A gateway answers, but the service behind it does not ({status})."),
        ),
        _ => (
            Verdict::Problem,
            format!("The web server answers with its own error ({status})."),
        ),
    };
    Judgement::new(verdict, sentence, facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16) -> Verdict {
        let seen = HttpObservation {
            status: Some(status),
            ..HttpObservation::default()
        };
        judge(&seen).verdict
    }

    #[test]
    fn an_answer_below_400_or_a_sign_in_is_healthy() {
        for status in [200, 204, 301, 302, 401, 403] {
            assert_eq!(said(status), Verdict::Healthy, "{status}");
        }
        for status in [400, 404, 429, 500, 502, 503, 599] {
            assert_eq!(said(status), Verdict::Problem, "{status}");
        }
    }

    #[test]
    fn silence_is_a_problem_with_its_reason() {
        let seen = HttpObservation {
            error: Some("timed out".into()),
            ..HttpObservation::default()
        };
        assert_eq!(
            judge(&seen).summary,
            "The web server does not answer: timed out."
        );
    }
}
