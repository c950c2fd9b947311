//! Which stimulus each trial showed, its features, and what units said.

use attractor_data::{Column, FileProblem, Npz, closest};
use attractor_recording::Recording;
use ndarray::{Array2, Ix2};

use crate::error::RunError;
use crate::fit::config::{AUTO, EncodeConfig};

/// Trials, the stimuli they showed, and features of these.
pub(super) struct Stimuli {
    /// Name and features `[row, feature]` of each layer.
    pub(super) layers: Vec<(String, Array2<f64>)>,
    /// Rows of the features that were shown, in ascending order.
    pub(super) used: Vec<usize>,
    /// Place in `used` of what each trial showed.
    pub(super) of_trial: Vec<usize>,
    /// Sums over the window, `[trial, unit]`.
    pub(super) responses: Array2<f64>,
    /// Whether these could be counts: none is negative.
    pub(super) counts: bool,
    /// The window, ms after the beginning of a trial.
    pub(super) window: [f64; 2],
}

impl Stimuli {
    pub(super) fn read(config: &EncodeConfig, recording: &Recording) -> Result<Self, RunError> {
        let mut file = Npz::open(&config.features)?;
        let layers = layers(&mut file, config)?;
        let rows = layers[0].1.nrows();
        let names = if file.has("images") { file.texts("images")? } else { Vec::new() };
        let shown = shown(config, recording, rows, &names)?;
        let (responses, window) = responses(config, recording)?;
        let mut used = shown.clone();
        used.sort_unstable();
        used.dedup();
        let of_trial = shown.iter().map(|row| used.partition_point(|used| used < row)).collect();
        // every part needs a stimulus, the parts of the rest too
        let rest = used.len() - used.len().div_ceil(config.outer).min(used.len());
        for (key, parts, there) in
            [("outer", config.outer, used.len()), ("inner", config.inner, rest)]
        {
            if parts > there {
                return Err(RunError::Request(format!(
                    "encode.{key} is {parts}, but there are {there} stimuli to divide"
                )));
            }
        }
        let counts = responses.iter().all(|&count| count >= 0.0);
        Ok(Stimuli { layers, used, of_trial, responses, counts, window })
    }

    pub(super) fn count(&self) -> usize {
        self.used.len()
    }

    pub(super) fn trials(&self) -> usize {
        self.of_trial.len()
    }

    /// Fewest and most trials of a stimulus.
    pub(super) fn repeats(&self) -> [usize; 2] {
        let mut repeats = vec![0; self.count()];
        self.of_trial.iter().for_each(|&stimulus| repeats[stimulus] += 1);
        let (least, most) = (repeats.iter().min(), repeats.iter().max());
        [least.copied().unwrap_or(0), most.copied().unwrap_or(0)]
    }

    /// Square roots of what could be counts, `[trial, unit]`.
    pub(super) fn transformed(&self) -> Array2<f64> {
        if self.counts { self.responses.mapv(f64::sqrt) } else { self.responses.clone() }
    }

    /// Means over the trials of each stimulus, `[stimulus, unit]`.
    pub(super) fn means(&self, of: &Array2<f64>) -> Array2<f64> {
        let mut means = Array2::zeros((self.count(), of.ncols()));
        let mut trials = vec![0.0; self.count()];
        for (&stimulus, values) in self.of_trial.iter().zip(of.outer_iter()) {
            let mut row = means.row_mut(stimulus);
            row += &values;
            trials[stimulus] += 1.0;
        }
        means.rows_mut().into_iter().zip(&trials).for_each(|(mut row, n)| row /= *n);
        means
    }
}

/// `layers/NAME` of the file, or `features`; those asked for.
fn layers(file: &mut Npz, config: &EncodeConfig) -> Result<Vec<(String, Array2<f64>)>, RunError> {
    let key =
        |name: &str| if name == "features" { name.to_owned() } else { format!("layers/{name}") };
    let mut there: Vec<String> = (file.keys().iter())
        .filter_map(|key| key.strip_prefix("layers/").map(str::to_owned))
        .collect();
    there.extend(file.has("features").then(|| "features".to_owned()));
    if there.is_empty() {
        return Err(file.missing("features").into());
    }
    let asked = if config.layers.is_empty() { &there } else { &config.layers };
    if let Some(unknown) = asked.iter().find(|asked| !there.contains(asked)) {
        let hint = closest(unknown, there.iter().map(String::as_str));
        let hint = hint.map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"));
        return Err(RunError::Request(format!(
            "encode.layers: {} has no layer `{unknown}`{hint}; it has {}",
            config.features,
            there.join(", ")
        )));
    }
    let mut found: Vec<(String, Array2<f64>)> = Vec::new();
    for name in asked {
        let values = file.array::<f64, Ix2>(&key(name), "[stimulus, feature]")?;
        if let Some((_, first)) = found.first().filter(|(_, of)| of.nrows() != values.nrows()) {
            let (expected, found) = (vec![first.nrows(), values.ncols()], values.shape().to_vec());
            let (key, axes, with) = (key(name), "[stimulus, feature]", "the first layer");
            return Err(FileProblem::Shape { key, axes, with, expected, found }
                .of(file.path())
                .into());
        }
        found.push((name.clone(), values));
    }
    Ok(found)
}

/// The row of the features that each trial showed.
fn shown(
    config: &EncodeConfig,
    recording: &Recording,
    rows: usize,
    names: &[String],
) -> Result<Vec<usize>, RunError> {
    let trials = recording.trials();
    let wrong = |problem: String| RunError::Request(format!("encode.image: {problem}"));
    let column = match config.image.as_str() {
        AUTO => recording.conditions.column("image"),
        name => Some(recording.conditions.column(name).ok_or_else(|| {
            let there: Vec<&str> = recording.conditions.columns().map(|(name, _)| name).collect();
            let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
            wrong(format!("the trials have no column `{name}`; they have {there}"))
        })?),
    };
    match column {
        None if trials == rows => Ok((0..trials).collect()),
        None => Err(wrong(format!(
            "{trials} trials, features of {rows} stimuli, and no column says which trial showed what; \
             lay the recording out in trials with a column of conditions, and name it"
        ))),
        Some(Column::Numbers(numbers)) => numbers
            .iter()
            .enumerate()
            .map(|(trial, &x)| {
                let fits = x >= 0.0 && x.fract() == 0.0 && x < rows as f64;
                let known = format!("features have the rows 0 to {}", rows.saturating_sub(1));
                fits.then_some(x as usize)
                    .ok_or_else(|| wrong(format!("trial {trial} showed {x}, but {known}")))
            })
            .collect(),
        Some(Column::Labels(labels)) => labels
            .iter()
            .map(|label| {
                let row = names.iter().position(|name| name == label);
                row.ok_or_else(|| {
                    wrong(format!("`{label}` is not among the names `images` of the features"))
                })
            })
            .collect(),
    }
}

/// Sums of the activity over the window, and the window.
fn responses(
    config: &EncodeConfig,
    recording: &Recording,
) -> Result<(Array2<f64>, [f64; 2]), RunError> {
    let shortest = recording.lengths.iter().copied().min().unwrap_or(0);
    let window = config.window.unwrap_or([0.0, shortest as f64 * recording.dt]);
    // a frame belongs to the window if its middle does
    let inside = |frame: usize| {
        let middle = (frame as f64 + 0.5) * recording.dt;
        middle >= window[0] && middle < window[1]
    };
    let frames: Vec<usize> = (0..shortest).filter(|&frame| inside(frame)).collect();
    let end = shortest as f64 * recording.dt;
    if frames.is_empty() || window[1] > end + 0.5 * recording.dt {
        return Err(RunError::Request(format!(
            "encode.window is [{}, {}] ms after the beginning of a trial, but the shortest trial ends at {end} ms",
            window[0], window[1]
        )));
    }
    let mut sums = Array2::zeros((recording.trials(), recording.units()));
    for frame in frames {
        sums += &recording.activity.index_axis(ndarray::Axis(0), frame).mapv(f64::from);
    }
    Ok((sums, window))
}
