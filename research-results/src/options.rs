//! The options of tables of results.

use std::collections::BTreeSet;

use research_core::Status;
use research_domain::{Condition, Domain, Value};

/// Selects the columns, experiments, iterations and variables of a table of results.
///
/// ```
/// use research_results::{Results, TableOptions};
///
/// let options = TableOptions::new()
///     .long(true)
///     .config("model", "small")
///     .config("model", "medium")
///     .variables(["loss"]);
/// let results = Results::new();
/// let table = results.to_table(&options).unwrap();
/// assert_eq!(table.columns(), ["id", "iteration", "name", "value"]);
/// ```
///
/// An experiment has to pass all filters.
#[derive(Clone, Debug)]
pub struct TableOptions {
    pub(crate) long: bool,
    pub(crate) use_alias: bool,
    pub(crate) include_config: bool,
    pub(crate) concat_config: bool,
    pub(crate) drop_columns: bool,
    pub(crate) aux: bool,
    pub(crate) origin: bool,
    pub(crate) usage: bool,
    pub(crate) added: bool,
    pub(crate) every_experiment: bool,
    pub(crate) ids: BTreeSet<String>,
    pub(crate) config: Vec<(String, Wanted)>,
    pub(crate) alias: Vec<(String, String)>,
    pub(crate) domain: Option<Domain>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) statuses: Vec<Option<Status>>,
    pub(crate) status: bool,
    /// Whether the iterations of variables that are not requested are read.
    pub(crate) all_iterations: bool,
    pub(crate) iterations: BTreeSet<u64>,
    pub(crate) variables: Vec<String>,
}

/// The value that a parameter needs to pass a filter.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Value(Value),
    Text(String),
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            long: false,
            use_alias: false,
            include_config: true,
            concat_config: false,
            drop_columns: true,
            aux: false,
            origin: false,
            usage: false,
            added: false,
            every_experiment: false,
            ids: BTreeSet::new(),
            config: Vec::new(),
            alias: Vec::new(),
            domain: None,
            conditions: Vec::new(),
            statuses: Vec::new(),
            status: false,
            all_iterations: false,
            iterations: BTreeSet::new(),
            variables: Vec::new(),
        }
    }
}

impl TableOptions {
    /// Selects everything, with a column for each parameter and variable.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the table has a row for each saved value, with the columns `name` and `value`,
    /// instead of a column for each variable.
    #[must_use]
    pub fn long(mut self, long: bool) -> Self {
        self.long = long;
        self
    }

    /// Sets whether aliases of keys and values replace those that have some.
    #[must_use]
    pub fn use_alias(mut self, use_alias: bool) -> Self {
        self.use_alias = use_alias;
        self
    }

    /// Sets whether the table has the parameters. They are included by default.
    #[must_use]
    pub fn include_config(mut self, include_config: bool) -> Self {
        self.include_config = include_config;
        self
    }

    /// Sets whether the table has a column `config` with the config's alias string.
    #[must_use]
    pub fn concat_config(mut self, concat_config: bool) -> Self {
        self.concat_config = concat_config;
        self
    }

    /// Sets whether [`concat_config`](Self::concat_config) replaces the columns of the parameters,
    /// as it does by default.
    #[must_use]
    pub fn drop_columns(mut self, drop_columns: bool) -> Self {
        self.drop_columns = drop_columns;
        self
    }

    /// Sets whether the table has columns for the auxiliary keys: `repetition`, `updates` and, in a
    /// research that has run with devices, `device`. Not set by default.
    #[must_use]
    pub fn aux(mut self, aux: bool) -> Self {
        self.aux = aux;
        self
    }

    /// Sets whether the table has columns for the origin of experiments: the `seed` that programs
    /// receive, `started` in seconds since 1970, the number of the `run`, and the `host`. Not set
    /// by default.
    #[must_use]
    pub fn origin(mut self, origin: bool) -> Self {
        self.origin = origin;
        self
    }

    /// Sets whether the table has columns for the resources that experiments used: `peak_memory` in
    /// bytes, `cpu_seconds` and `exit_code`. Not set by default.
    #[must_use]
    pub fn usage(mut self, usage: bool) -> Self {
        self.usage = usage;
        self
    }

    /// Sets whether parameters that workers and branches add to configs have columns. If such a
    /// parameter replaces one of the domain, its value is shown. Not set by default.
    #[must_use]
    pub fn added(mut self, added: bool) -> Self {
        self.added = added;
        self
    }

    /// Sets whether every experiment that has started has a row, also one that has saved nothing,
    /// and whether there is a column `status`: the status, or `running`. Not set by default.
    #[must_use]
    pub fn every_experiment(mut self, every: bool) -> Self {
        self.every_experiment = every;
        self
    }

    /// Sets whether the table has a column with the status of each experiment, or `running` for
    /// experiments that have not ended. Not set by default.
    #[must_use]
    pub fn status_column(mut self, status: bool) -> Self {
        self.status = status;
        self
    }

    /// Selects experiments with this status, and those of earlier calls. `None` is the status of
    /// experiments that have not ended.
    #[must_use]
    pub fn status(mut self, status: impl Into<Option<Status>>) -> Self {
        self.statuses.push(status.into());
        self
    }

    /// Selects these experiments, and those of earlier calls.
    #[must_use]
    pub fn ids<I>(mut self, ids: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.ids.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Selects experiments whose config has this value. Numbers are compared as numbers: `2` is
    /// `2.0`. Of several values of one key, one has to match; of several keys, all have to match.
    /// `repetition` and `updates` are keys, too.
    #[must_use]
    pub fn config(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.config.push((key.into(), Wanted::Value(value.into())));
        self
    }

    /// Like [`config`](Self::config), with a value as users type it: the printed value, another
    /// notation of the same number, the number that tables show for a float (unless an experiment
    /// has exactly this value), or the value's alias.
    #[must_use]
    pub fn config_text(mut self, key: impl Into<String>, text: impl Into<String>) -> Self {
        self.config.push((key.into(), Wanted::Text(text.into())));
        self
    }

    /// Selects experiments in which the value of a key, or of a key's alias, has this alias.
    #[must_use]
    pub fn alias(mut self, key: impl Into<String>, alias: impl Into<String>) -> Self {
        self.alias.push((key.into(), alias.into()));
        self
    }

    /// Selects experiments of this domain: those whose values of the domain's parameters occur
    /// together in one of its configs. Parameters that the domain does not have may have any value.
    /// Numbers are compared as numbers.
    #[must_use]
    pub fn domain(mut self, domain: Domain) -> Self {
        self.domain = Some(domain);
        self
    }

    /// Selects experiments for which a condition over their parameters is true, and the conditions
    /// of earlier calls are true. `repetition` and `updates` are parameters, too. If no experiment
    /// has exactly the value in the condition, a float matches by the number that tables show, in
    /// about six digits.
    ///
    /// ```
    /// use research_results::TableOptions;
    ///
    /// let options = TableOptions::new()
    ///     .condition("C > 1".parse().unwrap())
    ///     .condition("act in [\"relu\", \"tanh\"]".parse().unwrap());
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn condition(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// Selects these iterations, and those of earlier calls.
    #[must_use]
    pub fn iterations(mut self, iterations: impl IntoIterator<Item = u64>) -> Self {
        self.iterations.extend(iterations);
        self
    }

    /// Selects these variables, and those of earlier calls.
    #[must_use]
    pub fn variables<I>(mut self, variables: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.variables.extend(variables.into_iter().map(Into::into));
        self
    }
}
