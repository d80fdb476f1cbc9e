//! An embedder's own additions to what an executor does.

use crate::context::Context;
use crate::event::ExperimentRecord;
use crate::output::Output;
use crate::unit::Unit;
use crate::unit_error::UnitError;

/// What a call of a unit led to: an output, the end of a generator (`None`), or an error.
pub type UnitResult = Result<Option<Output>, UnitError>;

/// Stands around what an executor does: tasks, iterations, calls of units. Each of its methods
/// does nothing of its own, if not overridden. Without hooks an executor pays nothing for them.
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
    /// Stands around a whole task: call `run`. Experiments of a task that is not run have failed.
    fn around_task(&self, experiments: &[&ExperimentRecord], run: &mut dyn FnMut()) {
        let _ = experiments;
        run();
    }

    /// Comes before the units of an iteration, in each branch.
    ///
    /// # Errors
    /// Any error becomes the experiment's failure.
    fn before_iteration(&self, context: &mut Context) -> Result<(), UnitError> {
        let _ = context;
        Ok(())
    }

    /// Comes after the units of an iteration, in each branch.
    ///
    /// # Errors
    /// Any error becomes the experiment's failure.
    fn after_iteration(&self, context: &mut Context) -> Result<(), UnitError> {
        let _ = context;
        Ok(())
    }

    /// Stands around the call of a unit that runs code: callables, generators, methods. For a
    /// root unit the context is that of the first branch.
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
