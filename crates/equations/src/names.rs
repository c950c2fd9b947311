//! What may be called what: names, functions, and guesses at what was meant.

/// A function of the text form: its name, its arguments, and what it computes.
pub(crate) const FUNCTIONS: &[(&str, &[&str], &str)] = &[
    ("after", &["x"], "the value of the state x after this step"),
    ("abs", &["a"], "absolute value"),
    ("cos", &["a"], "cosine"),
    ("detach", &["a"], "a, cut off from differentiation"),
    ("erf", &["a"], "error function"),
    ("exp", &["a"], "e to the power a"),
    ("gt", &["a", "b"], "1 where a > b, else 0; derivative 0"),
    ("ln", &["a"], "natural logarithm"),
    ("max", &["a", "b"], "the larger of the two"),
    ("min", &["a", "b"], "the smaller of the two"),
    ("relu", &["a"], "max(a, 0), derivative 0 at 0"),
    ("select", &["c", "a", "b"], "a where c > 0, else b"),
    ("sigmoid", &["a"], "1/(1 + exp(-a))"),
    ("sin", &["a"], "sine"),
    ("softplus", &["a"], "ln(1 + exp(a))"),
    (
        "spike",
        &["a", "surrogate", "height"],
        "1 where a > 0, else 0; differentiated as height times a named surrogate",
    ),
    ("sqrt", &["a"], "square root"),
    ("surrogate", &["value", "wrt", "derivative"], "value, differentiated as derivative by wrt"),
    ("tanh", &["a"], "hyperbolic tangent"),
];

/// What other languages call things.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("log", "`ln`"),
    ("logistic", "`sigmoid`"),
    ("sigma", "`sigmoid`"),
    ("expit", "`sigmoid`"),
    ("pow", "`a^2`"),
    ("square", "`a^2`"),
    ("if", "`select(condition, a, b)`"),
    ("where", "`select(condition, a, b)`"),
    ("step", "`gt(a, 0)`"),
    ("heaviside", "`gt(a, 0)`"),
    ("tan", "`sin(a)/cos(a)`"),
    ("stop_gradient", "`detach`"),
    ("clip", "`min(max(a, low), high)`"),
    ("randn", "a noise symbol: [noise] xi = \"normal\""),
    ("rand", "a noise symbol: [noise] xi = \"uniform\""),
];

/// The arguments of a function.
pub(crate) fn function(name: &str) -> Option<&'static [&'static str]> {
    FUNCTIONS.iter().find(|f| f.0 == name).map(|f| f.1)
}

pub(crate) fn starts_name(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

pub(crate) fn continues_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Whether only letters, digits and `_` occur.
pub(crate) fn characters(name: &str) -> Result<(), String> {
    if !name.is_empty() && name.chars().all(continues_name) {
        return Ok(());
    }
    Err("is not a name: use letters, digits and _".to_owned())
}

/// Whether a state, drive, parameter, noise or emission may be called so.
pub(crate) fn declared(name: &str) -> Result<(), String> {
    characters(name)?;
    match name.chars().next() {
        Some('_') => return Err("begins with _, as local values do: drop the _".to_owned()),
        Some(c) if !starts_name(c) => {
            return Err("begins with a digit: begin with a letter".to_owned());
        }
        _ => {}
    }
    if name == "dt" {
        return Err("is the time step: choose another name".to_owned());
    }
    match function(name) {
        Some(_) => Err("is the name of a function: choose another name".to_owned()),
        None => Ok(()),
    }
}

/// What was meant by a function nobody knows: its right name, a guess, or the list.
pub(crate) fn function_hint(name: &str) -> String {
    if let Some((_, meant)) = OTHER_NAMES.iter().find(|(other, _)| name.eq_ignore_ascii_case(other))
    {
        return format!("write {meant}");
    }
    let known = FUNCTIONS.iter().map(|f| f.0);
    match closest(name, known.clone()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("known are {}", known.collect::<Vec<_>>().join(", ")),
    }
}

/// The known name a mistyped one is nearest to, if one is near.
pub(crate) fn closest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let size = name.chars().count();
    known
        .map(|other| {
            let same = other.to_lowercase() == name.to_lowercase();
            let distance = if same { 0 } else { strsim::damerau_levenshtein(name, other) };
            (distance, other)
        })
        .filter(|(distance, other)| *distance <= size.max(other.chars().count()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        let known = || ["tau", "x", "I", "gain"].into_iter();
        assert_eq!(closest("tua", known()), Some("tau"));
        assert_eq!(closest("i", known()), Some("I"));
        assert_eq!(closest("gian", known()), Some("gain"));
        assert_eq!(closest("y", known()), None);
        assert_eq!(function_hint("tahn"), "did you mean `tanh`?");
        assert_eq!(function_hint("log"), "write `ln`");
    }

    #[test]
    fn names_that_would_confuse_are_refused() {
        for name in ["", "a b", "_x", "1x", "dt", "tanh", "a-b", "r.x"] {
            assert!(declared(name).is_err(), "{name}");
        }
        for name in ["x", "tau_z", "x1", "τ", "Über_2"] {
            assert!(declared(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn the_page_for_users_lists_every_function() {
        let page = include_str!("../../../docs/neuron-text.md");
        for (name, arguments, meaning) in FUNCTIONS {
            let row = format!("| `{name}({})` | {meaning} |", arguments.join(", "));
            assert!(page.contains(&row), "{row}");
        }
    }
}
