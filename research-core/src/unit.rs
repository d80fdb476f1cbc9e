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

/// What a callable unit does each time it is due.
pub trait CallableBody: Send + Sync {
    /// Runs the unit once.
    ///
    /// # Errors
    /// Whatever the unit ends with; it becomes the experiment's failure.
    fn call(&self, context: &mut Context) -> Result<Output, UnitError>;

    /// What it reads, where that is known before it runs. A root unit is shared by experiments that
    /// agree in this.
    fn inputs(&self) -> Option<Vec<Input>> {
        None
    }

    /// What it runs or is given, where that is known: the command of a program, or the arguments of
    /// a function.
    fn describe(&self) -> Option<String> {
        None
    }
}

/// What a generator unit does when it is first due: it starts the thing that yields items.
pub trait GeneratorBody: Send + Sync {
    /// Starts a generator; its arguments are taken now and not again.
    ///
    /// # Errors
    /// Whatever keeps it from starting; it becomes the experiment's failure.
    fn start(&self, context: &mut Context) -> Result<Box<dyn Generator>, UnitError>;

    /// What it reads, as for [`CallableBody::inputs`].
    fn inputs(&self) -> Option<Vec<Input>> {
        None
    }

    /// What it runs or is given, as for [`CallableBody::describe`].
    fn describe(&self) -> Option<String> {
        None
    }
}

/// A started generator: one item for each due iteration.
pub trait Generator: Send {
    /// The next item, or `None` at its end, which stops the experiment.
    ///
    /// # Errors
    /// Whatever the generator ends with; it becomes the experiment's failure.
    fn next(&mut self, context: &mut Context) -> Result<Option<Output>, UnitError>;
}

/// How a unit works.
#[derive(Clone)]
pub enum UnitBody {
    /// Called each time it is due.
    Callable(Arc<dyn CallableBody>),
    /// Started once, asked for one item each time it is due.
    Generator(Arc<dyn GeneratorBody>),
    /// Saves what an expression stands for; even when the experiment has failed in this
    /// iteration.
    Save {
        /// What is saved.
        expression: Expression,
        /// Under which name.
        variable: Arc<str>,
    },
    /// Sends what is saved under these names, or all, at once; even when the experiment has
    /// failed in this iteration.
    Dump(Arc<[String]>),
}

impl UnitBody {
    /// What it reads, where that is known before it runs.
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
    /// When what was saved so far is sent at once.
    pub(crate) dump: Option<When>,
    pub(crate) is_process: bool,
    /// The type of the object, where the unit makes an instance.
    pub(crate) instance: Option<ObjectType>,
    pub(crate) sees_all: bool,
    /// The type of the batches, where the unit is a pipeline.
    pub(crate) batches: Option<ObjectType>,
    /// The pipeline whose batches it processes.
    pub(crate) source: Option<String>,
    /// Where that stands; known when the experiment is built.
    pub(crate) source_position: Option<usize>,
    /// Whether a pipeline goes through all its batches in one iteration.
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
    /// The name, unique in its experiment.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does.
    #[must_use]
    pub fn body(&self) -> &UnitBody {
        &self.body
    }

    /// When it is due.
    #[must_use]
    pub fn when(&self) -> &When {
        &self.when
    }

    /// How long a call of it may take.
    #[inline]
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// When all that was saved so far is sent at once, if it asks for that.
    #[inline]
    #[must_use]
    pub fn dump(&self) -> Option<&When> {
        self.dump.as_ref()
    }

    /// Whether it runs once for all branches. What saves does so in each of them.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.root && !self.is_saving()
    }

    /// Whether all it does happens in a process of its own, so that no fault of its code can
    /// reach the process that runs the unit.
    #[must_use]
    pub fn is_process(&self) -> bool {
        self.is_process
    }

    /// Whether it only saves or sends what others did: it runs even when the experiment has failed
    /// in this iteration.
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

    /// Whether it is a pipeline that goes through all its batches in one iteration; see
    /// [`full_run`](crate::ExperimentBuilder::full_run).
    #[inline]
    #[must_use]
    pub fn is_full_run(&self) -> bool {
        self.full_run
    }

    /// The pipeline whose batches it processes, by its position.
    #[inline]
    #[must_use]
    pub fn source(&self) -> Option<usize> {
        self.source_position
    }

    /// Whether its end is that of the experiment.
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

    /// Saves what it put out into the context's columns.
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
