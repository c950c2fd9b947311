//! Writing a batch: step by step, all trials of a step together, so that memory is written once and in
//! order. It is most of what a batch costs.

use std::ops::Range;

use attractor_data::TrialsError;
use ndarray::{Array2, Array3};

use super::geometry::Ring;
use super::rules::Trial;
use super::{FIXATE, INPUTS, OUTPUTS, QUIET, RING};
use crate::draw::Noise;
use crate::tile::shaped;

/// Steps of noise that are drawn together: nearly a whole number of the generator's rounds, which are
/// of 64 numbers.
const TOGETHER: usize = 3;
/// Numbers of such a block, from trial to trial.
const BLOCK: usize = INPUTS * TOGETHER + 1;

/// A trial as it is written.
pub(super) struct Written {
    /// Steps of the trial, and the first of the response.
    end: usize,
    go: usize,
    /// Steps with the fixation input on.
    fixation: usize,
    /// Which rule input is on.
    rule: usize,
    /// First channel of a bump, when it is on, and what it adds.
    bumps: Vec<(usize, Range<usize>, Vec<f32>)>,
    /// What the outputs should be until the response, and in it.
    wanted: [[f32; OUTPUTS]; 2],
}

impl Written {
    pub(super) fn new(rule: usize, trial: &Trial, ring: &Ring) -> Self {
        let bumps = trial.stimuli.iter().map(|stimulus| {
            let bump = ring.bump(stimulus.direction, stimulus.strength);
            (1 + stimulus.modality * RING, stimulus.on.clone(), bump)
        });
        let mut fixate = [QUIET; OUTPUTS];
        fixate[0] = FIXATE;
        let response = trial.answer.map_or(fixate, |answer| {
            let mut wanted = [QUIET; OUTPUTS];
            wanted[1..].iter_mut().zip(ring.bump(answer, 1.0)).for_each(|(z, b)| *z += b);
            wanted
        });
        Written {
            end: trial.end,
            go: trial.go,
            fixation: if trial.cued { trial.go } else { trial.end },
            rule: 1 + 2 * RING + rule,
            bumps: bumps.collect(),
            wanted: [fixate, response],
        }
    }

    /// What is shown from a step on, and until when.
    fn scene(&self, step: usize) -> Scene {
        let mut scene = Scene { until: self.end, shown: [0.0; INPUTS], over: Vec::new() };
        let mut until = |change: usize| {
            if change > step {
                scene.until = scene.until.min(change);
            }
        };
        until(self.fixation);
        until(self.go);
        self.bumps
            .iter()
            .for_each(|(_, on, _)| [on.start, on.end].into_iter().for_each(&mut until));
        scene.shown[0] = if step < self.fixation { 1.0 } else { 0.0 };
        scene.shown[self.rule] = 1.0;
        for (k, (from, _, bump)) in self.shown_at(step).enumerate() {
            if self.shown_at(step).take(k).any(|(other, _, _)| other == from) {
                scene.over.push((*from, bump.clone()));
            } else {
                scene.shown[*from..][..bump.len()].copy_from_slice(bump);
            }
        }
        scene
    }

    fn shown_at(&self, step: usize) -> impl Iterator<Item = &(usize, Range<usize>, Vec<f32>)> {
        self.bumps.iter().filter(move |(_, on, _)| on.contains(&step))
    }
}

/// What a trial shows over some steps in which nothing changes.
struct Scene {
    /// The first step of the next.
    until: usize,
    shown: [f32; INPUTS],
    /// Bumps on a ring that shows one already, with their first channel: they are added afterwards.
    over: Vec<(usize, Vec<f32>)>,
}

/// Inputs, targets and weights of a batch.
pub(super) struct Sheets {
    /// `[time, trial, channel]`.
    pub(super) inputs: Array3<f32>,
    /// `[time, trial, output]`.
    pub(super) values: Array3<f32>,
    /// `[time, trial]`.
    pub(super) weights: Array2<f32>,
}

/// How a batch is written.
pub(super) struct Style {
    pub(super) noise: Noise,
    /// Standard deviation of the noise.
    pub(super) sd: f32,
    /// Steps at the start of the response in which nothing is asked.
    pub(super) grace: usize,
    /// Weight of the response.
    pub(super) response: f32,
}

impl Style {
    /// Writes trials, padded with silence to `steps`.
    pub(super) fn write(&self, trials: &[Written], steps: usize) -> Result<Sheets, TrialsError> {
        let rows = steps * trials.len();
        let mut inputs = Vec::with_capacity(rows * INPUTS);
        let mut values = Vec::with_capacity(rows * OUTPUTS);
        let mut weights = Vec::with_capacity(rows);
        // of each trial the block of noise it stands in
        let mut noise = vec![0.0; if self.sd > 0.0 { trials.len() * BLOCK } else { 0 }];
        let silent = [0.0; INPUTS];
        // put together where it is near, then moved
        let mut shown = silent;
        let mut scenes: Vec<Scene> = trials.iter().map(|trial| trial.scene(0)).collect();
        for step in 0..steps {
            for (index, (trial, scene)) in trials.iter().zip(&mut scenes).enumerate() {
                if step >= trial.end {
                    inputs.extend_from_slice(&silent);
                    values.extend_from_slice(&silent[..OUTPUTS]);
                    weights.push(0.0);
                    continue;
                }
                if step == scene.until {
                    *scene = trial.scene(step);
                }
                let row = inputs.len();
                if let Some(block) = noise.get_mut(index * BLOCK..(index + 1) * BLOCK) {
                    if step % TOGETHER == 0 {
                        self.noise.fill(index, step / TOGETHER, block);
                    }
                    let own = &block[step % TOGETHER * INPUTS..][..INPUTS];
                    for channel in 0..INPUTS {
                        shown[channel] = own[channel] * self.sd + scene.shown[channel];
                    }
                    inputs.extend_from_slice(&shown);
                } else {
                    inputs.extend_from_slice(&scene.shown);
                }
                for (from, bump) in &scene.over {
                    inputs[row + from..].iter_mut().zip(bump).for_each(|(u, b)| *u += b);
                }
                values.extend_from_slice(&trial.wanted[usize::from(step >= trial.go)]);
                weights.push(match step {
                    _ if step < trial.go => 1.0,
                    _ if step < trial.go + self.grace => 0.0,
                    _ => self.response,
                });
            }
        }
        let shape = (steps, trials.len());
        Ok(Sheets {
            inputs: shaped((steps, trials.len(), INPUTS), inputs)?,
            values: shaped((steps, trials.len(), OUTPUTS), values)?,
            weights: shaped(shape, weights)?,
        })
    }
}
