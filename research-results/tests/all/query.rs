//! SQL queries.

use crate::events::{ended, saved, started};
use std::time::Duration;

use research_core::{Column, Status};
use research_domain::{Config, Value};
use research_results::{Format, QueryError, QueryOptions, Results, Table};

/// Returns four experiments: two configs, each twice.
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
        refusal("select xyzzy from results").starts_with("no such column: xyzzy; available: id,")
    );
    // In double quotes, it is a name, and no string even if there is no such column.
    assert_eq!(
        answer("select max(\"loss\") as most from results"),
        "most\n3.0\n"
    );
    assert!(
        refusal("select max(\"los\") from results")
            .starts_with("no such column: \"los\"; did you mean `loss`?")
    );
    let text = refusal("select loss from results where model = \"small\"");
    let hint = "; strings are in single quotes: 'small'\n";
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
            refusal.starts_with("queries only read"),
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

fn written(table: &Table<'_>) -> String {
    let mut bytes = Vec::new();
    table.write(Format::Csv, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Returns four experiments with a parameter of numbers and a string, and values of all kinds.
fn mixed() -> Results {
    let mut results = Results::new();
    let gammas = [
        "scale".into(),
        Value::from(0.5),
        Value::from(1),
        Value::from("5"),
    ];
    for (number, gamma) in (0..).zip(gammas) {
        results.apply(&started(number, 1, Config::from_pairs([("gamma", gamma)])));
        results.apply(&ended(number, 1, Status::Finished, None));
    }
    let values = vec![Value::from(1.5), Value::from("oops"), Value::from(1.5)];
    results.apply(&saved(0, "v", 0, Column::Value(values)));
    let values = vec![Value::from(2.5), Value::Float(f64::NAN), Value::from(2.5)];
    results.apply(&saved(1, "v", 0, Column::Value(values)));
    let values = vec![f64::INFINITY, f64::NAN, 1.0];
    results.apply(&saved(2, "w", 0, Column::Float(values)));
    results.apply(&saved(3, "w", 0, Column::Int(vec![1, 2])));
    results.apply(&saved(3, "big", 0, Column::Int(vec![i64::MAX])));
    results
}

#[test]
fn each_cell_has_a_type_of_its_own() {
    let results = mixed();
    let answer = |question: &str| written(&results.query(question).unwrap());
    assert_eq!(
        answer("select v, typeof(v) as t from results where v is not null order by id, iteration"),
        "v,t\n1.5,real\noops,text\n1.5,real\n2.5,real\n2.5,real\n"
    );
    assert_eq!(
        answer("select gamma, typeof(gamma) as t from experiments order by id"),
        "gamma,t\nscale,text\n0.5,real\n1.0,real\n5,text\n"
    );
    assert_eq!(
        answer("select id from experiments where gamma = 'scale'"),
        "id\ne0\n"
    );
    assert_eq!(
        answer("select id from experiments where gamma = '5'"),
        "id\ne3\n"
    );
    assert_eq!(
        answer("select count(*) as n from results where gamma = 'scale'"),
        "n\n3\n"
    );
    // In a column with floats, all numbers are floats, so one half is 0.5.
    assert_eq!(
        answer("select w, w / 2 as half from results where id = 'e3' order by 1"),
        "w,half\n1.0,0.5\n2.0,1.0\n"
    );
    assert_eq!(
        answer("select max(big) as most from results"),
        format!("most\n{}\n", i64::MAX)
    );
    assert_eq!(
        answer("select w, typeof(w) as t from results where id = 'e2'"),
        "w,t\ninf,real\n,null\n1.0,real\n"
    );
}

#[test]
fn sums_and_means_skip_and_count_what_is_not_a_number() {
    let results = mixed();
    let ask = |question: &str| {
        let table = results.query(question).unwrap();
        (written(&table), table.notes().to_vec())
    };
    let of_v = |condition: &str| {
        ask(&format!(
            "select avg(v) as a, sum(v) as s, total(v) as t, count(v) as n from results {condition}"
        ))
    };
    let left_out = |name: &str| format!("`{name}`: 1 value that is not a number is left out");
    let notes = ["avg", "sum", "total"].map(left_out);
    assert_eq!(
        of_v("where id = 'e0'"),
        ("a,s,t,n\n1.5,3.0,3.0,3\n".to_owned(), notes.to_vec())
    );
    let none: Vec<String> = Vec::new();
    assert_eq!(
        of_v("where id = 'e1'"),
        ("a,s,t,n\n2.5,5.0,5.0,2\n".to_owned(), none.clone())
    );
    assert_eq!(
        of_v("where id = 'none'"),
        ("a,s,t,n\n,,0.0,0\n".to_owned(), none.clone())
    );
    assert_eq!(
        ask("select avg(gamma) as a from experiments where id < 'e2'").0,
        "a\n0.5\n"
    );
    // The aggregates are window functions, too, and treat integers and infinities as SQLite does.
    let question = "select sum(iteration) over (order by iteration rows 1 preceding) as s, \
                    avg(v) over (order by iteration rows 1 preceding) as a \
                    from results where id = 'e0' order by iteration";
    assert_eq!(ask(question).0, "s,a\n0,1.5\n1,1.5\n3,1.5\n");
    assert_eq!(
        ask("select sum(w) as s from results where v is null").0,
        "s\ninf\n"
    );
    let error = results.query(
        "select sum(big), avg(v) from (select big, v from results \
                               union all select big, v from results)",
    );
    assert!(error.unwrap_err().to_string().contains("overflow"));
}

#[test]
fn joins_find_their_rows() {
    let mut results = Results::new();
    for number in 0..30_u64 {
        let config = Config::from_pairs([("lr", 0.5 * (number % 3) as f64)]).with("n", number / 3);
        results.apply(&started(number, 1, config));
        let losses: Vec<f64> = (0..40).map(|it| (number * 100 + it) as f64).collect();
        results.apply(&saved(number, "loss", 0, Column::Float(losses)));
        results.apply(&saved(number, "late", 35, Column::Int(vec![1; 10])));
        results.apply(&ended(number, 1, Status::Finished, None));
    }
    let answer = |question: &str| written(&results.query(question).unwrap());
    // Each experiment has 45 rows, because `late` was saved in iterations without `loss`.
    assert_eq!(answer("select count(*) as n from results"), "n\n1350\n");
    assert_eq!(
        answer(
            "select lr, count(*) as n, min(loss) as least, max(loss) as most
             from results group by lr order by lr"
        ),
        "lr,n,least,most\n0.0,450,0.0,2739.0\n0.5,450,100.0,2839.0\n1.0,450,200.0,2939.0\n"
    );
    assert_eq!(
        answer("select distinct lr, n from results where n < 2 order by n desc, lr"),
        "lr,n\n0.0,1\n0.5,1\n1.0,1\n0.0,0\n0.5,0\n1.0,0\n"
    );
    assert_eq!(
        answer(
            "select a.iteration, a.loss - b.loss as gap from results a
             join results b using (n, iteration) where a.lr = 0.5 and b.lr = 0 and n = 4
             and iteration in (3, 7.0, 99) order by 1"
        ),
        "iteration,gap\n3,100.0\n7,100.0\n"
    );
    assert_eq!(
        answer(
            "select count(*) as n from experiments e join results r using (id)
             where r.lr = '0.5' and r.iteration = 2 and e.status = 'finished'"
        ),
        "n\n10\n"
    );
    assert_eq!(
        answer("select count(*) as n from results where iteration = null"),
        "n\n0\n"
    );
    assert_eq!(
        answer("select count(*) as n from results where id = null"),
        "n\n0\n"
    );
    assert_eq!(
        answer("select count(*) as n from experiments where id = 'E7' collate nocase"),
        "n\n1\n"
    );
    // A missing variable equals nothing, so such rows do not join.
    assert_eq!(
        answer("select count(*) as n from (select * from results natural join results)"),
        "n\n150\n"
    );
}

#[test]
fn tables_with_more_columns_than_sqlite_has_are_asked_for_some() {
    let mut results = Results::new();
    for number in 0..2 {
        results.apply(&started(number, 1, Config::from_pairs([("lr", 0.5)])));
        for variable in 0..2500_u32 {
            let values = Column::Int(vec![i64::from(variable), 1]);
            results.apply(&saved(number, &format!("v{variable}"), 0, values));
        }
        results.apply(&ended(number, 1, Status::Finished, None));
    }
    let answer = |question: &str| written(&results.query(question).unwrap());
    assert_eq!(answer("select count(*) as n from experiments"), "n\n2\n");
    assert_eq!(
        answer("select * from experiments where id = 'e0'")
            .lines()
            .count(),
        2
    );
    assert_eq!(
        answer("select id, sum(V2499) as s, max(\"v7\") as m from results group by id"),
        "id,s,m\ne0,2500,7\ne1,2500,7\n"
    );
    assert_eq!(answer("select count(*) as n from results"), "n\n4\n");
    assert_eq!(
        answer("select 2 * v3 as x from results where iteration = 0 limit 1"),
        "x\n6\n"
    );
    for all in [
        "select * from results",
        "select count(*) from (select r.* from results r)",
    ] {
        let error = results.query(all).unwrap_err().to_string();
        assert!(
            error.starts_with("`results` has 2503 columns, of which"),
            "{error}"
        );
    }
    let error = results
        .query("select v2500 from results")
        .unwrap_err()
        .to_string();
    assert!(error.contains("did you mean `v25"), "{error}");
}

#[test]
fn a_question_without_end_has_a_timeout() {
    let endless = "with recursive t(n) as (select 1 union all select n + 1 from t) \
                   select count(*) from t";
    let options = QueryOptions::new().timeout(Duration::from_millis(50));
    let error = results().query_with(endless, &options).unwrap_err();
    assert!(matches!(error, QueryError::TimedOut(_)), "{error}");
    assert_eq!(error.to_string(), "the query did not finish within 0.05 s");
}
