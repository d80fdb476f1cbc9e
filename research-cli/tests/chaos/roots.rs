//! Root units: experiments share them in tasks of any size, and each must have the output for its
//! own data.

use std::fs;
use std::path::Path;

use research::base::rand_core::Rng;
use research::domain::Domain;
use research::{Context, Research, UnitError};

use crate::study::EXPERIMENTS;

/// The maximum number of experiments in a task.
pub(crate) const BRANCHES: [u64; 6] = [1, 1, 2, 3, 5, 8];

/// The data of the experiments: those that share a root unit are not adjacent.
fn data() -> Vec<i64> {
    (0..EXPERIMENTS.try_into().unwrap())
        .map(|x: i64| x % 3)
        .collect()
}

/// The parameters.
pub(crate) fn domain() -> Domain {
    expression().parse().unwrap()
}

/// The parameters as an expression.
pub(crate) fn expression() -> String {
    let x: Vec<u64> = (0..EXPERIMENTS).collect();
    format!("x={x:?} @ data={:?}", data())
}

/// Adds a root unit that draws a sample of the data, and a unit that checks it.
pub(crate) fn add(study: Research) -> Research {
    study
        .branch_by(["data"])
        .unit("sample", |cx: &mut Context| {
            let data: i64 = cx.config_item("data")?;
            cx.save("sampled", cx.iteration() as i64)?;
            Ok((data, i64::from(cx.rng().next_u32())))
        })
        .root()
        .unit("look", |cx: &mut Context| {
            let (data, drawn): (i64, i64) = cx.output("sample")?;
            match data == cx.config_item::<i64>("data")? {
                true => Ok(drawn),
                false => Err(UnitError::new("the sample is of other data")),
            }
        })
        .save_to("sample")
}

/// Returns the same units for the research file in a folder.
pub(crate) fn units(folder: &Path) -> String {
    fs::write(folder.join("sample.sh"), "echo $1 $RESEARCH_SEED\n").unwrap();
    fs::write(
        folder.join("look.sh"),
        "[ \"$1\" = \"$3\" ] || exit 1\necho $2\n",
    )
    .unwrap();
    let here = folder.display();
    format!(
        "[[unit]]\nname = \"sample\"\nroot = true\nrun = \"sh {here}/sample.sh {{data}}\"\n\
         output = \"text\"\nsave_to = \"sampled\"\n\
         [[unit]]\nname = \"look\"\nrun = [\"sh\", \"-c\", 'sh {here}/look.sh $0 \"$1\"', \
         \"{{sample}}\", \"{{data}}\"]\nsave_to = \"sample\"\n"
    )
}
