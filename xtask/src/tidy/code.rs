//! House rules of code, which is looked at as tokens: what stands in comments and texts is not code,
//! and what macros are made of is.

use std::str::FromStr;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// What is wrong with a file, and which of its modules exist in tests alone.
#[derive(Default)]
pub(super) struct Findings {
    /// Lines with what is wrong there.
    pub(super) problems: Vec<(usize, String)>,
    /// Names of modules in files of their own that only tests (or fuzz targets) have.
    pub(super) test_modules: Vec<String>,
}

/// Looks at a file; in one that `is_test` anything may panic.
pub(super) fn look_at(text: &str, is_test: bool) -> Findings {
    let mut findings = Findings::default();
    match TokenStream::from_str(text) {
        Ok(tokens) => findings.walk(tokens, is_test),
        Err(error) => findings.problems.push((1, format!("is not Rust: {error}"))),
    }
    findings
}

impl Findings {
    fn walk(&mut self, tokens: TokenStream, is_test: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut position = 0;
        // Where what only tests have ends.
        let mut test_until = 0;
        while position < tokens.len() {
            let rest = &tokens[position..];
            let in_test = is_test || position < test_until;
            if let Some((attribute, length)) = attribute(rest) {
                self.judge_attribute(attribute);
                if is_for_tests(attribute.stream()) {
                    let (end, module) = item(&tokens, position + length);
                    test_until = test_until.max(if length > 2 { tokens.len() } else { end });
                    self.test_modules.extend(module);
                }
                position += length;
                continue;
            }
            self.judge(rest, in_test);
            if let TokenTree::Group(group) = &rest[0] {
                self.walk(group.stream(), in_test);
            }
            position += 1;
        }
    }

    /// Every allowance has its reason, and so has a test that is not run.
    fn judge_attribute(&mut self, attribute: &Group) {
        let line = attribute.span_open().start().line;
        let tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
        for (name, arguments) in tokens.iter().zip(tokens.iter().skip(1)) {
            let TokenTree::Group(arguments) = arguments else {
                continue;
            };
            let has_reason = arguments.stream().into_iter().any(|it| is(&it, "reason"));
            if (is(name, "allow") || is(name, "expect")) && !has_reason {
                self.say(line, "allows something without a reason");
            }
            if is(name, "cfg_attr") {
                self.judge_attribute(arguments);
            }
        }
        if tokens.len() == 1 && is(&tokens[0], "ignore") {
            self.say(line, "leaves out a test without a reason");
        }
    }

    fn judge(&mut self, tokens: &[TokenTree], in_test: bool) {
        let line = tokens[0].span().start().line;
        if let [TokenTree::Ident(name), TokenTree::Punct(mark), ..] = tokens
            && mark.as_char() == '!'
            && ["todo", "unimplemented", "dbg"]
                .iter()
                .any(|open| name == open)
        {
            self.say(line, "leaves something open");
        }
        let [
            TokenTree::Punct(before),
            TokenTree::Ident(method),
            rest @ ..,
        ] = tokens
        else {
            return;
        };
        if in_test || !['.', ':'].contains(&before.as_char()) {
            return;
        }
        if method == "unwrap" || method == "unwrap_err" {
            self.say(
                line,
                "unwraps: give an error, or say in `expect` why it cannot fail",
            );
        }
        let is_expect = method == "expect" || method == "expect_err";
        if is_expect && !rest.first().is_some_and(gives_a_reason) {
            self.say(line, "expects without saying in words why it cannot fail");
        }
    }

    fn say(&mut self, line: usize, problem: &str) {
        self.problems.push((line, problem.to_owned()));
    }
}

fn is(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == name)
}

/// The attribute that tokens begin with, and how many of them it has: two, or three if it is
/// about what it stands in.
fn attribute(tokens: &[TokenTree]) -> Option<(&Group, usize)> {
    let is_mark = |token: &TokenTree, mark| matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark);
    match tokens {
        [hash, TokenTree::Group(group), ..] if is_mark(hash, '#') => Some((group, 2)),
        [hash, inner, TokenTree::Group(group), ..] if is_mark(hash, '#') && is_mark(inner, '!') => {
            Some((group, 3))
        }
        _ => None,
    }
    .filter(|(group, _)| group.delimiter() == Delimiter::Bracket)
}

/// Whether an attribute keeps something for tests and fuzz targets.
fn is_for_tests(attribute: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = attribute.into_iter().collect();
    match tokens.as_slice() {
        [test] => is(test, "test"),
        [cfg, TokenTree::Group(condition)] if is(cfg, "cfg") => needs_test(condition.stream()),
        _ => false,
    }
}

/// Whether a condition holds in tests and fuzz targets alone: `test`, one of `all`, each of `any`.
fn needs_test(condition: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = condition.into_iter().collect();
    let [word, rest @ ..] = tokens.as_slice() else {
        return false;
    };
    let parts = |group: &Group| {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        let parts = tokens
            .split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','));
        let parts = parts.filter(|part| !part.is_empty());
        let needs: Vec<bool> = parts
            .map(|part| needs_test(part.iter().cloned().collect()))
            .collect();
        needs
    };
    match rest {
        [] => is(word, "test") || is(word, "fuzzing"),
        [TokenTree::Group(group)] if is(word, "all") => parts(group).contains(&true),
        [TokenTree::Group(group)] if is(word, "any") => !parts(group).contains(&false),
        _ => false,
    }
}

/// Where the item ends that begins at `start`, and its name if it is a module in a file of its own.
fn item(tokens: &[TokenTree], start: usize) -> (usize, Option<String>) {
    let mut position = start;
    while let Some((_, length)) = attribute(&tokens[position..]) {
        position += length;
    }
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    let length = tokens[position..].iter().position(ends);
    let end = length.map_or(tokens.len(), |length| position + length + 1);
    let module = match &tokens[position..end] {
        [.., keyword, TokenTree::Ident(name), TokenTree::Punct(_)] if is(keyword, "mod") => {
            Some(name.to_string())
        }
        _ => None,
    };
    (end, module)
}

/// Whether the arguments of `expect` are words; what is no text is a method of something else.
fn gives_a_reason(arguments: &TokenTree) -> bool {
    let TokenTree::Group(arguments) = arguments else {
        return false;
    };
    match arguments.stream().into_iter().next() {
        Some(TokenTree::Literal(text)) => {
            let text = text.to_string();
            !text.starts_with('"') || text.trim_matches('"').trim().contains(' ')
        }
        first => first.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let findings = look_at(text, false);
        findings.problems.iter().map(|(line, _)| *line).collect()
    }

    #[test]
    fn unwrapping_is_for_tests() {
        assert_eq!(lines("fn f() {\n x.unwrap();\n x.expect(\"\"); }"), [2, 3]);
        assert_eq!(lines("fn f() { a.map(Option::unwrap) }"), [1]);
        assert_eq!(
            lines("macro_rules! m {\n ($x:expr) => { $x.unwrap() } }"),
            [2]
        );
        assert_eq!(lines("fn f() { g!(\n x.unwrap_err()) }"), [2]);
        for not_only in [
            "not(test)",
            "any(test, unix)",
            "feature = \"test\"",
            "all(unix, not(test))",
        ] {
            let text = format!("#[cfg({not_only})]\nfn f() {{ x.unwrap(); }}");
            assert_eq!(lines(&text), [2], "{not_only}");
        }
        assert_eq!(
            lines("#[cfg(test)]\nmod a { }\nfn f() { x.unwrap(); }"),
            [3]
        );
        for allowed in [
            "// x.unwrap()\n/// x.unwrap()\nfn f() { g(\".unwrap()\") }",
            "fn f() { x.expect(\"there is one\"); x.unwrap_or(1); parser.expect('a') }",
            "#[cfg(test)]\n#[path = \"a\"]\nmod tests { fn f() { x.unwrap(); } }",
            "#[test]\nfn f() -> [u8; 2] { x.unwrap() }",
            "#![cfg(test)]\nfn f() { x.unwrap() }",
            "#[cfg(all(unix, any(test, fuzzing)))]\nfn f() { x.unwrap() }",
        ] {
            assert!(lines(allowed).is_empty(), "{allowed}");
        }
        assert!(look_at("fn f() { x.unwrap() }", true).problems.is_empty());
    }

    #[test]
    fn allowances_and_what_is_left_open_are_found() {
        assert_eq!(lines("\n#[allow(unused)]\nfn f() {}"), [2]);
        assert_eq!(lines("#![expect(unused)]"), [1]);
        assert_eq!(lines("#[cfg_attr(test, allow(unused))]\nfn f() {}"), [1]);
        assert_eq!(lines("#[ignore]\n#[test]\nfn f() {}"), [1]);
        assert_eq!(lines("fn f() {\n todo!() }\nfn g() { dbg!(1); }"), [2, 3]);
        assert!(lines("#[allow(\n unused,\n reason = \"so\"\n)]\nfn f() {}").is_empty());
        assert!(lines("#[ignore = \"so\"]\n#[test]\nfn f() {}").is_empty());
        assert_eq!(lines("fn f( {"), [1]);
    }

    #[test]
    fn modules_of_tests_are_known() {
        let text = "#[cfg(test)]\nmod simulation;\n#[cfg(fuzzing)]\npub mod fuzzing;\nmod other;";
        assert_eq!(look_at(text, false).test_modules, ["simulation", "fuzzing"]);
    }
}
