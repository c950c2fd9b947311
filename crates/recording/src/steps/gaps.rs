//! Gaps: stretches in which a unit or an input has no value.

use std::ops::Range;

use ndarray::{Array3, ArrayViewMut1, s};

use crate::{Recording, RecordingError, Stretch};

/// Names of units that a message lists.
const LISTED: usize = 12;

/// Refuses a recording with gaps, naming the first and how many frames it has.
pub(super) fn refuse(recording: &Recording) -> Result<(), RecordingError> {
    let kinds = [
        ("unit", &recording.activity, &recording.unit_names),
        ("input", &recording.inputs, &recording.input_names),
    ];
    for (what, values, names) in kinds {
        for (trial, &length) in recording.lengths.iter().enumerate() {
            for (k, name) in names.iter().enumerate() {
                let column = values.slice(s![..length, trial, k]);
                if let Some(frame) = column.iter().position(|x| !x.is_finite()) {
                    let frames = column.iter().skip(frame).take_while(|x| !x.is_finite()).count();
                    return Err(RecordingError::Gap {
                        what,
                        name: name.clone(),
                        trial,
                        frame,
                        frames,
                        ms: frames as f64 * recording.dt,
                    });
                }
            }
        }
    }
    Ok(())
}

/// Bridges gaps of up to `longest` ms by straight lines between what is on either side; a gap at an end
/// of a trial stays one.
pub(super) fn fill(mut recording: Recording, longest: f64) -> Result<Recording, RecordingError> {
    let most = frames("fill.longest", longest, recording.dt)?.floor() as usize;
    let (mut gaps, mut frames) = (0_usize, 0_usize);
    let Recording { activity, inputs, lengths, .. } = &mut recording;
    for values in [activity, inputs] {
        for (trial, &length) in lengths.iter().enumerate() {
            for k in 0..values.dim().2 {
                let column = values.slice_mut(s![..length, trial, k]);
                let bridged = bridge(column, most);
                gaps += bridged.len();
                frames += bridged.iter().map(Range::len).sum::<usize>();
            }
        }
    }
    if gaps > 0 {
        recording.provenance.repairs.push(format!(
            "{gaps} gaps of up to {longest} ms, {frames} frames in all, are filled with straight lines"
        ));
    }
    Ok(recording)
}

/// Draws lines over the gaps of one unit and trial that have at most so many frames, and says which.
fn bridge(mut column: ArrayViewMut1<'_, f32>, most: usize) -> Vec<Range<usize>> {
    let inner = |gap: &Range<usize>| gap.start > 0 && gap.end < column.len() && gap.len() <= most;
    let gaps: Vec<Range<usize>> =
        runs(column.len(), |frame| !column[frame].is_finite()).into_iter().filter(inner).collect();
    for gap in &gaps {
        let (before, after) = (column[gap.start - 1], column[gap.end]);
        for frame in gap.clone() {
            let part = (frame - gap.start + 1) as f32 / (gap.len() + 1) as f32;
            column[frame] = before + part * (after - before);
        }
    }
    gaps
}

/// Runs of frames of which something holds.
fn runs(frames: usize, holds: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for frame in (0..frames).filter(|&frame| holds(frame)) {
        match runs.last_mut() {
            Some(run) if run.end == frame => run.end += 1,
            _ => runs.push(frame..frame + 1),
        }
    }
    runs
}

/// A duration in frames.
fn frames(name: &'static str, ms: f64, dt: f64) -> Result<f64, RecordingError> {
    if !(ms.is_finite() && ms >= 0.0) {
        let fix = "give ms >= 0";
        return Err(RecordingError::Value { name, value: ms.to_string(), fix });
    }
    Ok(ms / dt + 1e-6)
}

/// Makes trials of the stretches in which every unit and input has a value; those shorter than
/// `shortest` ms are left out.
pub(super) fn split(recording: &Recording, shortest: f64) -> Result<Recording, RecordingError> {
    let least = (frames("split-at-gaps.shortest", shortest, recording.dt)?.floor() as usize).max(1);
    let whole = |values: &Array3<f32>, frame: usize, trial: usize| {
        values.slice(s![frame, trial, ..]).iter().all(|x| x.is_finite())
    };
    let (mut stretches, mut short, mut lost, mut gone) = (Vec::new(), 0_usize, 0_usize, 0_usize);
    for (trial, &length) in recording.lengths.iter().enumerate() {
        let found = runs(length, |frame| {
            whole(&recording.activity, frame, trial) && whole(&recording.inputs, frame, trial)
        });
        gone += length - found.iter().map(Range::len).sum::<usize>();
        for frames in found {
            if frames.len() < least {
                (short, lost) = (short + 1, lost + frames.len());
            } else {
                stretches.push(Stretch { trial, frames });
            }
        }
    }
    if stretches.is_empty() {
        let why = "no stretch without gaps is as long as `shortest`; fill gaps first, or leave out units with gaps";
        return Err(RecordingError::Nothing { what: "stretches", why });
    }
    if gone == 0 && short == 0 {
        return Ok(recording.clone());
    }
    let mut parts = recording.take(&stretches)?;
    if recording.trials() > 1 && parts.conditions.column("trial").is_none() {
        let from: Vec<f64> = stretches.iter().map(|stretch| stretch.trial as f64).collect();
        parts.conditions = parts.conditions.with("trial", from)?;
    }
    let mut said = format!(
        "{gone} frames with a gap are left out, which makes {} trials of {}",
        stretches.len(),
        recording.trials()
    );
    if short > 0 {
        said += &format!(
            "; {short} stretches shorter than {shortest} ms, {lost} frames in all, are left out too"
        );
    }
    parts.provenance.repairs.push(said);
    Ok(parts)
}

/// Leaves out units that have a gap in any trial.
pub(super) fn drop_units(recording: &Recording) -> Result<Recording, RecordingError> {
    let whole = |&unit: &usize| {
        let trials = recording.lengths.iter().enumerate();
        let mut columns =
            trials.map(|(trial, &length)| recording.activity.slice(s![..length, trial, unit]));
        columns.all(|column| column.iter().all(|x| x.is_finite()))
    };
    let kept: Vec<usize> = (0..recording.units()).filter(whole).collect();
    if kept.is_empty() {
        let why = "every one has a gap; fill gaps first, or split at them";
        return Err(RecordingError::Nothing { what: "units", why });
    }
    let mut left = recording.select_units(&kept)?;
    let gone: Vec<&str> = (0..recording.units())
        .filter(|unit| !kept.contains(unit))
        .map(|unit| recording.unit_names[unit].as_str())
        .collect();
    if !gone.is_empty() {
        let more = if gone.len() > LISTED { ", …" } else { "" };
        left.provenance.repairs.push(format!(
            "{} of {} units have gaps: left out ({}{more})",
            gone.len(),
            recording.units(),
            gone[..gone.len().min(LISTED)].join(", ")
        ));
        for region in left.emptied_regions(recording) {
            left.provenance.repairs.push(format!("no unit of region `{region}` is left"));
        }
    }
    Ok(left)
}

/// Leaves out trials in which a unit or an input has a gap.
pub(super) fn drop_trials(recording: &Recording) -> Result<Recording, RecordingError> {
    let whole = |&trial: &usize| {
        let length = recording.lengths[trial];
        let mut kinds = [&recording.activity, &recording.inputs].into_iter();
        kinds.all(|values| values.slice(s![..length, trial, ..]).iter().all(|x| x.is_finite()))
    };
    let kept: Vec<usize> = (0..recording.trials()).filter(whole).collect();
    if kept.is_empty() {
        let why = "every one has a gap; fill gaps, split at them, or select other units";
        return Err(RecordingError::Nothing { what: "trials", why });
    }
    let mut left = recording.select_trials(&kept)?;
    if kept.len() < recording.trials() {
        let (gone, all) = (recording.trials() - kept.len(), recording.trials());
        left.provenance.repairs.push(format!("{gone} of {all} trials have gaps: left out"));
    }
    Ok(left)
}
