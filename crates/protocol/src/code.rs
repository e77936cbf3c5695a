//! The four words that a person compares on both sides when a host joins.

use crate::PublicKey;

/// Four words out of the host's key and the signer's: whoever stands in between and swaps
/// either of them makes other words (32 bits, one try a person).
pub fn enrolment_code(host: &PublicKey, signer: &PublicKey) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    context.update(b"tierdesk-code-v1\n");
    context.update(host.as_bytes());
    context.update(signer.as_bytes());
    context.finish().as_ref()[..4]
        .iter()
        .map(|byte| WORDS[usize::from(*byte)])
        .collect::<Vec<_>>()
        .join(" ")
}

#[rustfmt::skip]
const WORDS: [&str; 256] = [
    "able", "acid", "acorn", "alarm", "album", "alley", "amber", "anchor", "angle", "apple",
    "apron", "arch", "arena", "arrow", "aspen", "atlas", "autumn", "badge", "baker", "bamboo",
    "banjo", "barn", "basil", "basket", "beach", "beacon", "bell", "bench", "berry", "birch",
    "bison", "blanket", "bloom", "boat", "bonus", "border", "bottle", "branch", "brass", "bread",
    "breeze", "brick", "bridge", "brook", "brush", "bubble", "bucket", "butter", "button", "cabin",
    "cable", "cactus", "camel", "camera", "canal", "candle", "canoe", "canvas", "carbon", "cargo",
    "carpet", "castle", "cedar", "cello", "chain", "chalk", "chapel", "cherry", "chess", "chimney",
    "circle", "citrus", "clay", "cliff", "cloud", "clover", "coast", "cobalt", "cocoa", "comet",
    "compass", "copper", "coral", "corner", "cotton", "cradle", "crane", "crater", "cricket",
    "crystal", "cube", "daisy", "delta", "denim", "desert", "diamond", "dolphin", "domino",
    "donkey", "dragon", "drum", "eagle", "easel", "ember", "engine", "falcon", "feather", "fern",
    "ferry", "fiddle", "field", "finch", "fjord", "flame", "flint", "flute", "forest", "fossil",
    "fountain", "fox", "frost", "galaxy", "garden", "garlic", "gate", "ginger", "glacier", "globe",
    "goose", "granite", "grape", "gravel", "guitar", "hammer", "harbour", "harp", "harvest",
    "hazel", "hedge", "heron", "hill", "honey", "horizon", "igloo", "indigo", "iris", "island",
    "ivory", "jacket", "jaguar", "jasmine", "jelly", "jigsaw", "jungle", "kayak", "kettle", "kiwi",
    "ladder", "lagoon", "lantern", "laurel", "lava", "lemon", "lentil", "lily", "linen", "lion",
    "lizard", "lobster", "locket", "lotus", "magnet", "mango", "maple", "marble", "market",
    "meadow", "melon", "meteor", "mint", "mirror", "mitten", "mosaic", "moss", "motor", "mountain",
    "mustard", "nectar", "needle", "nest", "nickel", "nutmeg", "oasis", "oat", "ocean", "olive",
    "onion", "opal", "orbit", "orchid", "otter", "oven", "owl", "paddle", "palm", "panda", "paper",
    "parcel", "parrot", "pasture", "peach", "pebble", "pepper", "piano", "pillow", "pine",
    "planet", "plum", "pocket", "polar", "pony", "poppy", "prairie", "prism", "puffin", "pumpkin",
    "quartz", "quill", "rabbit", "raft", "rain", "raven", "reef", "ribbon", "ridge", "river",
    "robin", "rocket", "saddle", "salmon", "sandal", "satin", "shell", "silver", "sparrow",
    "spruce", "stable", "stone", "summit", "sunset", "thunder", "tiger", "tulip", "turtle",
    "valley", "velvet",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_word_is_there_twice() {
        assert_eq!(WORDS.iter().collect::<BTreeSet<_>>().len(), 256);
    }

    #[test]
    fn both_keys_decide() {
        let key = |byte| PublicKey::from_bytes(&[byte; 32]).unwrap();
        let code = enrolment_code(&key(1), &key(2));
        assert_eq!(code.split(' ').count(), 4);
        assert_eq!(code, enrolment_code(&key(1), &key(2)));
        assert_ne!(code, enrolment_code(&key(1), &key(3)));
        assert_ne!(code, enrolment_code(&key(3), &key(2)));
    }
}
