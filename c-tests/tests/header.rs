//! `include/mpi.h` compiles alone, as C and as C++, without a warning, and has the layouts that the ABI fixes; so does
//! `include/vmi_device.h`.

use std::process::Command;
use vmi_c_tests::root;

const PROGRAM: &str = "
#include <mpi.h>
#ifdef __cplusplus
#define _Static_assert static_assert
#endif
_Static_assert(sizeof(MPI_Status) == 32, \"status\");
_Static_assert(sizeof(MPI_Comm) == sizeof(void *), \"handle\");
_Static_assert(sizeof(MPI_Aint) == sizeof(void *), \"address\");
_Static_assert(sizeof(MPI_Offset) == 8 && sizeof(MPI_Count) == 8, \"counts\");
int main(void) { return MPI_COMM_NULL == MPI_COMM_WORLD || MPI_BYTE == MPI_INT; }
";

const DEVICE: &str = "
#include <vmi_device.h>
const vmi_device_t vmi_device = { VMI_DEVICE_VERSION, sizeof(vmi_device_t), \"none\", \"\", NULL, NULL, NULL };
";

fn compile(compiler: &str, language: &[&str], program: &str) {
    let name = format!("vmi-header-{}-{}-{}", std::process::id(), language[1], program.len());
    let source = std::env::temp_dir().join(name);
    std::fs::write(&source, program).expect("the temporary folder can be written");
    let mut command = Command::new(compiler);
    command.args(language).args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I"]);
    let output = command.arg(root().join("include")).arg(&source).output().expect("the compiler runs");
    let _ = std::fs::remove_file(&source);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn compiles_alone_as_c() {
    compile("cc", &["-x", "c", "-std=c11"], PROGRAM);
    compile("cc", &["-x", "c", "-std=c99"], DEVICE);
}

#[test]
fn compiles_alone_as_cxx() {
    compile("c++", &["-x", "c++", "-std=c++17"], PROGRAM);
    compile("c++", &["-x", "c++", "-std=c++11"], DEVICE);
}
