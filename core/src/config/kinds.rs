//! What a row of the table accepts: from a value as written to its type, and back. Numbers with a
//! unit are in `amounts`. Knows no key by name.

use core::net::IpAddr;
use std::marker::PhantomData;
use std::path::PathBuf;

use super::raw::Written;
use super::values::{AdvertiseAddress, BrokerAddress, Choice, Secret, TopicPrefix};
use crate::naming::{NodeName, PeerAddress};

/// The most bytes a string may have in MQTT, which counts them in two bytes.
const MAX_MQTT_STRING_BYTES: usize = 65_535;

/// The shortest secret of a cluster, in bytes: whoever hears two nodes meet can try shorter ones
/// at leisure. Longer than [`Secret::MASK`], too.
const MIN_CLUSTER_SECRET_BYTES: usize = 16;

/// The longest secret of a cluster, in bytes: more adds nothing that could not be guessed before.
const MAX_CLUSTER_SECRET_BYTES: usize = 1_024;

/// The longest path Linux takes, in bytes.
const MAX_PATH_BYTES: usize = 4_096;

/// What is accepted, as which type. The same rule reads the file, the environment and the default.
pub(super) trait Kind: Sync + 'static {
    /// The type a value has once it is resolved.
    type Value: PartialEq;

    /// How the text of an environment variable is to be taken.
    const FORM: Form;

    /// What is accepted, as it follows the word "expected".
    fn expected(&self) -> String;

    /// The typed value.
    fn read(&self, written: &Written) -> Result<Self::Value, Refusal>;

    /// A value as it would be written in a file.
    fn write(&self, value: &Self::Value) -> Written;
}

/// The TOML type that a value has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Text in quotes.
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// An array; in the environment, text with commas between the elements.
    List,
}

/// Why a value is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not what [`Kind::expected`] says.
    Unexpected,
    /// It is a list, and this is the index of the first element that is no good.
    Element(usize),
    /// It carries credentials, so it may not be shown either.
    Credentials,
}

impl Written {
    fn text(&self) -> Result<&str, Refusal> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Integer(_) | Self::Boolean(_) | Self::List(_) | Self::Other(_) => {
                Err(Refusal::Unexpected)
            }
        }
    }

    fn integer(&self) -> Result<i128, Refusal> {
        match self {
            Self::Integer(integer) => Ok(*integer),
            Self::Text(_) | Self::Boolean(_) | Self::List(_) | Self::Other(_) => {
                Err(Refusal::Unexpected)
            }
        }
    }

    fn boolean(&self) -> Result<bool, Refusal> {
        match self {
            Self::Boolean(boolean) => Ok(*boolean),
            Self::Text(_) | Self::Integer(_) | Self::List(_) | Self::Other(_) => {
                Err(Refusal::Unexpected)
            }
        }
    }

    /// The elements of a list.
    pub(super) fn list(&self) -> Result<&[Written], Refusal> {
        match self {
            Self::List(list) => Ok(list),
            Self::Text(_) | Self::Integer(_) | Self::Boolean(_) | Self::Other(_) => {
                Err(Refusal::Unexpected)
            }
        }
    }
}

/// `true` or `false`.
pub(super) struct Boolean;

impl Kind for Boolean {
    type Value = bool;
    const FORM: Form = Form::Boolean;

    fn expected(&self) -> String {
        "true or false".to_owned()
    }

    fn read(&self, written: &Written) -> Result<bool, Refusal> {
        written.boolean()
    }

    fn write(&self, value: &bool) -> Written {
        Written::Boolean(*value)
    }
}

/// A whole number between two limits, both allowed, in the type that the limits have.
pub(super) struct Integer<T> {
    pub(super) from: T,
    pub(super) to: T,
}

impl<T> Kind for Integer<T>
where
    T: Copy + PartialOrd + ToString + TryFrom<i128> + Sync + 'static,
    i128: TryFrom<T>,
{
    type Value = T;
    const FORM: Form = Form::Integer;

    fn expected(&self) -> String {
        format!("an integer from {} to {}", self.from.to_string(), self.to.to_string())
    }

    fn read(&self, written: &Written) -> Result<T, Refusal> {
        T::try_from(written.integer()?)
            .ok()
            .filter(|value| (self.from..=self.to).contains(value))
            .ok_or(Refusal::Unexpected)
    }

    fn write(&self, value: &T) -> Written {
        Written::Integer(i128::try_from(*value).unwrap_or(i128::MAX))
    }
}

/// One of the words of `T`.
pub(super) struct OneOf<T>(pub(super) PhantomData<fn() -> T>);

impl<T: Choice> Kind for OneOf<T> {
    type Value = T;
    const FORM: Form = Form::Text;

    fn expected(&self) -> String {
        let words: Vec<String> =
            T::ALL.iter().map(|value| format!("\"{}\"", value.word())).collect();
        words.join(" or ")
    }

    fn read(&self, written: &Written) -> Result<T, Refusal> {
        let word = written.text()?;
        T::ALL.iter().copied().find(|value| value.word() == word).ok_or(Refusal::Unexpected)
    }

    fn write(&self, value: &T) -> Written {
        Written::from(value.word())
    }
}

/// One line of text for people.
pub(super) struct Line {
    pub(super) max_chars: usize,
}

impl Kind for Line {
    type Value = String;
    const FORM: Form = Form::Text;

    fn expected(&self) -> String {
        format!("text of 1 to {} characters without control characters", self.max_chars)
    }

    fn read(&self, written: &Written) -> Result<String, Refusal> {
        let text = written.text()?;
        let valid = (1..=self.max_chars).contains(&text.chars().count())
            && !text.contains(char::is_control);
        valid.then(|| text.to_owned()).ok_or(Refusal::Unexpected)
    }

    fn write(&self, value: &String) -> Written {
        Written::from(value.as_str())
    }
}

/// A password for the broker.
pub(super) struct Password;

impl Kind for Password {
    type Value = Secret;
    const FORM: Form = Form::Text;

    fn expected(&self) -> String {
        format!("text of 1 to {MAX_MQTT_STRING_BYTES} bytes")
    }

    fn read(&self, written: &Written) -> Result<Secret, Refusal> {
        let text = written.text()?;
        let valid = (1..=MAX_MQTT_STRING_BYTES).contains(&text.len());
        valid.then(|| Secret::new(text)).ok_or(Refusal::Unexpected)
    }

    fn write(&self, _: &Secret) -> Written {
        Written::from(Secret::MASK)
    }
}

/// What the nodes of a cluster prove to each other that they know. One line that survives being
/// copied by hand: a space that an editor leaves at its end would keep two nodes apart.
pub(super) struct ClusterSecret;

impl Kind for ClusterSecret {
    type Value = Secret;
    const FORM: Form = Form::Text;

    fn expected(&self) -> String {
        format!(
            "{MIN_CLUSTER_SECRET_BYTES} to {MAX_CLUSTER_SECRET_BYTES} bytes of printable ASCII \
             without spaces at the ends"
        )
    }

    fn read(&self, written: &Written) -> Result<Secret, Refusal> {
        let text = written.text()?;
        let valid = (MIN_CLUSTER_SECRET_BYTES..=MAX_CLUSTER_SECRET_BYTES).contains(&text.len())
            && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
            && text.trim() == text;
        valid.then(|| Secret::new(text)).ok_or(Refusal::Unexpected)
    }

    fn write(&self, _: &Secret) -> Written {
        Written::from(Secret::MASK)
    }
}

/// The path of a file or folder.
pub(super) struct FilePath;

impl Kind for FilePath {
    type Value = PathBuf;
    const FORM: Form = Form::Text;

    fn expected(&self) -> String {
        format!("a path of 1 to {MAX_PATH_BYTES} bytes")
    }

    fn read(&self, written: &Written) -> Result<PathBuf, Refusal> {
        let text = written.text()?;
        let valid = (1..=MAX_PATH_BYTES).contains(&text.len()) && !text.contains('\0');
        valid.then(|| PathBuf::from(text)).ok_or(Refusal::Unexpected)
    }

    fn write(&self, value: &PathBuf) -> Written {
        Written::from(&*value.to_string_lossy())
    }
}

/// The name of a node.
pub(super) struct Node;

impl Kind for Node {
    type Value = NodeName;
    const FORM: Form = Form::Text;

    fn expected(&self) -> String {
        "1 to 64 of the characters A-Z a-z 0-9 . _ -".to_owned()
    }

    fn read(&self, written: &Written) -> Result<NodeName, Refusal> {
        NodeName::parse(written.text()?).ok_or(Refusal::Unexpected)
    }

    fn write(&self, value: &NodeName) -> Written {
        Written::from(value.as_str())
    }
}

/// The start of the topics of a cluster.
pub(super) struct Topic;

impl Kind for Topic {
    type Value = TopicPrefix;
    const FORM: Form = Form::Text;

    fn expected(&self) -> String {
        "1 to 128 characters without +, # or control characters, no $ or / first, no / last"
            .to_owned()
    }

    fn read(&self, written: &Written) -> Result<TopicPrefix, Refusal> {
        TopicPrefix::parse(written.text()?).ok_or(Refusal::Unexpected)
    }

    fn write(&self, value: &TopicPrefix) -> Written {
        Written::from(value.as_str())
    }
}

/// An address of this machine to listen on.
pub(super) struct Ip;

impl Kind for Ip {
    type Value = IpAddr;
    const FORM: Form = Form::Text;

    fn expected(&self) -> String {
        "an IPv4 or IPv6 address".to_owned()
    }

    fn read(&self, written: &Written) -> Result<IpAddr, Refusal> {
        written.text()?.parse().map_err(|_| Refusal::Unexpected)
    }

    fn write(&self, value: &IpAddr) -> Written {
        Written::from(value.to_string().as_str())
    }
}

/// Where peers are told to connect.
pub(super) struct Advertise;

impl Kind for Advertise {
    type Value = AdvertiseAddress;
    const FORM: Form = Form::Text;

    fn expected(&self) -> String {
        "host or host:port, IPv6 in brackets".to_owned()
    }

    fn read(&self, written: &Written) -> Result<AdvertiseAddress, Refusal> {
        AdvertiseAddress::parse(written.text()?).ok_or(Refusal::Unexpected)
    }

    fn write(&self, value: &AdvertiseAddress) -> Written {
        Written::from(value.to_string().as_str())
    }
}

/// The client port of a peer.
pub(super) struct Peer;

impl Kind for Peer {
    type Value = PeerAddress;
    const FORM: Form = Form::Text;

    fn expected(&self) -> String {
        "host:port, IPv6 in brackets".to_owned()
    }

    fn read(&self, written: &Written) -> Result<PeerAddress, Refusal> {
        PeerAddress::parse(written.text()?).ok_or(Refusal::Unexpected)
    }

    fn write(&self, value: &PeerAddress) -> Written {
        Written::from(value.to_string().as_str())
    }
}

/// Any number of values up to a limit, none included.
pub(super) struct List<K> {
    pub(super) of: K,
    pub(super) max_len: usize,
}

impl<K: Kind> Kind for List<K> {
    type Value = Vec<K::Value>;
    const FORM: Form = Form::List;

    fn expected(&self) -> String {
        format!("a list of up to {} {}", self.max_len, self.of.expected())
    }

    fn read(&self, written: &Written) -> Result<Vec<K::Value>, Refusal> {
        let list = written.list()?;
        if list.len() > self.max_len {
            return Err(Refusal::Unexpected);
        }
        let element = |(index, element)| self.of.read(element).map_err(|_| Refusal::Element(index));
        list.iter().enumerate().map(element).collect()
    }

    fn write(&self, value: &Vec<K::Value>) -> Written {
        Written::List(value.iter().map(|element| self.of.write(element)).collect())
    }
}

/// The URL of an MQTT broker.
pub(super) struct BrokerUrl;

impl Kind for BrokerUrl {
    type Value = BrokerAddress;
    const FORM: Form = Form::Text;

    fn expected(&self) -> String {
        "tcp://host:port (mqtt://) with IPv6 in brackets, or for TLS ssl://host:port (mqtts://) \
         with a name or an IPv4 address"
            .to_owned()
    }

    fn read(&self, written: &Written) -> Result<BrokerAddress, Refusal> {
        let url = written.text()?;
        if url.contains('@') {
            return Err(Refusal::Credentials);
        }
        let (scheme, rest) = url.split_once("://").ok_or(Refusal::Unexpected)?;
        match scheme {
            "tcp" | "mqtt" => BrokerAddress::parse_after_scheme(rest).ok_or(Refusal::Unexpected),
            "ssl" | "mqtts" => {
                BrokerAddress::parse_after_tls_scheme(rest).ok_or(Refusal::Unexpected)
            }
            _ => Err(Refusal::Unexpected),
        }
    }

    fn write(&self, value: &BrokerAddress) -> Written {
        Written::from(value.to_string().as_str())
    }
}
