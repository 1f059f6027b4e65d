use super::*;

fn words(line: &str) -> Result<Request, String> {
    parse(line.split_ascii_whitespace().map(OsString::from))
}

fn run(line: &str) -> Options {
    match words(line) {
        Ok(Request::Run(options)) => *options,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn programs_are_separated_by_colons() {
    let options = run("-n 2 --label a -n 3 : -np 1 --wdir /tmp b x");
    assert!(options.label && options.programs.len() == 2);
    let [a, b] = &options.programs[..] else { panic!() };
    assert_eq!((a.ranks, a.app.arguments.len()), (Some(2), 3));
    assert_eq!((b.ranks, b.app.directory.as_deref()), (Some(1), Some(&b"/tmp"[..])));
}

#[test]
fn options_of_the_program_are_its_own() {
    assert_eq!(run("prog --label").programs[0].app.arguments, [b"prog".to_vec(), b"--label".to_vec()]);
    assert!(!run("-- prog --label").label);
}

#[test]
fn hosts_have_counts() {
    let host = |name: &str, count| Host { name: name.into(), count };
    assert_eq!(run("--hosts a:2,b p").hosts, [host("a", Some(2)), host("b", None)]);
    assert_eq!(run("--hosts=[::1]:2 p").hosts, [host("::1", Some(2))]);
    assert!(words("--hosts a:0 p").unwrap_err().contains("'a:0'"));
    assert!(words("--hosts -oProxyCommand=x p").is_err());
}

#[test]
fn variables_are_set_or_passed_on() {
    let options = run("-genv A 1 -x B=2 -env C 3 p");
    assert_eq!(options.environment, [b"A=1".to_vec()]);
    assert_eq!(options.programs[0].app.environment, [b"B=2".to_vec(), b"C=3".to_vec()]);
    assert_eq!(run("-x VMI_NOT_SET_ANYWHERE p").programs[0].app.environment, Vec::<Vec<u8>>::new());
    assert!(words("-x =1 p").is_err());
}

#[test]
fn bad_options_are_named() {
    for (line, part) in [
        ("", "no program"),
        (":", "':'"),
        ("-n", "-n needs"),
        ("-n 0 p", "'0'"),
        ("-n x p", "'x'"),
        ("--what p", "--what"),
        ("--preload lam p", "'lam'"),
        ("--bind socket p", "'socket'"),
        ("--timeout -1 p", "'-1'"),
        ("--label=yes p", "--label takes no value"),
        ("--hostfile /no/such p", "/no/such"),
        ("a : ", "no program"),
    ] {
        let error = words(line).unwrap_err();
        assert!(error.contains(part), "{line}: {error}");
    }
}

#[test]
fn the_environment_may_limit_the_time() {
    let limited = |line: &str, value: Option<&str>| {
        let mut options = run(line);
        options.limit_by(value.map(OsString::from)).map(|()| options.timeout)
    };
    assert_eq!(limited("p", Some("10")), Ok(Some(Duration::from_secs(10))));
    assert_eq!(limited("--timeout 3 p", Some("10")), Ok(Some(Duration::from_secs(3))));
    assert_eq!(limited("p", Some("")), Ok(None));
    assert_eq!(limited("p", None), Ok(None));
    assert!(limited("p", Some("soon")).unwrap_err().contains("'soon'"));
}

#[test]
fn requests_without_a_program() {
    assert_eq!(words("--help"), Ok(Request::Help));
    assert_eq!(words("--version"), Ok(Request::Version));
    assert_eq!(words("--agent"), Ok(Request::Agent));
}
