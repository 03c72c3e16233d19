//! Any bytes as what a peer sends: the decoder never panics, and keeps its promises.
#![no_main]

#[path = "../src/property.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    property::decoder_keeps_its_promises(bytes);
});
