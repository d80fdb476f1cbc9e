//! Pipelines: batches, and the units that process them.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::argument::FromArgument;
use crate::context::Context;
use crate::expression::{Expression, o};
use crate::function::Closure;
use crate::output::{IntoOutput, Output, Shared};
use crate::unit::{Generator, GeneratorBody};
use crate::unit_error::UnitError;

/// Returns a generator that yields batches as shared objects.
pub(crate) fn batches<F, I>(function: F) -> Arc<dyn GeneratorBody>
where
    F: Fn(&mut Context) -> Result<I, UnitError> + Send + Sync + 'static,
    I: IntoIterator + 'static,
    I::IntoIter: Send + 'static,
    I::Item: Send + Sync + 'static,
{
    Arc::new(Closure(move |context: &mut Context| {
        Ok(function(context)?.into_iter().map(Shared::new))
    }))
}

/// Returns a generator that processes the latest batch of a pipeline each time.
pub(crate) fn steps<S, B, R, M, F>(pipeline: &str, start: M, step: F) -> Arc<dyn GeneratorBody>
where
    S: Send + 'static,
    B: Send + Sync + 'static,
    R: IntoOutput + 'static,
    M: Fn(&mut Context) -> Result<S, UnitError> + Send + Sync + 'static,
    F: Fn(&mut S, &B, &mut Context) -> Result<R, UnitError> + Send + Sync + 'static,
{
    Arc::new(Steps {
        start,
        step: Arc::new(step),
        batch: o(pipeline),
        types: PhantomData::<fn(B) -> R>,
    })
}

struct Steps<M, F, Types> {
    start: M,
    step: Arc<F>,
    batch: Expression,
    types: PhantomData<Types>,
}

struct Started<S, F, Types> {
    state: S,
    step: Arc<F>,
    batch: Expression,
    types: PhantomData<Types>,
}

impl<S, B, R, M, F> GeneratorBody for Steps<M, F, fn(B) -> R>
where
    S: Send + 'static,
    B: Send + Sync + 'static,
    R: IntoOutput + 'static,
    M: Fn(&mut Context) -> Result<S, UnitError> + Send + Sync,
    F: Fn(&mut S, &B, &mut Context) -> Result<R, UnitError> + Send + Sync + 'static,
{
    fn start(&self, context: &mut Context) -> Result<Box<dyn Generator>, UnitError> {
        Ok(Box::new(Started {
            state: (self.start)(context)?,
            step: Arc::clone(&self.step),
            batch: self.batch.clone(),
            types: self.types,
        }))
    }
}

impl<S, B, R, F> Generator for Started<S, F, fn(B) -> R>
where
    S: Send,
    B: Send + Sync + 'static,
    R: IntoOutput,
    F: Fn(&mut S, &B, &mut Context) -> Result<R, UnitError> + Send + Sync,
{
    fn next(&mut self, context: &mut Context) -> Result<Option<Output>, UnitError> {
        let batch = Shared::<B>::from_argument(self.batch.evaluate(context)?, &self.batch)?;
        let output = (self.step)(&mut self.state, &batch, context)?;
        output.into_output().map(Some)
    }
}
