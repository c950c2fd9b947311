//! HDF5 files: groups, arrays and texts by path. The one room that knows the format.
//!
//! [`Hdf5`] reads by path, [`Node`] from one object to the next; [`Tree`] writes. Reading takes floats,
//! integers, text, references and attributes, stored plainly or by chunks, deflated or not, as h5py and
//! MATLAB 7.3 write them, and follows soft links; where a link leads nowhere, or to another file, the error
//! says so. Nothing in a file is trusted: claimed sizes
//! are checked against the bytes that are there, and a damaged file gives an error, never a panic.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("a.h5");
//! use attractor_hdf5::{Hdf5, Tree};
//! let mut tree = Tree::default();
//! tree.text("about", "two rows");
//! tree.group("rates").numbers("day1", &ndarray::array![[1.0, 2.0], [3.0, 4.0]].into_dyn());
//! tree.write(&path)?;
//!
//! let file = Hdf5::open(&path)?;
//! assert_eq!(file.text("about")?, "two rows");
//! assert_eq!(file.members("rates")?, ["day1"]);
//! let day: ndarray::ArrayD<f64> = file.numbers("rates/day1")?;
//! assert_eq!(day[[1, 0]], 3.0);
//! # Ok(()) }
//! ```

mod bytes;
mod dense;
mod header;
mod links;
mod node;
mod read;
mod reference;
mod write;

pub use node::{Attributes, Kind, Node};
pub use read::Hdf5;
pub use write::{Attribute, Leaf, Tree};
