//! Spoken digits: sound through a bank of filters, as levels or as spikes.

use std::path::{Path, PathBuf};
use std::{fs, io};

use ndarray::{Array2, Axis, s};
use serde::{Deserialize, Serialize};

use super::digits::Ask;
use super::{Collection, Sequence, Sequences, divide, no_path};
use crate::options::options;
use crate::task::wrong;
use crate::timing::whole_steps;
use crate::{About, TaskError};
use mel::Bank;

mod mel;

/// Share of the words held out for validation, and for evaluation.
const HELD_OUT: f64 = 1.0 / 6.0;
/// What is quieter than the loudest of its recording by more than this is silence, in nepers of power
/// (60 dB).
const SILENCE: f32 = 13.8;
/// A recording of more samples than this is no word.
const MOST_SAMPLES: u32 = 10_000_000;

/// What the bands of the filter bank become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sound {
    /// Log energy of each band, 0 in silence, 1 at the loudest of the recording.
    Levels,
    /// A spike whenever the level of a band has added up to 1.
    Spikes,
}

options! {
    /// Which digit is said? Words through a bank of mel filters, frame by frame.
    ///
    /// A frame of sound at each step, its energy in bands equally wide on the mel scale, as logarithm: 0 is
    /// silence (60 dB below the loudest) and 1 the loudest of the recording. As `spikes` each band is an
    /// integrate-and-fire unit, like a fibre of the auditory nerve. Words end when they end. Of every
    /// digit, one sixth is held out for validation and one sixth for evaluation. Conditions: `class`, the
    /// digit, and `sequence`, which of the files it is.
    ///
    /// Choice rule: the output with the largest mean over the steps that are asked.
    ///
    /// Recordings such as Jackson et al., free-spoken-digit-dataset (CC BY-SA 4.0): a folder of files
    /// `DIGIT_SPEAKER_NUMBER.wav`. Mel scale: Davis & Mermelstein, IEEE Transactions on Acoustics, Speech,
    /// and Signal Processing 28:357, 1980, doi:10.1109/TASSP.1980.1163420.
    pub struct SpokenDigits, dt = 10.0 {
        /// The folder of files `DIGIT_SPEAKER_NUMBER.wav`, as free-spoken-digit-dataset has it
        data: String = String::new(), "";
        /// What comes in: the `levels` of the bands, or `spikes`
        sound: Sound = Sound::Levels, "";
        /// Number of bands
        bands: usize = 16, "";
        /// How much sound a step sees
        frame: f64 = 25.0, "ms";
        /// What is longer is cut
        longest: f64 = 1000.0, "ms";
        /// When the digit is asked: at the `last` step or at `every` one
        ask: Ask = Ask::Last, "";
        /// Standard deviation of noise on every input, whatever the dt
        noise: f64 = 0.0, "";
        /// Seed by which words are held out
        split: u64 = 1, "";
    }
}

const NAME: &str = SpokenDigits::ABOUT.name;

impl Collection for SpokenDigits {
    const ABOUT: About = About {
        name: "spoken-digits",
        summary: "tell spoken digits by the energy in bands of sound",
        reference: "recordings: Jackson et al., free-spoken-digit-dataset; mel scale: Davis & Mermelstein 1980, IEEE Trans ASSP 28:357, doi:10.1109/TASSP.1980.1163420",
        choice_rule: "the output with the largest mean over the steps asked is that of the digit",
    };

    const NEEDS: Option<&'static str> = Some("data");

    fn noise(&self) -> f64 {
        self.noise
    }

    fn load(&self) -> Result<Sequences, TaskError> {
        if self.data.is_empty() {
            let fix = "give the folder of the recordings: `recordings` of the repository \
                       Jakobovski/free-spoken-digit-dataset";
            return Err(no_path(NAME, fix));
        }
        if !(1..=256).contains(&self.bands) {
            return Err(wrong(NAME, "bands", self.bands, "1 to 256"));
        }
        if !(self.frame.is_finite() && self.frame >= 1.0 && self.frame <= 1000.0) {
            return Err(wrong(NAME, "frame", self.frame, "1 to 1000 ms"));
        }
        let most = whole_steps(self.longest, self.dt);
        if most == 0 || most > 1_000_000 {
            return Err(wrong(NAME, "longest", self.longest, "1 to 1,000,000 steps of dt"));
        }
        let (mut all, mut classes) = (Vec::new(), Vec::new());
        for (path, class) in words(&self.data)? {
            let of =
                |problem: String| TaskError::data(NAME, format!("{}: {problem}", path.display()));
            let (samples, rate) = samples(&path).map_err(of)?;
            let bank = Bank::new(self.bands, self.frame, rate);
            let mut inputs = levels(&bank.energies(&samples, self.dt));
            if inputs.len_of(Axis(0)) > most {
                inputs = inputs.slice(s![..most, ..]).to_owned();
            }
            if inputs.is_empty() {
                return Err(of(format!("it is shorter than a step of {} ms", self.dt)));
            }
            if self.sound == Sound::Spikes {
                inputs = spikes(&inputs);
            }
            all.push(Sequence { inputs, label: self.ask.label(class) });
            classes.push(class);
        }
        Ok(Sequences {
            channels: (1..=self.bands).map(|band| format!("band {band}")).collect(),
            classes: (0..10).map(|digit| digit.to_string()).collect(),
            all,
            parts: divide(&classes, HELD_OUT, self.split),
        })
    }
}

/// The files of a folder that are named after a digit, in alphabetical order.
fn words(folder: &str) -> Result<Vec<(PathBuf, usize)>, TaskError> {
    let failed = |error: io::Error| TaskError::data(NAME, format!("{folder}: {error}"));
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let digit = name.strip_suffix(".wav").and_then(|name| name.split_once('_'));
        if let Some(Ok(digit @ 0..=9)) = digit.map(|(digit, _)| digit.parse::<usize>()) {
            found.push((path, digit));
        }
    }
    found.sort_unstable();
    if found.is_empty() {
        let problem = format!("{folder}: it has no files such as 7_jackson_32.wav");
        return Err(TaskError::data(NAME, problem));
    }
    Ok(found)
}

/// Samples from -1 to 1, the first channel alone, and their number per second.
fn samples(path: &Path) -> Result<(Vec<f32>, u32), String> {
    let said = |error: hound::Error| error.to_string();
    let mut file = hound::WavReader::open(path).map_err(said)?;
    let spec = file.spec();
    if file.len() > MOST_SAMPLES || spec.sample_rate < 1000 || spec.channels == 0 {
        let (count, rate) = (file.len(), spec.sample_rate);
        return Err(format!("{count} samples at {rate} Hz are no spoken word"));
    }
    let channels = usize::from(spec.channels);
    let samples: Result<Vec<f32>, hound::Error> = match spec.sample_format {
        hound::SampleFormat::Float => file.samples::<f32>().step_by(channels).collect(),
        hound::SampleFormat::Int => {
            let full = 2.0_f32.powi(i32::from(spec.bits_per_sample) - 1);
            file.samples::<i32>().step_by(channels).map(|x| x.map(|x| x as f32 / full)).collect()
        }
    };
    let samples = samples.map_err(said)?;
    match samples.iter().find(|x| !x.is_finite()) {
        Some(x) => Err(format!("a sample is {x}")),
        None => Ok((samples, spec.sample_rate)),
    }
}

/// Energies as levels: the logarithm, 0 in silence and 1 at the loudest.
fn levels(energies: &Array2<f32>) -> Array2<f32> {
    let loudest = energies.iter().fold(f32::MIN_POSITIVE, |most, &x| most.max(x)).ln();
    energies.mapv(|x| (1.0 + (x.max(f32::MIN_POSITIVE).ln() - loudest) / SILENCE).max(0.0))
}

/// Each band adds up its level, and spikes and subtracts 1 when 1 is reached.
fn spikes(levels: &Array2<f32>) -> Array2<f32> {
    let mut spikes = Array2::zeros(levels.dim());
    for (mut out, level) in spikes.columns_mut().into_iter().zip(levels.columns()) {
        let mut sum = 0.0;
        for (spike, level) in out.iter_mut().zip(level) {
            sum += level;
            if sum >= 1.0 {
                sum -= 1.0;
                *spike = 1.0;
            }
        }
    }
    spikes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Task;

    /// A tone of half amplitude.
    fn tone(path: &Path, hz: f32, ms: u32) {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = hound::WavWriter::create(path, spec).unwrap();
        for k in 0..8 * ms {
            let phase = std::f32::consts::TAU * hz * k as f32 / 8000.0;
            file.write_sample((16384.0 * phase.sin()) as i16).unwrap();
        }
        file.finalize().unwrap();
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..6 {
            tone(&folder.path().join(format!("3_low_{number}.wav")), 300.0, 200 + 10 * number);
            tone(&folder.path().join(format!("7_high_{number}.wav")), 2000.0, 300);
        }
        fs::write(folder.path().join("README.wav.txt"), "not a word").unwrap();
        folder
    }

    #[test]
    fn words_of_different_length_become_sequences() {
        let folder = folder();
        let options =
            SpokenDigits { data: folder.path().display().to_string(), ..Default::default() };
        let task = options.clone().make().unwrap();
        assert_eq!((task.steps(), task.inputs().len(), task.outputs().len()), (28, 16, 10));
        let all = &task.sequences().all;
        assert_eq!(all.len(), 12);
        assert_eq!((all[0].inputs.len_of(Axis(0)), all[0].label.clone()), (18, Ask::Last.label(3)));
        let batch = task.generate(1, 0, 8).unwrap();
        batch.validate().unwrap();
        assert_eq!(task.score(&batch, batch.targets[0].values.view()).unwrap().fraction, 1.0);
        let cut = SpokenDigits { longest: 100.0, ..options }.make().unwrap();
        assert_eq!(cut.steps(), 10);
    }

    #[test]
    fn levels_are_those_of_decibels() {
        // 30 dB are half of 60
        let found = levels(&ndarray::array![[1.0, 1e-3], [1e-6, 0.0]]);
        let expected = ndarray::array![[1.0, 0.4994], [0.0, 0.0]];
        assert!((found - expected).mapv(f32::abs).sum() < 3e-3);
    }

    #[test]
    fn a_level_is_a_rate_of_spikes() {
        let levels = Array2::from_shape_fn((40, 3), |(_, band)| [0.0, 0.25, 1.0][band]);
        let counts = spikes(&levels).sum_axis(Axis(0));
        assert_eq!(counts, ndarray::array![0.0, 10.0, 40.0]);
    }

    #[test]
    fn mistakes_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().display().to_string();
        let says = |options: SpokenDigits, part: &str| {
            let error = options.make().map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        says(SpokenDigits::default(), "free-spoken-digit-dataset");
        says(SpokenDigits { data: data.clone(), ..Default::default() }, "no files such as");
        fs::write(folder.path().join("1_a_0.wav"), "RIFF????WAVE").unwrap();
        says(SpokenDigits { data: data.clone(), ..Default::default() }, "1_a_0.wav");
        says(SpokenDigits { data, bands: 0, ..Default::default() }, "`bands` is 0");
    }
}
