//! Which arguments of commands a shell, or another shell that they start, evaluates once more.

use super::word::Word;

/// Builtins of dash and bash that take arguments for code, for names of variables, whose subscripts
/// are code in bash, or for other commands.
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

/// Programs that hand their arguments to a shell.
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

/// Words after which values may be evaluated anywhere in the command: variables can get the
/// attribute of numbers, and commands other meanings.
const REDEFINING: [&str; 5] = ["alias", "declare", "integer", "local -i", "typeset"];

/// The word of a command's text because of which no place in it is safe.
pub(super) fn redefines(text: &str) -> Option<&'static str> {
    REDEFINING.into_iter().find(|word| text.contains(word))
}

/// Whether a command of this name evaluates its arguments.
pub(super) fn evaluates_arguments(name: &[u8]) -> bool {
    let others = ["export", "local", "printf", "readonly", "test", "["];
    let mut names = EVALUATING.iter().chain(&others);
    names.any(|builtin| builtin.as_bytes() == name)
}

/// The place of a placeholder in `sh -c SCRIPT`.
pub(super) const SCRIPT: &str = "in the script of another shell";

/// What has been seen of a simple command.
#[derive(Debug, Default)]
pub(super) struct Simple {
    /// Its name, where it is written out; an empty one stands for a name that is not.
    name: Option<String>,
    /// How many arguments have been seen.
    arguments: usize,
    /// The last argument, where it is written out.
    previous: Option<String>,
    has_options: bool,
    shell: Shell,
}

/// How much of `sh -c SCRIPT` has been seen, anywhere in the command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shell {
    #[default]
    None,
    Named,
    /// The next word that is no option is a script.
    Script,
    /// All else are arguments of the script.
    Arguments,
}

impl Simple {
    /// Whether the command's name has been seen.
    pub(super) fn has_name(&self) -> bool {
        self.name.is_some()
    }

    /// Takes the command's name; returns why it cannot have placeholders like this.
    pub(super) fn name(&mut self, word: &Word) -> Option<String> {
        self.name = Some(word.literal.clone().unwrap_or_default());
        self.see_shell(word);
        (word.has_value && !word.is_one_value() && !word.has_slash)
            .then(|| "in a part of a command's name".to_owned())
    }

    /// Whether the command is another shell, or starts one.
    pub(super) fn runs_shell(&self) -> bool {
        self.shell != Shell::None
    }

    /// Takes an argument; returns why it cannot have placeholders.
    pub(super) fn argument(&mut self, word: &Word) -> Option<String> {
        let reason = match word.has_value {
            true => self.refusal(word),
            false => None,
        };
        self.see_shell(word);
        self.has_options |= word.prefix.starts_with(['-', '+']);
        self.arguments += 1;
        self.previous.clone_from(&word.literal);
        reason
    }

    fn refusal(&self, word: &Word) -> Option<String> {
        let name = self.name.as_deref().unwrap_or_default();
        let program = name.rsplit('/').next().unwrap_or(name);
        let is_evaluated = match name {
            _ if EVALUATING.contains(&name) || REMOTE.contains(&program) => true,
            "test" | "[" => {
                let is_variable = |previous: &str| ["-v", "-R"].contains(&previous);
                self.arguments > 0 && self.previous.as_deref().is_none_or(is_variable)
            }
            "printf" => {
                let is_first = self.arguments == 0 && word.starts_with_value();
                is_first || self.previous.as_deref() == Some("-v")
            }
            "env" => {
                let splits = |text: &str| text.starts_with("-S") || text.starts_with("--split");
                splits(&word.prefix) || self.previous.as_deref().is_some_and(splits)
            }
            "export" | "readonly" | "local" => self.has_options || !word.is_assignment(),
            _ => false,
        };
        if is_evaluated {
            return Some(format!("in an argument of `{name}`, which evaluates it"));
        }
        let is_script = match self.shell {
            Shell::Script => true,
            // It may be `-c`.
            Shell::Named => word.starts_with_value() && !word.has_slash,
            Shell::None | Shell::Arguments => false,
        };
        is_script.then(|| SCRIPT.to_owned())
    }

    fn see_shell(&mut self, word: &Word) {
        let Some(text) = &word.literal else {
            if self.shell != Shell::None {
                self.shell = Shell::Arguments;
            }
            return;
        };
        let is_option = text.starts_with(['-', '+']);
        if self.runs_shell() && !is_option && self.expects_argument_of_option() {
            return;
        }
        self.shell = match self.shell {
            Shell::None => {
                let program = text.rsplit('/').next().unwrap_or(text);
                match SHELLS.contains(&program) {
                    true => Shell::Named,
                    false => Shell::None,
                }
            }
            Shell::Named if is_option && !text.starts_with("--") && text.contains('c') => {
                Shell::Script
            }
            shell if is_option => shell,
            // `busybox sh`, `env sh bash`: the last one counts.
            Shell::Named if SHELLS.contains(&text.as_str()) => Shell::Named,
            _ => Shell::Arguments,
        };
    }
}

impl Simple {
    /// Whether the last word was an option of a shell that takes the next word.
    fn expects_argument_of_option(&self) -> bool {
        let Some(option) = &self.previous else {
            return false;
        };
        ["--rcfile", "--init-file"].contains(&option.as_str())
            || option.starts_with(['-', '+'])
                && !option.starts_with("--")
                && option.contains(['o', 'O'])
    }
}

/// Why a placeholder cannot stand in the value of this variable.
pub(super) fn refuses_assignment(word: &Word) -> Option<String> {
    let variable = word
        .prefix
        .split(['=', '+', '['])
        .next()
        .unwrap_or_default();
    let is_evaluated = word.has_value && EVALUATED_VARIABLES.contains(&variable);
    is_evaluated.then(|| format!("in the value of `{variable}`, which shells evaluate"))
}
