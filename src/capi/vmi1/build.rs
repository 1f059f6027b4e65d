//! Names the library as programs ask for it. It stays loaded once it is: modules may have started what cannot be undone.

fn main() {
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libvmi1.so.1");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo:rerun-if-changed=build.rs");
}
