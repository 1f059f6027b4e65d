//! Names the library as programs ask for it. It stays loaded once it is: it calls itself when the process ends.

fn main() {
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libvmi.so.2");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo:rerun-if-changed=build.rs");
}
