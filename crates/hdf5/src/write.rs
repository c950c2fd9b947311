//! Writing.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use attractor_data::files::write_atomically;
use attractor_data::{FileError, FileProblem};
use hdf5_pure::{FileBuilder, FinishedGroup, GroupBuilder};
use ndarray::ArrayD;

/// The content of a file, or of a group in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tree {
    groups: BTreeMap<String, Tree>,
    leaves: BTreeMap<String, Leaf>,
}

#[derive(Debug, Clone, PartialEq)]
enum Leaf {
    Numbers(ArrayD<f64>),
    Single(ArrayD<f32>),
    Integers(ArrayD<i64>),
    Text { shape: Vec<usize>, values: Vec<String> },
}

impl Tree {
    /// The group of a name, empty at first.
    pub fn group(&mut self, name: &str) -> &mut Tree {
        self.groups.entry(name.to_owned()).or_default()
    }

    /// Adds an array of numbers in double precision; one number has no axes.
    pub fn numbers(&mut self, name: &str, values: &ArrayD<f64>) {
        self.leaves.insert(name.to_owned(), Leaf::Numbers(values.clone()));
    }

    /// Adds an array of numbers in single precision.
    pub fn single(&mut self, name: &str, values: &ArrayD<f32>) {
        self.leaves.insert(name.to_owned(), Leaf::Single(values.clone()));
    }

    /// Adds an array of integers.
    pub fn integers(&mut self, name: &str, values: &ArrayD<i64>) {
        self.leaves.insert(name.to_owned(), Leaf::Integers(values.clone()));
    }

    /// Adds one text.
    pub fn text(&mut self, name: &str, value: &str) {
        let values = vec![value.to_owned()];
        self.leaves.insert(name.to_owned(), Leaf::Text { shape: Vec::new(), values });
    }

    /// Adds an array of texts.
    pub fn texts(&mut self, name: &str, values: &ArrayD<String>) {
        let shape = values.shape().to_vec();
        let values = values.iter().cloned().collect();
        self.leaves.insert(name.to_owned(), Leaf::Text { shape, values });
    }

    /// The bytes of a file; `path` stands for it in messages.
    ///
    /// # Errors
    /// [`FileProblem::Io`] for names that the format does not take.
    pub fn bytes(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        let mut file = FileBuilder::new();
        for (name, group) in &self.groups {
            let started = file.create_group(name);
            file.add_group(group.fill(started));
        }
        for (name, leaf) in &self.leaves {
            leaf.put(file.create_dataset(name));
        }
        file.finish().map_err(|error| {
            let source = std::io::Error::other(error.to_string());
            FileProblem::Io { action: "writing", source }.of(path)
        })
    }

    /// Writes a file, which appears whole or not at all.
    ///
    /// # Errors
    /// [`FileProblem::Io`].
    pub fn write(&self, path: &Path) -> Result<(), FileError> {
        let bytes = self.bytes(path)?;
        write_atomically(path, |file| file.write_all(&bytes))
    }

    fn fill(&self, mut into: GroupBuilder) -> FinishedGroup {
        for (name, group) in &self.groups {
            let started = into.create_group(name);
            into.add_group(group.fill(started));
        }
        for (name, leaf) in &self.leaves {
            leaf.put(into.create_dataset(name));
        }
        into.finish()
    }
}

impl Leaf {
    fn put(&self, into: &mut hdf5_pure::DatasetBuilder) {
        let axes = |shape: &[usize]| -> Vec<u64> { shape.iter().map(|&n| n as u64).collect() };
        match self {
            Leaf::Numbers(values) => into
                .with_f64_data(&values.iter().copied().collect::<Vec<_>>())
                .with_shape(&axes(values.shape())),
            Leaf::Single(values) => into
                .with_f32_data(&values.iter().copied().collect::<Vec<_>>())
                .with_shape(&axes(values.shape())),
            Leaf::Integers(values) => into
                .with_i64_data(&values.iter().copied().collect::<Vec<_>>())
                .with_shape(&axes(values.shape())),
            Leaf::Text { shape, values } => into
                .with_vlen_strings(&values.iter().map(String::as_str).collect::<Vec<_>>())
                .with_shape(&axes(shape)),
        };
    }
}
