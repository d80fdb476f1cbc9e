//! The columns and filters of a table of results.

mod members;
mod summaries;

use crate::events::{ended, saved, started};
use crate::written::csv;
use research_core::{Column, Event, Status};
use research_domain::{Config, Domain, Entry, Value, log_uniform, option};
use research_results::{Results, TableError, TableOptions};

/// Returns six experiments: three configs, each in the repetitions 0 and 1. All save `loss` at the
/// iterations 0 and 1; those of the last config also save `note`.
fn three() -> Results {
    let model = |value: &str, alias: &str| {
        let entry = Entry::new("model", value).with_key_alias("m");
        Config::from_iter([entry.with_alias(alias)])
    };
    let configs = [
        model("small.bin", "small").with("lr", 0.5),
        model("big.bin", "big").with("lr", 2.0),
        model("big.bin", "big")
            .with("lr", 4)
            .with("extra", vec![1, 2]),
    ];
    let mut results = Results::new();
    for number in 0..6_u32 {
        let config = configs[number as usize / 2].clone();
        let loss = f64::from(number);
        results.apply(&started(number.into(), 1, config));
        results.apply(&saved(
            number.into(),
            "loss",
            0,
            Column::Float(vec![loss, loss / 4.0]),
        ));
        if number >= 4 {
            let note = Column::Text(vec!["end".to_owned()]);
            results.apply(&saved(number.into(), "note", 1, note));
        }
        results.apply(&ended(number.into(), 1, Status::Finished, None));
    }
    results
}

/// Returns the experiments in a table, once each.
fn ids(options: &TableOptions) -> Vec<String> {
    let table = csv(&three(), &options.clone().iterations([0]));
    let ids = table
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next());
    ids.map(str::to_owned).collect()
}

fn header(options: &TableOptions) -> String {
    csv(&three(), options).lines().next().unwrap().to_owned()
}

fn refusal(options: &TableOptions) -> String {
    three().to_table(options).unwrap_err().to_string()
}

fn all() -> TableOptions {
    TableOptions::new()
}

#[test]
fn columns_are_as_asked_for() {
    assert_eq!(header(&all()), "id,model,lr,extra,iteration,loss,note");
    assert_eq!(
        header(&all().include_config(false)),
        "id,iteration,loss,note"
    );
    assert_eq!(
        header(&all().use_alias(true)),
        "id,m,lr,extra,iteration,loss,note"
    );
    assert_eq!(
        header(&all().concat_config(true)),
        "id,config,iteration,loss,note"
    );
    let both = all().concat_config(true).drop_columns(false);
    assert_eq!(
        header(&both),
        "id,config,model,lr,extra,iteration,loss,note"
    );
    let with_aux = "id,model,lr,extra,repetition,updates,iteration,loss,note";
    assert_eq!(header(&all().aux(true)), with_aux);
    assert_eq!(
        header(&all().long(true)),
        "id,model,lr,extra,iteration,name,value"
    );
}

#[test]
fn long_tables_have_a_row_per_value() {
    let options = all().long(true).ids(["e5"]).concat_config(true);
    let expected = "\
id,config,iteration,name,value
e5,\"extra_[1, 2]-lr_4-m_big\",0,loss,5.0
e5,\"extra_[1, 2]-lr_4-m_big\",1,loss,1.25
e5,\"extra_[1, 2]-lr_4-m_big\",1,note,end
";
    assert_eq!(csv(&three(), &options), expected);
}

#[test]
fn aliases_stand_in_for_keys_and_values() {
    let options = all().ids(["e0"]).use_alias(true).iterations([1]);
    assert_eq!(
        csv(&three(), &options),
        "id,m,lr,iteration,loss\ne0,small,0.5,1,0.0\n"
    );
}

#[test]
fn filters_hold_all_at_once() {
    assert_eq!(ids(&all()).len(), 6);
    assert_eq!(
        ids(&all().config("model", "big.bin")),
        ["e2", "e3", "e4", "e5"]
    );
    let two_lrs = all().config("lr", 0.5).config("lr", 4);
    assert_eq!(ids(&two_lrs), ["e0", "e1", "e4", "e5"]);
    assert_eq!(
        ids(&two_lrs.clone().config("model", "big.bin")),
        ["e4", "e5"]
    );
    assert_eq!(ids(&two_lrs.config("repetition", 1)), ["e1", "e5"]);
    assert_eq!(
        ids(&all().config("extra", vec![1, 2]).ids(["e4", "e0"])),
        ["e4"]
    );
    assert_eq!(ids(&all().config("extra", Value::Null)), [] as [&str; 0]);
}

#[test]
fn numbers_are_equal_however_they_are_written() {
    assert_eq!(ids(&all().config("lr", 2)), ["e2", "e3"]);
    assert_eq!(ids(&all().config("lr", 4.0)), ["e4", "e5"]);
    for text in ["2", "2.0", "2e0", "+2"] {
        assert_eq!(ids(&all().config_text("lr", text)), ["e2", "e3"], "{text}");
    }
    assert_eq!(ids(&all().config_text("extra", "[1, 2]")), ["e4", "e5"]);
    assert_eq!(ids(&all().config_text("model", "small")), ["e0", "e1"]);
    assert_eq!(ids(&all().config_text("model", "small.bin")), ["e0", "e1"]);
    assert_eq!(ids(&all().config_text("model", "2")), [] as [&str; 0]);
}

#[test]
fn large_integers_are_not_taken_for_their_neighbours() {
    let large = (1_i64 << 53) + 1;
    let values = [large - 1, large, large + 1, i64::MAX];
    let events: Vec<Event> = (0..)
        .zip(values)
        .flat_map(|(number, value)| {
            let config = Config::from_pairs([("n", value)]);
            let saved = saved(number, "x", 0, Column::Int(vec![1]));
            [started(number, 1, config), saved]
        })
        .collect();
    let results: Results = events.iter().collect();
    let count = |options: TableOptions| results.to_table(&options).unwrap().row_count();
    for value in values {
        assert_eq!(count(all().config("n", value)), 1, "{value}");
        assert_eq!(count(all().config_text("n", value.to_string())), 1);
    }
    assert_eq!(count(all().config("n", (1_u64 << 53) as f64)), 1);
    // The nearest float is not an integer of 64 bits.
    assert_eq!(count(all().config("n", i64::MAX as f64)), 0);
    assert_eq!(count(all().config_text("n", "9007199254740994.0")), 1);
}

#[test]
fn aliases_are_found_by_key_and_alias_of_the_key() {
    assert_eq!(ids(&all().alias("model", "small")), ["e0", "e1"]);
    assert_eq!(ids(&all().alias("m", "small").alias("m", "big")).len(), 6);
    assert_eq!(
        ids(&all().alias("m", "big").alias("lr", "2.0")),
        ["e2", "e3"]
    );
    assert_eq!(ids(&all().alias("m", "small.bin")), [] as [&str; 0]);
}

#[test]
fn domains_filter_by_the_parameters_that_they_have() {
    let domain = option("lr", vec![Value::from(0.5), Value::from(4)])
        * option("model", ["small.bin", "big.bin"]);
    assert_eq!(ids(&all().domain(domain.clone())), ["e0", "e1", "e4", "e5"]);
    let extended = domain * option("extra", vec![Value::from(vec![1, 2])]);
    assert_eq!(ids(&all().domain(extended)), ["e4", "e5"]);
    let small = option("model", ["small.bin"]);
    assert_eq!(ids(&all().domain(small.clone())), ["e0", "e1"]);
    // Numbers are compared as numbers, as in all filters.
    let lr = option("lr", [2, 7]);
    assert_eq!(ids(&all().domain(lr.clone())), ["e2", "e3"]);
    let lr = option("lr", [4.0]) + lr;
    assert_eq!(ids(&all().domain(lr)), ["e2", "e3", "e4", "e5"]);
    // Each term of a sum has its own parameters.
    let sum = small.clone() + option("lr", [4]) + small * option("none", [1]);
    assert_eq!(ids(&all().domain(sum)), ["e0", "e1", "e4", "e5"]);
    let conditional = (option("lr", [0.5, 2.0]) * option("model", ["big.bin"])).matching("lr > 1");
    assert_eq!(ids(&all().domain(conditional)), ["e2", "e3"]);
    assert_eq!(ids(&all().domain(Domain::sum([]))), [] as [&str; 0]);
    let huge = option("lr", 0..100_000) * option("model", 0..100_000) * option("extra", 0..100_000);
    assert_eq!(ids(&all().domain(huge)), [] as [&str; 0]);
    let unknown = option("lr", [4]) * option("modle", ["big.bin"]);
    assert_eq!(
        refusal(&all().domain(unknown)),
        "no experiment has a parameter `modle`; did you mean `model`?"
    );

    let endless = all().domain(option("lr", log_uniform(0.1, 1.0)));
    assert!(matches!(
        three().to_table(&endless),
        Err(TableError::Domain(_))
    ));
}

fn condition(text: &str) -> TableOptions {
    all().condition(text.parse().unwrap())
}

#[test]
fn conditions_filter_experiments() {
    assert_eq!(ids(&condition("lr > 1")), ["e2", "e3", "e4", "e5"]);
    assert_eq!(
        ids(&condition("lr > 1").condition("lr < 3".parse().unwrap())),
        ["e2", "e3"]
    );
    assert_eq!(
        ids(&condition("model in [\"small.bin\", \"x\"] or lr == 4.0")),
        ["e0", "e1", "e4", "e5"]
    );
    assert_eq!(ids(&condition("lr > 1 and repetition == 1")), ["e3", "e5"]);
    // Experiments have to pass the domain and all other filters.
    let big = option("model", ["big.bin"]);
    assert_eq!(ids(&condition("lr < 4").domain(big)), ["e2", "e3"]);
    assert_eq!(ids(&condition("lr < 4").config("lr", 2)), ["e2", "e3"]);
    assert_eq!(
        refusal(&condition("modle == 1")),
        "no experiment has a parameter `modle`; did you mean `model`?"
    );
    let error = refusal(&condition("model > 1"));
    assert!(
        error.starts_with("cannot filter by the condition: `model > 1`"),
        "{error}"
    );
}

/// Returns experiments with one parameter, `lr`.
fn with_rates(rates: &[f64]) -> Results {
    let mut results = Results::new();
    for (number, rate) in (0..).zip(rates) {
        results.apply(&started(number, 1, Config::from_pairs([("lr", *rate)])));
        results.apply(&saved(number, "loss", 0, Column::Int(vec![1])));
    }
    results
}

#[test]
fn floats_are_found_as_they_are_shown() {
    let third = 1.0 / 3.0;
    let results = with_rates(&[third, 0.25, 123_456.789]);
    let count = |options: TableOptions| results.to_table(&options).unwrap().row_count();
    for text in ["0.333333", "0.3333330", "0.3333333333333333"] {
        assert_eq!(count(all().config_text("lr", text)), 1, "{text}");
        assert_eq!(count(condition(&format!("lr == {text}"))), 1, "{text}");
    }
    assert_eq!(count(condition("lr in [0.333333, 0.25]")), 2);
    assert_eq!(count(condition("lr != 0.333333")), 2);
    assert_eq!(count(condition("lr == 123457")), 1);
    assert_eq!(count(condition("lr < 0.333333")), 1, "an order is exact");
    // A fold for a table with these options keeps the rows that it shows.
    let mut few = Results::for_table(&condition("lr == 0.333333"));
    few.apply(&started(0, 1, Config::from_pairs([("lr", third)])));
    few.apply(&saved(0, "loss", 0, Column::Int(vec![1])));
    assert_eq!(
        few.to_table(&condition("lr == 0.333333"))
            .unwrap()
            .row_count(),
        1
    );
    // If an experiment has exactly the value, others that look the same do not match.
    let results = with_rates(&[0.333333, third]);
    let count = |options: TableOptions| results.to_table(&options).unwrap().row_count();
    assert_eq!(count(condition("lr == 0.333333")), 1);
    assert_eq!(count(all().config_text("lr", "0.333333")), 1);
}

#[test]
fn a_value_that_no_experiment_has_is_said_with_the_nearest() {
    let notes = |options: &TableOptions| three().to_table(options).unwrap().notes().to_vec();
    let nearest = "no experiment has the value 0.45 of `lr`; the nearest value is 0.5";
    assert_eq!(notes(&condition("lr == 0.45")), [nearest]);
    assert_eq!(notes(&all().config_text("lr", "0.45")), [nearest]);
    assert_eq!(
        notes(&condition("model == \"sm4ll.bin\"")),
        ["no experiment has the value \"sm4ll.bin\" of `model`; did you mean `small.bin`?"]
    );
    assert_eq!(
        notes(&condition("lr == 0.5 and model == \"small.bin\"")),
        [] as [&str; 0]
    );
}

#[test]
fn a_status_is_shown_and_filtered_by() {
    let mut results = three();
    results.apply(&ended(1, 1, Status::Failed, Some("no luck")));
    results.apply(&started(2, 2, Config::from_pairs([("lr", 2.0)])));
    results.apply(&saved(2, "loss", 0, Column::Float(vec![1.0])));
    let shown = |options: TableOptions| {
        let options = options.status_column(true).include_config(false);
        csv(&results, &options.iterations([0]).variables(["loss"]))
    };
    assert_eq!(
        shown(all().ids(["e0", "e1", "e2"])),
        "id,status,iteration,loss\ne0,finished,0,0.0\ne1,failed,0,1.0\ne2,running,0,1.0\n"
    );
    assert_eq!(
        shown(all().status(Status::Failed).status(None)),
        "id,status,iteration,loss\ne1,failed,0,1.0\ne2,running,0,1.0\n"
    );
}

#[test]
fn iterations_and_variables_are_left_out() {
    let results = three();
    let options = all().variables(["note"]).include_config(false);
    let expected = "id,iteration,note\ne4,1,end\ne5,1,end\n";
    assert_eq!(csv(&results, &options), expected);
    let table = results.to_table(&all().iterations([1, 7])).unwrap();
    assert_eq!(table.row_count(), 6);
}

#[test]
fn filters_of_several_kinds_hold_at_once() {
    let big = all().alias("m", "big");
    assert_eq!(ids(&big), ["e2", "e3", "e4", "e5"]);
    assert_eq!(ids(&big.clone().config("lr", 4)), ["e4", "e5"]);
    assert_eq!(ids(&big.domain(option("lr", [0.5, 2.0]))), ["e2", "e3"]);
    let both = all().config_text("lr", "4").domain(option("lr", [2, 4]));
    assert_eq!(ids(&both), ["e4", "e5"]);
}

#[test]
fn mistakes_say_what_there_is() {
    assert_eq!(
        refusal(&all().config("modle", 1)),
        "no experiment has a parameter `modle`; did you mean `model`?"
    );
    assert_eq!(
        refusal(&all().alias("zzz", "1")),
        "no experiment has a parameter `zzz`; available: model, lr, extra"
    );
    assert_eq!(
        refusal(&all().variables(["los"])),
        "no experiment has saved `los`; did you mean `loss`?"
    );
    assert_eq!(
        refusal(&all().ids(["e9"])),
        "no experiment with the id `e9` has started; the table without this filter shows the ids"
    );
    // Before any experiment has started, no name is an error.
    let early = all().config("lr", 1).variables(["loss"]);
    assert_eq!(csv(&Results::new(), &early), "id,iteration\n");
}

#[test]
fn columns_of_one_name_are_told_apart() {
    let config = Config::from_pairs([("loss", 1), ("iteration", 2)]);
    let results: Results = [
        started(0, 1, config),
        saved(0, "loss", 0, Column::Int(vec![3])),
        saved(0, "loss_1", 0, Column::Int(vec![4])),
    ]
    .iter()
    .collect();
    let expected = "id,loss,iteration,iteration_1,loss_1,loss_1_1\ne0,1,2,0,3,4\n";
    assert_eq!(csv(&results, &TableOptions::new()), expected);
}
