//! Plots of results.

mod left_out;
mod looks;

use crate::events::{ended, saved, started};
use research_core::{Column, Status};
use research_domain::{Config, Entry, Value};
use research_plot::{Aggregate, Arrangement, Band, LeftOut, Plot, PlotError, PlotOptions};
use research_results::{Results, TableOptions};

/// Returns results of two models with two rates, each with two repetitions: `loss` falls over three
/// iterations, `end` is saved once.
fn results() -> Results {
    let mut results = Results::new();
    for number in 0..8_u64 {
        let model = if number < 4 { "small" } else { "<big>" };
        let entry = Entry::new("model", model).with_alias(if number < 4 { "S" } else { "B" });
        let rate = if number % 4 < 2 { 0.1 } else { 1.0 };
        let config = Config::from_iter([entry]).with("lr", rate);
        results.apply(&started(number, 1, config));
        let noise = (number % 2) as f64;
        let losses = [8.0, 4.0, 0.0].map(|loss| loss * rate + noise);
        results.apply(&saved(number, "loss", 0, Column::Float(losses.to_vec())));
        results.apply(&saved(number, "end", 2, Column::Int(vec![number as i64])));
        let note = Column::Text(vec!["no number".to_owned()]);
        results.apply(&saved(number, "note", 0, note));
        results.apply(&ended(number, 1, Status::Finished, None));
    }
    results
}

fn svg(options: &PlotOptions) -> String {
    let plot = Plot::new(&results(), &TableOptions::new(), options).unwrap();
    plot.to_svg()
}

fn refusal(options: &PlotOptions) -> PlotError {
    Plot::new(&results(), &TableOptions::new(), options).unwrap_err()
}

/// Returns the numbers of curves and bands.
fn curves(svg: &str) -> (usize, usize) {
    let curves = svg.matches("stroke-width=\"1.7\"").count();
    (curves, svg.matches("fill-opacity=\"0.18\"").count())
}

/// Returns the width and the height of a plot.
fn size(svg: &str) -> (u32, u32) {
    let (_, rest) = svg.split_once("viewBox=\"0 0 ").unwrap();
    let (size, _) = rest.split_once('"').unwrap();
    let (width, height) = size.split_once(' ').unwrap();
    (width.parse().unwrap(), height.parse().unwrap())
}

fn texts(svg: &str) -> Vec<&str> {
    let lines = svg.lines().filter(|line| line.starts_with("<text"));
    lines
        .filter_map(|line| line.strip_suffix("</text>")?.rsplit_once('>'))
        .map(|(_, text)| text)
        .collect()
}

#[test]
fn there_is_a_panel_for_each_variable_and_a_curve_for_each_config() {
    let svg = svg(&PlotOptions::new().title("a & b"));
    // `end` has only one point, so there are dots but no lines.
    assert_eq!(curves(&svg), (4, 4));
    let texts = texts(&svg);
    for text in [
        "a &amp; b",
        "mean ± standard deviation, of 2 experiments",
        "loss",
        "end",
        "iteration",
        "model, lr",
        "small, 0.1",
        "&lt;big&gt;, 1.0",
    ] {
        assert!(texts.contains(&text), "{text}: {texts:?}");
    }
    assert!(!texts.contains(&"note"));
}

#[test]
fn groups_colours_and_panels_are_as_asked_for() {
    let loss = PlotOptions::new().variables(["loss"]);
    assert_eq!(curves(&svg(&loss.clone().group_by(["lr"]))), (2, 2));
    assert_eq!(
        curves(&svg(&loss.clone().group_by([] as [&str; 0]))),
        (1, 1)
    );
    let each = loss.clone().aggregate(Aggregate::Each).color("lr");
    let each = svg(&each);
    assert_eq!(curves(&each), (8, 0));
    let blue = each
        .matches("stroke=\"#1f77b4\" stroke-width=\"1.7\"")
        .count();
    assert_eq!(blue, 4);
    let cols = svg(&loss.clone().col(["model"]).band(Band::None));
    assert_eq!(curves(&cols), (4, 0));
    for text in ["loss, model = small", "loss, model = &lt;big&gt;", "lr"] {
        assert!(texts(&cols).contains(&text), "{cols}");
    }
    let size = |options: &PlotOptions| size(&svg(options));
    let both = PlotOptions::new();
    let (wide, low) = size(&both.clone().arrangement(Arrangement::Horizontal));
    let (narrow, high) = size(&both.clone().arrangement(Arrangement::Vertical));
    assert!(narrow < wide && low < high);
    assert_eq!(size(&both.clone().size(500, 400)), (500, 400));
    // A missing length follows from the panels.
    let vertical = both.arrangement(Arrangement::Vertical);
    assert_eq!(size(&vertical.clone().width(500)), (500, high));
    assert_eq!(size(&vertical.height(400)), (narrow, 400));
}

#[test]
fn aggregates_are_what_their_names_say() {
    let sketch = |options: PlotOptions| {
        let filters = TableOptions::new()
            .config("lr", 0.1)
            .config("model", "small");
        let options = options.variables(["loss"]);
        Plot::new(&results(), &filters, &options)
            .unwrap()
            .sketch(40, 4, false)
    };
    let mean = sketch(PlotOptions::new());
    assert_eq!(
        mean,
        "\
mean ± standard deviation, of 2 experiments

loss
    │⠐⠒⠢⠤⠤⣀⣀
1.0 ┤       ⠉⠉⠑⠒⠢⠤⠤⣀⣀
    │                ⠉⠉⠒⠒⠢⠤⢄⣀⣀
0.5 ┤                         ⠉⠉⠒⠒⠢⠤⠄
    └────────────────────────────────
     0                             2
                iteration
"
    );
    assert!(sketch(PlotOptions::new().aggregate(Aggregate::Median)).starts_with("median ±"));
    assert!(sketch(PlotOptions::new().band(Band::Range)).starts_with("mean, lowest to highest"));
}

#[test]
fn one_value_for_each_experiment_is_drawn_over_a_parameter() {
    let end = PlotOptions::new().variables(["end"]);
    let over_model = svg(&end);
    assert!(texts(&over_model).contains(&"model"), "{over_model}");
    let over_rate = svg(&end.clone().x("lr").log_x(true));
    assert_eq!(curves(&over_rate), (2, 2));
    let texts_over_rate = texts(&over_rate);
    for text in [
        "lr",
        "0.1",
        "1",
        "mean ± standard deviation, of the last values of 2 experiments",
    ] {
        assert!(
            texts_over_rate.contains(&text),
            "{text}: {texts_over_rate:?}"
        );
    }
    let filters = TableOptions::new().use_alias(true);
    let plot = Plot::new(&results(), &filters, &end.clone().x("model")).unwrap();
    let named = plot.to_svg();
    assert!(texts(&named).contains(&"S") && texts(&named).contains(&"B"));
    let over_iterations = svg(&end.x("iteration"));
    assert!(texts(&over_iterations).contains(&"iteration"));
}

#[test]
fn a_logarithmic_axis_leaves_out_what_is_not_above_zero() {
    let log = PlotOptions::new()
        .variables(["loss"])
        .log_y(true)
        .group_by(["repetition", "lr", "model"]);
    let svg = svg(&log);
    // The values of repetition 0 fall to 0 at the last iteration.
    let points = |line: &str| line.matches(',').count();
    let lines = svg
        .lines()
        .filter(|line| line.contains("stroke-width=\"1.7\""));
    let mut counts: Vec<usize> = lines.map(points).collect();
    counts.sort_unstable();
    assert_eq!(counts, [2, 2, 2, 2, 3, 3, 3, 3]);
}

#[test]
fn what_is_not_there_cannot_be_drawn() {
    let said = |options: PlotOptions| refusal(&options).to_string();
    assert_eq!(
        said(PlotOptions::new().group_by(["modl"])),
        "no experiment has a parameter `modl`; did you mean `model`?"
    );
    assert_eq!(
        said(PlotOptions::new().variables(["los"])),
        "no experiment has saved `los`; did you mean `loss`?"
    );
    assert_eq!(
        said(PlotOptions::new().variables(["note"])),
        "there is nothing to draw: no experiment that was chosen has saved numbers as `note`"
    );
    let hidden = PlotOptions::new().group_by(["lr"]).color("model");
    assert!(said(hidden).starts_with("cannot colour curves by `model`"));
    let no_match = TableOptions::new().config("model", "none");
    let error = Plot::new(&results(), &no_match, &PlotOptions::new()).unwrap_err();
    assert!(matches!(error, PlotError::NoMatch), "{error}");
    let empty = Plot::new(&Results::new(), &TableOptions::new(), &PlotOptions::new());
    let nothing = PlotError::Nothing {
        of: String::new(),
        left_out: LeftOut::default(),
    };
    assert_eq!(empty.unwrap_err().to_string(), nothing.to_string());
}

#[test]
fn a_png_has_the_size_that_was_asked_for_and_something_on_it() {
    let filters = TableOptions::new();
    let options = PlotOptions::new().size(300, 200);
    let png = Plot::new(&results(), &filters, &options)
        .unwrap()
        .to_png()
        .unwrap();
    let picture = tiny_skia::Pixmap::decode_png(&png).unwrap();
    assert_eq!((picture.width(), picture.height()), (600, 400));
    let colors: std::collections::HashSet<[u8; 4]> = picture
        .pixels()
        .iter()
        .map(|pixel| [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()])
        .collect();
    assert!(colors.len() > 50);
    for (width, height) in [(0, 10), (10, 0), (1_000_000, 10), (10, u32::MAX)] {
        let plot = Plot::new(
            &results(),
            &filters,
            &PlotOptions::new().size(width, height),
        );
        let error = plot.unwrap_err().to_string();
        assert_eq!(error, PlotError::Size { width, height }.to_string());
    }
    // Sizes that are too small for any content do not panic.
    let tiny = Plot::new(&results(), &filters, &PlotOptions::new().size(5, 5)).unwrap();
    assert!(tiny.to_png().is_ok());
    assert!(!tiny.sketch(0, 0, true).is_empty());
}

#[test]
fn many_points_and_many_curves_are_drawn_too() {
    let mut results = Results::new();
    for number in 0..60 {
        results.apply(&started(number, 1, Config::from_pairs([("n", number)])));
        let values = (0..20_000).map(|it| f64::from(it) * number as f64);
        let mut values: Vec<f64> = values.collect();
        values[700] = f64::NAN;
        values[800] = f64::INFINITY;
        results.apply(&saved(number, "x", 0, Column::Float(values)));
    }
    let plot = Plot::new(&results, &TableOptions::new(), &PlotOptions::new()).unwrap();
    let svg = plot.to_svg();
    assert!(svg.len() < 2_000_000, "{}", svg.len());
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    assert!(plot.sketch(80, 20, false).contains("… and 8 more"));
    let panels = PlotOptions::new().col(["n"]);
    assert!(Plot::new(&results, &TableOptions::new(), &panels).is_ok());
}

/// Returns results of experiments that have saved one value each as `y`.
fn each_saved(values: impl IntoIterator<Item = (Config, f64)>) -> Results {
    let mut results = Results::new();
    for (number, (config, value)) in (0..).zip(values) {
        results.apply(&started(number, 1, config));
        results.apply(&saved(number, "y", 0, Column::Float(vec![value])));
        results.apply(&ended(number, 1, Status::Finished, None));
    }
    results
}

fn default_svg(results: &Results, options: &PlotOptions) -> String {
    Plot::new(results, &TableOptions::new(), options)
        .unwrap()
        .to_svg()
}

#[test]
fn a_logarithmic_axis_is_none_of_names() {
    let config = |name: &str| Config::from_pairs([("name", name)]);
    let results = each_saved([(config("a"), 1.0), (config("b"), 2.0), (config("c"), 3.0)]);
    let svg = default_svg(&results, &PlotOptions::new().log_x(true));
    assert_eq!(svg.matches("<circle").count(), 3);
}

#[test]
fn values_that_look_the_same_are_not_grouped() {
    let values = [Value::from(1), Value::from("1"), Value::from(1)];
    let configs = values.map(|value| Config::from_pairs([("a", value)]));
    let results = each_saved(configs.into_iter().zip([1.0, 2.0, 3.0]));
    // One point is the mean of the first and the third experiment, the other is the second.
    let options = PlotOptions::new().x("iteration");
    let svg = default_svg(&results, &options);
    assert_eq!(svg.matches("<circle").count(), 2);
    // Pairs of values with the same text are different groups, too.
    let pairs = [("x, y", "z"), ("x", "y, z")];
    let configs = pairs.map(|(a, b)| Config::from_pairs([("a", a), ("b", b)]));
    let results = each_saved(configs.into_iter().zip([1.0, 2.0]));
    assert_eq!(
        default_svg(&results, &options).matches("<circle").count(),
        2
    );
    let over = default_svg(&results, &PlotOptions::new().x("a").group_by(["b"]));
    assert_eq!(over.matches("<circle").count(), 2);
}

#[test]
fn a_last_value_that_is_not_a_number_is_not_replaced() {
    let mut results = Results::new();
    for (number, last) in (0..).zip([0.5, f64::NAN]) {
        let config = Config::from_pairs([("lr", number + 1)]);
        results.apply(&started(number as u64, 1, config));
        let losses = Column::Float(vec![3.0, last]);
        results.apply(&saved(number as u64, "loss", 0, losses));
        results.apply(&ended(number as u64, 1, Status::Finished, None));
    }
    let svg = default_svg(&results, &PlotOptions::new().x("lr"));
    assert_eq!(svg.matches("<circle").count(), 1);
}

#[test]
fn the_panels_of_many_values_fit_into_a_picture() {
    let config = |n: i64| Config::from_pairs([("n", n)]);
    let results = each_saved((0..60).map(|n| (config(n), n as f64)));
    for arrangement in [
        Arrangement::Grid,
        Arrangement::Horizontal,
        Arrangement::Vertical,
    ] {
        let options = PlotOptions::new().col(["n"]).arrangement(arrangement);
        let (width, height) = size(&default_svg(&results, &options));
        // A larger plot cannot be written as PNG.
        assert!(width <= 10_000 && height <= 10_000, "{arrangement:?}");
    }
    // One variable is drawn in several rows.
    let (width, _) = size(&default_svg(&results, &PlotOptions::new().col(["n"])));
    assert!(width < 5000);
}

#[test]
fn numbers_of_any_size_have_an_axis_and_a_band() {
    let config = || Config::from_pairs([("a", 1)]);
    let results = each_saved([(config(), 1e160), (config(), 3e160)]);
    let svg = default_svg(&results, &PlotOptions::new());
    let labels = texts(&svg);
    assert!(labels.contains(&"2e160"), "{labels:?}");
}

#[test]
fn a_legend_says_how_much_of_it_is_there() {
    let config = |n: i64| Config::from_pairs([("n", n)]);
    let legend = |count: i64| {
        let results = each_saved((0..count).map(|n| (config(n), n as f64)));
        let svg = default_svg(&results, &PlotOptions::new().x("iteration"));
        let said = texts(&svg).iter().any(|text| text.ends_with(" shown"));
        (said, texts(&svg).contains(&"17 of 50 shown"))
    };
    assert_eq!(legend(12), (false, false));
    assert_eq!(legend(50), (true, true));
}

#[test]
fn long_labels_do_not_widen_a_sketch() {
    let label = |n: i64| format!("{}, number {n}", "a long prompt\n".repeat(100));
    let config = |n: i64| Config::from_pairs([("prompt", label(n))]);
    let results = each_saved((0..3).map(|n| (config(n), n as f64)));
    for x in ["iteration", "prompt"] {
        let options = PlotOptions::new().x(x);
        let plot = Plot::new(&results, &TableOptions::new(), &options).unwrap();
        let sketch = plot.sketch(60, 8, false);
        let widths = sketch.lines().map(|line| line.chars().count());
        assert!(widths.max() <= Some(60), "{sketch}");
        assert!(sketch.contains("er 2"), "{sketch}");
    }
}

#[test]
fn the_beginning_of_a_long_curve_is_seen_on_a_logarithmic_axis() {
    let mut results = Results::new();
    results.apply(&started(0, 1, Config::from_pairs([("a", 1)])));
    // A fifth of the axis is between the iterations 1 and 10.
    let mut values = vec![0.0; 100_000];
    values[..10].copy_from_slice(&[0.0, 5.0, 1.0, 4.0, 2.0, 3.0, 1.0, 4.0, 2.0, 6.0]);
    results.apply(&saved(0, "y", 0, Column::Float(values)));
    let svg = default_svg(&results, &PlotOptions::new().log_x(true));
    let line = svg
        .lines()
        .find(|line| line.contains("stroke-width=\"1.7\""));
    let points = line.unwrap().split('"').nth(1).unwrap();
    let heights = points.split(' ').take(9).map(|point| {
        let (_, y) = point.split_once(',').unwrap();
        y.parse::<f64>().unwrap()
    });
    let heights: Vec<f64> = heights.collect();
    // The y coordinate of a plot points down. The first nine points are the first nine values.
    let turns = heights.windows(2).map(|pair| pair[1] > pair[0]);
    let expected = [true, false, true, false, true, false, true, false];
    assert_eq!(turns.collect::<Vec<bool>>(), expected, "{heights:?}");
    assert!(points.split(' ').count() < 2000);
}

#[test]
fn a_band_that_is_nearly_zero_takes_no_decades_of_a_logarithmic_axis() {
    // The mean of these values is hardly larger than their deviation.
    let lowest = (3.0 - 8.0_f64.sqrt()) * 1.000_001;
    let mut results = Results::new();
    for (number, value) in (0..).zip([1.0, lowest]) {
        results.apply(&started(number, 1, Config::from_pairs([("a", 1)])));
        let losses = Column::Float(vec![10.0, value]);
        results.apply(&saved(number, "loss", 0, losses));
    }
    let svg = default_svg(&results, &PlotOptions::new().log_y(true));
    let labels = texts(&svg);
    assert!(
        labels.contains(&"10") && labels.contains(&"0.5"),
        "{labels:?}"
    );
    let far = |label: &&str| label.contains("e-") || label.starts_with("0.0");
    assert!(!labels.iter().any(far), "{labels:?}");
}
