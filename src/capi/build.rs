//! Names the library as programs ask for it.

fn main() {
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libvmi.so.2");
    println!("cargo:rerun-if-changed=build.rs");
}
