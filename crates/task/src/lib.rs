//! Timing and the task library.
