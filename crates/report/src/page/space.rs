//! What turns on the page: its projection for paper, and the data from which the script draws the view.

use std::fmt::Write;

use super::write_caption;
use crate::{figure::Figure, svg::escape};

/// The figure with its caption; the script adds the view and hides the projection, except on paper.
pub(super) fn write(out: &mut String, still: &Figure, told: &str, data: &str, number: usize) {
    let told = escape(&format!("Figure {number}. {told}"));
    let _ = write!(
        out,
        "<figure class=\"space\" style=\"--w:{:.0}mm\" data-told=\"{told}\">\n<div class=\"plate still\" tabindex=\"0\" role=\"group\" aria-label=\"Figure {number}\">{}</div>\n",
        still.width_mm(),
        still.inline_svg()
    );
    let _ = writeln!(out, "<script type=\"application/json\">{data}</script>");
    write_caption(out, still, number);
    out.push_str("</figure>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{StateSpace, Trajectory, Width, space::json};

    #[test]
    fn nothing_in_the_data_ends_the_script() {
        let evil = "</script><b>";
        let space = StateSpace::new([evil; 3])
            .trajectory(Trajectory::new(evil, [[0.0, 1.0, 2.0], [1.0, 0.0, 1.0]]))
            .note(evil);
        let mut out = String::new();
        write(&mut out, &space.figure(Width::Double), evil, &json(&space), 1);
        assert_eq!(out.matches("</script>").count(), 1);
        assert!(!out.contains("<b>State") && !out.contains("><b></"));
        assert!(roxmltree::Document::parse(&out).is_ok());
    }
}
