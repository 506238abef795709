//! A file of the simulated disk: what a process sees of it, and what may be on disk.

use super::random::Random;

#[derive(Clone, Default)]
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    /// What is surely on disk: it begins with what is in both.
    synced: Vec<u8>,
    /// What was in the file before it was truncated, and may be on disk yet.
    before: Vec<Vec<u8>>,
    /// Where writes ended.
    ends: Vec<usize>,
    /// Bytes that a sync failed to bring to disk. No later one tries it again.
    given_up: Vec<std::ops::Range<usize>>,
}

impl File {
    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push(self.bytes.len());
    }

    /// All that is in `image` is on disk.
    pub(super) fn sync(&mut self, image: Vec<u8>) {
        self.synced = image;
        for hole in &self.given_up {
            let end = hole.end.min(self.synced.len());
            if let Some(lost) = self.synced.get_mut(hole.start..end) {
                lost.fill(0);
            }
        }
        if self.synced == self.bytes {
            self.before.clear();
        }
    }

    /// A sync has failed: what it was for is held for synced, and is not.
    pub(super) fn give_up(&mut self) {
        self.given_up.push(common(&self.synced, &self.bytes)..self.bytes.len());
    }

    /// Drops what is behind. How much that was.
    pub(super) fn truncate(&mut self, bytes: usize) -> usize {
        let before = self.bytes.clone();
        self.bytes.truncate(bytes);
        let freed = before.len() - self.bytes.len();
        self.before.push(before);
        freed
    }

    /// What a power cut leaves of it.
    pub(super) fn after_a_cut(&self, random: &mut Random) -> File {
        let bytes = self.bytes_after_a_cut(random);
        File { synced: bytes.clone(), bytes, ..File::default() }
    }

    fn bytes_after_a_cut(&self, random: &mut Random) -> Vec<u8> {
        let safe = common(&self.synced, &self.bytes);
        if safe == self.synced.len() && safe == self.bytes.len() || random.one_in(6) {
            return self.synced.clone();
        }
        if random.one_in(5) && self.given_up.is_empty() {
            return self.bytes.clone();
        }
        let versions: Vec<&Vec<u8>> =
            [&self.synced, &self.bytes].into_iter().chain(&self.before).collect();
        let longest = versions.iter().map(|bytes| bytes.len()).max().unwrap_or_default();
        let length = match random.below(4) {
            0 => self.bytes.len().max(safe),
            1 => longest,
            // Between two writes.
            2 if !self.ends.is_empty() => {
                self.ends[random.below(self.ends.len())].clamp(safe, longest)
            }
            _ => safe + random.below(longest - safe + 1),
        };
        let mut result = self.bytes[..safe].to_vec();
        if random.one_in(3) && length <= self.bytes.len() {
            // Torn: all up to there.
            result.extend_from_slice(&self.bytes[safe..length]);
            return result;
        }
        let block = if random.one_in(2) { 512 } else { 4_096 };
        let is_garbage = random.one_in(2);
        while result.len() < length {
            let at = result.len();
            let end = ((at / block + 1) * block).min(length);
            let version = versions[random.below(versions.len())];
            // Of what was written last, more is kept.
            let version = if random.one_in(2) { version } else { &self.bytes };
            let is_lost = random.one_in(4);
            result.extend((at..end).map(|at| match version.get(at) {
                Some(byte) if !is_lost => *byte,
                Some(_) | None if is_garbage => random.below(256) as u8,
                Some(_) | None => 0,
            }));
        }
        result
    }
}

fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}
