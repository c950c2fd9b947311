//! Heartbeats: which wave of the electrocardiogram is this step part of?

use attractor_data::Mat;
use ndarray::{Array3, Axis};

use super::{Collection, Label, Sequence, Sequences, no_path};
use crate::options::options;
use crate::{About, TaskError};

/// The waves, in the order of the file's classes.
const WAVES: [&str; 6] = ["P", "PQ", "QR", "RS", "ST", "TP"];
/// Shares held out for validation and for evaluation.
const HELD_OUT: [f64; 2] = [0.1, 0.2];

options! {
    /// Which wave of the electrocardiogram is it? Asked at every step of a heartbeat.
    ///
    /// Sequences of 1301 steps from the QT database, encoded as spikes on four lines, where the
    /// signals of the two leads rise or fall by a threshold (a -1 on the first line marks the first step). The six outputs are the waves and the
    /// pauses between them; a step that nobody has annotated is not asked. Conditions: `sequence`, which
    /// of the sequences it is.
    ///
    /// The file's last fifth is held out for evaluation and the tenth before it for validation, in its
    /// order: neighbouring sequences come from the same recording.
    ///
    /// Score: the fraction of steps whose wave has the largest output.
    ///
    /// Yin, Corradi & Bohté, Nature Machine Intelligence 3:905, 2021, doi:10.1038/s42256-021-00397-w
    /// (encoding and task); Laguna et al. 1997, Computers in Cardiology 24:673 (the database).
    pub struct EcgWaves, dt = 1.0 {
        /// The file `QTDB_train.mat`, which the repository byin-cwi/Efficient-spiking-networks holds
        data: String = String::new(), "";
        /// Standard deviation of noise on every input
        noise: f64 = 0.0, "";
    }
}

impl Collection for EcgWaves {
    const ABOUT: About = About {
        name: "ecg-waves",
        summary: "name the wave of the electrocardiogram at every step",
        reference: "Yin, Corradi & Bohté 2021, Nat Mach Intell 3:905, doi:10.1038/s42256-021-00397-w",
        choice_rule: "at each step, the largest output is that of the wave",
    };

    const NEEDS: Option<&'static str> = Some("data");

    fn noise(&self) -> f64 {
        self.noise
    }

    fn load(&self) -> Result<Sequences, TaskError> {
        let name = Self::ABOUT.name;
        if self.data.is_empty() {
            let fix = "give the path of QTDB_train.mat; the repository \
                       byin-cwi/Efficient-spiking-networks has it, in the folder data";
            return Err(no_path(name, fix));
        }
        let data = |error| TaskError::data(name, error);
        let file = Mat::open(&self.data).map_err(data)?;
        let x: Array3<f32> = file.array("x", "[sequence, time, line]").map_err(data)?;
        let y: Array3<f32> = file.array("y", "[sequence, time, wave]").map_err(data)?;
        let (count, steps, lines) = x.dim();
        if y.dim() != (count, steps, WAVES.len()) || steps == 0 {
            let found = format!("{}: `x` {:?}, `y` {:?}", self.data, x.shape(), y.shape());
            let expected = format!("`y` [{count}, {steps}, {}] is expected", WAVES.len());
            return Err(TaskError::data(name, format!("{found}; {expected}")));
        }
        let all = x.axis_iter(Axis(0)).zip(y.axis_iter(Axis(0))).map(|(inputs, waves)| Sequence {
            inputs: inputs.to_owned(),
            label: Label::Steps(
                waves.rows().into_iter().map(|row| row.iter().position(|&y| y > 0.5)).collect(),
            ),
        });
        let [validation, evaluation] = HELD_OUT.map(|share| (share * count as f64) as usize);
        let (first, last) = (count - validation - evaluation, count - evaluation);
        Ok(Sequences {
            channels: (1..=lines).map(|line| format!("line {line}")).collect(),
            classes: WAVES.map(str::to_owned).to_vec(),
            all: all.collect(),
            parts: [(0..first).collect(), (first..last).collect(), (last..count).collect()],
        })
    }
}
