//! Pictures of results.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod events;

use events::{saved, started};
use research_core::Column;
use research_domain::{Config, Entry};
use research_storage::{
    Aggregate, Arrangement, Band, PlotError, PlotOptions, Results, TableOptions,
};

/// Two models with two rates, each twice: `loss` falls over three iterations, `end` is saved once.
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
    }
    results
}

fn svg(options: &PlotOptions) -> String {
    let plot = results().plot(&TableOptions::new(), options).unwrap();
    plot.to_svg()
}

fn refusal(options: &PlotOptions) -> PlotError {
    results().plot(&TableOptions::new(), options).unwrap_err()
}

/// How many curves, and how many bands, there are.
fn curves(svg: &str) -> (usize, usize) {
    let curves = svg.matches("stroke-width=\"1.7\"").count();
    (curves, svg.matches("<polygon").count())
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
    // `end` has one point only, so dots but no lines.
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
    let size = |options: &PlotOptions| {
        let svg = svg(options);
        let size = svg
            .split("viewBox=\"0 0 ")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let (width, height) = size.split_once(' ').unwrap();
        (
            width.parse::<u32>().unwrap(),
            height.parse::<u32>().unwrap(),
        )
    };
    let both = PlotOptions::new();
    let (wide, low) = size(&both.clone().arrangement(Arrangement::Horizontal));
    let (narrow, high) = size(&both.clone().arrangement(Arrangement::Vertical));
    assert!(narrow < wide && low < high);
    assert_eq!(size(&both.size(500, 400)), (500, 400));
}

#[test]
fn aggregates_are_what_their_names_say() {
    let sketch = |options: PlotOptions| {
        let filters = TableOptions::new()
            .config("lr", 0.1)
            .config("model", "small");
        let options = options.variables(["loss"]);
        results()
            .plot(&filters, &options)
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
    let plot = results().plot(&filters, &end.clone().x("model")).unwrap();
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
    // The experiments of repetition 0 fall to 0 at the last iteration.
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
    assert!(said(hidden).starts_with("curves cannot be coloured by `model`"));
    let empty = Results::new().plot(&TableOptions::new(), &PlotOptions::new());
    assert_eq!(empty.unwrap_err(), PlotError::Nothing { of: String::new() });
}

#[test]
fn a_png_has_the_size_that_was_asked_for_and_something_on_it() {
    let filters = TableOptions::new();
    let options = PlotOptions::new().size(300, 200);
    let png = results()
        .plot(&filters, &options)
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
        let plot = results().plot(&filters, &PlotOptions::new().size(width, height));
        assert_eq!(plot.unwrap_err(), PlotError::Size { width, height });
    }
    // Sizes without room for anything are no reason to panic.
    let tiny = results()
        .plot(&filters, &PlotOptions::new().size(5, 5))
        .unwrap();
    assert!(tiny.to_png().is_ok());
    assert!(!tiny.sketch(0, 0, true).is_empty());
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
        results.plot(&TableOptions::new(), &options).map(drop)
    };
    let undrawable = |of: &str| PlotError::Undrawable { of: of.to_owned() };
    assert_eq!(plot("nowhere", false), Err(undrawable(" as `nowhere`")));
    assert_eq!(plot("below", true), Err(undrawable(" as `below`")));
    assert_eq!(plot("below", false), Ok(()));
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
    let plot = results
        .plot(&TableOptions::new(), &PlotOptions::new())
        .unwrap();
    let svg = plot.to_svg();
    assert!(svg.len() < 2_000_000, "{}", svg.len());
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    assert!(plot.sketch(80, 20, false).contains("… and 8 more"));
    let panels = PlotOptions::new().col(["n"]);
    assert!(results.plot(&TableOptions::new(), &panels).is_ok());
}
