//! The state space: trajectories by condition on principal components, with trials behind them.

use attractor_analysis::{Pca, pca};
use attractor_report::{Label, Matrix, SampleTrials, StateSpace, Trajectory, Trial};
use ndarray::{Array3, s};

use super::activity::Activity;
use super::{Subject, Unanswered};
use crate::evaluate::sample_of;
use crate::report;

/// Trials shown for each condition.
const SHOWN: usize = 3;

/// A state space and the axes it is drawn along.
pub(super) struct Axes {
    pub(super) space: StateSpace,
    components: Pca,
}

impl Axes {
    /// Principal components of the condition averages of `states`, with some trials on them.
    pub(super) fn draw(
        subject: &mut Subject<'_>,
        activity: &Activity,
        states: &Array3<f64>,
    ) -> Result<Axes, Unanswered> {
        let components = pca(activity.averages(states)?.view())?;
        let explained = components.explained();
        let name = |k: usize| {
            let percent = 100.0 * explained.get(k).copied().unwrap_or(0.0);
            Label::from(format!("PC{} ({percent:.0} %)", k + 1))
        };
        let units = subject.units();
        let mut space = StateSpace::new([0, 1, 2].map(name));
        let chosen: Vec<usize> =
            activity.conditions.iter().flat_map(|g| g.1.iter().copied().take(SHOWN)).collect();
        let Subject { engine, weights, signals, noise, .. } = subject;
        let sample = sample_of(engine, weights, signals, *noise, &activity.trials, &chosen)?;
        let mut trials = SampleTrials::new(activity.trials.dt)
            .inputs(signals.inputs.clone())
            .outputs(signals.outputs.clone())
            .quantity(Label::new().italic(&sample.quantity));
        let mut next = 0;
        for (color, (condition, members)) in activity.conditions.iter().enumerate() {
            for &trial in members.iter().take(SHOWN) {
                let steps = activity.trials.lengths[trial];
                let path = states.slice(s![..steps, trial, ..]);
                let path = path.rows().into_iter().map(|state| project(&components, state));
                let trajectory = Trajectory::new(condition, path).color_index(color).trial(next);
                let shown: Trial = report::trial(&sample, next)?;
                space = space.trajectory(trajectory);
                trials = trials.trial(with_conditions(shown, activity, trial));
                next += 1;
            }
        }
        let space = space.trials(trials).loadings(loadings(&components, units)?);
        Ok(Axes { space, components })
    }

    /// A state along the three axes.
    pub(super) fn place(&self, state: &[f64]) -> [f64; 3] {
        project(&self.components, ndarray::ArrayView1::from(state))
    }

    /// A direction along the three axes.
    pub(super) fn direction(&self, direction: &[f64]) -> [f64; 3] {
        let along =
            |component: &Vec<f64>| component.iter().zip(direction).map(|(c, d)| c * d).sum();
        [0, 1, 2].map(|k| self.components.components.get(k).map_or(0.0, along))
    }
}

/// Weight of each unit on each axis, `[axis, unit]`; of several states of a unit the largest.
fn loadings(components: &Pca, units: usize) -> Result<Matrix, attractor_report::ReportError> {
    let mut rows = Vec::with_capacity(3 * units);
    for k in 0..3 {
        let component = components.components.get(k).map_or(&[][..], Vec::as_slice);
        rows.extend((0..units).map(|unit| {
            let of_unit = component.iter().skip(unit).step_by(units);
            of_unit.fold(0.0f64, |most, &c| if c.abs() > most.abs() { c } else { most })
        }));
    }
    Matrix::new(3, units, &rows)
}

fn project(components: &Pca, state: ndarray::ArrayView1<'_, f64>) -> [f64; 3] {
    let along = |component: &Vec<f64>| {
        let centred = state.iter().zip(&components.mean).map(|(x, mean)| x - mean);
        centred.zip(component).map(|(x, c)| x * c).sum()
    };
    [0, 1, 2].map(|k| components.components.get(k).map_or(0.0, along))
}

fn with_conditions(shown: Trial, activity: &Activity, trial: usize) -> Trial {
    let columns = activity.trials.conditions.columns();
    let values = columns.filter_map(|(name, column)| Some((name, column.value(trial)?)));
    values.fold(shown, |shown, (name, value)| {
        shown.condition(name.replace('_', " "), value.to_string().replace('-', "−"))
    })
}
