//! Info objects: ordered lists of (key, value) texts (MPI-5.0 §10).

use crate::constants::{MAX_INFO_KEY, MAX_INFO_VAL, class, predefined};
use crate::error::{Error, Result};
use crate::{Eng, InfoId, StrOut, fail};
use std::cell::RefCell;

/// (key, value) pairs in the order in which the keys were first set.
#[derive(Default, Clone, Debug, PartialEq, Eq)]
pub struct Info(RefCell<Vec<(String, String)>>);

impl Info {
    pub fn of(pairs: Vec<(String, String)>) -> Info {
        Info(RefCell::new(pairs))
    }
    pub fn get(&self, key: &str) -> Option<String> {
        self.0.borrow().iter().find(|(k, _)| k == key).map(|(_, v)| v.clone())
    }
    pub fn set(&self, key: &str, value: &str) {
        let mut list = self.0.borrow_mut();
        match list.iter_mut().find(|(k, _)| k == key) {
            Some((_, old)) => *old = value.to_string(),
            None => list.push((key.to_string(), value.to_string())),
        }
    }
    /// False if there was no such key.
    pub fn delete(&self, key: &str) -> bool {
        let mut list = self.0.borrow_mut();
        let before = list.len();
        list.retain(|(k, _)| k != key);
        list.len() != before
    }
    pub fn pairs(&self) -> Vec<(String, String)> {
        self.0.borrow().clone()
    }
    fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

/// The pairs of an info argument; MPI_INFO_NULL has none.
pub fn pairs_of(e: Eng, info: InfoId) -> Result<Vec<(String, String)>> {
    match info {
        InfoId::NULL => Ok(Vec::new()),
        _ => Ok(e.infos.get(info)?.pairs()),
    }
}

/// A new info object with `pairs`.
pub fn insert(e: Eng, pairs: &[(&str, &str)]) -> InfoId {
    let info = Info::default();
    for (key, value) in pairs {
        info.set(key, value);
    }
    e.infos.insert(info)
}

fn writable(info: InfoId) -> Result {
    if info == predefined::INFO_ENV {
        fail!(INFO, "info is MPI_INFO_ENV, which cannot be changed");
    }
    Ok(())
}

fn check_key(key: &str) -> Result {
    if key.is_empty() {
        fail!(INFO_KEY, "key is empty, expected 1 to {} characters", MAX_INFO_KEY - 1);
    }
    if key.len() >= MAX_INFO_KEY {
        fail!(INFO_KEY, "key has {} characters, expected at most {}", key.len(), MAX_INFO_KEY - 1);
    }
    Ok(())
}

pub fn info_create(e: Eng) -> Result<InfoId> {
    Ok(e.infos.insert(Info::default()))
}

/// A new info object with what MPI_INFO_ENV holds. `argc` and `argv` may be NULL and are not needed.
pub fn info_create_env(e: Eng, _argc: i32, _argv: usize) -> Result<InfoId> {
    Ok(e.infos.insert(Info::of(crate::env::info_pairs())))
}

pub fn info_set(e: Eng, info: InfoId, key: &str, value: &str) -> Result {
    let object = e.infos.get(info)?;
    writable(info)?;
    check_key(key)?;
    if value.len() >= MAX_INFO_VAL {
        let n = value.len();
        return Err(Error::new(
            class::INFO_VALUE,
            format!("value of key {key} has {n} characters, expected at most {}", MAX_INFO_VAL - 1),
        ));
    }
    object.set(key, value);
    Ok(())
}

pub fn info_delete(e: Eng, info: InfoId, key: &str) -> Result {
    let object = e.infos.get(info)?;
    writable(info)?;
    check_key(key)?;
    if !object.delete(key) {
        fail!(INFO_NOKEY, "key is {key}, which the info object does not have");
    }
    Ok(())
}

/// Writes at most `valuelen` characters of the value. Returns whether the key is there.
pub fn info_get(e: Eng, info: InfoId, key: &str, valuelen: i32, value: StrOut) -> Result<bool> {
    let object = e.infos.get(info)?;
    check_key(key)?;
    if valuelen < 0 {
        fail!(ARG, "valuelen is {valuelen}, expected 0 or more");
    }
    let found = object.get(key);
    if let Some(text) = &found {
        value.set_limited(text, valuelen as usize + 1);
    }
    Ok(found.is_some())
}

/// `buflen` is the size of `value` with its final NUL, and becomes the size that the whole value needs.
pub fn info_get_string(e: Eng, info: InfoId, key: &str, buflen: &mut i32, value: StrOut) -> Result<bool> {
    let object = e.infos.get(info)?;
    check_key(key)?;
    if *buflen < 0 {
        fail!(ARG, "buflen is {buflen}, expected 0 or more");
    }
    let Some(text) = object.get(key) else { return Ok(false) };
    value.set_limited(&text, *buflen as usize);
    *buflen = text.len() as i32 + 1;
    Ok(true)
}

pub fn info_get_valuelen(e: Eng, info: InfoId, key: &str) -> Result<(i32, bool)> {
    let object = e.infos.get(info)?;
    check_key(key)?;
    let found = object.get(key);
    Ok((found.as_ref().map_or(0, |v| v.len() as i32), found.is_some()))
}

pub fn info_get_nkeys(e: Eng, info: InfoId) -> Result<i32> {
    Ok(e.infos.get(info)?.len() as i32)
}

pub fn info_get_nthkey(e: Eng, info: InfoId, n: i32, key: StrOut) -> Result {
    let object = e.infos.get(info)?;
    let pairs = object.0.borrow();
    match usize::try_from(n).ok().and_then(|n| pairs.get(n)) {
        Some((text, _)) => key.set_limited(text, MAX_INFO_KEY),
        None => fail!(ARG, "n is {n}, expected 0 ≤ n < {} (the number of keys)", pairs.len()),
    };
    Ok(())
}

pub fn info_dup(e: Eng, info: InfoId) -> Result<InfoId> {
    let copy = (*e.infos.get(info)?).clone();
    Ok(e.infos.insert(copy))
}

pub fn info_free(e: Eng, info: &mut InfoId) -> Result {
    e.infos.get(*info)?;
    if *info == predefined::INFO_ENV {
        fail!(INFO, "info is MPI_INFO_ENV, which cannot be freed");
    }
    e.infos.remove(*info)?;
    *info = InfoId::NULL;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_the_order_of_their_first_setting() {
        let info = Info::default();
        for (k, v) in [("b", "1"), ("a", "2"), ("b", "3"), ("c", "4")] {
            info.set(k, v);
        }
        let keys: Vec<String> = info.pairs().into_iter().map(|(k, _)| k).collect();
        assert_eq!(keys, ["b", "a", "c"]);
        assert_eq!(info.get("b").as_deref(), Some("3"));
        assert!(info.delete("a") && !info.delete("a"));
        assert_eq!(info.len(), 2);
    }

    #[test]
    fn key_lengths_are_checked() {
        assert!(check_key("").is_err());
        assert!(check_key(&"k".repeat(MAX_INFO_KEY - 1)).is_ok());
        let error = check_key(&"k".repeat(MAX_INFO_KEY)).unwrap_err();
        assert_eq!(error.code(), class::INFO_KEY);
    }
}
