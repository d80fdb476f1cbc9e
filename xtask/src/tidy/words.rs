//! The rule `words`: words and phrases that this project does not use, because a reader has to
//! decode them.

use super::hit::Hit;
use super::sources::{SourceFile, Sources};

/// Phrases with the standard words for them. They are found in any case, with `_` for blanks, and
/// also where a comment breaks the line within them.
const PHRASES: [(&str, &str); 49] = [
    ("anybody", "name the actor"),
    ("somebody", "name the actor"),
    ("nobody", "name the actor"),
    ("whoever", "name the actor"),
    ("people", "users"),
    ("surroundings", "environment"),
    ("farewell", "shutdown"),
    ("farewells", "shutdown deadlines"),
    ("picture of", "state of"),
    ("whole number", "integer"),
    ("whole numbers", "integers"),
    ("truth value", "boolean"),
    ("truth values", "booleans"),
    ("a text", "a string"),
    ("tell of", "report"),
    ("tells of", "reports"),
    ("told of", "reported"),
    ("telling of", "reporting"),
    ("hear of", "receive"),
    ("hears of", "receives"),
    ("heard of", "received"),
    ("go on", "continue"),
    ("goes on", "continues"),
    ("going on", "continuing"),
    ("gone on", "continued"),
    ("went on", "continued"),
    ("pass on", "forward"),
    ("passes on", "forwards"),
    ("passed on", "forwarded"),
    ("handed on", "forwarded"),
    ("hands on", "forwards"),
    ("try again", "retry"),
    ("tries again", "retries"),
    ("tried again", "retried"),
    ("is over", "has ended or expired"),
    ("are over", "have ended or expired"),
    ("was over", "had ended or expired"),
    ("be over", "end or expire"),
    ("throw away", "discard"),
    ("throws away", "discards"),
    ("thrown away", "discarded"),
    ("which there is not", "not found"),
    ("is no", "is not a"),
    ("are no", "are not"),
    ("what becomes of", "name the result"),
    ("what came of", "name the result"),
    ("comes of it", "name the result"),
    ("not any more", "no longer"),
    ("of its own accord", "by itself"),
];

/// Phrases of standard English that contain a listed one.
const ALLOWED: [&str; 10] = [
    "a text log",
    "a text file",
    "a text editor",
    "is no longer",
    "are no longer",
    "there is no",
    "there are no",
    "is no more than",
    "are no more than",
    "nobody:nogroup",
];

/// The file that lists the phrases.
const THIS_FILE: &str = "xtask/src/tidy/words.rs";

/// Finds the phrases in Rust and Markdown files.
pub(super) fn find(sources: &Sources) -> Vec<Hit> {
    let files = sources.all().filter(|file| file.path != THIS_FILE);
    files.flat_map(in_file).collect()
}

fn in_file(file: &SourceFile) -> Vec<Hit> {
    let (text, starts) = flattened(&file.text);
    let mut hits = Vec::new();
    for (phrase, instead) in PHRASES {
        for (position, _) in text.match_indices(phrase) {
            if is_whole(&text, position, phrase) && !is_allowed(&text, position) {
                let line = starts.partition_point(|start| *start <= position);
                hits.push(Hit::new(file, line, format!("`{phrase}`: {instead}")));
            }
        }
    }
    hits.sort_by_key(|hit| hit.line);
    hits
}

/// Returns the text as one line in lower case, with blanks for `_` and without the marks of
/// comments, and the position at which each line begins.
fn flattened(text: &str) -> (String, Vec<usize>) {
    let mut flat = String::with_capacity(text.len());
    let mut starts = Vec::new();
    for line in text.lines() {
        starts.push(flat.len());
        let line = line.trim().trim_start_matches(['/', '!', '>', '*']).trim();
        let line = line.trim_end_matches('\\').trim_end();
        flat.push_str(&line.to_lowercase().replace('_', " "));
        flat.push(' ');
    }
    (flat, starts)
}

fn is_whole(text: &str, position: usize, phrase: &str) -> bool {
    let is_letter = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    !is_letter(text[..position].chars().next_back())
        && !is_letter(text[position + phrase.len()..].chars().next())
}

/// Whether a listed phrase at `position` is part of an allowed one.
fn is_allowed(text: &str, position: usize) -> bool {
    ALLOWED.iter().any(|allowed| {
        let first = position.saturating_sub(allowed.len());
        (first..=position)
            .filter(|start| text.is_char_boundary(*start))
            .any(|start| text[start..].starts_with(allowed) && position < start + allowed.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, String)> {
        let sources = Sources::of_files([("a/src/b.rs", text)]);
        let hits = find(&sources).into_iter();
        hits.map(|hit| (hit.line, hit.problem)).collect()
    }

    #[test]
    fn phrases_are_found_across_lines_and_in_names() {
        let text = "\n/// The run goes\n/// on.\nfn what_is_no_config() {}\n";
        let lines: Vec<_> = found(text).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [2, 4]);
        assert_eq!(found("// Somebody.").len(), 1);
        assert_eq!(found("panic!(\"x is \\\n    no config\")").len(), 1);
    }

    #[test]
    fn words_that_hold_a_phrase_and_standard_english_are_not_found() {
        for text in [
            "// cargo on",
            "// There is no worker.",
            "// It is no longer",
            "// is not",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
