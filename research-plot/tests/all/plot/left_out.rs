//! Experiments and values that are not drawn.

use research_core::{Column, Status};
use research_domain::Config;
use research_plot::{LeftOut, Plot, PlotError, PlotOptions};
use research_results::{Results, TableOptions};

use super::texts;
use crate::events::{ended, saved, started};

/// Returns results of one config: two finished experiments, of which one has saved a string, a
/// failed one and a running one; each has saved two values.
fn with_failures() -> Results {
    let mut results = Results::new();
    let endings = [
        Some(Status::Finished),
        Some(Status::Stopped),
        Some(Status::Failed),
        None,
    ];
    for (number, ending) in (0..).zip(endings) {
        results.apply(&started(number, 1, Config::from_pairs([("lr", 0.5)])));
        let values = vec![number as f64, number as f64 + 10.0];
        results.apply(&saved(number, "loss", 0, Column::Float(values)));
        if let Some(status) = ending {
            results.apply(&ended(number, 1, status, None));
        }
    }
    let text = Column::Text(vec!["oops".to_owned()]);
    results.apply(&saved(1, "loss", 2, text));
    results
}

#[test]
fn what_failed_is_not_drawn_and_that_is_said() {
    let results = with_failures();
    let drawn = |filters: &TableOptions, options: &PlotOptions| {
        let plot = Plot::new(&results, filters, options).unwrap();
        let svg = plot.to_svg();
        let caption = texts(&svg)
            .into_iter()
            .find(|text| text.contains("experiments"));
        (caption.unwrap().to_owned(), plot.notes().to_vec())
    };
    let all = TableOptions::new();
    let over_iterations = PlotOptions::new();
    let text = "`loss`: 1 value that is not a number is left out";
    // A curve includes the values that a running experiment has saved so far.
    let (caption, notes) = drawn(&all, &over_iterations);
    assert_eq!(caption, "mean ± standard deviation, of 3 experiments");
    assert_eq!(notes, ["1 experiment that failed is left out", text]);
    let (caption, notes) = drawn(&all, &over_iterations.clone().with_failed(true));
    assert_eq!(caption, "mean ± standard deviation, of 4 experiments");
    assert_eq!(notes, [text]);
    // Over a parameter, only experiments that have ended have a last value.
    let (caption, notes) = drawn(&all, &PlotOptions::new().x("lr"));
    assert!(
        caption.ends_with("of the last values of 2 experiments"),
        "{caption}"
    );
    assert_eq!(
        notes[0],
        "1 experiment that failed is left out; 1 experiment that has not ended is left out"
    );
    let failed = all.clone().status(Status::Failed).status(Status::Stopped);
    let (caption, _) = drawn(&failed, &over_iterations);
    assert_eq!(caption, "mean ± standard deviation, of 2 experiments");

    let only_failed = all.ids(["e2"]);
    let error = Plot::new(&results, &only_failed, &over_iterations).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("; 1 experiment that failed is left out"),
        "{error}"
    );
}

#[test]
fn more_points_than_a_picture_can_show_are_thinned() {
    let mut results = Results::new();
    let values: Vec<f64> = (0..600_000).map(|n| f64::from(n % 1000)).collect();
    results.apply(&started(0, 1, Config::from_pairs([("a", 1)])));
    let mut spiked = values;
    spiked[123_456] = 77_777.0;
    results.apply(&saved(0, "y", 0, Column::Float(spiked)));
    let plot = Plot::new(&results, &TableOptions::new(), &PlotOptions::new()).unwrap();
    assert!(plot.notes()[0].starts_with("of curves with more than 500000 points"));
    // The highest point is still drawn.
    assert!(
        texts(&plot.to_svg()).contains(&"80000"),
        "{:?}",
        texts(&plot.to_svg())
    );
}

#[test]
fn where_no_number_can_be_drawn_that_is_said() {
    let mut results = Results::new();
    results.apply(&started(0, 1, Config::from_pairs([("n", 1)])));
    let nowhere = vec![f64::NAN, f64::INFINITY];
    results.apply(&saved(0, "nowhere", 0, Column::Float(nowhere)));
    results.apply(&saved(0, "below", 0, Column::Float(vec![-1.0, 0.0])));
    let plot = |name: &str, log: bool| {
        let options = PlotOptions::new().variables([name]).log_y(log);
        let plot = Plot::new(&results, &TableOptions::new(), &options);
        plot.map(drop).map_err(|error| error.to_string())
    };
    let undrawable = |of: &str| {
        let error = PlotError::Undrawable {
            of: of.to_owned(),
            left_out: LeftOut::default(),
        };
        error.to_string()
    };
    assert_eq!(plot("nowhere", false), Err(undrawable(" as `nowhere`")));
    assert_eq!(plot("below", true), Err(undrawable(" as `below`")));
    assert_eq!(plot("below", false), Ok(()));
}
