//! Questions put to activity, or to anything with dynamics.
