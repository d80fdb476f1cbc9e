//! Root units: the values that branches share.

use research::base::rand_core::Rng;
use research::{CompletedRun, Context, Research, Status, Value, When, ec, ec_all, ep, o, option};

use crate::common::{csv, folder};

/// Random numbers for all branches depend only on the parameters that the branches have in common.
#[test]
fn root_units_change_no_result_whatever_the_branches() {
    let folder = folder("roots");
    let study = |name: &str| {
        Research::new(name)
            .domain(option("n", 0..4_i64) * option("data", ["a", "b", "c"]))
            .branch_by(["data"])
            .unit("sample", |cx: &mut Context| {
                let data: String = cx.config_item("data")?;
                cx.save("sampled", cx.config().len() as i64)?;
                Ok(format!("{data}{}", cx.rng().next_u32()))
            })
            .root()
            .save_to("sample")
            .instance("length", |sample: String| Ok(sample.len()), (o("sample"),))
            .root()
            .callable(
                "use",
                |sample: String, n: i64| format!("{sample}-{n}"),
                (o("sample"), ec("n")),
            )
            .save_to("used")
            .n_reps(2)
            .seed(3)
            .folder(&folder)
    };
    let alone = csv(&study("alone").run().unwrap());
    assert_eq!(alone.lines().count(), 1 + 4 * 3 * 2);
    for branches in 2..=8_u32 {
        let name = format!("branches-{branches}");
        let finished = study(&name).branches(branches).workers(2).run().unwrap();
        assert_eq!(csv(&finished), alone, "{branches} branches");
    }
    let again = CompletedRun::load(folder.join("branches-3")).unwrap();
    let id = again.results().load().unwrap();
    let id = id.experiments().nth(5).unwrap().record.id.to_string();
    let again = study("branches-3").branches(3_u32).reproduce(&id).unwrap();
    assert!(again.is_same(), "{again:?}");
}

/// Unknown inputs must be declared, or the unit is not shared.
#[test]
fn root_units_that_may_read_anything_need_branch_by() {
    let study = || {
        Research::new("any")
            .in_memory()
            .parallel(false)
            .domain(option("x", [1, 2]))
    };
    let closure = |study: Research| study.unit("any", |_: &mut Context| Ok(1)).root();
    let refused = |study: Research| study.branches(2).run().unwrap_err().to_string();
    for text in [
        refused(closure(study())),
        refused(
            study()
                .callable("whole", |_: Value| 1, (ec_all(false),))
                .root(),
        ),
        refused(study().callable("place", |_: String| 1, (ep(),)).root()),
        refused(
            study()
                .callable("x", |x: i64| x, (ec("x"),))
                .callable("any", |x: i64| x, (o("x"),))
                .root(),
        ),
        refused(
            study()
                .pipeline("batches", |_: &mut Context| Ok([1]))
                .root(),
        ),
    ] {
        assert!(text.contains("`branch_by = [\"lr\"]`"), "{text}");
    }
    let _ = closure(study()).branches(1).run().unwrap();
    let _ = closure(study()).branches(2).branch_by([]).run().unwrap();
    for branches in 1..=2_u32 {
        let reads = closure(study())
            .unit("reads", |cx: &mut Context| Ok(cx.config_item::<i64>("x")?))
            .root();
        let failed = reads.branch_by([]).branches(branches).run().unwrap();
        assert_eq!(failed.report().unwrap().counts.of(Status::Failed), 2);
    }
    let instance = study()
        .branch_by([])
        .instance("model", || Ok(1_i64), ())
        .method("step", "model", |model: &mut i64| *model += 1, ())
        .root();
    let text = refused(instance);
    assert!(text.contains("which each branch has for itself"), "{text}");
    let last = study()
        .branch_by([])
        .generator("steps", |_: &mut Context| Ok(0..3))
        .root()
        .when(When::every(2).or(When::last()));
    let text = refused(last);
    assert!(
        text.contains("is a generator that is due at `last`"),
        "{text}"
    );
}
