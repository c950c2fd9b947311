//! One row of named values per trial: coherence, context, stimulus, animal, day.

use serde::{Deserialize, Serialize};

use crate::TrialsError;

/// One named column of [`Conditions`], with one entry per trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Column {
    /// Numbers, such as a coherence.
    Numbers(Vec<f64>),
    /// Labels, such as a context.
    Labels(Vec<String>),
}

/// One entry of a [`Column`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A number.
    Number(f64),
    /// A label.
    Label(String),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Number(number) => write!(f, "{number}"),
            Value::Label(label) => f.write_str(label),
        }
    }
}

impl Column {
    /// Number of trials.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Column::Numbers(numbers) => numbers.len(),
            Column::Labels(labels) => labels.len(),
        }
    }

    /// Whether there is no trial.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry of a trial, or `None` past the end.
    #[must_use]
    pub fn value(&self, trial: usize) -> Option<Value> {
        match self {
            Column::Numbers(numbers) => numbers.get(trial).copied().map(Value::Number),
            Column::Labels(labels) => labels.get(trial).cloned().map(Value::Label),
        }
    }

    /// The trials of each distinct entry, entries in ascending order.
    #[must_use]
    pub fn groups(&self) -> Vec<(Value, Vec<usize>)> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        match self {
            Column::Numbers(numbers) => order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b])),
            Column::Labels(labels) => order.sort_by(|&a, &b| labels[a].cmp(&labels[b])),
        }
        let mut groups: Vec<(Value, Vec<usize>)> = Vec::new();
        for trial in order {
            let Some(value) = self.value(trial) else {
                continue;
            };
            match groups.last_mut() {
                Some((last, trials)) if *last == value => trials.push(trial),
                _ => groups.push((value, vec![trial])),
            }
        }
        groups
    }

    /// The entries of these trials, in this order.
    ///
    /// # Panics
    /// If there is no such trial.
    #[must_use]
    pub fn select(&self, trials: &[usize]) -> Column {
        match self {
            Column::Numbers(numbers) => {
                Column::Numbers(trials.iter().map(|&t| numbers[t]).collect())
            }
            Column::Labels(labels) => {
                Column::Labels(trials.iter().map(|&t| labels[t].clone()).collect())
            }
        }
    }
}

impl From<Vec<f64>> for Column {
    fn from(numbers: Vec<f64>) -> Self {
        Column::Numbers(numbers)
    }
}

impl From<Vec<String>> for Column {
    fn from(labels: Vec<String>) -> Self {
        Column::Labels(labels)
    }
}

impl From<Vec<&str>> for Column {
    fn from(labels: Vec<&str>) -> Self {
        Column::Labels(labels.into_iter().map(str::to_owned).collect())
    }
}

/// The conditions of a batch of trials: ordered named columns, one row per trial.
///
/// ```
/// use attractor_data::{Conditions, Value};
/// let conditions = Conditions::none(3)
///     .with("coherence", vec![-1.0, 4.0, -1.0])?
///     .with("context", vec!["A", "B", "B"])?;
/// let groups = conditions.column("coherence").unwrap().groups();
/// assert_eq!(groups, [(Value::Number(-1.0), vec![0, 2]), (Value::Number(4.0), vec![1])]);
/// # Ok::<(), attractor_data::TrialsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conditions {
    trials: usize,
    columns: Vec<(String, Column)>,
}

impl Conditions {
    /// No columns, for this many trials.
    #[must_use]
    pub fn none(trials: usize) -> Self {
        Conditions { trials, columns: Vec::new() }
    }

    /// Adds a column.
    ///
    /// # Errors
    /// [`TrialsError::Rows`] unless it has one entry per trial; [`TrialsError::Twice`] if the name is
    /// taken; [`TrialsError::NotFinite`] for NaN and infinities.
    pub fn with(mut self, name: &str, column: impl Into<Column>) -> Result<Self, TrialsError> {
        let column = column.into();
        if column.len() != self.trials {
            return Err(TrialsError::Rows {
                name: name.to_owned(),
                expected: self.trials,
                found: column.len(),
            });
        }
        if self.column(name).is_some() {
            return Err(TrialsError::Twice { what: "condition", name: name.to_owned() });
        }
        if let Column::Numbers(numbers) = &column
            && let Some(trial) = numbers.iter().position(|x| !x.is_finite())
        {
            let key = format!("conditions/{name}");
            return Err(TrialsError::NotFinite { key, index: vec![trial], value: numbers[trial] });
        }
        self.columns.push((name.to_owned(), column));
        Ok(self)
    }

    /// Number of trials.
    #[must_use]
    pub fn trials(&self) -> usize {
        self.trials
    }

    /// Columns with their names, in order.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.columns.iter().map(|(name, column)| (name.as_str(), column))
    }

    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, column)| column)
    }

    /// The numbers of this column; `None` if it is absent or holds labels.
    #[must_use]
    pub fn numbers(&self, name: &str) -> Option<&[f64]> {
        match self.column(name) {
            Some(Column::Numbers(numbers)) => Some(numbers),
            _ => None,
        }
    }

    /// The labels of this column; `None` if it is absent or holds numbers.
    #[must_use]
    pub fn labels(&self, name: &str) -> Option<&[String]> {
        match self.column(name) {
            Some(Column::Labels(labels)) => Some(labels),
            _ => None,
        }
    }

    /// The rows of these trials, in this order; a trial may be named more than once.
    ///
    /// # Errors
    /// [`TrialsError::NoSuchTrial`].
    pub fn select(&self, trials: &[usize]) -> Result<Self, TrialsError> {
        if let Some(&trial) = trials.iter().find(|&&t| t >= self.trials) {
            return Err(TrialsError::NoSuchTrial { trial, trials: self.trials });
        }
        let columns = self
            .columns
            .iter()
            .map(|(name, column)| (name.clone(), column.select(trials)))
            .collect();
        Ok(Conditions { trials: trials.len(), columns })
    }

    /// These rows, then those of another batch with the same columns.
    ///
    /// # Errors
    /// [`TrialsError::Differ`] if names, order or kinds of columns differ.
    pub fn concatenate(&self, other: &Self) -> Result<Self, TrialsError> {
        let differ = || TrialsError::Differ {
            what: "conditions",
            first: self.describe(),
            second: other.describe(),
        };
        if self.columns.len() != other.columns.len() {
            return Err(differ());
        }
        let mut columns = Vec::with_capacity(self.columns.len());
        for ((name, a), (other_name, b)) in self.columns.iter().zip(&other.columns) {
            let joined = match (a, b) {
                _ if name != other_name => return Err(differ()),
                (Column::Numbers(a), Column::Numbers(b)) => {
                    Column::Numbers([a.as_slice(), b].concat())
                }
                (Column::Labels(a), Column::Labels(b)) => {
                    Column::Labels([a.as_slice(), b].concat())
                }
                _ => return Err(differ()),
            };
            columns.push((name.clone(), joined));
        }
        Ok(Conditions { trials: self.trials + other.trials, columns })
    }

    fn describe(&self) -> String {
        let kind = |column: &Column| {
            if matches!(column, Column::Numbers(_)) { "numbers" } else { "labels" }
        };
        let columns: Vec<String> =
            self.columns().map(|(name, column)| format!("{name}: {}", kind(column))).collect();
        format!("[{}]", columns.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_checked() {
        let two = || Conditions::none(2).with("a", vec![1.0, 2.0]).unwrap();
        assert!(matches!(
            two().with("b", vec![1.0]),
            Err(TrialsError::Rows { expected: 2, found: 1, .. })
        ));
        assert!(matches!(two().with("a", vec!["x", "y"]), Err(TrialsError::Twice { .. })));
        assert!(matches!(two().with("b", vec![0.0, f64::NAN]), Err(TrialsError::NotFinite { .. })));
        assert!(matches!(
            two().select(&[2]),
            Err(TrialsError::NoSuchTrial { trial: 2, trials: 2 })
        ));
    }

    #[test]
    fn joining_undoes_selecting() {
        let all = Conditions::none(3)
            .with("a", vec![1.0, 2.0, 3.0])
            .unwrap()
            .with("l", vec!["x", "y", "z"])
            .unwrap();
        let joined = all.select(&[0]).unwrap().concatenate(&all.select(&[1, 2]).unwrap()).unwrap();
        assert_eq!(joined, all);
        let other = Conditions::none(1).with("a", vec!["1"]).unwrap();
        assert!(matches!(all.concatenate(&other), Err(TrialsError::Differ { .. })));
    }
}
