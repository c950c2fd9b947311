//! Build, train, fit to recordings and reverse-engineer recurrent neural networks as models of the brain.
