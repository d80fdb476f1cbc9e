//! Experiments: ordered lists of units.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::context::Context;
use crate::expression::{Expression, nearest};
use crate::function::{Arguments, CallableFunction, Closure, GeneratorFunction};
use crate::output::IntoOutput;
use crate::unit::{CallableBody, GeneratorBody, Save, Unit, UnitBody, UnitError};
use crate::when::When;

/// What runs for each config: units, in order, at every iteration. Cheap to clone.
#[derive(Clone)]
pub struct Experiment {
    units: Arc<[Unit]>,
}

impl Experiment {
    /// Begins an experiment without units.
    #[must_use]
    pub fn builder() -> ExperimentBuilder {
        ExperimentBuilder::default()
    }

    /// The units, in order.
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Where the unit with this name stands.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.units.iter().position(|unit| unit.name() == name)
    }

    /// How many iterations there are if nobody says: one if all units are callables, else as many
    /// as the generators yield.
    #[must_use]
    pub fn default_n_iters(&self) -> Option<u64> {
        let only_callables = self
            .units
            .iter()
            .all(|unit| matches!(unit.body(), UnitBody::Callable(_)));
        only_callables.then_some(1)
    }

    /// Whether every unit does its work in a process of its own.
    #[must_use]
    pub fn is_processes(&self) -> bool {
        self.units.iter().all(Unit::is_process)
    }

    /// One line for each unit: name, kind, when, what is saved.
    #[must_use]
    pub fn describe(&self) -> Vec<String> {
        self.units.iter().map(describe).collect()
    }
}

fn describe(unit: &Unit) -> String {
    let kind = match unit.body() {
        UnitBody::Callable(_) => "callable",
        UnitBody::Generator(_) => "generator",
    };
    let save = match &unit.save {
        Save::Nothing => String::new(),
        Save::As(name) => format!(", saved as {name}"),
        Save::Parts(names) => {
            let names: Vec<&str> = names.iter().map(|n| n.as_deref().unwrap_or("-")).collect();
            format!(", saved as {}", names.join(", "))
        }
        Save::Map => ", its keys saved".to_owned(),
    };
    let root = if unit.is_root() { ", root" } else { "" };
    format!("{} ({kind}, when {}{root}{save})", unit.name(), unit.when())
}

impl fmt::Debug for Experiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.units.iter()).finish()
    }
}

/// Builds an [`Experiment`], a unit after another. Settings such as
/// [`save_to`](Self::save_to) are those of the unit added last. Mistakes are reported by
/// [`build`](Self::build).
#[derive(Debug, Default)]
pub struct ExperimentBuilder {
    units: Vec<Unit>,
    references: Vec<(usize, String)>,
    error: Option<BuildError>,
}

impl ExperimentBuilder {
    /// Adds a function as a unit, called each time it is due. `arguments` is a tuple with an
    /// expression or a plain value for each of the function's arguments.
    #[must_use]
    pub fn callable<A, S, F>(self, name: &str, function: F, arguments: A) -> Self
    where
        A: Arguments,
        F: CallableFunction<A, S>,
    {
        let (body, expressions) = function.into_body(arguments);
        self.add(name, UnitBody::Callable(body))
            .referring_to(&expressions)
    }

    /// Adds a closure over the context as a unit, called each time it is due.
    #[must_use]
    pub fn unit<F, R>(self, name: &str, function: F) -> Self
    where
        F: Fn(&mut Context) -> Result<R, UnitError> + Send + Sync + 'static,
        R: IntoOutput + 'static,
    {
        self.add(name, UnitBody::Callable(Arc::new(Closure(function))))
    }

    /// Adds a generator: the closure is called when the unit is first due, and what it returns
    /// yields an item each time. The experiment stops at its end.
    #[must_use]
    pub fn generator<F, I>(self, name: &str, function: F) -> Self
    where
        F: Fn(&mut Context) -> Result<I, UnitError> + Send + Sync + 'static,
        I: IntoIterator + 'static,
        I::IntoIter: Send + 'static,
        I::Item: IntoOutput,
    {
        self.add(name, UnitBody::Generator(Arc::new(Closure(function))))
    }

    /// Adds a generator made by a plain function with arguments, as for
    /// [`callable`](Self::callable).
    #[must_use]
    pub fn generator_with<A, S, F>(self, name: &str, function: F, arguments: A) -> Self
    where
        A: Arguments,
        F: GeneratorFunction<A, S>,
    {
        let (body, expressions) = function.into_body(arguments);
        self.add(name, UnitBody::Generator(body))
            .referring_to(&expressions)
    }

    /// Adds a unit with a body of one's own. `is_process` says that all its work happens in a
    /// process of its own; `references` are the units whose outputs it reads.
    #[must_use]
    pub fn body(
        mut self,
        name: &str,
        body: UnitBody,
        is_process: bool,
        references: &[&str],
    ) -> Self {
        self = self.add(name, body);
        self.last(|unit| unit.is_process = is_process);
        let position = self.units.len() - 1;
        self.references
            .extend(references.iter().map(|unit| (position, (*unit).to_owned())));
        self
    }

    /// Adds a unit that is called each time it is due, with a body of one's own.
    #[must_use]
    pub fn callable_body(self, name: &str, body: impl CallableBody + 'static) -> Self {
        self.add(name, UnitBody::Callable(Arc::new(body)))
    }

    /// Adds a generator with a body of one's own.
    #[must_use]
    pub fn generator_body(self, name: &str, body: impl GeneratorBody + 'static) -> Self {
        self.add(name, UnitBody::Generator(Arc::new(body)))
    }

    /// Sets when the last unit is due; always, if not set.
    #[must_use]
    pub fn when(mut self, when: impl Into<When>) -> Self {
        let when = when.into();
        self.last(|unit| unit.when = when);
        self
    }

    /// Makes the last unit a root: it runs once for all branches, and they share its output.
    #[must_use]
    pub fn root(mut self) -> Self {
        self.last(|unit| unit.root = true);
        self
    }

    /// Saves the last unit's output under a name at each iteration.
    #[must_use]
    pub fn save_to(self, name: &str) -> Self {
        self.save_as(Save::As(name.to_owned()))
    }

    /// Saves the parts of the last unit's output (a tuple or a list), each under its name;
    /// `None` skips one.
    #[must_use]
    pub fn save_parts_to<'a>(self, names: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        self.save_as(Save::Parts(
            names
                .into_iter()
                .map(|name| name.map(str::to_owned))
                .collect(),
        ))
    }

    /// Saves the last unit's output, a map, with its keys as names.
    #[must_use]
    pub fn save_output_dict(self) -> Self {
        self.save_as(Save::Map)
    }

    /// Checks everything and makes the experiment. A unit whose name is there already gets the
    /// postfix `_1`, `_2`, ….
    ///
    /// # Errors
    /// No units, a setting without a unit, two ways to save one output, a reference to a unit
    /// that there is not.
    pub fn build(mut self) -> Result<Experiment, BuildError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.units.is_empty() {
            return Err(BuildError::NoUnits);
        }
        make_names_unique(&mut self.units);
        for (position, name) in &self.references {
            if !self.units.iter().any(|unit| unit.name == *name) {
                return Err(BuildError::UnknownUnit {
                    unit: self.units[*position].name.clone(),
                    name: name.clone(),
                    hint: nearest(name, self.units.iter().map(Unit::name)),
                });
            }
        }
        Ok(Experiment {
            units: self.units.into(),
        })
    }

    fn add(mut self, name: &str, body: UnitBody) -> Self {
        self.units.push(Unit {
            name: name.to_owned(),
            body,
            when: When::always(),
            root: false,
            save: Save::Nothing,
            is_process: false,
        });
        self
    }

    fn referring_to(mut self, expressions: &[Expression]) -> Self {
        let position = self.units.len() - 1;
        let units = expressions.iter().filter_map(Expression::unit);
        self.references
            .extend(units.map(|unit| (position, unit.to_owned())));
        self
    }

    fn last(&mut self, set: impl FnOnce(&mut Unit)) {
        match self.units.last_mut() {
            Some(unit) => set(unit),
            None => {
                self.error.get_or_insert(BuildError::SettingBeforeUnit);
            }
        }
    }

    fn save_as(mut self, save: Save) -> Self {
        let mut twice = None;
        self.last(|unit| {
            if unit.save == Save::Nothing {
                unit.save = save;
            } else {
                twice = Some(BuildError::SavedTwice {
                    unit: unit.name.clone(),
                });
            }
        });
        if let Some(error) = twice {
            self.error.get_or_insert(error);
        }
        self
    }
}

/// The first of several units with one name keeps it; the later ones get `_1`, `_2`, ….
fn make_names_unique(units: &mut [Unit]) {
    let mut taken: HashSet<String> = HashSet::new();
    for unit in units {
        if taken.contains(&unit.name) {
            let free = (1..)
                .map(|n| format!("{}_{n}", unit.name))
                .find(|n| !taken.contains(n));
            unit.name = free.expect("there are more numbers than units");
        }
        taken.insert(unit.name.clone());
    }
}

/// An experiment that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// It has nothing to run.
    #[error("the experiment has no units: add at least one")]
    NoUnits,
    /// A setting came before any unit.
    #[error(
        "a unit's setting (when, root, save_to, save_output_dict) comes before any unit: add the unit first"
    )]
    SettingBeforeUnit,
    /// An output is saved in two ways.
    #[error("unit `{unit}` is saved twice: use one of save_to and save_output_dict, once")]
    SavedTwice {
        /// The unit.
        unit: String,
    },
    /// An expression names a unit that there is not.
    #[error("unit `{unit}` refers to unit `{name}`, which there is not{hint}")]
    UnknownUnit {
        /// The unit that refers.
        unit: String,
        /// The name that it uses.
        name: String,
        /// The nearest name.
        hint: String,
    },
}
