//! What server and agent say to each other: messages, canonical bytes, verification.
