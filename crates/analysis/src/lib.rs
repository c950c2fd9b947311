//! Questions put to activity, or to anything with dynamics.

pub mod energy;
pub mod fixed_points;
pub mod lyapunov;
pub mod stability;

mod binomial_fit;
mod chronometric;
mod clusters;
mod condition_averages;
mod confusion;
mod correlation;
mod currents;
mod decoding;
mod discriminant;
mod intervals;
mod measure_error;
mod pca;
mod psychometric;
mod readout;
mod regression_axes;
mod samples;
mod selectivity;
mod similarity;
mod spectrum;
mod task_variance;

pub use chronometric::{Chronometric, DriftFit, TimePoint, chronometric};
pub use clusters::{Clusters, KMeans, cluster, k_means, silhouette};
pub use condition_averages::{condition_averages, group_averages};
pub use confusion::Confusion;
pub use correlation::{pearson, spearman};
pub use currents::{
    Agreement, Currents, Group, Through, agreement, currents, effective_connectivity, groups_of,
};
pub use decoding::{Chance, CrossTemporal, Decoded, DecodingOptions, decode, decode_across_times};
pub use intervals::wilson;
pub use measure_error::MeasureError;
pub use pca::{Pca, participation_ratio, pca};
pub use psychometric::{
    ChoicePoint, Estimate, Psychometric, PsychometricOptions, Shape, psychometric,
};
pub use readout::{OutputDimension, output_dimension, readout_alignment};
pub use regression_axes::{RegressionAxes, Regressor, regression_axes};
pub use selectivity::{Contrast, Preference, contrasts, preferences, window_means};
pub use similarity::{Cca, Procrustes, cca, procrustes};
pub use spectrum::{Spectrum, circle_radius, effective_rank, spectrum};
pub use task_variance::{TaskVariance, task_variance};
