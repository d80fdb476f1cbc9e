//! Rules for the arguments of commands that a shell, or another shell that they start, evaluates
//! again.

use super::word::Word;

/// Builtins of dash and bash whose arguments are code, names of variables (whose subscripts are
/// code in bash), or other commands.
const EVALUATING: [&str; 24] = [
    "alias",
    "bind",
    "builtin",
    "command",
    "compgen",
    "complete",
    "coproc",
    "declare",
    "enable",
    "eval",
    "fc",
    "getopts",
    "jobs",
    "let",
    "mapfile",
    "read",
    "readarray",
    "trap",
    "typeset",
    "unalias",
    "unset",
    "wait",
    "[[",
    "function",
];

/// Programs that pass their arguments to a shell.
const REMOTE: [&str; 4] = ["parallel", "ssh", "su", "watch"];

const SHELLS: [&str; 8] = ["ash", "bash", "busybox", "dash", "ksh", "mksh", "sh", "zsh"];

/// Variables whose values bash evaluates, some as numbers, some as commands.
const EVALUATED_VARIABLES: [&str; 14] = [
    "BASH_ENV",
    "BASHPID",
    "ENV",
    "EPOCHSECONDS",
    "HISTCMD",
    "LINENO",
    "OPTIND",
    "PROMPT_COMMAND",
    "PS0",
    "PS1",
    "PS2",
    "PS4",
    "RANDOM",
    "SECONDS",
];

/// Words because of which values may be evaluated anywhere in the command: variables can get the
/// integer attribute, and commands other meanings.
const REDEFINING: [&str; 5] = ["alias", "declare", "integer", "local -i", "typeset"];

/// Returns the word in the text of a command because of which no position in it is safe, if any.
pub(super) fn redefines(text: &str) -> Option<&'static str> {
    REDEFINING.into_iter().find(|word| text.contains(word))
}

/// Returns whether a command of this name evaluates its arguments.
pub(super) fn evaluates_arguments(name: &[u8]) -> bool {
    let others = ["export", "local", "printf", "readonly", "test", "["];
    let mut names = EVALUATING.iter().chain(&others);
    names.any(|builtin| builtin.as_bytes() == name)
}

/// The position of a placeholder in `sh -c SCRIPT`.
pub(super) const SCRIPT: &str = "in the script of another shell";

/// The state of the scan of a simple command.
#[derive(Debug, Default)]
pub(super) struct Simple {
    /// The name of the command; empty if it is not a literal, `None` before it.
    name: Option<String>,
    hides_name: bool,
    /// The number of arguments so far that cannot vanish.
    arguments: usize,
    /// The candidates for the last argument: the last one that cannot vanish, and all later ones;
    /// `None` for one that is not a literal.
    previous: Vec<Option<String>>,
    has_options: bool,
    shell: Shell,
}

/// The part of `sh -c SCRIPT` that the scan has found, anywhere in the command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shell {
    #[default]
    None,
    /// The last word is an expansion, which may name a shell.
    Possible,
    Named,
    /// The next word that is not an option is a script.
    Script,
    /// All other words are arguments of the script.
    Arguments,
}

impl Simple {
    /// Returns whether the scan has passed the name of the command.
    pub(super) fn has_name(&self) -> bool {
        self.name.is_some()
    }

    /// Takes the name of the command; returns the reason why its placeholders are refused, if any.
    pub(super) fn name(&mut self, word: &Word) -> Option<String> {
        self.name = Some(word.literal.clone().unwrap_or_default());
        self.hides_name = word.hides_command();
        self.see_shell(word);
        (word.has_value && !word.is_one_value() && !word.has_slash)
            .then(|| "in a part of a command's name".to_owned())
    }

    /// Returns whether the command is another shell, or starts one.
    pub(super) fn runs_shell(&self) -> bool {
        !matches!(self.shell, Shell::None | Shell::Possible)
    }

    /// Returns whether an argument can be any number of values, because the command evaluates none
    /// of them in any position.
    pub(super) fn takes_any_number_of_values(&self) -> bool {
        !["[", "env", "test"].contains(&self.name.as_deref().unwrap_or_default())
    }

    /// Takes an argument; returns the reason why its placeholders are refused, if any.
    pub(super) fn argument(&mut self, word: &Word) -> Option<String> {
        let reason = match word.has_value {
            true => self.refusal(word),
            false => None,
        };
        self.see_shell(word);
        self.has_options |= word.prefix.starts_with(['-', '+', '\0']);
        if !word.may_vanish() {
            self.arguments += 1;
            self.previous.clear();
        }
        self.previous.push(word.literal.clone());
        reason
    }

    /// Returns whether `is_such` holds for a candidate for the last argument.
    fn previous_may(&self, is_such: impl Fn(&str) -> bool) -> bool {
        self.previous.iter().flatten().any(|text| is_such(text))
    }

    fn refusal(&self, word: &Word) -> Option<String> {
        if self.hides_name {
            // The name may be `eval`, or a shell.
            return Some("in an argument of a command whose name is an expansion".to_owned());
        }
        let name = self.name.as_deref().unwrap_or_default();
        let program = name.rsplit('/').next().unwrap_or(name);
        let is_evaluated = match name {
            _ if EVALUATING.contains(&name) || REMOTE.contains(&program) => true,
            "test" | "[" => {
                let is_variable = |previous: &str| ["-v", "-R"].contains(&previous);
                self.previous.iter().any(Option::is_none) || self.previous_may(is_variable)
            }
            "printf" => {
                let is_first = self.arguments == 0 && word.starts_with_value();
                is_first || self.previous_may(|text| text == "-v")
            }
            "env" => {
                let splits = |text: &str| text.starts_with("-S") || text.starts_with("--split");
                splits(&word.prefix) || self.previous_may(splits)
            }
            "export" | "readonly" | "local" => self.has_options || !word.is_assignment(),
            _ => false,
        };
        if is_evaluated {
            return Some(format!("in an argument of `{name}`, which evaluates it"));
        }
        let is_script = match self.shell {
            Shell::Script => true,
            // The value may be `-c`.
            Shell::Named => word.starts_with_value() && !word.has_slash,
            Shell::None | Shell::Possible | Shell::Arguments => false,
        };
        is_script.then(|| SCRIPT.to_owned())
    }

    fn see_shell(&mut self, word: &Word) {
        let Some(text) = &word.literal else {
            self.shell = self.shell_after_expansion(word);
            return;
        };
        let is_option = text.starts_with(['-', '+']);
        if self.runs_shell() && !is_option && self.expects_argument_of_option() {
            return;
        }
        self.shell = match self.shell {
            Shell::None | Shell::Possible if !is_option => {
                let program = text.rsplit('/').next().unwrap_or(text);
                match SHELLS.contains(&program) {
                    true => Shell::Named,
                    false => Shell::None,
                }
            }
            Shell::Named | Shell::Possible
                if is_option && !text.starts_with("--") && text.contains('c') =>
            {
                Shell::Script
            }
            shell if is_option => shell,
            // In `busybox sh` and `env sh bash` the last shell counts.
            Shell::Named if SHELLS.contains(&text.as_str()) => Shell::Named,
            _ => Shell::Arguments,
        };
    }

    /// Returns the state after a word that is not a literal.
    fn shell_after_expansion(&self, word: &Word) -> Shell {
        let is_option = word.prefix.starts_with(['-', '+']);
        let names_shell = word.program().is_some_and(|name| SHELLS.contains(&name));
        match self.shell {
            Shell::None | Shell::Possible if names_shell => Shell::Named,
            // The word may name a shell, as `${y}` and `${y}sh` do.
            Shell::None | Shell::Possible if !word.has_value && !is_option => {
                match word.program() {
                    None => Shell::Possible,
                    Some(_) => Shell::None,
                }
            }
            // The word may be empty or an option: the next one decides.
            Shell::Named if !word.has_value && word.program().is_none() => Shell::Named,
            Shell::Script if word.may_vanish() => Shell::Script,
            Shell::None | Shell::Possible => self.shell,
            _ => Shell::Arguments,
        }
    }
}

impl Simple {
    /// Returns whether the last word was an option of a shell that takes the next word.
    fn expects_argument_of_option(&self) -> bool {
        self.previous_may(|option| {
            ["--rcfile", "--init-file"].contains(&option)
                || option.starts_with(['-', '+'])
                    && !option.starts_with("--")
                    && option.contains(['o', 'O'])
        })
    }
}

/// Returns the reason why a placeholder is refused in the value of this variable, if any.
pub(super) fn refuses_assignment(word: &Word) -> Option<String> {
    let variable = word
        .prefix
        .split(['=', '+', '['])
        .next()
        .unwrap_or_default();
    let is_evaluated = word.has_value && EVALUATED_VARIABLES.contains(&variable);
    is_evaluated.then(|| format!("in the value of `{variable}`, which shells evaluate"))
}
