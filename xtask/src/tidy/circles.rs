//! The rule `circles`: at most three modules of a crate import each other in a circle.
//!
//! An import is a path in code outside tests: a path of `use`, or a path that begins with `crate`,
//! `self`, `super` or a child module. A name that a module imports or re-exports is resolved to the
//! module that defines it; the re-export itself is not an import.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::code::{attribute, is, is_for_tests, is_mark, item};
use super::hit::Hit;
use super::sources::{SourceFile, Sources};

/// The limit on the modules of a circle.
const MAX_MODULES: usize = 3;

/// The limit on the length of a chain of re-exports.
const MAX_REEXPORTS: usize = 8;

/// The path of a module in its crate; empty for the root.
type Module = Vec<String>;

/// Finds the modules that are part of a larger circle, one hit each.
pub(super) fn find(sources: &Sources) -> Vec<Hit> {
    let mut hits = Vec::new();
    for owner in sources.owners() {
        let crate_modules = Crate::read(sources, owner);
        for circle in crate_modules.circles() {
            for module in &circle {
                let imported = crate_modules.imports[module].intersection(&circle);
                let imported: Vec<_> = imported.map(shown).collect();
                let size = circle.len();
                let imported = imported.join(", ");
                let problem = format!("is in a circle of {size} modules: imports {imported}");
                hits.push(Hit::new(crate_modules.files[module], 1, problem));
            }
        }
    }
    hits
}

fn shown(module: &Module) -> String {
    match module.is_empty() {
        true => "the root".to_owned(),
        false => module.join("::"),
    }
}

/// The modules of a crate that have their own files, and their imports of each other.
struct Crate<'a> {
    files: BTreeMap<Module, &'a SourceFile>,
    /// The names that each module imports or re-exports, with their paths.
    names: BTreeMap<Module, BTreeMap<String, Vec<String>>>,
    imports: BTreeMap<Module, BTreeSet<Module>>,
}

impl<'a> Crate<'a> {
    fn read(sources: &'a Sources, owner: &str) -> Self {
        let files: BTreeMap<_, _> = sources
            .rust()
            .filter(|file| file.owner == owner && !file.is_test)
            .filter_map(|file| Some((module_of(owner, &file.path)?, file)))
            .collect();
        let paths: BTreeMap<_, _> = files
            .iter()
            .map(|(module, file)| (module.clone(), Paths::read(&file.text)))
            .collect();
        let names = paths.iter().map(|(module, paths)| {
            let named = paths.imported.iter().chain(&paths.reexported);
            (module.clone(), named.cloned().collect())
        });
        let mut read = Self {
            files,
            names: names.collect(),
            imports: BTreeMap::new(),
        };
        for (module, paths) in &paths {
            let all = paths.imported.iter().map(|(_, path)| path);
            let imports = all
                .chain(&paths.used)
                .filter_map(|path| read.resolve(module, path, MAX_REEXPORTS))
                .filter(|import| import != module);
            let imports = imports.collect();
            read.imports.insert(module.clone(), imports);
        }
        read
    }

    /// Returns the module that defines the item at `path`, as seen from `module`, if it is in this
    /// crate.
    fn resolve(&self, module: &Module, path: &[String], reexports: usize) -> Option<Module> {
        let mut found: Module = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" => module.clone(),
            "super" => module[..module.len().checked_sub(1)?].to_vec(),
            first => {
                let mut child = module.clone();
                child.push(first.to_owned());
                self.files.contains_key(&child).then_some(child)?
            }
        };
        let mut rest = &path[1..];
        while let Some((first, others)) = rest.split_first() {
            if first == "super" {
                found.pop();
            } else {
                let mut child = found.clone();
                child.push(first.clone());
                if !self.files.contains_key(&child) {
                    break;
                }
                found = child;
            }
            rest = others;
        }
        let Some(name) = rest.first() else {
            return Some(found);
        };
        let reexported = self.names.get(&found).and_then(|names| names.get(name));
        let followed = match reexported {
            Some(path) if reexports > 0 => self.resolve(&found, path, reexports - 1),
            _ => None,
        };
        Some(followed.unwrap_or(found))
    }

    /// Finds the circles of more than `MAX_MODULES` modules.
    fn circles(&self) -> Vec<BTreeSet<Module>> {
        let reached: BTreeMap<_, _> = self
            .imports
            .keys()
            .map(|module| (module, self.reached_from(module)))
            .collect();
        let mut circles: Vec<BTreeSet<Module>> = Vec::new();
        for (module, all) in &reached {
            if circles.iter().any(|circle| circle.contains(*module)) {
                continue;
            }
            let back = all.iter().filter(|other| reached[other].contains(*module));
            let circle: BTreeSet<_> = back.cloned().collect();
            if circle.len() > MAX_MODULES {
                circles.push(circle);
            }
        }
        circles
    }

    fn reached_from(&self, module: &Module) -> BTreeSet<Module> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&Module> = self.imports[module].iter().collect();
        while let Some(next) = open.pop() {
            if reached.insert(next.clone()) {
                open.extend(self.imports.get(next).into_iter().flatten());
            }
        }
        reached
    }
}

/// Returns the module of a file in `src`: the root for `lib.rs` and `main.rs`.
fn module_of(owner: &str, path: &str) -> Option<Module> {
    let path = path
        .strip_prefix(owner)?
        .strip_prefix("/src/")?
        .strip_suffix(".rs")?;
    let mut module: Module = path.split('/').map(str::to_owned).collect();
    if ["lib", "main"].contains(&path) {
        module.clear();
    }
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    Some(module)
}

/// The paths in the code of a file.
#[derive(Debug, Default)]
struct Paths {
    /// Names with the paths by which `use` imports them.
    imported: Vec<(String, Vec<String>)>,
    /// Names with the paths by which `pub use` re-exports them, which is not an import of the
    /// module itself.
    reexported: Vec<(String, Vec<String>)>,
    /// Paths outside `use`.
    used: Vec<Vec<String>>,
}

impl Paths {
    fn read(text: &str) -> Self {
        let mut paths = Self::default();
        // Another rule reports files that cannot be parsed.
        if let Ok(tokens) = TokenStream::from_str(text) {
            paths.walk(tokens, &[]);
        }
        paths
    }

    /// Collects the paths in tokens of the inline module `inside`.
    fn walk(&mut self, tokens: TokenStream, inside: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut position = 0;
        while position < tokens.len() {
            let rest = &tokens[position..];
            if let Some((attribute, length)) = attribute(rest) {
                position = match is_for_tests(attribute.stream()) {
                    true if length > 2 => return,
                    true => item(&tokens, position + length).0,
                    false => position + length,
                };
                continue;
            }
            match rest {
                [keyword, ..] if is(keyword, "use") => {
                    let end = rest.iter().position(|token| is_mark(token, ';'));
                    let end = end.unwrap_or(rest.len());
                    let mut leaves = Vec::new();
                    import(&rest[1..end], &[], inside, &mut leaves);
                    match is_reexport(&tokens[..position]) {
                        true => self.reexported.extend(leaves),
                        false => self.imported.extend(leaves),
                    }
                    position += end;
                    continue;
                }
                [keyword, TokenTree::Ident(name), TokenTree::Group(body), ..]
                    if is(keyword, "mod") =>
                {
                    let inside = [inside, &[name.to_string()]].concat();
                    self.walk(body.stream(), &inside);
                    position += 3;
                    continue;
                }
                [TokenTree::Ident(_), ..] => {
                    let (path, length) = path(rest);
                    if path.len() > 1 {
                        self.used.push(outside(path, inside));
                    }
                    position += length.max(1);
                    continue;
                }
                [TokenTree::Group(group), ..] => self.walk(group.stream(), inside),
                _ => {}
            }
            position += 1;
        }
    }
}

/// Whether the tokens before `use` end with a visibility.
fn is_reexport(before: &[TokenTree]) -> bool {
    match before {
        [.., last] if is(last, "pub") => true,
        [.., public, TokenTree::Group(_)] => is(public, "pub"),
        _ => false,
    }
}

/// Collects the leaves of a tree of `use`: names with their paths.
fn import(
    tree: &[TokenTree],
    prefix: &[String],
    inside: &[String],
    leaves: &mut Vec<(String, Vec<String>)>,
) {
    for branch in tree.split(|token| is_mark(token, ',')) {
        let (path, length) = path(branch);
        let path = [prefix, &path].concat();
        let name = match &branch[length..] {
            [.., TokenTree::Group(group)] if group.delimiter() == Delimiter::Brace => {
                let tree: Vec<_> = group.stream().into_iter().collect();
                import(&tree, &path, inside, leaves);
                continue;
            }
            [keyword, TokenTree::Ident(name)] if is(keyword, "as") => Some(name.to_string()),
            _ => path.last().cloned(),
        };
        leaves.extend(name.map(|name| (name, outside(path, inside))));
    }
}

/// Converts a path in the inline module `inside` to one relative to the module of the file.
fn outside(path: Vec<String>, inside: &[String]) -> Vec<String> {
    match path.first().map(String::as_str) {
        Some("super") if !inside.is_empty() => {
            let own = &inside[..inside.len() - 1];
            [&["self".to_owned()], own, &path[1..]].concat()
        }
        _ => path,
    }
}

/// Returns the path at the beginning of `tokens`, and its number of tokens.
fn path(tokens: &[TokenTree]) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    let mut position = 0;
    while let Some(TokenTree::Ident(name)) = tokens.get(position) {
        if name == "as" {
            break;
        }
        path.push(name.to_string());
        position += 1;
        match &tokens[position..] {
            [first, second, ..] if is_mark(first, ':') && is_mark(second, ':') => position += 2,
            _ => break,
        }
    }
    // `self` in `use module::{self, Name}` means the module itself.
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    (path, position)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle_of(files: &[(&str, &str)]) -> Vec<String> {
        let sources = Sources::of_files(files.iter().copied());
        find(&sources).into_iter().map(|hit| hit.path).collect()
    }

    const IN_A_CIRCLE: [(&str, &str); 4] = [
        ("a/src/b.rs", "use crate::c::C;"),
        ("a/src/c.rs", "fn f() { crate::d::g() }"),
        ("a/src/d.rs", "use super::{e::{self, E}};"),
        ("a/src/e.rs", "use crate::b::B as Other;"),
    ];

    #[test]
    fn a_circle_of_four_is_found_and_one_of_three_is_allowed() {
        let paths = IN_A_CIRCLE.map(|(path, _)| path);
        assert_eq!(circle_of(&IN_A_CIRCLE), paths);
        let mut smaller = IN_A_CIRCLE;
        smaller[2].1 = "use crate::b::B;";
        assert!(circle_of(&smaller).is_empty());
    }

    #[test]
    fn reexports_are_followed_and_tests_are_left_out() {
        let mut reexported = IN_A_CIRCLE.to_vec();
        reexported[0].1 = "use crate::C;";
        reexported.push(("a/src/lib.rs", "mod c;\npub use c::C;"));
        assert_eq!(circle_of(&reexported).len(), 4);
        let mut tests = IN_A_CIRCLE.to_vec();
        tests[0].1 = "#[cfg(test)]\nmod tests { use crate::c::C; }";
        assert!(circle_of(&tests).is_empty());
    }

    #[test]
    fn children_and_inner_modules_import_too() {
        let files = [
            (
                "a/src/b.rs",
                "mod c;\nuse c::C;\nmod inner { fn f() { super::d::g() } }\nmod d;",
            ),
            ("a/src/b/c.rs", "use super::d::D;"),
            ("a/src/b/d.rs", "use crate::e::E;"),
            ("a/src/e.rs", "use crate::b::B;"),
        ];
        assert_eq!(circle_of(&files).len(), 4);
    }
}
