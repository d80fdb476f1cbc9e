//! Instances: objects that live as long as an experiment, and whose methods are units.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::argument::FromArgument;
use crate::expression::{Expression, o};
use crate::function::{Arguments, CallableFunction};
use crate::output::{IntoOutput, Shared};
use crate::unit::CallableBody;
use crate::unit_error::UnitError;

/// An instance as an argument: `|model: Instance<Model>| …` with `e_unit("model")`. A root
/// instance is shared by branches that may run at the same time, hence the lock.
pub type Instance<T> = Shared<Mutex<T>>;

/// A function that makes an instance. It is implemented for all functions of up to eight arguments
/// that return a `Result<T, UnitError>`; the types are inferred.
pub trait InstanceFunction<T, A: Arguments, Signature>: 'static {
    /// Returns the body of the unit that makes the instance, and the expressions that it reads.
    fn into_body(self, arguments: A) -> (Arc<dyn CallableBody>, Vec<Expression>);
}

/// A method of an instance: a function whose first argument is `&mut T`. It is implemented for all
/// functions of up to eight further arguments; the types are inferred.
pub trait MethodFunction<T, A: Arguments, Signature>: 'static {
    /// Returns the unit's body, which calls the method each time, and the expressions that it reads
    /// beside the instance.
    fn into_body(self, instance: &str, arguments: A) -> (Arc<dyn CallableBody>, Vec<Expression>);
}

/// Locks an instance. A method that panicked must not keep other branches from a root instance.
fn lock<T>(instance: &Mutex<T>) -> MutexGuard<'_, T> {
    instance.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Both are plain functions: one that returns the instance, one whose first argument is the
/// instance.
macro_rules! methods {
    ($( ($($type:ident $expression:ident $argument:ident $index:tt),*) )+) => {$(
        impl<Function, Object, $($type,)* $($expression),*>
            InstanceFunction<Object, ($($expression,)*), fn($($type),*) -> Object> for Function
        where
            Object: Send + 'static,
            Function: Fn($($type),*) -> Result<Object, UnitError> + Send + Sync + 'static,
            $($type: FromArgument + 'static,)*
            $($expression: Into<Expression>),*
        {
            fn into_body(
                self,
                arguments: ($($expression,)*),
            ) -> (Arc<dyn CallableBody>, Vec<Expression>) {
                let make = move |$($argument: $type),*| {
                    self($($argument),*).map(|object| Shared::new(Mutex::new(object)))
                };
                CallableFunction::into_body(make, arguments)
            }
        }

        impl<Function, Object, Out, $($type,)* $($expression),*>
            MethodFunction<Object, ($($expression,)*), fn(Object, $($type),*) -> Out> for Function
        where
            Object: Send + 'static,
            Function: Fn(&mut Object, $($type),*) -> Out + Send + Sync + 'static,
            Out: IntoOutput + 'static,
            $($type: FromArgument + 'static,)*
            $($expression: Into<Expression>),*
        {
            #[allow(unused_variables, reason = "a method without arguments looks at none")]
            fn into_body(
                self,
                instance: &str,
                arguments: ($($expression,)*),
            ) -> (Arc<dyn CallableBody>, Vec<Expression>) {
                let call = move |instance: Instance<Object>, $($argument: $type),*| {
                    self(&mut lock(&instance), $($argument),*)
                };
                let all = (o(instance), $(arguments.$index),*);
                let (body, mut expressions) = CallableFunction::into_body(call, all);
                expressions.remove(0);
                (body, expressions)
            }
        }
    )+};
}

methods! {
    ()
    (A1 E1 a1 0)
    (A1 E1 a1 0, A2 E2 a2 1)
    (A1 E1 a1 0, A2 E2 a2 1, A3 E3 a3 2)
    (A1 E1 a1 0, A2 E2 a2 1, A3 E3 a3 2, A4 E4 a4 3)
    (A1 E1 a1 0, A2 E2 a2 1, A3 E3 a3 2, A4 E4 a4 3, A5 E5 a5 4)
    (A1 E1 a1 0, A2 E2 a2 1, A3 E3 a3 2, A4 E4 a4 3, A5 E5 a5 4, A6 E6 a6 5)
    (A1 E1 a1 0, A2 E2 a2 1, A3 E3 a3 2, A4 E4 a4 3, A5 E5 a5 4, A6 E6 a6 5, A7 E7 a7 6)
    (A1 E1 a1 0, A2 E2 a2 1, A3 E3 a3 2, A4 E4 a4 3, A5 E5 a5 4, A6 E6 a6 5, A7 E7 a7 6, A8 E8 a8 7)
}
