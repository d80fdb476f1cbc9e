//! Pipelines of batches.

use super::ExperimentBuilder;
use crate::check::Reference;
use crate::code::Code;
use crate::context::Context;
use crate::output::IntoOutput;
use crate::pipeline;
use crate::unit::{ObjectType, UnitBody};
use crate::unit_error::UnitError;

impl ExperimentBuilder {
    /// Adds a pipeline: a generator whose items are batches, which [branch
    /// pipelines](Self::branch_pipeline) process. As a [`root`](Self::root) it makes each batch
    /// once, for all branches. It yields a batch in each due iteration and stops the experiment at
    /// its end, or yields all batches in one iteration ([`full_run`](Self::full_run)). Other units
    /// read a batch as `Shared<B>`, with `o(name)`.
    ///
    /// ```
    /// use research_core::{Context, Experiment};
    ///
    /// struct Model { weight: f64, rate: f64 }
    ///
    /// let experiment = Experiment::builder()
    ///     .pipeline("batches", |_: &mut Context| {
    ///         let points = (0..100).map(|x| (f64::from(x), 3.0 * f64::from(x)));
    ///         let points: Vec<(f64, f64)> = points.collect();
    ///         Ok(points.chunks(10).map(<[_]>::to_vec).collect::<Vec<_>>())
    ///     })
    ///     .root()
    ///     .full_run()
    ///     .branch_pipeline(
    ///         "train",
    ///         "batches",
    ///         |cx| Ok(Model { weight: 0.0, rate: cx.config_item("rate")? }),
    ///         |model, batch: &Vec<(f64, f64)>, _| {
    ///             for (x, y) in batch {
    ///                 model.weight -= model.rate * (model.weight * x - y) * x;
    ///             }
    ///             Ok(model.weight)
    ///         },
    ///     )
    ///     .save_to("weight")
    ///     .build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn pipeline<F, I>(self, name: &str, batches: F) -> Self
    where
        F: Fn(&mut Context) -> Result<I, UnitError> + Send + Sync + 'static,
        I: IntoIterator + 'static,
        I::IntoIter: Send + 'static,
        I::Item: Send + Sync + 'static,
    {
        let mut builder = self
            .add(name, UnitBody::Generator(pipeline::batches(batches)))
            .calling(Code::of::<F>());
        builder.last(|unit| unit.batches = Some(ObjectType::of::<I::Item>()));
        builder
    }

    /// Adds a unit that processes the batches of a pipeline in each branch. `start` makes its state
    /// (a model, for example) before the first batch. `step` takes state, batch and context, and
    /// returns the unit's output, which can be saved like that of any unit.
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
        let body = pipeline::steps(pipeline, start, step);
        let mut builder = self
            .add(name, UnitBody::Generator(body))
            .calling(Code::of::<M>().and(Code::of::<F>()));
        builder.last(|unit| unit.source = Some(pipeline.to_owned()));
        let position = builder.units.len() - 1;
        builder
            .references
            .push(Reference::batches::<B>(position, pipeline));
        builder
    }
}
