//! `tierdesk sla compute`, phrase by phrase, through the real program: no database, one answer per line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use serde_json::{Value, json};
use support::program::program;

fn engine() -> Child {
    program("tierdesk")
        .args(["sla", "compute"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs")
}

/// What is answered to these lines.
fn ask(lines: &[String]) -> Vec<Value> {
    let mut engine = engine();
    let mut input = engine.stdin.take().expect("piped");
    let lines = lines.join("\n");
    let asking = std::thread::spawn(move || writeln!(input, "{lines}").expect("asks"));
    let said = engine.wait_with_output().expect("ends");
    asking.join().expect("asked");
    assert!(said.status.success());
    let said = String::from_utf8(said.stdout).expect("UTF-8");
    let answers = said.lines();
    answers
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// Asks about one calendar; each question is the rest of its line, each answer the value or the error.
fn about(calendar: &Value, questions: &[(&str, Value)]) {
    let lines: Vec<_> = (0..)
        .zip(questions)
        .map(|(id, (rest, _))| format!(r#"{{"id":{id},"calendar":{calendar},{rest}}}"#))
        .collect();
    let answers = ask(&lines);
    assert_eq!(answers.len(), questions.len());
    for (id, ((rest, expected), answer)) in questions.iter().zip(answers).enumerate() {
        let mut expected = expected.clone();
        expected["id"] = json!(id);
        assert_eq!(answer, expected, "{rest}");
    }
}

fn due(at: &str) -> Value {
    json!({ "due": at })
}

fn elapsed(seconds: i64) -> Value {
    json!({ "elapsed_business_seconds": seconds })
}

#[test]
fn a_due_time_and_an_elapsed_time_are_answered_for_the_same_calendar() {
    let calendar = json!({
        "zone": "Europe/Berlin",
        "windows": {"mon": [["09:00","17:00"]], "tue": [["09:00","12:00"],["13:00","17:00"]], "thu": [["09:00","17:00"]], "fri": [["09:00","17:00"]]},
        "holidays": ["2026-12-25"],
        "dates": {"2026-12-24": [["09:00","12:00"]]},
    });
    about(
        &calendar,
        &[
            (
                r#""start":"2026-12-21T09:00:00+01:00","business_seconds":28800"#,
                due("2026-12-21T16:00:00Z"),
            ),
            (
                r#""start":"2026-12-21T09:00:00+01:00","business_seconds":28801"#,
                due("2026-12-22T08:00:01Z"),
            ),
            (
                r#""start":"2026-12-22T11:00:00+01:00","business_seconds":7200"#,
                due("2026-12-22T13:00:00Z"),
            ),
            // A short Thursday, a holiday, a weekend.
            (
                r#""start":"2026-12-24T11:00:00+01:00","business_seconds":7200"#,
                due("2026-12-28T09:00:00Z"),
            ),
            (
                r#""start":"2026-12-24T00:00:00Z","end":"2026-12-29T00:00:00Z""#,
                elapsed(11 * 3600),
            ),
            // Nothing to pass is the start, or the next opening.
            (
                r#""start":"2026-12-21T10:00:00Z","business_seconds":0"#,
                due("2026-12-21T10:00:00Z"),
            ),
            (
                r#""start":"2026-12-21T16:00:00Z","business_seconds":0"#,
                due("2026-12-22T08:00:00Z"),
            ),
            (
                r#""start":"2026-12-21T10:00:00Z","end":"2026-12-21T10:00:00Z""#,
                elapsed(0),
            ),
            // Offsets and fractions of a second, however they are written.
            (
                r#""start":"2026-12-21T03:30:00.5-05:30","business_seconds":1"#,
                due("2026-12-21T09:00:01.500Z"),
            ),
            (
                r#""start":"2026-12-21T09:00:00.4Z","end":"2026-12-21T09:00:02.3Z""#,
                elapsed(1),
            ),
            (
                r#""start":"2026-12-21T23:59:60Z","business_seconds":0"#,
                due("2026-12-22T08:00:00Z"),
            ),
        ],
    );
}

#[test]
fn windows_may_end_at_24_00_and_run_into_the_next_day() {
    let calendar = json!({"zone": "UTC", "windows": {
        "mon": [["20:00","24:00"]], "tue": [["22:00","06:00"]], "thu": [["09:00","09:00"]], "sat": [["00:00","00:00"]],
    }});
    about(
        &calendar,
        &[
            (
                r#""start":"2026-06-01T00:00:00Z","business_seconds":14400"#,
                due("2026-06-02T00:00:00Z"),
            ),
            (
                r#""start":"2026-06-02T00:00:00Z","business_seconds":28800"#,
                due("2026-06-03T06:00:00Z"),
            ),
            (
                r#""start":"2026-06-04T00:00:00Z","end":"2026-06-05T12:00:00Z""#,
                elapsed(24 * 3600),
            ),
            (
                r#""start":"2026-06-06T00:00:00Z","end":"2026-06-07T12:00:00Z""#,
                elapsed(24 * 3600),
            ),
        ],
    );
}

#[test]
fn dates_replace_that_days_windows_on_a_holiday_too_and_a_holiday_takes_only_its_own_windows() {
    let night = json!([["22:00", "06:00"]]);
    let calendar = json!({
        "zone": "UTC",
        "windows": {"wed": night, "thu": night, "fri": night},
        "holidays": ["2026-06-04", "2026-06-05"],
        "dates": {"2026-06-05": [["10:00","11:00"]], "2026-06-06": [], "2026-06-07": [["10:00","10:30"]]},
    });
    about(
        &calendar,
        &[
            // Wednesday's night ends on the holiday.
            (
                r#""start":"2026-06-03T00:00:00Z","end":"2026-06-04T23:59:00Z""#,
                elapsed(8 * 3600),
            ),
            (
                r#""start":"2026-06-04T06:00:00Z","business_seconds":3600"#,
                due("2026-06-05T11:00:00Z"),
            ),
            (
                r#""start":"2026-06-05T11:00:00Z","business_seconds":1800"#,
                due("2026-06-07T10:30:00Z"),
            ),
        ],
    );
}

#[test]
fn pauses_are_taken_out_of_both() {
    let calendar =
        json!({"zone": "UTC", "windows": {"mon": [["09:00","17:00"]], "tue": [["09:00","17:00"]]}});
    let pauses = r#""pauses":[["2026-06-01T10:00:00Z","2026-06-01T12:00:00+01:00"],["2026-06-01T10:30:00Z","2026-06-01T13:00:00Z"],["2026-06-01T16:00:00Z","2026-06-02T10:00:00Z"]]"#;
    let question = |rest: &str| format!("{rest},{pauses}");
    let (a, b, c, d) = (
        question(r#""start":"2026-06-01T09:00:00Z","business_seconds":3600"#),
        question(r#""start":"2026-06-01T09:00:00Z","business_seconds":3601"#),
        question(r#""start":"2026-06-01T09:00:00Z","business_seconds":18000"#),
        question(r#""start":"2026-06-01T09:00:00Z","end":"2026-06-02T11:00:00Z""#),
    );
    about(
        &calendar,
        &[
            (&a, due("2026-06-01T10:00:00Z")),
            (&b, due("2026-06-01T13:00:01Z")),
            (&c, due("2026-06-02T11:00:00Z")),
            (&d, elapsed(5 * 3600)),
            (
                r#""start":"2026-06-01T09:00:00Z","business_seconds":60,"pauses":[]"#,
                due("2026-06-01T09:01:00Z"),
            ),
        ],
    );
}

#[test]
fn clocks_that_change_are_the_wall_clocks_of_the_zone() {
    let day = json!([["00:00", "24:00"]]);
    let week =
        json!({"mon": day, "tue": day, "wed": day, "thu": day, "fri": day, "sat": day, "sun": day});
    for (zone, start, seconds, at) in [
        (
            "America/Sao_Paulo",
            "2018-11-03T12:00:00Z",
            86_400,
            "2018-11-04T12:00:00Z",
        ),
        (
            "Pacific/Apia",
            "2011-12-30T08:00:00Z",
            86_400,
            "2011-12-31T08:00:00Z",
        ),
        (
            "Australia/Lord_Howe",
            "2026-04-04T12:00:00Z",
            86_400,
            "2026-04-05T12:00:00Z",
        ),
    ] {
        let rest = format!(r#""start":"{start}","business_seconds":{seconds}"#);
        about(&json!({"zone": zone, "windows": week}), &[(&rest, due(at))]);
    }
    let office = json!({"sun": [["01:15", "03:00"]]});
    about(
        &json!({"zone": "Europe/London", "windows": office}),
        &[
            // 01:15 does not exist on 29 March, and is there twice on 25 October.
            (
                r#""start":"2026-03-29T00:00:00Z","end":"2026-03-30T00:00:00Z""#,
                elapsed(3600),
            ),
            (
                r#""start":"2026-10-25T00:00:00Z","end":"2026-10-26T00:00:00Z""#,
                elapsed(2 * 3600 + 2700),
            ),
        ],
    );
}

#[test]
fn a_bad_line_is_answered_with_its_id_and_the_rest_go_on() {
    let good = r#"{"id":"good","calendar":{"zone":"UTC","windows":{"mon":[["09:00","17:00"]]}},"start":"2026-06-01T09:00:00Z","business_seconds":60}"#;
    let line = |calendar: &str, rest: &str| {
        format!(r#"{{"id":"bad","calendar":{calendar},"start":"2026-06-01T09:00:00Z",{rest}}}"#)
    };
    let monday = r#"{"zone":"UTC","windows":{"mon":[["09:00","17:00"]]}}"#;
    let bad = [
        line(
            r#"{"zone":"Mars/Base","windows":{}}"#,
            r#""business_seconds":1"#,
        ),
        line(r#"{"windows":{}}"#, r#""business_seconds":1"#),
        line(
            r#"{"zone":"UTC","windows":{"mon":[["09:00","24:01"]]}}"#,
            r#""business_seconds":1"#,
        ),
        line(
            r#"{"zone":"UTC","windows":{"mon":[["24:00","06:00"]]}}"#,
            r#""business_seconds":1"#,
        ),
        line(
            r#"{"zone":"UTC","windows":{"monday":[]}}"#,
            r#""business_seconds":1"#,
        ),
        line(
            r#"{"zone":"UTC","windows":{},"holidays":["2026-02-29"]}"#,
            r#""business_seconds":1"#,
        ),
        line(
            r#"{"zone":"UTC","windows":{},"dates":{"someday":[]}}"#,
            r#""business_seconds":1"#,
        ),
        // Never open, and open too late: nothing within 50 years is an error, also for nothing at all.
        line(r#"{"zone":"UTC","windows":{}}"#, r#""business_seconds":1"#),
        line(r#"{"zone":"UTC","windows":{}}"#, r#""business_seconds":0"#),
        line(
            r#"{"zone":"UTC","windows":{},"dates":{"2076-06-02":[["09:00","10:00"]]}}"#,
            r#""business_seconds":1"#,
        ),
        line(monday, r#""business_seconds":18446744073709551615"#),
        line(monday, r#""business_seconds":-1"#),
        line(monday, r#""business_seconds":1.5"#),
        line(monday, r#""business_seconds":"60""#),
        line(monday, r#""end":"2026-06-01T08:59:59.999Z""#),
        line(monday, r#""end":"2026-06-01""#),
        line(
            monday,
            r#""business_seconds":1,"end":"2026-06-02T09:00:00Z""#,
        ),
        line(
            monday,
            r#""business_seconds":1,"pauses":[["2026-06-01T10:00:00Z","2026-06-01T09:00:00Z"]]"#,
        ),
        line(
            monday,
            r#""business_seconds":1,"pauses":[["2026-06-01T10:00:00Z"]]"#,
        ),
        line(monday, r#""note":1"#),
    ];
    let mut lines = vec![good.to_owned()];
    for it in &bad {
        lines.extend([it.clone(), String::new(), good.to_owned()]);
    }
    lines.extend([
        "{".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        format!("\u{feff}{good}"),
    ]);
    let answers = ask(&lines);
    let (known, nameless) = answers.split_at(1 + 2 * bad.len());
    for (n, pair) in known[1..].chunks(2).enumerate() {
        assert_eq!(pair[0]["id"], "bad", "{}", bad[n]);
        assert!(pair[0]["error"].is_string(), "{}: {}", bad[n], pair[0]);
        assert_eq!(
            pair[1],
            json!({"id": "good", "due": "2026-06-01T09:01:00Z"})
        );
    }
    for answer in &nameless[..3] {
        assert!(
            answer["id"].is_null() && answer["error"].is_string(),
            "{answer}"
        );
    }
    assert_eq!(nameless[3]["id"], "good");
}

#[test]
fn far_and_huge_questions_are_answered_like_any_other() {
    // 49 years ahead, in one of the zones that change their clock twice a year; 10,000 holidays.
    let days = (0..10_000_i64).map(|n| {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date");
        (day + chrono::Days::new(n.unsigned_abs())).to_string()
    });
    let holidays: std::collections::BTreeSet<_> = days.step_by(2).collect();
    let calendar = json!({"zone": "Europe/Berlin", "windows": {"mon": [["09:00","17:00"]]}, "holidays": holidays});
    about(
        &calendar,
        &[(
            r#""start":"2026-01-01T00:00:00Z","end":"2075-01-01T00:00:00Z""#,
            {
                // Every second Monday of 10,000 days, then every one.
                let last = chrono::NaiveDate::from_ymd_opt(2074, 12, 31).expect("a date");
                let mut day = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date");
                let mut open = 0;
                while day <= last {
                    let monday = chrono::Datelike::weekday(&day) == chrono::Weekday::Mon;
                    open += i64::from(monday && !holidays.contains(&day.to_string()));
                    day = day + chrono::Days::new(1);
                }
                elapsed(open * 8 * 3600)
            },
        )],
    );
}

/// What the process keeps in memory, in kilobytes.
fn resident(engine: &Child) -> i64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", engine.id())).expect("readable");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("a size");
    let number = line.split_whitespace().nth(1).expect("a number");
    number.parse().expect("a number")
}

#[test]
fn lines_stream_through_without_being_kept() {
    let mut engine = engine();
    let mut input = engine.stdin.take().expect("piped");
    let mut output = BufReader::new(engine.stdout.take().expect("piped"));
    let mut answered = 0;
    let mut run = |lines: usize| {
        // A few at a time, so that neither pipe fills up.
        for _ in 0..lines / 50 {
            let question = r#"{"id":"a","calendar":{"zone":"Asia/Kathmandu","windows":{"mon":[["09:00","17:00"]]},"holidays":["2026-12-25"]},"start":"2026-06-01T09:00:00Z","business_seconds":86400}"#;
            let lines = format!("{question}\n").repeat(50);
            input.write_all(lines.as_bytes()).expect("asks");
            for _ in 0..50 {
                let mut line = String::new();
                output.read_line(&mut line).expect("answers");
                assert!(line.contains(r#""due":"#), "{line}");
                answered += 1;
            }
        }
    };
    run(2_000);
    let before = resident(&engine);
    run(20_000);
    let after = resident(&engine);
    assert_eq!(answered, 22_000);
    assert!(after - before < 1024, "{before} kB became {after} kB");
    drop(input);
    assert!(engine.wait().expect("ends").success());
}
