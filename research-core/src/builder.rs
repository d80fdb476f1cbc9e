//! Building experiments.

mod pipelines;
mod settings;

use std::fmt;
use std::sync::Arc;

use crate::build_error::BuildError;
use crate::check::{
    Reference, check_full_runs, check_references, check_settings, find_sources, make_names_unique,
};
use crate::code::Code;
use crate::context::Context;
use crate::experiment::{self, Experiment};
use crate::expression::{Expression, Kind};
use crate::function::{Arguments, CallableFunction, Closure, GeneratorFunction, UnitFunction};
use crate::hooks::ExecutorHooks;
use crate::instance::{InstanceFunction, MethodFunction};
use crate::output::{IntoOutput, Save};
use crate::unit::{CallableBody, GeneratorBody, ObjectType, Unit, UnitBody};
use crate::unit_error::UnitError;
use crate::when::When;

/// Builds an [`Experiment`] from units in order. Settings such as [`save_to`](Self::save_to) apply
/// to the unit added last. Errors are returned by [`build`](Self::build).
#[derive(Default)]
pub struct ExperimentBuilder {
    units: Vec<Unit>,
    references: Vec<Reference>,
    /// The saved variables that expressions read.
    reads_saved: Vec<String>,
    hooks: Option<(Arc<dyn ExecutorHooks>, Code)>,
    error: Option<BuildError>,
}

impl fmt::Debug for ExperimentBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExperimentBuilder")
            .field("units", &self.units)
            .finish_non_exhaustive()
    }
}

impl Experiment {
    /// Returns a builder without units.
    #[must_use]
    pub fn builder() -> ExperimentBuilder {
        ExperimentBuilder::default()
    }
}

impl ExperimentBuilder {
    /// Returns the lines of [`Experiment::describe`] and [`Experiment::commands`] for the units so
    /// far.
    #[must_use]
    pub fn describe(&self) -> (Vec<String>, Vec<String>) {
        let units = self.units.iter().map(experiment::describe).collect();
        (units, experiment::commands(&self.units))
    }

    /// Adds a function as a unit, called each time it is due. `arguments` is a tuple with an
    /// expression or a plain value for each of the function's arguments. The function may take the
    /// context before them, and may return a plain value, an object that is [`Shared`], or a
    /// `Result` of these with any error.
    ///
    /// ```
    /// use research_core::{Context, Experiment, ec};
    ///
    /// fn read(cx: &mut Context, file: String) -> std::io::Result<String> {
    ///     std::fs::read_to_string(cx.path()?.join(file))
    /// }
    ///
    /// let experiment = Experiment::builder()
    ///     .callable("power", |a: f64, b: i32| a.powi(b), (ec("a"), 3))
    ///     .save_to("power")
    ///     .callable("read", read, ("notes.txt",))
    ///     .build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    ///
    /// [`Shared`]: crate::Shared
    #[must_use]
    pub fn callable<A, S, F>(self, name: &str, function: F, arguments: A) -> Self
    where
        A: Arguments,
        F: CallableFunction<A, S>,
    {
        let (body, expressions) = function.into_body(arguments);
        self.add(name, UnitBody::Callable(body))
            .calling(Code::of::<F>())
            .referring_to(&expressions)
    }

    /// Adds a closure over the context as a unit, called each time it is due. It returns a plain
    /// value, or a `Result` with a [`UnitError`], into which `?` converts any error.
    ///
    /// ```
    /// use research_core::{Context, Experiment};
    ///
    /// let experiment = Experiment::builder()
    ///     .unit("step", |cx: &mut Context| cx.iteration() + 1)
    ///     .unit("loss", |cx: &mut Context| {
    ///         let rate: f64 = cx.config_item("rate")?;
    ///         Ok(1.0 / rate)
    ///     })
    ///     .build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn unit<S, F>(self, name: &str, function: F) -> Self
    where
        F: UnitFunction<S>,
    {
        self.add(name, UnitBody::Callable(function.into_body()))
            .calling(Code::of::<F>())
    }

    /// Adds a generator: the closure is called when the unit is first due, and the iterator that it
    /// returns yields an item each time the unit is due. The experiment stops at the iterator's
    /// end.
    ///
    /// ```
    /// use research_core::{Context, Experiment};
    ///
    /// Experiment::builder()
    ///     .generator("steps", |cx: &mut Context| {
    ///         let count: u64 = cx.config_item("count")?;
    ///         Ok(0..count)
    ///     })
    ///     .save_to("step")
    ///     .build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn generator<F, I>(self, name: &str, function: F) -> Self
    where
        F: Fn(&mut Context) -> Result<I, UnitError> + Send + Sync + 'static,
        I: IntoIterator + 'static,
        I::IntoIter: Send + 'static,
        I::Item: IntoOutput,
    {
        self.add(name, UnitBody::Generator(Arc::new(Closure(function))))
            .calling(Code::of::<F>())
    }

    /// Adds a generator made by a plain function with arguments, as for
    /// [`callable`](Self::callable).
    ///
    /// ```
    /// use research_core::{Experiment, ec};
    ///
    /// let builder = Experiment::builder()
    ///     .generator_with("steps", |count: u64| 0..count, (ec("count"),))
    ///     .save_to("step");
    /// assert_eq!(builder.build()?.default_n_iters(), None);
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn generator_with<A, S, F>(self, name: &str, function: F, arguments: A) -> Self
    where
        A: Arguments,
        F: GeneratorFunction<A, S>,
    {
        let (body, expressions) = function.into_body(arguments);
        self.add(name, UnitBody::Generator(body))
            .calling(Code::of::<F>())
            .referring_to(&expressions)
    }

    /// Adds a unit with a custom body. `is_process` says that all its work happens in a separate
    /// process; `references` are the units whose outputs it reads.
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
        let references = references
            .iter()
            .map(|unit| Reference::output(position, unit));
        self.references.extend(references);
        self
    }

    /// Adds a callable unit with a custom body.
    #[must_use]
    pub fn callable_body<B: CallableBody + 'static>(self, name: &str, body: B) -> Self {
        self.add(name, UnitBody::Callable(Arc::new(body)))
            .calling(Code::of::<B>())
    }

    /// Adds a generator with a custom body.
    #[must_use]
    pub fn generator_body<B: GeneratorBody + 'static>(self, name: &str, body: B) -> Self {
        self.add(name, UnitBody::Generator(Arc::new(body)))
            .calling(Code::of::<B>())
    }

    /// Adds an instance: an object that lives as long as the experiment, made at iteration 0 by a
    /// function with arguments as for [`callable`](Self::callable). Its methods are units, see
    /// [`method`](Self::method); all branches share a [`root`](Self::root) instance.
    ///
    /// ```
    /// use research_core::{Experiment, ec};
    ///
    /// struct Model { weight: f64 }
    ///
    /// let experiment = Experiment::builder()
    ///     .instance("model", |weight: f64| Ok(Model { weight }), (ec("weight"),))
    ///     .method("step", "model", |it: &mut Model, rate: f64| it.weight -= rate, (ec("rate"),))
    ///     .method("weight", "model", |model: &mut Model| model.weight, ())
    ///     .save_to("weight")
    ///     .build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn instance<T, A, S, F>(self, name: &str, function: F, arguments: A) -> Self
    where
        T: Send + 'static,
        A: Arguments,
        F: InstanceFunction<T, A, S>,
    {
        let (body, expressions) = function.into_body(arguments);
        let mut builder = self
            .add(name, UnitBody::Callable(body))
            .calling(Code::of::<F>())
            .referring_to(&expressions)
            .when(When::at(0));
        builder.last(|unit| unit.instance = Some(ObjectType::of::<T>()));
        builder
    }

    /// Adds a method of an instance as a unit, called each time it is due. The function takes the
    /// instance as `&mut T`, and then arguments as for [`callable`](Self::callable).
    #[must_use]
    pub fn method<T, A, S, F>(self, name: &str, instance: &str, function: F, arguments: A) -> Self
    where
        T: Send + 'static,
        A: Arguments,
        F: MethodFunction<T, A, S>,
    {
        let (body, expressions) = function.into_body(instance, arguments);
        let mut builder = self
            .add(name, UnitBody::Callable(body))
            .calling(Code::of::<F>())
            .referring_to(&expressions);
        let position = builder.units.len() - 1;
        builder
            .references
            .push(Reference::instance::<T>(position, instance));
        builder
    }

    /// Adds a unit that saves the value of an expression under a name. It runs even when the
    /// experiment has failed in this iteration, and saves nothing where the expression is missing:
    /// because a unit has not run yet or the config has no such item. It saves one value:
    /// [`save_parts_to`](Self::save_parts_to) and [`save_output_dict`](Self::save_output_dict) are
    /// settings of units with code.
    ///
    /// ```
    /// use research_core::{Experiment, When, ec, o};
    ///
    /// let experiment = Experiment::builder()
    ///     .callable("loss", |rate: f64| 1.0 / rate, (ec("rate"),))
    ///     .save(o("loss"), "loss")
    ///     .save(ec("rate"), "rate_used")
    ///     .when(When::last())
    ///     .dump(["loss"])
    ///     .when(When::every(100))
    ///     .build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn save(self, expression: impl Into<Expression>, name: &str) -> Self {
        let expression = expression.into();
        let body = UnitBody::Save {
            expression: expression.clone(),
            variable: name.into(),
        };
        self.add(&format!("save_{name}"), body)
            .referring_to(&[expression])
    }

    /// Adds a unit that sends the values saved under these names (all values if `names` is empty)
    /// to the log at once, instead of with the next batch. It runs even when the experiment has
    /// failed in this iteration.
    ///
    /// ```
    /// use research_core::{Experiment, When, it};
    ///
    /// let step = |i: u64| i;
    /// Experiment::builder()
    ///     .callable("step", step, (it(),))
    ///     .save_to("step")
    ///     .dump(["step"])
    ///     .when(When::every(10))
    ///     .build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn dump<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let names = names.into_iter().map(str::to_owned).collect();
        self.add("dump", UnitBody::Dump(names))
    }

    /// Sets hooks: code of an embedder that runs around tasks, iterations and calls of units.
    #[must_use]
    pub fn hooks<H: ExecutorHooks + 'static>(mut self, hooks: H) -> Self {
        let code = Code::of::<H>();
        self.hooks = Some((Arc::new(hooks), code));
        self
    }

    /// Whether the builder has no units.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.units.is_empty() && self.hooks.is_none() && self.error.is_none()
    }

    /// Checks all units and builds the experiment. A unit whose name is already used gets the
    /// postfix `_1`, `_2`, ….
    ///
    /// # Errors
    /// The experiment has no units; a setting comes before any unit or has no effect on its unit;
    /// an output is saved in two ways; or a unit refers to a unit or an instance that is unknown,
    /// has another type, or cannot have run before it.
    pub fn build(mut self) -> Result<Experiment, BuildError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.units.is_empty() {
            return Err(BuildError::NoUnits);
        }
        make_names_unique(&mut self.units);
        check_references(&self.units, &self.references)?;
        find_sources(&mut self.units);
        let (hooks, code_of_hooks) = self.hooks.unzip();
        let code = self.units.iter().map(|unit| unit.code);
        let code = code.fold(code_of_hooks.unwrap_or_default(), Code::and);
        let experiment = Experiment::new(self.units, code, self.reads_saved, hooks);
        check_full_runs(&experiment)?;
        check_settings(&experiment)?;
        Ok(experiment)
    }

    fn add(mut self, name: &str, body: UnitBody) -> Self {
        self.units.push(Unit {
            name: name.to_owned(),
            code: match body {
                UnitBody::Callable(_) | UnitBody::Generator(_) => Code::unknown(),
                UnitBody::Save { .. } | UnitBody::Dump(_) => Code::default(),
            },
            body,
            when: When::always(),
            root: false,
            save: Save::Nothing,
            dump: None,
            is_process: false,
            instance: None,
            sees_all: false,
            batches: None,
            source: None,
            source_position: None,
            full_run: false,
            timeout: None,
        });
        self
    }

    /// Sets the code that the last unit calls.
    fn calling(mut self, code: Code) -> Self {
        self.last(|unit| unit.code = code);
        self
    }

    fn referring_to(mut self, expressions: &[Expression]) -> Self {
        let position = self.units.len() - 1;
        let functions = expressions.iter().filter_map(Expression::code);
        let code = self.units[position].code.with_arguments(&expressions);
        let unit = &mut self.units[position];
        unit.code = functions.fold(code, Code::and);
        unit.sees_all = expressions.iter().any(Expression::is_all);
        let mistake = expressions.iter().find_map(Expression::mistake);
        if let Some(reason) = mistake {
            let unit = unit.name.clone();
            self.error
                .get_or_insert(BuildError::Expression { unit, reason });
        }
        for expression in expressions {
            expression.for_each_leaf(&mut |leaf, is_optional| {
                let reference = Reference::of(position, leaf, is_optional);
                self.references.extend(reference);
                if let Kind::Saved { variable, .. } = leaf {
                    self.reads_saved.push(variable.to_string());
                }
            });
        }
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
}
