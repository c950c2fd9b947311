//! Everything trainable as one named flat vector.

use std::ops::Range;
use std::sync::Arc;

use attractor_numerics::Real;

use crate::constraint::Constraint;
use crate::error::NetworkError;

/// One named array of the parameter vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Name: `rec->rec.W`, `rec.I.bias`, `rec.tau`, `rec.x.start`.
    pub name: String,
    /// Shape, row-major: weights are `[target, source]`.
    pub shape: Vec<usize>,
    /// Place in the flat vector.
    pub range: Range<usize>,
    /// Changed by training unless a phase says otherwise.
    pub trained: bool,
    /// Smallest and largest value; training stays inside.
    pub limits: (f64, f64),
    /// Mask and signs of the weights of a wiring; training stays inside.
    pub constraint: Option<Arc<Constraint>>,
}

/// Names, shapes and places of all parameters of a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    entries: Vec<Entry>,
    len: usize,
}

impl Layout {
    /// All entries, in the order of the flat vector.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Length of the flat vector.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Nothing to train, nothing fixed.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The entry of a name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// One named array of a flat vector.
    ///
    /// # Errors
    /// A name that is not there, a vector of another length.
    pub fn array<'p, T>(&self, name: &str, parameters: &'p [T]) -> Result<&'p [T], NetworkError> {
        Ok(&parameters[self.place(name, parameters.len())?])
    }

    /// One named array of a flat vector, to be changed.
    ///
    /// # Errors
    /// A name that is not there, a vector of another length.
    pub fn array_mut<'p, T>(
        &self,
        name: &str,
        parameters: &'p mut [T],
    ) -> Result<&'p mut [T], NetworkError> {
        let place = self.place(name, parameters.len())?;
        Ok(&mut parameters[place])
    }

    fn place(&self, name: &str, len: usize) -> Result<Range<usize>, NetworkError> {
        if len != self.len {
            return Err(NetworkError::value("number of parameters", len, self.len.to_string()));
        }
        let known = || self.entries.iter().map(|entry| entry.name.as_str());
        let unknown = || NetworkError::unknown("parameter", name, known());
        self.get(name).map(|entry| entry.range.clone()).ok_or_else(unknown)
    }

    /// Brings a flat vector back within the masks and signs of all wirings, as every change of the
    /// parameters must end. The optimisers of `attractor-learn` do so by themselves.
    ///
    /// # Errors
    /// A vector of another length.
    pub fn hold<T: Real>(&self, parameters: &mut [T]) -> Result<(), NetworkError> {
        if parameters.len() != self.len {
            let expected = self.len.to_string();
            return Err(NetworkError::value("number of parameters", parameters.len(), expected));
        }
        for entry in &self.entries {
            if let Some(constraint) = &entry.constraint {
                constraint.apply(&mut parameters[entry.range.clone()]);
            }
        }
        Ok(())
    }

    /// The entry that holds place `index` of the flat vector.
    pub fn at(&self, index: usize) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.range.contains(&index))
    }

    pub(crate) fn push(
        &mut self,
        name: String,
        shape: Vec<usize>,
        trained: bool,
        limits: (f64, f64),
        constraint: Option<Arc<Constraint>>,
    ) -> Range<usize> {
        let range = self.len..self.len + shape.iter().product::<usize>();
        self.len = range.end;
        self.entries.push(Entry { name, shape, range: range.clone(), trained, limits, constraint });
        range
    }
}
