//! What can stop a run.

use std::path::PathBuf;

use attractor_data::FileError;
use attractor_interop::TensorError;
use attractor_learn::TrainError;
use attractor_report::ReportError;

use crate::config::ConfigError;

/// Why a run could not be made, or not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The directory of the run holds something already.
    #[error("{} holds {what} already: {fix}", directory.display())]
    Occupied {
        /// The directory.
        directory: PathBuf,
        /// What was found.
        what: &'static str,
        /// What to do.
        fix: &'static str,
    },
    /// The directory cannot be made or written to.
    #[error("{} cannot be written to: {source}; give another --out", directory.display())]
    Unwritable {
        /// The directory.
        directory: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Not the directory of a run.
    #[error("{} is no directory of a run: it has no {missing}", directory.display())]
    NoRun {
        /// The directory.
        directory: PathBuf,
        /// What it lacks.
        missing: &'static str,
    },
    /// A run resumed with another configuration.
    #[error("a resumed run keeps its configuration, but {what}; start a new run for that")]
    Changed {
        /// What was asked for.
        what: String,
    },
    /// A file of the run that makes no sense.
    #[error("{}: {problem}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A request that cannot be met.
    #[error("{0}")]
    Request(String),
    /// Reading or writing arrays and text.
    #[error(transparent)]
    Data(#[from] FileError),
    /// Reading or writing tensors.
    #[error(transparent)]
    Tensors(#[from] TensorError),
    /// Reading or writing NIR.
    #[error(transparent)]
    Nir(#[from] attractor_interop::NirError),
    /// Writing figures and the page.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Training could not go on.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The network could not run.
    #[error(transparent)]
    Network(#[from] attractor_network::RunError),
    /// Something that the network does not have.
    #[error(transparent)]
    Name(#[from] attractor_network::NetworkError),
    /// The recording cannot be prepared, divided or judged as asked.
    #[error(transparent)]
    Recording(#[from] attractor_recording::RecordingError),
    /// The task could not judge.
    #[error(transparent)]
    Task(#[from] attractor_task::TaskError),
}

impl RunError {
    /// A model file that holds another network than the run's.
    pub(crate) fn another_network(file: PathBuf) -> Self {
        let problem = "it is not the network that config.toml describes".to_owned();
        RunError::File { file, problem }
    }

    /// The request was wrong, rather than the run having failed.
    #[must_use]
    pub fn is_request(&self) -> bool {
        match self {
            RunError::Network(error) => {
                !matches!(error, attractor_network::RunError::NotFinite { .. })
            }
            RunError::Train(error) => !matches!(error, TrainError::Diverged { .. }),
            RunError::Report(_) | RunError::Task(_) => false,
            _ => true,
        }
    }
}
