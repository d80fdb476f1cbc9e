//! The allowances of ratcheted rules, in `xtask/allowances.txt`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use super::hit::Hit;
use crate::shell::{Failure, root};

const HEADER: &str = "\
# How often each crate may break a rule of `cargo xtask tidy` that is ratcheted: rule, crate, hits.
# The numbers may only fall: `cargo xtask tidy --lower` lowers them to the hits that there are,
# `cargo xtask tidy --show RULE` lists the hits.
";

const MOVED: &str =
    "code that moves to another crate takes its allowance along, in xtask/allowances.txt";

/// The limit on the hits of a rule that are shown.
const MAX_SHOWN: usize = 30;

/// The number of hits that each rule allows in each crate; 0 if there is no entry.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Allowances(BTreeMap<(String, String), usize>);

fn path() -> PathBuf {
    root().join("xtask/allowances.txt")
}

impl Allowances {
    pub(super) fn read() -> Result<Self, Failure> {
        let path = path();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Failure(format!("cannot read `{}`: {error}", path.display())))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let mut allowances = BTreeMap::new();
        let lines = text.lines().map(str::trim).enumerate();
        for (index, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let words: Vec<_> = line.split_whitespace().collect();
            let parsed = match words.as_slice() {
                [rule, owner, hits] => hits.parse().ok().map(|hits| (rule, owner, hits)),
                _ => None,
            };
            let Some((rule, owner, hits)) = parsed else {
                let place = format!("allowances.txt:{}", index + 1);
                return Err(Failure(format!("{place}: expected `RULE CRATE HITS`")));
            };
            allowances.insert(((*rule).to_owned(), (*owner).to_owned()), hits);
        }
        Ok(Self(allowances))
    }

    /// Describes each crate with more hits of a rule than are allowed.
    pub(super) fn exceeded(&self, rule: &str, hits: &[Hit]) -> Vec<String> {
        let mut problems = Vec::new();
        for (owner, count) in count(hits) {
            let allowed = self.allowed(rule, owner);
            if count <= allowed {
                continue;
            }
            problems.push(format!(
                "{owner} breaks the rule `{rule}` {count} times, {allowed} are allowed ({MOVED}):"
            ));
            let own = hits.iter().filter(|hit| hit.owner == owner);
            problems.extend(own.take(MAX_SHOWN).map(|hit| format!("  {hit}")));
        }
        problems
    }

    fn allowed(&self, rule: &str, owner: &str) -> usize {
        let key = (rule.to_owned(), owner.to_owned());
        self.0.get(&key).copied().unwrap_or(0)
    }

    /// Lowers the allowances of a rule to the current numbers of hits.
    pub(super) fn lower(&mut self, rule: &str, hits: &[Hit]) {
        let counts = count(hits);
        self.0.retain(|(name, owner), allowed| {
            if name == rule {
                *allowed = (*allowed).min(counts.get(owner.as_str()).copied().unwrap_or(0));
            }
            *allowed > 0
        });
    }

    pub(super) fn write(&self) -> Result<(), Failure> {
        Ok(std::fs::write(path(), self.text())?)
    }

    fn text(&self) -> String {
        let mut text = HEADER.to_owned();
        for ((rule, owner), hits) in &self.0 {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{rule} {owner} {hits}");
        }
        text
    }
}

/// Returns the number of hits of each crate.
pub(super) fn count(hits: &[Hit]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for hit in hits {
        *counts.entry(hit.owner.as_str()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(owner: &str, count: usize) -> Vec<Hit> {
        let hit = Hit {
            owner: owner.to_owned(),
            path: "a.rs".to_owned(),
            line: 1,
            problem: "is wrong".to_owned(),
        };
        vec![hit; count]
    }

    #[test]
    fn more_hits_than_allowed_are_a_problem() {
        let allowances = Allowances::parse("# comment\n\nwords core 2\n").unwrap();
        assert!(allowances.exceeded("words", &hits("core", 2)).is_empty());
        assert_eq!(allowances.exceeded("words", &hits("core", 3)).len(), 1 + 3);
        assert_eq!(allowances.exceeded("width", &hits("core", 1)).len(), 1 + 1);
        assert_eq!(allowances.exceeded("words", &hits("exec", 1)).len(), 1 + 1);
    }

    #[test]
    fn allowances_fall_and_never_rise() {
        let mut allowances = Allowances::parse("words core 2\nwords exec 2\nwidth exec 1").unwrap();
        let both = [hits("core", 3), hits("exec", 1)].concat();
        allowances.lower("words", &both);
        let expected = Allowances::parse("words core 2\nwords exec 1\nwidth exec 1").unwrap();
        assert_eq!(allowances, expected);
        assert_eq!(Allowances::parse(&allowances.text()).unwrap(), expected);
        allowances.lower("width", &[]);
        assert_eq!(allowances.allowed("width", "exec"), 0);
        assert!(Allowances::parse("words core").is_err());
    }
}
