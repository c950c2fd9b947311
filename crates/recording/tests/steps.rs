//! Preparation, on a session small enough to count by hand.

use attractor_data::Conditions;
use attractor_recording::steps::{
    Align, Average, Bin, DeltaF, Fill, Select, Smooth, SoftNormalise, SplitAtGaps, Whole, prepare,
};
use attractor_recording::{
    Choice, Clock, Intervals, Moments, Recording, RecordingError, Series, Session, Spikes, Step,
    Units,
};
use ndarray::{Array2, s};

/// Two units in two regions, three trials with a cue, and a position at 100 Hz for 4 s.
fn session() -> Session {
    let columns = Conditions::none(2).with("region", vec!["V1", "V2"]).unwrap();
    let names = vec!["a".to_owned(), "b".to_owned()];
    let conditions = Conditions::none(3).with("side", vec!["left", "right", "left"]).unwrap();
    let values = Array2::from_shape_fn((400, 2), |(t, k)| (t + 1000 * k + 1) as f32);
    Session {
        units: Units { names, columns },
        spikes: Spikes::new([
            vec![105.0, 110.0, 119.9, 200.0, 1250.0, 2320.0],
            vec![100.0, 2330.0],
        ]),
        intervals: vec![Intervals {
            name: "trials".to_owned(),
            start: vec![100.0, 1100.0, 2100.0],
            stop: vec![600.0, 1600.0, 2640.0],
            columns: conditions,
            moments: vec![Moments {
                name: "cue_time".to_owned(),
                times: vec![200.0, f64::NAN, 2300.0],
            }],
        }],
        series: vec![Series {
            name: "position".to_owned(),
            path: "processing/behavior/position".to_owned(),
            unit: "cm".to_owned(),
            clock: Clock::Regular { start: 0.0, dt: 10.0 },
            values,
            channels: Units::named(vec!["x".to_owned(), "y".to_owned()]),
        }],
        ..Session::default()
    }
}

fn bin(width: f64) -> Step {
    Step::Bin(Bin { width, rate: false })
}

fn align(event: &str, from: f64, until: f64) -> Step {
    let (event, table) = (event.to_owned(), "trials".to_owned());
    Step::Align(Align { event, from, until, table, overlap: false })
}

fn position() -> Choice {
    Choice { activity: Some("position".to_owned()), ..Choice::default() }
}

fn made(steps: &[Step]) -> Recording {
    prepare(&session(), &Choice::default(), steps).unwrap()
}

fn refused(choice: &Choice, steps: &[Step]) -> RecordingError {
    prepare(&session(), choice, steps).unwrap_err()
}

#[test]
fn spikes_are_counted_from_the_event_on() {
    let recording = made(&[align("cue_time", -100.0, 100.0), bin(20.0)]);
    assert_eq!((recording.frames(), recording.trials(), recording.units()), (10, 2, 2));
    // 100 to 120: 105, 110, 119.9; 200 is the first moment of frame 5
    let first = recording.activity.slice(s![.., 0, 0]).to_vec();
    assert_eq!(first, [3.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(recording.activity.slice(s![.., 0, 1]).sum(), 1.0);
    // trial 2 is the third of the file: 2200 to 2400
    assert_eq!((recording.activity[[6, 1, 0]], recording.activity[[6, 1, 1]]), (1.0, 1.0));
    assert_eq!(recording.starts, [100.0, 2200.0]);
    assert_eq!(recording.conditions.labels("side").unwrap(), ["left", "left"]);
    let cue = recording.events.iter().find(|event| event.name == "cue_time").unwrap();
    assert_eq!(cue.times, [100.0, 100.0]);
    let start = recording.events.iter().find(|event| event.name == "start").unwrap();
    assert_eq!(start.times, [0.0, -100.0]);
    assert!(recording.provenance.repairs[0].contains("1 of 3 trials lack the event"));
    assert_eq!(recording.provenance.steps.len(), 2);
    let rate =
        made(&[align("cue_time", -100.0, 100.0), Step::Bin(Bin { width: 20.0, rate: true })]);
    assert_eq!(rate.activity, recording.activity.mapv(|x| x * 50.0));
}

#[test]
fn whole_trials_keep_their_lengths_and_a_continuous_stretch_all_spikes() {
    let recording = made(&[Step::Trials(Whole::default()), bin(50.0)]);
    assert_eq!(recording.lengths, [10, 10, 10], "540 ms hold ten frames of 50 ms");
    assert_eq!(made(&[Step::Trials(Whole::default()), bin(60.0)]).lengths, [8, 8, 9]);
    let all = made(&[bin(10.0)]);
    assert_eq!((all.trials(), all.activity.sum()), (1, 8.0));
    assert_eq!(all.starts, [100.0]);
    assert_eq!(all.regions().unwrap(), [("V1".to_owned(), vec![0]), ("V2".to_owned(), vec![1])]);
}

#[test]
fn trials_without_activity_are_left_out() {
    let mut late = session();
    (late.intervals[0].start[2], late.intervals[0].stop[2]) = (9000.0, 9500.0);
    let steps = [Step::Trials(Whole::default()), bin(50.0)];
    let recording = prepare(&late, &Choice::default(), &steps).unwrap();
    assert_eq!(recording.trials(), 2);
    assert!(
        recording.provenance.repairs[0].contains("1 of 3 trials"),
        "{:?}",
        recording.provenance
    );
}

#[test]
fn units_are_selected_by_region_column_and_rate() {
    let by = |select: Select| made(&[Step::Select(select.clone()), bin(10.0)]).unit_names;
    assert_eq!(by(Select { region: vec!["V2".into()], ..Select::default() }), ["b"]);
    let (column, is) = (Some("region".to_owned()), vec!["V1".to_owned()]);
    assert_eq!(by(Select { column, is, ..Select::default() }), ["a"]);
    // 6 and 2 spikes in 2.23 s
    assert_eq!(by(Select { rate: Some([1.0, 100.0]), ..Select::default() }), ["a"]);
    let late = Step::Select(Select { rate: Some([1.0, 100.0]), ..Select::default() });
    assert_eq!(made(&[bin(10.0), late.clone()]).unit_names, ["a"]);
    let error = refused(&Choice::default(), &[bin(10.0), Step::SquareRoot, late]);
    assert!(matches!(error, RecordingError::Order { .. }), "{error}");
    let none = Step::Select(Select { region: vec!["V3".into()], ..Select::default() });
    let error = refused(&Choice::default(), &[none]).to_string();
    assert!(error.contains("no unit has `V3`") && error.contains("`V1`, `V2`"), "{error}");
}

#[test]
fn series_keep_their_samples_or_get_means() {
    let plain = prepare(&session(), &position(), &[align("cue_time", 0.0, 50.0)]).unwrap();
    assert_eq!((plain.dt, plain.activity.dim()), (10.0, (5, 2, 2)));
    assert_eq!(plain.activity.slice(s![.., 0, 0]).to_vec(), [21.0, 22.0, 23.0, 24.0, 25.0]);
    let means = prepare(&session(), &position(), &[align("cue_time", 0.0, 50.0), bin(25.0)]);
    let means = means.unwrap().activity;
    // 20, 21 and half of 22, from 1 on
    assert!((means[[0, 0, 0]] - (21.0 + 22.0 + 0.5 * 23.0) / 2.5).abs() < 1e-5);
    let mut stamps = session();
    let times: Vec<f64> =
        (0..400).map(|k| 10.0 * f64::from(k) + if k > 200 { 3.0 } else { 0.0 }).collect();
    stamps.series[0].clock = Clock::Stamps(times);
    let irregular = prepare(&stamps, &position(), &[]).unwrap_err();
    assert!(irregular.to_string().contains("{ bin ="), "{irregular}");
    let binned = prepare(&stamps, &position(), &[align("cue_time", 0.0, 40.0), bin(20.0)]).unwrap();
    assert_eq!(binned.activity.slice(s![.., 0, 0]).to_vec(), [21.5, 23.5]);
    stamps.series[0].clock = Clock::Unknown;
    let unknown = prepare(&stamps, &position(), &[]).unwrap_err().to_string();
    assert!(unknown.contains("recording.rate_hz"), "{unknown}");
    let choice = Choice { rate_hz: Some(50.0), ..position() };
    assert_eq!(prepare(&stamps, &choice, &[]).unwrap().dt, 20.0);
}

#[test]
fn inputs_come_with_the_spikes() {
    let choice = Choice { inputs: Some("position".to_owned()), ..Choice::default() };
    let recording =
        prepare(&session(), &choice, &[align("cue_time", 0.0, 40.0), bin(20.0)]).unwrap();
    assert_eq!(recording.inputs.dim(), (2, 2, 2));
    assert_eq!(recording.inputs.slice(s![.., 0, 0]).to_vec(), [21.5, 23.5]);
    assert_eq!(recording.input_names, ["x", "y"]);
}

#[test]
fn gaps_are_refused_filled_or_left_out_with_their_trials() {
    let mut broken = session();
    broken.series[0].values.slice_mut(s![25..28, 0]).fill(f32::NAN);
    let trials = [align("start", 0.0, 200.0)];
    let with = |steps: &[Step]| prepare(&broken, &position(), &[&trials[..], steps].concat());
    let error = with(&[]).unwrap_err();
    let RecordingError::Gap { what, name, trial, frame, frames, ms } = &error else {
        panic!("{error}")
    };
    assert_eq!((*what, name.as_str(), *trial, *frame, *frames, *ms), ("unit", "x", 0, 15, 3, 30.0));
    assert!(error.to_string().contains("fill"), "{error}");
    assert!(with(&[Step::SquareRoot]).is_err(), "no step spreads a gap");
    let filled = with(&[Step::Fill(Fill { longest: 30.0 })]).unwrap();
    assert_eq!(filled.activity, prepare(&session(), &position(), &trials).unwrap().activity);
    assert!(filled.provenance.repairs[0].contains("1 gaps"), "{:?}", filled.provenance);
    assert!(with(&[Step::Fill(Fill { longest: 20.0 })]).is_err());
    let left = with(&[Step::DropTrialsWithGaps]).unwrap();
    assert_eq!((left.trials(), left.starts), (2, vec![1100.0, 2100.0]));
    let other = with(&[Step::DropUnitsWithGaps]).unwrap();
    assert_eq!((other.trials(), &other.unit_names[..]), (3, &["y".to_owned()][..]));
    assert!(other.provenance.repairs[0].contains("1 of 2 units have gaps: left out (x)"));
}

#[test]
fn stretches_between_gaps_become_trials() {
    let mut broken = session();
    broken.series[0].values.slice_mut(s![100..103, 0]).fill(f32::NAN);
    broken.series[0].values.slice_mut(s![102..110, 1]).fill(f32::NAN);
    broken.series[0].values[[112, 0]] = f32::NAN;
    let split = |shortest| [Step::SplitAtGaps(SplitAtGaps { shortest })];
    let made = prepare(&broken, &position(), &split(500.0)).unwrap();
    // 0 to 1000 ms and 1130 to 4000; the two frames between the gaps are too short
    assert_eq!((made.lengths.clone(), made.starts.clone()), (vec![100, 287], vec![0.0, 1130.0]));
    assert_eq!(made.conditions.numbers("frame").unwrap(), [0.0, 113.0]);
    assert_eq!((made.activity[[0, 1, 0]], made.activity[[286, 1, 1]]), (114.0, 1400.0));
    let said = &made.provenance.repairs[0];
    for part in ["11 frames with a gap", "2 trials of 1", "1 stretches shorter", "2 frames"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(made.provenance.steps, ["{ split-at-gaps = { shortest = 500.0 } }"]);
    // what is short is filled first
    let both = [&[Step::Fill(Fill { longest: 20.0 })], &split(0.0)[..]].concat();
    assert_eq!(prepare(&broken, &position(), &both).unwrap().lengths, [100, 290]);
    // within trials, pieces keep the conditions and events of theirs
    let trials = [&[Step::Trials(Whole::default())], &split(100.0)[..]].concat();
    let within = prepare(&broken, &position(), &trials).unwrap();
    assert_eq!(within.conditions.numbers("trial").unwrap(), [0.0, 1.0, 2.0]);
    assert_eq!((within.starts[1], within.lengths[1]), (1130.0, 47));
    let start = within.events.iter().find(|event| event.name == "start").unwrap();
    assert_eq!(start.times[1], -30.0);
    let plain = prepare(&session(), &position(), &split(1e3)).unwrap();
    assert_eq!(plain.provenance.repairs, [""; 0], "nothing to mend, nothing to say");
    let error = prepare(&broken, &position(), &split(1e6)).unwrap_err();
    assert!(error.to_string().contains("shortest"), "{error}");
    for shortest in [-1.0, f64::NAN] {
        let error = prepare(&broken, &position(), &split(shortest)).unwrap_err();
        assert!(error.to_string().contains("split-at-gaps.shortest"), "{error}");
    }
}

#[test]
fn gaps_of_inputs_are_gaps() {
    let mut broken = session();
    broken.series[0].values.slice_mut(s![25..28, 0]).fill(f32::NAN);
    let choice = Choice { inputs: Some("position".to_owned()), ..Choice::default() };
    let with = |steps: &[Step]| prepare(&broken, &choice, &[&[bin(10.0)], steps].concat());
    let error = with(&[]).unwrap_err();
    assert!(matches!(&error, RecordingError::Gap { what: "input", frame: 15, .. }), "{error}");
    let filled = with(&[Step::Fill(Fill { longest: 30.0 })]).unwrap();
    assert_eq!(filled.inputs.slice(s![14..19, 0, 0]).to_vec(), [25.0, 26.0, 27.0, 28.0, 29.0]);
    assert_eq!(with(&[Step::SplitAtGaps(SplitAtGaps { shortest: 100.0 })]).unwrap().lengths[0], 15);
    assert!(with(&[Step::DropUnitsWithGaps]).is_err(), "an input is no unit");
}

#[test]
fn frames_are_transformed() {
    let counts = made(&[align("cue_time", -100.0, 100.0), bin(20.0)]);
    let with = |step: Step| made(&[align("cue_time", -100.0, 100.0), bin(20.0), step]);
    assert_eq!(with(Step::SquareRoot).activity, counts.activity.mapv(f32::sqrt));
    let soft = with(Step::SoftNormalise(SoftNormalise { constant: 5.0 }));
    assert!((soft.activity[[0, 0, 0]] - 3.0 / 8.0).abs() < 1e-6);
    assert!((soft.activity[[0, 0, 1]] - 1.0 / 6.0).abs() < 1e-6);
    let smooth = with(Step::Smooth(Smooth { sd: 40.0, causal: false }));
    assert_eq!(smooth.activity, counts.smoothed(2.0).unwrap().activity);
    let causal = with(Step::Smooth(Smooth { sd: 40.0, causal: true }));
    assert!(causal.activity.slice(s![..5, 0, 0]).iter().all(|&x| x > 0.0));
    let mean = with(Step::Average(Average { by: vec!["side".to_owned()] }));
    assert_eq!((mean.trials(), mean.conditions.numbers("trials").unwrap()), (1, &[2.0][..]));
    let both = counts.activity.mean_axis(ndarray::Axis(1)).unwrap();
    assert_eq!(mean.activity.index_axis(ndarray::Axis(1), 0), both);
}

#[test]
fn fluorescence_is_relative_to_a_running_baseline() {
    // a slow ramp from 100 to 200 with short peaks of twice the baseline
    let mut session = session();
    let raw = |t: usize| (100.0 + t as f32 / 4.0) * if t % 40 == 39 { 3.0 } else { 1.0 };
    session.series[0].values = Array2::from_shape_fn((400, 2), |(t, _)| raw(t));
    let delta = |percentile| Step::DeltaF(DeltaF { window: 1000.0, percentile });
    let found = prepare(&session, &position(), &[delta(50.0)]).unwrap();
    let column = found.activity.slice(s![.., 0, 0]).to_vec();
    assert_eq!(found.provenance.unit, "dF/F");
    assert!((column[199] - 2.0).abs() < 0.05, "{}", column[199]);
    assert!(column[180].abs() < 0.02, "{}", column[180]);
    // by hand: sorted window
    let window: Vec<f32> = (150..=250).map(raw).collect();
    let mut sorted = window.clone();
    sorted.sort_by(f32::total_cmp);
    assert!((column[200] - (window[50] - sorted[50]) / sorted[50]).abs() < 1e-6);
    session.series[0].values.fill(-1.0);
    let error = prepare(&session, &position(), &[delta(8.0)]).unwrap_err();
    assert!(matches!(error, RecordingError::Baseline { .. }), "{error}");
}

#[test]
fn what_cannot_be_is_named() {
    let none = Choice::default();
    let says = |error: RecordingError, parts: &[&str]| {
        let message = error.to_string();
        parts.iter().for_each(|part| assert!(message.contains(part), "{part}: {message}"));
    };
    says(refused(&none, &[]), &["spikes", "bin = { width"]);
    says(refused(&none, &[Step::SquareRoot]), &["spikes", "bin"]);
    says(refused(&none, &[bin(10.0), bin(20.0)]), &["bin", "already"]);
    says(refused(&none, &[bin(10.0), align("start", 0.0, 1.0)]), &["align", "before"]);
    says(refused(&none, &[bin(f64::NAN)]), &["bin.width"]);
    says(refused(&none, &[align("start", 10.0, 0.0)]), &["until"]);
    says(refused(&none, &[align("go", 0.0, 1.0)]), &["no event `go`", "`start`", "`cue_time`"]);
    let other = Step::Trials(Whole { table: "epochs".into(), overlap: false });
    says(refused(&none, &[other]), &["no table of intervals `epochs`", "`trials`"]);
    let unknown = Choice { activity: Some("speed".into()), ..Choice::default() };
    says(refused(&unknown, &[]), &["no activity `speed`", "`processing/behavior/position`"]);
    let overlap = align("start", -100.0, 1200.0);
    says(refused(&none, &[overlap]), &["intervals 0 and 1 of `trials` overlap by 300 ms"]);
    let far = [align("start", 1e7, 1.1e7)];
    assert!(refused(&none, &far).to_string().contains("overlap"));
    let mut apart = session();
    apart.intervals[0].start.iter_mut().for_each(|t| *t *= 1000.0);
    apart.intervals[0].stop.iter_mut().for_each(|t| *t *= 1000.0);
    let error = prepare(&apart, &none, &[Step::Trials(Whole::default()), bin(10.0)]).unwrap_err();
    assert!(matches!(error, RecordingError::Apart { .. }), "{error}");
    // in other units, the first trial may still lie among the spikes
    let mut apart = session();
    apart.intervals[0].start.iter_mut().for_each(|t| *t = (*t - 100.0) * 1000.0);
    apart.intervals[0].stop.iter_mut().for_each(|t| *t = (*t - 100.0) * 1000.0);
    let error = prepare(&apart, &none, &[Step::Trials(Whole::default()), bin(10.0)]).unwrap_err();
    says(error, &["2 of the 3 trials", "time bases differ"]);
    let average = Step::Average(Average { by: vec!["colour".into()] });
    let trials = Step::Trials(Whole::default());
    says(refused(&none, &[trials.clone(), bin(10.0), average]), &["no column `colour`", "`side`"]);
    let tiny = bin(1e-6);
    assert!(matches!(refused(&none, &[trials, tiny]), RecordingError::Large { .. }));
}
