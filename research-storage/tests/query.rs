//! Questions in SQL.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod events;

use events::{ended, saved, started};
use research_core::{Column, Status};
use research_domain::{Config, Value};
use research_storage::{Format, Results};

/// Four experiments: two configs, each twice.
fn results() -> Results {
    let mut results = Results::new();
    for number in 0..4_u64 {
        let model = if number < 2 { "small" } else { "big" };
        let config = Config::from_pairs([("model", model)]).with("lr", 0.5);
        results.apply(&started(number, 1, config));
        let losses = vec![number as f64, number as f64 / 4.0];
        results.apply(&saved(number, "loss", 0, Column::Float(losses)));
        let last = vec![Value::Map(vec![("top".to_owned(), Value::from(number))])];
        results.apply(&saved(number, "info", 1, Column::Value(last)));
        let (status, reason) = match number {
            3 => (Status::Failed, Some("no luck")),
            _ => (Status::Finished, None),
        };
        results.apply(&ended(number, 1, status, reason));
    }
    results
}

fn answer(question: &str) -> String {
    let mut bytes = Vec::new();
    let table = results().query(question).unwrap();
    table.write(Format::Csv, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn refusal(question: &str) -> String {
    results().query(question).unwrap_err().to_string()
}

#[test]
fn both_tables_are_there() {
    assert_eq!(
        answer("select * from results where iteration = 1 and id = 'e1'"),
        "id,model,lr,iteration,loss,info\ne1,small,0.5,1,0.25,\"{\"\"top\"\":1}\"\n"
    );
    assert_eq!(
        answer("select status, reason, count(*) as n from experiments group by 1, 2 order by n"),
        "status,reason,n\nfailed,no luck,1\nfinished,,3\n"
    );
    assert_eq!(
        answer(
            "select e.model, avg(loss) as mean, max(info ->> '$.top') as top
             from results r join experiments e using (id)
             where status = 'finished' group by 1 order by 1"
        ),
        "model,mean,top\nbig,1.25,2\nsmall,0.3125,1\n"
    );
    assert_eq!(
        answer("select 1 as one, x'0aff' as bytes;"),
        "one,bytes\n1,0aff\n"
    );
}

#[test]
fn tables_that_are_only_joined_are_read_too() {
    for joined in [
        "results join experiments using (id)",
        "experiments join results using (id)",
        "Results natural join EXPERIMENTS",
        "\"results\" r join [experiments] e on r.id = e.id",
        "results join (select id from experiments) using (id)",
    ] {
        let question = format!("select count(*) as n from {joined}");
        assert_eq!(answer(&question), "n\n8\n", "{joined}");
    }
}

#[test]
fn values_keep_their_kinds_and_nan_is_null() {
    let mut results = Results::new();
    results.apply(&started(
        0,
        1,
        Config::from_pairs([("a", 1)]).with("A", true),
    ));
    let values = vec![f64::NAN, f64::INFINITY, 0.1];
    results.apply(&saved(0, "x", 0, Column::Float(values)));
    let table = results
        .query("select typeof(a), a_1, A_1, x, x is null, typeof(x) from results")
        .unwrap();
    let mut bytes = Vec::new();
    table.write(Format::JsonLines, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["x"], serde_json::Value::Null);
    assert_eq!(first["typeof(a)"], "integer");
    assert!(text.contains("\"x\":Infinity"), "{text}");
    assert!(text.contains("\"x\":0.1"), "{text}");
}

#[test]
fn what_is_wrong_with_a_question_is_said_and_shown() {
    assert_eq!(
        refusal("select los from results"),
        "no such column: los; did you mean `loss`?\n  select los from results\n         ^"
    );
    assert_eq!(
        refusal("select loss from result"),
        "no such table: result; did you mean `results`?"
    );
    assert_eq!(
        refusal("select 1\n\tfrm 1"),
        "near \"1\": syntax error\n   frm 1\n       ^"
    );
    assert!(
        refusal("select stable from results").starts_with("no such column: stable; there are: id,")
    );
    // In double quotes it is a name, and no text where there is no such column.
    assert_eq!(
        answer("select max(\"loss\") as most from results"),
        "most\n3.0\n"
    );
    assert!(
        refusal("select max(\"los\") from results")
            .starts_with("no such column: \"los\"; did you mean `loss`?")
    );
    let text = refusal("select loss from results where model = \"small\"");
    let hint = "; a text stands in single quotes: 'small'\n";
    assert!(text.contains(hint), "{text}");
    assert!(refusal("select abs('a', 'b') from results").starts_with("wrong number of arguments"));
    assert!(refusal("  ").starts_with("there is no question"));
    assert!(refusal("select 1; select 2").starts_with("ask one question at a time"));
}

#[test]
fn nothing_but_a_question_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    for statement in [
        "delete from results".to_owned(),
        "drop table results".to_owned(),
        "update experiments set status = 'finished'".to_owned(),
        "create table t (a)".to_owned(),
        "insert into results (id) values ('x')".to_owned(),
        format!("attach '{}' as other", file.display()),
        format!("vacuum into '{}'", file.display()),
        "pragma writable_schema = 1".to_owned(),
        "begin".to_owned(),
    ] {
        let refusal = refusal(&statement);
        assert!(
            refusal.starts_with("only questions are answered"),
            "{statement}: {refusal}"
        );
    }
    assert!(!file.exists());
}

#[test]
fn any_names_can_be_asked_for() {
    let names = [
        "id",
        "iteration",
        "status",
        "",
        "a\"b",
        "größe",
        "zero\0byte",
        "results",
    ];
    let config = Config::from_pairs(names.map(|name| (name, 1)));
    let results: Results = [
        started(0, 1, config),
        saved(0, "n", 0, Column::Int(vec![i64::MAX, i64::MIN])),
    ]
    .iter()
    .collect();
    let written = |question: &str| {
        let mut bytes = Vec::new();
        let answer = results.query(question).unwrap();
        answer.write(Format::Csv, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let all =
        "id,id_1,iteration,status,\"\",\"a\"\"b\",größe,zero\u{fffd}byte,results,iteration_1,n";
    assert_eq!(written("select * from results").lines().next(), Some(all));
    assert_eq!(
        written("select id, id_1, iteration_1, \"a\"\"b\" as ab, n from RESULTS order by n"),
        format!(
            "id,id_1,iteration_1,ab,n\ne0,1,1,1,{}\ne0,1,0,1,{}\n",
            i64::MIN,
            i64::MAX
        )
    );
    let counted = "select count(*) as n from results join experiments using (id)";
    assert_eq!(written(counted), "n\n2\n");
}
