//! Functions of the program in expressions.

use std::fmt;
use std::sync::Arc;

use super::{Expression, ExpressionError, Kind};
use crate::argument::{Argument, FromArgument};
use crate::code::Code;
use crate::output::{IntoOutput, Output};

type Function = dyn Fn(Argument<'_>, &Expression) -> Result<Output, ExpressionError> + Send + Sync;

/// A function of one argument.
#[derive(Clone)]
pub(crate) struct Mapped {
    function: Arc<Function>,
    code: Code,
}

impl Mapped {
    /// Calls the function with the value of `expression`.
    pub(crate) fn call(
        &self,
        argument: Argument<'_>,
        expression: &Expression,
    ) -> Result<Output, ExpressionError> {
        (self.function)(argument, expression)
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }
}

/// All processes of a program print the same; see [`Code::with_arguments`].
impl fmt::Debug for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)
    }
}

impl Expression {
    /// The result of a function. Argument and result may have the same types as those of units.
    ///
    /// ```
    /// use research_core::{Experiment, Shared, ec, o};
    ///
    /// let experiment = Experiment::builder()
    ///     .callable("data", || Shared::new(vec![1.0, 2.0]), ())
    ///     .save(o("data").map(|data: Shared<Vec<f64>>| data.len()), "rows")
    ///     .save(ec("rate").map(f64::ln), "log_rate")
    ///     .build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn map<T, R, F>(self, function: F) -> Self
    where
        T: FromArgument,
        R: IntoOutput,
        F: Fn(T) -> R + Send + Sync + 'static,
    {
        let code = Code::of::<F>();
        let call = move |argument: Argument<'_>, expression: &Expression| {
            let output = function(T::from_argument(argument, expression)?).into_output();
            output.map_err(|error| ExpressionError::Operation {
                expression: format!("a function of {expression}"),
                reason: error.message().to_owned(),
            })
        };
        let inner = if T::is_optional() {
            self.optional()
        } else {
            self
        };
        let function = Mapped {
            function: Arc::new(call),
            code,
        };
        Self(Kind::Call(Box::new(inner), function))
    }
}
