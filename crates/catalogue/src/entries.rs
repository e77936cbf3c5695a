//! The entries themselves.

use crate::{Arg, Class, Command, Condition, Entry, Kind, Limits, Native, ParamSpec, Run, Step};
use Arg::{Choice, Literal as L, Param, Prefixed, WhenSet};

const DIG: &[&str] = &["/usr/bin/dig"];
const PING: &[&str] = &["/usr/bin/ping", "/bin/ping"];
const IP: &[&str] = &["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"];
const DF: &[&str] = &["/usr/bin/df", "/bin/df"];
const SYSTEMCTL: &[&str] = &["/usr/bin/systemctl", "/bin/systemctl"];
const HOSTNAMECTL: &[&str] = &["/usr/bin/hostnamectl"];

const HOST: ParamSpec = ParamSpec {
    name: "host",
    label: "Host",
    hint: "A name or an address",
    example: "portal.example.org",
    kind: Kind::Host,
    default: None,
    optional: false,
};

const fn command(
    binary: &'static [&'static str],
    package: &'static str,
    args: &'static [Arg],
) -> Step {
    Step::Command(Command {
        binary,
        package,
        args,
        condition: Condition::Always,
    })
}

/// Every entry this build knows, sorted by id.
pub const ENTRIES: &[Entry] = &[
    Entry {
        id: "dns.dig",
        title: "Ask a name server for a name",
        summary: "Shows whether the name exists and what the resolver answers.",
        class: Class::R0,
        params: &[
            ParamSpec {
                name: "name",
                label: "Name",
                hint: "The full name to look up",
                example: "portal.example.org",
                kind: Kind::Fqdn,
                default: None,
                optional: false,
            },
            ParamSpec {
                name: "type",
                label: "Record type",
                hint: "A is an IPv4 address, AAAA an IPv6 address",
                example: "MX",
                kind: Kind::Choice(&[
                    "A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT", "CAA",
                ]),
                default: Some("A"),
                optional: false,
            },
            ParamSpec {
                name: "server",
                label: "Name server",
                hint: "An address; empty asks the host's own resolver",
                example: "192.0.2.53",
                kind: Kind::Ip,
                default: None,
                optional: true,
            },
        ],
        run: Run::Steps(&[
            command(
                DIG,
                "bind9-dnsutils",
                &[
                    L("+time=2"),
                    L("+tries=1"),
                    L("+nocookie"),
                    Prefixed("@", "server"),
                    L("-q"),
                    Param("name"),
                    L("-t"),
                    Param("type"),
                ],
            ),
            Step::Command(Command {
                binary: DIG,
                package: "bind9-dnsutils",
                args: &[
                    L("+time=2"),
                    L("+tries=1"),
                    L("+nocookie"),
                    L("+cd"),
                    Prefixed("@", "server"),
                    L("-q"),
                    Param("name"),
                    L("-t"),
                    Param("type"),
                ],
                condition: Condition::AfterServfail,
            }),
        ]),
        limits: Limits::DEFAULT,
        privileges: &[],
        parser_version: 1,
    },
    Entry {
        id: "fs.df",
        title: "Free space on local disks",
        summary: "A problem when a local file system is nearly out of space or of inodes.",
        class: Class::R0,
        params: &[],
        run: Run::Steps(&[
            command(
                DF,
                "coreutils",
                &[
                    L("-PT"),
                    L("-x"),
                    L("tmpfs"),
                    L("-x"),
                    L("devtmpfs"),
                    L("-x"),
                    L("overlay"),
                    L("-x"),
                    L("squashfs"),
                    L("--local"),
                ],
            ),
            command(
                DF,
                "coreutils",
                &[
                    L("-PTi"),
                    L("-x"),
                    L("tmpfs"),
                    L("-x"),
                    L("devtmpfs"),
                    L("-x"),
                    L("overlay"),
                    L("-x"),
                    L("squashfs"),
                    L("--local"),
                ],
            ),
        ]),
        limits: Limits::DEFAULT,
        privileges: &[],
        parser_version: 1,
    },
    Entry {
        id: "host.info",
        title: "The host at a glance",
        summary: "System, uptime, load, memory and pressure, with what stands out.",
        class: Class::R0,
        params: &[],
        run: Run::Steps(&[
            Step::File("/etc/os-release"),
            Step::File("/proc/sys/kernel/osrelease"),
            Step::File("/proc/sys/kernel/hostname"),
            Step::File("/proc/uptime"),
            Step::File("/proc/loadavg"),
            Step::File("/sys/devices/system/cpu/online"),
            Step::File("/proc/meminfo"),
            Step::File("/proc/pressure/cpu"),
            Step::File("/proc/pressure/io"),
            Step::File("/proc/pressure/memory"),
            command(HOSTNAMECTL, "systemd", &[L("--json=short")]),
        ]),
        limits: Limits::DEFAULT,
        privileges: &[],
        parser_version: 1,
    },
    Entry {
        id: "http.probe",
        title: "Ask a web address once",
        summary: "Status, redirect target and time to the first answer; redirects are not followed.",
        class: Class::R0,
        params: &[ParamSpec {
            name: "url",
            label: "Web address",
            hint: "Starts with http:// or https://",
            example: "https://portal.example.org/",
            kind: Kind::Url,
            default: None,
            optional: false,
        }],
        run: Run::Native(Native::Http),
        limits: Limits::DEFAULT,
        privileges: &[],
        parser_version: 1,
    },
    Entry {
        id: "net.link",
        title: "Network interfaces and cables",
        summary: "A problem when an interface has no carrier or loses packets.",
        class: Class::R0,
        params: &[ParamSpec {
            name: "iface",
            label: "Interface",
            hint: "Empty shows all",
            example: "eth0",
            kind: Kind::Iface,
            default: None,
            optional: true,
        }],
        run: Run::Steps(&[command(
            IP,
            "iproute2",
            &[
                L("-j"),
                L("-s"),
                L("-d"),
                L("link"),
                L("show"),
                WhenSet("iface", "dev"),
                Param("iface"),
            ],
        )]),
        limits: Limits::DEFAULT,
        privileges: &[],
        parser_version: 1,
    },
    Entry {
        id: "net.ping",
        title: "Ping a host",
        summary: "Loss and round-trip time; a host may be up and still not answer ping.",
        class: Class::R0,
        params: &[
            HOST,
            ParamSpec {
                name: "count",
                label: "How many",
                hint: "1 to 20",
                example: "3",
                kind: Kind::Number { min: 1, max: 20 },
                default: Some("5"),
                optional: false,
            },
            ParamSpec {
                name: "family",
                label: "Address family",
                hint: "any lets the host choose",
                example: "4",
                kind: Kind::Choice(&["any", "4", "6"]),
                default: Some("any"),
                optional: false,
            },
        ],
        run: Run::Steps(&[command(
            PING,
            "iputils-ping",
            &[
                Choice("family", &[("4", "-4"), ("6", "-6")]),
                L("-n"),
                L("-q"),
                L("-c"),
                Param("count"),
                L("-i"),
                L("0.5"),
                L("-W"),
                L("2"),
                L("-w"),
                L("15"),
                L("--"),
                Param("host"),
            ],
        )]),
        limits: Limits::DEFAULT,
        privileges: &["CAP_NET_RAW or the ping group"],
        parser_version: 1,
    },
    Entry {
        id: "net.route",
        title: "Routes and gateway",
        summary: "A problem when there is no way out of the local network.",
        class: Class::R0,
        params: &[],
        run: Run::Steps(&[
            command(
                IP,
                "iproute2",
                &[L("-j"), L("route"), L("show"), L("table"), L("main")],
            ),
            command(IP, "iproute2", &[L("-j"), L("-6"), L("route"), L("show")]),
            command(IP, "iproute2", &[L("-j"), L("neigh"), L("show")]),
        ]),
        limits: Limits::DEFAULT,
        privileges: &[],
        parser_version: 1,
    },
    Entry {
        id: "net.tcp",
        title: "Connect to a port",
        summary: "Tells a closed port from a silent one and from a missing route; three tries.",
        class: Class::R0,
        params: &[
            HOST,
            ParamSpec {
                name: "port",
                label: "Port",
                hint: "1 to 65535",
                example: "443",
                kind: Kind::Number {
                    min: 1,
                    max: 65_535,
                },
                default: None,
                optional: false,
            },
        ],
        run: Run::Native(Native::Tcp),
        limits: Limits::seconds(12),
        privileges: &[],
        parser_version: 1,
    },
    Entry {
        id: "svc.status",
        title: "Is a service running?",
        summary: "State, last result and restarts of a systemd unit, with its last lines.",
        class: Class::R0,
        params: &[ParamSpec {
            name: "unit",
            label: "Service",
            hint: "A systemd unit; .service is added when no type is given",
            example: "nginx.service",
            kind: Kind::Unit,
            default: None,
            optional: false,
        }],
        run: Run::Steps(&[
            command(
                SYSTEMCTL,
                "systemd",
                &[
                    L("show"),
                    Param("unit"),
                    L("--no-pager"),
                    L(concat!(
                        "--property=Id,LoadState,ActiveState,SubState,Result,ExecMainStatus,",
                        "ExecMainCode,NRestarts,ActiveEnterTimestamp,InactiveEnterTimestamp,",
                        "StateChangeTimestamp,MemoryCurrent,FragmentPath,UnitFileState,",
                        "NeedDaemonReload,TriggeredBy"
                    )),
                ],
            ),
            command(
                SYSTEMCTL,
                "systemd",
                &[
                    L("status"),
                    Param("unit"),
                    L("--no-pager"),
                    L("--full"),
                    L("--lines=20"),
                ],
            ),
        ]),
        limits: Limits::DEFAULT,
        privileges: &[],
        parser_version: 1,
    },
    Entry {
        id: "tls.probe",
        title: "Look at a certificate",
        summary: "Name, dates and chain of the certificate a server shows, judged one by one.",
        class: Class::R0,
        params: &[
            HOST,
            ParamSpec {
                name: "port",
                label: "Port",
                hint: "1 to 65535",
                example: "8443",
                kind: Kind::Number {
                    min: 1,
                    max: 65_535,
                },
                default: Some("443"),
                optional: false,
            },
            ParamSpec {
                name: "sni",
                label: "Server name",
                hint: "Empty uses the host",
                example: "portal.example.org",
                kind: Kind::Fqdn,
                default: None,
                optional: true,
            },
        ],
        run: Run::Native(Native::Tls),
        limits: Limits::seconds(15),
        privileges: &[],
        parser_version: 1,
    },
];

/// The entry of that id.
pub fn find(id: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::Params;

    #[test]
    fn ids_are_unique_and_sorted() {
        let ids: Vec<_> = ENTRIES.iter().map(|entry| entry.id).collect();
        let sorted: BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(ids, sorted.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn every_placeholder_names_a_parameter_and_every_binary_is_absolute() {
        for entry in ENTRIES {
            let Run::Steps(steps) = &entry.run else {
                continue;
            };
            for step in *steps {
                let Step::Command(command) = step else {
                    continue;
                };
                assert!(command.binary.iter().all(|path| path.starts_with('/')));
                let name = command.binary[0].rsplit('/').next().unwrap();
                assert!(
                    !["sh", "bash", "dash", "python3", "perl", "env", "expect"].contains(&name)
                );
                for arg in command.args {
                    let named = match arg {
                        L(_) => continue,
                        Param(name) | Prefixed(_, name) | Choice(name, _) | WhenSet(name, _) => {
                            name
                        }
                    };
                    assert!(entry.param(named).is_some(), "{}: {named}", entry.id);
                }
            }
        }
    }

    #[test]
    fn limits_stay_below_thirty_minutes_and_sixteen_mebibytes() {
        for entry in ENTRIES {
            assert!(entry.limits.timeout_seconds <= 30 * 60);
            assert!(entry.limits.head_bytes + entry.limits.tail_bytes <= 16 * 1024 * 1024);
        }
    }

    #[test]
    fn examples_and_defaults_are_valid() {
        for entry in ENTRIES {
            let examples: BTreeMap<_, _> = entry
                .params
                .iter()
                .map(|spec| (spec.name.to_owned(), spec.example.to_owned()))
                .collect();
            Params::parse(entry, &examples)
                .unwrap_or_else(|errors| panic!("{}: {errors:?}", entry.id));
            for spec in entry.params {
                if let Some(default) = spec.default {
                    assert!(
                        spec.kind.parse(default).is_ok(),
                        "{} {}",
                        entry.id,
                        spec.name
                    );
                }
            }
        }
    }

    /// A changed hash means that old agents refuse the entry: change it on purpose only.
    #[test]
    fn hashes_change_exactly_when_meaning_changes() {
        let shown: Vec<_> = ENTRIES
            .iter()
            .map(|entry| format!("{} {}", entry.id, &entry.hash().to_string()[..16]))
            .collect();
        assert_eq!(
            shown.join("\n"),
            include_str!("../fixtures/hashes.txt").trim()
        );
    }
}
