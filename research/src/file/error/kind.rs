//! The errors of a research file, with hints to correct them.

use std::io;

use research_core::{BuildError, ParseWhenError};
use research_domain::DomainError;
use research_exec::program::ProgramError;

/// The kind of an error in a research file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// The file cannot be read.
    #[error("cannot read the research file: {0}")]
    Read(#[from] io::Error),
    /// The text is not valid TOML or JSON.
    #[error("invalid {language}: {message}")]
    Syntax {
        /// TOML or JSON.
        language: &'static str,
        /// The message of the parser.
        message: String,
    },
    /// An unknown key.
    #[error("unknown key `{key}` in {table}")]
    UnknownKey {
        /// The key.
        key: String,
        /// The table.
        table: &'static str,
        /// The most similar key, or all keys.
        hint: String,
    },
    /// An option among the parameters.
    #[error("`{key}` is in [domain], where it is a parameter, but no command uses it")]
    OptionInDomain {
        /// The key.
        key: String,
    },
    /// A missing key.
    #[error("missing `{key}` in {table}")]
    Missing {
        /// The key.
        key: &'static str,
        /// The table.
        table: String,
        /// A hint what to add.
        hint: &'static str,
    },
    /// A value of the wrong type.
    #[error("`{key}`: expected {expected}, found {found}")]
    Type {
        /// The key.
        key: String,
        /// The expected type.
        expected: &'static str,
        /// The type of the value.
        found: &'static str,
    },
    /// A value out of range.
    #[error("invalid `{key}`: {reason}")]
    Range {
        /// The key.
        key: String,
        /// The violated bound.
        reason: String,
    },
    /// An unknown word for a key.
    #[error("unknown value `{value}` of `{key}`")]
    Choice {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// The most similar word, or all words.
        hint: String,
    },
    /// An invalid name.
    #[error("invalid {what} name `{name}`: {reason}")]
    Name {
        /// The name.
        name: String,
        /// The kind of thing that it names.
        what: &'static str,
        /// The violated rule.
        reason: String,
    },
    /// A parameter without values.
    #[error("`{name}` has no values")]
    NoValues {
        /// The parameter.
        name: String,
    },
    /// Invalid values of a parameter.
    #[error("invalid values of `{name}`: {message}")]
    Values {
        /// The parameter.
        name: String,
        /// The error.
        message: String,
    },
    /// An invalid expression.
    #[error("`{key}`: {message}")]
    Expression {
        /// The key.
        key: String,
        /// The syntax error.
        message: String,
        /// A hint.
        hint: Option<String>,
    },
    /// An invalid domain.
    #[error("invalid domain: {0}")]
    Domain(#[source] DomainError),
    /// The file has no units.
    #[error("nothing to run: the file has no [[unit]]")]
    NoUnits,
    /// An invalid program of a unit.
    #[error("unit `{unit}`: {source}")]
    Program {
        /// The unit.
        unit: String,
        /// The error.
        source: ProgramError,
    },
    /// An invalid program that updates the domain.
    #[error("[[update]] {number}: {source}")]
    Update {
        /// The number of the update, from 1.
        number: usize,
        /// The error.
        source: ProgramError,
    },
    /// A command that only a shell understands.
    #[error("unit `{unit}`: only a shell understands `{word}`")]
    ShellSyntax {
        /// The unit.
        unit: String,
        /// The word of the command.
        word: String,
        /// How to write the command.
        hint: String,
    },
    /// A program that does not exist because shells have it as a command of their own.
    #[error("unit `{unit}`: program `{program}` does not exist")]
    NoProgram {
        /// The unit.
        unit: String,
        /// The first word of the command.
        program: String,
        /// How to write the command.
        hint: String,
    },
    /// An invalid regular expression.
    #[error("unit `{unit}`: invalid regular expression `{pattern}`: {reason}")]
    Regex {
        /// The unit.
        unit: String,
        /// The expression.
        pattern: String,
        /// The error.
        reason: String,
    },
    /// An environment that cannot be recorded.
    #[error("{source}")]
    Env {
        /// The error.
        source: crate::storage::EnvError,
    },
    /// An unknown `{name}` in a command.
    #[error("unit `{unit}`: unknown name `{{{name}}}`")]
    UnknownName {
        /// The unit.
        unit: String,
        /// The name.
        name: String,
        /// The most similar name, or all names.
        hint: String,
    },
    /// A `{name}` of a parameter that not all configs have.
    #[error("unit `{unit}`: `{{{name}}}`: the configs of `{part}` have no `{parameter}`")]
    MissingParameter {
        /// The unit.
        unit: String,
        /// The name.
        name: String,
        /// The parameter.
        parameter: String,
        /// A part of the domain without it.
        part: String,
    },
    /// The output of a unit that has not run yet.
    #[error("unit `{unit}`: unit `{other}` has no output when `{unit}` first runs")]
    LaterUnit {
        /// The unit.
        unit: String,
        /// The unit whose output it uses.
        other: String,
    },
    /// A `{name}` that is both built-in and a parameter.
    #[error("unit `{unit}`: `{{{name}}}` is a built-in name, not the parameter `{name}`")]
    HiddenName {
        /// The unit.
        unit: String,
        /// The name.
        name: String,
    },
    /// All flags where one word is needed.
    #[error("unit `{unit}`: `{{flags}}` stands for several words, but is not a word of its own")]
    Flags {
        /// The unit.
        unit: String,
    },
    /// An output that cannot be saved in this way.
    #[error("unit `{unit}`: {reason}")]
    Output {
        /// The unit.
        unit: String,
        /// The contradiction.
        reason: String,
        /// A hint.
        hint: String,
    },
    /// Experiments that run at the same time write the same file.
    #[error("unit `{unit}`: experiments that run at the same time write the same file `{path}`")]
    SharedOutput {
        /// The unit.
        unit: String,
        /// The path.
        path: String,
    },
    /// An output that is saved in two ways.
    #[error("unit `{unit}` has both `save_to` and `save_output_dict`")]
    SavedTwice {
        /// The unit.
        unit: String,
    },
    /// An invalid `when`.
    #[error(transparent)]
    When(#[from] ParseWhenError),
    /// An invalid setting, `KEY=VALUE`.
    #[error("invalid setting `{text}`: {reason}")]
    Set {
        /// The setting.
        text: String,
        /// The error.
        reason: &'static str,
    },
    /// A setting of an element that a list lacks.
    #[error("unknown key `{key}`: `{list}` is a list of {count}")]
    Index {
        /// The key.
        key: String,
        /// The list.
        list: String,
        /// The number of its elements.
        count: usize,
    },
    /// A setting of one parameter of a domain that is an expression.
    #[error("the parameter `{key}` of the domain cannot be set")]
    Parameter {
        /// The parameter.
        key: String,
        /// The reason, or the most similar name.
        hint: String,
    },
    /// An invalid experiment.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl FileErrorKind {
    /// Returns a hint to correct the error, unless the message contains it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UnknownKey { hint, .. }
            | Self::Parameter { hint, .. }
            | Self::UnknownName { hint, .. }
            | Self::ShellSyntax { hint, .. }
            | Self::NoProgram { hint, .. }
            | Self::Choice { hint, .. } => hint.clone(),
            Self::Missing { hint, .. } => (*hint).to_owned(),
            Self::Index { list, .. } => {
                format!("elements are numbered from 0, such as {list}.0")
            }
            Self::OptionInDomain { key } => format!(
                "move it above the first table header; for a parameter with one value write a \
                 list: {key} = […]"
            ),
            Self::NoValues { .. } => "add a value, or remove the parameter".to_owned(),
            Self::Expression { hint, .. } => return hint.clone(),
            Self::NoUnits => {
                "add one: [[unit]] with name = \"train\" and run = \"python3 train.py --lr {lr}\""
                    .to_owned()
            }
            Self::Output { hint, .. } => hint.clone(),
            Self::SharedOutput { .. } => {
                "add `{id}` to the path, or use a relative path, which is inside the folder of \
                 the experiment; or run one experiment at a time with `workers = 1`"
                    .to_owned()
            }
            Self::Flags { .. } => {
                "write it as an argument of its own in `run`, without quotes; with `shell = true` \
                 of another command than `[`, `test` and `env`"
                    .to_owned()
            }
            Self::MissingParameter {
                name, parameter, ..
            } => format!(
                "add `{parameter}` to these configs, as `{parameter}=[…]`, or write `{{{name}?}}` \
                 to leave it out"
            ),
            Self::LaterUnit { unit, other } if unit == other => {
                "use the output of another unit".to_owned()
            }
            Self::LaterUnit { unit, other } => format!("put unit `{other}` before `{unit}`"),
            Self::HiddenName { name, .. } => format!("rename the parameter `{name}`"),
            Self::SavedTwice { .. } => {
                "`save_to` saves the output under a name, `save_output_dict` each of its keys: \
                 remove one of them"
                    .to_owned()
            }
            Self::Set { .. } => "use KEY=VALUE, such as workers=4 or \
                                 domain.lr=[0.1,0.2]"
                .to_owned(),
            Self::Read(_)
            | Self::Syntax { .. }
            | Self::Type { .. }
            | Self::Range { .. }
            | Self::Name { .. }
            | Self::Values { .. }
            | Self::Regex { .. }
            | Self::Env { .. }
            | Self::Domain(_)
            | Self::Program { .. }
            | Self::Update { .. }
            | Self::When(_)
            | Self::Build(_) => return None,
        })
    }
}
