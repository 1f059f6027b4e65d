use super::super::elf::tests::image;
use super::*;

const DT_NEEDED: u64 = 1;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;

/// A directory that is removed at the end of a test.
struct Place(PathBuf);

impl Place {
    fn new() -> Place {
        let unique = crate::job::protocol::to_hex(&crate::sys::fd::random_bytes::<8>().unwrap());
        let path = std::env::temp_dir().join(format!("vmi-test-{unique}"));
        std::fs::create_dir(&path).unwrap();
        Place(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| name.to_string()).collect()
}

#[test]
fn direct_and_indirect_needs_are_found() {
    let place = Place::new();
    place.file("libx.so", &image(&[(DT_NEEDED, "libmpi.so.40")]));
    let program = place.file("prog", &image(&[(DT_NEEDED, "libx.so"), (DT_RUNPATH, "$ORIGIN")]));
    let needs = Needs::of(&program, &[]);
    assert_eq!((needs.ours, needs.hidden), (names(&["libmpi.so.40"]), vec![]));
}

#[test]
fn an_old_search_path_hides_our_library_a_new_one_does_not() {
    let place = Place::new();
    place.file("libmpi.so.12", b"another MPI");
    let old = place.file("old", &image(&[(DT_NEEDED, "libmpi.so.12"), (DT_RPATH, "${ORIGIN}")]));
    let new = place.file("new", &image(&[(DT_NEEDED, "libmpi.so.12"), (DT_RUNPATH, "$ORIGIN")]));
    assert_eq!(Needs::of(&old, &[]).hidden, names(&["libmpi.so.12"]));
    assert_eq!(Needs::of(&new, &[]).hidden, names(&[]));
    place.file("libvmi", b"");
    let libraries = Libraries { directory: Some(place.0.clone()) };
    let entries = libraries.environment_for(&old, &[b"LD_PRELOAD=tool.so".to_vec()]).unwrap();
    let preload = format!("LD_PRELOAD={}/libmpi.so.12:tool.so", place.0.display()).into_bytes();
    assert!(entries.contains(&preload), "{entries:?}");
}

#[test]
fn a_library_can_be_preloaded_on_demand() {
    let place = Place::new();
    place.file("libmpi.so.40", b"");
    let libraries = Libraries { directory: Some(place.0.clone()) };
    let entries =
        libraries.environment_for(Path::new("/bin/sh"), &[b"VMI_PRELOAD=libmpi.so.40".to_vec()]).unwrap();
    let preload = format!("LD_PRELOAD={}/libmpi.so.40", place.0.display()).into_bytes();
    assert!(entries.contains(&preload), "{entries:?}");
    assert_eq!((name_of_abi("ompi"), name_of_abi("x")), (Some("libmpi.so.40"), None));
}

#[test]
fn an_interpreter_with_an_mpi_beside_it_gets_ours() {
    let place = Place::new();
    place.file("libmpi.so.12", b"another MPI");
    let python = place.file("python", &image(&[(DT_NEEDED, "libc.so.6"), (DT_RPATH, "$ORIGIN")]));
    assert_eq!(Needs::of(&python, &[]).hidden, names(&["libmpi.so.12"]));
    place.file("libmpi.so.40", b"a third MPI");
    assert_eq!(Needs::of(&python, &[]).hidden, names(&[]));
}

#[test]
fn a_program_without_its_library_is_not_started() {
    let place = Place::new();
    let program = place.file("prog", &image(&[(DT_NEEDED, "libmpi_abi.so.1")]));
    for directory in [None, Some(place.0.clone())] {
        let failure = Libraries { directory }.environment_for(&program, &[]).unwrap_err();
        assert!(failure.code == 127 && failure.reason.contains("libmpi_abi.so.1"), "{}", failure.reason);
    }
    let ancient = place.file("ancient", &image(&[(DT_NEEDED, "libmpi.so.20")]));
    let failure = Libraries { directory: None }.environment_for(&ancient, &[]).unwrap_err();
    assert!(failure.reason.contains("libmpi.so.20"));
}

#[test]
fn scripts_are_judged_by_their_interpreter() {
    let place = Place::new();
    let direct = place.file("a", b"#! /bin/sh -e\n");
    let by_env = place.file("b", b"#!/usr/bin/env -S sh\n");
    assert_eq!(interpreter(&direct, &[]), Some("/bin/sh".into()));
    assert!(interpreter(&by_env, &[b"PATH=/bin".to_vec()]).unwrap().ends_with("bin/sh"));
    assert_eq!(interpreter(&place.file("c", b"\x7fELF"), &[]), None);
}

#[test]
fn links_are_made_once_and_by_many_at_a_time() {
    let place = Place::new();
    place.file("libvmi_abi_mpich.so", b"");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| link_names(&place.0));
        }
    });
    let found = std::fs::read_dir(place.0.join("vmi-libs")).unwrap().map(|e| e.unwrap().file_name());
    let mut found: Vec<_> = found.collect();
    found.sort();
    assert_eq!(found, ["libmpi.so.12", "libmpich.so.12"]);
}

#[test]
fn our_directory_comes_first() {
    let libraries = Libraries { directory: Some("/ours".into()) };
    let entries =
        libraries.environment_for(Path::new("/bin/sh"), &[b"LD_LIBRARY_PATH=/theirs".to_vec()]).unwrap();
    assert_eq!(entries, [b"LD_LIBRARY_PATH=/ours:/theirs".to_vec(), b"MPI4PY_MPIABI=mpich".to_vec()]);
}
