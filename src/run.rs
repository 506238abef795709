//! What each subcommand does.

use crate::failure::Failure;
use anyhow::Context;
use merkle_kv_actors::logging::{self, LogFile, LogFormat, LogGuard, LogSettings};
use merkle_kv_actors::storage::tools;
use merkle_kv_actors::{ConfigSource, ExitReason, Node, Signals, StartError, check_tls, users};
use merkle_kv_core::config::{self, Config};
use merkle_kv_core::naming::NodeName;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Runs the node until it ends.
pub(crate) fn node(path: &Path, repair: bool) -> Result<(), Failure> {
    let config = load(path)?;
    let log = install_logging(&config).map_err(Failure::Other)?;
    users::warn_of_readable_config(path);
    let start = if repair { Node::repair } else { Node::start };
    let file = path.to_owned();
    let source = ConfigSource {
        file: file.clone(),
        read: Box::new(move || load(&file).map_err(|failure| failure.to_string())),
        log_level: log.level(),
    };
    let node = start(&config, Signals::Follow(source))?;
    let reason = node.wait();
    log.flush();
    match reason {
        ExitReason::Asked => Ok(()),
        ExitReason::Failed(_) | ExitReason::Panicked => {
            Err(Failure::Other(anyhow::anyhow!("the node ended: {reason}; the log says more")))
        }
    }
}

/// Reports whether a configuration is good.
pub(crate) fn check_config(path: &Path) -> Result<(), Failure> {
    let config = load(path)?;
    users::of_config(&config)?;
    check_tls(&config).map_err(StartError::from)?;
    println!("{}: the configuration is good", path.display());
    Ok(())
}

/// Prints a configuration as resolved.
pub(crate) fn print_config(path: &Path) -> Result<(), Failure> {
    print!("{}", load(path)?.to_toml());
    Ok(())
}

/// Prints the reference of all keys.
pub(crate) fn print_reference() -> Result<(), Failure> {
    print!("{}", config::reference());
    Ok(())
}

/// Reports what a data directory holds, and whether it is whole.
pub(crate) fn verify(data_dir: &Path) -> Result<(), Failure> {
    println!("{}", tools::verify(data_dir, &mut |line| println!("{line}"))?);
    Ok(())
}

/// Copies a data directory into a file.
pub(crate) fn backup(data_dir: &Path, to: &Path) -> Result<(), Failure> {
    println!("{}", tools::backup(data_dir, to)?);
    Ok(())
}

/// Makes a data directory of a backup.
pub(crate) fn restore(
    from: &Path,
    data_dir: &Path,
    node: Option<&NodeName>,
) -> Result<(), Failure> {
    println!("{}", tools::restore(from, data_dir, node.map(NodeName::as_str))?);
    Ok(())
}

fn load(path: &Path) -> Result<Config, Failure> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path)
        .with_context(|| {
            format!("cannot read the configuration file {name}; name one with --config FILE")
        })
        .map_err(Failure::Configuration)?;
    // A variable that is no text cannot be one of ours.
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    config::load(&text, &name, &environment)
        .map_err(|problems| Failure::Configuration(problems.into()))
}

fn install_logging(config: &Config) -> anyhow::Result<LogGuard> {
    let logging = &config.logging;
    let settings = LogSettings {
        level: logging::filter(logging.level),
        format: match logging.format {
            config::LogFormat::Text => LogFormat::Text,
            config::LogFormat::Json => LogFormat::Json,
        },
        file: logging.file_path.as_ref().map(|path| LogFile {
            path: path.clone(),
            max_size_bytes: logging.max_size_mb << 20,
            max_files: logging.max_files,
        }),
        node_id: config.node_id.to_string(),
    };
    let guard = logging::install(&settings)?;
    logging::install_panic_hook();
    Ok(guard)
}
