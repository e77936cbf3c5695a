//! The numbers as a table or as JSON, with what the product promises beside them.

use std::io::Write;

use serde::Serialize;

use crate::measure::{Page, PageResult, Result};

/// A promise and whether it was kept.
#[derive(Debug, Serialize)]
struct Promise {
    tickets: u64,
    what: String,
    target: String,
    measured: String,
    kept: bool,
}

/// Prints everything.
pub(crate) fn print(results: &[Result], json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let promises = promises(results);
    if json {
        serde_json::to_writer_pretty(
            &mut out,
            &serde_json::json!({"results": results, "promises": promises}),
        )?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(
        out,
        "| tickets | page | req/s | bare req/s | share | p50 ms | p99 ms | web CPU ms | database CPU ms | bare CPU ms | KiB |"
    )?;
    writeln!(
        out,
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    )?;
    for result in results {
        for it in &result.pages {
            let bare = |read: fn(&crate::measure::Numbers) -> f64, digits| {
                it.bare.as_ref().map_or_else(
                    || "–".to_owned(),
                    |bare| format!("{:.*}", digits, read(bare)),
                )
            };
            let share = it.share_of_bare.map_or_else(|| "–".to_owned(), percent);
            writeln!(
                out,
                "| {} | {} | {:.0} | {} | {share} | {:.1} | {:.1} | {:.2} | {:.2} | {} | {:.1} |",
                result.tickets,
                it.page.name(),
                it.product.requests_per_s,
                bare(|it| it.requests_per_s, 0),
                it.product.p50_ms,
                it.product.p99_ms,
                it.product.web_cpu_ms,
                it.product.database_cpu_ms,
                bare(crate::measure::Numbers::cost_ms, 2),
                it.product.kib
            )?;
        }
    }
    writeln!(out)?;
    writeln!(out, "| tickets | what | target | measured | |")?;
    writeln!(out, "| ---: | --- | --- | --- | --- |")?;
    for it in &promises {
        let kept = if it.kept { "yes" } else { "**no**" };
        writeln!(
            out,
            "| {} | {} | {} | {} | {kept} |",
            it.tickets, it.what, it.target, it.measured
        )?;
    }
    Ok(())
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// The targets are for the largest size; its costs are compared with the smallest's.
fn promises(results: &[Result]) -> Vec<Promise> {
    let (Some(small), Some(large)) = (
        results.iter().min_by_key(|it| it.tickets),
        results.iter().max_by_key(|it| it.tickets),
    ) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    let mut note = |what: String, target: String, measured: String, kept: bool| {
        all.push(Promise {
            tickets: large.tickets,
            what,
            target,
            measured,
            kept,
        });
    };
    for it in &large.pages {
        let least = match it.page {
            Page::Queue | Page::Ticket => Some(0.40),
            Page::Create => Some(0.20),
            Page::Search | Page::Dashboard => None,
        };
        if let (Some(least), Some(share)) = (least, it.share_of_bare) {
            note(
                format!("{}: req/s of the bare page's", it.page.name()),
                format!("≥ {}", percent(least)),
                percent(share),
                share >= least,
            );
        }
        let most = match it.page {
            Page::Search => Some(100.0),
            Page::Dashboard => Some(50.0),
            _ => None,
        };
        if let Some(most) = most {
            let p99 = it.product.p99_ms;
            note(
                format!("{}: p99", it.page.name()),
                format!("< {most:.0} ms"),
                format!("{p99:.1} ms"),
                p99 < most,
            );
        }
    }
    if small.tickets < large.tickets {
        for it in &large.pages {
            if let Some(ratio) = growth(it, &small.pages) {
                note(
                    format!(
                        "{}: cost, of that at {} tickets",
                        it.page.name(),
                        small.tickets
                    ),
                    "≤ 1.3 ×".to_owned(),
                    format!("{ratio:.2} ×"),
                    ratio <= 1.3,
                );
            }
        }
    }
    note(
        "web process under load".to_owned(),
        "≤ 40 MB".to_owned(),
        format!("{:.1} MiB", large.most_mib),
        large.most_mib * 1.048_576 <= 40.0,
    );
    note(
        "web process idle".to_owned(),
        "≤ 20 MB".to_owned(),
        format!("{:.1} MiB", large.idle_mib),
        large.idle_mib * 1.048_576 <= 20.0,
    );
    note(
        "cold start".to_owned(),
        "≤ 0.5 s".to_owned(),
        format!("{:.2} s", large.cold_start_s),
        large.cold_start_s <= 0.5,
    );
    all
}

fn growth(large: &PageResult, small: &[PageResult]) -> Option<f64> {
    let small = small.iter().find(|it| it.page == large.page)?;
    Some(large.product.cost_ms() / small.product.cost_ms())
}
