//! Makes sequences of commands, right and wrong ones, from a seed. Few keys, so that commands meet;
//! times that are over or far off, so that nothing goes while a sequence runs.

use super::Step;

const KEYS: &[&[u8]] =
    &[b"a", b"b", b"c", b"user:1", b"user:2", b"\x00\r\n\xff", b"h[a]llo", b"a*"];

const VALUES: &[&[u8]] = &[
    b"",
    b"1",
    b"-1",
    b"10",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775808",
    b"abc",
    b"1.5",
    b" 1",
    b"\x00\x01\r\n\xff\xfe",
    b"*1\r\n$4\r\nPING\r\n",
    "schl\u{fc}ssel".as_bytes(),
];

/// What is appended: nothing that makes `01` of a 0, see `differences`.
const TAILS: &[&[u8]] = &[b"", b"-1", b"abc", b" 1", b"\x00\r\n\xff"];

/// What stands where a number is expected.
const NUMBERS: &[&[u8]] = &[
    b"0",
    b"1",
    b"-1",
    b"42",
    b"9223372036854775807",
    b"-9223372036854775807",
    b"9223372036854775808",
    b"-9223372036854775809",
    b"abc",
    b"+1",
    b"01",
    b"-0",
    b" 1",
    b"1 ",
    b"1.0",
    b"1e3",
    b"0x10",
];

/// The same for a time: none that is over within minutes.
const TIMES: &[&[u8]] = &[
    b"0",
    b"-1",
    b"-100000",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775808",
    b"abc",
    b"+100000",
    b"0100000",
    b"-0",
    b" 100000",
    b"1.5",
];

const PATTERNS: &[&[u8]] = &[
    b"*",
    b"a*",
    b"?",
    b"[ab]",
    b"[^a]",
    b"user:*",
    b"user:[0-9]",
    b"h\\[a\\]llo",
    b"h[[]a]llo",
    b"[a-",
    b"[",
    b"\\",
    b"a\\*",
    b"[b-a]",
    b"**",
    b"*:*",
    b"[\\]a]",
    b"[^",
    b"",
    b"[]a]",
    b"*\xff",
];

/// Any words, where they do not belong.
const STRAYS: &[&[u8]] = &[
    b"NX", b"xx", b"GT", b"lt", b"GET", b"EX", b"PX", b"KEEPTTL", b"a", b"b", b"abc", b"-1",
    b"100000", b"COUNT", b"MATCH",
];

/// One sequence's source of choices: splitmix64.
pub(super) struct Generator {
    state: u64,
}

impl Generator {
    pub(super) fn new(seed: u64, round: u64) -> Generator {
        Generator { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (round << 20) }
    }

    pub(super) fn steps(&mut self, count: usize) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.one_in(2) {
            steps.push(run(&[b"HELLO", b"3"]));
        }
        steps.extend((0..count).map(|_| self.step()));
        steps.push(Step::ScanAll(Vec::new()));
        steps
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn of(&mut self, words: &[&[u8]]) -> Vec<u8> {
        words[self.below(words.len())].to_vec()
    }

    fn key(&mut self) -> Vec<u8> {
        self.of(KEYS)
    }

    fn value(&mut self) -> Vec<u8> {
        self.of(VALUES)
    }

    /// A time from now on, or since 1970: mostly a right one, and hardly ever the same twice.
    fn time(&mut self, millis: bool, absolute: bool) -> Vec<u8> {
        if self.one_in(4) {
            let time = self.of(TIMES);
            // Legal there in Redis alone, see `differences`.
            let is_too_far = millis && absolute && time == b"9223372036854775807";
            return if is_too_far { b"0".to_vec() } else { time };
        }
        let unit = if millis { 1_000 } else { 1 };
        let begin = match absolute {
            // The past now and then.
            true if self.one_in(5) => 1_000,
            true => 4_000_000_000,
            false => 1_000,
        };
        ((begin + self.below(100_000)) * unit).to_string().into_bytes()
    }

    fn step(&mut self) -> Step {
        if self.one_in(30) {
            let words = self.scan_options();
            return Step::ScanAll(words);
        }
        let mut words = self.command();
        // COMMAND without its last word tells of all commands; for HELLO see `differences`.
        if self.one_in(15) && words[0] != b"COMMAND" && words[0] != b"HELLO" {
            self.mutate(&mut words);
        }
        if self.one_in(3) {
            words[0].make_ascii_lowercase();
        }
        Step::Run(words)
    }

    /// Drops a word, or puts one where it does not belong.
    fn mutate(&mut self, words: &mut Vec<Vec<u8>>) {
        // What is left must not have an empty word where a key stands, see `differences`.
        if words.len() > 1 && self.one_in(2) && !words.contains(&Vec::new()) {
            let at = 1 + self.below(words.len() - 1);
            words.remove(at);
        } else {
            words.push(self.of(STRAYS));
        }
    }

    fn command(&mut self) -> Vec<Vec<u8>> {
        let (key, value) = (self.key(), self.value());
        let is = |name: &str| name.as_bytes().to_vec();
        match self.below(42) {
            0..3 => vec![is("GET"), key],
            3..5 => vec![is("SET"), key, value],
            5..10 => self.set(),
            10 => vec![is("GETSET"), key, value],
            11 => vec![is("GETDEL"), key],
            12 => vec![is("SETNX"), key, value],
            13 => vec![is("SETEX"), key, self.time(false, false), value],
            14 => vec![is("PSETEX"), key, self.time(true, false), value],
            15 => self.keys("MGET"),
            16 => self.pairs("MSET"),
            17 => self.pairs("MSETNX"),
            18 => self.keys("DEL"),
            19 => self.keys("UNLINK"),
            20 => self.keys("EXISTS"),
            21 => vec![is("INCR"), key],
            22 => vec![is("DECR"), key],
            23 => vec![is("INCRBY"), key, self.of(NUMBERS)],
            24 => vec![is("DECRBY"), key, self.of(NUMBERS)],
            25 => vec![is("APPEND"), key, self.of(TAILS)],
            26 => vec![is("STRLEN"), key],
            27..30 => self.expire(),
            30 => vec![is("TTL"), key],
            31 => vec![is("PTTL"), key],
            32 => vec![is("PERSIST"), key],
            33 => vec![is("TYPE"), key],
            34 => vec![is("KEYS"), self.of(PATTERNS)],
            35 => vec![is("DBSIZE")],
            36 => self.scan(),
            37..40 => self.about_the_connection(),
            _ => self.rare(),
        }
    }

    fn keys(&mut self, name: &str) -> Vec<Vec<u8>> {
        let mut words = vec![name.as_bytes().to_vec()];
        words.extend((0..1 + self.below(4)).map(|_| self.key()));
        words
    }

    fn pairs(&mut self, name: &str) -> Vec<Vec<u8>> {
        let mut words = vec![name.as_bytes().to_vec()];
        words.extend((0..1 + self.below(3)).flat_map(|_| [self.key(), self.value()]));
        words
    }

    fn set(&mut self) -> Vec<Vec<u8>> {
        let mut words = vec![b"SET".to_vec(), self.key(), self.value()];
        for _ in 0..1 + self.below(3) {
            match self.below(9) {
                0 => words.push(b"NX".to_vec()),
                1 => words.push(b"xx".to_vec()),
                2 | 3 => words.push(b"GET".to_vec()),
                4 => words.push(b"KeepTTL".to_vec()),
                5 => words.extend([b"EX".to_vec(), self.time(false, false)]),
                6 => words.extend([b"px".to_vec(), self.time(true, false)]),
                7 => words.extend([b"EXAT".to_vec(), self.time(false, true)]),
                _ => words.extend([b"PXAT".to_vec(), self.time(true, true)]),
            }
        }
        words
    }

    fn expire(&mut self) -> Vec<Vec<u8>> {
        let (millis, absolute) = (self.one_in(2), self.one_in(2));
        let name = match (millis, absolute) {
            (false, false) => "EXPIRE",
            (true, false) => "PEXPIRE",
            (false, true) => "EXPIREAT",
            (true, true) => "PEXPIREAT",
        };
        let mut words = vec![name.as_bytes().to_vec(), self.key(), self.time(millis, absolute)];
        while self.one_in(2) {
            words.push(self.of(&[b"NX", b"XX", b"GT", b"LT", b"lt", b"XY"]));
        }
        words
    }

    fn scan_options(&mut self) -> Vec<Vec<u8>> {
        let mut words = Vec::new();
        while self.one_in(2) {
            match self.below(3) {
                0 => words.extend([b"MATCH".to_vec(), self.of(PATTERNS)]),
                1 => words.extend([b"count".to_vec(), self.of(&[b"1", b"2", b"1000", b"0", b"x"])]),
                _ => words.extend([b"TYPE".to_vec(), self.of(&[b"string", b"list"])]),
            }
        }
        words
    }

    /// One that goes through all at once, as the order of keys differs.
    fn scan(&mut self) -> Vec<Vec<u8>> {
        let cursor = self.of(&[b"abc", b"-", b"1.5"]);
        let mut words = vec![b"SCAN".to_vec(), cursor];
        words.extend(self.scan_options());
        words
    }

    fn about_the_connection(&mut self) -> Vec<Vec<u8>> {
        let lines: &[&[&[u8]]] = &[
            &[b"PING"],
            &[b"PING", b"\x00\r\n"],
            &[b"ECHO", b"hello"],
            &[b"ECHO", b""],
            &[b"SELECT", b"0"],
            &[b"SELECT", b"abc"],
            &[b"SELECT", b"99"],
            &[b"SELECT", b"-1"],
            &[b"HELLO"],
            &[b"HELLO", b"2"],
            &[b"HELLO", b"3"],
            &[b"HELLO", b"4"],
            &[b"HELLO", b"abc"],
            &[b"HELLO", b"3", b"SETNAME", b"me"],
            &[b"HELLO", b"2", b"SETNAME", b"a b"],
            &[b"HELLO", b"2", b"NONSENSE"],
            &[b"HELLO", b"2", b"SETNAME"],
            &[b"CLIENT", b"SETNAME", b"worker-1"],
            &[b"CLIENT", b"SETNAME", b"two words"],
            &[b"CLIENT", b"SETNAME", b""],
            &[b"CLIENT", b"GETNAME"],
            &[b"CLIENT", b"ID"],
            &[b"CLIENT", b"NO-EVICT", b"on"],
            &[b"CLIENT", b"NO-EVICT", b"maybe"],
            &[b"CLIENT", b"NONSENSE"],
            &[b"CLIENT"],
            &[b"RESET"],
            &[b"TIME"],
            &[b"CONFIG", b"GET", b"nonsense*"],
            &[b"CONFIG", b"GET", b"save"],
            &[b"CONFIG", b"GET", b"appendonly"],
            &[b"CONFIG", b"GET"],
            &[b"CONFIG", b"NONSENSE"],
            &[b"COMMAND", b"INFO", b"nonsense"],
            &[b"COMMAND", b"DOCS", b"nonsense"],
            &[b"COMMAND", b"NONSENSE"],
        ];
        let line = lines[self.below(lines.len())];
        line.iter().map(|word| word.to_vec()).collect()
    }

    fn rare(&mut self) -> Vec<Vec<u8>> {
        let lines: &[&[&[u8]]] = &[
            &[b"FLUSHALL"],
            &[b"FLUSHDB"],
            &[b"FLUSHALL", b"async"],
            &[b"FLUSHDB", b"SYNC"],
            &[b"FLUSHALL", b"nonsense"],
            &[b"RANDOMKEY"],
            &[b"NONSENSE"],
            &[b"NONSENSE", b"a", b"b\r\n"],
            &[b""],
        ];
        let line = lines[self.below(lines.len())];
        line.iter().map(|word| word.to_vec()).collect()
    }
}

fn run(words: &[&[u8]]) -> Step {
    Step::Run(words.iter().map(|word| word.to_vec()).collect())
}
