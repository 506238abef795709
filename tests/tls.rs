//! TLS on the client port and between peers: who is let in, who is not and what they are told, and
//! certificates that are renewed while the node runs.

use crate::harness::{Broker, Node, NodeSettings, free_port, wait_until};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than anything here takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who signs certificates, and the folder in which all of them are.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
struct Identity {
    cert: PathBuf,
    key: PathBuf,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let folder = tempfile::tempdir().unwrap();
        // Mosquitto may give up root before it reads its files.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), open).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Authority { issuer: Issuer::new(params, key), folder }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn signs(&self, file: &str, host: &str) -> Identity {
        self.signs_until(file, host, 2999)
    }

    /// Valid until the end of January of a year.
    fn signs_until(&self, file: &str, host: &str, year: i32) -> Identity {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, file);
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(year, 1, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let path = |end: &str| self.folder.path().join(format!("{file}.{end}"));
        let identity = Identity { cert: path("pem"), key: path("key") };
        fs::write(&identity.cert, certificate.pem()).unwrap();
        fs::write(&identity.key, key.serialize_pem()).unwrap();
        identity
    }
}

/// The section of a node with this certificate, and further lines.
fn section(identity: &Identity, lines: &str) -> String {
    let (cert, key) = (identity.cert.display(), identity.key.display());
    format!("[tls]\nenabled = true\ncert_file = \"{cert}\"\nkey_file = \"{key}\"\n{lines}")
}

fn line(key: &str, path: &Path) -> String {
    format!("{key} = \"{}\"\n", path.display())
}

/// A node that trusts `authority` as to peers.
fn node(authority: &Authority, identity: &Identity, lines: &str) -> Node {
    let ca = line("ca_file", &authority.ca());
    Node::start(NodeSettings::alone("secure").section(&section(identity, &format!("{ca}{lines}"))))
}

fn redis_cli(node: &Node, ca: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("redis-cli");
    command.args(["-h", "127.0.0.1", "-p", &node.address().port().to_string(), "--tls"]);
    command.arg("--cacert").arg(ca).args(arguments).stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8_lossy(&text).trim_end().to_owned()
}

/// What openssl reads after it has sent a text command; nothing if it is not let in.
fn openssl(node: &Node, ca: &Path, identity: Option<&Identity>, input: &str) -> String {
    openssl_to(node.address(), ca, identity, input)
}

/// The same at any port.
fn openssl_to(port: SocketAddr, ca: &Path, identity: Option<&Identity>, input: &str) -> String {
    let mut command = Command::new("openssl");
    let address = format!("127.0.0.1:{}", port.port());
    command.args(["s_client", "-quiet", "-verify_return_error", "-connect", &address]);
    command.arg("-CAfile").arg(ca);
    if let Some(identity) = identity {
        command.arg("-cert").arg(&identity.cert).arg("-key").arg(&identity.key);
    }
    let (input_of, output_of) = (Stdio::piped(), Stdio::piped());
    let mut process =
        command.stdin(input_of).stdout(output_of).stderr(Stdio::null()).spawn().unwrap();
    // It may have ended already.
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
    let output = process.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Everything that comes until the node closes the connection.
fn answer(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(bytes).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn text_and_resp_are_spoken_inside_tls_and_large_replies_arrive() {
    let authority = Authority::new("ca");
    let node = node(&authority, &authority.signs("node", "127.0.0.1"), "");
    let ca = authority.ca();
    assert_eq!(
        openssl(&node, &ca, None, "SET k v\r\nGET k\r\nQUIT\r\n"),
        "OK\r\nVALUE v\r\nOK\r\n"
    );
    let value = "x".repeat(900_000);
    let text = format!("SET large {value}\r\nGET large\r\nQUIT\r\n");
    assert_eq!(openssl(&node, &ca, None, &text), format!("OK\r\nVALUE {value}\r\nOK\r\n"));
    assert_eq!(said(&redis_cli(&node, &ca, &["GET", "k"]).output().unwrap()), "v");
    assert_eq!(said(&redis_cli(&node, &ca, &["STRLEN", "large"]).output().unwrap()), "900000");
    let old = redis_cli(&node, &ca, &["--tls-ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256", "PING"]);
    assert_eq!(said(&{ old }.output().unwrap()), "PONG");
    node.logged("a certificate is in use");
    // It stands where the test has put it.
    node.logged("others can read the private key");
    node.stop();
}

#[test]
fn only_who_shows_a_certificate_of_the_right_authority_is_let_in() {
    let (authority, other) = (Authority::new("ca"), Authority::new("other"));
    let clients = line("client_ca_file", &authority.ca());
    let node = node(&authority, &authority.signs("node", "127.0.0.1"), &clients);
    let ca = authority.ca();
    let ping = "PING\r\nQUIT\r\n";
    let known = authority.signs("client", "client");
    assert_eq!(openssl(&node, &ca, Some(&known), ping), "PONG\r\nOK\r\n");
    assert_eq!(openssl(&node, &ca, None, ping), "");
    node.logged("it shows no certificate");
    for stranger in [other.signs("client", "client"), authority.signs_until("late", "client", 2001)]
    {
        assert_eq!(openssl(&node, &ca, Some(&stranger), ping), "");
    }
    assert_eq!(openssl(&node, &ca, Some(&known), ping), "PONG\r\nOK\r\n");
    node.stop();
}

#[test]
fn plain_text_on_a_port_with_tls_is_told_so_and_closed_and_the_other_way_round() {
    let authority = Authority::new("ca");
    let secure = node(&authority, &authority.signs("node", "127.0.0.1"), "");
    assert_eq!(answer(secure.address(), b"PING\r\n"), "ERROR: this port speaks TLS\r\n");
    let ping = b"*1\r\n$4\r\nPING\r\n";
    assert_eq!(answer(secure.address(), ping), "-ERR this port speaks TLS\r\n");
    secure.logged("a connection without TLS was refused");
    assert_eq!(secure.log().matches("a connection without TLS was refused").count(), 1);
    let stats = said(&redis_cli(&secure, &authority.ca(), &["STATS"]).output().unwrap());
    assert!(stats.contains("failed_handshakes:2"), "{stats}");
    let plain = Node::start(NodeSettings::alone("plain"));
    let hello = b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4";
    let why = "this port speaks no TLS: tls.enabled is false in this node's configuration";
    assert_eq!(answer(plain.address(), hello), format!("ERROR: {why}\r\n"));
    assert_eq!(plain.client().command("PING"), "PONG");
    secure.stop();
    plain.stop();
}

#[test]
fn a_handshake_that_stalls_is_ended_after_the_timeout_and_others_are_served_meanwhile() {
    let authority = Authority::new("ca");
    let identity = authority.signs("node", "127.0.0.1");
    let ca = line("ca_file", &authority.ca());
    let settings = NodeSettings::alone("secure").network("connection_timeout = 2");
    let node = Node::start(settings.section(&section(&identity, &ca)));
    let begun = Instant::now();
    let mut stalled: Vec<TcpStream> = [&b""[..], b"\x16", b"\x16\x03\x01\x00\xc8\x01"]
        .into_iter()
        .map(|bytes| {
            let mut stream = TcpStream::connect(node.address()).unwrap();
            stream.write_all(bytes).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream
        })
        .collect();
    assert_eq!(said(&redis_cli(&node, &authority.ca(), &["PING"]).output().unwrap()), "PONG");
    for stream in &mut stalled {
        // Whether it ends or is reset: it is over.
        let _ = stream.read(&mut [0; 64]);
    }
    assert!(begun.elapsed() >= Duration::from_millis(1900), "{:?}", begun.elapsed());
    node.logged("the handshake took too long");
    let stats = said(&redis_cli(&node, &authority.ca(), &["STATS"]).output().unwrap());
    assert!(stats.contains("failed_handshakes:3"), "{stats}");
    node.stop();
}

#[test]
fn files_that_are_no_good_are_told_at_the_start_and_by_the_check() {
    let authority = Authority::new("ca");
    let good = authority.signs("node", "127.0.0.1");
    let other = authority.signs("other", "127.0.0.1");
    let expired = authority.signs_until("expired", "127.0.0.1", 2001);
    let absent = authority.folder.path().join("absent.pem");
    let empty = authority.folder.path().join("empty.pem");
    fs::write(&empty, "no certificate").unwrap();
    let with = |cert: &Path, key: &Path| Identity { cert: cert.into(), key: key.into() };
    let cases = [
        (with(&absent, &good.key), "tls.cert_file: cannot read "),
        (with(&empty, &good.key), "holds no certificate in PEM"),
        (with(&good.cert, &good.cert), "holds no private key in PEM"),
        (with(&good.cert, &other.key), "is not the private key of the certificate in"),
        (expired, "has expired, at 2001-01-31T00:00:00Z; renew it"),
    ];
    for (identity, reason) in cases {
        let ca = line("ca_file", &authority.ca());
        let mut node =
            Node::prepare(NodeSettings::alone("secure").section(&section(&identity, &ca)));
        let (code, said_last) = node.start_in_vain();
        assert_eq!(code, Some(2), "{said_last}");
        assert!(said_last.contains(reason), "{reason}: {said_last}");
        let mut check = Command::new(env!("CARGO_BIN_EXE_merkle-kv"));
        check.args(["check-config", "--config"]).arg(node.folder().join("node.toml"));
        let output = check.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains(reason), "{reason}: {}", said(&output));
    }
}

/// The name in the certificate that a node shows.
fn shown(node: &Node) -> String {
    let script = format!(
        "openssl s_client -connect 127.0.0.1:{} </dev/null 2>/dev/null | openssl x509 -noout -subject",
        node.address().port()
    );
    said(&Command::new("sh").args(["-c", &script]).output().unwrap())
}

#[test]
fn renewed_certificates_are_shown_to_new_connections_and_bad_ones_change_nothing() {
    let authority = Authority::new("ca");
    let identity = authority.signs("first", "127.0.0.1");
    let node = node(&authority, &identity, "");
    assert!(shown(&node).ends_with("first"), "{}", shown(&node));
    let mut open = Command::new("openssl");
    open.args(["s_client", "-quiet", "-connect", &node.address().to_string()]);
    let open = open.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut open = open.spawn().unwrap();
    let mut input = open.stdin.take().unwrap();
    input.write_all(b"SET before renewal\r\n").unwrap();

    fs::write(&identity.key, "not a key").unwrap();
    node.logged("the old certificates stay in use");
    assert!(shown(&node).ends_with("first"), "{}", shown(&node));

    let next = authority.signs("second", "127.0.0.1");
    fs::rename(&next.key, &identity.key).unwrap();
    fs::rename(&next.cert, &identity.cert).unwrap();
    wait_until(PATIENCE, "the new certificate is shown", || shown(&node).ends_with("second"));
    input.write_all(b"GET before\r\nQUIT\r\n").unwrap();
    let output = open.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "OK\r\nVALUE renewal\r\nOK\r\n");
    node.stop();
}

/// Two nodes that list each other by address, each with its section of TLS.
fn pair(sections: [&str; 2]) -> [Node; 2] {
    let ports = [free_port(), free_port()];
    let start = |n: usize| {
        let other = SocketAddr::from(([127, 0, 0, 1], ports[1 - n]));
        let settings = NodeSettings::alone(&format!("node{n}"));
        let settings = settings.peers(&[other], "interval_seconds = 600");
        // Failures that come soon after each other are only told there.
        let settings = settings.section("[logging]\nlevel = \"debug\"");
        Node::start_at(ports[n], settings.section(sections[n]))
    };
    [start(0), start(1)]
}

/// Runs a session of node 0 with node 1, and gives what node 0 says of it.
fn sync(nodes: &[Node; 2], ca: &Path, identity: &Identity) -> String {
    let text = format!("SYNC {}\r\nQUIT\r\n", nodes[1].address());
    openssl(&nodes[0], ca, Some(identity), &text)
}

#[test]
fn peers_meet_over_tls_and_a_fresh_one_is_filled() {
    let authority = Authority::new("ca");
    let identities = ["node0", "node1"].map(|name| authority.signs(name, "127.0.0.1"));
    let clients = line("client_ca_file", &authority.ca());
    let sections = identities.each_ref().map(|identity| section(identity, &clients));
    let nodes = pair([&sections[0], &sections[1]]);
    let lines: String = (0..2000).map(|n| format!("SET key{n} {}\r\n", "v".repeat(500))).collect();
    let ca = authority.ca();
    let replies = openssl(&nodes[1], &ca, Some(&identities[0]), &format!("{lines}QUIT\r\n"));
    assert_eq!(replies.matches("OK\r\n").count(), 2001);
    let synced = sync(&nodes, &ca, &identities[0]);
    assert!(synced.contains("equal"), "{synced}");
    let size = openssl(&nodes[0], &ca, Some(&identities[0]), "DBSIZE\r\nQUIT\r\n");
    assert_eq!(size, "DBSIZE 2000\r\nOK\r\n");
    let [one, other] = nodes;
    one.stop();
    other.stop();
}

#[test]
fn a_peer_of_another_authority_or_with_another_name_or_without_tls_is_refused_and_this_is_told() {
    let (authority, other) = (Authority::new("ca"), Authority::new("other"));
    let good = authority.signs("good", "127.0.0.1");
    let trusts = line("ca_file", &authority.ca());
    let trusting = section(&good, &trusts);
    let foreign = section(&other.signs("foreign", "127.0.0.1"), &trusts);
    let misnamed = section(&authority.signs("misnamed", "elsewhere.example"), &trusts);
    let cases = [
        (&foreign[..], "its certificate is signed by nobody trusted"),
        (&misnamed[..], "its certificate is for another name"),
        ("", "it does not speak TLS"),
    ];
    for (section, reason) in cases {
        let nodes = pair([&trusting, section]);
        let synced = sync(&nodes, &authority.ca(), &good);
        assert!(synced.contains("failed") && synced.contains(reason), "{reason}: {synced}");
        let peers = said(&redis_cli(&nodes[0], &authority.ca(), &["PEERS"]).output().unwrap());
        assert!(peers.contains(reason), "{reason}: {peers}");
        nodes[0].logged(reason);
    }
}

#[test]
fn a_broker_is_joined_over_tls_if_it_can_be_verified_and_knows_this_node() {
    let (authority, other) = (Authority::new("ca"), Authority::new("other"));
    let identity = authority.signs("broker", "localhost");
    let broker = Broker::with_tls(&authority.ca(), &identity.cert, &identity.key);
    let start = |name: &str, ca: &Authority, identity: Option<&Identity>| {
        let mut settings = NodeSettings::alone(name);
        let port = broker.port();
        settings.sections = format!("[mqtt]\nbroker_address = \"ssl://localhost:{port}\"\n");
        settings.sections.push_str(&line("ca_file", &ca.ca()));
        if let Some(identity) = identity {
            settings.sections.push_str(&line("cert_file", &identity.cert));
            settings.sections.push_str(&line("key_file", &identity.key));
        }
        Node::start(settings)
    };
    let known = start("known", &authority, Some(&identity));
    known.joined();
    let suspicious = start("suspicious", &other, Some(&identity));
    suspicious.logged("UnknownIssuer");
    let unknown = start("unknown", &authority, None);
    unknown.logged("CertificateRequired");
    for node in [&suspicious, &unknown] {
        let status = node.client().command("REPLICATE STATUS");
        assert!(status.contains(" connecting "), "{status}");
    }
    known.stop();
}

#[test]
fn the_admin_port_and_the_programs_own_commands_speak_tls_too() {
    let authority = Authority::new("ca");
    let node = node(
        &authority,
        &authority.signs("node", "127.0.0.1"),
        "[admin]\nenabled = true\nbind_port = 0\n",
    );
    let program = |command: &str, ca: &Path, words: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_merkle-kv"));
        program.args([command, "--tls", "--ca-file"]).arg(ca);
        program.arg(node.address().to_string()).args(words).stdin(Stdio::null());
        let output = program.output().unwrap();
        (output.status.code(), said(&output))
    };
    assert_eq!(program("cli", &authority.ca(), &["PING"]), (Some(0), "PONG".to_owned()));
    let large = "x".repeat(100_000);
    program("cli", &authority.ca(), &["SET", "large", &large]);
    let got = program("cli", &authority.ca(), &["GET", "large"]);
    assert_eq!(got, (Some(0), format!("VALUE {large}")));
    let (code, text) = program("cli", &authority.ca(), &["export"]);
    assert_eq!(code, Some(0));
    assert!(text.starts_with(&format!("{{\"key\":\"large\",\"value\":\"{large}\"}}")), "{text}");
    let stranger = Authority::new("another");
    let (code, text) = program("cli", &stranger.ca(), &["PING"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("no secure connection") && text.contains("nobody trusted"), "{text}");
    wait_until(PATIENCE, "the node is well", || {
        program("status", &authority.ca(), &[]).0 == Some(0)
    });
    // Without TLS nobody gets an answer that could be taken for one.
    let mut plain = Command::new(env!("CARGO_BIN_EXE_merkle-kv"));
    let output = plain.args(["cli", &node.address().to_string(), "PING"]).output().unwrap();
    assert!(said(&output).contains("this port speaks TLS"), "{}", said(&output));

    let request = "GET /health/live HTTP/1.1\r\nHost: node\r\n\r\n";
    let page = openssl_to(node.admin(), &authority.ca(), None, request);
    assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
    let page = answer(node.admin(), request.as_bytes());
    assert!(page.starts_with("HTTP/1.1 400") && page.contains("use https"), "{page}");
    node.stop();
}
