//! Expressions in messages and in the description of an experiment.

use std::fmt::{self, Display, Formatter};

use super::{Expression, Kind, Operation};

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Config(key) => write!(f, "config item `{key}`"),
            Kind::WholeConfig { .. } => f.write_str("the config"),
            Kind::Output { unit, .. } => write!(f, "output of unit `{unit}`"),
            Kind::Unit { name } => write!(f, "unit `{name}`"),
            Kind::AllBranches => f.write_str("all branches"),
            Kind::Experiment => f.write_str("the experiment"),
            Kind::Path => f.write_str("the experiment's folder"),
            Kind::Iteration => f.write_str("the iteration"),
            Kind::Results => f.write_str("the results so far"),
            Kind::Storage => f.write_str("the storage"),
            Kind::Saved { variable, last } => {
                let which = if *last {
                    "the last value"
                } else {
                    "the values"
                };
                write!(f, "{which} saved as `{variable}`")
            }
            Kind::Constant(value) => write!(f, "constant {value}"),
            Kind::Optional(inner) => inner.fmt(f),
            Kind::Apply(..) | Kind::Call(..) => write!(f, "`{}`", Source(self)),
        }
    }
}

/// An expression as it is written in Rust.
struct Source<'a>(&'a Expression);

impl Display for Source<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0.0 {
            Kind::Config(key) => write!(f, "ec({key:?})"),
            Kind::WholeConfig { full } => write!(f, "ec_all({full})"),
            Kind::Output { unit, .. } => write!(f, "o({unit:?})"),
            Kind::Unit { name } => write!(f, "e_unit({name:?})"),
            Kind::AllBranches => f.write_str("e_all()"),
            Kind::Experiment => f.write_str("e()"),
            Kind::Path => f.write_str("ep()"),
            Kind::Iteration => f.write_str("it()"),
            Kind::Results => f.write_str("r()"),
            Kind::Storage => f.write_str("s()"),
            Kind::Saved { variable, last } => {
                let name = if *last { "last_saved" } else { "saved" };
                write!(f, "{name}({variable:?})")
            }
            Kind::Constant(value) => write!(f, "{}", value.literal()),
            Kind::Optional(inner) => Source(inner).fmt(f),
            Kind::Call(inner, _) => write!(f, "{}.map(…)", Operand(inner)),
            Kind::Apply(operation, operands) => write_applied(f, operation, operands),
        }
    }
}

/// An expression in parentheses, if it needs them beside an operator.
struct Operand<'a>(&'a Expression);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0.0 {
            Kind::Apply(operation, _) if operation.is_operator() => {
                write!(f, "({})", Source(self.0))
            }
            _ => Source(self.0).fmt(f),
        }
    }
}

fn write_applied(
    f: &mut Formatter<'_>,
    operation: &Operation,
    operands: &[Expression],
) -> fmt::Result {
    match (operation, operands) {
        (Operation::Map(keys), _) => {
            f.write_str("map_of([")?;
            for (at, (key, value)) in keys.iter().zip(operands).enumerate() {
                let separator = if at > 0 { ", " } else { "" };
                write!(f, "{separator}({key:?}, {})", Source(value))?;
            }
            f.write_str("])")
        }
        (Operation::List, _) => {
            f.write_str("list_of(")?;
            write_tuple(f, operands)?;
            f.write_str(")")
        }
        (Operation::Text(text), _) => {
            write!(f, "text_of({:?}, ", text.source())?;
            write_tuple(f, operands)?;
            f.write_str(")")
        }
        (Operation::Negate, [one]) => write!(f, "-{}", Operand(one)),
        (Operation::Not, [one]) => write!(f, "!{}", Operand(one)),
        (Operation::At, [one, key]) => write!(f, "{}.at({})", Operand(one), Source(key)),
        (operation, [left, right]) => {
            let symbol = operation.symbol();
            write!(f, "{} {symbol} {}", Operand(left), Operand(right))
        }
        // The operation has no further operands.
        _ => Ok(()),
    }
}

fn write_tuple(f: &mut Formatter<'_>, operands: &[Expression]) -> fmt::Result {
    f.write_str("(")?;
    for (at, operand) in operands.iter().enumerate() {
        let separator = if at > 0 { ", " } else { "" };
        write!(f, "{separator}{}", Source(operand))?;
    }
    f.write_str(if operands.len() == 1 { ",)" } else { ")" })
}
