//! Instances: objects that live as long as an experiment, and whose methods are units.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::context::Context;
use crate::expression::{Expression, o};
use crate::function::{Arguments, FromArgument};
use crate::output::{IntoOutput, Output, Shared};
use crate::unit::{CallableBody, UnitError};

/// An instance as an argument: `|model: Instance<Model>| …` with `e_unit("model")`. A root
/// instance is shared by branches that may run at the same time, hence the lock.
pub type Instance<T> = Shared<Mutex<T>>;

/// A function that makes an instance. It is implemented for all functions of up to eight arguments
/// that return a `Result<T, UnitError>`; the types are inferred.
pub trait InstanceFunction<T, A: Arguments, Signature> {
    /// The body of the unit that makes it, and the expressions that it reads.
    fn into_body(self, arguments: A) -> (Arc<dyn CallableBody>, Vec<Expression>);
}

/// A method of an instance: a function whose first argument is `&mut T`. It is implemented for all
/// functions of up to eight further arguments; the types are inferred.
pub trait MethodFunction<T, A: Arguments, Signature> {
    /// The unit's body, which calls the method each time, and the expressions that it reads.
    fn into_body(self, instance: &str, arguments: A) -> (Arc<dyn CallableBody>, Vec<Expression>);
}

/// Makes an instance from arguments.
struct Make<F, Signature> {
    function: F,
    arguments: Vec<Expression>,
    signature: PhantomData<Signature>,
}

/// Calls a method with arguments.
struct Method<F, Signature> {
    function: F,
    instance: Expression,
    arguments: Vec<Expression>,
    signature: PhantomData<Signature>,
}

/// A method that has panicked must not keep the other branches from a root instance.
fn lock<T>(instance: &Mutex<T>) -> MutexGuard<'_, T> {
    instance.lock().unwrap_or_else(PoisonError::into_inner)
}

macro_rules! methods {
    ($( ($($type:ident $expression:ident $index:tt),*) )+) => {$(
        impl<Function, Object, $($type),*> CallableBody
            for Make<Function, fn($($type),*) -> Object>
        where
            Object: Send + 'static,
            Function: Fn($($type),*) -> Result<Object, UnitError> + Send + Sync,
            $($type: FromArgument),*
        {
            #[allow(unused_variables, reason = "a function without arguments looks at nothing")]
            fn call(&self, context: &mut Context) -> Result<Output, UnitError> {
                let context = &*context;
                let object = (self.function)($({
                    let expression = &self.arguments[$index];
                    $type::from_argument(expression.evaluate(context)?, expression)?
                }),*)?;
                Shared::new(Mutex::new(object)).into_output()
            }
        }

        impl<Function, Object, Out, $($type),*> CallableBody
            for Method<Function, fn(Object, $($type),*) -> Out>
        where
            Object: Send + 'static,
            Function: Fn(&mut Object, $($type),*) -> Out + Send + Sync,
            Out: IntoOutput,
            $($type: FromArgument),*
        {
            fn call(&self, context: &mut Context) -> Result<Output, UnitError> {
                let context = &*context;
                let instance = self.instance.evaluate(context)?;
                let instance = Instance::<Object>::from_argument(instance, &self.instance)?;
                let mut object = lock(&instance);
                (self.function)(&mut object, $({
                    let expression = &self.arguments[$index];
                    $type::from_argument(expression.evaluate(context)?, expression)?
                }),*).into_output()
            }
        }

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
                let arguments = arguments.into_expressions();
                let body = Make {
                    function: self,
                    arguments: arguments.clone(),
                    signature: PhantomData::<fn($($type),*) -> Object>,
                };
                (Arc::new(body), arguments)
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
            fn into_body(
                self,
                instance: &str,
                arguments: ($($expression,)*),
            ) -> (Arc<dyn CallableBody>, Vec<Expression>) {
                let arguments = arguments.into_expressions();
                let body = Method {
                    function: self,
                    instance: o(instance),
                    arguments: arguments.clone(),
                    signature: PhantomData::<fn(Object, $($type),*) -> Out>,
                };
                (Arc::new(body), arguments)
            }
        }
    )+};
}

methods! {
    ()
    (A1 E1 0)
    (A1 E1 0, A2 E2 1)
    (A1 E1 0, A2 E2 1, A3 E3 2)
    (A1 E1 0, A2 E2 1, A3 E3 2, A4 E4 3)
    (A1 E1 0, A2 E2 1, A3 E3 2, A4 E4 3, A5 E5 4)
    (A1 E1 0, A2 E2 1, A3 E3 2, A4 E4 3, A5 E5 4, A6 E6 5)
    (A1 E1 0, A2 E2 1, A3 E3 2, A4 E4 3, A5 E5 4, A6 E6 5, A7 E7 6)
    (A1 E1 0, A2 E2 1, A3 E3 2, A4 E4 3, A5 E5 4, A6 E6 5, A7 E7 6, A8 E8 7)
}
