//! People and the parts they play.

use crate::names::named;

named! {
    /// What kind of account a person has.
    PersonKind, "kind of person" {
        /// Somebody.
        Human = "human",
        /// A program's account.
        Service = "service",
        /// An account with far-reaching rights elsewhere; the bot never touches it.
        Privileged = "privileged",
    }
}

named! {
    /// The part somebody plays, for session limits and the matrix of routes. Everybody may file tickets.
    Role, "role" {
        /// Files tickets.
        Requester = "requester",
        /// Works them.
        Engineer = "engineer",
        /// Watches promises kept or broken.
        Manager = "manager",
        /// Configures.
        Administrator = "administrator",
    }
}

named! {
    /// How strongly a session proves who it is (decision 12 leaves room for second factors).
    AuthStrength, "strength of sign-in" {
        /// A password.
        Password = "password",
        /// A password and a second factor.
        SecondFactor = "password_second_factor",
        /// A passkey.
        Passkey = "passkey",
    }
}
