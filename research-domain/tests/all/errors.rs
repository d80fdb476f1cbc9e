//! Invalid input: errors that name the part of the expression.

use research_domain::{Domain, DomainError, Iteration, option, uniform};

fn error_of(text: &str) -> DomainError {
    text.parse::<Domain>().unwrap().validate().unwrap_err()
}

#[test]
fn errors_name_the_part_of_the_domain() {
    let cases = [
        (
            "a=[1] * (b=[1, 2] @ c=[1, 2, 3])",
            "cannot zip `b=[1, 2] @ c=[1, 2, 3]`: `b=[1, 2]` has 2 values and `c=[1, 2, 3]` has 3",
        ),
        (
            "(a=[1] * b=[2]) @ c=[1]",
            "cannot zip `a=[1] * b=[2]`, which is a product",
        ),
        (
            "(a=[1] + b=[2]) @ c=[1]",
            "cannot zip `a=[1] + b=[2]`, which is a sum",
        ),
        (
            "a=uniform(0, 1) @ c=[1]",
            "cannot zip `a=uniform(0, 1)`, which is a distribution",
        ),
        (
            "(0.5 * a=[1]) @ c=[1]",
            "cannot zip `0.5 * a=[1]`, which is a domain with a weight",
        ),
        (
            "NaN * a=[1]",
            "the weight NaN of `NaN * a=[1]` must be finite and above zero",
        ),
        ("-1 * a=[1]", "the weight -1.0 of `-1.0 * a=[1]` must be"),
        ("0 * a=[1] + b=[2]", "the weight 0.0"),
        ("inf * a=[1]", "the weight inf"),
        ("a=[]", "`a` has no values"),
        (
            "a=[1] * b=[2] * a=[3]",
            "`a` is twice in the product `a=[1] * b=[2] * a=[3]`",
        ),
        (
            "a=[1] @ a=[3]",
            "`a` is twice in the product `a=[1] @ a=[3]`",
        ),
        ("``=[1]", "a parameter has an empty name"),
        (
            "a=[1] * repetition=[1]",
            "`repetition` is a key of every experiment",
        ),
        (
            "a=uniform(1, 0)",
            "`a`: invalid parameters of `uniform(1.0, 0.0)`: the bounds must be finite and low < \
             high",
        ),
        ("a=log_uniform(0, 1)", "0 < low < high"),
        ("a=normal(0, -1)", "the deviation finite and not negative"),
        ("a=normal(NaN, 1)", "the mean must be finite"),
        ("a=exponential(0)", "above zero"),
        ("a=gamma(1, 0)", "above zero"),
        ("a=beta(-1, 1)", "above zero"),
        ("a=poisson(0)", "the mean must be above zero"),
        ("a=binomial(-1, 0.5)", "the trials"),
        ("a=binomial(10, 1.5)", "the probability from 0 to 1"),
        ("a=int(3, 3)", "low < high"),
        ("a=choice([])", "there must be a value"),
        ("a=choice([1, 2], [1])", "as many weights as values"),
        ("a=choice([1, 2], [0, 0])", "one of them above zero"),
        (
            "a=(0 & uniform(0, 1) | 0 & uniform(0, 1))",
            "weights must be finite and not negative",
        ),
        ("a=truncate(uniform(0, 1), 2, 1)", "low <= high"),
        (
            "a=[1] * b=[2] where c == 1 and a == 1",
            "unknown parameter `c` in the condition of `a=[1] * b=[2] where c == 1 and a == 1`; ",
        ),
        (
            "alpha=[1] where alhpa == 1",
            "unknown parameter `alhpa` in the condition of `alpha=[1] where alhpa == 1`; did you \
             mean `alpha`?",
        ),
        (
            "difference(a=[1], b=uniform(0, 1))",
            "the second domain of a difference needs a finite domain, and `b=uniform(0.0, 1.0)` \
             is infinite",
        ),
    ];
    for (text, message) in cases {
        let error = error_of(text).to_string();
        let message = message.replace("uniform(0, 1)", "uniform(0.0, 1.0)");
        assert!(error.contains(&message), "{text}: {error}");
    }
}

#[test]
fn too_many_grids_are_refused() {
    let two = |n: usize| option(format!("a{n}"), [1]) + option(format!("b{n}"), [1]);
    let error = Domain::product((0..30).map(two)).validate().unwrap_err();
    assert!(matches!(error, DomainError::TooManyGrids { .. }), "{error}");
    assert!(error.to_string().chars().count() < 400);
}

#[test]
fn an_invalid_condition_in_rust_is_an_error_of_the_domain() {
    let domain = option("a", [1]).matching("a <") * option("b", [1]);
    assert!(matches!(domain.validate(), Err(DomainError::Syntax(_))));
}

#[test]
fn invalid_iterations_are_refused() {
    let domain = option("a", [1, 2]);
    let error = domain.configs(&Iteration::default().n_reps(0)).unwrap_err();
    assert_eq!(error.to_string(), "n_reps must be at least 1");
    let error = domain
        .configs(&Iteration::default().repeat_each(0))
        .unwrap_err();
    assert_eq!(error.to_string(), "repeat_each must be at least 1");
    let none = domain
        .matching("a > 2")
        .configs(&Iteration::default().n_items(3))
        .unwrap();
    let error = none.iter().next().unwrap().unwrap_err();
    assert!(
        matches!(error, DomainError::Empty { requested: 3 }),
        "{error}"
    );
    assert!(none.get(0).is_err());
}

#[test]
fn errors_of_an_iteration_name_the_config_and_end_it() {
    let domain: Domain = "a=[1, \"x\"] * b=[1, 2] where a < b".parse().unwrap();
    let configs = domain.configs(&Iteration::default()).unwrap();
    let found: Vec<_> = configs.iter().collect();
    assert_eq!(found.len(), 2);
    let error = found[1].as_ref().unwrap_err().to_string();
    assert!(
        error.contains("a=\"x\", b=1") && error.contains("only numbers, or only strings"),
        "{error}"
    );
    let never = option("a", uniform(0.0, 1.0).truncate(2.0, 3.0));
    let error = never
        .configs(&Iteration::default().n_items(1))
        .unwrap()
        .get(0)
        .unwrap_err();
    assert!(error.to_string().contains("widen them"), "{error}");
    let text = option("a", research_domain::choice(["x"]) + 1.0);
    let error = text
        .configs(&Iteration::default().n_items(1))
        .unwrap()
        .get(0)
        .unwrap_err();
    assert!(
        error.to_string().contains("needs numbers, found \"x\""),
        "{error}"
    );
}

#[test]
fn a_condition_that_no_draw_satisfies_is_an_error() {
    let domain = option("a", uniform(0.0, 1.0)).matching("a > 2");
    let error = domain
        .configs(&Iteration::default().n_items(1))
        .unwrap()
        .get(0)
        .unwrap_err();
    assert!(matches!(error, DomainError::NoMatch { .. }), "{error}");
}

#[test]
fn a_guard_keeps_the_rest_of_a_condition_from_failing() {
    let domain: Domain =
        "kind=[\"number\", \"text\"] * x=[1, 5, \"y\"] where (kind == \"text\") == (x == \"y\") \
         and (kind == \"text\" or x > 2)"
            .parse()
            .unwrap();
    assert_eq!(domain.len().unwrap().finite(), Some(2));
}

#[test]
fn a_surrogate_pair_is_one_character() {
    let read = |text: &str| text.parse::<Domain>().map(|domain| domain.to_string());
    assert_eq!(
        read(r#"a=["\ud83d\ude00", "\u00e9"]"#).unwrap(),
        "a=[\"😀\", \"é\"]"
    );
    for half in [
        r"\ud83d",
        r"\ude00",
        r"\ud83dx",
        r"\ud83d\n",
        r"\ud83d\u0041",
        r"\ud83d\ud83d",
    ] {
        let error = read(&format!("a=[\"{half}\"]")).unwrap_err();
        assert_eq!(error.message(), "unknown escape", "{half}");
    }
}
