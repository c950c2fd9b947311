//! The largest Lyapunov exponents under constant inputs.

use attractor_analysis::lyapunov::{LyapunovOptions, lyapunov};
use attractor_network::Autonomous;
use ndarray::s;

use super::activity::Activity;
use super::facts::{Analysis, Lyapunov};
use super::fixed_points::stands;
use super::{Subject, Unanswered};

/// Exponents asked for.
const EXPONENTS: usize = 10;
/// Steps averaged over: the error of the largest is shown.
const STEPS: usize = 4000;

pub(super) fn answer(
    subject: &Subject<'_>,
    activity: &Activity,
    facts: &mut Analysis,
) -> Result<(), Unanswered> {
    let Some(states) = &activity.states else {
        return Err(Unanswered("a network with delays is no map of its unit states".to_owned()));
    };
    let parameters = subject.double();
    let all = subject.network();
    let seconds = all.dt() / 1000.0;
    for stand in stands(subject, activity) {
        let network = Autonomous::new(&all, &parameters, &stand.input)?;
        let trial = stand.trials.first().copied().unwrap_or(0);
        let last = activity.trials.lengths[trial] - 1;
        let start = states.slice(s![last, trial, ..]).to_vec();
        let options = LyapunovOptions {
            exponents: Some(EXPONENTS.min(start.len())),
            steps: STEPS,
            seed: subject.seed,
            ..LyapunovOptions::default()
        };
        let found = lyapunov(&network, &start, &options)?;
        facts.lyapunov.push(Lyapunov {
            name: stand.name,
            exponents: found.per_second,
            error: found.error.first().map_or(f64::NAN, |error| error / seconds),
        });
    }
    Ok(())
}
