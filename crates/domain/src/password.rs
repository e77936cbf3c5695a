//! Which passwords are taken (ASVS 5.0 6.2): long ones, that are not on everybody's list and do not
//! consist of what everybody knows about the person. No rules about kinds of characters, no forced change.

use crate::field::FieldError;

/// The shortest password where there is no second factor, in characters.
pub const MIN_LENGTH: usize = 15;
/// The longest password, in characters; longer ones cost time without adding safety.
pub const MAX_LENGTH: usize = 256;

/// What people choose when they are told to use fifteen characters; compared without case, spaces and digits at the end.
const COMMON: &[&str] = &[
    "passwordpassword",
    "passwortpasswort",
    "motdepassemotdepasse",
    "qwertyuiopasdfgh",
    "qwertyuiopasdfghjkl",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfgh",
    "qwertzuiopasdfghjkl",
    "azertyuiopqsdfgh",
    "asdfghjklqwertyuiop",
    "abcdefghijklmno",
    "abcdefghijklmnop",
    "abcdefghijklmnopqrstuvwxyz",
    "letmeinletmeinletmein",
    "iloveyouiloveyou",
    "correcthorsebatterystaple",
    "thisismypassword",
    "mypasswordispassword",
    "changemechangeme",
    "welcomewelcome",
    "administratoradministrator",
    "trustnoonetrustnoone",
];

/// Checks a new password. `context` is what others know: the name, the address, the company, the product.
///
/// # Errors
/// The error to show beside `field`.
pub fn check(field: &'static str, password: &str, context: &[&str]) -> Result<(), FieldError> {
    let length = password.chars().count();
    if length < MIN_LENGTH {
        return Err(FieldError {
            field,
            message: "error.password_short",
            limit: Some(MIN_LENGTH),
        });
    }
    if length > MAX_LENGTH {
        return Err(FieldError::too_long(field, MAX_LENGTH));
    }
    let plain: String = password
        .to_lowercase()
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    let stem = plain.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation());
    if COMMON.contains(&stem) || repeats(&plain) || counts(&plain) {
        return Err(FieldError::new(field, "error.password_common"));
    }
    // What is left when everything known is taken out must still be a password.
    let mut rest = plain;
    for word in context
        .iter()
        .flat_map(|it| it.split(|c: char| !c.is_alphanumeric()))
    {
        let word = word.to_lowercase();
        if word.chars().count() >= 3 {
            rest = rest.replace(&word, "");
        }
    }
    if rest.chars().count() < 8 {
        return Err(FieldError::new(field, "error.password_known"));
    }
    Ok(())
}

/// One short piece over and over: `aaaaaaaaaaaaaaa`, `abcabcabcabcabc`.
fn repeats(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=4).any(|piece| {
        chars.len() > piece
            && chars
                .iter()
                .zip(chars.iter().skip(piece))
                .all(|(a, b)| a == b)
    })
}

/// Characters in a row, up or down: `123456789012345`, `zyxwvu…`.
fn counts(text: &str) -> bool {
    let chars: Vec<u32> = text.chars().map(u32::from).collect();
    let step = |up: bool| {
        chars
            .windows(2)
            .filter(|pair| {
                let (a, b) = if up {
                    (pair[0], pair[1])
                } else {
                    (pair[1], pair[0])
                };
                b == a + 1 || (a == u32::from('9') && b == u32::from('0'))
            })
            .count()
    };
    let most = chars.len().saturating_sub(2);
    step(true) >= most || step(false) >= most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(password: &str) -> Option<&'static str> {
        check(
            "password",
            password,
            &["Ana Ferreira", "ana.ferreira@harbour.example", "Tierdesk"],
        )
        .err()
        .map(|error| error.message)
    }

    #[test]
    fn a_long_phrase_is_taken_whatever_its_characters() {
        for good in [
            "rain on a tin roof",
            "wolken ziehen nach osten",
            "ÄÖÜ im Mondlicht 7",
            "x9$kQ2!vLm0#pRt7",
        ] {
            assert_eq!(verdict(good), None, "{good}");
        }
        assert_eq!(verdict(&"langer satz ".repeat(21)), None);
    }

    #[test]
    fn short_long_common_and_known_ones_are_refused_with_the_reason() {
        assert_eq!(verdict("fourteen chars"), Some("error.password_short"));
        assert_eq!(verdict(&"ab c".repeat(65)), Some("error.too_long"));
        for common in [
            "PasswordPassword1!",
            "qwertyuiopasdfghjkl",
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "1234567890123456",
            "correct horse battery staple",
        ] {
            assert_eq!(verdict(common), Some("error.password_common"), "{common}");
        }
        for known in [
            "AnaFerreira2026!",
            "ferreira-harbour-tierdesk",
            "tierdesktierdesk1",
        ] {
            assert!(
                matches!(verdict(known), Some("error.password_known")),
                "{known}"
            );
        }
    }
}
