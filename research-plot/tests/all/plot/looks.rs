//! What tells curves apart, and which shape bands and axes have.

use crate::events::{ended, saved, started};
use research_core::{Column, Status};
use research_domain::Config;
use research_plot::{Aggregate, Arrangement, Band, LeftOut, Plot, PlotError, PlotOptions};
use research_results::{Deviation, Results, TableOptions};

use super::{curves, default_svg, results, size, svg, texts};

/// Experiments with these configs, each with the values of `loss`.
fn with_losses(experiments: &[(Config, &[f64])]) -> Results {
    let mut results = Results::new();
    for (number, (config, losses)) in (0..).zip(experiments) {
        results.apply(&started(number, 1, config.clone()));
        if !losses.is_empty() {
            results.apply(&saved(number, "loss", 0, Column::Float(losses.to_vec())));
        }
        results.apply(&ended(number, 1, Status::Finished, None));
    }
    results
}

fn plotted(results: &Results, options: &PlotOptions) -> Plot {
    Plot::new(results, &TableOptions::new(), options).unwrap()
}

/// The points of the first shape that begins with these characters.
fn points(svg: &str, shape: &str) -> Vec<(f64, f64)> {
    let line = svg.lines().find(|line| line.starts_with(shape)).unwrap();
    let points = line.split('"').nth(1).unwrap().split(' ');
    let pairs = points.map(|point| point.split_once(',').unwrap());
    pairs
        .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
        .collect()
}

#[test]
fn deviations_on_a_logarithmic_axis_are_symmetric_and_above_zero() {
    let same = || Config::from_pairs([("a", 1)]);
    // The mean is 5.05, the deviation 7.
    let results = with_losses(&[(same(), &[0.1, 1.0]), (same(), &[10.0, 1.0])]);
    let svg = default_svg(&results, &PlotOptions::new().log_y(true));
    // A band is above and below: the first and the last point are those of iteration 0.
    let band = points(&svg, "<polygon");
    let (above, below) = (band[0].1, band[band.len() - 1].1);
    let (_, middle) = line(&svg).unwrap();
    assert!(
        (below - middle - (middle - above)).abs() < 0.3,
        "{above} {middle} {below}"
    );
    assert!(texts(&svg).contains(&"mean × or ÷ (1 + standard deviation / mean), of 2 experiments"));
}

/// The beginning of the first curve.
fn line(svg: &str) -> Option<(f64, f64)> {
    let line = svg
        .lines()
        .find(|line| line.contains("stroke-width=\"1.7\""))?;
    points(line, "<polyline").first().copied()
}

#[test]
fn bands_of_proportions_end_at_0_and_1() {
    let same = || Config::from_pairs([("a", 1)]);
    let labels = |results: &Results, band| {
        let svg = default_svg(results, &PlotOptions::new().band(band));
        let labels = texts(&svg).into_iter().map(str::to_owned);
        labels.collect::<Vec<String>>()
    };
    let results = with_losses(&[(same(), &[0.8, 0.9]), (same(), &[1.0, 1.0])]);
    for band in [
        Band::Deviation(Deviation::Sample),
        Band::Deviation(Deviation::Confidence),
    ] {
        let labels = labels(&results, band);
        let numbers = labels.iter().filter_map(|label| label.parse::<f64>().ok());
        assert!(numbers.fold(0.0, f64::max) <= 1.0, "{labels:?}");
    }
    // Other numbers may be anything.
    let results = with_losses(&[(same(), &[0.8, 0.9]), (same(), &[1.1, 1.0])]);
    let labels = labels(&results, Band::Deviation(Deviation::Confidence));
    assert!(labels.contains(&"2".to_owned()), "{labels:?}");
}

#[test]
fn curves_of_one_colour_have_other_line_styles() {
    let options = PlotOptions::new().variables(["loss"]).color("lr");
    let by_rate = svg(&options);
    let texts = texts(&by_rate);
    for text in ["lr", "0.1", "1.0", "model", "small", "&lt;big&gt;"] {
        assert!(texts.contains(&text), "{text}: {texts:?}");
    }
    let is_curve = |line: &&str| line.contains("stroke-width=\"1.7\"");
    let of_blue: Vec<&str> = by_rate
        .lines()
        .filter(is_curve)
        .filter(|line| line.contains("#1f77b4"))
        .collect();
    let dashed = of_blue
        .iter()
        .filter(|line| line.contains("stroke-dasharray"));
    assert_eq!((of_blue.len(), dashed.count()), (2, 1));
    let plot = Plot::new(&results(), &TableOptions::new(), &options).unwrap();
    let sketch = plot.sketch(60, 8, false);
    let legend = "lr, model\nA 0.1, small\nB 0.1, <big>\nC 1.0, small\nD 1.0, <big>\n";
    assert!(sketch.ends_with(legend), "{sketch}");
    // Markers differ, too, and more values than line styles are said.
    assert!(by_rate.matches("fill-opacity=\"1\"").count() > 6);
    let many = (0..7).map(|n| (Config::from_pairs([("a", n), ("b", 1)]), [1.0, 2.0]));
    let mut many: Vec<(Config, [f64; 2])> = many.collect();
    many.push((Config::from_pairs([("a", 0), ("b", 2)]), [1.0, 2.0]));
    let many: Vec<(Config, &[f64])> = many
        .iter()
        .map(|(config, losses)| (config.clone(), &losses[..]))
        .collect();
    let plot = plotted(&with_losses(&many), &PlotOptions::new().color("b"));
    assert_eq!(
        plot.notes(),
        ["`a` has 7 values, but there are 5 line styles: some curves look the same"]
    );
}

#[test]
fn configs_without_the_parameter_do_not_make_an_axis_of_names() {
    let rates = [0.1, 1.0, 10.0].map(|rate| (Config::from_pairs([("lr", rate)]), &[1.0][..]));
    let mut experiments = rates.to_vec();
    experiments.push((Config::from_pairs([("other", 2)]), &[3.0]));
    let plot = plotted(&with_losses(&experiments), &PlotOptions::new().x("lr"));
    assert_eq!(
        plot.notes(),
        ["1 experiment without the parameter of the x axis is left out"]
    );
    let svg = plot.to_svg();
    let texts = texts(&svg);
    assert!(texts.contains(&"0") && !texts.contains(&"–"), "{texts:?}");
    // One line joins the three.
    assert_eq!(curves(&svg), (1, 0));
    let only = with_losses(&[(Config::from_pairs([("lr", 1)]), &[])]);
    let error = Plot::new(&only, &TableOptions::new(), &PlotOptions::new()).unwrap_err();
    let none = LeftOut::default();
    assert!(matches!(error, PlotError::Nothing { left_out, .. } if left_out == none));
}

#[test]
fn floats_in_legends_have_six_digits_unless_they_would_be_the_same() {
    let labels = |rates: &[f64]| -> Vec<String> {
        let experiments: Vec<(Config, &[f64])> = rates
            .iter()
            .map(|rate| (Config::from_pairs([("lr", *rate)]), &[1.0, 2.0][..]))
            .collect();
        let sketch = plotted(&with_losses(&experiments), &PlotOptions::new()).sketch(60, 4, false);
        let (_, legend) = sketch.split_once("\nlr\n").unwrap();
        legend.lines().map(|line| line[2..].to_owned()).collect()
    };
    assert_eq!(labels(&[1.0 / 3.0, 2e-5 / 3.0]), ["0.333333", "6.66667e-6"]);
    assert_eq!(
        labels(&[1.0 / 3.0, 0.333_333_1, 0.5]),
        ["0.3333333333333333", "0.3333331", "0.5"]
    );
}

#[test]
fn a_legend_has_no_entries_without_curves() {
    let rate = |rate: f64| Config::from_pairs([("lr", rate)]);
    let results = with_losses(&[
        (rate(0.1), &[]),
        (rate(0.2), &[f64::NAN, f64::NAN]),
        (rate(0.3), &[1.0, 2.0]),
        (rate(0.4), &[1.0, 3.0]),
    ]);
    let svg = default_svg(&results, &PlotOptions::new());
    let texts = texts(&svg);
    for (label, is_there) in [("0.1", false), ("0.2", false), ("0.3", true), ("0.4", true)] {
        assert_eq!(texts.contains(&label), is_there, "{label}: {texts:?}");
    }
    // The first colour is that of the first curve.
    assert!(svg.contains("stroke=\"#1f77b4\" stroke-width=\"1.7\""));
}

#[test]
fn points_over_a_sampled_parameter_are_not_joined() {
    let drawn = |lr: f64, decay: f64| Config::from_pairs([("lr", lr), ("decay", decay)]);
    let results = with_losses(&[
        (drawn(0.3, 0.1), &[1.0]),
        (drawn(0.1, 0.2), &[5.0]),
        (drawn(0.2, 0.3), &[2.0]),
    ]);
    let options = PlotOptions::new().x("lr").sampled(["lr", "decay"]);
    let svg = default_svg(&results, &options);
    // One group of three points, without lines and without a legend.
    assert_eq!(curves(&svg), (0, 0));
    assert_eq!(svg.matches("<circle").count(), 3);
    assert!(!texts(&svg).contains(&"decay"));
    let grid = PlotOptions::new().x("lr").group_by([] as [&str; 0]);
    assert_eq!(curves(&default_svg(&results, &grid)), (1, 0));
}

#[test]
fn any_statistic_is_drawn() {
    let same = || Config::from_pairs([("a", 1)]);
    let experiments = [[1.0, 1.0], [2.0, 2.0], [9.0, 9.0], [4.0, 4.0]];
    let experiments: Vec<(Config, &[f64])> = experiments
        .iter()
        .map(|losses| (same(), &losses[..]))
        .collect();
    let results = with_losses(&experiments);
    let drawn = |aggregate, number: f64| {
        let plot = plotted(&results, &PlotOptions::new().aggregate(aggregate));
        let losses = [number, number];
        let expected = with_losses(&[(same(), &losses)]);
        let expected = plotted(&expected, &PlotOptions::new());
        let panel = |plot: &Plot| {
            let sketch = plot.sketch(60, 6, false);
            sketch
                .split_once("\n\nloss\n")
                .map(|(_, panel)| panel.to_owned())
        };
        let panel_of = panel(&plot);
        let caption = plot.sketch(60, 6, false).lines().next().unwrap().to_owned();
        let expected = expected.sketch(60, 6, false);
        assert!(
            expected.ends_with(&panel_of.unwrap()),
            "{caption}: {expected}"
        );
        caption
    };
    assert_eq!(drawn(Aggregate::Min, 1.0), "minimum, of 4 experiments");
    assert_eq!(drawn(Aggregate::Max, 9.0), "maximum, of 4 experiments");
    assert_eq!(
        drawn(Aggregate::Quantile(0.5), 3.0),
        "0.5 quantile, of 4 experiments"
    );
    assert_eq!(
        drawn(Aggregate::Quantile(0.25), 1.75),
        "0.25 quantile, of 4 experiments"
    );
    let range = |numbers: &[f64]| numbers[numbers.len() - 1] - numbers[0];
    assert_eq!(
        drawn(Aggregate::Function(range), 8.0),
        "a function, of 4 experiments"
    );
    // What is not finite is not drawn.
    let none = Aggregate::Function(|_| f64::NAN);
    let options = PlotOptions::new().aggregate(none);
    let error = Plot::new(&results, &TableOptions::new(), &options).unwrap_err();
    assert!(matches!(error, PlotError::Undrawable { .. }), "{error}");
}

#[test]
fn panels_stand_in_as_many_columns_as_asked_for() {
    let options = PlotOptions::new().col(["model", "lr"]);
    let of = |count| {
        size(&svg(&options
            .clone()
            .arrangement(Arrangement::Columns(count))))
    };
    let ((narrow, high), (wide, low)) = (of(1), of(3));
    assert!(narrow * 2 < wide && low * 2 < high);
    assert_eq!(
        of(100),
        size(&svg(&options.clone().arrangement(Arrangement::Horizontal)))
    );
}
