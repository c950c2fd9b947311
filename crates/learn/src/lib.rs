//! Objectives, optimisers, learners, phases.
