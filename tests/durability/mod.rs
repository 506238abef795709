//! What a node has acknowledged it has still after a crash, whatever the moment; and what it says
//! when its data directory or its disk is no good.

mod kills;
mod load;

use load::{Load, Numbers};
