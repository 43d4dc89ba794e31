"""Compiled draws and their arithmetic: the same as the plain ones, accurate, uniform, and unrelated between neighbouring keys."""

import itertools
import statistics

import numpy as np
import pytest
from numba import njit

from stepwell.simulate import chance
from stepwell.simulate.streams import Kind, Streams

N = 100_000


@njit
def each(function, x):
    out = np.empty_like(x)
    for i in range(len(x)):
        out[i] = function(x[i])
    return out


@pytest.mark.parametrize(
    ("seed", "person", "kind", "occurrence", "slot", "value"),
    [
        (1, 1, Kind.WHO, 0, 0, 0.429141126095013),
        (1, 2, Kind.WHO, 0, 0, 0.10826815975902704),
        (1, 1, Kind.TRIAL, 3, 15, 0.521417270971921),
        (2**63, 10**9, Kind.WELL, 500, 2, 0.21241472097536074),
        (2**64 - 1, 2**62, Kind.OFFER, 7, 255, 0.026867571598647833),
    ],
)
def test_vectors(seed, person, kind, occurrence, slot, value):
    """Another program that wants the same lives must draw these numbers (docs/simulator.md shows them too)."""
    base = np.uint64(chance.base_of(np.uint64(seed), person))
    assert chance.uniform(base, int(kind), occurrence, slot) == value
    assert Streams(seed, np.array([person])).uniform(kind, occurrence, slot).tolist() == [value]


def test_no_draw_is_zero_or_one():
    assert (2**52 - 1 + 0.5) * 2.0**-52 < 1
    u = Streams(5, np.arange(N)).uniform(Kind.TRIAL, 0, 0)
    assert 0 < u.min() < u.max() < 1
    assert np.isfinite(each(chance.log, u)).all()


def test_logarithm_and_exponential_are_accurate():
    rng = np.random.default_rng(1)
    tiny = 10.0 ** rng.uniform(-300, 300, N)
    near = 1 + rng.uniform(-1e-6, 1e-6, N)
    for x in (rng.random(N) + 2.0**-53, tiny, near):
        expected = np.log(x)
        assert np.abs(each(chance.log, x) - expected).max() <= 4e-16 * np.maximum(np.abs(expected), 1e-16).max()
        assert (np.abs(each(chance.log, x) - expected) <= 2**-50 * np.abs(expected)).all()
    for x in (rng.uniform(-1, 1, N), rng.uniform(-700, 700, N)):
        assert (np.abs(each(chance.exp, x) / np.exp(x) - 1) <= 2**-50).all()
    assert chance.exp(-1e4) == 0
    assert chance.exp(1e4) > 1e307
    assert chance.log(1.0) == 0
    assert chance.exp(0.0) == 1


def test_normal_quantiles_are_those_of_the_standard_library():
    exact = statistics.NormalDist()
    for u in (1e-300, 1e-20, 0.001, 0.07, 0.5, 0.9, 1 - 1e-9, *np.linspace(0.01, 0.99, 99)):
        assert chance.normal(float(u)) == pytest.approx(exact.inv_cdf(float(u)), rel=1e-14, abs=1e-15)


def test_every_bit_of_a_key_turns_over_half_of_the_draw():
    """Avalanche: seed, person, occurrence and slot that differ in one bit share no more than chance would have it."""
    person = np.arange(2000)

    def bits(seed=11, shift=0, occurrence=5, slot=3):
        return Streams(seed, person ^ shift).bits(Kind.TRIAL, occurrence, slot)

    turned = [
        *(bits(seed=11 ^ 1 << k) for k in range(0, 64, 7)),
        *(bits(shift=1 << k) for k in range(0, 40, 5)),
        *(bits(occurrence=5 ^ 1 << k) for k in range(10)),
        *(bits(slot=3 ^ 1 << k) for k in range(8)),
    ]
    for other in turned:
        differ = np.bitwise_count(bits() ^ other)
        assert abs(differ.mean() - 32) < 5 * 4 / np.sqrt(len(person))
        each_bit = [((bits() ^ other) >> np.uint64(k) & np.uint64(1)).mean() for k in range(64)]
        assert np.abs(np.array(each_bit) - 0.5).max() < 6 * 0.5 / np.sqrt(len(person))


def test_neighbouring_keys_are_unrelated():
    """Pairs of draws whose keys differ by one in one place fill the unit square evenly."""
    person = np.arange(N)

    def draw(seed=3, shift=0, kind=Kind.TRIAL, occurrence=2, slot=1):
        return Streams(seed, person + shift).uniform(kind, occurrence, slot)

    neighbours = [draw(seed=4), draw(shift=1), draw(kind=Kind.STEP), draw(occurrence=3), draw(slot=2), draw(slot=0)]
    for one, other in itertools.combinations([draw(), *neighbours], 2):
        counts = np.histogram2d(one, other, bins=10, range=[[0, 1], [0, 1]])[0]
        expected = N / 100
        assert ((counts - expected) ** 2 / expected).sum() < 99 + 6 * np.sqrt(2 * 99)
        assert abs(np.corrcoef(one, other)[0, 1]) < 5 / np.sqrt(N)
