//! What was found last on each ladder for each demand met lately.
//!
//! A demand that comes back begins its search where the last one ended: what is before cannot hold it
//! but for nodes that came since, and of those the first is known. Demands come in few shapes, so
//! with several scarce resources, where a search passes by many rungs in vain, each is passed by once per
//! shape and change instead of once per call. A demand that is new takes over what is known of a smaller one.
//!
//! A demand has a number; of 31, the one that has had its number longest gives it to a new one. A node that
//! comes to a rung is compared with the demands that have a number, so where shapes never come
//! back, that is 31 comparisons for little.

use crate::resources::Resources;

/// The answers. Those of all ladders share the numbers of the demands.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    demands: Vec<Resources>,
    by_hash: [u8; HASHES], // number of a demand, or of another one
    latest: usize,
    oldest: usize, // number to be given away next
    ladders: Vec<[Answer; ANYBODY + 1]>,
}

/// No rung up to, but without, `key` has a node that holds the demand, nor one behind `key` and
/// before `then`. `rung` is that of `key`, if it is known and still there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    demand: Resources,
    pub(super) key: u64,
    pub(super) then: u64,
    pub(super) rung: u32,
}

/// The number of no demand, for ladders on which whoever is there will do.
pub(super) const ANYBODY: usize = 31;
/// Demands that have a number.
const DEMANDS: usize = ANYBODY;
const HASHES: usize = 256;

impl Answer {
    const UNKNOWN: Answer = Answer { demand: Resources::NONE, key: 0, then: 0, rung: u32::MAX };

    /// A rung before `then` has a node that holds the demand now.
    #[inline]
    fn meet(&mut self, key: u64, rung: u32) {
        if key < self.key {
            (self.key, self.then, self.rung) = (key, self.key, rung);
        } else if key > self.key {
            self.then = key;
        }
    }
}

impl Answers {
    /// Of so many ladders.
    pub(super) fn new(ladders: usize) -> Answers {
        Answers {
            demands: Vec::new(),
            by_hash: [0; HASHES],
            latest: 0,
            oldest: 0,
            ladders: vec![[Answer::UNKNOWN; ANYBODY + 1]; ladders],
        }
    }

    /// The number of a demand. O(1) if it was met lately, else O(ladders + 31).
    #[inline(always)]
    pub(super) fn number(&mut self, demand: &Resources) -> usize {
        if self.demands.get(self.latest) != Some(demand) {
            self.latest = self.look_up(demand);
        }
        self.latest
    }

    #[inline(never)]
    fn look_up(&mut self, demand: &Resources) -> usize {
        let hash = hash(demand);
        let at = usize::from(self.by_hash[hash]);
        if self.demands.get(at) == Some(demand) {
            return at;
        }
        let known = self.demands.iter().position(|known| known == demand);
        let at = known.unwrap_or_else(|| self.new_number(demand));
        self.by_hash[hash] = at as u8;
        at
    }

    /// Gives a number to a demand, which takes over what is known of a smaller one: who cannot hold that,
    /// cannot hold this.
    #[cold]
    #[inline(never)]
    fn new_number(&mut self, demand: &Resources) -> usize {
        let mut smaller: Option<(usize, &Resources)> = None;
        for (number, known) in self.demands.iter().enumerate() {
            if known.fits(demand) && smaller.is_none_or(|(_, less)| less.fits(known)) {
                smaller = Some((number, known));
            }
        }
        let smaller = smaller.map(|(number, _)| number);
        let at = self.oldest;
        self.oldest = (at + 1) % DEMANDS;
        match self.demands.get_mut(at) {
            Some(older) => *older = *demand,
            None => self.demands.push(*demand),
        }
        for answers in &mut self.ladders {
            let known = smaller.map_or(Answer::UNKNOWN, |number| answers[number]);
            answers[at] = Answer { demand: *demand, ..known };
        }
        at
    }

    /// What is known of a demand on a ladder.
    #[inline(always)]
    pub(super) fn of(&self, ladder: usize, number: usize) -> &Answer {
        &self.ladders[ladder][number % (ANYBODY + 1)]
    }

    /// No rung before a key has a node that holds a demand. `rung` is that of the key, if it has one.
    #[inline(always)]
    pub(super) fn none_before(&mut self, (ladder, number): (usize, usize), key: u64, rung: u32) {
        let answer = &mut self.ladders[ladder][number % (ANYBODY + 1)];
        (answer.key, answer.then, answer.rung) = (key, key, rung);
    }

    /// A node came to the rung of a key, or is there with more than before, and has so much free now.
    #[inline(always)]
    pub(super) fn met(&mut self, ladder: u32, key: u64, rung: u32, free: &Resources) {
        let answers = &mut self.ladders[ladder as usize];
        let known = answers.get_mut(..self.demands.len()).unwrap_or_default();
        for answer in known {
            if key < answer.then && answer.demand.fits(free) {
                answer.meet(key, rung);
            }
        }
    }

    /// The same on a ladder on which only [`ANYBODY`] is asked for.
    #[inline(always)]
    pub(super) fn met_anybody(&mut self, ladder: u32, key: u64, rung: u32) {
        let answer = &mut self.ladders[ladder as usize][ANYBODY];
        if key < answer.then {
            answer.meet(key, rung);
        }
    }
}

#[inline]
fn hash(demand: &Resources) -> usize {
    let mixed = u64::from(demand.cpu())
        ^ u64::from(demand.gpu()).rotate_left(20)
        ^ demand.memory().rotate_left(36);
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    const LADDERS: usize = 3;

    fn some(rng: &mut Rng) -> Resources {
        Resources::milli_cpu(rng.below(6) as u32).with_memory(rng.below(6))
    }

    /// Nodes come and go, and demands, more than have a number, are asked for: no answer may pass by
    /// a node that holds its demand.
    #[test]
    fn answers_are_true_of_all_nodes() {
        let mut rng = Rng::new(17);
        let mut answers = Answers::new(LADDERS);
        let mut nodes: Vec<(usize, u64, Resources)> = Vec::new(); // ladder, key and what is free
        let mut exact = 0;
        for _ in 0..20_000 {
            let (ladder, demand) = (rng.below(LADDERS as u64) as usize, some(&mut rng));
            match rng.below(5) {
                0 | 1 if nodes.len() < 12 => {
                    let (key, free) = (rng.below(30), some(&mut rng));
                    nodes.push((ladder, key, free));
                    answers.met(ladder as u32, key, key as u32, &free);
                }
                2 if !nodes.is_empty() => {
                    nodes.swap_remove(rng.below(nodes.len() as u64) as usize);
                }
                _ => {
                    let number = answers.number(&demand);
                    assert_eq!(answers.demands[number], demand);
                    let holds = |&&(at, _, free): &&(usize, u64, Resources)| {
                        at == ladder && demand.fits(&free)
                    };
                    let first = nodes.iter().filter(holds).map(|&(_, key, _)| key).min();
                    let rung = first.map_or(u32::MAX, |key| key as u32);
                    let known = answers.of(ladder, number);
                    exact += usize::from(first == Some(known.key) && rung == known.rung);
                    answers.none_before((ladder, number), first.unwrap_or(u64::MAX), rung);
                }
            }
            for &(ladder, key, free) in &nodes {
                for (number, demand) in answers.demands.iter().enumerate() {
                    let answer = answers.of(ladder, number);
                    assert_eq!(answer.demand, *demand);
                    let passed = key < answer.key || answer.key < key && key < answer.then;
                    assert!(!passed || !demand.fits(&free), "{demand} {key} {answer:?}");
                }
            }
        }
        assert!(exact > 1000, "only {exact} answers were known before they were looked for");
    }

    #[test]
    fn a_number_is_kept_until_all_others_were_given_away() {
        let mut answers = Answers::new(1);
        let demand = |cpu| Resources::milli_cpu(cpu);
        let numbers: Vec<usize> = (1..=31).map(|cpu| answers.number(&demand(cpu))).collect();
        assert_eq!(numbers, (0..31).collect::<Vec<_>>());
        answers.none_before((0, 4), 7, 7);
        answers.none_before((0, 30), 8, 8);
        assert!((1..=31).rev().all(|cpu| answers.number(&demand(cpu)) + 1 == cpu as usize));
        assert_eq!(answers.of(0, 4).key, 7);
        assert_eq!((answers.number(&demand(99)), answers.of(0, 0).key), (0, 8)); // as 31 did
        assert_eq!((answers.number(&demand(0)), answers.of(0, 1).key), (1, 0)); // none is smaller
        assert_eq!(answers.number(&demand(1)), 2);
    }

    #[test]
    fn the_first_of_those_that_came_is_known() {
        let (mut answers, free) = (Answers::new(1), Resources::milli_cpu(1));
        let number = answers.number(&free);
        answers.none_before((0, number), 20, 2);
        let mut meet = |key: u64, rung, free| {
            answers.met(0, key, rung, &free);
            let Answer { key, then, rung, .. } = *answers.of(0, number);
            (key, then, rung)
        };
        assert_eq!(meet(30, 3, free), (20, 20, 2)); // behind the answer, where nothing is known
        assert_eq!(meet(5, 4, Resources::NONE), (20, 20, 2)); // does not hold it
        assert_eq!(meet(10, 1, free), (10, 20, 1));
        assert_eq!(meet(15, 5, free), (10, 15, 1));
    }
}
