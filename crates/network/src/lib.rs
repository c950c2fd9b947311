//! Neuron library, populations, wirings, projections, and the plan they compile to.
