//! Updates of the domain.

use research_core::When;

use super::Research;
use crate::update::{IntoUpdate, ProgramUpdate, Rule, UpdateContext};

impl Research {
    /// Adds a function that updates the domain during the run. It is called after a task ended, if
    /// `when` is due for the number of configs taken from the domain, as if configs were
    /// iterations; `last` means that the domain is exhausted.
    ///
    /// The returned [`Domain`](crate::Domain), or [`NewDomain`](crate::NewDomain) with its
    /// iteration, or an option or a result of these, replaces the rest of the domain. `updates` in
    /// the configs increases by one. If several functions are due, the first that returns a domain
    /// counts. Functions run in the leader, while workers continue. An error ends the run when
    /// running experiments have finished; a resumed run calls the function again.
    ///
    /// ```
    /// use research::{Research, ec, option};
    ///
    /// let research = Research::new("search")
    ///     .in_memory()
    ///     .domain(option("x", [0.0, 5.0, 10.0]))
    ///     .callable("loss", |x: f64| (x - 4.0).powi(2), (ec("x"),))
    ///     .save_to("loss")
    ///     .update_domain(
    ///         |cx| (cx.updates() == 0).then(|| option("x", [3.0, 4.0])),
    ///         research::When::last(),
    ///     )
    ///     .run()?;
    /// assert_eq!(research.results().load()?.len(), 5);
    /// # Ok::<(), research::ResearchError>(())
    /// ```
    #[must_use]
    pub fn update_domain<F, R>(mut self, function: F, when: impl Into<When>) -> Self
    where
        F: FnMut(&mut UpdateContext<'_>) -> R + Send + 'static,
        R: IntoUpdate,
    {
        self.updates.push(Rule::new(function, when.into()));
        self
    }

    /// Adds a program that updates the domain, like the function of
    /// [`update_domain`](Self::update_domain).
    #[must_use]
    pub fn update_domain_by(mut self, program: ProgramUpdate, when: impl Into<When>) -> Self {
        self.updates.push(Rule::program(program, when.into()));
        self
    }
}
