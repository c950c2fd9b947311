//! A simulated network as a session, as if it had been recorded.

use attractor_data::{Activity, Conditions, Trials};
use attractor_interop::Model;
use attractor_recording::{
    Clock, Intervals, Provenance, RecordingError, Series, Session, Spikes, Units,
};
use ndarray::{Array3, Axis};

/// The signals of a simulation as a session, trial after trial.
///
/// Signals that are 0 or 1 and sometimes 1 are spikes: unit `k` of `rec.z` is called `rec.z k`, its
/// spikes lie in the middle of their steps, the column `population` says where it is, `region` the first
/// of the population's groups that it belongs to, or the population. Other signals are series. Trials
/// keep their conditions.
///
/// # Errors
/// [`RecordingError::Trials`] for conditions that do not fit the trials.
pub fn simulated_session(
    model: &Model,
    trials: &Trials,
    activity: &Activity,
) -> Result<Session, RecordingError> {
    let dt = activity.dt;
    let steps = activity.signals().map(|(_, values)| values.len_of(Axis(0))).max().unwrap_or(0);
    let begin = |trial: usize| (trial * steps) as f64 * dt;
    let provenance = Provenance { format: "simulation".to_owned(), ..Provenance::default() };
    let mut session = Session { provenance, ..Session::default() };
    let (mut names, mut populations, mut regions) = (Vec::new(), Vec::new(), Vec::new());
    let mut trains: Vec<Vec<f64>> = Vec::new();
    for (signal, values) in activity.signals() {
        if !spiking(values) {
            session.series.extend(series(signal, values, dt));
            continue;
        }
        let population = signal.split(['.', '[']).next().unwrap_or(signal);
        let described = model.network.description().populations.iter();
        let groups = described.clone().find(|p| p.name == population).map(|p| &p.groups);
        for (unit, column) in values.axis_iter(Axis(2)).enumerate() {
            let times = column.indexed_iter().filter(|(_, z)| **z > 0.0);
            trains.push(
                times
                    .filter(|((step, trial), _)| *step < trials.lengths[*trial])
                    .map(|((step, trial), _)| begin(trial) + (step as f64 + 0.5) * dt)
                    .collect(),
            );
            names.push(format!("{signal} {unit}"));
            populations.push(population.to_owned());
            let inside = groups.into_iter().flatten().find(|(_, units)| units.contains(&unit));
            regions.push(inside.map_or(population, |(name, _)| name).to_owned());
        }
    }
    let columns =
        Conditions::none(names.len()).with("region", regions)?.with("population", populations)?;
    session.units = Units { names, columns };
    session.spikes = Spikes::new(trains);
    session.intervals.push(Intervals {
        name: "trials".to_owned(),
        start: (0..trials.len()).map(begin).collect(),
        stop: trials.lengths.iter().enumerate().map(|(k, &n)| begin(k) + n as f64 * dt).collect(),
        columns: trials.conditions.clone(),
        moments: Vec::new(),
    });
    Ok(session)
}

fn spiking(values: &Array3<f32>) -> bool {
    values.iter().all(|&z| z == 0.0 || z == 1.0) && values.iter().any(|&z| z == 1.0)
}

/// A signal, `[time, trial, unit]`, as a series of all trials one after the other.
fn series(signal: &str, values: &Array3<f32>, dt: f64) -> Option<Series> {
    let (steps, trials, units) = values.dim();
    let by_trial = values.view().permuted_axes([1, 0, 2]).as_standard_layout().into_owned();
    let values = by_trial.into_shape_with_order((trials * steps, units)).ok()?;
    let names = (0..units).map(|unit| format!("{signal} {unit}")).collect();
    Some(Series {
        name: signal.to_owned(),
        path: signal.to_owned(),
        unit: String::new(),
        clock: Clock::Regular { start: 0.0, dt },
        values,
        channels: Units::named(names),
    })
}
