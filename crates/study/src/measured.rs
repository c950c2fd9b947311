//! What one seed gives: named values, and named series for figures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Named values and series. What is not finite is kept as missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    values: BTreeMap<String, Option<f64>>,
    series: BTreeMap<String, Vec<Option<f64>>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    skipped: BTreeMap<String, String>,
}

impl Measured {
    /// With a value.
    #[must_use]
    pub fn with(mut self, name: &str, value: f64) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a value.
    pub fn set(&mut self, name: &str, value: f64) {
        self.values.insert(name.to_owned(), finite(value));
    }

    /// Says that a value was not measured, and why: for want of data that nobody has given.
    pub fn skip(&mut self, name: &str, why: &str) {
        self.skipped.insert(name.to_owned(), why.to_owned());
    }

    /// Why a value was not measured, if it was left out on purpose.
    #[must_use]
    pub fn skipped(&self, name: &str) -> Option<&str> {
        self.skipped.get(name).map(String::as_str)
    }

    /// Sets a series.
    pub fn set_series(&mut self, name: &str, values: impl IntoIterator<Item = f64>) {
        self.series.insert(name.to_owned(), values.into_iter().map(finite).collect());
    }

    /// A value, if it is there and finite.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        *self.values.get(name)?
    }

    /// A series, empty if it is not there; what was not finite is NaN.
    #[must_use]
    pub fn series(&self, name: &str) -> Vec<f64> {
        let values = self.series.get(name).into_iter().flatten();
        values.map(|value| value.unwrap_or(f64::NAN)).collect()
    }

    /// Names and values.
    pub fn values(&self) -> impl Iterator<Item = (&str, Option<f64>)> {
        self.values.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
