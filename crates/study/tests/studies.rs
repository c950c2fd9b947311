//! Every study at smoke scale: each path runs, each claim gets a number, and the pages say what the
//! tables say.

use std::fs;
use std::path::Path;

use attractor_study::{Event, Observer, Outcome, Request, STUDIES, Scale, run};

struct Quiet;

impl Observer for Quiet {
    fn event(&self, _: &Event<'_>) {}
}

#[test]
fn every_study_measures_every_claim() {
    let dir = tempfile::tempdir().unwrap();
    for study in STUDIES {
        let name = study.name();
        let request = Request {
            scale: Scale::Smoke,
            seeds: Some(1),
            threads: 2,
            out: dir.path().join(name),
            data: None,
        };
        let Outcome::Done(results) = run(*study, &request, &Quiet).unwrap() else {
            panic!("{name} was interrupted");
        };
        assert_eq!(results.diverged, 0, "{name}");
        for claim in &results.claims {
            let left_out = claim.skipped.is_some() && study.needs().is_some();
            assert!(claim.measured.summary.is_some() || left_out, "{name} {}", claim.id);
        }
        for reported in &results.reported {
            assert!(reported.measured.summary.is_some(), "{name} {}", reported.id);
        }
        let figures = fs::read_dir(request.out.join("figures")).unwrap().count();
        assert!(figures >= 2, "{name}: {figures} files of figures");
    }
}

/// `docs/studies/NAME.md` has a row for each claim, as the table has it.
#[test]
fn pages_say_what_is_expected() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/studies");
    for study in STUDIES {
        let page = fs::read_to_string(docs.join(format!("{}.md", study.name()))).unwrap();
        assert!(page.contains(study.title()) && page.contains(study.reference()));
        for claim in study.expected() {
            let row = format!(
                "| `{}` | {} | {} {} |",
                claim.id,
                claim.statement.replace('|', "\\|"),
                claim.relation.sign(),
                claim.value
            );
            assert!(page.contains(&row), "docs/studies/{}.md has no row\n{row}", study.name());
        }
        for reported in study.reported() {
            let row = format!("| `{}` | {} |", reported.id, reported.statement);
            assert!(page.contains(&row), "docs/studies/{}.md has no row\n{row}", study.name());
        }
    }
}
