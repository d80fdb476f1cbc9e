//! Experiments that share a task.

use super::Research;
use crate::parallelism::Parallelism;

impl Research {
    /// Sets the maximum number of experiments of a task. Default: 1. They are the branches of the
    /// task, share the outputs of its [`root`](Self::root) units, and use one process. They agree
    /// in all parameters that root units use; see [`branch_by`](Self::branch_by). A list of configs
    /// has one for each branch, as with [`workers`](Self::workers).
    #[must_use]
    pub fn branches(mut self, branches: impl Into<Parallelism>) -> Self {
        let Parallelism { count, configs } = branches.into();
        (self.options.branches, self.options.branch_configs) = (count, configs);
        self
    }

    /// Declares the parameters that [`root`](Self::root) units use. Root units see only these, and
    /// experiments that differ in one of them are in different tasks. An empty list declares that
    /// they use none; `"repetition"` and `"updates"` count as parameters. So results do not depend
    /// on [`branches`](Self::branches), or on which experiments are missing when a research is
    /// resumed.
    ///
    /// Required if the parameters cannot be determined: in closures over the context, in pipelines,
    /// with `ec_all()`, `e()`, `ep()`, `r()`, `e_all()` and outputs of units other than roots. The
    /// parameters of functions with arguments are known; experiments then share a task only within
    /// the same repetition.
    ///
    /// Root units have their own random generator, whose seed depends on the seed of the research
    /// and these parameters. Their id and folder are those of one of the experiments.
    ///
    /// ```
    /// use research::{Context, Research, o, option};
    ///
    /// let research = Research::new("shared")
    ///     .in_memory()
    ///     .domain(option("data", ["a", "b"]) * option("n", [1, 2]))
    ///     .branches(2)
    ///     .branch_by(["data"])
    ///     .unit("load", |cx: &mut Context| Ok(cx.config_item::<String>("data")?.to_uppercase()))
    ///     .root()
    ///     .callable("use", |loaded: String| loaded, (o("load"),))
    ///     .save_to("loaded")
    ///     .run()?;
    /// assert_eq!(research.results().load()?.len(), 4);
    /// # Ok::<(), research::ResearchError>(())
    /// ```
    #[must_use]
    pub fn branch_by<'a>(mut self, parameters: impl IntoIterator<Item = &'a str>) -> Self {
        self.options.branch_by = Some(parameters.into_iter().map(str::to_owned).collect());
        self
    }
}
