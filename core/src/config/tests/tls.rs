//! What the keys of TLS resolve to, and the rules between them.

use std::path::Path;

use super::super::{IdentityFiles, TlsVersion};
use super::{MINIMAL, from_text, problems, problems_with, resolved};

fn node(lines: &str) -> String {
    format!("{MINIMAL}[tls]\nenabled = true\n{lines}")
}

fn at_broker(lines: &str) -> String {
    format!("node_id = \"n1\"\n[mqtt]\nbroker_address = \"ssl://broker.example\"\n{lines}")
}

#[test]
fn tls_needs_a_certificate_and_its_key() {
    let advice = "under [tls], or enabled = false";
    assert_eq!(
        problems(&node("")),
        [
            format!("x.toml: tls.cert_file: missing; write cert_file = \"node-1.pem\" {advice}"),
            format!("x.toml: tls.key_file: missing; write key_file = \"node-1.key\" {advice}"),
        ]
    );
    assert_eq!(problems(&node("cert_file = \"c\"\n")).len(), 1);
}

#[test]
fn peers_are_verified_with_the_ca_of_clients_unless_they_have_one_of_their_own() {
    let files = "cert_file = \"c\"\nkey_file = \"k\"\n";
    let ca = |lines: &str| {
        let tls = resolved(&node(&format!("{files}{lines}")), &[]).tls.expect("TLS is enabled");
        tls.peers_ca_file().cloned()
    };
    assert_eq!(ca(""), None);
    assert_eq!(ca("client_ca_file = \"a\"\n").as_deref(), Some(Path::new("a")));
    assert_eq!(ca("client_ca_file = \"a\"\nca_file = \"b\"\n").as_deref(), Some(Path::new("b")));
}

#[test]
fn tls_1_2_is_spoken_unless_a_node_insists_on_1_3() {
    let files = "cert_file = \"c\"\nkey_file = \"k\"\n";
    let version = |line: &str| {
        let tls = resolved(&node(&format!("{files}{line}")), &[]).tls.expect("TLS is enabled");
        tls.min_version
    };
    assert_eq!(version(""), TlsVersion::V1_2);
    assert_eq!(version("min_version = \"1.3\"\n"), TlsVersion::V1_3);
    let said = problems_with(MINIMAL, &[("MERKLE_KV_TLS_MIN_VERSION", "1.1")]);
    assert_eq!(said, ["MERKLE_KV_TLS_MIN_VERSION: found \"1.1\", expected \"1.2\" or \"1.3\""]);
}

#[test]
fn a_broker_address_that_asks_for_tls_has_8883_as_its_port() {
    for (url, shown) in [
        ("ssl://broker.example", "ssl://broker.example:8883"),
        ("mqtts://10.0.0.1:1", "ssl://10.0.0.1:1"),
    ] {
        let mqtt = resolved(MINIMAL, &[("MERKLE_KV_MQTT_BROKER_ADDRESS", url)]).mqtt;
        let mqtt = mqtt.expect("mqtt is enabled");
        assert_eq!(mqtt.broker_address.to_string(), shown);
        assert!(mqtt.tls.is_some_and(|tls| tls.ca_file.is_none() && tls.identity.is_none()));
    }
    assert_eq!(resolved(MINIMAL, &[]).mqtt.and_then(|mqtt| mqtt.tls), None);
    let said = problems_with(MINIMAL, &[("MERKLE_KV_MQTT_BROKER_ADDRESS", "ssl://[::1]:8883")]);
    assert!(said[0].contains("with a name or an IPv4 address"), "{said:?}");
}

#[test]
fn a_certificate_for_the_broker_and_its_key_are_given_together() {
    let both = resolved(&at_broker("cert_file = \"c\"\nkey_file = \"k\"\n"), &[]).mqtt;
    let identity = both.and_then(|mqtt| mqtt.tls).and_then(|tls| tls.identity);
    assert_eq!(identity, Some(IdentityFiles { cert_file: "c".into(), key_file: "k".into() }));
    let why = "is missing; a certificate and its private key are given together";
    for (written, other) in [("cert_file", "key_file"), ("key_file", "cert_file")] {
        assert_eq!(
            problems(&at_broker(&format!("{written} = \"x\"\n"))),
            [format!("x.toml:4: mqtt.{written}: mqtt.{other} {why}")]
        );
    }
}

#[test]
fn a_printed_broker_with_tls_loads_back_to_the_same() {
    let lines = "ca_file = \"a\"\ncert_file = \"c\"\nkey_file = \"k\"\n";
    let config = resolved(&at_broker(lines), &[]);
    assert_eq!(from_text(&config.to_toml()), Ok(config));
}
