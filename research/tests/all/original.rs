//! The tests of `batchflow.research`, in Rust: behaviour that users of the original rely on.
//!
//! Features that exist only in Python are left out: a function that is called as a method of the
//! experiment (`test_direct_callable`, `test_direct_generator`) and units that get their names from
//! functions (`test_units_without_name`, but for equal names).

mod domain;
mod executor;
mod results;
mod runs;

use research::{Research, ec, o, option};

/// The sum of two parameters, for six configs.
fn sum(name: &str) -> Research {
    Research::new(name)
        .domain(option("x", [1, 2]) * option("y", [2, 3, 4]))
        .callable("sum", |x: i64, y: i64| x + y, (ec("x"), ec("y")))
        .save(o("sum"), "sum")
}
