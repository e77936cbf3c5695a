//! The dashboard's counts as a table for a spreadsheet, without a cap on rows.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tierdesk_desk::dashboard::Period;

use super::{Asked, file_name};
use crate::extract::{Me, Query};
use crate::frame::Frame;
use crate::{AppState, WebError};

pub(super) async fn download(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let period = Period::last(asked.days()?, frame.now);
    let rows = app.desk.dashboard_rows(&me.caller, period).await?;
    let mut csv = String::from("day (UTC),team,tier,priority,measure,number\r\n");
    for row in rows {
        let cells = [
            row.day.to_string(),
            cell(&row.team),
            row.tier.to_string(),
            row.priority.to_string(),
            row.measure.to_string(),
            row.n.to_string(),
        ];
        csv.push_str(&cells.join(","));
        csv.push_str("\r\n");
    }
    let disposition = format!("attachment; filename=\"{}\"", file_name(frame.now));
    Ok((
        [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        csv,
    )
        .into_response())
}

/// A text as a cell: always quoted, and never a formula for the program that opens it (AT-CSV-1).
pub(crate) fn cell(text: &str) -> String {
    let dangerous = text.starts_with([
        '=', '+', '-', '@', '\t', '\r', '|', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]);
    let guard = if dangerous { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_name_never_becomes_a_formula() {
        assert_eq!(cell("Network"), "\"Network\"");
        assert_eq!(cell("say \"hi\", all"), "\"say \"\"hi\"\", all\"");
        for text in ["=1+1", "+1", "-1", "@x", "\tx", "|x", "\u{ff1d}1"] {
            assert_eq!(cell(text), format!("\"'{text}\""));
        }
    }
}
