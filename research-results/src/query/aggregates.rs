//! Sums and means that leave out and count the values that are not numbers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::functions::{Aggregate, Context, FunctionFlags, WindowAggregate};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, Result};

use crate::numbers::left_out_note;

/// The number of values that an aggregate has left out because they are not numbers.
pub(super) type Counter = Arc<AtomicUsize>;

/// Replaces `avg`, `sum` and `total`, which take a string for the number 0. Returns each name with
/// its counter.
pub(super) fn replace(connection: &Connection) -> Result<Vec<(&'static str, Counter)>> {
    let kinds = [
        ("avg", Kind::Avg),
        ("sum", Kind::Sum),
        ("total", Kind::Total),
    ];
    let mut counters = Vec::new();
    for (name, kind) in kinds {
        let counter = Counter::default();
        let numbers = Numbers {
            kind,
            left_out: Arc::clone(&counter),
        };
        let flags = FunctionFlags::SQLITE_UTF8
            | FunctionFlags::SQLITE_DETERMINISTIC
            | FunctionFlags::SQLITE_INNOCUOUS;
        connection.create_window_function(name, 1, flags, numbers)?;
        counters.push((name, counter));
    }
    Ok(counters)
}

/// Returns a sentence for each aggregate that has left out values.
pub(super) fn notes(counters: &[(&'static str, Counter)]) -> Vec<String> {
    let note =
        |(name, counter): &(&str, Counter)| left_out_note(name, counter.load(Ordering::Relaxed));
    counters.iter().filter_map(note).collect()
}

#[derive(Clone, Copy)]
enum Kind {
    Avg,
    Sum,
    Total,
}

struct Numbers {
    kind: Kind,
    left_out: Counter,
}

/// The sum of the numbers so far.
#[derive(Default)]
struct Sum {
    count: i64,
    floats: i64,
    /// The integers among them.
    integers: i128,
    /// The sum of the floats among them, and its rounding error.
    sum: f64,
    lost: f64,
    /// The number of infinities, which would make the rounding error meaningless.
    infinite: i64,
    negative_infinite: i64,
}

impl Sum {
    /// Adds a number, or subtracts it if the sign is negative.
    fn add(&mut self, value: ValueRef<'_>, sign: i64) -> bool {
        match value {
            ValueRef::Null => return true,
            ValueRef::Integer(integer) => self.integers += i128::from(integer) * i128::from(sign),
            ValueRef::Real(float) if float.is_infinite() => {
                match float > 0.0 {
                    true => self.infinite += sign,
                    false => self.negative_infinite += sign,
                }
                self.floats += sign;
            }
            ValueRef::Real(float) => {
                self.add_float(float * sign as f64);
                self.floats += sign;
            }
            ValueRef::Text(_) | ValueRef::Blob(_) => return false,
        }
        self.count += sign;
        true
    }

    /// Adds a float by Neumaier's summation.
    fn add_float(&mut self, float: f64) {
        let sum = self.sum + float;
        self.lost += if self.sum.abs() >= float.abs() {
            (self.sum - sum) + float
        } else {
            (float - sum) + self.sum
        };
        self.sum = sum;
    }

    fn float(&self) -> f64 {
        match (self.infinite > 0, self.negative_infinite > 0) {
            (true, true) => return f64::NAN,
            (true, false) => return f64::INFINITY,
            (false, true) => return f64::NEG_INFINITY,
            (false, false) => {}
        }
        let integers = self.integers as f64;
        let exact = self.sum + self.lost + integers;
        // An overflow makes the error infinite, too.
        if exact.is_nan() {
            self.sum + integers
        } else {
            exact
        }
    }
}

impl Numbers {
    fn result(&self, sum: Option<&Sum>) -> Result<Value> {
        let Some(sum) = sum.filter(|sum| sum.count > 0) else {
            return Ok(match self.kind {
                Kind::Total => Value::Real(0.0),
                Kind::Avg | Kind::Sum => Value::Null,
            });
        };
        Ok(match self.kind {
            Kind::Avg => Value::Real(sum.float() / sum.count as f64),
            Kind::Sum if sum.floats == 0 => {
                let integer = i64::try_from(sum.integers);
                Value::Integer(integer.map_err(|_| overflow())?)
            }
            Kind::Sum | Kind::Total => Value::Real(sum.float()),
        })
    }
}

fn overflow() -> Error {
    Error::UserFunctionError("integer overflow: total() returns a float".into())
}

impl Aggregate<Sum, Value> for Numbers {
    fn init(&self, _: &mut Context<'_>) -> Result<Sum> {
        Ok(Sum::default())
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut Sum) -> Result<()> {
        if !sum.add(context.get_raw(0), 1) {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<Sum>) -> Result<Value> {
        self.result(sum.as_ref())
    }
}

impl WindowAggregate<Sum, Value> for Numbers {
    fn value(&self, sum: Option<&mut Sum>) -> Result<Value> {
        self.result(sum.as_deref())
    }

    fn inverse(&self, context: &mut Context<'_>, sum: &mut Sum) -> Result<()> {
        sum.add(context.get_raw(0), -1);
        Ok(())
    }
}
