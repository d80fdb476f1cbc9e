//! Errors in the description of a program.

use super::shell::Misplaced;
use super::template::TemplateError;

/// The reason why a [`ProgramSpec`](super::ProgramSpec) is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// The command is empty.
    #[error("`run` is empty: write [\"program\", \"argument\", …] or \"program argument …\"")]
    NoProgram,
    /// The command has an unbalanced brace or an empty name.
    #[error("`run`: {0}")]
    Template(#[source] TemplateError),
    /// The command cannot be split into words.
    #[error("`run` cannot be split into words: unclosed quote or trailing backslash: `{line}`")]
    Quotes {
        /// The command.
        line: String,
    },
    /// The first word may be left out, or become several words.
    #[error(
        "`run`: the first word is the program: `{{name?}}`, `{{name*}}` and `{{flags}}` can only \
         stand behind it"
    )]
    ProgramOfWords,
    /// A list of words cannot go through a shell.
    #[error("`run` is a list, but `shell = true` needs a string: write the command as for a shell")]
    ListForShell,
    /// A placeholder of a shell command is in a position where the shell would not use its value
    /// unchanged.
    #[error(
        "column {column} of `run`: `{{{name}}}` stands {place}; with `shell = true` a value can be \
         a word, a part of one, or stand in double quotes; else write `x={{{name}}}` before, and \
         `\"$x\"` here, or give it to a script as an argument"
    )]
    Misplaced {
        /// The name.
        name: String,
        /// The column of its brace, in characters from 1.
        column: usize,
        /// The position, as in "stands …".
        place: String,
    },
    /// A key of the program's setting is not a template.
    #[error("`{key}`: {source}")]
    Setting {
        /// The key.
        key: &'static str,
        /// The reason.
        source: TemplateError,
    },
    /// A variable of the environment cannot have this name.
    #[error("`env`: invalid name of a variable `{name}`: {reason}")]
    Variable {
        /// The name.
        name: String,
        /// The reason.
        reason: &'static str,
    },
    /// A placeholder for several words is not an argument of its own in a shell command.
    #[error(
        "column {column} of `run`: `{{{name}}}` must be an argument of its own without quotes, of \
         another command than `[`, `test` and `env`"
    )]
    NoArgument {
        /// The name with its marks.
        name: String,
        /// The column of its brace, in characters from 1.
        column: usize,
    },
    /// An invalid regular expression.
    #[error("`output`: invalid regular expression `{pattern}`: {reason}")]
    Regex {
        /// The expression.
        pattern: String,
        /// The reason, and the position of the error.
        reason: String,
    },
    /// The path of the file is not a template.
    #[error("`output`: the path of the file: {0}")]
    File(#[source] TemplateError),
    /// The file has no path.
    #[error("`output`: the path of the file is empty")]
    NoFile,
    /// The output of a generator cannot be a file.
    #[error(
        "`output`: a generator cannot put out a file: let it print each item as a line, or use the \
         unit without `mode = \"generator\"`"
    )]
    FileOfGenerator,
    /// The program does not exist, or cannot be executed.
    #[error("{0}")]
    CannotStart(String),
}

impl From<Misplaced> for ProgramError {
    fn from(misplaced: Misplaced) -> Self {
        let Misplaced {
            name,
            column,
            place,
        } = misplaced;
        match place {
            Some(place) => Self::Misplaced {
                name,
                column,
                place,
            },
            None => Self::NoArgument { name, column },
        }
    }
}
