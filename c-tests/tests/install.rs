//! An installation by CMake can be used by CMake and pkg-config.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use vmi_c_tests::stage::{Stage, built_dir};
use vmi_c_tests::{find_tool, home, root, skip};

const PROJECT: &str = "
cmake_minimum_required(VERSION 3.16)
project(user LANGUAGES C)
find_package(VMI REQUIRED COMPONENTS VMI)
add_executable(user user.c)
target_compile_definitions(user PRIVATE _GNU_SOURCE)
target_link_libraries(user VMI::VMI)
";

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{text}{errors}");
    text
}

/// Installs what was built for the other tests, without building again.
fn install(cmake: &Path, place: &Path) -> PathBuf {
    Stage::get();
    let target = built_dir().parent().expect("a profile lies in a target folder").to_path_buf();
    let kind = if cfg!(debug_assertions) { "Debug" } else { "Release" };
    let (build, prefix) = (place.join("build"), place.join("prefix"));
    let mut configure = Command::new(cmake);
    configure.arg("-S").arg(root().join("cmake")).arg("-B").arg(&build);
    configure.arg(format!("-DCMAKE_BUILD_TYPE={kind}")).arg(format!("-DVMI_TARGET={}", target.display()));
    run(configure.arg(format!("-DCMAKE_INSTALL_PREFIX={}", prefix.display())));
    run(Command::new(cmake).arg("--install").arg(&build));
    prefix
}

#[test]
fn an_installation_serves_cmake_and_pkg_config() {
    let Some(cmake) = find_tool("cmake") else { return skip("cmake is not installed") };
    let place = std::env::temp_dir().join(format!("vmi-install-{}", std::process::id()));
    fs::create_dir_all(place.join("user")).expect("the temporary folder can be written");
    let prefix = install(&cmake, &place);

    fs::write(place.join("user/CMakeLists.txt"), PROJECT).expect("the temporary folder can be written");
    let program = fs::read_to_string(home().join("vmi/errors.c")).expect("the program is there");
    fs::write(place.join("user/user.c"), program).expect("the temporary folder can be written");
    fs::copy(home().join("vmi/client.h"), place.join("user/client.h")).expect("the header is there");
    let mut configure = Command::new(&cmake);
    configure.arg("-S").arg(place.join("user")).arg("-B").arg(place.join("user/build"));
    run(configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display())));
    run(Command::new(&cmake).arg("--build").arg(place.join("user/build")));
    assert!(run(&mut Command::new(place.join("user/build/user"))).contains("PASS"));

    if let Some(tool) = find_tool("pkg-config") {
        let mut flags = Command::new(tool);
        let flags = run(flags
            .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"))
            .args(["--cflags", "--libs", "vmi"]));
        assert!(
            flags.contains(&format!("-I{}/include", prefix.display())) && flags.contains("-lvmi"),
            "{flags}"
        );
    }
    let _ = fs::remove_dir_all(&place);
}
