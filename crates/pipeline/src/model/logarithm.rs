//! The natural logarithm of several numbers at once.
//!
//! The same operations in the same order as `libm::log`, which is FreeBSD's `e_log.c` by way of musl, so every
//! result has the same bits; a seed must go on to mean the same run. What is left out are zero, negative
//! and subnormal numbers, infinities and NaN, which no stream gives. Without their branches the compiler
//! works on several numbers in one instruction. The tests hold it against `libm::log`.
//!
//! The method and the numbers in it are from `e_log.c`, whose notice is:
//!
//! > Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
//! > Developed at SunSoft, a Sun Microsystems, Inc. business.
//! > Permission to use, copy, modify, and distribute this software is freely granted, provided that this
//! > notice is preserved.

const LN2_HI: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
const LN2_LO: f64 = f64::from_bits(0x3DEA_39EF_3579_3C76);
/// Of the polynomial in s², s = f ÷ (2 + f), that gives ln(1 + f).
const TERMS: [f64; 7] = [
    f64::from_bits(0x3FE5_5555_5555_5593),
    f64::from_bits(0x3FD9_9999_9997_FA04),
    f64::from_bits(0x3FD2_4924_9422_9359),
    f64::from_bits(0x3FCC_71C5_1D8E_78AF),
    f64::from_bits(0x3FC7_4664_96CB_03DE),
    f64::from_bits(0x3FC3_9A09_D078_C69F),
    f64::from_bits(0x3FC2_F112_DF3E_5244),
];
const MANTISSA: u64 = (1 << 52) - 1;
/// The bits of √½, as exactly as the reduction needs them: its highest 32.
const ROOT_HALF: u64 = 0x3FE6_A09E << 32;
/// The exponent of 1, biased.
const BIAS: i32 = 0x3FF;

/// The logarithms of positive normal numbers.
#[inline]
pub(super) fn logarithms<const N: usize>(xs: [f64; N]) -> [f64; N] {
    xs.map(logarithm)
}

/// The logarithm of one.
#[inline(always)]
fn logarithm(x: f64) -> f64 {
    debug_assert!(x.is_normal() && x > 0.0, "{x}");
    // x = 2^k · (1 + f), with 1 + f between √½ and √2.
    let shifted = x.to_bits().wrapping_add(((BIAS as u64) << 52) - ROOT_HALF);
    let k = (shifted >> 52) as i32 - BIAS;
    let f = f64::from_bits((shifted & MANTISSA) + ROOT_HALF) - 1.0;
    let [t1, t2, t3, t4, t5, t6, t7] = TERMS;
    let half_square = 0.5 * f * f;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (t2 + w * (t4 + w * t6));
    let odd = z * (t1 + w * (t3 + w * (t5 + w * t7)));
    let k = f64::from(k);
    s * (half_square + (odd + even)) + k * LN2_LO - half_square + f + k * LN2_HI
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Purpose, Streams};
    use std::f64::consts::SQRT_2;

    fn check(x: f64) {
        let [found] = logarithms([x]);
        assert_eq!(found.to_bits(), libm::log(x).to_bits(), "ln {x:e}: {found:e}");
    }

    #[test]
    fn has_the_bits_of_the_librarys_logarithm() {
        let streams = Streams::new(11, Purpose::Service);
        for index in 0..300_000 {
            let mut stream = streams.stream(index, 0);
            check(stream.unit());
            check((0..16).map(|_| stream.unit()).product()); // as phases are drawn
            let any = f64::from_bits(stream.next_u64() >> 1); // of any exponent
            if any.is_normal() {
                check(any);
            }
        }
    }

    #[test]
    fn so_it_has_at_the_edges() {
        check(1.0);
        for exponent in -1022..1023 {
            let power = 2.0_f64.powi(exponent);
            let around = [power, power * SQRT_2, power / SQRT_2, power * 1.5];
            for x in around.into_iter().filter(|x| x.is_normal()) {
                [x.next_down(), x, x.next_up()]
                    .into_iter()
                    .filter(|x| x.is_normal())
                    .for_each(check);
            }
        }
    }
}
