//! A recording session as its file has it: spikes, series, trials, each with its own times.
//!
//! This is the raw stage. [`prepare`](crate::steps::prepare) makes a [`Recording`](crate::Recording)
//! of it: activity in frames, all units on one time base.

use std::collections::BTreeMap;

use attractor_data::Conditions;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// What a file holds. Times are ms in the time base of the file, spikes ascending.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Session {
    /// Where it comes from.
    pub provenance: Provenance,
    /// The sorted units, if there are spikes.
    pub units: Units,
    /// Their spikes.
    pub spikes: Spikes,
    /// Tables of intervals, trials first if there are any.
    pub intervals: Vec<Intervals>,
    /// Measured over time: fluorescence, rates, field potentials, behaviour.
    pub series: Vec<Series>,
    /// What could not be read, or was left out, and why.
    pub unread: Vec<Unread>,
}

/// Where data come from and what was done to them before this library's preparation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The file.
    pub file: String,
    /// Its format, such as `"NWB 2.7.0"`.
    pub format: String,
    /// The path within the file of what was taken.
    pub path: String,
    /// Unit of measure of the activity, such as `"spikes"`; empty if the file does not say.
    pub unit: String,
    /// What the file says about itself: identifier, subject, start.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub about: BTreeMap<String, String>,
    /// What was mended or chosen while reading and preparing, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<String>,
    /// The steps of preparation, in order, as they can be given again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
}

/// Names of units and one row of columns per unit: `region`, cell type, quality, ….
#[derive(Debug, Clone, PartialEq)]
pub struct Units {
    /// Names.
    pub names: Vec<String>,
    /// Columns; regions are in `region`.
    pub columns: Conditions,
}

impl Default for Units {
    fn default() -> Self {
        Units { names: Vec::new(), columns: Conditions::none(0) }
    }
}

/// Spike times of all units, one after the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spikes {
    times: Vec<f64>,
    /// Where each unit's times end.
    ends: Vec<usize>,
}

/// A table of intervals: trials, epochs.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    /// Its name, such as `"trials"`.
    pub name: String,
    /// Begins, ms.
    pub start: Vec<f64>,
    /// Ends, ms.
    pub stop: Vec<f64>,
    /// What was varied between them.
    pub columns: Conditions,
    /// Moments within them: one time per interval, ms, NaN where there is none.
    pub moments: Vec<Moments>,
}

/// Named times, ms.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// What happened.
    pub name: String,
    /// When.
    pub times: Vec<f64>,
}

/// Something measured over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name, the last part of its path.
    pub name: String,
    /// Its path within the file.
    pub path: String,
    /// Unit of measure; empty if the file does not say.
    pub unit: String,
    /// When its samples were taken.
    pub clock: Clock,
    /// `[time, channel]`, NaN where there is none.
    pub values: Array2<f32>,
    /// The channels: regions of interest, electrodes, coordinates.
    pub channels: Units,
}

/// When samples were taken.
#[derive(Debug, Clone, PartialEq)]
pub enum Clock {
    /// At equal distances.
    Regular {
        /// The first, ms.
        start: f64,
        /// Between one and the next, ms.
        dt: f64,
    },
    /// At these times, ms.
    Stamps(Vec<f64>),
    /// The file does not say.
    Unknown,
}

/// Something that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Its path within the file.
    pub path: String,
    /// Why.
    pub why: String,
}

impl Spikes {
    /// Of units one after the other: each unit's times, ms. They are sorted if they are not.
    #[must_use]
    pub fn new(units: impl IntoIterator<Item = Vec<f64>>) -> Self {
        let mut spikes = Spikes::default();
        for mut times in units {
            if !times.is_sorted() {
                times.sort_by(f64::total_cmp);
            }
            spikes.times.append(&mut times);
            spikes.ends.push(spikes.times.len());
        }
        spikes
    }

    /// Of one list of times, ms, and where each unit's end in it; and how many units had to be sorted.
    /// None unless the ends ascend to the number of times.
    #[must_use]
    pub fn ragged(mut times: Vec<f64>, ends: Vec<usize>) -> Option<(Self, usize)> {
        if !ends.is_sorted() || ends.last().copied().unwrap_or(0) != times.len() {
            return None;
        }
        let (mut from, mut sorted) = (0, 0);
        for &to in &ends {
            let unit = &mut times[from..to];
            if !unit.is_sorted() {
                unit.sort_by(f64::total_cmp);
                sorted += 1;
            }
            from = to;
        }
        Some((Spikes { times, ends }, sorted))
    }

    /// Number of units.
    #[must_use]
    pub fn units(&self) -> usize {
        self.ends.len()
    }

    /// The spike times of a unit, ms, ascending; none of a unit that is not there.
    #[must_use]
    pub fn unit(&self, unit: usize) -> &[f64] {
        let from = if unit == 0 { 0 } else { self.ends.get(unit - 1).copied().unwrap_or(0) };
        let to = self.ends.get(unit).copied().unwrap_or(from);
        self.times.get(from..to).unwrap_or_default()
    }

    /// The times of all units, one after the other.
    #[must_use]
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// Where each unit's times end in [`Spikes::times`].
    #[must_use]
    pub fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// The spikes of these units, in this order.
    #[must_use]
    pub fn select(&self, units: &[usize]) -> Self {
        Spikes::new(units.iter().map(|&unit| self.unit(unit).to_vec()))
    }
}

impl Units {
    /// Units of these names, without columns.
    #[must_use]
    pub fn named(names: Vec<String>) -> Self {
        let columns = Conditions::none(names.len());
        Units { names, columns }
    }

    /// Number of units.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// These units, in this order. Those that are not there are left out.
    #[must_use]
    pub fn select(&self, units: &[usize]) -> Self {
        let there: Vec<usize> = units.iter().copied().filter(|&unit| unit < self.len()).collect();
        let names = there.iter().map(|&unit| self.names[unit].clone()).collect();
        let columns = self.columns.select(&there);
        Units { names, columns: columns.unwrap_or_else(|_| Conditions::none(there.len())) }
    }
}

impl Clock {
    /// The time of each of `count` samples, ms; none if it is not known.
    #[must_use]
    pub fn times(&self, count: usize) -> Option<Vec<f64>> {
        match self {
            Clock::Regular { start, dt } => {
                Some((0..count).map(|k| start + dt * k as f64).collect())
            }
            Clock::Stamps(times) => Some(times.clone()),
            Clock::Unknown => None,
        }
    }

    /// The clock of these times, ms: a regular one if none is off by more than a tenth of the distance
    /// between samples.
    #[must_use]
    pub fn of(times: Vec<f64>) -> Self {
        let (Some(&first), Some(&last)) = (times.first(), times.last()) else {
            return Clock::Unknown;
        };
        let dt = (last - first) / (times.len() - 1).max(1) as f64;
        let off = |(k, time): (usize, &f64)| (time - first - dt * k as f64).abs() > 0.1 * dt;
        let irregular = !(dt.is_finite() && dt > 0.0) || times.iter().enumerate().any(off);
        if irregular { Clock::Stamps(times) } else { Clock::Regular { start: first, dt } }
    }
}

impl Series {
    /// First and last time, ms; none if its clock or all samples are missing.
    #[must_use]
    pub fn span(&self) -> Option<(f64, f64)> {
        let count = self.values.nrows();
        match &self.clock {
            _ if count == 0 => None,
            Clock::Regular { start, dt } => Some((*start, start + dt * count as f64)),
            Clock::Stamps(times) => {
                let finite = || times.iter().copied().filter(|t| t.is_finite());
                let first = finite().fold(f64::INFINITY, f64::min);
                let last = finite().fold(f64::NEG_INFINITY, f64::max);
                (first <= last).then_some((first, last))
            }
            Clock::Unknown => None,
        }
    }
}

impl Session {
    /// The table of intervals of this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Intervals> {
        self.intervals.iter().find(|table| table.name == name)
    }

    /// A series by its path, or by its name if only one has it.
    #[must_use]
    pub fn series(&self, name: &str) -> Option<&Series> {
        let name = name.trim_matches('/');
        if let Some(series) = self.series.iter().find(|series| series.path == name) {
            return Some(series);
        }
        let mut named = self.series.iter().filter(|series| series.name == name);
        named.next().filter(|_| named.next().is_none())
    }

    /// From the first to the last moment of anything, ms; none if there is nothing with times.
    #[must_use]
    pub fn span(&self) -> Option<(f64, f64)> {
        let mut spans: Vec<(f64, f64)> = self.series.iter().filter_map(Series::span).collect();
        spans.extend(self.spike_span());
        for table in &self.intervals {
            spans.extend(table.start.iter().zip(&table.stop).map(|(&a, &b)| (a, b)));
        }
        let finite = spans.into_iter().filter(|(a, b)| a.is_finite() && b.is_finite());
        finite.reduce(|(a, b), (c, d)| (a.min(c), b.max(d)))
    }

    /// First and last spike, ms; none without spikes.
    #[must_use]
    pub fn spike_span(&self) -> Option<(f64, f64)> {
        let unit = |unit| {
            let times = self.spikes.unit(unit);
            times.first().copied().zip(times.last().copied())
        };
        (0..self.spikes.units()).filter_map(unit).reduce(|(a, b), (c, d)| (a.min(c), b.max(d)))
    }

    /// Spikes per second of every unit, over the time from the first to the last spike of any; 0 of units
    /// whose spikes were not read.
    #[must_use]
    pub fn rates(&self) -> Vec<f64> {
        let seconds = self.spike_span().map_or(0.0, |(a, b)| (b - a) / 1000.0);
        let rate = |unit| match seconds > 0.0 {
            true => self.spikes.unit(unit).len() as f64 / seconds,
            false => 0.0,
        };
        (0..self.units.len().max(self.spikes.units())).map(rate).collect()
    }

    /// What should be looked at before anything is fitted, in sentences: trials that overlap, units
    /// without spikes or regions, series with gaps, times that have nothing in common.
    #[must_use]
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        for table in &self.intervals {
            let mut order: Vec<usize> = (0..table.start.len()).collect();
            order.sort_by(|&a, &b| table.start[a].total_cmp(&table.start[b]));
            let over = |pair: &&[usize]| table.stop[pair[0]] > table.start[pair[1]] + 1e-6;
            let overlaps = order.windows(2).filter(over).count();
            if overlaps > 0 {
                doubts.push(format!("{overlaps} intervals of `{}` overlap the next", table.name));
            }
        }
        let silent = (0..self.spikes.units()).filter(|&k| self.spikes.unit(k).is_empty()).count();
        if silent > 0 {
            doubts.push(format!("{silent} units have no spikes"));
        }
        if !self.units.is_empty() && self.units.columns.column("region").is_none() {
            doubts.push("no column of the units has regions".to_owned());
        }
        for series in &self.series {
            let gaps = series.values.rows().into_iter();
            let gaps = gaps.filter(|row| row.iter().any(|x| !x.is_finite())).count();
            if gaps > 0 {
                let (path, all) = (&series.path, series.values.nrows());
                doubts.push(format!("`{path}` has gaps (NaN) in {gaps} of {all} samples"));
            }
        }
        if let Some((first, last)) = self.spike_span() {
            let apart = |(a, b): (f64, f64)| a > last || b < first;
            for series in self.series.iter().filter(|series| series.span().is_some_and(apart)) {
                doubts.push(format!("`{}` and the spikes have no time in common", series.path));
            }
            for table in &self.intervals {
                let from = table.start.iter().copied().fold(f64::INFINITY, f64::min);
                let to = table.stop.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                if from <= to && apart((from, to)) {
                    doubts.push(format!("`{}` and the spikes have no time in common", table.name));
                }
            }
        }
        doubts
    }

    /// Notes something that was left out.
    pub(crate) fn leave(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.unread.push(Unread { path: path.into(), why: why.into() });
    }

    /// Notes something that was mended or chosen.
    pub(crate) fn repair(&mut self, what: impl Into<String>) {
        self.provenance.repairs.push(what.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ragged_spikes_are_those_of_each_unit() {
        let times = vec![1.0, 2.0, 5.0, 3.0, 4.0];
        let (spikes, sorted) = Spikes::ragged(times, vec![2, 2, 5]).unwrap();
        assert_eq!((spikes.units(), sorted), (3, 1));
        assert_eq!(spikes.unit(0), [1.0, 2.0]);
        assert!(spikes.unit(1).is_empty() && spikes.unit(3).is_empty());
        assert_eq!(spikes.unit(2), [3.0, 4.0, 5.0]);
        assert_eq!(Spikes::new([vec![1.0, 2.0], vec![], vec![5.0, 4.0, 3.0]]), spikes);
        assert_eq!(spikes.select(&[2, 0]).ends(), [3, 5]);
        for ends in [vec![2, 1, 5], vec![4], vec![6]] {
            assert!(Spikes::ragged(vec![0.0; 5], ends).is_none());
        }
    }

    #[test]
    fn units_without_spikes_have_rates() {
        let mut session = Session {
            units: Units::named(vec!["a".to_owned(), "b".to_owned()]),
            ..Session::default()
        };
        assert_eq!(session.rates(), [0.0, 0.0]);
        session.spikes = Spikes::new([vec![0.0, 250.0, 500.0]]);
        assert_eq!(session.rates(), [6.0, 0.0]);
    }

    #[test]
    fn jitter_is_regular_and_a_pause_is_not() {
        let jitter = (0..100).map(|k| 10.0 * f64::from(k) + 0.3 * f64::from(k % 3)).collect();
        assert!(matches!(Clock::of(jitter), Clock::Regular { dt, .. } if (dt - 10.0).abs() < 0.01));
        let pause = (0..100).map(|k| 10.0 * f64::from(k) + if k > 50 { 40.0 } else { 0.0 });
        assert!(matches!(Clock::of(pause.collect()), Clock::Stamps(_)));
        assert_eq!(Clock::of(vec![]), Clock::Unknown);
        assert!(matches!(Clock::of(vec![3.0, 3.0]), Clock::Stamps(_)));
    }
}
