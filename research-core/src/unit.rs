//! Units: the steps of an experiment.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::code::Code;
use crate::context::Context;
use crate::expression::Expression;
use crate::inputs::Input;
use crate::output::{Output, Save};
use crate::unit_error::UnitError;
use crate::when::When;

/// The work of a callable unit.
pub trait CallableBody: Send + Sync {
    /// Runs the unit once.
    ///
    /// # Errors
    /// Any error of the unit, which becomes the experiment's failure.
    fn call(&self, context: &mut Context) -> Result<Output, UnitError>;

    /// Returns its inputs, if they are known before it runs. Experiments with the same inputs share
    /// a root unit.
    fn inputs(&self) -> Option<Vec<Input>> {
        None
    }

    /// Returns the command of a program, or the arguments of a function, if they are known.
    fn describe(&self) -> Option<String> {
        None
    }
}

/// The start of a generator unit, when it is first due.
pub trait GeneratorBody: Send + Sync {
    /// Starts a generator. Its arguments are evaluated once, in this call.
    ///
    /// # Errors
    /// Any error of the unit, which becomes the experiment's failure.
    fn start(&self, context: &mut Context) -> Result<Box<dyn Generator>, UnitError>;

    /// Returns its inputs, as [`CallableBody::inputs`] does.
    fn inputs(&self) -> Option<Vec<Input>> {
        None
    }

    /// Returns its description, as [`CallableBody::describe`] does.
    fn describe(&self) -> Option<String> {
        None
    }
}

/// A started generator: one item for each due iteration.
pub trait Generator: Send {
    /// Returns the next item, or `None` at the end, which stops the experiment.
    ///
    /// # Errors
    /// Any error of the generator, which becomes the experiment's failure.
    fn next(&mut self, context: &mut Context) -> Result<Option<Output>, UnitError>;
}

/// The kind of a unit, with its code.
#[derive(Clone)]
pub enum UnitBody {
    /// Called each time it is due.
    Callable(Arc<dyn CallableBody>),
    /// Started once; yields one item each time it is due.
    Generator(Arc<dyn GeneratorBody>),
    /// Saves the value of an expression, even if the experiment has failed in this iteration.
    Save {
        /// The expression.
        expression: Expression,
        /// The variable.
        variable: Arc<str>,
    },
    /// Sends the values that are saved under these names, or all, at once, even if the experiment
    /// has failed in this iteration.
    Dump(Arc<[String]>),
}

impl UnitBody {
    /// Returns its inputs, if they are known before it runs.
    #[must_use]
    pub fn inputs(&self) -> Option<Vec<Input>> {
        match self {
            Self::Callable(body) => body.inputs(),
            Self::Generator(body) => body.inputs(),
            Self::Save { expression, .. } => {
                Some(Input::of_expressions(std::slice::from_ref(expression)))
            }
            Self::Dump(_) => Some(Vec::new()),
        }
    }
}

/// One step of an experiment: its body, when it is due, and where its
/// output is saved.
#[derive(Clone)]
pub struct Unit {
    pub(crate) name: String,
    pub(crate) body: UnitBody,
    pub(crate) code: Code,
    pub(crate) when: When,
    pub(crate) root: bool,
    pub(crate) save: Save,
    /// The iterations at which all values saved so far are sent.
    pub(crate) dump: Option<When>,
    pub(crate) is_process: bool,
    /// The type of the object, if the unit makes an instance.
    pub(crate) instance: Option<ObjectType>,
    pub(crate) sees_all: bool,
    /// The type of the batches, if the unit is a pipeline.
    pub(crate) batches: Option<ObjectType>,
    /// The pipeline whose batches it processes.
    pub(crate) source: Option<String>,
    /// The index of that pipeline; set when the experiment is built.
    pub(crate) source_position: Option<usize>,
    /// Whether a pipeline yields all its batches in one iteration.
    pub(crate) full_run: bool,
    pub(crate) timeout: Option<Duration>,
}

/// The type of an instance, or of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectType {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
}

impl ObjectType {
    pub(crate) fn of<T: 'static>() -> Self {
        Self {
            id: TypeId::of::<T>(),
            name: std::any::type_name::<T>(),
        }
    }
}

impl Unit {
    /// Returns the name, unique in its experiment.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the kind of the unit, with its code.
    #[must_use]
    pub fn body(&self) -> &UnitBody {
        &self.body
    }

    /// Returns when it is due.
    #[must_use]
    pub fn when(&self) -> &When {
        &self.when
    }

    /// Returns the timeout of one call.
    #[inline]
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Returns when all values saved so far are sent at once, if that is set.
    #[inline]
    #[must_use]
    pub fn dump(&self) -> Option<&When> {
        self.dump.as_ref()
    }

    /// Whether it runs once for all branches. Units that save run in each branch.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.root && !self.is_saving()
    }

    /// Whether all its work happens in a separate process, so that no fault of its code can affect
    /// the process that runs the unit.
    #[must_use]
    pub fn is_process(&self) -> bool {
        self.is_process
    }

    /// Whether it only saves or sends values of other units: it runs even if the experiment has
    /// failed in this iteration.
    #[inline]
    #[must_use]
    pub fn is_saving(&self) -> bool {
        matches!(self.body, UnitBody::Save { .. } | UnitBody::Dump(_))
    }

    /// Whether it saves the result of a function of the program.
    pub(crate) fn saves_by_function(&self) -> bool {
        match &self.body {
            UnitBody::Save { expression, .. } => expression.code().is_some(),
            _ => false,
        }
    }

    /// Whether it is a pipeline that yields all its batches in one iteration; see
    /// [`full_run`](crate::ExperimentBuilder::full_run).
    #[inline]
    #[must_use]
    pub fn is_full_run(&self) -> bool {
        self.full_run
    }

    /// Returns the index of the pipeline whose batches it processes.
    #[inline]
    #[must_use]
    pub fn source(&self) -> Option<usize> {
        self.source_position
    }

    /// Whether its end ends the experiment.
    pub(crate) fn ends_experiment(&self) -> bool {
        let is_generator = matches!(self.body, UnitBody::Generator(_));
        is_generator && !self.full_run && self.source.is_none()
    }

    /// Whether it reads all branches at once; see [`e_all`](crate::e_all).
    #[inline]
    #[must_use]
    pub fn sees_all_branches(&self) -> bool {
        self.sees_all
    }

    /// Saves its output to the context's columns.
    ///
    /// # Errors
    /// An object cannot be saved; several names need a list of as many values, and a map's keys
    /// need a map.
    #[inline]
    pub fn save(&self, output: &Output, context: &mut Context) -> Result<(), UnitError> {
        context.save_output(&self.save, output)
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unit")
            .field("name", &self.name)
            .field("when", &self.when)
            .field("root", &self.root)
            .field("save", &self.save)
            .finish_non_exhaustive()
    }
}
