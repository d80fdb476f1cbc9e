//! Hooks: an embedder's additions to an executor.

use crate::context::Context;
use crate::event::ExperimentRecord;
use crate::output::Output;
use crate::unit::Unit;
use crate::unit_error::UnitError;

/// The result of a call of a unit: an output, the end of a generator (`None`), or an error.
pub type UnitResult = Result<Option<Output>, UnitError>;

/// Hooks around the work of an executor: tasks, iterations, calls of units. By default, methods add
/// nothing. An executor without hooks has no cost for them.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use research_core::{Context, ExecutorHooks, Experiment, Unit, UnitResult};
///
/// /// Calls a unit that has failed once more.
/// struct SecondChance;
///
/// impl ExecutorHooks for SecondChance {
///     fn around_unit(
///         &self,
///         _: &Unit,
///         context: &mut Context,
///         call: &mut dyn FnMut(&mut Context) -> UnitResult,
///     ) -> UnitResult {
///         call(context).or_else(|_| call(context))
///     }
/// }
///
/// let experiment = Experiment::builder().callable("u", || 1, ()).hooks(SecondChance).build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
pub trait ExecutorHooks: Send + Sync {
    /// Wraps a whole task; the method must call `run`. If it does not, the experiments of the task
    /// have failed.
    fn around_task(&self, experiments: &[&ExperimentRecord], run: &mut dyn FnMut()) {
        let _ = experiments;
        run();
    }

    /// Runs before the units of an iteration, in each branch.
    ///
    /// # Errors
    /// Any error becomes the experiment's failure.
    fn before_iteration(&self, context: &mut Context) -> Result<(), UnitError> {
        let _ = context;
        Ok(())
    }

    /// Runs after the units of an iteration, in each branch.
    ///
    /// # Errors
    /// Any error becomes the experiment's failure.
    fn after_iteration(&self, context: &mut Context) -> Result<(), UnitError> {
        let _ = context;
        Ok(())
    }

    /// Wraps the call of a unit that runs code: callables, generators, methods. For a root unit the
    /// context is that of the first branch.
    ///
    /// # Errors
    /// Any error becomes the experiment's failure.
    fn around_unit(
        &self,
        unit: &Unit,
        context: &mut Context,
        call: &mut dyn FnMut(&mut Context) -> UnitResult,
    ) -> UnitResult {
        let _ = unit;
        call(context)
    }
}
