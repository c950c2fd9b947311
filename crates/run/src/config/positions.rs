//! The key `network.positions`: a table, or a file of points.

use std::path::Path;

use attractor_data::connectome::read_places;
use attractor_network::Positions;

use super::network::{NetworkConfig, PositionsChoice};
use super::problem::Problem;
use super::tree::Node;

/// Replaces the path of a file by the points in it, so that the configuration holds without the file.
pub(super) fn resolve(network: &mut NetworkConfig, user: &Node, problems: &mut Vec<Problem>) {
    let Some(PositionsChoice::File(path)) = &network.positions else { return };
    let node = user.get(&["network", "positions"]);
    let place = node.map(|node| node.place.clone()).unwrap_or_default();
    let file = place.directory().unwrap_or(Path::new("")).join(path);
    match read_places(&file) {
        Ok(places) => {
            let points = places.into_iter().map(|(_, point)| point).collect();
            network.positions = Some(PositionsChoice::Stated(Positions::Given { points }));
        }
        Err(error) => {
            problems.push(Problem::new("network.positions", error.to_string()).at(&place));
        }
    }
}
