//! What a host relies on: the rules, the lines, churn, and real threads.

mod lines;
mod sequential;
mod stress;
