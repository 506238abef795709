//! What is installed and how it is run: the unit and its restrictions, the package, the container.
//! No systemd and no Docker run here; what they are given is read, checked and tried without them.

use crate::harness::{Node, NodeSettings, SmallDisk};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const UNIT: &str = "deploy/systemd/merkle-kv.service";

/// By systemd's own measure from 0 to 10: below 2 a service is called OK, by 5 it is exposed.
const MAX_EXPOSURE: f64 = 2.0;

/// Nobody's, in Debian.
const UNPRIVILEGED: &str = "65534";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat()
}

/// The values of a setting, in order.
fn settings(unit: &str, name: &str) -> Vec<String> {
    let lines = unit.lines().filter_map(|line| line.split_once('='));
    lines.filter(|(found, _)| *found == name).map(|(_, value)| value.to_owned()).collect()
}

fn check_config(path: &str, environment: &BTreeMap<String, String>) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_merkle-kv"));
    program.args(["check-config", "--config"]).arg(root().join(path)).envs(environment);
    program.output().unwrap()
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("merkle-kv.service");
    // The program of this build, as systemd looks whether it is there.
    let text = read(UNIT).replace("/usr/bin/merkle-kv", env!("CARGO_BIN_EXE_merkle-kv"));
    fs::write(&unit, text).unwrap();
    let output = Command::new("systemd-analyze").arg("verify").arg(&unit).output().unwrap();
    assert!(output.status.success() && said(&output).is_empty(), "{}", said(&output));
}

#[test]
fn the_unit_exposes_little_of_the_machine() {
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(["security", "--offline=true", "--no-pager"]).arg(root().join(UNIT));
    let said = said(&analyze.output().unwrap());
    let level = said.lines().find_map(|line| line.split_once("Overall exposure level for"));
    let (_, level) = level.unwrap_or_else(|| panic!("{said}"));
    let score = level.split_whitespace().find_map(|word| word.parse::<f64>().ok()).unwrap();
    assert!(score < MAX_EXPOSURE, "{said}");
}

#[test]
fn the_unit_and_what_is_installed_agree() {
    let (unit, manifest) = (read(UNIT), read("Cargo.toml"));
    let command = settings(&unit, "ExecStart").concat();
    let (program, config) = command.split_once(" --config ").unwrap();
    assert_eq!((program, config), ("/usr/bin/merkle-kv", "/etc/merkle-kv/merkle-kv.toml"));
    assert!(manifest.contains(&format!("conf-files = [{config:?}]")));
    let user = settings(&unit, "User").concat();
    assert!(read("deploy/systemd/merkle-kv.sysusers").contains(&format!("u {user} ")));
    let state = format!("/var/lib/{}", settings(&unit, "StateDirectory").concat());
    assert_eq!(settings(&unit, "WorkingDirectory"), [state.as_str()]);
    assert!(
        read("deploy/systemd/merkle-kv.toml").contains(&format!("data_dir = \"{state}/data\""))
    );
    // Wrong configuration, damaged data; 3 is a port that is taken, which may be free again.
    assert_eq!(settings(&unit, "RestartPreventExitStatus"), ["2 4"]);
}

#[test]
fn every_file_of_the_package_is_there() {
    let manifest = read("Cargo.toml");
    let (_, assets) = manifest.split_once("\nassets = [\n").unwrap();
    let assets = assets.split_once("\n]").unwrap().0.lines();
    let sources: Vec<&str> = assets.map(|line| line.split('"').nth(1).unwrap()).collect();
    assert!(sources.len() > 8, "{sources:?}");
    for source in sources {
        // What is built, or made by scripts/package-files.sh.
        let is_made = source.starts_with("target/");
        let source = source.trim_end_matches('*');
        assert!(is_made || root().join(source).exists(), "{source}");
    }
    for script in ["postinst", "prerm", "postrm"] {
        let path = root().join("deploy/debian").join(script);
        let checked = Command::new("sh").arg("-n").arg(&path).output().unwrap();
        assert!(checked.status.success(), "{}", said(&checked));
        assert_ne!(path.metadata().unwrap().mode() & 0o111, 0, "{script} is executable");
    }
}

#[test]
fn the_configuration_of_the_service_is_good() {
    let output = check_config("deploy/systemd/merkle-kv.toml", &BTreeMap::new());
    assert!(output.status.success(), "{}", said(&output));
}

/// The words behind an instruction of the Dockerfile, for each time that it stands there.
fn instructions(name: &str) -> Vec<Vec<String>> {
    let file = read("Dockerfile").replace("\\\n", " ");
    let lines = file.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    lines.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

#[test]
fn the_container_is_made_of_what_is_there() {
    let copies = instructions("COPY");
    assert!(copies.len() > 2, "{copies:?}");
    for copy in copies.iter().filter(|words| !words[0].starts_with("--from=")) {
        let [sources @ .., _] = &copy[..] else { panic!("{copy:?}") };
        for source in sources {
            assert!(root().join(source).exists(), "COPY {source}");
            let ignored = read(".dockerignore");
            assert!(!ignored.lines().any(|line| line == format!("/{source}")), "{source}");
        }
    }
    let users = instructions("USER");
    assert!(users.last().is_some_and(|user| user[0] != "root"), "{users:?}");
    let port = instructions("EXPOSE")[0][0].clone();
    assert!(read("deploy/container.toml").contains(&format!("bind_port = {port}")));
    assert!(read("Dockerfile").contains(&format!("\"127.0.0.1:{port}\", \"PING\"")));
    let volume = instructions("VOLUME")[0][0].clone();
    assert!(read("deploy/container.toml").contains(&format!("data_dir = \"{volume}/")));
}

#[test]
fn the_nodes_of_the_compose_file_have_good_configurations() {
    let text = read("compose.yml");
    let mut shared = BTreeMap::new();
    let mut nodes: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut node = None;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("  node").and_then(|rest| rest.strip_suffix(':')) {
            node = Some(format!("node{name}"));
        }
        let words = line.trim().split_once(": ");
        if let Some((name, value)) = words.filter(|(name, _)| name.starts_with("MERKLE_KV_")) {
            let environment = match &node {
                Some(node) => nodes.entry(node.clone()).or_default(),
                None => &mut shared,
            };
            environment.insert(name.to_owned(), value.trim_matches('"').to_owned());
        }
    }
    assert_eq!(nodes.len(), 3, "{nodes:?}");
    for (name, mut environment) in nodes {
        assert_eq!(environment["MERKLE_KV_NODE_ID"], name);
        environment.extend(shared.clone());
        let output = check_config("deploy/container.toml", &environment);
        assert!(output.status.success(), "{name}: {}", said(&output));
        assert!(text.contains(&format!("[\"{name}:/var/lib/merkle-kv\"]")), "{name} has a volume");
    }
    assert!(text.contains(&format!("image: merkle-kv:{}", env!("CARGO_PKG_VERSION"))));
}

/// A disk that any user may write to, in a name space where nothing else may be written.
fn restricted() -> SmallDisk {
    let disk = SmallDisk::of_mib(64);
    let everybody = fs::Permissions::from_mode(0o777);
    fs::set_permissions(disk.seen_from_here(), everybody.clone()).unwrap();
    // Its mount point is a folder that only this user may enter.
    let point: PathBuf = disk.path().to_owned();
    fs::set_permissions(point, everybody).unwrap();
    disk
}

fn run_in(disk: &SmallDisk, command: &[&str]) -> Output {
    let words = disk.run_by();
    Command::new(&words[0]).args(&words[1..]).args(command).output().unwrap()
}

#[test]
fn a_node_needs_no_privilege_and_writes_to_its_directory_only() {
    let disk = restricted();
    let mut node = Node::prepare(NodeSettings::alone("service").storage_on(&disk, ""));
    fs::set_permissions(node.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    let remounted = run_in(&disk, &["mount", "-o", "remount,bind,ro", "/"]);
    assert!(remounted.status.success(), "{}", said(&remounted));
    let user = (Path::new("/proc/self").metadata().unwrap().uid() == 0).then(|| {
        [
            format!("--reuid={UNPRIVILEGED}"),
            format!("--regid={UNPRIVILEGED}"),
            "--clear-groups".into(),
        ]
    });
    let mut restrictions = vec!["setpriv".to_owned()];
    restrictions.extend(user.into_iter().flatten());
    restrictions
        .extend(["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"].map(String::from));
    let refused = {
        let words: Vec<&str> = restrictions.iter().map(String::as_str).collect();
        run_in(&disk, &[&words[..], &["touch", "/var/lib/merkle-kv-was-here"]].concat())
    };
    assert!(!refused.status.success(), "the rest of the disk can be written to");
    node.settings.run_by.extend(restrictions);
    node.launch();
    node.listens();
    assert_eq!(node.client().command("SET greeting hello"), "OK");
    node.end();
    node.start_again();
    assert_eq!(node.client().command("GET greeting"), "VALUE hello");
    node.stop();
}
