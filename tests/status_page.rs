//! The status page: what it asks the node for, who gets it, and what a browser makes of it.

use crate::harness::{
    BrokerKind, Browser, Cluster, Node, NodeSettings, UsersFile, free_port, get, same_roots, send,
    unique_prefix, wait_until,
};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// Where screenshots go if somebody wants to look at them.
const SCREENSHOTS: &str = "SCREENSHOTS";

#[track_caller]
fn json_of(address: SocketAddr, path: &str) -> Value {
    let page = get(address, path);
    assert_eq!(page.status, 200, "{path}: {}", page.body);
    assert!(page.headers.contains("content-type: application/json"), "{}", page.headers);
    serde_json::from_str(&page.body).unwrap()
}

/// The answer to a request by this user, whose credentials are in base64.
fn get_as(address: SocketAddr, path: &str, credentials: &str) -> (u16, String) {
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: node\r\nAuthorization: Basic {credentials}\r\n\r\n");
    let page = send(address, request.as_bytes()).unwrap();
    (page.status, page.body)
}

fn node() -> Node {
    Node::start(NodeSettings::alone("n1").with_admin())
}

#[test]
fn the_page_is_told_of_the_node_its_peers_and_their_sessions() {
    let port = free_port();
    let prefix = unique_prefix();
    let settings = |id: &str| NodeSettings::at_broker(id, port, &prefix);
    let one = Node::start(settings("one").with_broker(port).with_admin());
    let two = Node::start(settings("two"));
    [&one, &two].into_iter().for_each(Node::joined);
    assert_eq!(two.client().command("SET key value"), "OK");
    one.client().until("GET key", "VALUE value");
    one.client().list("SYNC");
    wait_until(PATIENCE, "roots are equal", || {
        let status = json_of(one.admin(), "/status.json");
        status["peers"][0]["root"] == "equal" && status["peers"][0]["last_equal"].is_u64()
    });
    let status = json_of(one.admin(), "/status.json");
    let node = &status["node"];
    assert_eq!(
        (&node["id"], &node["keys"], &node["broker"]),
        (&json!("one"), &json!(1), &json!("connected"))
    );
    assert_eq!((&node["ready"], &node["reasons"]), (&json!(true), &json!([])));
    let hash = one.client().command("HASH");
    assert_eq!(format!("HASH {}", node["root"].as_str().unwrap()), hash);
    let peer = &status["peers"][0];
    assert_eq!((&peer["id"], &peer["state"]), (&json!("two"), &json!("up")));
    let lag = peer["lag_seconds"].as_f64().unwrap();
    assert!((0.0..10.0).contains(&lag), "{lag}");
    let session = &status["sessions"][0];
    assert_eq!((&session["result"], &session["error"]), (&json!("equal"), &Value::Null));
    assert!(session["peer"].as_str().unwrap().starts_with("two@"), "{session}");
    wait_until(PATIENCE, "there are samples", || {
        let status = json_of(one.admin(), "/status.json");
        let samples = status["history"]["samples"].as_array().unwrap().clone();
        // What was asked above shows in one of them.
        samples.iter().any(|sample| sample[0].as_f64() > Some(0.0) && sample[3].is_f64())
            || one.client().command("GET key") != "VALUE value"
    });
    one.stop();
    two.stop();
}

#[test]
fn keys_are_shown_page_by_page_with_the_beginning_of_their_values() {
    let node = node();
    let mut client = node.client();
    let keys: Vec<String> = (0..120).map(|n| format!("SET sensor/{n:03} {n}")).collect();
    client.pipeline_ok(&keys);
    assert_eq!(client.command(&format!("SET long {}", "x".repeat(5_000))), "OK");
    assert_eq!(client.command("SET odd \"a\\n\\x1b[31m<b>\""), "OK");
    assert_eq!(client.command("EXPIRE odd 1000"), "OK");
    let mut pages = Vec::new();
    let mut after = String::new();
    loop {
        let page = json_of(node.admin(), &format!("/keys.json?prefix=sensor%2F{after}"));
        pages.push(page["keys"].as_array().unwrap().len());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(pages, [50, 50, 20]);
    let long = json_of(node.admin(), "/keys.json?prefix=long")["keys"][0].take();
    assert_eq!((&long["bytes"], &long["cut"]), (&json!(5_000), &json!(true)));
    let odd = json_of(node.admin(), "/keys.json?prefix=odd")["keys"][0].take();
    assert_eq!(odd["value"], "a\n\u{1b}[31m<b>");
    assert!(odd["expires_in"].as_u64() > Some(900), "{odd}");
    assert_eq!(
        json_of(node.admin(), "/keys.json?prefix=nobody"),
        json!({"keys": [], "next": null})
    );
    for bad in ["/keys.json?after=zz", "/keys.json?after=1", "/keys.json?prefix=%ff%zz"] {
        let page = get(node.admin(), bad);
        assert!([200, 400].contains(&page.status), "{bad}: {}", page.status);
    }
    assert_eq!(get(node.admin(), "/keys.json?after=zz").status, 400);
    node.stop();
}

#[test]
fn where_there_are_users_the_page_is_for_those_who_may_read_and_health_for_everybody() {
    let users = UsersFile::of(&[
        ("ada", "read,write,admin", "*", "pass"),
        ("bob", "read", "sensor/*", "pass"),
        ("eve", "write", "*", "pass"),
    ]);
    let node = Node::start(NodeSettings::alone("n1").with_admin().section(&users.section()));
    let mut client = node.client();
    assert_eq!(client.command("AUTH ada pass"), "OK");
    client.pipeline_ok(&["SET sensor/1 1".to_owned(), "SET secret 1".to_owned()]);
    let admin = node.admin();
    for path in ["/health/live", "/metrics"] {
        assert_eq!(get(admin, path).status, 200, "{path}");
    }
    for path in ["/", "/status.json", "/keys.json"] {
        let page = get(admin, path);
        assert_eq!(page.status, 401, "{path}");
        assert!(page.headers.contains("www-authenticate: basic"), "{}", page.headers);
        // printf 'eve:pass' | base64
        assert_eq!(get_as(admin, path, "ZXZlOnBhc3M=").0, 403, "{path}");
        // ada:pass
        assert_eq!(get_as(admin, path, "YWRhOnBhc3M=").0, 200, "{path}");
        // ada:wrong
        assert_eq!(get_as(admin, path, "YWRhOndyb25n").0, 401, "{path}");
    }
    // bob:pass sees what its pattern allows.
    let (_, body) = get_as(admin, "/keys.json", "Ym9iOnBhc3M=");
    assert!(body.contains("sensor/1") && !body.contains("secret"), "{body}");
    // Whoever has logged in is not believed any more once the user is gone.
    assert!(users.run(&["remove", "ada"], "").status.success());
    wait_until(PATIENCE, "ada is nobody", || get_as(admin, "/", "YWRhOnBhc3M=").0 == 401);
    assert!(!node.log().contains("pass\""), "{}", node.log());
    node.stop();
}

#[test]
fn guessing_passwords_over_http_is_slowed_down() {
    let users = UsersFile::of(&[("ada", "read", "*", "pass")]);
    let node = Node::start(NodeSettings::alone("n1").with_admin().section(&users.section()));
    // printf 'ada:wrongN' | base64
    let guesses = ["YWRhOndyb25nMQ==", "YWRhOndyb25nMg==", "YWRhOndyb25nMw==", "YWRhOndyb25nNA=="];
    let more = ["YWRhOndyb25nNQ==", "YWRhOndyb25nNg==", "YWRhOndyb25nNw==", "YWRhOndyb25nOA=="];
    let mut statuses = Vec::new();
    for guess in guesses.iter().chain(&more).chain(&["YWRhOndyb25nOQ==", "YWRhOndyb25nMTA="]) {
        statuses.push(get_as(node.admin(), "/status.json", guess).0);
    }
    assert_eq!(statuses[0], 401);
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(get(node.admin(), "/health/live").status, 200);
    node.stop();
}

#[test]
fn the_page_loads_nothing_from_elsewhere_and_tells_the_browser_so() {
    let node = node();
    let page = get(node.admin(), "/");
    assert_eq!(page.status, 200);
    let policy = page.headers.lines().find(|line| line.starts_with("content-security-policy:"));
    let policy = policy.unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert_eq!(page.body.matches(&format!("nonce=\"{nonce}\"")).count(), 2);
    assert_ne!(get(node.admin(), "/").body, page.body, "the number is another each time");
    let elsewhere: Vec<&str> = page
        .body
        .split(['"', '\'', '`', ' '])
        .filter(|word| word.contains("://") && *word != "http://www.w3.org/2000/svg")
        .collect();
    assert_eq!(elsewhere, [""; 0]);
    node.stop();
}

#[test]
fn a_page_of_a_stranger_whose_name_leads_to_the_node_reads_nothing() {
    let node = node();
    for (path, expected) in [("/keys.json", 403), ("/status.json", 403), ("/metrics", 200)] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: evil.example:9379\r\n\r\n");
        let page = send(node.admin(), request.as_bytes()).unwrap();
        assert_eq!(page.status, expected, "{path}: {}", page.body);
    }
    node.stop();
}

/// Puts a picture where somebody wants it.
fn look(browser: &Browser, name: &str) {
    if let Ok(folder) = std::env::var(SCREENSHOTS) {
        let picture = std::path::Path::new(&folder).join(format!("{name}.png.base64"));
        std::fs::write(picture, browser.screenshot()).unwrap();
    }
}

#[test]
fn a_browser_shows_the_cluster_and_finds_keys_light_dark_and_on_a_phone() {
    let mut cluster = Cluster::start_with(3, BrokerKind::Embedded, NodeSettings::with_admin);
    let mut client = cluster.nodes[0].client();
    let keys: Vec<String> = (0..60).map(|n| format!("SET sensor/{n:03} {n}")).collect();
    client.pipeline_ok(&keys);
    assert_eq!(client.command("SET <script>alert(1)</script> <img/src=x>"), "OK");
    same_roots(&cluster.nodes.iter().collect::<Vec<_>>());
    client.list("SYNC");
    let url = format!("http://{}/", cluster.nodes[0].admin());
    for (is_dark, width, height, name) in
        [(false, 1280, 2000, "light"), (true, 1280, 2000, "dark"), (false, 500, 2000, "phone")]
    {
        let browser = Browser::start(is_dark);
        browser.resize(width, height);
        browser.open(&url);
        browser.until(
            "the page says how the cluster is",
            "return document.getElementById('verdict').textContent === '3 nodes, all with the same root'",
        );
        browser.until(
            "charts are drawn",
            "return document.querySelectorAll('#rates path').length === 2",
        );
        let rows = browser.script("return document.querySelectorAll('#nodes tr').length");
        assert_eq!(rows, json!(3));
        browser.script(
            "document.getElementById('prefix').value = 'sensor/';
             document.querySelector('#search button').click()",
        );
        browser
            .until("keys are found", "return document.querySelectorAll('#keys tr').length === 50");
        browser.script("document.getElementById('more').click()");
        browser
            .until("there are more", "return document.querySelectorAll('#keys tr').length === 60");
        browser.script(
            "document.getElementById('prefix').value = '<';
             document.querySelector('#search button').click()",
        );
        browser.until(
            "text stays text",
            "return document.querySelector('#keys td.key')?.textContent === '<script>alert(1)</script>'",
        );
        let overflow = browser.script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        assert_eq!(overflow, json!(0), "{name} is wider than the window");
        let background = browser.script("return getComputedStyle(document.body).backgroundColor");
        let expected = if is_dark { "rgb(18, 22, 27)" } else { "rgb(246, 247, 249)" };
        assert_eq!(background, expected, "{name}");
        look(&browser, name);
        assert_eq!(browser.complaints(), [""; 0], "{name}");
    }
    let browser = Browser::start(false);
    browser.open(&url);
    cluster.nodes.pop().unwrap().stop();
    browser.until(
        "a node that is gone is told of",
        "return document.getElementById('verdict').textContent === 'node2 is down'",
    );
    look(&browser, "down");
}
