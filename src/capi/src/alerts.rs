//! Alerts: what went wrong without a call that could fail.

use crate::callback;
use crate::engine::Eng;
use crate::types::VMIAlert;
use std::cell::{Cell, RefCell};
use vmi::core::alert::{Alert, Severity};

#[derive(Default)]
pub struct Alerts {
    pub function: Cell<VMIAlert>,
    waiting: RefCell<vmi::core::alert::Alerts>,
    /// Something may be waiting.
    any: Cell<bool>,
}

impl Alerts {
    pub fn notice(&self, text: String) {
        self.raise(Severity::Notice, text);
    }

    pub fn fault(&self, text: String) {
        self.raise(Severity::Fault, text);
    }

    pub fn raise(&self, severity: Severity, text: String) {
        self.waiting.borrow_mut().raise(Alert { severity, peer: None, text });
        self.any.set(true);
    }
}

/// Tells the program, or the user.
pub fn tell(e: Eng) {
    if !e.alerts.any.replace(false) {
        return;
    }
    let waiting = e.alerts.waiting.borrow_mut().take();
    for alert in waiting {
        let told = callback::alert(e.alerts.function.get(), alert.severity as u32, &alert.text);
        if !told && alert.severity == Severity::Fault {
            eprintln!("VMI: {}: {}", e.settings.borrow().key, alert.text);
        }
    }
}
