//! A search whose domain is updated while it runs: points drawn at random, then rounds around the
//! best one so far, each in a smaller box than the one before.
//!
//! `cargo run --release --example updates`

use research::domain::uniform;
use research::{
    CompletedRun, Domain, NewDomain, Research, ResearchError, UpdateContext, When, ec, option,
};

/// The number of points of a round.
const POINTS: u64 = 12;
/// The number of rounds after the first one.
const ROUNDS: u64 = 8;

/// The function to minimise; its minimum is at x = 1, y = 1 (Rosenbrock's valley).
fn height(x: f64, y: f64) -> f64 {
    (1.0 - x).powi(2) + 10.0 * (y - x * x).powi(2)
}

/// Returns the lowest point so far, and its value.
fn lowest(cx: &UpdateContext<'_>) -> Option<(f64, f64, f64)> {
    let points = cx.results().experiments().filter_map(|one| {
        let height = one.variable("height")?.column().get(0)?.as_f64()?;
        let config = &one.record.config;
        Some((config.read("x").ok()?, config.read("y").ok()?, height))
    });
    points.min_by(|one, other| one.2.total_cmp(&other.2))
}

/// Returns random points in a box. The domain is infinite, so it yields any number of them.
fn in_box(x: f64, y: f64, half: f64) -> Domain {
    let around = |center: f64| uniform(center - half, center + half);
    option("x", around(x)) * option("y", around(y))
}

/// Returns the next round, when all experiments of this one have ended.
fn next_round(cx: &mut UpdateContext<'_>) -> Option<NewDomain> {
    if cx.unfinished() > 0 || cx.updates() == ROUNDS {
        return None;
    }
    let (x, y, _) = lowest(cx)?;
    let half = 2.0 * 0.6_f64.powf(cx.updates() as f64);
    Some(NewDomain::new(in_box(x, y, half)).n_configs(POINTS))
}

fn run() -> Result<CompletedRun, ResearchError> {
    Research::new("search")
        .in_memory()
        .domain(in_box(0.0, 0.0, 4.0))
        .n_configs(POINTS)
        .callable("height", height, (ec("x"), ec("y")))
        .save_to("height")
        .update_domain(next_round, When::last())
        .workers(2)
        .seed(3)
        .run()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", run()?.results().table()?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_comes_closer() -> Result<(), Box<dyn std::error::Error>> {
        let results = run()?.results().load()?;
        assert_eq!(results.len() as u64, POINTS * (1 + ROUNDS));
        let lowest_until = |round: u64| {
            let until = results
                .experiments()
                .filter(|one| one.record.updates <= round);
            let heights = until.filter_map(|one| one.variable("height")?.column().get(0)?.as_f64());
            heights.fold(f64::INFINITY, f64::min)
        };
        assert!(lowest_until(ROUNDS) < 0.1 * lowest_until(0));
        assert!(lowest_until(ROUNDS) < 0.05, "{}", lowest_until(ROUNDS));
        Ok(())
    }
}
