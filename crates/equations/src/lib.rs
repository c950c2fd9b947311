//! Equations of one neuron: define, parse, simplify, differentiate, execute by blocks.
