//! The sizes that `cargo xtask tidy --figures` prints.

use std::fmt::Write;
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::allowances::count;
use super::code::{is, is_mark};
use super::hit::Hit;
use super::sources::{SourceFile, Sources};

/// Makes a table in Markdown: a row for each crate.
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
        let names = names.map_or_else(|| "–".to_owned(), |names| names.to_string());
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

/// The number of names that a library exports, with those in its public modules.
fn public_names(sources: &Sources, owner: &str) -> Option<usize> {
    let root = format!("{owner}/src/lib.rs");
    let file = sources.rust().find(|file| file.path == root)?;
    Some(names_of(sources, file, &format!("{owner}/src")))
}

fn names_of(sources: &Sources, file: &SourceFile, folder: &str) -> usize {
    let Ok(tokens) = TokenStream::from_str(&file.text) else {
        return 0;
    };
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut count = 0;
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
            ("use", Some(_)) => count += leaves(&tokens[next..]),
            ("mod", Some(TokenTree::Ident(name))) => {
                let path = format!("{folder}/{name}.rs");
                let module = sources.rust().find(|file| file.path == path);
                let inner = module.map_or(0, |file| {
                    names_of(sources, file, &format!("{folder}/{name}"))
                });
                count += 1 + inner;
            }
            _ => count += 1,
        }
    }
    count
}

/// The number of names that a tree of `use` imports.
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
                    pub mod i;\npub const fn j() {}\npub struct K { pub field: u8 }";
        let sources = Sources::of_files([
            ("a/src/lib.rs", root),
            (
                "a/src/i.rs",
                "pub fn l() {}\nfn m() {}\nimpl K { pub fn n() {} }",
            ),
        ]);
        // C, E, G, the module i with l, j, and K.
        assert_eq!(public_names(&sources, "a"), Some(7));
        assert_eq!(public_names(&sources, "b"), None);
        let hits = [("width", Vec::new())];
        let text = table(&sources, &hits);
        assert!(text.contains("| a | 10 | 7 | 0 |"), "{text}");
    }
}
