//! Gaps: stretches in which a unit has no value.

use ndarray::s;

use crate::{Recording, RecordingError};

/// Refuses activity with gaps, naming the first and how many frames it has.
pub(super) fn refuse(recording: &Recording) -> Result<(), RecordingError> {
    for (trial, &length) in recording.lengths.iter().enumerate() {
        for unit in 0..recording.units() {
            let column = recording.activity.slice(s![..length, trial, unit]);
            if let Some(frame) = column.iter().position(|x| !x.is_finite()) {
                let frames = column.iter().skip(frame).take_while(|x| !x.is_finite()).count();
                return Err(RecordingError::Gap {
                    unit: recording.unit_names[unit].clone(),
                    trial,
                    frame,
                    frames,
                    ms: frames as f64 * recording.dt,
                });
            }
        }
    }
    Ok(())
}

/// Bridges gaps of up to `longest` ms by straight lines between what is on either side; a gap at an end
/// of a trial stays one.
pub(super) fn fill(mut recording: Recording, longest: f64) -> Result<Recording, RecordingError> {
    if !(longest.is_finite() && longest >= 0.0) {
        let (name, fix) = ("fill.longest", "give ms >= 0");
        return Err(RecordingError::Value { name, value: longest.to_string(), fix });
    }
    let most = (longest / recording.dt + 1e-6).floor() as usize;
    let (mut gaps, mut frames) = (0_usize, 0_usize);
    for (trial, &length) in recording.lengths.clone().iter().enumerate() {
        for unit in 0..recording.units() {
            let mut column = recording.activity.slice_mut(s![..length, trial, unit]);
            let mut frame = 0;
            while frame < length {
                if column[frame].is_finite() {
                    frame += 1;
                    continue;
                }
                let from = frame;
                while frame < length && !column[frame].is_finite() {
                    frame += 1;
                }
                if from == 0 || frame == length || frame - from > most {
                    continue;
                }
                let (before, after) = (column[from - 1], column[frame]);
                for k in from..frame {
                    let part = (k - from + 1) as f32 / (frame - from + 1) as f32;
                    column[k] = before + part * (after - before);
                }
                gaps += 1;
                frames += frame - from;
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

/// Leaves out trials in which a unit has a gap.
pub(super) fn drop_trials(recording: &Recording) -> Result<Recording, RecordingError> {
    let whole = |&trial: &usize| {
        let length = recording.lengths[trial];
        recording.activity.slice(s![..length, trial, ..]).iter().all(|x| x.is_finite())
    };
    let kept: Vec<usize> = (0..recording.trials()).filter(whole).collect();
    if kept.is_empty() {
        let why = "every one has a gap; fill them, or select other units";
        return Err(RecordingError::Nothing { what: "trials", why });
    }
    let mut left = recording.select_trials(&kept)?;
    if kept.len() < recording.trials() {
        let (gone, all) = (recording.trials() - kept.len(), recording.trials());
        left.provenance.repairs.push(format!("{gone} of {all} trials have gaps: left out"));
    }
    Ok(left)
}
