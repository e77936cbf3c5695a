//! `fs.df`: full when 95 % is used, or 90 % with less than 2 GiB left; inodes alike by share.

use serde_json::json;

use super::{Facts, Judgement, Verdict, stdout};
use crate::StepOutput;

struct Row {
    mount: String,
    total: u64,
    free: u64,
    used_percent: u64,
}

pub(super) fn judge(steps: &[StepOutput]) -> Judgement {
    let space = parse(&stdout(steps, 0));
    let inodes = parse(&stdout(steps, 1));
    if space.is_empty() {
        return Judgement::unknown("df listed no local file system.");
    }
    let mut facts = Facts::new();
    facts.insert(
        "file_systems".into(),
        space
            .iter()
            .map(|row| json!({"mount": row.mount, "used_percent": row.used_percent, "free_kib": row.free, "total_kib": row.total}))
            .collect(),
    );
    let two_gib = 2 * 1024 * 1024;
    let full =
        |row: &&Row| row.used_percent >= 95 || (row.used_percent >= 90 && row.free < two_gib);
    let out_of_inodes = |row: &&Row| row.total > 0 && row.used_percent >= 95;
    let mut said: Vec<String> = space
        .iter()
        .filter(full)
        .map(|row| {
            format!(
                "{} is {} % full, {} left",
                row.mount,
                row.used_percent,
                size(row.free)
            )
        })
        .collect();
    said.extend(inodes.iter().filter(out_of_inodes).map(|row| {
        format!(
            "{} has used {} % of its inodes",
            row.mount, row.used_percent
        )
    }));
    if said.is_empty() {
        let fullest = space.iter().max_by_key(|row| row.used_percent);
        let sentence = fullest.map_or_else(String::new, |row| {
            format!(
                "Enough space: the fullest is {} with {} % used.",
                row.mount, row.used_percent
            )
        });
        Judgement::new(Verdict::Healthy, sentence, facts)
    } else {
        Judgement::new(Verdict::Problem, format!("{}.", said.join("; ")), facts)
    }
}

fn size(kib: u64) -> String {
    match kib {
        0..1024 => format!("{kib} KiB"),
        1024..1_048_576 => format!("{} MiB", kib / 1024),
        _ => format!("{} GiB", kib / 1_048_576),
    }
}

/// Lines of `df -PT`: device, type, total, used, free, share, mount point (which may have blanks).
fn parse(text: &str) -> Vec<Row> {
    text.lines()
        .skip(1)
        .take(500)
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let total = words.nth(2)?.parse().ok()?;
            let free = words.nth(1)?.parse().ok()?;
            let used_percent = words.next()?.strip_suffix('%')?.parse().ok()?;
            let mount = super::tidy(&words.collect::<Vec<_>>().join(" "));
            (!mount.is_empty()).then_some(Row {
                mount,
                total,
                free,
                used_percent,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judged, step};
    use super::*;

    #[test]
    fn recorded_disks_with_room_are_healthy() {
        let steps = vec![
            step(0, include_str!("../../fixtures/df.txt"), ""),
            step(0, include_str!("../../fixtures/df-inodes.txt"), ""),
        ];
        let judgement = judged("fs.df", &[], steps);
        assert_eq!(judgement.verdict, Verdict::Healthy);
        assert_eq!(
            judgement.summary,
            "Enough space: the fullest is / with 24 % used."
        );
        assert_eq!(judgement.facts["file_systems"][0]["free_kib"], 72_628_460);
    }

    #[test]
    fn a_nearly_full_disk_is_a_problem_but_a_big_one_at_90_percent_is_not() {
        let head = "Filesystem Type 1024-blocks Used Available Capacity Mounted on\n";
        let full = format!("{head}/dev/a ext4 100 96 4 96% /srv/my data\n");
        let judgement = judged("fs.df", &[], vec![step(0, &full, "")]);
        assert_eq!(judgement.summary, "/srv/my data is 96 % full, 4 KiB left.");
        let big = format!("{head}/dev/a ext4 400000000 364000000 36000000 91% /srv\n");
        assert_eq!(
            judged("fs.df", &[], vec![step(0, &big, "")]).verdict,
            Verdict::Healthy
        );
        let small = format!("{head}/dev/a ext4 4000000 3640000 360000 91% /srv\n");
        assert_eq!(
            judged("fs.df", &[], vec![step(0, &small, "")]).verdict,
            Verdict::Problem
        );
    }

    #[test]
    fn running_out_of_inodes_is_a_problem() {
        let space = include_str!("../../fixtures/df.txt");
        let inodes = "Filesystem Type Inodes IUsed IFree IUse% Mounted on\n/dev/vda ext4 100 99 1 99% /\nx vfat 0 0 0 - /boot/efi\n";
        let judgement = judged("fs.df", &[], vec![step(0, space, ""), step(0, inodes, "")]);
        assert_eq!(judgement.summary, "/ has used 99 % of its inodes.");
    }
}
