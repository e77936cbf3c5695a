//! The pages in the pseudo-locale (decision 42): each text of the catalogue stands between marks, and what stands outside of
//! them is data. So a sentence that is put together in code shows, and one that is not in the catalogue.

use support::world::PEOPLE;
use tierdesk_catalogue::ENTRIES;
use tierdesk_domain::text::pseudo;

use crate::xss::{eventful, shown};

/// So many words in a row that nothing interrupts are a sentence and no name.
const WORDS: usize = 4;

/// What stands outside of all marks. A text that was cut off may lack its end.
fn outside(piece: &str) -> String {
    let mut depth = 0_u32;
    let mut out = String::new();
    for c in piece.chars() {
        match c {
            pseudo::BEGINS => depth += 1,
            // It began in another element, as texts do in which a number is a link.
            pseudo::ENDS if depth == 0 => out.clear(),
            // What is on both sides of a text does not belong together.
            pseudo::ENDS => {
                depth -= 1;
                out.push('|');
            }
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

/// The rows of words, in small letters, with one space between two.
fn sentences(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_alphabetic() || c.is_whitespace() || "'’-".contains(c)))
        .map(|row| row.split_whitespace().collect::<Vec<_>>())
        .filter(|row| row.len() >= WORDS)
        .map(|row| row.join(" ").to_lowercase())
        .collect()
}

/// A text in the form in which [`sentences`] are sought in it.
fn plain(text: &str) -> String {
    let text = text.replace("\\n", " ");
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

#[test]
fn a_sentence_outside_of_the_marks_is_seen() {
    assert!(sentences(&outside("⟦all of this is well⟧")).is_empty());
    assert!(sentences(&outside("⟦with ⟦one in it⟧ it is well too⟧")).is_empty());
    assert!(sentences(&outside("⟦cut off before its")).is_empty());
    assert!(sentences(&outside("or after where it began⟧")).is_empty());
    assert!(sentences(&outside("Ana Ferreira, Tom Weber, P1 · 3 h 5 min")).is_empty());
    assert_eq!(
        sentences(&outside("⟦Why⟧: It could  not run. ⟦Again⟧")),
        ["it could not run"]
    );
}

#[tokio::test]
async fn every_sentence_on_every_page_is_of_the_catalogue_or_data() {
    let world = eventful().await;
    let mut clients = Vec::new();
    for column in 0..PEOPLE.len() {
        clients.push(world.client(column).await);
    }
    // What people, hosts and the machinery wrote is data by now; and what a diagnostic is, is said by the catalogue of
    // diagnostics, which agents without a server print as well.
    let entries = serde_json::to_string(ENTRIES).unwrap();
    let data = plain(&format!(
        "{}\n{entries}",
        crate::log::dump(&world.tierdesk).await
    ));
    let mut wrong = std::collections::BTreeSet::new();
    for page in shown(&world) {
        let path = page.address(&world, "window");
        pseudo::switch(true);
        let reply = clients[page.opener].get(&path).await;
        pseudo::switch(false);
        assert!(reply.status.is_success(), "{path}: {}", reply.status);
        assert!(reply.body.contains(pseudo::BEGINS), "{path} is not marked");
        for piece in reply.page().pieces() {
            for sentence in sentences(&outside(&piece)) {
                if !data.contains(&sentence) {
                    wrong.insert(format!("{}: {sentence}", page.route));
                }
            }
        }
    }
    let wrong: Vec<_> = wrong.into_iter().collect();
    assert!(
        wrong.is_empty(),
        "these are neither of the catalogue nor data:\n{}",
        wrong.join("\n")
    );
}
