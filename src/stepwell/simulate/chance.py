"""Draws and the arithmetic on them, compiled, with the same bits on every platform.

A draw is a hash of (seed, person, kind, occurrence, slot), as in `streams`. Logarithm, exponential and normal quantile are
written out in additions, multiplications, divisions and square roots, which IEEE 754 defines to the last bit; those of
libraries differ.
"""

from __future__ import annotations

import numpy as np

from .compiled import compiled
from .streams import FIRST, GOLDEN, SECOND

_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_PER_LN2 = 1.44269504088896338700
_SQRT_TWO = 1.41421356237309504880
_MANTISSA, _ONE = np.uint64(2**52 - 1), np.uint64(1023 << 52)
_STEP = 2.0**-52
_LOWEST, _HIGHEST = -708.0, 709.0
CENTRE = np.array(
    [
        [
            3.3871328727963666080e0,
            1.3314166789178437745e2,
            1.9715909503065514427e3,
            1.3731693765509461125e4,
            4.5921953931549871457e4,
            6.7265770927008700853e4,
            3.3430575583588128105e4,
            2.5090809287301226727e3,
        ],
        [
            1.0,
            4.2313330701600911252e1,
            6.8718700749205790830e2,
            5.3941960214247511077e3,
            2.1213794301586595867e4,
            3.9307895800092710610e4,
            2.8729085735721942674e4,
            5.2264952788528545610e3,
        ],
    ]
)
TAIL = np.array(
    [
        [
            1.42343711074968357734e0,
            4.63033784615654529590e0,
            5.76949722146069140550e0,
            3.64784832476320460504e0,
            1.27045825245236838258e0,
            2.41780725177450611770e-1,
            2.27238449892691845833e-2,
            7.74545014278341407640e-4,
        ],
        [
            1.0,
            2.05319162663775882187e0,
            1.67638483018380384940e0,
            6.89767334985100004550e-1,
            1.48103976427480074590e-1,
            1.51986665636164571966e-2,
            5.47593808499534494600e-4,
            1.05075007164441684324e-9,
        ],
    ]
)
FAR = np.array(
    [
        [
            6.65790464350110377720e0,
            5.46378491116411436990e0,
            1.78482653991729133580e0,
            2.96560571828504891230e-1,
            2.65321895265761230930e-2,
            1.24266094738807843860e-3,
            2.71155556874348757815e-5,
            2.01033439929228813265e-7,
        ],
        [
            1.0,
            5.99832206555887937690e-1,
            1.36929880922735805310e-1,
            1.48753612908506148525e-2,
            7.86869131145613259100e-4,
            1.84631831751005468180e-5,
            1.42151175831644588870e-7,
            2.04426310338993978564e-15,
        ],
    ]
)


@compiled
def mix(x):
    """The finaliser of splitmix64."""
    x = (x ^ (x >> np.uint64(30))) * FIRST
    x = (x ^ (x >> np.uint64(27))) * SECOND
    return x ^ (x >> np.uint64(31))


@compiled
def base_of(seed, person):
    """The part of the key that is one person's."""
    return mix(mix(np.uint64(seed) + GOLDEN) + np.uint64(person) * GOLDEN)


@compiled
def uniform(base, kind, occurrence, slot):
    """A number strictly between 0 and 1: an odd multiple of 2^-53."""
    number = np.uint64(kind << 40 | occurrence << 8 | slot)
    bits = mix(base + (number + np.uint64(1)) * GOLDEN)
    return (np.float64(bits >> np.uint64(12)) + 0.5) * _STEP


@compiled
def log(x):
    """The natural logarithm of a positive, normal number, to about 2^-51 of it."""
    # x = 2^k m with m in [0.7, 1.4), and log m = 2 artanh((m - 1) / (m + 1)), by its series.
    bits = np.float64(x).view(np.uint64)
    k = np.int64(bits >> np.uint64(52)) - 1023
    m = np.uint64((bits & _MANTISSA) | _ONE).view(np.float64)
    if m > _SQRT_TWO:
        m *= 0.5
        k += 1
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    v = w * w
    low = (1 / 3 + z * (1 / 5)) + w * (1 / 7 + z * (1 / 9))
    high = (1 / 11 + z * (1 / 13)) + w * (1 / 15 + z * (1 / 17))
    series = z * (low + v * (high + v * (1 / 19)))
    return k * _LN2_HIGH + (2.0 * (s + s * series) + k * _LN2_LOW)


@compiled
def exp(x):
    """e to the x, to about 2^-51 of it; 0 and the greatest power for what is far out of range."""
    if x < _LOWEST:
        return 0.0
    if x > _HIGHEST:
        x = _HIGHEST
    k = np.floor(x * _PER_LN2 + 0.5)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    w = r * r
    v = w * w
    low = (1.0 + r) + w * (1 / 2 + r * (1 / 6))
    mid = (1 / 24 + r * (1 / 120)) + w * (1 / 720 + r * (1 / 5040))
    high = (1 / 40320 + r * (1 / 362880)) + w * (1 / 3628800 + r * (1 / 39916800))
    series = low + v * (mid + v * (high + v * (1 / 479001600)))
    return series * np.uint64(np.int64(k + 1023.0) << 52).view(np.float64)


@compiled
def power(x, y):
    """x to the y, for x of 0 or more."""
    if y == 1.0 or x == 0.0:
        return x
    return exp(y * log(x))


@compiled
def exponential(u, mean):
    """A time with this mean and no memory."""
    return -mean * log(u)


@compiled
def between(u, low, width):
    """A time in a span, each alike."""
    return low + u * width


@compiled
def normal(u):
    """The number below which a standard normal one lies with probability u (Wichura 1988, AS 241)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * _ratio(CENTRE, r)
    r = np.sqrt(-log(u if q < 0.0 else 1.0 - u))
    z = _ratio(TAIL, r - 1.6) if r <= 5.0 else _ratio(FAR, r - 5.0)
    return -z if q < 0.0 else z


@compiled
def _ratio(coefficients, r):
    above, below = 0.0, 0.0
    for n in range(7, -1, -1):
        above = above * r + coefficients[0, n]
        below = below * r + coefficients[1, n]
    return above / below
