//! Products in which the second domain overrides parameters of the first.

use research_domain::{Domain, Iteration};

#[test]
fn parameters_of_the_second_domain_override_those_of_the_first() {
    for (text, expected) in [
        ("override(a=[1, 2] * b=[3], a=[4])", "b=[3] * a=[4]"),
        (
            "override(a=[1, 2] * b=[3], c=[4])",
            "a=[1, 2] * b=[3] * c=[4]",
        ),
        ("override(a=[1, 2] @ b=[3, 4], b=[5])", "a=[1, 2] * b=[5]"),
        (
            "override(a=[1] @ b=[2] @ c=[3], b=[5])",
            "a=[1] @ c=[3] * b=[5]",
        ),
        (
            "override(a=[1] + b=[2] * a=[3], a=[4, 5])",
            "(() + b=[2]) * a=[4, 5]",
        ),
        (
            "override(a=[1], a=[2] * b=uniform(0, 1))",
            "a=[2] * b=uniform(0.0, 1.0)",
        ),
        (
            "override(a=[1] * b=[2] where b > 1, a=[3])",
            "(b=[2] where b > 1) * a=[3]",
        ),
    ] {
        let domain: Domain = text.parse().unwrap();
        assert_eq!(domain.to_string(), expected, "{text}");
        assert_eq!(domain.to_string().parse::<Domain>().unwrap(), domain);
        domain.validate().unwrap();
    }
    let error = "override(a=[1] * b=[2] where a < b, a=[3])"
        .parse::<Domain>()
        .unwrap();
    let error = error.validate().unwrap_err().to_string();
    assert!(
        error.contains("`a < b` is on a parameter that is overridden"),
        "{error}"
    );
}

/// Naively: each pair of configs, in which the second one is inserted into the first.
#[test]
fn an_override_has_the_configs_of_both() {
    let all = |domain: &Domain| -> Vec<String> {
        let configs = domain.configs(&Iteration::default()).unwrap();
        configs
            .iter()
            .map(|item| item.unwrap().config.to_string())
            .collect()
    };
    for (left, right) in [
        ("a=[1] * b=[2, 3]", "a=[4, 5] * c=[6]"),
        ("a=[1] * b=[2, 3] + a=[7] * d=[8]", "a=[4] + a=[5] * c=[6]"),
        ("a=[1] * (b=[2, 3] @ c=[4, 5])", "a=[9] * e=[1, 2]"),
    ] {
        let [left, right] = [left, right].map(|text| text.parse::<Domain>().unwrap());
        let mut expected = Vec::new();
        for one in left.configs(&Iteration::default()).unwrap().iter() {
            for other in right.configs(&Iteration::default()).unwrap().iter() {
                let (one, other) = (one.clone().unwrap(), other.unwrap());
                let kept = one
                    .config
                    .iter()
                    .filter(|(key, _)| !other.config.contains(key));
                let pairs = kept.chain(other.config.iter());
                let pairs = pairs.map(|(key, value)| (key.to_owned(), value.clone()));
                expected.push(research_domain::Config::from_pairs(pairs).to_string());
            }
        }
        let mut found = all(&left.overridden_by(right));
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }
}
