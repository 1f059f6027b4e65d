#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| vmi::manage::fuzz::control(data));
