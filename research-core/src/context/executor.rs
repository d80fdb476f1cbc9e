//! The executor's side of a context.

use std::ffi::OsString;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use research_domain::Value;

use super::{BranchPosition, Context, DEVICE};
use crate::argument::Argument;
use crate::branches::{BranchView, Branches};
use crate::deadline::Deadline;
use crate::event::{ExperimentNumber, ExperimentRecord};
use crate::expression::Expression;
use crate::folder::leave_experiment_folder;
use crate::log_level::LogLevel;
use crate::output::{Object, Output};
use crate::traits::{EventSink, OutputSink, SinkError};
use crate::unit_error::UnitError;
use crate::unit_table::UnitTable;
use crate::values::pending::{Columns, SharedSaved};
use crate::view::ResearchView;

/// A [`Context`] with the methods that only its executor may call. Units receive the context alone,
/// so they cannot change the executor's state: iteration, outputs, devices, deadline.
pub struct ExecutorContext(pub(super) Context);

impl Deref for ExecutorContext {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.0
    }
}

impl DerefMut for ExecutorContext {
    fn deref_mut(&mut self) -> &mut Context {
        &mut self.0
    }
}

impl ExecutorContext {
    pub(crate) fn new(
        units: UnitTable,
        view: Option<Arc<dyn ResearchView>>,
        number: ExperimentNumber,
        record: Arc<ExperimentRecord>,
        experiments_folder: Option<PathBuf>,
        saved: Columns,
    ) -> Self {
        Self(Context::new(
            units,
            view,
            number,
            record,
            experiments_folder,
            saved,
        ))
    }

    /// Sets the branch of the experiment in its task with the added config, and the number of
    /// iterations, if it is known.
    pub fn set_branch(&mut self, branch: BranchPosition, n_iters: Option<u64>) {
        self.0.branch = Arc::new(branch);
        self.0.n_iters = n_iters;
    }

    /// Notes that the experiment ends with the current iteration.
    pub fn set_stopping(&mut self) {
        self.0.is_stopping = true;
    }

    /// Returns the view of this branch for root units.
    #[must_use]
    pub fn branch_view(&self, is_running: bool) -> BranchView {
        BranchView {
            units: self.0.units.clone(),
            record: Arc::clone(&self.0.record),
            full_config: self.0.full_config.clone(),
            is_running,
            outputs: self.0.outputs.clone(),
        }
    }

    /// Returns the latest output of the unit at an index.
    #[must_use]
    pub fn output_at(&self, unit: usize) -> Option<&Output> {
        self.0.outputs.get(unit)?.as_ref()
    }

    /// Sets the devices of the experiment: `device` becomes the auxiliary key of that name;
    /// `visible` is the value of `CUDA_VISIBLE_DEVICES` for programs that units start.
    pub fn set_devices(&mut self, device: Value, visible: Option<Arc<str>>) {
        self.0.full_config.insert(DEVICE, device);
        self.0.visible_devices = visible;
    }

    /// Sets the mark in the variable `RESEARCH_MARK` of the programs that units start, which they
    /// forward to programs that they start. Without it, programs have the mark of this process, if
    /// it has one.
    pub fn set_mark(&mut self, mark: Option<Arc<str>>) {
        self.0.mark = mark;
    }

    /// Sets additional variables for the environment of programs.
    pub fn set_variables(&mut self, variables: Option<Arc<[(String, OsString)]>>) {
        self.0.variables = variables;
    }

    /// Sets the deadline of the next call.
    pub fn set_deadline(&mut self, deadline: Option<Deadline>) {
        self.0.deadline = deadline;
    }

    /// Sets the current iteration.
    pub fn set_iteration(&mut self, iteration: u64) {
        self.0.iteration = iteration;
    }

    /// Stores the output of the unit at an index.
    pub fn set_output(&mut self, unit: usize, output: Output) {
        self.0.outputs[unit] = Some(output);
    }

    /// Sets the branches that the next unit can read; `None` removes them.
    pub fn set_branches(&mut self, branches: Option<Branches>) {
        self.0.branches = branches.map(|branches| Arc::new(branches) as Object);
    }

    /// Sets the lowest level of messages that are kept.
    pub fn set_loglevel(&mut self, level: LogLevel) {
        self.0.loglevel = level;
    }

    /// Sets the sink for the output of programs of units.
    pub fn set_output_sink(&mut self, keeper: Arc<dyn OutputSink>) {
        self.0.output = Some(keeper);
    }

    /// Saves the value of an expression, unless it is missing.
    ///
    /// # Errors
    /// The value cannot be computed, or is an object.
    pub fn save_expression(
        &mut self,
        expression: &Expression,
        variable: &str,
    ) -> Result<(), UnitError> {
        let value = match expression.evaluate(&self.0) {
            Ok(Argument::Value(value)) => value.into_owned(),
            Ok(Argument::Object(_)) => return Err(UnitError::not_a_value(variable)),
            Ok(Argument::Missing(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        self.0.save_value(variable, value)
    }

    /// Returns about how many bytes of saved values are not sent yet.
    #[must_use]
    pub fn saved_bytes(&self) -> usize {
        self.0.saved.bytes()
    }

    /// Sends the saved values.
    ///
    /// # Errors
    /// The sink is closed.
    pub fn send_saved(&mut self, sink: &mut dyn EventSink) -> Result<(), SinkError> {
        self.0.saved.send(self.0.number, |_| true, sink)
    }

    /// Sends the saved values of these variables.
    ///
    /// # Errors
    /// The sink is closed.
    pub fn send_saved_as(
        &mut self,
        names: &[String],
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        let is_wanted = |variable: &str| names.iter().any(|name| name == variable);
        self.0.saved.send(self.0.number, is_wanted, sink)
    }

    /// Shares the unsent values with the thread that ends the experiment if a call takes too long.
    pub fn share_saved(&mut self) -> SharedSaved {
        self.0.saved.share(self.0.number)
    }

    /// Checks that all saved values could be stored. A full disk is not a failure of the
    /// experiment, and values that it saves later would be lost, too.
    ///
    /// # Errors
    /// A value could not be stored, even if the unit handled the error.
    pub fn check_stored(&self) -> Result<(), SinkError> {
        match &self.0.unstored {
            None => Ok(()),
            Some(reason) => Err(SinkError::Unstored(reason.clone())),
        }
    }

    /// Whether there are messages to send.
    #[must_use]
    #[inline]
    pub fn has_messages(&self) -> bool {
        !self.0.messages.is_empty()
    }

    /// Sends the messages.
    ///
    /// # Errors
    /// The sink is closed.
    pub fn send_messages(&mut self, sink: &mut dyn EventSink) -> Result<(), SinkError> {
        self.0
            .messages
            .drain(..)
            .try_for_each(|message| sink.emit(message))
    }

    /// Removes the experiment's folder if it is empty; otherwise writes the config into it. Called
    /// at the experiment's end.
    ///
    /// # Errors
    /// The config cannot be written.
    pub fn leave_folder(&self) -> std::io::Result<()> {
        let Some(folder) = &self.0.folder else {
            return Ok(());
        };
        if !self.0.folder_was_made.load(Ordering::Relaxed) {
            return Ok(());
        }
        leave_experiment_folder(folder, &self.0.full_config)
    }
}
