//! Questions put to activity, or to anything with dynamics.

pub mod energy;
pub mod fixed_points;
pub mod graph;
pub mod lyapunov;
pub mod stability;

mod activity_compared;
mod activity_statistics;
mod balance;
mod binomial_fit;
mod chronometric;
mod clusters;
mod components;
mod condition_averages;
mod confusion;
mod correlation;
mod cross_validation;
mod currents;
mod decoding;
mod discriminant;
mod encoding;
mod intervals;
mod measure_error;
mod mixed_selectivity;
mod mixture;
mod noise_ceiling;
mod pca;
mod poisson;
mod psychometric;
mod readout;
mod reduced_rank;
mod regression_axes;
mod ridge_path;
mod samples;
mod selectivity;
mod sequences;
mod significance;
mod similarity;
mod spectrum;
mod task_variance;

pub use activity_compared::{ComparedStatistic, compare_statistics, wasserstein};
pub use activity_statistics::{ActivityStatistics, activity_statistics};
pub use balance::{Balance, balance};
pub use chronometric::{Chronometric, DriftFit, TimePoint, chronometric};
pub use clusters::{Clusters, KMeans, cluster, k_means, silhouette};
pub use components::{Components, ZScores};
pub use condition_averages::{condition_averages, group_averages};
pub use confusion::Confusion;
pub use correlation::{pearson, spearman};
pub use cross_validation::{Validated, group_folds};
pub use currents::{
    Agreement, Currents, Group, Through, agreement, currents, effective_connectivity, groups_of,
};
pub use decoding::{Chance, CrossTemporal, Decoded, DecodingOptions, decode, decode_across_times};
pub use encoding::{Encoded, EncodingModel, EncodingOptions, encode, encoding_significance};
pub use intervals::wilson;
pub use measure_error::MeasureError;
pub use mixed_selectivity::{
    MixedSelectivity, SpatialClustering, mixed_selectivity, population_gains, spatial_clustering,
};
pub use mixture::{
    Gaussian, Mixture, MixtureOptions, adjusted_rand, mixture, mixture_stability, mixtures,
};
pub use noise_ceiling::{NoiseCeiling, noise_ceiling};
pub use pca::{Pca, participation_ratio, pca};
pub use poisson::{
    Poisson, bits_per_spike, deviance_explained, poisson_deviance, poisson_regression,
};
pub use psychometric::{
    ChoicePoint, Estimate, Psychometric, PsychometricOptions, Shape, psychometric,
};
pub use readout::{OutputDimension, output_dimension, readout_alignment};
pub use reduced_rank::{
    CommunicationSubspace, ReducedRank, SubspaceOptions, communication_subspace, principal_cosines,
    reduced_rank,
};
pub use regression_axes::{RegressionAxes, Regressor, regress, regression_axes};
pub use ridge_path::{Linear, RidgePath};
pub use selectivity::{Contrast, Preference, contrasts, preferences, window_means};
pub use sequences::{SequenceIndex, lifetime_sparseness, sequence_index};
pub use significance::{benjamini_hochberg, permutation_p, permuted_groups};
pub use similarity::{Cca, Procrustes, cca, procrustes};
pub use spectrum::{Spectrum, circle_radius, effective_rank, spectrum};
pub use task_variance::{TaskVariance, task_variance};
