//! The rule `width`: lines of at most 100 columns.

use super::hit::Hit;
use super::sources::{SourceFile, Sources};

const MAX_COLUMNS: usize = 100;

/// Finds lines that are too long.
///
/// A line without a blank, such as a long address, cannot be broken and is allowed. In Markdown,
/// tables may be wider, and so may fences with commands and output: those with the language
/// `console` or `text`, or without a language.
pub(super) fn find(sources: &Sources) -> Vec<Hit> {
    sources.all().flat_map(long_lines).collect()
}

fn long_lines(file: &SourceFile) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut fence: Option<&str> = None;
    for (index, line) in file.text.lines().enumerate() {
        if file.is_markdown() {
            if let Some(info) = line.trim_start().strip_prefix("```") {
                fence = match fence {
                    None => Some(info),
                    Some(_) => None,
                };
                continue;
            }
            let is_output = fence.is_some_and(|info| ["", "console", "text"].contains(&info));
            if is_output || line.trim_start().starts_with(['|', '!']) {
                continue;
            }
        }
        let columns = line.chars().count();
        if columns > MAX_COLUMNS && line.trim().contains(' ') {
            hits.push(Hit::new(file, index + 1, format!("has {columns} columns")));
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_output_and_addresses_may_be_wide() {
        let wide = format!("a {}", "b".repeat(MAX_COLUMNS));
        let lines = |path: &str, text: &str| -> Vec<usize> {
            let sources = Sources::of_files([(path, text)]);
            find(&sources).iter().map(|hit| hit.line).collect()
        };
        assert_eq!(lines("a/src/b.rs", &format!("\n{wide}\n")), [2]);
        let text = format!("{wide}\n| {wide} |\n```\n{wide}\n```\n```rust\n{wide}\n```\n");
        assert_eq!(lines("a.md", &text), [1, 7]);
        let narrow = "ä".repeat(MAX_COLUMNS);
        let address = format!("  {}", "x".repeat(MAX_COLUMNS));
        assert!(lines("a/src/b.rs", &format!("{narrow}\n{address}")).is_empty());
    }
}
