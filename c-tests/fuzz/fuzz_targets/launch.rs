#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| vmi::launch::fuzz::conversations(data));
