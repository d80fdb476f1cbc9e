//! Plain typed functions as units: `|a: f64, b: f64| a + b` with `(ec("a"), o("other"))`.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::argument::FromArgument;
use crate::context::Context;
use crate::expression::Expression;
use crate::inputs::Input;
use crate::output::{IntoOutput, Output, PlainOutput};
use crate::unit::{CallableBody, Generator, GeneratorBody};
use crate::unit_error::UnitError;

/// The arguments of a unit: a tuple of expressions, or of plain values.
pub trait Arguments {
    /// Returns the expressions, in order.
    fn into_expressions(self) -> Vec<Expression>;
}

/// A function as a callable unit. It is implemented for all functions of up to nine arguments,
/// which may take the context (`&mut Context`) before them; the types are inferred.
pub trait CallableFunction<A: Arguments, Signature>: 'static {
    /// Returns the unit's body, which calls the function each time, and the expressions that it
    /// reads.
    fn into_body(self, arguments: A) -> (Arc<dyn CallableBody>, Vec<Expression>);
}

/// A function that returns an iterator as a generator unit. It is implemented for all functions
/// of up to nine arguments; the types are inferred.
pub trait GeneratorFunction<A: Arguments, Signature>: 'static {
    /// Returns the unit's body, which calls the function once, and the expressions that it reads.
    fn into_body(self, arguments: A) -> (Arc<dyn GeneratorBody>, Vec<Expression>);
}

/// A function with its arguments.
struct Typed<F, Signature> {
    function: F,
    arguments: Vec<Expression>,
    signature: PhantomData<Signature>,
}

impl<F, Signature> Typed<F, Signature> {
    fn new(function: F, arguments: &[Expression]) -> Self {
        Self {
            function,
            arguments: arguments.to_vec(),
            signature: PhantomData,
        }
    }
}

/// A closure over the context as a unit: it returns a value, or a `Result` whose error is a
/// [`UnitError`], so that `?` works without a type. For other errors see
/// [`callable`](crate::ExperimentBuilder::callable).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a function over the context",
    note = "write `|cx: &mut Context| …`, which returns a plain value or a `Result` with a \
            `UnitError`; other functions are added with `callable`"
)]
pub trait UnitFunction<Signature>: 'static {
    /// Returns the unit's body, which calls the function each time.
    fn into_body(self) -> Arc<dyn CallableBody>;
}

impl<F, R> UnitFunction<fn() -> Result<R, UnitError>> for F
where
    F: Fn(&mut Context) -> Result<R, UnitError> + Send + Sync + 'static,
    R: IntoOutput,
{
    fn into_body(self) -> Arc<dyn CallableBody> {
        Arc::new(Closure(self))
    }
}

impl<F, R> UnitFunction<fn() -> R> for F
where
    F: Fn(&mut Context) -> R + Send + Sync + 'static,
    R: PlainOutput,
{
    fn into_body(self) -> Arc<dyn CallableBody> {
        Arc::new(Closure(move |context: &mut Context| {
            self(context).into_output()
        }))
    }
}

/// A closure over the context.
pub(crate) struct Closure<F>(pub(crate) F);

impl<F, R> CallableBody for Closure<F>
where
    F: Fn(&mut Context) -> R + Send + Sync,
    R: IntoOutput,
{
    #[inline]
    fn call(&self, context: &mut Context) -> Result<Output, UnitError> {
        (self.0)(context).into_output()
    }
}

impl<F, I> GeneratorBody for Closure<F>
where
    F: Fn(&mut Context) -> Result<I, UnitError> + Send + Sync,
    I: IntoIterator,
    I::IntoIter: Send + 'static,
    I::Item: IntoOutput,
{
    fn start(&self, context: &mut Context) -> Result<Box<dyn Generator>, UnitError> {
        Ok(Box::new(Items((self.0)(context)?.into_iter())))
    }
}

/// An iterator as a generator.
struct Items<I>(I);

impl<I> Generator for Items<I>
where
    I: Iterator + Send,
    I::Item: IntoOutput,
{
    #[inline]
    fn next(&mut self, _: &mut Context) -> Result<Option<Output>, UnitError> {
        self.0.next().map(IntoOutput::into_output).transpose()
    }
}

/// Returns the arguments of a function as the user wrote them.
fn described(arguments: &[Expression]) -> String {
    let arguments: Vec<String> = arguments.iter().map(Expression::to_string).collect();
    format!("({})", arguments.join(", "))
}

/// Marks the expressions whose arguments may be missing.
fn mark_optional(expressions: Vec<Expression>, optional: &[bool]) -> Vec<Expression> {
    let expressions = expressions.into_iter().zip(optional);
    expressions
        .map(|(expression, optional)| match optional {
            true => expression.optional(),
            false => expression,
        })
        .collect()
}

macro_rules! functions {
    ($( ($($type:ident $expression:ident $argument:ident $index:tt),*) )+) => {$(
        impl<$($expression: Into<Expression>),*> Arguments for ($($expression,)*) {
            fn into_expressions(self) -> Vec<Expression> {
                vec![$(self.$index.into()),*]
            }
        }

        impl<Function, Out, $($type),*> Typed<Function, fn($($type),*) -> Out>
        where
            Function: Fn($($type),*) -> Out,
            $($type: FromArgument),*
        {
            #[inline]
            #[allow(unused_variables, reason = "a function without arguments looks at nothing")]
            fn apply(&self, context: &Context) -> Result<Out, UnitError> {
                Ok((self.function)($({
                    let expression = &self.arguments[$index];
                    $type::from_argument(expression.evaluate(context)?, expression)?
                }),*))
            }
        }

        impl<Function, Out, $($type),*> CallableBody for Typed<Function, fn($($type),*) -> Out>
        where
            Function: Fn($($type),*) -> Out + Send + Sync,
            Out: IntoOutput,
            $($type: FromArgument),*
        {
            #[inline]
            fn call(&self, context: &mut Context) -> Result<Output, UnitError> {
                self.apply(context)?.into_output()
            }

            fn inputs(&self) -> Option<Vec<Input>> {
                Some(Input::of_expressions(&self.arguments))
            }

            fn describe(&self) -> Option<String> {
                Some(described(&self.arguments))
            }
        }

        impl<Function, Out, $($type),*> GeneratorBody for Typed<Function, fn($($type),*) -> Out>
        where
            Function: Fn($($type),*) -> Out + Send + Sync,
            Out: IntoIterator,
            Out::IntoIter: Send + 'static,
            Out::Item: IntoOutput,
            $($type: FromArgument),*
        {
            fn start(&self, context: &mut Context) -> Result<Box<dyn Generator>, UnitError> {
                Ok(Box::new(Items(self.apply(context)?.into_iter())))
            }

            fn inputs(&self) -> Option<Vec<Input>> {
                Some(Input::of_expressions(&self.arguments))
            }

            fn describe(&self) -> Option<String> {
                Some(described(&self.arguments))
            }
        }

        impl<Function, Out, $($type),*> Typed<Function, fn(&mut Context, $($type),*) -> Out>
        where
            Function: Fn(&mut Context, $($type),*) -> Out,
            $($type: FromArgument),*
        {
            #[inline]
            fn apply_in(&self, context: &mut Context) -> Result<Out, UnitError> {
                $(
                    let expression = &self.arguments[$index];
                    let argument = expression.evaluate(context)?;
                    let $argument = $type::from_argument(argument, expression)?;
                )*
                Ok((self.function)(context, $($argument),*))
            }
        }

        impl<Function, Out, $($type),*> CallableBody
            for Typed<Function, fn(&mut Context, $($type),*) -> Out>
        where
            Function: Fn(&mut Context, $($type),*) -> Out + Send + Sync,
            Out: IntoOutput,
            $($type: FromArgument),*
        {
            #[inline]
            fn call(&self, context: &mut Context) -> Result<Output, UnitError> {
                self.apply_in(context)?.into_output()
            }

            fn describe(&self) -> Option<String> {
                Some(described(&self.arguments))
            }
        }

        impl<Function, Out, $($type,)* $($expression),*>
            CallableFunction<($($expression,)*), fn(&mut Context, $($type),*) -> Out> for Function
        where
            Function: Fn(&mut Context, $($type),*) -> Out + Send + Sync + 'static,
            Out: IntoOutput + 'static,
            $($type: FromArgument + 'static,)*
            $($expression: Into<Expression>),*
        {
            fn into_body(
                self,
                arguments: ($($expression,)*),
            ) -> (Arc<dyn CallableBody>, Vec<Expression>) {
                let arguments = arguments.into_expressions();
                let optional = [$(<$type as FromArgument>::is_optional()),*];
                let arguments = mark_optional(arguments, &optional);
                (Arc::new(Typed::new(self, &arguments)), arguments)
            }
        }

        impl<Function, Out, $($type,)* $($expression),*>
            CallableFunction<($($expression,)*), fn($($type),*) -> Out> for Function
        where
            Function: Fn($($type),*) -> Out + Send + Sync + 'static,
            Out: IntoOutput + 'static,
            $($type: FromArgument + 'static,)*
            $($expression: Into<Expression>),*
        {
            fn into_body(
                self,
                arguments: ($($expression,)*),
            ) -> (Arc<dyn CallableBody>, Vec<Expression>) {
                let arguments = arguments.into_expressions();
                let optional = [$(<$type as FromArgument>::is_optional()),*];
                let arguments = mark_optional(arguments, &optional);
                (Arc::new(Typed::new(self, &arguments)), arguments)
            }
        }

        impl<Function, Out, $($type,)* $($expression),*>
            GeneratorFunction<($($expression,)*), fn($($type),*) -> Out> for Function
        where
            Function: Fn($($type),*) -> Out + Send + Sync + 'static,
            Out: IntoIterator + 'static,
            Out::IntoIter: Send + 'static,
            Out::Item: IntoOutput,
            $($type: FromArgument + 'static,)*
            $($expression: Into<Expression>),*
        {
            fn into_body(
                self,
                arguments: ($($expression,)*),
            ) -> (Arc<dyn GeneratorBody>, Vec<Expression>) {
                let arguments = arguments.into_expressions();
                let optional = [$(<$type as FromArgument>::is_optional()),*];
                let arguments = mark_optional(arguments, &optional);
                (Arc::new(Typed::new(self, &arguments)), arguments)
            }
        }
    )+};
}

functions! {
    ()
    (A1 E1 a1 0)
    (A1 E1 a1 0, A2 E2 a2 1)
    (A1 E1 a1 0, A2 E2 a2 1, A3 E3 a3 2)
    (A1 E1 a1 0, A2 E2 a2 1, A3 E3 a3 2, A4 E4 a4 3)
    (A1 E1 a1 0, A2 E2 a2 1, A3 E3 a3 2, A4 E4 a4 3, A5 E5 a5 4)
    (A1 E1 a1 0, A2 E2 a2 1, A3 E3 a3 2, A4 E4 a4 3, A5 E5 a5 4, A6 E6 a6 5)
    (A1 E1 a1 0, A2 E2 a2 1, A3 E3 a3 2, A4 E4 a4 3, A5 E5 a5 4, A6 E6 a6 5, A7 E7 a7 6)
    (A1 E1 a1 0, A2 E2 a2 1, A3 E3 a3 2, A4 E4 a4 3, A5 E5 a5 4, A6 E6 a6 5, A7 E7 a7 6, A8 E8 a8 7)
    (
        A1 E1 a1 0, A2 E2 a2 1, A3 E3 a3 2, A4 E4 a4 3, A5 E5 a5 4, A6 E6 a6 5, A7 E7 a7 6,
        A8 E8 a8 7, A9 E9 a9 8
    )
}
