//! Names the library as the programs of this ABI ask for it.

fn main() {
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libmpi.so.40");
    println!("cargo:rerun-if-changed=build.rs");
}
