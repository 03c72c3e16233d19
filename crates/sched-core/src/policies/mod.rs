//! The built-in policies, one file each, and the orders they share.
//!
//! | policy | order | placement | binds |
//! |---|---|---|---|
//! | [`fifo`] | [`Arrival`] | [`fifo::FirstFit`] | late |
//! | [`round_robin`] | [`Arrival`] | [`round_robin::RoundRobin`] | early |
//! | [`load_aware_spread`] | [`Arrival`] | [`load_aware_spread::Spread`] | early |
//! | [`load_aware_pack`] | [`Arrival`] | [`load_aware_pack::Pack`] | late |
//! | [`priority`] | [`priority::Urgency`] | [`load_aware_spread::Spread`] | late |
//! | [`random`] | [`Arrival`] | [`random::Random`] | early |
//! | [`power_of_two`] | [`Arrival`] | [`power_of_two::PowerOfTwo`] | early |
//!
//! Each file tells the registry of itself in `info`.

mod arrival;
pub mod fifo;
pub mod load_aware_pack;
pub mod load_aware_spread;
pub mod power_of_two;
pub mod priority;
pub mod random;
pub mod round_robin;

pub use arrival::Arrival;
