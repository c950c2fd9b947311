//! Configuration, training runs, checkpoints, the run directory.
