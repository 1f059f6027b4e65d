#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| vmi::devices::tcp::fuzz::inbox(data));
