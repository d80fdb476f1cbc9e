//! A naive model of domains that materialises all configs, for comparison with the lazy domains.

use proptest::prelude::*;
use research_domain::{Configs, Domain, Iteration, Value, option};

pub(crate) type Pairs = Vec<(String, Value)>;

/// A domain expression of lists.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Option(Vec<Value>),
    /// Rows of equal width.
    Zip(Vec<Vec<Value>>),
    Sum(Vec<Expression>),
    Product(Vec<Expression>),
}

/// All configs, grid by grid.
pub(crate) type Grids = Vec<Vec<Pairs>>;

impl Expression {
    /// Returns the domain and its expected configs. Parameters are numbered.
    pub(crate) fn build(&self) -> (Domain, Grids) {
        self.build_named(&mut 0)
    }

    fn build_named(&self, next: &mut usize) -> (Domain, Grids) {
        match self {
            Expression::Option(values) => {
                let name = name(next);
                let grid = values
                    .iter()
                    .map(|v| vec![(name.clone(), v.clone())])
                    .collect();
                (option(name, values.clone()), vec![grid])
            }
            Expression::Zip(columns) => {
                let names: Vec<String> = columns.iter().map(|_| name(next)).collect();
                let options = names
                    .iter()
                    .zip(columns)
                    .map(|(n, c)| option(n.as_str(), c.clone()));
                let rows = (0..columns[0].len())
                    .map(|row| {
                        names
                            .iter()
                            .zip(columns)
                            .map(|(n, c)| (n.clone(), c[row].clone()))
                            .collect()
                    })
                    .map(|row| vec![row])
                    .collect();
                (options.reduce(Domain::zip).unwrap(), rows)
            }
            Expression::Sum(terms) => {
                let built = terms.iter().map(|term| term.build_named(next));
                built
                    .reduce(|(a, x), (b, y)| (a + b, [x, y].concat()))
                    .unwrap()
            }
            Expression::Product(factors) => {
                let built = factors.iter().map(|factor| factor.build_named(next));
                built
                    .reduce(|(a, x), (b, y)| (a * b, product(&x, &y)))
                    .unwrap()
            }
        }
    }
}

fn name(next: &mut usize) -> String {
    *next += 1;
    format!("p{next}")
}

fn product(left: &Grids, right: &Grids) -> Grids {
    let mut grids = Vec::new();
    for x in left {
        for y in right {
            let pairs = x
                .iter()
                .flat_map(|a| y.iter().map(|b| [a.clone(), b.clone()].concat()));
            grids.push(pairs.collect());
        }
    }
    grids
}

pub(crate) fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-3i64..3).prop_map(Value::from),
        prop_oneof![Just(0.5), Just(-1.0), Just(1e-5), Just(1e300)].prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        "[a-c\"\\\\ `]{0,3}".prop_map(Value::from),
        Just(Value::Null),
        proptest::collection::vec(0i64..3, 0..3).prop_map(Value::from),
    ]
}

pub(crate) fn expressions() -> impl Strategy<Value = Expression> {
    let list = proptest::collection::vec(values(), 1..4).prop_map(Expression::Option);
    let zip = (1usize..4, 2usize..4).prop_flat_map(|(rows, columns)| {
        let column = proptest::collection::vec(values(), rows);
        proptest::collection::vec(column, columns).prop_map(Expression::Zip)
    });
    let leaf = prop_oneof![3 => list, 1 => zip];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Expression::Sum),
            proptest::collection::vec(inner, 1..3).prop_map(Expression::Product),
        ]
    })
}

pub(crate) fn pairs(item: &research_domain::Item) -> Pairs {
    item.config
        .iter()
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect()
}

pub(crate) fn all(configs: &Configs) -> Vec<Pairs> {
    configs.iter().map(|item| pairs(&item.unwrap())).collect()
}

pub(crate) fn all_of(domain: &Domain) -> Vec<Pairs> {
    all(&domain.configs(&Iteration::default()).unwrap())
}
