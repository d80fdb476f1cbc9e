//! Computes the sizes that `cargo xtask tidy --figures` prints.

use std::fmt::Write;
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::allowances::count;
use super::code::{is, is_mark};
use super::hit::Hit;
use super::sources::{SourceFile, Sources};

/// Formats a table in Markdown with a row for each crate.
pub(super) fn table(sources: &Sources, hits: &[(&str, Vec<Hit>)]) -> String {
    let mut table = "| crate | lines of src | public names |".to_owned();
    let mut rule = "|---|--:|--:|".to_owned();
    for (name, _) in hits {
        // Writing to a string cannot fail.
        let _ = write!(table, " {name} |");
        rule.push_str("--:|");
    }
    table = format!("{table}\n{rule}\n");
    let counts: Vec<_> = hits.iter().map(|(_, hits)| count(hits)).collect();
    let mut all_lines = 0;
    for owner in sources.owners() {
        let lines = lines(sources, owner);
        all_lines += lines;
        let names = public_names(sources, owner);
        let names = names.map_or_else(
            || "–".to_owned(),
            |Names { root, modules }| match modules {
                0 => root.to_string(),
                _ => format!("{root} + {modules}"),
            },
        );
        let _ = write!(table, "| {owner} | {lines} | {names} |");
        for counts in &counts {
            let _ = write!(table, " {} |", counts.get(owner).unwrap_or(&0));
        }
        table.push('\n');
    }
    let _ = writeln!(table, "| all | {all_lines} | |{}", " |".repeat(hits.len()));
    table
}

fn lines(sources: &Sources, owner: &str) -> usize {
    let own = sources.rust().filter(|file| file.owner == owner);
    let own = own.filter(|file| file.is_in_src());
    own.map(|file| file.text.lines().count()).sum()
}

/// The number of names that a library exports.
#[derive(Debug, Default, PartialEq)]
struct Names {
    /// The names in its root, including public modules.
    root: usize,
    /// The names in its public modules.
    modules: usize,
}

fn public_names(sources: &Sources, owner: &str) -> Option<Names> {
    let root = format!("{owner}/src/lib.rs");
    let file = sources.rust().find(|file| file.path == root)?;
    Some(names_of_file(sources, file, &format!("{owner}/src")))
}

fn names_of_file(sources: &Sources, file: &SourceFile, folder: &str) -> Names {
    let tokens = TokenStream::from_str(&file.text).unwrap_or_default();
    names_of(sources, tokens, folder)
}

fn names_of(sources: &Sources, tokens: TokenStream, folder: &str) -> Names {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut names = Names::default();
    for (index, _) in tokens.iter().enumerate().filter(|(_, it)| is(it, "pub")) {
        // `pub(crate)` is not public.
        let Some(TokenTree::Ident(mut keyword)) = tokens.get(index + 1).cloned() else {
            continue;
        };
        let mut next = index + 2;
        while let Some(TokenTree::Ident(name)) = tokens.get(next) {
            let is_qualifier = ["const", "unsafe", "async", "extern"]
                .iter()
                .any(|it| keyword == it);
            if !is_qualifier
                || !["fn", "unsafe", "trait", "extern"]
                    .iter()
                    .any(|it| name == it)
            {
                break;
            }
            keyword = name.clone();
            next += 1;
        }
        let keyword = keyword.to_string();
        match (keyword.as_str(), tokens.get(next)) {
            ("use", Some(_)) => names.root += leaves(&tokens[next..]),
            ("mod", Some(TokenTree::Ident(name))) => {
                let folder_of_module = format!("{folder}/{name}");
                let path = format!("{folder_of_module}.rs");
                let inner = match tokens.get(next + 1) {
                    Some(TokenTree::Group(body)) => {
                        names_of(sources, body.stream(), &folder_of_module)
                    }
                    _ => sources
                        .rust()
                        .find(|file| file.path == path)
                        .map(|file| names_of_file(sources, file, &folder_of_module))
                        .unwrap_or_default(),
                };
                names.root += 1;
                names.modules += inner.root + inner.modules;
            }
            _ => names.root += 1,
        }
    }
    names
}

/// Returns the number of names that a tree of `use` imports.
fn leaves(tree: &[TokenTree]) -> usize {
    let end = tree.iter().position(|token| is_mark(token, ';'));
    let branches = tree[..end.unwrap_or(tree.len())].split(|token| is_mark(token, ','));
    let count = branches.filter_map(|branch| match branch.last()? {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            let inner: Vec<_> = group.stream().into_iter().collect();
            Some(leaves(&inner))
        }
        _ => Some(1),
    });
    count.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_with_those_of_public_modules() {
        let root = "//! A.\npub use b::{C, d::{E, F as G}};\npub(crate) use b::H;\nmod b;\n\
                    pub mod i;\npub mod n { pub use b::O; }\npub const fn j() {}\n\
                    pub struct K { pub field: u8 }";
        let sources = Sources::of_files([
            ("a/src/lib.rs", root),
            (
                "a/src/i.rs",
                "pub fn l() {}\nfn m() {}\nimpl K { pub fn n() {} }",
            ),
        ]);
        // In the root: C, E, G, i, n, j and K; in the modules: l in i, and O in n.
        let names = Names {
            root: 7,
            modules: 2,
        };
        assert_eq!(public_names(&sources, "a"), Some(names));
        assert_eq!(public_names(&sources, "b"), None);
        let hits = [("width", Vec::new())];
        let text = table(&sources, &hits);
        assert!(text.contains("| a | 11 | 7 + 2 | 0 |"), "{text}");
    }
}
