//! Names with letters beyond ASCII in the form the network knows (RFC 3492).

const BASE: u32 = 36;
const TMIN: u32 = 1;
const TMAX: u32 = 26;

/// One label as an A-label; `None` when it is too long or cannot be written.
pub(super) fn a_label(label: &str) -> Option<String> {
    if label.is_ascii() {
        return (label.len() <= 63).then(|| label.to_ascii_lowercase());
    }
    let characters: Vec<u32> = label
        .chars()
        .flat_map(char::to_lowercase)
        .map(u32::from)
        .collect();
    if characters.len() > 59 {
        return None;
    }
    let mut out: String = characters
        .iter()
        .filter_map(|c| char::from_u32(*c).filter(char::is_ascii))
        .collect();
    let basic = u32::try_from(out.len()).ok()?;
    if basic > 0 {
        out.push('-');
    }
    let (mut n, mut delta, mut bias, mut handled) = (128_u32, 0_u32, 72_u32, basic);
    let total = u32::try_from(characters.len()).ok()?;
    while handled < total {
        let next = *characters.iter().filter(|c| **c >= n).min()?;
        delta = delta.checked_add((next - n).checked_mul(handled + 1)?)?;
        n = next;
        for &c in &characters {
            if c < n {
                delta = delta.checked_add(1)?;
            } else if c == n {
                let mut q = delta;
                let mut k = BASE;
                loop {
                    let t = k.saturating_sub(bias).clamp(TMIN, TMAX);
                    if q < t {
                        break;
                    }
                    out.push(digit(t + (q - t) % (BASE - t)));
                    q = (q - t) / (BASE - t);
                    k += BASE;
                }
                out.push(digit(q));
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.checked_add(1)?;
        n += 1;
    }
    let label = format!("xn--{out}");
    (label.len() <= 63).then_some(label)
}

fn digit(value: u32) -> char {
    let byte = if value < 26 {
        b'a' + value as u8
    } else {
        b'0' + (value as u8 - 26)
    };
    char::from(byte)
}

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > ((BASE - TMIN) * TMAX) / 2 {
        delta /= BASE - TMIN;
        k += BASE;
    }
    k + (BASE - TMIN + 1) * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    use super::a_label;

    #[test]
    fn known_labels_are_written_as_registries_write_them() {
        assert_eq!(a_label("bücher").as_deref(), Some("xn--bcher-kva"));
        assert_eq!(a_label("München").as_deref(), Some("xn--mnchen-3ya"));
        assert_eq!(a_label("例え").as_deref(), Some("xn--r8jz45g"));
        assert_eq!(a_label("пример").as_deref(), Some("xn--e1afmkfd"));
        assert_eq!(a_label("Plain").as_deref(), Some("plain"));
        assert_eq!(a_label(&"ü".repeat(64)), None);
    }
}
