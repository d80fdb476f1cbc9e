//! A checked command, which is built for each experiment.

use std::os::unix::ffi::OsStrExt;

use research_core::Context;
use research_core::units::Input;
use research_process::Launch;

use super::environment;
use super::failure::{Failure, shorten};
use super::names;
use super::output::Parser;
use super::preview::KnownBefore;
use super::program_error::ProgramError;
use super::render_error::{RenderError, UnknownName};
use super::setting::ProgramSetting;
use super::shell::ShellCommand;
use super::spec::{ProgramSpec, Run};
use super::stdout::LIMIT;
use super::template::{Part, Placeholder, Template};

/// A program with its arguments and the way its output is read: a [`ProgramSpec`] that was
/// checked.
#[derive(Clone, Debug)]
pub struct ProgramCommand {
    invocation: Invocation,
    setting: ProgramSetting,
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

impl ProgramCommand {
    /// Checks a description and prepares what does not depend on the experiment.
    ///
    /// # Errors
    /// A command or an output that cannot be.
    pub fn new(spec: &ProgramSpec) -> Result<Self, ProgramError> {
        Ok(Self {
            invocation: Invocation::new(&spec.run, spec.shell)?,
            setting: ProgramSetting::new(&spec.setting)?,
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

    fn templates(&self) -> impl Iterator<Item = &Template> {
        let words = self.invocation.templates().iter();
        words
            .chain(self.setting.templates())
            .chain(self.parser.file())
    }

    /// The names that it refers to, in order, each as often as it stands there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.templates().flat_map(Template::names)
    }

    /// What it reads of an experiment: for the inputs of its unit.
    pub(super) fn inputs(&self) -> Vec<Input> {
        let mut inputs: Vec<Input> = self.names().filter_map(names::input).collect();
        inputs.extend(
            self.templates()
                .filter_map(Template::variable_of_experiment),
        );
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

    /// Whether `{flags}` stands where one word is needed, and stands for all flags where the config
    /// has these keys and the experiment these units.
    pub fn has_misplaced_flags(&self, keys: &[&str], units: &[&str]) -> bool {
        let others = self.setting.templates().chain(self.parser.file());
        let mut names: Vec<&str> = others.flat_map(Template::names).collect();
        match &self.invocation {
            Invocation::Words(words) => {
                let words = words.iter().enumerate();
                let of_one = words.filter(|(index, word)| *index == 0 || word.parts().len() > 1);
                names.extend(of_one.flat_map(|(_, word)| word.names()));
            }
            Invocation::Shell { command, .. } => names.extend(command.names_of_one_word()),
        }
        names.iter().any(|name| names::is_flags(name, keys, units))
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
        self.setting
            .check(program)
            .unwrap_or(Ok(()))
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
                    .flat_map(|template| known.words(template))
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
                    words.extend(template.words(context).map_err(Failure::Render)?);
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
        let launch = self.setting.launch(&label, words, environment, context)?;
        Ok((label, launch))
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
        let words: Result<Vec<_>, _> = words.iter().map(|w| Template::parse_word(w)).collect();
        let words = words.map_err(ProgramError::Template)?;
        match words.first() {
            Some(program) if program.placeholders().any(Placeholder::is_words) => {
                Err(ProgramError::ProgramOfWords)
            }
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
