//! Parameter types: hostile text in, typed values out. Parsed on the server and again on
//! the host; characters are allowed, never denied.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

use crate::Entry;

/// A parameter of an entry.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ParamSpec {
    /// Its key in forms and jobs.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// One line of help.
    pub hint: &'static str,
    /// A valid value.
    pub example: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The value when none is given.
    pub default: Option<&'static str>,
    /// Whether it may be left out altogether.
    pub optional: bool,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A name or an address.
    Host,
    /// A fully qualified domain name in ASCII form.
    Fqdn,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A systemd unit.
    Unit,
    /// A network interface.
    Iface,
    /// An http or https address without user information.
    Url,
    /// A whole number in a range, both ends included.
    Number {
        /// The smallest.
        min: u32,
        /// The greatest.
        max: u32,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// A parsed value. `Display` is its one canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Checked text: a name, unit, interface, address of a web page or chosen word.
    Text(String),
    /// An address.
    Ip(IpAddr),
    /// A number.
    Number(u32),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => f.write_str(text),
            Value::Ip(ip) => ip.fmt(f),
            Value::Number(number) => number.fmt(f),
        }
    }
}

/// What is wrong with one parameter, for the line beside its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{param}: {message}")]
pub struct ParamError {
    /// The parameter's name, or the unknown one that was sent.
    pub param: String,
    /// What is wrong, then what to do.
    pub message: String,
}

/// The parsed parameters of one run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Params {
    values: BTreeMap<&'static str, Value>,
}

impl Params {
    /// Parses all parameters of an entry, filling defaults. Every wrong, missing or unknown
    /// one is reported, not only the first.
    pub fn parse(entry: &Entry, raw: &BTreeMap<String, String>) -> Result<Self, Vec<ParamError>> {
        let mut values = BTreeMap::new();
        let mut errors = Vec::new();
        for spec in entry.params {
            let given = raw
                .get(spec.name)
                .map(String::as_str)
                .filter(|text| !text.is_empty());
            match given.or(spec.default) {
                Some(text) => match spec.kind.parse(text) {
                    Ok(value) => {
                        values.insert(spec.name, value);
                    }
                    Err(message) => errors.push(ParamError {
                        param: spec.name.to_owned(),
                        message,
                    }),
                },
                None if spec.optional => {}
                None => errors.push(ParamError {
                    param: spec.name.to_owned(),
                    message: format!("Missing. Give a value such as {}.", spec.example),
                }),
            }
        }
        for name in raw.keys().filter(|name| entry.param(name).is_none()) {
            errors.push(ParamError {
                param: name.chars().filter(|c| !c.is_control()).take(40).collect(),
                message: format!("{} has no such parameter. Leave it out.", entry.id),
            });
        }
        if errors.is_empty() {
            Ok(Params { values })
        } else {
            Err(errors)
        }
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// The value of that name as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(ToString::to_string)
    }

    /// The value of that name as a number.
    pub fn number(&self, name: &str) -> Option<u32> {
        match self.get(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The addresses that are written literally in it, except in web addresses.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.values.values().filter_map(|value| match value {
            Value::Ip(ip) => Some(*ip),
            _ => None,
        })
    }

    /// The same with an address in the place of a name, so that a program does not look the name up once more.
    pub fn with_address(&self, name: &str, address: IpAddr) -> Self {
        let mut params = self.clone();
        if let Some(value) = params.values.get_mut(name) {
            *value = Value::Ip(address);
        }
        params
    }

    /// Names and canonical texts, sorted: the form that is signed.
    pub fn canonical(&self) -> BTreeMap<String, String> {
        self.values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.to_string()))
            .collect()
    }
}

const UNIT_TYPES: [&str; 7] = [
    "service",
    "socket",
    "timer",
    "mount",
    "automount",
    "target",
    "path",
];

impl Kind {
    /// Parses one value. The error says what is wrong, then what to do.
    pub fn parse(&self, text: &str) -> Result<Value, String> {
        match self {
            Kind::Host => match text.parse::<IpAddr>() {
                Ok(ip) => Ok(Value::Ip(ip)),
                Err(_) => fqdn(text).map(Value::Text),
            },
            Kind::Fqdn => fqdn(text).map(Value::Text),
            Kind::Ip => text
                .parse()
                .map(Value::Ip)
                .map_err(|_| "This is not an address. Write one such as 192.0.2.10.".to_owned()),
            Kind::Unit => unit(text).map(Value::Text),
            Kind::Iface => iface(text).map(Value::Text),
            Kind::Url => url(text).map(Value::Text),
            Kind::Number { min, max } => number(text, *min, *max).map(Value::Number),
            Kind::Choice(words) => {
                if words.contains(&text) {
                    Ok(Value::Text(text.to_owned()))
                } else {
                    Err(format!("Not one of the choices. Use {}.", words.join(", ")))
                }
            }
        }
    }
}

fn number(text: &str, min: u32, max: u32) -> Result<u32, String> {
    let digits = !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|n| digits && (min..=max).contains(n))
        .ok_or_else(|| format!("Not a whole number in range. Use {min} to {max}."))
}

/// Labels of letters, digits, `_` and inner `-`; at most 253 characters; a final dot is kept.
fn fqdn(text: &str) -> Result<String, String> {
    if !text.is_ascii() {
        return Err("This name has letters beyond a to z. Write its xn-- form.".to_owned());
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        let bytes = label.as_bytes();
        let outer = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        (1..=63).contains(&bytes.len())
            && bytes.first().is_some_and(outer)
            && bytes.last().is_some_and(outer)
            && bytes.iter().all(|b| outer(b) || *b == b'-')
    };
    let digits_and_dots = name.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if text.len() <= 253 && !digits_and_dots && name.split('.').all(label) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("This is not a host name. Write one such as portal.example.org.".to_owned())
    }
}

fn unit(text: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b":_.@-".contains(&b);
    let shaped = (1..=127).contains(&text.len())
        && text.as_bytes()[0].is_ascii_alphanumeric()
        && text.bytes().all(allowed);
    if !shaped {
        return Err(
            "This is not a unit name. Write one such as nginx.service, without patterns."
                .to_owned(),
        );
    }
    let suffix = text.rsplit_once('.').map(|(_, suffix)| suffix);
    match suffix {
        Some(suffix) if UNIT_TYPES.contains(&suffix) => Ok(text.to_owned()),
        // A dot inside an instance name (`app@1.2`) is not a type.
        _ if text.len() <= 119 => Ok(format!("{text}.service")),
        _ => Err("This unit name is too long. Use at most 127 characters.".to_owned()),
    }
}

fn iface(text: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.:-".contains(&b);
    if (1..=15).contains(&text.len())
        && text.as_bytes()[0].is_ascii_alphanumeric()
        && text.bytes().all(allowed)
    {
        Ok(text.to_owned())
    } else {
        Err("This is not an interface. Write one such as eth0.".to_owned())
    }
}

/// `http(s)://host[:port][/path][?query]`, printable ASCII, no user information, no fragment.
fn url(text: &str) -> Result<String, String> {
    let wrong = || {
        "This is not a web address. Write one such as https://portal.example.org/ without a user name."
            .to_owned()
    };
    if text.len() > 2000 || !text.bytes().all(|b| (0x21..=0x7e).contains(&b)) {
        return Err(wrong());
    }
    if text.contains(['"', '<', '>', '\\', '^', '`', '{', '|', '}', '$', '#']) {
        return Err(wrong());
    }
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let (scheme, rest) = if lower.starts_with("https://") {
        ("https", &text[8..])
    } else if lower.starts_with("http://") {
        ("http", &text[7..])
    } else {
        return Err(wrong());
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => {
            let (inside, after) = v6.split_once(']').ok_or_else(wrong)?;
            let ip: std::net::Ipv6Addr = inside.parse().map_err(|_| wrong())?;
            let port = match after {
                "" => None,
                more => Some(more.strip_prefix(':').ok_or_else(wrong)?),
            };
            (format!("[{ip}]"), port)
        }
        None => {
            let (host, port) = match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            };
            let host = match host.parse::<std::net::Ipv4Addr>() {
                Ok(ip) => ip.to_string(),
                Err(_) => fqdn(host).map_err(|_| wrong())?,
            };
            (host, port)
        }
    };
    let port = match port {
        Some(text) => format!(":{}", number(text, 1, 65_535).map_err(|_| wrong())?),
        None => String::new(),
    };
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    Ok(format!("{scheme}://{host}{port}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(kind: Kind, text: &str) -> Option<String> {
        kind.parse(text).ok().map(|value| value.to_string())
    }

    #[test]
    fn hosts_are_names_or_addresses_and_nothing_else() {
        assert_eq!(
            parsed(Kind::Host, "Portal.Example."),
            Some("portal.example.".into())
        );
        assert_eq!(parsed(Kind::Host, "10.0.0.1"), Some("10.0.0.1".into()));
        assert_eq!(
            parsed(Kind::Host, "2001:db8::1"),
            Some("2001:db8::1".into())
        );
        for bad in [
            "",
            ".",
            "-f/tmp/x",
            "@10.0.0.1",
            "+trace",
            "a b",
            "a\n",
            "a..b",
            "-a.b",
            "a-.b",
            "10.0.0",
            "300.1.1.1",
            "017.1.1.1",
            "0x7f.1/8",
            "a/b",
            "a;b",
            "$(id)",
            "`id`",
            "fe80::1%eth0",
            "пример",
        ] {
            assert_eq!(parsed(Kind::Host, bad), None, "{bad:?}");
        }
    }

    #[test]
    fn units_get_their_suffix_and_no_patterns() {
        assert_eq!(parsed(Kind::Unit, "nginx"), Some("nginx.service".into()));
        assert_eq!(
            parsed(Kind::Unit, "app@1.2"),
            Some("app@1.2.service".into())
        );
        assert_eq!(parsed(Kind::Unit, "a.timer"), Some("a.timer".into()));
        for bad in [
            "", "-x", "@x", "a*", "a?", "a[b]", "a\\x2d", "../x", "a b", "a\0",
        ] {
            assert_eq!(parsed(Kind::Unit, bad), None, "{bad:?}");
        }
    }

    #[test]
    fn web_addresses_are_normalised_and_carry_no_credentials() {
        assert_eq!(
            parsed(Kind::Url, "HTTPS://Portal.example:8443?x=1"),
            Some("https://portal.example:8443/?x=1".into())
        );
        assert_eq!(
            parsed(Kind::Url, "http://[2001:DB8::1]/a"),
            Some("http://[2001:db8::1]/a".into())
        );
        for bad in [
            "ftp://a/",
            "http://",
            "http://u:p@a/",
            "http://a:0/",
            "http://a:99999/",
            "http://a b/",
            "javascript:alert(1)",
            "http://[::1",
            "http://[::1]x/",
            "//a/",
            "http://a/\r\nX: y",
            "http://-a/",
        ] {
            assert_eq!(parsed(Kind::Url, bad), None, "{bad:?}");
        }
    }

    #[test]
    fn numbers_are_plain_digits_in_range() {
        let port = Kind::Number {
            min: 1,
            max: 65_535,
        };
        assert_eq!(parsed(port, "443"), Some("443".into()));
        for bad in ["0", "65536", "-1", "+1", " 1", "1e3", "", "٣", "4294967297"] {
            assert_eq!(parsed(port, bad), None, "{bad:?}");
        }
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let entry = crate::find("net.tcp").unwrap();
        let raw = [("port", "x"), ("colour", "red")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into();
        let errors = Params::parse(entry, &raw).unwrap_err();
        let named: Vec<_> = errors.iter().map(|error| error.param.as_str()).collect();
        assert_eq!(named, ["host", "port", "colour"]);
    }
}
