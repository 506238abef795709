//! The signals of the process, for a program that runs one node. actix follows none by itself.

use crate::exit::ExitReason;
use crate::reload::Reloader;
use crate::system::{Stop, SystemActor};
use actix::Addr;
use log::{error, info, warn};
use std::future;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The exit code of a process that was interrupted while it stopped in order, as shells give it.
const INTERRUPTED: i32 = 130;

/// Stops the node at the first SIGTERM or SIGINT, and ends the process at the second. Has the
/// configuration read again at SIGHUP, and when its file has changed.
pub(crate) async fn follow(system: Addr<SystemActor>, mut reloader: Reloader) {
    let signals = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = signals.map(signal) else {
        return error!("signals cannot be followed, use SHUTDOWN to stop the node in order");
    };
    actix_rt::spawn(async move {
        loop {
            tokio::select! {
                () = received(&mut hangup) => reloader.reload_all().await,
                () = reloader.changed() => reloader.reload().await,
            }
        }
    });
    let mut asked = false;
    loop {
        tokio::select! {
            () = received(&mut terminate) => {}
            () = received(&mut interrupt) => {}
        }
        if asked {
            warn!("asked to stop again, ending at once");
            log::logger().flush();
            std::process::exit(INTERRUPTED);
        }
        info!("asked to stop by a signal; a second one ends at once");
        asked = true;
        system.do_send(Stop(ExitReason::Asked));
    }
}

async fn received(signal: &mut Signal) {
    if signal.recv().await.is_none() {
        // The runtime is ending, and this task with it.
        future::pending::<()>().await;
    }
}
