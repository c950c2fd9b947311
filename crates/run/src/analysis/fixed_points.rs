//! Fixed and slow points under the inputs of the task, with their stability.

use attractor_analysis::fixed_points::{
    Label as Ending, Point as Found, SearchOptions, fixed_points,
};
use attractor_analysis::stability::{self, Stability, StabilityOptions, stability};
use attractor_network::Autonomous;
use attractor_report as report;
use ndarray::{Array3, s};

use super::activity::Activity;
use super::facts::{Analysis, FixedPoints, Point};
use super::space::Axes;
use super::{Pictures, Subject, Unanswered};

/// Starts of each search, along trajectories.
const STARTS: usize = 256;
/// Most points of an input whose stability is analysed, those that most starts reached.
const POINTS: usize = 40;
/// Units named for a mode.
const NAMED: usize = 5;
/// Modes shown of a point.
const MODES: usize = 4;

/// An input to stand still under.
pub(super) struct Stand {
    pub(super) name: String,
    pub(super) input: Vec<f64>,
    /// Trials that have it.
    pub(super) trials: Vec<usize>,
}

/// The inputs of the subject, or those of its trials' conditions.
pub(super) fn stands(subject: &Subject<'_>, activity: &Activity) -> Vec<Stand> {
    if subject.inputs.is_empty() {
        let of_task = activity.inputs.iter().cloned();
        return of_task.map(|(name, input, trials)| Stand { name, input, trials }).collect();
    }
    let trials: Vec<usize> = (0..activity.trials.len()).collect();
    let inputs = subject.inputs.iter().cloned();
    inputs.map(|(name, input)| Stand { name, input, trials: trials.clone() }).collect()
}

pub(super) fn answer(
    subject: &mut Subject<'_>,
    activity: &Activity,
    facts: &mut Analysis,
    pictures: &mut Pictures,
) -> Result<(), Unanswered> {
    let Some(states) = &activity.states else {
        pictures.space = Some(Axes::draw(subject, activity, &activity.noisy)?.space);
        return Err(Unanswered("a network with delays is no map of its unit states".to_owned()));
    };
    let parameters = subject.double();
    let mut axes = Axes::draw(subject, activity, states)?;
    let all = subject.network();
    let dt = all.dt();
    let mut figure = report::Stability::new(dt);
    for stand in stands(subject, activity) {
        let network = Autonomous::new(&all, &parameters, &stand.input)?;
        let starts = starts(activity, states, &stand.trials);
        let options = SearchOptions {
            seed: subject.seed,
            threads: subject.engine.options().threads,
            ..SearchOptions::default()
        };
        let found = fixed_points(&network, &starts, &options)?;
        let ended = |label| found.outcomes.iter().filter(|outcome| outcome.label == label).count();
        let mut points = Vec::new();
        for point in found.points.iter().take(POINTS) {
            let stable = stability(&network, &point.state, &StabilityOptions::default())?;
            let kind = kind(point, &stable);
            let eigenvalues = stable.modes.iter().map(|mode| (mode.lambda.re, mode.lambda.im));
            figure = figure.point(kind, eigenvalues);
            let shown = shown(&axes, &stand, point, kind, &stable, subject, dt);
            axes.space = axes.space.point(shown);
            points.push(fact(point, &stable));
        }
        facts.fixed_points.push(FixedPoints {
            name: stand.name,
            input: stand.input,
            starts: found.outcomes.len(),
            fixed: ended(Ending::Fixed),
            slow: ended(Ending::Slow),
            failed: ended(Ending::Failed),
            tolerance: options.tolerance,
            points,
        });
    }
    let tolerance = SearchOptions::default().tolerance;
    let tolerance = report::number(tolerance, 1);
    let note = format!("Fixed points satisfy ‖F(x) − x‖∞ ≤ {tolerance}; slow points do not.");
    axes.space = axes.space.note(note);
    pictures.figures.push(("stability".to_owned(), figure.figure()));
    pictures.space = Some(axes.space);
    Ok(())
}

/// States along the trials of an input, evenly taken.
fn starts(activity: &Activity, states: &Array3<f64>, trials: &[usize]) -> Vec<f64> {
    let places = || {
        trials
            .iter()
            .flat_map(|&trial| (0..activity.trials.lengths[trial]).map(move |t| (t, trial)))
    };
    let total = places().count();
    // a stride without a common divisor with the length of a trial visits all times
    let stride = (total / STARTS).max(1) | 1;
    let chosen = places().step_by(stride).take(STARTS);
    chosen.flat_map(|(t, trial)| states.slice(s![t, trial, ..]).to_vec()).collect()
}

fn kind(point: &Found, stable: &Stability) -> report::Kind {
    use stability::Kind;
    match (point.label, stable.kind) {
        (Ending::Slow | Ending::Failed, _) => report::Kind::Slow,
        (_, Kind::StableNode | Kind::StableFocus | Kind::Marginal) => report::Kind::Stable,
        (_, Kind::Saddle) => report::Kind::Saddle,
        (_, Kind::UnstableNode | Kind::UnstableFocus) => report::Kind::Unstable,
    }
}

fn words(kind: stability::Kind) -> &'static str {
    use stability::Kind;
    match kind {
        Kind::StableNode => "stable node",
        Kind::StableFocus => "stable focus",
        Kind::Saddle => "saddle",
        Kind::UnstableNode => "unstable node",
        Kind::UnstableFocus => "unstable focus",
        Kind::Marginal => "marginal",
    }
}

fn shown(
    axes: &Axes,
    stand: &Stand,
    point: &Found,
    kind: report::Kind,
    stable: &Stability,
    subject: &Subject<'_>,
    dt: f64,
) -> report::FixedPoint {
    let units = subject.units();
    let mut shown = report::FixedPoint::new(axes.place(&point.state), kind)
        .label(&stand.name)
        .detail("kind", words(stable.kind))
        .detail("q", format!("{:.1e}", point.q))
        .detail("starts that ended here", point.count.to_string());
    for mode in stable.modes.iter().take(MODES) {
        let mut weights: Vec<(usize, f64)> =
            mode.right.iter().enumerate().map(|(k, v)| (k % units, v.re.hypot(v.im))).collect();
        weights.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        weights.truncate(NAMED);
        let value = (mode.lambda.re, mode.lambda.im);
        shown = shown.mode(report::Mode::of_map(value, dt).units(weights));
    }
    if let Some(leading) = stable.modes.first() {
        let real: Vec<f64> = leading.right.iter().map(|v| v.re).collect();
        shown = shown.direction(axes.direction(&real));
    }
    shown
}

fn fact(point: &Found, stable: &Stability) -> Point {
    let leading = stable.modes.first();
    Point {
        label: if point.label == Ending::Fixed { "fixed" } else { "slow" }.to_owned(),
        kind: words(stable.kind).to_owned(),
        q: point.q,
        starts: point.count,
        unstable: stable.unstable,
        tau_ms: leading.map(|mode| mode.tau).filter(|tau| tau.is_finite()),
        frequency_hz: leading.map_or(0.0, |mode| mode.frequency.abs()),
        state: point.state.clone(),
    }
}
