//! The rule `paths`: files and folders that documents name must exist.

use super::hit::Hit;
use super::sources::Sources;
use crate::shell::root;

/// Finds paths in backticks that begin with a crate or another folder of the workspace and do not
/// exist. The changelog is left out, because it may name files that were removed.
pub(super) fn find(sources: &Sources) -> Vec<Hit> {
    let is_missing = |path: &str| !root().join(path).exists();
    find_missing(sources, is_missing)
}

fn find_missing(sources: &Sources, is_missing: impl Fn(&str) -> bool) -> Vec<Hit> {
    let mut hits = Vec::new();
    let documents = sources.all().filter(|file| file.is_markdown());
    for file in documents.filter(|file| file.path != "CHANGELOG.md") {
        for (index, line) in file.text.lines().enumerate() {
            let spans = line.split('`').skip(1).step_by(2);
            for path in spans.filter(|span| is_path(span)) {
                if is_missing(path) {
                    hits.push(Hit::new(
                        file,
                        index + 1,
                        format!("`{path}` does not exist"),
                    ));
                }
            }
        }
    }
    hits
}

/// Whether a code span is the path of a file or folder of the workspace.
fn is_path(span: &str) -> bool {
    let Some((folder, rest)) = span.split_once('/') else {
        return false;
    };
    let is_folder = folder == "research"
        || folder.starts_with("research-")
        || ["docs", "examples", "fuzz", "xtask", ".ci"].contains(&folder);
    // Capitals are placeholders, as in `tests/NAME/main.rs`.
    let is_file = rest.split('/').all(|part| {
        let stem = part.split('.').next().unwrap_or_default();
        part == "FORMAT.md" || !stem.chars().any(|letter| letter.is_ascii_uppercase())
    });
    is_folder && is_file && !rest.contains([' ', '*', '{', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_do_not_exist_are_found() {
        let text = "`research-core/src/event.rs`, `research-core/src/gone.rs` and\n`docs/gone.md`";
        let others = "`research/src/NAME.rs` `research run` `/research-x` `tests/gone.rs`";
        let sources = Sources::of_files([("a.md", text), ("b.md", others)]);
        let hits = find_missing(&sources, |path| path.contains("gone"));
        let lines: Vec<_> = hits
            .iter()
            .map(|hit| (hit.path.as_str(), hit.line))
            .collect();
        assert_eq!(lines, [("a.md", 1), ("a.md", 2)]);
    }
}
