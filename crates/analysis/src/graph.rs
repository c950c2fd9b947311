//! Measures of a network as a graph: units are nodes, weights are edges.
//!
//! Weights come as plain matrices `W[target, source]` and become a [`Graph`] once, which checks them;
//! every measure takes that. Most questions about trained weights go this way: the size of the weights,
//! the [`strongest`] of them, joined [in either direction](Graph::either_direction).
//!
//! | question | measure | edges |
//! |---|---|---|
//! | which groups are densely wired | [`louvain()`], [`spectral_modules`], [`modularity`] | weighted, directed |
//! | are neighbours of a node neighbours | [`clustering`] | weighted, directed |
//! | how far from one node to another | [`paths`], [`shortest_paths`] | weighted, directed |
//! | clustered and short at once | [`small_worldness`] | binary |
//! | do hubs keep to hubs | [`rich_club`] | binary |
//! | does a node serve many groups | [`participation`], [`within_module_degree`] | weighted, directed |
//! | how much goes in and out | [`Graph::degrees`], [`Graph::strengths`] | weighted, directed |
//! | are near units wired strongly | [`distance_correlation`], [`wiring_cost`] | weighted, directed |
//!
//! ```
//! use attractor_analysis::graph::{Graph, LouvainOptions, louvain, strongest};
//! use ndarray::Array2;
//!
//! // two groups of four units, wired strongly within and weakly between
//! let weights = Array2::from_shape_fn((8, 8), |(i, j)| if i / 4 == j / 4 { -0.9 } else { 0.1 });
//! let graph = Graph::directed(strongest(weights.view(), 0.5)?.view())?.either_direction();
//! let modules = louvain(&graph, &LouvainOptions::default())?;
//! assert_eq!(modules.labels, [0, 0, 0, 0, 1, 1, 1, 1]);
//! assert_eq!(modules.modularity, 0.5);
//! # Ok::<(), attractor_analysis::MeasureError>(())
//! ```

mod bits;
mod clustering;
mod edges;
mod louvain;
mod modules;
mod nulls;
mod participation;
mod paths;
mod rich_club;
mod small_world;
mod space;
mod spectral;
mod threshold;

pub use clustering::{clustering, mean_clustering};
pub use edges::{Degrees, Graph};
pub use louvain::{LouvainOptions, louvain};
pub use modules::{Modules, modularity};
pub use nulls::Null;
pub use participation::{participation, within_module_degree};
pub use paths::{Paths, paths, shortest_paths};
pub use rich_club::{RichClub, rich_club};
pub use small_world::{SmallWorld, small_worldness};
pub use space::{distance_correlation, distances, wiring_cost};
pub use spectral::spectral_modules;
pub use threshold::{quantile, strongest};
