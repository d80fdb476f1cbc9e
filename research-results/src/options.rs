//! What a table of results shows.

use std::collections::BTreeSet;

use research_core::Status;
use research_domain::{Condition, Domain, Value};

/// What a table of results shows: which columns, and which experiments, iterations and variables.
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
/// All filters hold at once.
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
    /// Whether the iterations of variables that are not asked for are read.
    pub(crate) all_iterations: bool,
    pub(crate) iterations: BTreeSet<u64>,
    pub(crate) variables: Vec<String>,
}

/// What a parameter must be to pass a filter.
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
    /// Everything, a column per parameter and variable.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A row for each saved value, with the columns `name` and `value`, instead of a column for
    /// each variable.
    #[must_use]
    pub fn long(mut self, long: bool) -> Self {
        self.long = long;
        self
    }

    /// The aliases of keys and values where they have some, instead of keys and values.
    #[must_use]
    pub fn use_alias(mut self, use_alias: bool) -> Self {
        self.use_alias = use_alias;
        self
    }

    /// Whether the parameters are there at all; they are, if not set.
    #[must_use]
    pub fn include_config(mut self, include_config: bool) -> Self {
        self.include_config = include_config;
        self
    }

    /// One column `config` with the config's alias string.
    #[must_use]
    pub fn concat_config(mut self, concat_config: bool) -> Self {
        self.concat_config = concat_config;
        self
    }

    /// Whether [`concat_config`](Self::concat_config) takes the place of the parameters' own
    /// columns; it does, if not set.
    #[must_use]
    pub fn drop_columns(mut self, drop_columns: bool) -> Self {
        self.drop_columns = drop_columns;
        self
    }

    /// Whether there are columns of the auxiliary keys: `repetition`, `updates` and, in a research
    /// that has run with devices, `device`; there are none, if not set.
    #[must_use]
    pub fn aux(mut self, aux: bool) -> Self {
        self.aux = aux;
        self
    }

    /// Whether there are columns of where experiments come from: `seed` as programs are given it,
    /// `started` in seconds since 1970, the number of the `run`, and `host`; there are none, if not
    /// set.
    #[must_use]
    pub fn origin(mut self, origin: bool) -> Self {
        self.origin = origin;
        self
    }

    /// Whether there are columns of what experiments used: `peak_memory` in bytes, `cpu_seconds`
    /// and `exit_code`; there are none, if not set.
    #[must_use]
    pub fn usage(mut self, usage: bool) -> Self {
        self.usage = usage;
        self
    }

    /// Whether parameters that workers and branches add to configs have columns; where they replace
    /// those of the domain, their values are shown. They do not, if not set.
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

    /// Whether there is a column with the status of each experiment, `running` for experiments that
    /// have not ended; there is none, if not set.
    #[must_use]
    pub fn status_column(mut self, status: bool) -> Self {
        self.status = status;
        self
    }

    /// Only experiments with this status, and those of earlier calls; `None` is the status of
    /// experiments that have not ended.
    #[must_use]
    pub fn status(mut self, status: impl Into<Option<Status>>) -> Self {
        self.statuses.push(status.into());
        self
    }

    /// Only these experiments, and those of earlier calls.
    #[must_use]
    pub fn ids<I>(mut self, ids: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.ids.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Only experiments whose config has this value (numbers are compared as numbers: `2` is
    /// `2.0`). Several values of one key: any of them; several keys: all of them. `repetition`
    /// and `updates` are keys too.
    #[must_use]
    pub fn config(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.config.push((key.into(), Wanted::Value(value.into())));
        self
    }

    /// As [`config`](Self::config), with a value as users type it: the value printed, another
    /// way to write the same number, the number that tables show for a float (unless an experiment
    /// has exactly this value), or the value's alias.
    #[must_use]
    pub fn config_text(mut self, key: impl Into<String>, text: impl Into<String>) -> Self {
        self.config.push((key.into(), Wanted::Text(text.into())));
        self
    }

    /// Only experiments for which the value of a key has this alias; key or key's alias.
    #[must_use]
    pub fn alias(mut self, key: impl Into<String>, alias: impl Into<String>) -> Self {
        self.alias.push((key.into(), alias.into()));
        self
    }

    /// Only experiments that are in this domain: those whose values of the domain's parameters are
    /// together in one of its configs. Parameters that the domain does not have may have any value.
    /// Numbers are compared as numbers.
    #[must_use]
    pub fn domain(mut self, domain: Domain) -> Self {
        self.domain = Some(domain);
        self
    }

    /// Only experiments for which a condition over their parameters is true, and the conditions of
    /// earlier calls. `repetition` and `updates` are parameters too. A float is found by the number
    /// that tables show, in about six digits, where no experiment has exactly the value in the
    /// condition.
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

    /// Only these iterations, and those of earlier calls.
    #[must_use]
    pub fn iterations(mut self, iterations: impl IntoIterator<Item = u64>) -> Self {
        self.iterations.extend(iterations);
        self
    }

    /// Only these variables, and those of earlier calls.
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
