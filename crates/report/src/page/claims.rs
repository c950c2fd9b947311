//! The claims of a study as a table: what was expected, what came out, over how many seeds, whether it holds.

use super::{Cell, Table};

/// One claim of a study.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    id: String,
    statement: String,
    source: String,
    expected: String,
    measured: String,
    seeds: String,
    holds: bool,
    not_run: bool,
}

impl Claim {
    /// A claim under its id, in words. It holds only once [`Claim::measured`] says so.
    #[must_use]
    pub fn new(id: impl Into<String>, statement: impl Into<String>) -> Claim {
        Claim {
            id: id.into(),
            statement: statement.into(),
            source: String::new(),
            expected: String::new(),
            measured: String::new(),
            seeds: String::new(),
            holds: false,
            not_run: false,
        }
    }

    /// Where it stands: "figure 3b".
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Claim {
        self.source = source.into();
        self
    }

    /// The relation that is expected: "≥ 0.9".
    #[must_use]
    pub fn expected(mut self, relation: impl Into<String>) -> Claim {
        self.expected = relation.into();
        self
    }

    /// What was measured, over which seeds ("3 of 3"), and whether the claim holds.
    #[must_use]
    pub fn measured(
        mut self,
        value: impl Into<String>,
        seeds: impl Into<String>,
        holds: bool,
    ) -> Claim {
        (self.measured, self.seeds, self.holds) = (value.into(), seeds.into(), holds);
        self
    }

    /// It was not measured, and why: it neither holds nor fails.
    #[must_use]
    pub fn not_run(mut self, why: impl Into<String>) -> Claim {
        (self.measured, self.not_run) = (why.into(), true);
        self
    }
}

impl Table {
    /// A table of claims, each with its verdict.
    ///
    /// ```
    /// use attractor_report::{Claim, Page, Table};
    /// let claim = Claim::new("rank", "Rank two suffices").expected("≥ 0.9").measured("0.97", "3 of 3", true);
    /// let html = Page::new("low-rank-inference").table(Table::claims("Claims", [claim])).html();
    /// assert!(html.contains("holds"));
    /// ```
    #[must_use]
    pub fn claims(caption: impl Into<String>, claims: impl IntoIterator<Item = Claim>) -> Table {
        let columns = ["verdict", "claim", "expected", "measured", "seeds", "source", "id"];
        let table = Table::new(caption).columns(columns);
        claims.into_iter().fold(table, |table, c| {
            table.row([
                if c.not_run { Cell::text("not run") } else { Cell::verdict(c.holds) },
                Cell::prose(c.statement),
                Cell::text(c.expected),
                if c.not_run { Cell::prose(c.measured) } else { Cell::text(c.measured) },
                Cell::text(c.seeds),
                Cell::prose(c.source),
                Cell::text(c.id),
            ])
        })
    }
}
