//! A checked command, which is built for each experiment.

use std::os::unix::ffi::OsStrExt;

use research_core::Context;
use research_core::units::Input;
use research_process::Launch;

use super::environment;
use super::failure::{Failure, shorten};
use super::names::{self, RenderError, UnknownName};
use super::output::Parser;
use super::preview::KnownBefore;
use super::shell::{Misplaced, ShellCommand};
use super::spec::{ProgramSpec, Run};
use super::stdout::LIMIT;
use super::template::{Part, Template, TemplateError};

/// A program with its arguments and the way its output is read: a [`ProgramSpec`] that was
/// checked.
#[derive(Clone, Debug)]
pub struct ProgramCommand {
    invocation: Invocation,
    pub(super) parser: Parser,
    /// The most that is kept of an output.
    pub(super) output_limit: usize,
}

#[derive(Clone, Debug)]
enum Invocation {
    Words(Vec<Template>),
    Shell {
        command: ShellCommand,
        label: String,
    },
}

/// A [`ProgramSpec`] that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// There is nothing to run.
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
    /// A list of words cannot go through a shell.
    #[error("`run` is a list, but `shell = true` needs a string: write the command as for a shell")]
    ListForShell,
    /// A placeholder of a shell command stands where the shell does not take its value as it is.
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
        /// The place, as in "stands …".
        place: String,
    },
    /// An invalid regular expression.
    #[error("`output`: invalid regular expression `{pattern}`: {reason}")]
    Regex {
        /// The expression.
        pattern: String,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// The file's path is not a template.
    #[error("`output`: the path of the file: {0}")]
    File(#[source] TemplateError),
    /// The file has no path.
    #[error("`output`: the path of the file is empty")]
    NoFile,
    /// A generator cannot put out files.
    #[error(
        "`output`: a generator cannot put out a file: let it print each item as a line, or use the \
         unit without `mode = \"generator\"`"
    )]
    FileOfGenerator,
    /// The program is not there, or cannot be executed.
    #[error("{0}")]
    CannotStart(String),
}

impl ProgramCommand {
    /// Checks a description and prepares what does not depend on the experiment.
    ///
    /// # Errors
    /// A command or an output that cannot be.
    pub fn new(spec: &ProgramSpec) -> Result<Self, ProgramError> {
        Ok(Self {
            invocation: Invocation::new(&spec.run, spec.shell)?,
            parser: Parser::new(&spec.output)?,
            output_limit: LIMIT,
        })
    }

    /// Sets how many bytes its output may take, or each line where only lines are kept: 1 GiB, if
    /// not set. What is longer is an error of the unit.
    #[must_use]
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.output_limit = bytes;
        self
    }

    /// The names that it refers to, in order, each as often as it stands there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let templates = self.invocation.templates().iter().chain(self.parser.file());
        templates.flat_map(Template::names)
    }

    /// What it reads of an experiment: for the inputs of its unit.
    pub(super) fn inputs(&self) -> Vec<Input> {
        let templates = self.invocation.templates().iter().chain(self.parser.file());
        let mut inputs: Vec<Input> = self.names().filter_map(names::input).collect();
        inputs.extend(templates.filter_map(Template::variable_of_experiment));
        if self.parser.file().is_some_and(Template::is_relative) {
            let what = "the experiment's folder, in which its `output` is a file";
            inputs.push(Input::Experiment(what.to_owned()));
        }
        inputs
    }

    /// The units whose outputs it reads, where the config has these keys and the experiment these
    /// units: to be called when a research is described, so that a wrong name is found then.
    ///
    /// # Errors
    /// A name that nothing has, with the nearest one.
    pub fn units_read(&self, keys: &[&str], units: &[&str]) -> Result<Vec<&str>, UnknownName> {
        let mut read = Vec::new();
        for name in self.names() {
            if let Some(unit) = names::unit_of(name, keys, units)?
                && !read.contains(&unit)
            {
                read.push(unit);
            }
        }
        Ok(read)
    }

    /// The name of the program, where it is the same for every experiment.
    pub fn program(&self) -> Option<&str> {
        match &self.invocation {
            Invocation::Words(words) => match words.first()?.parts() {
                [Part::Text(program)] => Some(program),
                _ => None,
            },
            Invocation::Shell { .. } => None,
        }
    }

    /// Checks that the program is there and can be executed, as far as its name is known before
    /// there is an experiment.
    ///
    /// # Errors
    /// It is not there, or cannot be executed.
    pub fn check_program(&self) -> Result<(), ProgramError> {
        let Some(program) = self.program() else {
            return Ok(());
        };
        let label = shorten(program.as_bytes());
        Launch::new(vec![program.into()], Vec::new())
            .and_then(|launch| launch.check())
            .map_err(Failure::start(&label))
            .map_err(|failure| ProgramError::CannotStart(failure.to_string()))
    }

    /// The command as a user would type it for a config, before there is an experiment. Names that
    /// mean nothing yet, such as outputs of units, stay between their braces.
    pub fn preview(&self, known: &KnownBefore) -> String {
        match &self.invocation {
            Invocation::Words(templates) => {
                let words: Vec<String> = templates
                    .iter()
                    .map(|template| known.word(template))
                    .collect();
                words.join(" ")
            }
            Invocation::Shell { command, .. } => command.preview(|name| known.value(name)),
        }
    }

    /// The name of the program in messages, and the command for an experiment.
    pub(super) fn launch(&self, context: &Context) -> Result<(String, Launch), Failure> {
        let mut words = Vec::new();
        let label = match &self.invocation {
            Invocation::Words(templates) => {
                for template in templates {
                    words.push(template.render(context).map_err(Failure::Render)?);
                }
                shorten(
                    words
                        .first()
                        .map(|word| word.as_bytes())
                        .unwrap_or_default(),
                )
            }
            Invocation::Shell { command, label } => {
                words = command.words(context).map_err(Failure::Render)?;
                label.clone()
            }
        };
        let environment = environment::of(context)
            .map_err(|error| Failure::Render(RenderError::Folder(error)))?;
        let launch = Launch::new(words, environment).map_err(Failure::start(&label))?;
        Ok((label, launch.marked(context.mark())))
    }
}

impl Invocation {
    fn new(run: &Run, through_shell: bool) -> Result<Self, ProgramError> {
        let parse = |text: &String| Template::parse(text).map_err(ProgramError::Template);
        match (run, through_shell) {
            (Run::List(_), true) => Err(ProgramError::ListForShell),
            (Run::List(words), false) => Self::words(words),
            (Run::Line(line), true) => {
                let command = parse(line)?;
                if line.trim().is_empty() {
                    return Err(ProgramError::NoProgram);
                }
                let command = ShellCommand::new(command)?;
                let label = super::failure::shorten(line.trim().as_bytes());
                Ok(Self::Shell { command, label })
            }
            (Run::Line(line), false) => {
                // First as a whole, so that a mistake's column is that of the line.
                parse(line)?;
                let words = shlex::split(line);
                Self::words(&words.ok_or_else(|| ProgramError::Quotes { line: line.clone() })?)
            }
        }
    }

    fn words(words: &[String]) -> Result<Self, ProgramError> {
        let words: Result<Vec<_>, _> = words.iter().map(|word| Template::parse(word)).collect();
        let words = words.map_err(ProgramError::Template)?;
        match words.first() {
            Some(program) if !program.is_empty() => Ok(Self::Words(words)),
            _ => Err(ProgramError::NoProgram),
        }
    }

    fn templates(&self) -> &[Template] {
        match self {
            Self::Words(templates) => templates,
            Self::Shell { command, .. } => std::slice::from_ref(command.template()),
        }
    }
}

impl From<Misplaced> for ProgramError {
    fn from(misplaced: Misplaced) -> Self {
        let Misplaced {
            name,
            column,
            place,
        } = misplaced;
        Self::Misplaced {
            name,
            column,
            place,
        }
    }
}
