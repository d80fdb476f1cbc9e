//! A checked command, which is built for each experiment.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use research_core::units::Input;
use research_core::{Context, LogLevel};
use research_process::Launch;

use super::environment;
use super::failure::{Failure, label};
use super::names;
use super::output::Parser;
use super::preview::{self, KnownBefore};
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
    Shell(ShellCommand),
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

    /// The config items that it cannot do without, each with its name in the command, where the
    /// config has these keys and the experiment these units.
    pub fn keys_required<'c>(
        &'c self,
        keys: &'c [&str],
        units: &'c [&str],
    ) -> impl Iterator<Item = (&'c str, &'c str)> {
        self.required_names()
            .filter_map(|name| Some((names::key_of(name, keys, units)?, name)))
    }

    /// The units whose outputs it cannot do without, where the config has these keys and the
    /// experiment these units.
    pub fn units_required<'c>(
        &'c self,
        keys: &'c [&str],
        units: &'c [&str],
    ) -> impl Iterator<Item = &'c str> {
        self.required_names()
            .filter_map(|name| names::unit_of(name, keys, units).ok()?)
    }

    fn required_names(&self) -> impl Iterator<Item = &str> {
        let placeholders = self.templates().flat_map(Template::placeholders);
        let required = placeholders.filter(|one| !one.is_optional);
        required.map(|one| one.name.as_str())
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
            Invocation::Shell(command) => names.extend(command.names_of_one_word()),
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
            Invocation::Shell(_) => None,
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
        let label = label(program.as_bytes());
        self.setting
            .check(program)
            .unwrap_or(Ok(()))
            .map_err(Failure::start(&label))
            .map_err(|failure| ProgramError::CannotStart(failure.to_string()))
    }

    /// The command as a user would type it for a config, before there is an experiment. Names that
    /// mean nothing yet, such as outputs of units, stay between their braces.
    pub fn preview(&self, known: &KnownBefore) -> String {
        self.typed_with(|one| known.value(one))
    }

    /// The command for an experiment, as a user would type it.
    pub(super) fn typed(&self, context: &Context) -> String {
        self.typed_with(|one| {
            let words = names::words(one, context).ok()?;
            let text = |word: OsString| word.to_string_lossy().into_owned();
            Some(words.into_iter().map(text).collect())
        })
    }

    /// Logs the command that a unit is about to run, at the level of debugging.
    pub(super) fn log(&self, context: &mut Context) {
        if context.logs(LogLevel::Debug) {
            let text = format!("runs {}", self.typed(context));
            context.log(LogLevel::Debug, text);
        }
    }

    fn typed_with(&self, value: impl Fn(&Placeholder) -> Option<Vec<String>>) -> String {
        match &self.invocation {
            Invocation::Words(templates) => {
                let words = templates.iter();
                let words = words.flat_map(|template| preview::words(template, &value));
                words.collect::<Vec<_>>().join(" ")
            }
            Invocation::Shell(command) => command.preview(value),
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
                let program = words.first();
                label(program.map(|word| word.as_bytes()).unwrap_or_default())
            }
            Invocation::Shell(command) => {
                words = command.words(context).map_err(Failure::Render)?;
                // The command itself is beside the message, filled in.
                "sh".to_owned()
            }
        };
        let environment = environment::of(context)
            .map_err(|error| Failure::Render(RenderError::Folder(error)))?;
        let launch = self.setting.launch(&label, words, environment, context)?;
        Ok((label, launch))
    }
}

/// The command as a user would type it, with its placeholders.
impl fmt::Display for ProgramCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed_with(|_| None))
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
                Ok(Self::Shell(ShellCommand::new(command)?))
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
            Self::Shell(command) => std::slice::from_ref(command.template()),
        }
    }
}
