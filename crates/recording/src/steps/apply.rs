//! Steps that change frames.

use attractor_data::{Conditions, Value};
use ndarray::{Array3, s};

use super::{Average, Bin, DeltaF, Fill, Select, Smooth, SoftNormalise, SplitAtGaps, Step, gaps};
use crate::session::Moments;
use crate::{Recording, RecordingError};

/// Takes one step.
pub(super) fn step(recording: Recording, step: &Step) -> Result<Recording, RecordingError> {
    let whole = |recording: Recording| gaps::refuse(&recording).map(|()| recording);
    match step {
        Step::Select(select) => {
            let rates = rates(&recording);
            let kept = chosen(&recording.unit_columns, rates.as_deref(), select)?;
            recording.select_units(&kept)
        }
        Step::Fill(Fill { longest }) => gaps::fill(recording, *longest),
        Step::SplitAtGaps(SplitAtGaps { shortest }) => gaps::split(&recording, *shortest),
        Step::DropUnitsWithGaps => gaps::drop_units(&recording),
        Step::DropTrialsWithGaps => gaps::drop_trials(&recording),
        Step::Smooth(smooth) => smoothed(&whole(recording)?, smooth),
        Step::SquareRoot => square_root(whole(recording)?),
        Step::SoftNormalise(SoftNormalise { constant }) => {
            soft_normalised(whole(recording)?, *constant)
        }
        Step::DeltaF(delta) => delta_f(whole(recording)?, delta),
        Step::Average(Average { by }) => averaged(&whole(recording)?, by),
        Step::Bin(Bin { .. }) => Err(RecordingError::Order {
            step: "bin".to_owned(),
            fix: "makes frames, and there are frames already: put it before all steps that need them",
        }),
        Step::Trials(_) | Step::Align(_) => Err(RecordingError::Order {
            step: step.to_string(),
            fix: "lays out trials: put it before all steps that need frames",
        }),
    }
}

/// Spikes per second of every unit; none if the activity is no spikes any more.
fn rates(recording: &Recording) -> Option<Vec<f64>> {
    let per_second = match recording.provenance.unit.as_str() {
        "spikes" => 1000.0 / recording.dt,
        "spikes/s" => 1.0,
        _ => return None,
    };
    let mean = recording.mean_over(&recording.stretches()).ok()?;
    Some(mean.iter().map(|mean| mean * per_second).collect())
}

/// The units that a selection keeps.
pub(super) fn chosen(
    columns: &Conditions,
    rates: Option<&[f64]>,
    select: &Select,
) -> Result<Vec<usize>, RecordingError> {
    let Select { region, column, is, rate } = select;
    let mut kept: Vec<usize> = (0..columns.trials()).collect();
    let regions = (!region.is_empty()).then_some(("region", region));
    let others = column.as_deref().map(|name| (name, is));
    for (name, values) in [regions, others].into_iter().flatten() {
        let Some(column) = columns.column(name) else {
            let found = columns.columns().map(|(name, _)| name.to_owned()).collect();
            return Err(RecordingError::Column { asked: name.to_owned(), found });
        };
        let groups = column.groups();
        let there: Vec<String> = groups.iter().map(|(value, _)| value.to_string()).collect();
        if let Some(value) = values.iter().find(|value| !there.contains(value)) {
            let (name, asked) = (name.to_owned(), value.clone());
            return Err(RecordingError::NoUnits { name, asked, found: there });
        }
        let entry = |unit: usize| column.value(unit).map(|v: Value| v.to_string());
        kept.retain(|&unit| entry(unit).is_some_and(|entry| values.contains(&entry)));
    }
    if let Some([least, most]) = rate {
        let Some(rates) = rates else {
            return Err(RecordingError::Order {
                step: "select by rate".to_owned(),
                fix: "has to come before steps after which activity is no rate of spikes",
            });
        };
        kept.retain(|&unit| rates[unit] >= *least && rates[unit] <= *most);
    }
    if kept.is_empty() {
        let why = "none has all that `select` asks for; ask for less";
        return Err(RecordingError::Nothing { what: "units", why });
    }
    Ok(kept)
}

fn smoothed(recording: &Recording, smooth: &Smooth) -> Result<Recording, RecordingError> {
    let sd = smooth.sd / recording.dt;
    if smooth.causal { recording.smoothed_causally(sd) } else { recording.smoothed(sd) }
}

fn square_root(mut recording: Recording) -> Result<Recording, RecordingError> {
    if let Some(x) = recording.activity.iter().find(|x| **x < 0.0) {
        let (name, fix) = ("square-root", "there are no real roots of it; leave the step out");
        return Err(RecordingError::Value { name, value: x.to_string(), fix });
    }
    recording.activity.mapv_inplace(f32::sqrt);
    recording.provenance.unit = format!("sqrt({})", recording.provenance.unit);
    Ok(recording)
}

fn soft_normalised(mut recording: Recording, constant: f64) -> Result<Recording, RecordingError> {
    if !(constant.is_finite() && constant >= 0.0) {
        let (name, fix) = ("soft-normalise.constant", "give a number >= 0");
        return Err(RecordingError::Value { name, value: constant.to_string(), fix });
    }
    for unit in 0..recording.units() {
        let (mut least, mut most) = (f32::INFINITY, f32::NEG_INFINITY);
        for (trial, &length) in recording.lengths.iter().enumerate() {
            for &x in recording.activity.slice(s![..length, trial, unit]) {
                (least, most) = (least.min(x), most.max(x));
            }
        }
        let scale = f64::from(most - least) + constant;
        let factor = if scale > 0.0 { (1.0 / scale) as f32 } else { 1.0 };
        recording.activity.slice_mut(s![.., .., unit]).mapv_inplace(|x| x * factor);
    }
    recording.provenance.unit = String::new();
    Ok(recording)
}

/// `(F - F0) / F0`. The baseline is the percentile of the frames within half a window on either side,
/// within the trial; between two ranks, of the nearer.
fn delta_f(mut recording: Recording, delta: &DeltaF) -> Result<Recording, RecordingError> {
    let DeltaF { window, percentile } = *delta;
    if !(window.is_finite() && window > 0.0) {
        let (name, fix) = ("delta-f.window", "give a positive number of ms");
        return Err(RecordingError::Value { name, value: window.to_string(), fix });
    }
    if !(0.0..=100.0).contains(&percentile) {
        let (name, fix) = ("delta-f.percentile", "give a number from 0 to 100");
        return Err(RecordingError::Value { name, value: percentile.to_string(), fix });
    }
    let half = ((window / recording.dt / 2.0).round() as usize).max(1);
    for (trial, &length) in recording.lengths.clone().iter().enumerate() {
        for unit in 0..recording.units() {
            let mut column = recording.activity.slice_mut(s![..length, trial, unit]);
            let raw = column.to_vec();
            let mut sorted: Vec<f32> = raw[..half.min(length)].to_vec();
            sorted.sort_by(f32::total_cmp);
            for frame in 0..length {
                if let Some(&new) = raw.get(frame + half) {
                    sorted.insert(sorted.partition_point(|x| *x < new), new);
                }
                if frame > half {
                    let old = raw[frame - half - 1];
                    sorted.remove(sorted.partition_point(|x| *x < old));
                }
                let rank = percentile / 100.0 * (sorted.len() - 1) as f64;
                let baseline = sorted[rank.round() as usize];
                if baseline <= 0.0 {
                    let unit = recording.unit_names[unit].clone();
                    return Err(RecordingError::Baseline { unit, trial, frame, baseline });
                }
                column[frame] = (raw[frame] - baseline) / baseline;
            }
        }
    }
    recording.provenance.unit = "dF/F".to_owned();
    Ok(recording)
}

/// The mean of trials with the same values of some conditions, as long as the shortest of them, and
/// how many there were.
fn averaged(recording: &Recording, by: &[String]) -> Result<Recording, RecordingError> {
    let conditions = &recording.conditions;
    let names: Vec<String> = match by.is_empty() {
        true => conditions.columns().map(|(name, _)| name.to_owned()).collect(),
        false => by.to_vec(),
    };
    // groups of trials, split by one condition after the other
    let mut groups: Vec<Vec<usize>> = vec![(0..recording.trials()).collect()];
    for name in &names {
        let Some(column) = conditions.column(name) else {
            let found = conditions.columns().map(|(name, _)| name.to_owned()).collect();
            return Err(RecordingError::Column { asked: name.clone(), found });
        };
        let split = |trials: Vec<usize>| {
            let part = column.select(&trials).groups();
            part.into_iter()
                .map(move |(_, rows)| rows.into_iter().map(|row| trials[row]).collect())
                .collect::<Vec<Vec<usize>>>()
        };
        groups = groups.into_iter().flat_map(split).collect();
    }
    let shortest = |trials: &Vec<usize>| {
        trials.iter().map(|&trial| recording.lengths[trial]).min().unwrap_or(0)
    };
    let lengths: Vec<usize> = groups.iter().map(shortest).collect();
    let frames = lengths.iter().copied().max().unwrap_or(0);
    let mean = |array: &Array3<f32>| {
        let mut mean = Array3::<f32>::zeros((frames, groups.len(), array.dim().2));
        for (k, trials) in groups.iter().enumerate() {
            let mut into = mean.slice_mut(s![..lengths[k], k, ..]);
            for &trial in trials {
                into += &array.slice(s![..lengths[k], trial, ..]);
            }
            into /= trials.len() as f32;
        }
        mean
    };
    let first: Vec<usize> = groups.iter().map(|trials| trials[0]).collect();
    let mut kept = Conditions::none(groups.len());
    let rows = conditions.select(&first)?;
    for name in &names {
        if let Some(column) = rows.column(name) {
            kept = kept.with(name, column.clone())?;
        }
    }
    if kept.column("trials").is_none() {
        let counts: Vec<f64> = groups.iter().map(|trials| trials.len() as f64).collect();
        kept = kept.with("trials", counts)?;
    }
    let event = |event: &Moments| Moments {
        name: event.name.clone(),
        times: groups
            .iter()
            .map(|trials| trials.iter().map(|&t| event.times[t]).sum::<f64>() / trials.len() as f64)
            .collect(),
    };
    Ok(Recording {
        dt: recording.dt,
        activity: mean(&recording.activity),
        unit_names: recording.unit_names.clone(),
        unit_columns: recording.unit_columns.clone(),
        inputs: mean(&recording.inputs),
        input_names: recording.input_names.clone(),
        conditions: kept,
        lengths,
        starts: first.iter().map(|&trial| recording.starts[trial]).collect(),
        events: recording.events.iter().map(event).collect(),
        provenance: recording.provenance.clone(),
    })
}
