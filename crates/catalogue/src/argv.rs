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

    use super::*;
    use crate::ENTRIES;

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

    proptest! {
        // 20,000 cases, each over every parameter of every entry: 100,000s of strings.
        #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

        #[test]
        fn no_parameter_ever_becomes_an_option_or_changes_the_shape(text in nearly_valid()) {
            for entry in ENTRIES {
                for spec in entry.params {
                    let mut raw: BTreeMap<String, String> = entry
                        .params
                        .iter()
                        .filter(|other| !other.optional && other.default.is_none())
                        .map(|other| (other.name.to_owned(), other.example.to_owned()))
                        .collect();
                    let baseline = {
                        let mut with = raw.clone();
                        with.insert(spec.name.to_owned(), spec.example.to_owned());
                        let params = Params::parse(entry, &with).expect("examples are valid");
                        plan(entry, &params)
                    };
                    raw.insert(spec.name.to_owned(), text.clone());
                    let Ok(params) = Params::parse(entry, &raw) else { continue };
                    let Some(value) = params.get(spec.name) else { continue };
                    let value = value.to_string();
                    prop_assert!(!value.starts_with(['-', '@', '+']), "{value:?}");
                    prop_assert!(!value.chars().any(|c| c.is_control() || c == ' ' || c == '`' || c == '$'));
                    // A second parse (on the host) reads the same value.
                    let again = Params::parse(entry, &params.canonical()).expect("canonical form parses");
                    prop_assert_eq!(&again, &params);
                    for (got, wanted) in plan(entry, &params).iter().zip(&baseline) {
                        let (Argv::Command { args, .. }, Argv::Command { args: wanted, .. }) = (got, wanted) else {
                            continue;
                        };
                        if !matches!(spec.kind, crate::Kind::Choice(_)) {
                            prop_assert_eq!(args.len(), wanted.len());
                        }
                        for arg in args {
                            if arg.starts_with('-') {
                                prop_assert!(literal(entry, arg), "{} is not written in {}", arg, entry.id);
                            }
                        }
                    }
                }
            }
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
