//! The rules for code. They are checked on tokens, so they also cover the bodies of macros, and
//! ignore comments.

use std::str::FromStr;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::hit::Hit;
use super::sources::Sources;

/// Crates that may print, exit and name commands of the program.
const PROGRAMS: [&str; 3] = ["research-cli", "xtask", "fuzz"];

/// The findings in the tokens of a file.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// Line numbers and the hard rules that these lines break.
    pub(super) problems: Vec<(usize, String)>,
    /// Line numbers and descriptions of code that only a program may have: it prints, exits, or
    /// names commands of `research`.
    program_code: Vec<(usize, String)>,
    /// The names of modules with their own files that only tests or fuzz targets use.
    pub(super) test_modules: Vec<String>,
}

/// Checks a file. If `is_test`, its code may panic and print.
pub(super) fn check(text: &str, is_test: bool) -> Code {
    let mut code = Code::default();
    match TokenStream::from_str(text) {
        Ok(tokens) => code.walk(tokens, is_test),
        Err(error) => code.problems.push((1, format!("is not Rust: {error}"))),
    }
    code
}

/// The rule `libraries`: libraries neither print, nor exit, nor name commands of the program. Code
/// that runs in a process of the library itself may have to: a comment directly above it that
/// begins with `Exits:` or `Prints:` gives the reason.
pub(super) fn find_program_code(sources: &Sources) -> Vec<Hit> {
    let mut hits = Vec::new();
    let files = sources.rust().filter(|file| file.is_in_src());
    for file in files.filter(|file| !PROGRAMS.contains(&file.owner.as_str())) {
        let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
        let found = file.code().program_code.iter();
        let without_reason = found.filter(|(line, _)| !has_reason(&lines[..line - 1]));
        hits.extend(without_reason.map(|(line, problem)| Hit::new(file, *line, problem)));
    }
    hits
}

/// Whether the comment at the end of these lines gives the reason for the code after it.
fn has_reason(lines: &[&str]) -> bool {
    let comment = lines
        .iter()
        .rev()
        .map_while(|line| line.strip_prefix("// "));
    let first = comment.last().unwrap_or_default();
    let reasons = ["Exits: ", "Prints: "];
    reasons.iter().any(|reason| first.starts_with(reason))
}

impl Code {
    fn walk(&mut self, tokens: TokenStream, is_test: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut position = 0;
        // The end of the last item that only tests use.
        let mut test_until = 0;
        // The end of the last item that ends its process, which needs an allowance with a reason.
        let mut exit_until = 0;
        while position < tokens.len() {
            let rest = &tokens[position..];
            let in_test = is_test || position < test_until;
            if let Some((attribute, length)) = attribute(rest) {
                self.check_attribute(attribute);
                if is_for_tests(attribute.stream()) {
                    let (end, module) = item(&tokens, position + length);
                    test_until = test_until.max(if length > 2 { tokens.len() } else { end });
                    self.test_modules.extend(module);
                }
                if allows_exit(attribute.stream()) {
                    exit_until = exit_until.max(item(&tokens, position + length).0);
                }
                position += length;
                continue;
            }
            self.check_tokens(rest, in_test);
            let may_exit = position < exit_until;
            if !in_test && !may_exit {
                self.check_program_code(rest);
            }
            if let TokenTree::Group(group) = &rest[0] {
                let found = self.program_code.len();
                self.walk(group.stream(), in_test);
                if may_exit {
                    self.program_code.truncate(found);
                }
            }
            position += 1;
        }
    }

    /// Requires a reason for every allowance and every ignored test.
    fn check_attribute(&mut self, attribute: &Group) {
        let line = attribute.span_open().start().line;
        let tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
        for (name, arguments) in tokens.iter().zip(tokens.iter().skip(1)) {
            let TokenTree::Group(arguments) = arguments else {
                continue;
            };
            let has_reason = arguments.stream().into_iter().any(|it| is(&it, "reason"));
            if (is(name, "allow") || is(name, "expect")) && !has_reason {
                self.report(line, "allows something without a reason");
            }
            if is(name, "cfg_attr") {
                self.check_attribute(arguments);
            }
        }
        if tokens.len() == 1 && is(&tokens[0], "ignore") {
            self.report(line, "ignores a test without a reason");
        }
    }

    /// Finds code outside tests that may panic, and unfinished code.
    fn check_tokens(&mut self, tokens: &[TokenTree], in_test: bool) {
        let line = tokens[0].span().start().line;
        if let [TokenTree::Ident(name), TokenTree::Punct(mark), ..] = tokens
            && mark.as_char() == '!'
            && ["todo", "unimplemented", "dbg"]
                .iter()
                .any(|open| name == open)
        {
            self.report(line, "leaves something open");
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
            self.report(
                line,
                "unwraps: return an error, or say in `expect` why it cannot fail",
            );
        }
        let is_expect = method == "expect" || method == "expect_err";
        if is_expect && !rest.first().is_some_and(gives_a_reason) {
            self.report(line, "expects without saying in words why it cannot fail");
        }
    }

    /// Finds code that libraries must not have: it prints, exits, or names commands of the program.
    fn check_program_code(&mut self, tokens: &[TokenTree]) {
        let line = tokens[0].span().start().line;
        let problem = match tokens {
            [TokenTree::Ident(name), TokenTree::Punct(mark), ..]
                if mark.as_char() == '!'
                    && ["print", "println", "eprint", "eprintln"]
                        .iter()
                        .any(|it| name == it) =>
            {
                "prints"
            }
            [process, TokenTree::Punct(_), TokenTree::Punct(_), exit, ..]
                if is(process, "process") && is(exit, "exit") =>
            {
                "exits"
            }
            [TokenTree::Literal(literal), ..] if names_a_command(&literal.to_string()) => {
                "names a command of the program"
            }
            _ => return,
        };
        self.program_code.push((line, problem.to_owned()));
    }

    fn report(&mut self, line: usize, problem: &str) {
        self.problems.push((line, problem.to_owned()));
    }
}

/// Whether a string contains `research COMMAND` in backticks.
fn names_a_command(literal: &str) -> bool {
    let mut parts = literal.split("`research ").skip(1);
    parts.any(|rest| rest.starts_with(|letter: char| letter.is_ascii_lowercase()))
}

pub(super) fn is(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == name)
}

pub(super) fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

/// Returns the attribute at the beginning of `tokens` and its number of tokens: two for an outer
/// attribute, three for an inner one.
pub(super) fn attribute(tokens: &[TokenTree]) -> Option<(&Group, usize)> {
    match tokens {
        [hash, TokenTree::Group(group), ..] if is_mark(hash, '#') => Some((group, 2)),
        [hash, inner, TokenTree::Group(group), ..] if is_mark(hash, '#') && is_mark(inner, '!') => {
            Some((group, 3))
        }
        _ => None,
    }
    .filter(|(group, _)| group.delimiter() == Delimiter::Bracket)
}

/// Whether an attribute is `allow(clippy::exit, …)`: its item may end the process and print the
/// reason.
fn allows_exit(attribute: TokenStream) -> bool {
    let text = attribute.to_string().replace(' ', "");
    text.starts_with("allow(clippy::exit,")
}

/// Whether an item with this attribute exists only in tests or fuzz targets.
pub(super) fn is_for_tests(attribute: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = attribute.into_iter().collect();
    match tokens.as_slice() {
        [test] => is(test, "test"),
        [cfg, TokenTree::Group(condition)] if is(cfg, "cfg") => needs_test(condition.stream()),
        _ => false,
    }
}

/// Whether a condition holds only in tests or fuzz targets: `test` or `fuzzing`, one part of `all`,
/// or each part of `any`.
fn needs_test(condition: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = condition.into_iter().collect();
    let [word, rest @ ..] = tokens.as_slice() else {
        return false;
    };
    let parts = |group: &Group| {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        let parts = tokens.split(|token| is_mark(token, ','));
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

/// Returns the end of the item that begins at `start`, and its name if it is a module in its own
/// file.
pub(super) fn item(tokens: &[TokenTree], start: usize) -> (usize, Option<String>) {
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

/// Whether the argument of `expect` has more than one word. An argument that is not a string
/// belongs to a method of another type.
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
        let findings = check(text, false);
        findings.problems.iter().map(|(line, _)| *line).collect()
    }

    #[test]
    fn what_ends_a_process_says_so_in_an_allowance() {
        let exit =
            "fn f() -> ! { eprintln!(\"so\"); std::process::exit(1) }\nfn g() { println!() }";
        assert_eq!(check(exit, false).program_code.len(), 3);
        let allowed = format!("#[allow(clippy::exit, reason = \"so\")]\n{exit}");
        assert_eq!(check(&allowed, false).program_code.len(), 1);
    }

    #[test]
    fn exits_and_prints_need_a_reason_directly_above() {
        let found = |before: &str| {
            let text = format!("fn f() {{\n    {before}\n    println!();\n}}");
            let hits = find_program_code(&Sources::of_files([("a/src/lib.rs", text.as_str())]));
            hits.len()
        };
        assert_eq!(found("let x = 1;"), 1);
        assert_eq!(found("// Prints: the child has no other output."), 0);
        assert_eq!(found("// Exits: the child must\n    // not return."), 0);
        assert_eq!(found("// The child prints: it has no other output."), 1);
        assert_eq!(
            found("// A reason.\n    // Prints: not at the beginning."),
            1
        );
        assert_eq!(found("// Prints: for this statement.\n    let x = 1;"), 1);
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
        assert!(check("fn f() { x.unwrap() }", true).problems.is_empty());
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
    fn program_code_is_found_outside_tests() {
        let found = |text: &str| check(text, false).program_code.len();
        assert_eq!(
            found("fn f() { eprintln!(\"x\"); std::process::exit(1) }"),
            2
        );
        assert_eq!(found("const A: &str = \"run `research resume x`\";"), 1);
        assert_eq!(
            found("/// `research run`\nconst A: &str = \"`research`\";"),
            0
        );
        assert_eq!(
            found("#[cfg(test)]\nmod tests { fn f() { println!() } }"),
            0
        );
    }

    #[test]
    fn modules_of_tests_are_known() {
        let text = "#[cfg(test)]\nmod simulation;\n#[cfg(fuzzing)]\npub mod fuzzing;\nmod other;";
        assert_eq!(check(text, false).test_modules, ["simulation", "fuzzing"]);
    }
}
