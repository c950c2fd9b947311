//! The page of a neuron: what a reader needs to use it, as Markdown.

use std::fmt::Write;

use crate::neuron::Neuron;

impl Neuron {
    /// Title, meaning, source, equations as typed and as typeset, and the table of symbols.
    ///
    /// ```
    /// # use attractor_equations::Neuron;
    /// let neuron = Neuron::define("leaky", |n| {
    ///     let (x, i) = (n.state("x"), n.drive("I"));
    ///     n.flow(x, (i - x) / n.param("tau", 100.0).unit("ms").doc("time constant"));
    ///     n.emit("r", n.after(x).tanh());
    /// })?;
    /// assert!(neuron.page().contains("| `tau` | parameter | ms | 100 | | time constant |"));
    /// # Ok::<(), attractor_equations::NeuronError>(())
    /// ```
    pub fn page(&self) -> String {
        let mut page = format!("## {}\n\n", self.name);
        if !self.doc.is_empty() {
            page += &format!("{}.\n\n", self.doc.trim_end_matches('.'));
        }
        page += "```\n";
        for equation in &self.to_text().equations {
            page += &format!("{equation}\n");
        }
        page += "```\n\n";
        for line in self.latex() {
            page += &format!("$$ {line} $$\n");
        }
        page += "\n| symbol | is | unit | default | | meaning |\n|---|---|---|---|---|---|\n";
        for row in self.symbols() {
            let default = row.default.map_or(String::new(), |value| value.to_string());
            let mut notes = Vec::new();
            if row.per_unit {
                notes.push("per unit".to_owned());
            }
            if row.trained {
                notes.push("trained".to_owned());
            }
            match row.range {
                (Some(low), Some(high)) => notes.push(format!("{low} to {high}")),
                (Some(low), None) => notes.push(format!("at least {low}")),
                (None, Some(high)) => notes.push(format!("at most {high}")),
                (None, None) => {}
            }
            let notes = notes.join(", ");
            let cells = [row.kind.to_string(), row.unit, default, notes, row.doc];
            let cells =
                cells.map(|cell| if cell.is_empty() { " ".into() } else { format!(" {cell} ") });
            let _ = writeln!(page, "| `{}` |{}|", row.name, cells.join("|"));
        }
        let requires = self.to_text().requires;
        if !requires.is_empty() {
            page += &format!("\nRequires `{}`.\n", requires.join("`, `"));
        }
        if !self.source.is_empty() {
            page += &format!("\nSource: {}.\n", self.source.trim_end_matches('.'));
        }
        page
    }
}
