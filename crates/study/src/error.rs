//! What can stop a study.

use std::path::PathBuf;

use attractor::learn::TrainError;
use attractor::learn::constrained::FitError;
use attractor::network::RunError;

/// Why a study could not be run, or a seed of it not measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// A name that no study has.
    #[error("there is no study `{name}`{}; there is: {}", hint(meant), known.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// The nearest name.
        meant: Option<String>,
        /// The names there are.
        known: Vec<&'static str>,
    },
    /// No seeds.
    #[error("0 seeds measure nothing: give at least 1")]
    NoSeeds,
    /// A directory with something else in it.
    #[error("{} holds {what}: give another --out", directory.display())]
    Occupied {
        /// The directory.
        directory: PathBuf,
        /// What was found.
        what: &'static str,
    },
    /// A file of the directory that cannot be read.
    #[error("{}: {problem}; remove it to measure its seed again", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The directory cannot be made or read.
    #[error("{} cannot be used: {source}; give another --out", directory.display())]
    Unusable {
        /// The directory.
        directory: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// Worker threads cannot be had.
    #[error("no threads: {0}")]
    Threads(String),
    /// A network that the study describes wrongly.
    #[error(transparent)]
    Network(#[from] attractor::network::NetworkError),
    /// Equations that the study writes wrongly.
    #[error(transparent)]
    Neuron(#[from] attractor::equations::NeuronError),
    /// A network that does not run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Training that does not go on.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A fit to recorded activity that cannot be, or does not go on.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// Trials that are not there.
    #[error(transparent)]
    Source(#[from] attractor::learn::SourceError),
    /// Trials that cannot be put together.
    #[error(transparent)]
    Trials(#[from] attractor::data::TrialsError),
    /// A task with wrong options, or that cannot judge.
    #[error(transparent)]
    Task(#[from] attractor::task::TaskError),
    /// Features that cannot be had.
    #[error(transparent)]
    Features(#[from] attractor::features::FeatureError),
    /// A measure without an answer.
    #[error(transparent)]
    Measure(#[from] attractor::analysis::MeasureError),
    /// A decomposition without an answer.
    #[error(transparent)]
    Algebra(#[from] attractor::numerics::linalg::Error),
    /// Writing arrays and text.
    #[error(transparent)]
    Data(#[from] attractor::data::FileError),
    /// Writing figures and the page.
    #[error(transparent)]
    Report(#[from] attractor::report::ReportError),
    /// What the study asks of the library does not fit together.
    #[error("the study asks for {0}")]
    Study(String),
}

fn hint(meant: &Option<String>) -> String {
    meant.as_ref().map(|meant| format!(" (did you mean `{meant}`?)")).unwrap_or_default()
}

impl StudyError {
    /// The request was wrong, rather than the study having failed.
    #[must_use]
    pub fn is_request(&self) -> bool {
        use StudyError::{File, NoSeeds, Occupied, Unknown, Unusable};
        matches!(self, Unknown { .. } | NoSeeds | Occupied { .. } | File { .. } | Unusable { .. })
    }

    /// Numbers that ran away: counted, not an error of the study.
    pub(crate) fn is_divergence(&self) -> bool {
        let not_finite = |error: &RunError| matches!(error, RunError::NotFinite { .. });
        match self {
            StudyError::Train(TrainError::Run(error)) | StudyError::Run(error) => not_finite(error),
            StudyError::Train(error) => matches!(error, TrainError::Diverged { .. }),
            StudyError::Fit(error) => matches!(error, FitError::Diverged { .. }),
            _ => false,
        }
    }
}
