//! `docs/neurons.md` is generated: this test says when it is stale, and rewrites it if asked to.

use attractor_equations::Neuron;
use attractor_network::library::{self, NoisePlace};

const HEAD: &str = "# Neurons\n\nGenerated from the library; `UPDATE_PAGES=1 cargo test -p attractor-network --test pages` writes it anew. \
Leaky units exist for the nonlinearities tanh, relu, softplus, sigmoid, linear, erf, retanh and clipped, as `leaky-…` \
(nonlinearity outside the leak: the state is a current) and `rate-…` (inside: the state is the rate); the pages below show tanh, \
with noise outside and inside the leak. Write one of your own: [neuron-text.md](neuron-text.md).\n";

#[test]
fn the_page_of_neurons_is_fresh() {
    let mut page = HEAD.to_owned();
    let shown = [
        ("leaky-tanh", NoisePlace::Outside),
        ("rate-tanh", NoisePlace::Inside),
        ("elman", NoisePlace::None),
    ];
    let families = ["leaky-", "rate-", "elman"];
    let others =
        library::names().into_iter().filter(|n| !families.iter().any(|f| n.starts_with(f)));
    let others: Vec<(String, NoisePlace)> = others.map(|name| (name, NoisePlace::None)).collect();
    for (name, noise) in shown.map(|(n, place)| (n.to_owned(), place)).into_iter().chain(others) {
        let neuron = library::neuron(&name, noise).unwrap().unwrap();
        page += &format!("\n{}", neuron.page());
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/neurons.md");
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == page, "docs/neurons.md is stale: run with UPDATE_PAGES=1");
}

#[test]
fn every_neuron_has_what_a_page_needs() {
    for name in library::names() {
        let neuron = library::neuron(&name, NoisePlace::None).unwrap().unwrap();
        assert!(!neuron.doc.is_empty(), "{name}");
        assert_eq!(Neuron::parse(&neuron.to_text(), &name).unwrap(), neuron, "{name} as text");
        for row in neuron.symbols() {
            let emission = row.kind == attractor_equations::SymbolKind::Emission;
            assert!(emission || !row.doc.is_empty(), "{name}: {} has no meaning", row.name);
        }
    }
}
