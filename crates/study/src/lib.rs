//! Publications, rerun: each study composes library parts and checks its paper's claims.
