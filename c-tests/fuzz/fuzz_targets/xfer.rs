#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| vmi::devices::xfer::fuzz::peer(data));
