//! `vmirun` as its users meet it: the real program, real processes, and nothing left afterwards.

mod ending;
mod harness;
mod hosts;
mod leftovers;
mod pmi;
mod running;
