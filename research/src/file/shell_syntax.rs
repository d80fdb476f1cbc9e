//! Syntax of shells in commands that no shell runs.

/// A part of a command that only a shell understands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ShellSyntax {
    /// The word.
    pub(crate) word: String,
    /// How to write the command instead.
    pub(crate) hint: String,
}

/// Returns the first unquoted operator, variable or home directory of a line. A word in quotes is
/// an argument, whatever is in it.
pub(crate) fn find(line: &str) -> Option<ShellSyntax> {
    let word = unquoted_beginnings(line).find(|word| is_syntax(word))?;
    let hint = format!(
        "set `shell = true`; or, to pass it as an argument, put it in quotes: '{word}'{}",
        match word.contains('|') {
            true => "; with `shell = \"bash\"`, a pipe fails if any of its programs does",
            false => "",
        }
    );
    Some(ShellSyntax { word, hint })
}

/// Returns how to write a command whose program is not found because shells have it as a command of
/// their own.
pub(crate) fn of_program(program: &str) -> Option<String> {
    let assigned = program.split_once('=');
    let is_name = |name: &str| {
        let mut characters = name.chars();
        let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
        characters.next().is_some_and(is_first)
            && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if assigned.is_some_and(|(name, _)| is_name(name)) {
        return Some(format!(
            "write `env {program} …`, or set `shell = true`: only a shell sets variables like this"
        ));
    }
    match program {
        "source" => Some(
            "`source` is a command of bash: set `shell = \"bash\"`; to use a virtual environment, \
             run its program by its path, such as `venv/bin/python`"
                .to_owned(),
        ),
        "cd" | "." | "export" | "unset" | "set" | "eval" | "exec" | "ulimit" | "umask" | "trap"
        | "if" | "for" | "while" | "case" | "{" | "(" => Some(format!(
            "`{program}` is a command of the shell: set `shell = true`"
        )),
        _ => None,
    }
}

/// The unquoted beginnings of words, up to the first quoted character.
fn unquoted_beginnings(line: &str) -> impl Iterator<Item = String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut quote, mut is_cut, mut characters) = (None, false, line.chars());
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None | Some('"'), '\\') => {
                is_cut = true;
                characters.next();
            }
            (None, '"' | '\'') => (quote, is_cut) = (Some(character), true),
            (Some(open), _) if open == character => quote = None,
            (None, blank) if blank.is_whitespace() => {
                words.push(std::mem::take(&mut word));
                is_cut = false;
            }
            (None, _) if !is_cut => word.push(character),
            _ => {}
        }
    }
    words.push(word);
    words.into_iter().filter(|word| !word.is_empty())
}

fn is_syntax(word: &str) -> bool {
    let redirection = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_variable = |(at, _): (usize, &str)| {
        let next = word[at + 1..].chars().next();
        next.is_some_and(|next| next.is_ascii_alphabetic() || "_(".contains(next))
    };
    ["|", "&", ";", "&>"]
        .iter()
        .any(|sign| word.starts_with(sign))
        || [">", "<"].iter().any(|sign| redirection.starts_with(sign))
        || (word.len() > 1 && word.ends_with(';'))
        || word == "~"
        || word.starts_with("~/")
        || word.match_indices('$').any(is_variable)
        || word.contains('`')
}
