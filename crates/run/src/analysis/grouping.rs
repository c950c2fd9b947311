//! Which trials belong together: by label, by the answer that is wanted, or by a number.

use attractor_data::{Column, Target, Trials};

/// Most groups of one variable: more cannot be told apart in a picture.
const MOST: usize = 8;

/// What the trials differ in: label columns, numbers of few levels, and the answer wanted.
pub(super) fn variables(trials: &Trials, scored: &str) -> Vec<(String, Column)> {
    let few = |column: &Column| (2..=MOST).contains(&column.groups().len());
    let columns = trials.conditions.columns().filter(|(_, column)| few(column));
    let mut found: Vec<(String, Column)> =
        columns.map(|(name, column)| (name.replace('_', " "), column.clone())).collect();
    if let Some(answer) = trials.target(scored).and_then(answer).filter(few) {
        let twin = found.iter().any(|(_, column)| same_division(column, &answer));
        if !twin {
            found.push(("answer".to_owned(), answer));
        }
    }
    found
}

/// Groups to draw trajectories by: the first label (else the first variable) and the answer wanted;
/// trials that are no repeats are drawn one by one.
pub(super) fn conditions(
    trials: &Trials,
    scored: &str,
    repeats: bool,
) -> Vec<(String, Vec<usize>)> {
    if !repeats {
        let alone = |trial| (format!("stretch {}", trial + 1), vec![trial]);
        return (0..trials.len().min(MOST)).map(alone).collect();
    }
    let variables = variables(trials, scored);
    let label = variables.iter().find(|(_, column)| matches!(column, Column::Labels(_)));
    let Some(first) = label.or(variables.first()) else {
        return vec![("all trials".to_owned(), (0..trials.len()).collect())];
    };
    let second = variables.iter().find(|(name, _)| name == "answer" && *name != first.0);
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    for (value, members) in first.1.groups() {
        let name = format!("{} {value}", first.0);
        match second {
            Some((what, column)) => {
                for (answer, others) in column.groups() {
                    let both: Vec<usize> =
                        members.iter().copied().filter(|t| others.contains(t)).collect();
                    groups.push((format!("{name}, {what} {answer}").replace('-', "−"), both));
                }
            }
            None => groups.push((name.replace('-', "−"), members)),
        }
    }
    groups.retain(|(_, members)| !members.is_empty());
    groups.truncate(MOST);
    groups
}

/// The first output's target where it is asked last, if that is one of few values.
fn answer(target: &Target) -> Option<Column> {
    let (steps, trials, channels) = target.values.dim();
    if channels != 1 {
        return None;
    }
    let last = |trial: usize| {
        let step = (0..steps).rev().find(|&t| target.weights[[t, trial]] > 0.0)?;
        Some(f64::from(target.values[[step, trial, 0]]))
    };
    let wanted: Option<Vec<f64>> = (0..trials).map(last).collect();
    wanted.map(Column::Numbers)
}

fn same_division(a: &Column, b: &Column) -> bool {
    let members = |column: &Column| {
        let mut groups: Vec<Vec<usize>> = column.groups().into_iter().map(|g| g.1).collect();
        groups.sort();
        groups
    };
    members(a) == members(b)
}

/// Constant inputs to stand still under: for each value of the first label, the input that its trials
/// have for most of the time (the median over time of the mean over trials), channels that are noise
/// alone at 0; with the trials they are of.
pub(super) fn inputs(trials: &Trials, scored: &str) -> Vec<(String, Vec<f64>, Vec<usize>)> {
    let variables = variables(trials, scored);
    let label = variables.iter().find(|(_, column)| matches!(column, Column::Labels(_)));
    let groups = match label {
        Some((name, column)) => column
            .groups()
            .into_iter()
            .map(|(value, members)| (format!("{name} {value}"), members))
            .collect(),
        None => vec![(String::new(), (0..trials.len()).collect::<Vec<usize>>())],
    };
    let mut found: Vec<(String, Vec<f64>, Vec<usize>)> = Vec::new();
    for (name, members) in groups {
        let input: Vec<f64> =
            (0..trials.channels()).map(|c| typical(trials, &members, c)).collect();
        match found.iter_mut().find(|(_, other, _)| *other == input) {
            Some((_, _, others)) => others.extend(members),
            None => found.push((name, input, members)),
        }
    }
    for (name, input, _) in &mut found {
        if input.iter().all(|&u| u == 0.0) {
            "no input".clone_into(name);
        } else if name.is_empty() {
            "typical input".clone_into(name);
        }
    }
    found
}

fn typical(trials: &Trials, members: &[usize], channel: usize) -> f64 {
    let count = members.len() as f64;
    let mut means = Vec::with_capacity(trials.steps());
    let mut variance = 0.0;
    for step in 0..trials.steps() {
        let values = || members.iter().map(|&k| f64::from(trials.inputs[[step, k, channel]]));
        let mean = values().sum::<f64>() / count;
        variance += values().map(|u| (u - mean).powi(2)).sum::<f64>() / count;
        means.push(mean);
    }
    let noise = (variance / trials.steps() as f64 / count).sqrt();
    means.sort_by(f64::total_cmp);
    let median = means[means.len() / 2];
    if median.abs() <= 3.0 * noise + 1e-6 { 0.0 } else { (median * 1e6).round() / 1e6 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trials(task: &str) -> Trials {
        let task = attractor_task::create(task, &toml::Table::new()).unwrap();
        task.generate(3, 0, 288).unwrap()
    }

    #[test]
    fn a_context_is_an_input_and_a_condition() {
        let trials = trials("context-decision");
        let inputs = inputs(&trials, "out.y");
        assert_eq!(inputs.len(), 2);
        assert_eq!(inputs[0].1, [0.0, 0.0, 0.1, 0.0], "{}", inputs[0].0);
        assert_eq!(inputs[1].1, [0.0, 0.0, 0.0, 0.1], "{}", inputs[1].0);
        let names: Vec<String> =
            conditions(&trials, "out.y", true).into_iter().map(|g| g.0).collect();
        assert_eq!(
            names,
            [
                "context A, answer −1",
                "context A, answer 1",
                "context B, answer −1",
                "context B, answer 1"
            ]
        );
        let total: usize = conditions(&trials, "out.y", true).iter().map(|g| g.1.len()).sum();
        assert_eq!(total, 288);
    }

    #[test]
    fn pulses_leave_no_input() {
        let trials = trials("flip-flop");
        let inputs = inputs(&trials, "out.y");
        assert_eq!(inputs.len(), 1);
        assert!(inputs[0].1.iter().all(|&u| u == 0.0));
        assert_eq!((inputs[0].0.as_str(), inputs[0].2.len()), ("no input", 288));
    }
}
