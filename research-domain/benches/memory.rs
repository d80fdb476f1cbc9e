//! Peak memory of a domain of 10^12 configs, a million of which are produced from its middle.

use research_domain::{Domain, Iteration, option};

fn main() {
    // The filter selects another benchmark.
    let name = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    if name.is_some_and(|name| !"memory".contains(&name)) {
        return;
    }
    let digits = (0..12).map(|digit| option(format!("d{digit:02}"), 0..10));
    let configs = Domain::product(digits)
        .configs(&Iteration::default())
        .expect("a product of lists can be iterated");
    let before = peak_kilobytes();
    let size = configs.size().expect("it can be counted");
    let produced = configs.iter_from(10_u128.pow(11)).take(1_000_000);
    let keys: usize = produced
        .map(|item| item.map_or(0, |item| item.config.len()))
        .sum();
    assert_eq!(keys, 12_000_000);
    println!(
        "memory: {:.2} MB at most for {size:?} configs, of which a million were produced \
         ({:.2} MB before that)",
        peak_kilobytes() / 1e3,
        before / 1e3
    );
}

/// Returns the peak memory of this process in kilobytes; zero if the system does not report it.
fn peak_kilobytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0.0)
}
