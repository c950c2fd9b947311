//! From times to frames: which stretches of a session become trials, and what each frame holds.

use attractor_data::Conditions;
use ndarray::{Array2, Array3, ArrayViewMut2, Axis, s};

use super::apply::chosen;
use super::{Align, Bin, Choice, Select};
use crate::session::{Clock, Intervals, Moments, Provenance, Series, Session, Units};
use crate::{Recording, RecordingError};

/// Numbers that a recording may have, at most.
const MOST: usize = 1 << 31;
/// How far times may be off by rounding, in frames.
const SLACK: f64 = 1e-6;

/// What becomes the activity.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    Spikes,
    Series(&'a Series),
}

/// A session on its way: units selected, trials laid out, no frames yet.
pub(super) struct Raw<'a> {
    session: &'a Session,
    origin: Origin<'a>,
    inputs: Option<&'a Series>,
    rate_hz: Option<f64>,
    units: Units,
    /// The unit or channel of the file that each unit is.
    places: Vec<usize>,
    windows: Option<Windows>,
    pub(super) provenance: Provenance,
}

/// Stretches of time that become trials.
struct Windows {
    start: Vec<f64>,
    stop: Vec<f64>,
    conditions: Conditions,
    moments: Vec<Moments>,
}

impl<'a> Raw<'a> {
    pub(super) fn new(
        session: &'a Session,
        origin: Origin<'a>,
        choice: &Choice,
    ) -> Result<Self, RecordingError> {
        let inputs = match choice.inputs.as_deref() {
            None => None,
            Some(name) => Some(session.series(name).ok_or_else(|| RecordingError::Activity {
                asked: name.to_owned(),
                found: session.activities(),
            })?),
        };
        let mut provenance = session.provenance.clone();
        let units = match origin {
            Origin::Spikes => {
                (provenance.path, provenance.unit) = ("spikes".to_owned(), "spikes".to_owned());
                session.units.clone()
            }
            Origin::Series(series) => {
                (provenance.path, provenance.unit) = (series.path.clone(), series.unit.clone());
                series.channels.clone()
            }
        };
        let places = (0..units.len()).collect();
        let (windows, rate_hz) = (None, choice.rate_hz);
        Ok(Raw { session, origin, inputs, rate_hz, units, places, windows, provenance })
    }

    pub(super) fn select(&mut self, select: &Select) -> Result<(), RecordingError> {
        let seconds = self.session.spike_span().map_or(0.0, |(a, b)| (b - a) / 1000.0);
        let rates = match self.origin {
            Origin::Spikes if seconds > 0.0 => {
                let rate = |&k: &usize| self.session.spikes.unit(k).len() as f64 / seconds;
                Some(self.places.iter().map(rate).collect::<Vec<f64>>())
            }
            _ => None,
        };
        let kept = chosen(&self.units.columns, rates.as_deref(), select)?;
        self.units = self.units.select(&kept);
        self.places = kept.iter().map(|&k| self.places[k]).collect();
        Ok(())
    }

    fn table(&self, name: &str) -> Result<&'a Intervals, RecordingError> {
        self.session.table(name).ok_or_else(|| RecordingError::Table {
            asked: name.to_owned(),
            found: self.session.intervals.iter().map(|table| table.name.clone()).collect(),
        })
    }

    pub(super) fn trials(&mut self, name: &str, overlap: bool) -> Result<(), RecordingError> {
        let table = self.table(name)?;
        self.lay(table, table.start.clone(), table.stop.clone(), overlap)
    }

    pub(super) fn align(&mut self, align: &Align) -> Result<(), RecordingError> {
        let Align { event, from, until, table, overlap } = align;
        if !(from.is_finite() && until.is_finite() && from < until) {
            let (name, value) = ("align", format!("from {from} until {until}"));
            let fix = "`until` has to come after `from`, both in ms";
            return Err(RecordingError::Value { name, value, fix });
        }
        let table = self.table(table)?;
        let times = match event.as_str() {
            "start" | "start_time" => &table.start,
            "stop" | "stop_time" => &table.stop,
            name => {
                let found = table.moments.iter().find(|moments| moments.name == name);
                &found
                    .ok_or_else(|| RecordingError::Event {
                        asked: name.to_owned(),
                        found: ["start", "stop"]
                            .into_iter()
                            .chain(table.moments.iter().map(|moments| moments.name.as_str()))
                            .map(str::to_owned)
                            .collect(),
                    })?
                    .times
            }
        };
        let shifted = |by: f64| times.iter().map(|t| t + by).collect();
        self.lay(table, shifted(*from), shifted(*until), *overlap)
    }

    /// Lays out trials: those without times are left out, the others are sorted.
    fn lay(
        &mut self,
        table: &Intervals,
        start: Vec<f64>,
        stop: Vec<f64>,
        overlap: bool,
    ) -> Result<(), RecordingError> {
        let mut order: Vec<usize> =
            (0..start.len()).filter(|&k| start[k].is_finite() && stop[k].is_finite()).collect();
        let missing = start.len() - order.len();
        if missing > 0 {
            self.provenance
                .repairs
                .push(format!("{missing} of {} trials lack the event: left out", start.len()));
        }
        if order.is_empty() {
            let why = "no interval of the table has the event; choose another";
            return Err(RecordingError::Nothing { what: "trials", why });
        }
        order.sort_by(|&a, &b| start[a].total_cmp(&start[b]));
        for pair in order.windows(2) {
            let by = stop[pair[0]] - start[pair[1]];
            // an interval that begins where another ends is none of both
            if by > 1e-6 && !overlap {
                let (first, second) = (pair[0], pair[1]);
                return Err(RecordingError::Overlap {
                    table: table.name.clone(),
                    first,
                    second,
                    by,
                });
            }
        }
        let pick = |times: &[f64]| order.iter().map(|&k| times[k]).collect::<Vec<f64>>();
        let moment = |m: &Moments| Moments { name: m.name.clone(), times: pick(&m.times) };
        let mut moments: Vec<Moments> = table.moments.iter().map(moment).collect();
        for (name, times) in [("start", &table.start), ("stop", &table.stop)] {
            moments.push(Moments { name: name.to_owned(), times: pick(times) });
        }
        self.windows = Some(Windows {
            start: pick(&start),
            stop: pick(&stop),
            conditions: table.columns.select(&order)?,
            moments,
        });
        Ok(())
    }

    /// The clock of a series, which may have to be given.
    fn clock(&self, series: &Series) -> Result<Clock, RecordingError> {
        match (&series.clock, self.rate_hz) {
            (Clock::Unknown, Some(hz)) if hz.is_finite() && hz > 0.0 => {
                Ok(Clock::Regular { start: 0.0, dt: 1000.0 / hz })
            }
            (Clock::Unknown, Some(hz)) => Err(RecordingError::Value {
                name: "rate_hz",
                value: hz.to_string(),
                fix: "give frames per second, a positive number",
            }),
            (Clock::Unknown, None) => Err(RecordingError::Clock { series: series.path.clone() }),
            (clock, _) => Ok(clock.clone()),
        }
    }

    /// Makes frames: by a bin, or those that the series has.
    pub(super) fn frames(mut self, bin: Option<Bin>) -> Result<Recording, RecordingError> {
        if let Some(Bin { width, .. }) = bin
            && !(width.is_finite() && width > 0.0)
        {
            let (name, fix) = ("bin.width", "give a positive number of ms");
            return Err(RecordingError::Value { name, value: width.to_string(), fix });
        }
        let source = match self.origin {
            Origin::Spikes => None,
            Origin::Series(series) => Some((series, self.clock(series)?)),
        };
        let dt = match (&bin, &source) {
            (Some(bin), _) => bin.width,
            (None, Some((_, Clock::Regular { dt, .. }))) => *dt,
            (None, Some(_)) => {
                return Err(RecordingError::Order {
                    step: "series with irregular time stamps".to_owned(),
                    fix: "need frames first: { bin = { width = MS } }",
                });
            }
            (None, None) => {
                return Err(RecordingError::Order {
                    step: "spikes".to_owned(),
                    fix: "need frames first: recording.prepare = [{ bin = { width = 20 } }]",
                });
            }
        };
        let spans = self.spans(&source, dt)?;
        let own = bin.is_none();
        let mut windows = match self.windows.take() {
            Some(windows) => windows,
            None => Windows {
                start: vec![spans.0],
                stop: vec![spans.1],
                conditions: Conditions::none(1),
                moments: Vec::new(),
            },
        };
        self.inside(&mut windows, &source, spans, dt)?;
        let count = |(a, b): (&f64, &f64)| ((b - a) / dt + SLACK).floor() as usize;
        let lengths: Vec<usize> = windows.start.iter().zip(&windows.stop).map(count).collect();
        let frames = lengths.iter().copied().max().unwrap_or(0);
        let (trials, units) = (lengths.len(), self.places.len());
        let size = frames.saturating_mul(trials).saturating_mul(units.max(1));
        if size > MOST {
            return Err(RecordingError::Large { frames, trials, units });
        }
        let mut activity = Array3::zeros((frames, trials, units));
        match &source {
            None => {
                let rate = bin.is_some_and(|bin| bin.rate);
                let each = if rate { 1000.0 / dt } else { 1.0 } as f32;
                for (k, &place) in self.places.iter().enumerate() {
                    for (trial, &length) in lengths.iter().enumerate() {
                        let mut column = activity.slice_mut(s![..length, trial, k]);
                        let times = self.session.spikes.unit(place);
                        count_spikes(times, windows.start[trial], dt, |frame| {
                            if let Some(x) = column.get_mut(frame) {
                                *x += each;
                            }
                        });
                    }
                }
                if rate {
                    self.provenance.unit = "spikes/s".to_owned();
                }
            }
            Some((series, clock)) => {
                for (trial, &length) in lengths.iter().enumerate() {
                    let into = activity.slice_mut(s![..length, trial, ..]);
                    let from = windows.start[trial];
                    sample(series, clock, from, dt, own, Some(&self.places), into);
                }
            }
        }
        let inputs = self.inputs(&windows, &lengths, frames, dt)?;
        let since = |m: &Moments| Moments {
            name: m.name.clone(),
            times: m.times.iter().zip(&windows.start).map(|(t, start)| t - start).collect(),
        };
        Ok(Recording {
            dt,
            activity,
            unit_names: self.units.names,
            unit_columns: self.units.columns,
            input_names: self.inputs.map_or(Vec::new(), |series| series.channels.names.clone()),
            inputs,
            conditions: windows.conditions,
            lengths,
            events: windows.moments.iter().map(since).collect(),
            starts: windows.start,
            provenance: self.provenance,
        })
    }

    /// From where to where there is activity, and inputs if there are any.
    fn spans(
        &self,
        source: &Option<(&Series, Clock)>,
        dt: f64,
    ) -> Result<(f64, f64), RecordingError> {
        let nothing = RecordingError::Nothing { what: "frames", why: "there is no activity" };
        let (mut from, mut to) = match source {
            None => {
                let (first, last) = self.session.spike_span().ok_or(nothing)?;
                // the last spike lies within the last frame
                (first, first + (((last - first) / dt).floor() + 1.0) * dt)
            }
            Some((series, clock)) => {
                let known = Series { clock: clock.clone(), ..header(series) };
                span(&known, series.values.nrows()).ok_or(nothing)?
            }
        };
        if let Some(inputs) = self.inputs {
            let known = Series { clock: self.clock(inputs)?, ..header(inputs) };
            if let Some((first, last)) = span(&known, inputs.values.nrows())
                && self.windows.is_none()
            {
                if first >= to || last <= from {
                    return Err(RecordingError::Apart {
                        what: "the inputs".to_owned(),
                        one: (first, last),
                        other: (from, to),
                    });
                }
                from = from.max(first);
                to = to.min(last);
            }
        }
        Ok((from, to))
    }

    /// Leaves out trials that hold no frame, or reach beyond a series.
    fn inside(
        &mut self,
        windows: &mut Windows,
        source: &Option<(&Series, Clock)>,
        (from, to): (f64, f64),
        dt: f64,
    ) -> Result<(), RecordingError> {
        let total = windows.start.len();
        let apart = |k: usize| windows.start[k] > to || windows.stop[k] < from;
        let outside: Vec<usize> = (0..total).filter(|&k| apart(k)).collect();
        if 2 * outside.len() > total {
            let earliest = outside.iter().map(|&k| windows.start[k]).fold(f64::INFINITY, f64::min);
            let latest = outside.iter().map(|&k| windows.stop[k]).fold(earliest, f64::max);
            let what = match outside.len() {
                all if all == total => "the trials".to_owned(),
                some => format!("{some} of the {total} trials"),
            };
            return Err(RecordingError::Apart { what, one: (earliest, latest), other: (from, to) });
        }
        let long = |k: usize| windows.stop[k] - windows.start[k] >= dt * (1.0 - SLACK);
        let within = |k: usize| {
            let slack = dt * (0.5 + SLACK);
            let inside = windows.start[k] >= from - slack && windows.stop[k] <= to + slack;
            // silence before the first and after the last spike is activity too
            if source.is_none() { !apart(k) } else { inside }
        };
        let kept: Vec<usize> = (0..total).filter(|&k| long(k) && within(k)).collect();
        if kept.is_empty() {
            let why = "every trial is shorter than a frame or reaches beyond the recording";
            return Err(RecordingError::Nothing { what: "trials", why });
        }
        if kept.len() < total {
            self.provenance.repairs.push(format!(
                "{} of {total} trials are shorter than a frame or reach beyond the recording: left out",
                total - kept.len()
            ));
            let pick = |times: &[f64]| kept.iter().map(|&k| times[k]).collect::<Vec<f64>>();
            windows.start = pick(&windows.start);
            windows.stop = pick(&windows.stop);
            windows.conditions = windows.conditions.select(&kept)?;
            windows.moments.iter_mut().for_each(|m| m.times = pick(&m.times));
        }
        Ok(())
    }

    fn inputs(
        &self,
        windows: &Windows,
        lengths: &[usize],
        frames: usize,
        dt: f64,
    ) -> Result<Array3<f32>, RecordingError> {
        let Some(series) = self.inputs else {
            return Ok(Array3::zeros((frames, lengths.len(), 0)));
        };
        let clock = self.clock(series)?;
        let mut inputs = Array3::zeros((frames, lengths.len(), series.channels.len()));
        for (trial, &length) in lengths.iter().enumerate() {
            let into = inputs.slice_mut(s![..length, trial, ..]);
            sample(series, &clock, windows.start[trial], dt, false, None, into);
        }
        Ok(inputs)
    }
}

/// A series without its values.
fn header(series: &Series) -> Series {
    Series {
        name: series.name.clone(),
        path: series.path.clone(),
        unit: series.unit.clone(),
        clock: Clock::Unknown,
        values: Array2::zeros((0, 0)),
        channels: Units::default(),
    }
}

/// First and last moment of so many samples.
fn span(series: &Series, samples: usize) -> Option<(f64, f64)> {
    match &series.clock {
        _ if samples == 0 => None,
        Clock::Regular { start, dt } => Some((*start, start + dt * samples as f64)),
        Clock::Stamps(times) => times.first().copied().zip(times.last().copied()),
        Clock::Unknown => None,
    }
}

/// Calls with the frame of every spike from `start` on.
fn count_spikes(times: &[f64], start: f64, dt: f64, mut add: impl FnMut(usize)) {
    let first = times.partition_point(|&t| t < start);
    for &time in &times[first..] {
        add(((time - start) / dt) as usize);
    }
}

/// What a series is in each frame from `from` on; NaN where it is not. With `own` frames, the samples
/// themselves; otherwise the mean over the frame of the series held constant between its samples.
fn sample(
    series: &Series,
    clock: &Clock,
    from: f64,
    width: f64,
    own: bool,
    places: Option<&[usize]>,
    mut into: ArrayViewMut2<'_, f32>,
) {
    let count = series.values.nrows();
    let all: Vec<usize>;
    let places = match places {
        Some(places) => places,
        None => {
            all = (0..series.values.ncols()).collect();
            &all
        }
    };
    let stamps: &[f64] = if let Clock::Stamps(times) = clock { times } else { &[] };
    for (frame, mut row) in into.axis_iter_mut(Axis(0)).enumerate() {
        let (a, b) = (from + width * frame as f64, from + width * (frame + 1) as f64);
        // samples with their weights
        let weights: Vec<(usize, f64)> = match clock {
            Clock::Regular { start, dt } if own => {
                let at = ((a - start) / dt).round();
                let inside = at >= 0.0 && at < count as f64;
                if inside { vec![(at as usize, 1.0)] } else { Vec::new() }
            }
            Clock::Regular { start, dt } => overlaps((a - start) / dt, (b - start) / dt, count),
            _ => {
                let (first, last) =
                    (stamps.partition_point(|&t| t < a), stamps.partition_point(|&t| t < b));
                (first..last.min(count)).map(|k| (k, 1.0)).collect()
            }
        };
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        for (x, &place) in row.iter_mut().zip(places) {
            let sum: f64 = weights
                .iter()
                .map(|&(k, weight)| weight * f64::from(series.values[[k, place]]))
                .sum();
            *x = if total > 0.0 { (sum / total) as f32 } else { f32::NAN };
        }
    }
}

/// Samples that a frame from `from` to `to` (in samples) covers, and how much of each.
fn overlaps(from: f64, to: f64, count: usize) -> Vec<(usize, f64)> {
    let first = (from + SLACK).floor().max(0.0);
    let last = (to - SLACK).ceil().min(count as f64);
    if from.is_nan() || to.is_nan() || first >= last {
        return Vec::new();
    }
    let overlap = |k: usize| (k, to.min((k + 1) as f64) - from.max(k as f64));
    (first as usize..last as usize).map(overlap).filter(|(_, weight)| *weight > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_held_between_their_times() {
        assert_eq!(overlaps(0.0, 2.0, 5), [(0, 1.0), (1, 1.0)]);
        assert_eq!(overlaps(0.5, 1.25, 5), [(0, 0.5), (1, 0.25)]);
        assert_eq!(overlaps(-1.0, 0.5, 5), [(0, 0.5)]);
        assert!(overlaps(5.0, 6.0, 5).is_empty() && overlaps(-2.0, -1.0, 5).is_empty());
        assert!(overlaps(f64::NAN, 1.0, 5).is_empty());
    }
}
