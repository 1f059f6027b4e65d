//! The job as the core sees it.

use super::{Job, JobError};
use crate::core::directory::Directory;

impl Directory for Job {
    fn put(&self, key: &str, value: &[u8]) -> Result<(), String> {
        Job::put(self, key, value).map_err(|e: JobError| e.to_string())
    }

    fn get(&self, rank: u32, key: &str) -> Result<Vec<u8>, String> {
        Job::get(self, rank, key).map_err(|e| e.to_string())
    }

    fn fence(&self) -> Result<(), String> {
        Job::fence(self).map_err(|e| e.to_string())
    }

    fn host(&self, rank: u32) -> String {
        self.host_of(rank).to_string()
    }

    fn secret(&self) -> [u8; 32] {
        Job::secret(self)
    }
}
