//! Methods that add units to the description of a research.

use std::time::Duration;

use research_core::units::{
    Arguments, CallableFunction, GeneratorFunction, InstanceFunction, MethodFunction, UnitBody,
    UnitFunction,
};
use research_core::{Context, ExperimentBuilder, Expression, IntoOutput, UnitError, When};

use crate::builder::Research;

/// Methods that add units; see [`ExperimentBuilder`].
impl Research {
    /// Adds a function as a unit; see [`ExperimentBuilder::callable`].
    #[must_use]
    pub fn callable<A, S, F>(self, name: &str, function: F, arguments: A) -> Self
    where
        A: Arguments,
        F: CallableFunction<A, S>,
    {
        self.build(|experiment| experiment.callable(name, function, arguments))
    }

    /// Adds a closure over the context as a unit; see [`ExperimentBuilder::unit`].
    #[must_use]
    pub fn unit<S, F>(self, name: &str, function: F) -> Self
    where
        F: UnitFunction<S>,
    {
        self.build(|experiment| experiment.unit(name, function))
    }

    /// Adds a generator; see [`ExperimentBuilder::generator`].
    #[must_use]
    pub fn generator<F, I>(self, name: &str, function: F) -> Self
    where
        F: Fn(&mut Context) -> Result<I, UnitError> + Send + Sync + 'static,
        I: IntoIterator + 'static,
        I::IntoIter: Send + 'static,
        I::Item: IntoOutput,
    {
        self.build(|experiment| experiment.generator(name, function))
    }

    /// Adds a generator made by a function with arguments; see
    /// [`ExperimentBuilder::generator_with`].
    #[must_use]
    pub fn generator_with<A, S, F>(self, name: &str, function: F, arguments: A) -> Self
    where
        A: Arguments,
        F: GeneratorFunction<A, S>,
    {
        self.build(|experiment| experiment.generator_with(name, function, arguments))
    }

    /// Adds a unit with a custom body; see [`ExperimentBuilder::body`].
    #[must_use]
    pub fn body(self, name: &str, body: UnitBody, is_process: bool, references: &[&str]) -> Self {
        self.build(|experiment| experiment.body(name, body, is_process, references))
    }

    /// Adds an object whose methods are units; see [`ExperimentBuilder::instance`].
    #[must_use]
    pub fn instance<T, A, S, F>(self, name: &str, function: F, arguments: A) -> Self
    where
        T: Send + 'static,
        A: Arguments,
        F: InstanceFunction<T, A, S>,
    {
        self.build(|experiment| experiment.instance(name, function, arguments))
    }

    /// Adds a method of an instance as a unit; see [`ExperimentBuilder::method`].
    #[must_use]
    pub fn method<T, A, S, F>(self, name: &str, instance: &str, function: F, arguments: A) -> Self
    where
        T: Send + 'static,
        A: Arguments,
        F: MethodFunction<T, A, S>,
    {
        self.build(|experiment| experiment.method(name, instance, function, arguments))
    }

    /// Adds a pipeline of batches; see [`ExperimentBuilder::pipeline`].
    #[must_use]
    pub fn pipeline<F, I>(self, name: &str, batches: F) -> Self
    where
        F: Fn(&mut Context) -> Result<I, UnitError> + Send + Sync + 'static,
        I: IntoIterator + 'static,
        I::IntoIter: Send + 'static,
        I::Item: Send + Sync + 'static,
    {
        self.build(|experiment| experiment.pipeline(name, batches))
    }

    /// Adds a unit that processes the batches of a pipeline in each branch; see
    /// [`ExperimentBuilder::branch_pipeline`].
    #[must_use]
    pub fn branch_pipeline<S, B, R, M, F>(
        self,
        name: &str,
        pipeline: &str,
        start: M,
        step: F,
    ) -> Self
    where
        S: Send + 'static,
        B: Send + Sync + 'static,
        R: IntoOutput + 'static,
        M: Fn(&mut Context) -> Result<S, UnitError> + Send + Sync + 'static,
        F: Fn(&mut S, &B, &mut Context) -> Result<R, UnitError> + Send + Sync + 'static,
    {
        self.build(|experiment| experiment.branch_pipeline(name, pipeline, start, step))
    }

    /// Makes the last unit, a pipeline, run through all its batches in each iteration; see
    /// [`ExperimentBuilder::full_run`].
    #[must_use]
    pub fn full_run(self) -> Self {
        self.build(ExperimentBuilder::full_run)
    }

    /// Adds a unit that saves the value of an expression; see [`ExperimentBuilder::save`].
    #[must_use]
    pub fn save(self, expression: impl Into<Expression>, name: &str) -> Self {
        self.build(|experiment| experiment.save(expression, name))
    }

    /// Adds a unit that sends saved values to the log at once; see [`ExperimentBuilder::dump`].
    #[must_use]
    pub fn dump<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.build(|experiment| experiment.dump(names))
    }

    /// Sets when the last unit is due; see [`ExperimentBuilder::when`].
    #[must_use]
    pub fn when(self, when: impl Into<When>) -> Self {
        self.build(|experiment| experiment.when(when))
    }

    /// Sends saved values to the log at these iterations; see [`ExperimentBuilder::dump_when`].
    #[must_use]
    pub fn dump_when(self, when: impl Into<When>) -> Self {
        self.build(|experiment| experiment.dump_when(when))
    }

    /// Makes the last unit a root; see [`ExperimentBuilder::root`].
    #[must_use]
    pub fn root(self) -> Self {
        self.build(ExperimentBuilder::root)
    }

    /// Sets the timeout of a call of the last unit; see [`ExperimentBuilder::timeout`].
    #[must_use]
    pub fn unit_timeout(self, timeout: Duration) -> Self {
        self.build(|experiment| experiment.timeout(timeout))
    }

    /// Saves the last unit's output under a name.
    #[must_use]
    pub fn save_to(self, name: &str) -> Self {
        self.build(|experiment| experiment.save_to(name))
    }

    /// Saves the elements of the last unit's output; see [`ExperimentBuilder::save_parts_to`].
    #[must_use]
    pub fn save_parts_to<'a>(self, names: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        self.build(|experiment| experiment.save_parts_to(names))
    }

    /// Saves the last unit's output, a map, with its keys as names.
    #[must_use]
    pub fn save_output_dict(self) -> Self {
        self.build(ExperimentBuilder::save_output_dict)
    }

    pub(crate) fn build(
        mut self,
        add: impl FnOnce(ExperimentBuilder) -> ExperimentBuilder,
    ) -> Self {
        self.experiment = add(self.experiment);
        self
    }
}
