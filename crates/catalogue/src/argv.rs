//! From an entry and parsed parameters to the exact argument vectors.

use crate::{Arg, Condition, Entry, Params, Run, Step};

/// What one step will do, fully determined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argv {
    /// Run the first of `binary` that exists with exactly these arguments.
    Command {
        /// Absolute paths to try.
        binary: &'static [&'static str],
        /// The package that brings the program.
        package: &'static str,
        /// The arguments after the program's name.
        args: Vec<String>,
        /// When it runs.
        condition: Condition,
    },
    /// Read this file.
    File(&'static str),
}

impl Argv {
    /// The step as one line for people; never executed from this form.
    pub fn display(&self) -> String {
        match self {
            Argv::File(path) => format!("read {path}"),
            Argv::Command { binary, args, .. } => {
                let name = binary[0].rsplit('/').next().unwrap_or_default();
                std::iter::once(name)
                    .chain(args.iter().map(String::as_str))
                    .collect::<Vec<_>>()
                    .join(" ")
            }
        }
    }
}

/// The steps of an entry with these parameters. Empty for built-in probes.
pub fn plan(entry: &Entry, params: &Params) -> Vec<Argv> {
    let Run::Steps(steps) = &entry.run else {
        return Vec::new();
    };
    steps
        .iter()
        .map(|step| match step {
            Step::File(path) => Argv::File(path),
            Step::Command(command) => Argv::Command {
                binary: command.binary,
                package: command.package,
                args: command
                    .args
                    .iter()
                    .filter_map(|arg| element(arg, params))
                    .collect(),
                condition: command.condition,
            },
        })
        .collect()
}

fn element(arg: &Arg, params: &Params) -> Option<String> {
    match arg {
        Arg::Literal(text) => Some((*text).to_owned()),
        Arg::Param(name) => params.get(name).map(ToString::to_string),
        Arg::Prefixed(prefix, name) => params.get(name).map(|value| format!("{prefix}{value}")),
        Arg::Choice(name, choices) => {
            let value = params.get(name)?.to_string();
            choices
                .iter()
                .find(|(choice, _)| *choice == value)
                .map(|(_, text)| (*text).to_owned())
        }
        Arg::WhenSet(name, text) => params.get(name).map(|_| (*text).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::{ENTRIES, Kind, ParamSpec};

    fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    fn line(id: &str, pairs: &[(&str, &str)]) -> String {
        let entry = crate::find(id).unwrap();
        let params = Params::parse(entry, &given(pairs)).unwrap();
        plan(entry, &params)
            .iter()
            .map(Argv::display)
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn argument_vectors_are_exactly_the_written_ones() {
        assert_eq!(
            line("dns.dig", &[("name", "portal.example")]),
            "dig +time=2 +tries=1 +nocookie -q portal.example -t A; \
             dig +time=2 +tries=1 +nocookie +cd -q portal.example -t A"
        );
        assert_eq!(
            line(
                "dns.dig",
                &[
                    ("name", "portal.example"),
                    ("type", "AAAA"),
                    ("server", "10.0.0.53")
                ]
            ),
            "dig +time=2 +tries=1 +nocookie @10.0.0.53 -q portal.example -t AAAA; \
             dig +time=2 +tries=1 +nocookie +cd @10.0.0.53 -q portal.example -t AAAA"
        );
        assert_eq!(
            line("net.ping", &[("host", "10.0.0.1"), ("family", "4")]),
            "ping -4 -n -q -c 5 -i 0.5 -W 2 -w 15 -- 10.0.0.1"
        );
        assert_eq!(
            line("net.link", &[("iface", "eth0")]),
            "ip -j -s -d link show dev eth0"
        );
        assert_eq!(line("net.link", &[]), "ip -j -s -d link show");
        assert!(line("svc.status", &[("unit", "nginx")]).starts_with(
            "systemctl show nginx.service --no-pager --property=Id,LoadState,ActiveState"
        ));
    }

    /// Text that comes close to being valid, so that some of it gets through the parser.
    fn nearly_valid() -> impl Strategy<Value = String> {
        prop_oneof![
            2 => any::<String>(),
            3 => "[-@+a-zA-Z0-9._:/%$` \\t\\n\\x00*?\\[\\]-]{0,40}",
            3 => "-?[a-z0-9][a-z0-9.:-]{0,20}",
            1 => "https?://[a-z0-9.-]{1,12}(:[0-9]{1,6})?(/[!-~]{0,10})?",
            1 => "[0-9]{1,6}",
            1 => "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}",
        ]
    }

    /// One parameter of an entry, with everything else that the entry needs at its example.
    struct Place {
        entry: &'static Entry,
        spec: &'static ParamSpec,
        others: BTreeMap<String, String>,
        /// The vectors of each text that stands for a whole class of values: of the example, or of each word of a choice.
        baselines: Vec<(String, Vec<Argv>)>,
    }

    impl Place {
        fn of(entry: &'static Entry, spec: &'static ParamSpec) -> Self {
            let others: BTreeMap<_, _> = entry
                .params
                .iter()
                .filter(|other| !other.optional && other.default.is_none())
                .filter(|other| other.name != spec.name)
                .map(|other| (other.name.to_owned(), other.example.to_owned()))
                .collect();
            let mut place = Self {
                entry,
                spec,
                others,
                baselines: Vec::new(),
            };
            let examples: &[&str] = match &spec.kind {
                Kind::Choice(words) => words,
                _ => &[spec.example],
            };
            for example in examples {
                let params = place.parse(example).expect("examples are valid");
                let value = params.get(spec.name).expect("it was given").to_string();
                place.baselines.push((value, plan(entry, &params)));
            }
            place
        }

        fn parse(&self, text: &str) -> Option<Params> {
            let mut raw = self.others.clone();
            raw.insert(self.spec.name.to_owned(), text.to_owned());
            Params::parse(self.entry, &raw).ok()
        }

        /// The vectors that `value` must give: those of the example, with the value in its place. Of a choice, those written
        /// for that very word; any other word is none of the entry's.
        fn expected(&self, value: &str) -> Option<Vec<Argv>> {
            if let Kind::Choice(_) = self.spec.kind {
                let (_, plan) = self.baselines.iter().find(|(word, _)| word == value)?;
                return Some(plan.clone());
            }
            let (example, plan) = &self.baselines[0];
            let Run::Steps(steps) = &self.entry.run else {
                return Some(plan.clone());
            };
            let mut expected = plan.clone();
            for (argv, step) in expected.iter_mut().zip(steps.iter()) {
                let (Argv::Command { args, .. }, Step::Command(command)) = (argv, step) else {
                    continue;
                };
                // Where the value goes, in their order. A literal before it that reads like the example would fail here.
                let mut places: Vec<String> = command
                    .args
                    .iter()
                    .filter_map(|arg| match arg {
                        Arg::Param(name) if *name == self.spec.name => Some(String::new()),
                        Arg::Prefixed(prefix, name) if *name == self.spec.name => {
                            Some((*prefix).to_owned())
                        }
                        _ => None,
                    })
                    .collect();
                places.reverse();
                for arg in args.iter_mut() {
                    if places
                        .last()
                        .is_some_and(|prefix| *arg == format!("{prefix}{example}"))
                    {
                        *arg = format!("{}{value}", places.pop().unwrap_or_default());
                    }
                }
                assert!(places.is_empty(), "{}: {:?}", self.entry.id, self.spec.name);
            }
            Some(expected)
        }
    }

    /// Tries a text in that place. Says whether it got through the parser, and fails when what it gives is not as written.
    fn tried(place: &Place, text: &str) -> Result<bool, TestCaseError> {
        let Some(params) = place.parse(text) else {
            return Ok(false);
        };
        let Some(value) = params.get(place.spec.name).map(ToString::to_string) else {
            return Ok(false);
        };
        prop_assert!(!value.starts_with(['-', '@', '+']), "{value:?}");
        prop_assert!(
            !value
                .chars()
                .any(|c| c.is_control() || c == ' ' || c == '`' || c == '$'),
            "{value:?}"
        );
        // A second parse (on the host) reads the same value.
        let again = Params::parse(place.entry, &params.canonical());
        prop_assert_eq!(again.as_ref(), Ok(&params));
        let plan = plan(place.entry, &params);
        let expected = place.expected(&value);
        prop_assert!(expected.is_some(), "{value:?} is no word of the entry");
        let expected = expected.unwrap_or_default();
        prop_assert_eq!(plan.len(), expected.len());
        prop_assert_eq!(&plan, &expected);
        for argv in &plan {
            let Argv::Command { args, .. } = argv else {
                continue;
            };
            for arg in args.iter().filter(|arg| arg.starts_with('-')) {
                prop_assert!(
                    literal(place.entry, arg),
                    "{arg} is not written in {}",
                    place.entry.id
                );
            }
        }
        Ok(true)
    }

    /// AT-CMD-1: so many random texts for each parameter of each entry.
    const TEXTS: u32 = 100_000;

    #[test]
    fn no_parameter_ever_becomes_an_option_or_changes_the_shape() {
        let places: Vec<Place> = ENTRIES
            .iter()
            .flat_map(|entry| entry.params.iter().map(|spec| Place::of(entry, spec)))
            .collect();
        assert!(places.len() > 10, "{}", places.len());
        // Each text is tried on every parameter.
        let passed = std::cell::RefCell::new(vec![0_u32; places.len()]);
        let mut runner = TestRunner::new(ProptestConfig {
            cases: TEXTS,
            ..ProptestConfig::default()
        });
        let outcome = runner.run(&nearly_valid(), |text| {
            for (place, passed) in places.iter().zip(passed.borrow_mut().iter_mut()) {
                *passed += u32::from(tried(place, &text)?);
            }
            Ok(())
        });
        assert!(outcome.is_ok(), "{outcome:?}");
        // A parser that let nothing through would prove nothing.
        for (place, passed) in places.iter().zip(passed.borrow().iter()) {
            assert!(
                *passed > 0,
                "{} {}: no text was valid",
                place.entry.id,
                place.spec.name
            );
        }
    }

    fn literal(entry: &Entry, element: &str) -> bool {
        let Run::Steps(steps) = &entry.run else {
            return false;
        };
        steps.iter().any(|step| match step {
            Step::File(_) => false,
            Step::Command(command) => command.args.iter().any(|arg| match arg {
                Arg::Literal(text) | Arg::WhenSet(_, text) => *text == element,
                Arg::Choice(_, choices) => choices.iter().any(|(_, text)| *text == element),
                Arg::Param(_) | Arg::Prefixed(..) => false,
            }),
        })
    }
}
