//! A state space on the page: its projection for paper, and the data from which the script draws the view that turns.

use std::fmt::Write;

use super::write_caption;
use crate::{
    figure::Width,
    space::{StateSpace, json},
    svg::escape,
};

/// The figure with its caption; the script adds the view and hides the projection, except on paper.
pub(super) fn write(out: &mut String, space: &StateSpace, number: usize) {
    let still = space.figure(Width::Double);
    let told = escape(&format!("Figure {number}. State space that turns. {}", space.told()));
    let _ = write!(
        out,
        "<figure class=\"space\" style=\"--w:{:.0}mm\" data-told=\"{told}\">\n<div class=\"plate still\" tabindex=\"0\" role=\"group\" aria-label=\"Figure {number}\">{}</div>\n",
        still.width_mm(),
        still.inline_svg()
    );
    let _ = writeln!(out, "<script type=\"application/json\">{}</script>", json(space));
    write_caption(out, &still, number);
    out.push_str("</figure>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trajectory;

    #[test]
    fn nothing_in_the_data_ends_the_script() {
        let evil = "</script><b>";
        let space = StateSpace::new([evil; 3])
            .trajectory(Trajectory::new(evil, [[0.0, 1.0, 2.0], [1.0, 0.0, 1.0]]))
            .note(evil);
        let mut out = String::new();
        write(&mut out, &space, 1);
        assert_eq!(out.matches("</script>").count(), 1);
        assert!(!out.contains("<b>State") && !out.contains("><b></"));
        assert!(roxmltree::Document::parse(&out).is_ok());
    }
}
