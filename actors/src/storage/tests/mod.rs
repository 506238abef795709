//! Tests of the storage on a simulated disk, under seeds.

mod crash;
mod directory;
mod disk;
mod file;
mod life;
mod random;
mod snapshots;
mod threads;
mod verify;
