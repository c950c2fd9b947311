//! Axes of the activity that carry one task variable each: the choice, then stimuli, then contexts.

use attractor_analysis::{RegressionAxes, Regressor, pearson, regression_axes};
use attractor_data::Column;
use attractor_report::TaskAxes;
use ndarray::{Array3, s};

use super::activity::Activity;
use super::facts::{Analysis, TaskAxis};
use super::{Pictures, Unanswered};

/// Principal components that regression vectors are cleaned by (Mante et al. 2013).
const COMPONENTS: usize = 12;
/// Most variables: a picture has no room for more.
const VARIABLES: usize = 4;
/// Most levels of a variable: a number that differs in every trial is no condition.
const LEVELS: usize = 24;
/// Most lines of a picture.
const LINES: usize = 8;
/// What the others leave of a variable's variance, below which it is one of them.
const OWN: f64 = 1e-3;

pub(super) fn answer(
    activity: &Activity,
    facts: &mut Analysis,
    pictures: &mut Pictures,
) -> Result<(), Unanswered> {
    let variables = variables(activity);
    if variables.is_empty() {
        return Err(Unanswered(
            "trials have no choice, and no condition of two labels or of few numbers".to_owned(),
        ));
    }
    let dt = activity.trials.dt;
    let common = activity.noisy.slice(s![..activity.steps(), .., ..]);
    let regressors: Vec<Regressor> = variables.iter().map(|v| v.regressor.clone()).collect();
    let axes = regression_axes(common, &regressors, COMPONENTS)?;
    let along = axes.project(common)?;
    let mut figure = TaskAxes::new(dt);
    for (k, variable) in variables.iter().enumerate() {
        let at_ms = axes.peaks[k] as f64 * dt;
        let there = along.slice(s![axes.peaks[k], .., k]).to_vec();
        let correlation = pearson(&there, &variable.regressor.values)?;
        let name = variable.regressor.name.clone();
        figure = figure.axis(&name, at_ms, variable.courses(&along, k));
        facts.task_axes.push(TaskAxis { variable: name, at_ms, correlation });
    }
    if let [first, second, ..] = &variables[..] {
        let names = [&first.regressor.name, &second.regressor.name].map(String::as_str);
        figure = figure.plane(names, paths(activity, &axes)?);
    }
    pictures.figures.push(("task-axes".to_owned(), figure.figure()));
    Ok(())
}

/// A task variable.
struct Variable {
    regressor: Regressor,
    /// Its levels, from the lowest, with their trials.
    levels: Vec<(String, Vec<usize>)>,
}

impl Variable {
    /// A number that is scaled to ±1 at most, or two labels as ±1.
    fn of(name: &str, column: &Column) -> Option<Variable> {
        let mut levels = column.groups();
        let name = name.replace('_', " ");
        let values = match column {
            Column::Numbers(numbers) => {
                levels.sort_by(|a, b| numbers[a.1[0]].total_cmp(&numbers[b.1[0]]));
                let most = numbers.iter().fold(0.0f64, |most, x| most.max(x.abs()));
                numbers.iter().map(|x| x / most).collect()
            }
            Column::Labels(_) if levels.len() == 2 => {
                let mut values = vec![1.0; column.len()];
                levels[1].1.iter().for_each(|&trial| values[trial] = -1.0);
                values
            }
            Column::Labels(_) => return None,
        };
        let told = |(value, trials): (attractor_data::Value, Vec<usize>)| {
            (value.to_string().replace('-', "−"), trials)
        };
        let fits = (2..=LEVELS).contains(&levels.len());
        let levels = levels.into_iter().map(told).collect();
        fits.then_some(Variable { regressor: Regressor { name, values }, levels })
    }

    /// Mean activity along an axis at each step, for some of the levels.
    fn courses(&self, along: &Array3<f64>, axis: usize) -> Vec<(String, Vec<f64>)> {
        let skip = self.levels.len().div_ceil(LINES).max(1);
        let last = self.levels.len() - 1;
        let shown = (0..=last).filter(|k| k % skip == 0 || *k == last);
        let mean = |trials: &Vec<usize>, step: usize| {
            trials.iter().map(|&trial| along[[step, trial, axis]]).sum::<f64>()
                / trials.len() as f64
        };
        let course = |k: usize| {
            let (name, trials) = &self.levels[k];
            (name.clone(), (0..along.dim().0).map(|step| mean(trials, step)).collect())
        };
        shown.map(course).collect()
    }
}

/// The choice, numbers, and pairs of labels, each with something of its own.
fn variables(activity: &Activity) -> Vec<Variable> {
    let choice = activity.choices.clone().map(|made| ("choice", Column::Numbers(made)));
    let conditions = activity.trials.conditions.columns();
    let (numbers, labels): (Vec<_>, Vec<_>) =
        conditions.partition(|(_, column)| matches!(column, Column::Numbers(_)));
    let all = numbers.into_iter().chain(labels).map(|(name, column)| (name, column.clone()));
    let mut found: Vec<Variable> = Vec::new();
    // orthonormal, the constant first
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let trials = activity.trials.len();
    extend(&mut basis, vec![1.0; trials]);
    for (name, column) in choice.into_iter().chain(all) {
        let Some(variable) = Variable::of(name, &column) else { continue };
        if found.len() < VARIABLES && extend(&mut basis, variable.regressor.values.clone()) {
            found.push(variable);
        }
    }
    found
}

/// Adds a vector to an orthonormal basis, if it is no combination of what is there.
fn extend(basis: &mut Vec<Vec<f64>>, mut vector: Vec<f64>) -> bool {
    let squares = |vector: &[f64]| vector.iter().map(|x| x * x).sum::<f64>();
    let before = squares(&vector);
    for other in basis.iter() {
        let along: f64 = other.iter().zip(&vector).map(|(a, b)| a * b).sum();
        vector.iter_mut().zip(other).for_each(|(x, b)| *x -= along * b);
    }
    let left = squares(&vector);
    let own = left > OWN * before;
    if own {
        vector.iter_mut().for_each(|x| *x /= left.sqrt());
        basis.push(vector);
    }
    own
}

/// A condition's name, and where it goes.
type Path = (String, Vec<(f64, f64)>);

/// Mean trajectories of the conditions in the plane of the first two axes.
fn paths(activity: &Activity, axes: &RegressionAxes) -> Result<Vec<Path>, Unanswered> {
    let means = axes.project(activity.averages(&activity.noisy)?.view())?;
    let path =
        |k: usize| means.slice(s![.., k, ..2]).rows().into_iter().map(|p| (p[0], p[1])).collect();
    let conditions = activity.conditions.iter().enumerate();
    Ok(conditions.map(|(k, (name, _))| (name.clone(), path(k))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_combination_of_others_adds_nothing() {
        let mut basis = Vec::new();
        assert!(extend(&mut basis, vec![1.0; 4]));
        assert!(extend(&mut basis, vec![1.0, 1.0, -1.0, -1.0]));
        assert!(!extend(&mut basis, vec![3.0, 3.0, 1.0, 1.0]));
        assert!(extend(&mut basis, vec![1.0, 0.0, 0.0, 0.0]));
        assert!(!extend(&mut basis, vec![0.0; 4]));
    }

    #[test]
    fn numbers_are_scaled_and_two_labels_are_a_sign() {
        let numbers = Variable::of("a_b", &Column::Numbers(vec![4.0, -2.0, 4.0])).unwrap();
        assert_eq!(numbers.regressor.values, [1.0, -0.5, 1.0]);
        assert_eq!(numbers.levels, [("−2".to_owned(), vec![1]), ("4".to_owned(), vec![0, 2])]);
        let labels = |labels: &[&str]| {
            Variable::of("c", &Column::Labels(labels.iter().map(|&l| l.to_owned()).collect()))
        };
        assert_eq!(labels(&["x", "y", "x"]).unwrap().regressor.values, [1.0, -1.0, 1.0]);
        assert!(labels(&["x", "y", "z"]).is_none() && labels(&["x", "x"]).is_none());
        assert!(Variable::of("n", &Column::Numbers((0..30).map(f64::from).collect())).is_none());
        assert!((pearson(&[1.0, 2.0, 3.0], &[-2.0, -4.0, -6.0]).unwrap() + 1.0).abs() < 1e-12);
    }
}
