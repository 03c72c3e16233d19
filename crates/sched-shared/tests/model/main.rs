//! Placeholder of the model checks.
