//! Domains: products, sums, zips, weights, distributions, conditions, repetitions. Prints their
//! configs.
//!
//! `cargo run --release --example domains`

use research::domain::{Iteration, aliased, choice, log_uniform, normal, uniform};
use research::{Domain, option};

fn print(
    what: &str,
    domain: &Domain,
    iteration: &Iteration,
) -> Result<(), Box<dyn std::error::Error>> {
    let configs = domain.configs(iteration)?;
    println!("{what}: {domain}");
    for item in configs.iter().take(8) {
        let item = item?;
        println!("    {} (repetition {})", item.config, item.repetition);
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let once = Iteration::default();
    let (a, b, c) = (
        option("a", [1, 2]),
        option("b", ["x", "y"]),
        option("c", [true, false]),
    );

    print("a product", &(a.clone() * b.clone()), &once)?;
    print("a sum", &(a.clone() + b.clone()), &once)?;
    print("a zip", &a.clone().zip(b.clone()), &once)?;
    print(
        "all of them",
        &((a.clone().zip(b.clone()) + c.clone()) * option("d", [0.5])),
        &once,
    )?;
    print(
        "aliases",
        &option(
            "model",
            [aliased("resnet-152", "big"), aliased("resnet-18", "small")],
        ),
        &once,
    )?;

    // A distribution draws a value for each combination; alone, it is infinite.
    let drawn = option("rate", log_uniform(1e-5, 1e-1)) * b.clone();
    print("draws", &drawn, &once.clone().seed(7))?;
    print(
        "more draws",
        &option("noise", normal(0.0, 1.0).truncate(-1.0, 1.0) + 10.0),
        &once.clone().n_items(3_u128),
    )?;
    print(
        "a mixture",
        &option("x", uniform(0.0, 1.0) | choice([10, 20])),
        &once.clone().n_items(3_u128),
    )?;

    // First all of `a`, then draws from the weighted ones, with these probabilities.
    print(
        "weights",
        &(a.clone() + 1.0 * b.clone() + 3.0 * c.clone()),
        &once.clone().seed(1),
    )?;

    print(
        "a condition",
        &(a.clone() * option("b", [1, 2, 3])).matching("a < b"),
        &once,
    )?;
    print("a sample", &(a.clone() * b.clone()).sample(2), &once)?;

    // Each config twice: after all of them, or at once.
    print("repetitions", &a, &once.clone().n_reps(2))?;
    print(
        "repeated at once",
        &a,
        &once.clone().n_reps(2).repeat_each(1_u128),
    )?;
    print("starting over", &a, &once.n_items(3_u128))?;

    // Configs are generated only on demand.
    let many = Domain::product((0..4).map(|n| option(format!("p{n}"), 0..1000_i64)));
    println!("of {:?} configs:", many.len()?);
    for item in many
        .configs(&Iteration::default())?
        .iter_from(999_999_999_999)
    {
        println!("    the last is {}", item?.config);
    }
    Ok(())
}
