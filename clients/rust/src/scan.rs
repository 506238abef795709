//! Keys in byte order, a page at a time.

use crate::reply::{Mismatch, text};
use crate::wire::{PAGE, Verb};
use crate::{Client, Result};
use std::vec::IntoIter;

/// Where a scan is: the keys of a page that are not taken yet, and behind which key to go on.
#[derive(Debug)]
pub(crate) struct Cursor {
    prefix: String,
    page: IntoIter<Option<Vec<u8>>>,
    last: Option<Vec<u8>>,
    is_over: bool,
}

impl Cursor {
    pub(crate) fn new(prefix: &str) -> Cursor {
        let page = Vec::new().into_iter();
        Cursor { prefix: prefix.to_owned(), page, last: None, is_over: false }
    }

    /// The next key of the page.
    pub(crate) fn key(&mut self) -> Option<std::result::Result<String, Mismatch>> {
        self.page.next().flatten().map(text)
    }

    /// What to ask for the next page, if there may be another one.
    pub(crate) fn question(&self) -> Option<Vec<&[u8]>> {
        let words = std::iter::once(self.prefix.as_bytes()).chain(self.last.as_deref());
        (!self.is_over).then(|| words.collect())
    }

    /// Goes on with a page; after an error there is none.
    pub(crate) fn turn(&mut self, page: Result<Vec<Option<Vec<u8>>>>) -> Result<()> {
        self.is_over = true;
        let page = page?;
        // A longer page is that of the legacy dialect, which gives all keys at once.
        if page.len() == PAGE {
            self.last = page.last().cloned().flatten();
            self.is_over = false;
        }
        self.page = page.into_iter();
        Ok(())
    }
}

/// Gives the keys with a prefix in byte order, and asks the node for a thousand at a time. It ends
/// after an error, except that a key that is not UTF-8 is a protocol error and the others follow.
///
/// Made by [`Client::scan`].
#[derive(Debug)]
#[must_use = "nothing is asked before the first key is wanted"]
pub struct Scan<'a> {
    client: &'a mut Client,
    cursor: Cursor,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(client: &'a mut Client, prefix: &str) -> Scan<'a> {
        Scan { client, cursor: Cursor::new(prefix) }
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Result<String>> {
        loop {
            if let Some(key) = self.cursor.key() {
                return Some(key.map_err(|not_text| self.client.mismatch(Verb::Scan, &not_text)));
            }
            let page = self.client.call(Verb::Scan, &self.cursor.question()?);
            if let Err(error) = self.cursor.turn(page) {
                return Some(Err(error));
            }
        }
    }
}

/// The scan of an [`AsyncClient`](crate::AsyncClient), made by its `scan`.
#[cfg(feature = "async")]
#[derive(Debug)]
#[must_use = "nothing is asked before the first key is wanted"]
pub struct AsyncScan<'a> {
    client: &'a mut crate::AsyncClient,
    cursor: Cursor,
}

#[cfg(feature = "async")]
impl<'a> AsyncScan<'a> {
    pub(crate) fn new(client: &'a mut crate::AsyncClient, prefix: &str) -> AsyncScan<'a> {
        AsyncScan { client, cursor: Cursor::new(prefix) }
    }

    /// The next key, if there is another one.
    pub async fn next(&mut self) -> Option<Result<String>> {
        loop {
            if let Some(key) = self.cursor.key() {
                return Some(key.map_err(|not_text| self.client.mismatch(Verb::Scan, &not_text)));
            }
            let page = self.client.call(Verb::Scan, &self.cursor.question()?).await;
            if let Err(error) = self.cursor.turn(page) {
                return Some(Err(error));
            }
        }
    }
}
