//! `include/vmi.h` and libvmi are one: prototypes, symbols, layouts; the header compiles alone; processes started by hand
//! find each other.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use vmi_c_tests::program::{Abi, compile};
use vmi_c_tests::stage::Stage;
use vmi_c_tests::{job, root};

/// Name, then the types of the arguments and of the result.
type Prototypes = BTreeMap<String, Vec<String>>;

/// A header without comments and preprocessor lines.
fn plain(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        code += before;
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    code += rest;
    let mut lines = Vec::new();
    let mut continued = false;
    for line in code.lines() {
        if !continued && !line.trim_start().starts_with('#') {
            lines.push(line);
        }
        continued = (continued || line.trim_start().starts_with('#')) && line.trim_end().ends_with('\\');
    }
    lines.join(" ")
}

/// `const char *name` and the like, as the type is spelled in Rust.
fn c_type(declaration: &str) -> String {
    let array = declaration.trim_end().ends_with("[]");
    let words: Vec<&str> = declaration.trim_end_matches("[]").split_whitespace().collect();
    let mut text = words.join(" ");
    let stars = text.matches('*').count() + usize::from(array);
    text = text.replace('*', " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let constant = words[0] == "const";
    let base = match words[usize::from(constant)] {
        "char" => "c_char",
        "int" => "c_int",
        "size_t" => "usize",
        other => other,
    };
    let pointer = if constant { "*const " } else { "*mut " };
    format!("{}{base}", pointer.repeat(stars))
}

fn header(name: &str, prefix: &str) -> Prototypes {
    let text = plain(&fs::read_to_string(root().join("include").join(name)).expect("the header is there"));
    let mut found = Prototypes::new();
    for statement in text.split([';', '{', '}']) {
        let statement = statement.trim();
        let Some((head, arguments)) = statement.split_once('(') else { continue };
        let head = head.replace('*', "* ");
        let (Some((result, name)), false) = (head.trim().rsplit_once(' '), statement.starts_with("typedef"))
        else {
            continue;
        };
        if !name.starts_with(prefix) {
            continue;
        }
        let arguments = arguments.trim_end_matches(')').split(',').map(str::trim);
        let mut types: Vec<String> = arguments.filter(|a| *a != "void").map(c_type).collect();
        types.push(c_type(result));
        found.insert(name.to_string(), types);
    }
    found
}

fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("the sources are there").flatten() {
        let path = entry.path();
        text += &match path.is_dir() {
            true => sources(&path),
            false => fs::read_to_string(&path).expect("sources are text"),
        };
    }
    text
}

fn exports(folder: &str, prefix: &str) -> Prototypes {
    let text = sources(&root().join(folder));
    let mut found = Prototypes::new();
    for item in text.split("#[unsafe(no_mangle)]").skip(1) {
        let Some((_, signature)) = item.split_once("extern \"C\" fn ") else { continue };
        let signature = signature.split_once('{').expect("functions have bodies").0;
        let (name, rest) = signature.split_once('(').expect("functions have arguments");
        let (arguments, result) = rest.rsplit_once(')').expect("functions have arguments");
        let types =
            arguments.split(',').filter_map(|a| a.split_once(':')).map(|(_, ty)| ty.trim().to_string());
        let mut types: Vec<String> = types.collect();
        let result = result.trim().trim_start_matches("->").trim();
        types.push(if result.is_empty() { "void".into() } else { result.into() });
        if name.starts_with(prefix) {
            found.insert(name.to_string(), types);
        }
    }
    found
}

#[test]
fn prototypes_are_the_same_in_c_and_rust() {
    compare(header("vmi.h", "VMI_"), exports("src/capi/src", "VMI_"), 60);
    compare(header("vmi1.h", "VMI1_"), exports("src/capi/vmi1/src", "VMI1_"), 13);
}

fn compare(c: Prototypes, rust: Prototypes, least: usize) {
    assert!(c.len() > least, "the header declares {} functions only", c.len());
    for (name, types) in &c {
        assert_eq!(Some(types), rust.get(name), "{name}: header, then library");
    }
    let undeclared: Vec<&String> = rust.keys().filter(|name| !c.contains_key(*name)).collect();
    assert!(undeclared.is_empty(), "exported but not declared: {undeclared:?}");
}

/// Names that a library exports.
fn symbols(library: &str) -> Vec<String> {
    let file = Stage::get().lib().join(library);
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(&file).output().expect("nm runs");
    assert!(output.status.success(), "nm {}", file.display());
    let text = String::from_utf8(output.stdout).expect("symbols are ASCII");
    text.lines().filter_map(|line| line.split_whitespace().nth(2)).map(String::from).collect()
}

#[test]
fn the_libraries_export_what_their_headers_declare_and_no_more() {
    // With the bridge to VMI 1, and VMI 1 as a device.
    let variables = ["VMI_DEVICE_RUNTIME", "localAddress", "recvFn", "vmi1_module"];
    check_exports("libvmi.so.2", header("vmi.h", "VMI_"), &variables);
    check_exports("libvmi1.so.1", header("vmi1.h", "VMI1_"), &["vmi_device"]);
}

fn check_exports(library: &str, declared: Prototypes, variables: &[&str]) {
    let exported = symbols(library);
    for name in declared.keys().map(String::as_str).chain(variables.iter().copied()) {
        assert!(exported.iter().any(|symbol| symbol == name), "{library} does not export {name}");
    }
    for name in &exported {
        let known = declared.contains_key(name) || variables.contains(&name.as_str());
        assert!(known || name == "rust_eh_personality", "{library} exports {name}");
    }
}

#[test]
fn libraries_are_named_as_programs_ask_for_them() {
    let all = [("libvmi.so", "libvmi.so.2"), ("libvmi20.so", "libvmi.so.2"), ("libvmi1.so", "libvmi1.so.1")];
    for (name, own) in all {
        let file = Stage::get().lib().join(name);
        let output = Command::new("readelf").arg("-d").arg(&file).output().expect("readelf runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(&format!("[{own}]")) && text.contains("NODELETE"), "{}", file.display());
    }
}

const PROGRAM: &str = "
int main(void) {
    PVMI_CONNECT connection = NULL;
    VMI_CONNECT_RESPONSE answer = VMI_Connection_Create(&connection);
    DEBUG_PRINT(\"%d\", there_is_no_such_variable);
    VMI_STREAM_SET_RECV_FUNCTION(NULL);
    switch (answer) { case VMI_CONNECT_RESPONSE_ACCEPT: case VMI_CONNECT_RESPONSE_REJECT: break; default: return 1; }
    return VMI_SUCCESS(answer) && localAddress == NULL && getpwuid(0) && AF_INET == 2 && sched_yield();
}
";

fn check_header(language: &str, standard: &str, includes: &str) {
    let name = format!("vmi-header-{}-{standard}-{}", std::process::id(), includes.len());
    let source = std::env::temp_dir().join(name);
    fs::write(&source, format!("{includes}\n{PROGRAM}")).expect("the temporary folder can be written");
    let mut command = Command::new(if language == "c" { "cc" } else { "c++" });
    command.args(["-x", language, &format!("-std={standard}"), "-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
    command.args(["-fsyntax-only", "-D_GNU_SOURCE", "-I"]).arg(root().join("include"));
    let output = command.arg(&source).output().expect("the compiler runs");
    let _ = fs::remove_file(&source);
    assert!(output.status.success(), "{standard}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn headers_compile_alone() {
    for version in ["", "#define VMI_API_VERSION 20\n", "#define VMI_API_VERSION 21\n"] {
        for (language, standard) in [("c", "c99"), ("c", "gnu17"), ("c++", "c++11"), ("c++", "c++17")] {
            check_header(
                language,
                standard,
                &format!("{version}#define VMI_DEVICENAME \"x\"\n#include <vmi.h>"),
            );
        }
    }
}

/// Runs the program of `vmi1/loop` with a configuration file of one line.
fn with_module(line: &str, depth: &str) -> job::Outcome {
    let program = compile("vmi1/loop", Abi::Vmi).unwrap_or_else(|why| panic!("{why}"));
    let name = format!("vmi1-{}-{}.conf", std::process::id(), line.len());
    let file = std::env::temp_dir().join(name);
    fs::write(&file, line).expect("the temporary folder can be written");
    let mut command = Command::new(program);
    command.arg(depth).env("VMI1_CONFIG", &file).env("LD_LIBRARY_PATH", Stage::get().lib());
    let outcome = job::run(&mut command, Duration::from_secs(30));
    let _ = fs::remove_file(&file);
    outcome
}

#[test]
fn modules_of_vmi_1_are_loaded_by_path() {
    let module = std::env::temp_dir().join(format!("libloop-{}.so", std::process::id()));
    let mut command = Command::new("cc");
    command.args([
        "-DMODULE",
        "-shared",
        "-fPIC",
        "-std=c99",
        "-Wall",
        "-Wextra",
        "-pedantic",
        "-Werror",
        "-I",
    ]);
    command.arg(root().join("include")).arg(vmi_c_tests::home().join("vmi1/loop.c")).arg("-o").arg(&module);
    let made = command.output().expect("the compiler runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let path = module.display();
    for (line, depth, says) in [
        (format!("# comment\nloop {path} depth=7"), "7", "loop: 7 sent, 7 received"),
        (format!("loop {path}"), "4", "it reaches rank 0 only"),
        (format!("loop {path} depth=99"), "0", "depth is 99, expected 1 to 64"),
        ("gm gm".into(), "0", "there is no such module, expected vmivmi or a path"),
        ("gm".into(), "0", "line 1: network 'gm' has no module"),
        ("# gm gm".into(), "0", "names no network"),
        (
            format!("x {}", Stage::get().lib().join("libvmi1.so").display()),
            "0",
            "has no symbol 'vmi1_module'",
        ),
    ] {
        let outcome = with_module(&line, depth);
        let right = outcome.code == Some(0) && outcome.stdout.contains(says);
        assert!(right, "{line}: expected {says}\n{}", outcome.report());
    }
    let _ = fs::remove_file(&module);
}

/// Processes of one program, started one by one, as shells do it.
/// Programs for VMI 2 take key, rank and size from their own variables, those for VMI 1 from the library's.
fn by_hand(program: &str, count: usize, order: &[usize]) {
    let file = compile(program, Abi::Vmi).unwrap_or_else(|why| panic!("{why}"));
    let key = format!("hand{}{}", std::process::id(), program.replace('/', ""));
    let start = |rank: &usize| -> Child {
        let mut command = Command::new(&file);
        command.env("LD_LIBRARY_PATH", Stage::get().lib()).env("T_KEY", &key);
        command.env("T_RANK", rank.to_string()).env("T_SIZE", count.to_string());
        command
            .env("VMI1_GROUP", &key)
            .env("VMI1_RANK", rank.to_string())
            .env("VMI1_SIZE", count.to_string());
        std::thread::sleep(Duration::from_millis(50));
        command.stdin(Stdio::null()).process_group(0).spawn().expect("the program starts")
    };
    let children: Vec<Child> = order.iter().map(start).collect();
    for mut child in children {
        let _end = job::end_after(child.id(), Duration::from_secs(60));
        let status = child.wait().expect("the program is ours");
        assert!(status.success(), "{program}: {status}");
    }
}

#[test]
fn processes_started_by_hand_find_each_other() {
    by_hand("vmi/inline", 3, &[2, 0, 1]);
    by_hand("vmi/rdma", 2, &[1, 0]);
    by_hand("vmi/crossing", 2, &[0, 1]);
    by_hand("vmi/leave", 3, &[1, 2, 0]);
    by_hand("vmi1/pingpong", 3, &[2, 0, 1]);
}

#[test]
fn a_program_starts_under_another_launcher() {
    let Some(mpiexec) = vmi_c_tests::find_tool("mpiexec.mpich") else {
        return vmi_c_tests::skip("mpiexec.mpich is not installed");
    };
    let file = compile("vmi/stream", Abi::Vmi).unwrap_or_else(|why| panic!("{why}"));
    let mut command = Command::new(mpiexec);
    command.env("LD_LIBRARY_PATH", Stage::get().lib()).args(["-n", "2"]).arg(file);
    let outcome = job::run(&mut command, Duration::from_secs(60));
    assert_eq!(outcome.code, Some(0), "{}", outcome.report());
}

#[test]
fn a_key_in_use_is_refused() {
    let file = compile("vmi/leave", Abi::Vmi).unwrap_or_else(|why| panic!("{why}"));
    let mut command = job::vmirun();
    command.args(["-n", "2", "-x", "T_KEY=same", "-x", "T_RANK=0"]).arg(file);
    let outcome = job::run(&mut command, Duration::from_secs(60));
    assert!(outcome.code != Some(0) && outcome.stderr.contains("keys must differ"), "{}", outcome.report());
}

#[test]
fn the_static_library_links() {
    let source = vmi_c_tests::home().join("vmi/errors.c");
    let output = std::env::temp_dir().join(format!("vmi-static-{}", std::process::id()));
    let mut command = Command::new("cc");
    command.args(["-D_GNU_SOURCE", "-I"]).arg(root().join("include")).arg(&source).arg("-o").arg(&output);
    command.arg(Stage::get().lib().join("libvmi.a")).args(["-lpthread", "-ldl", "-lm", "-lgcc_s"]);
    let made = command.output().expect("the compiler runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let outcome = job::run(&mut Command::new(&output), Duration::from_secs(30));
    let _ = fs::remove_file(&output);
    assert!(outcome.code == Some(0) && outcome.stdout.contains("PASS"), "{}", outcome.report());
}
