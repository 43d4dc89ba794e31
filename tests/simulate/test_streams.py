"""Draws: published test vectors, independence of the company one is drawn in, and uniformity."""

import numpy as np
import pytest

from stepwell.simulate.streams import Kind, Streams, mix


def test_mix_is_the_finaliser_of_splitmix64():
    # The first outputs of splitmix64 seeded with 0 and with 1234567 (Vigna's reference generator).
    golden = np.uint64(0x9E3779B97F4A7C15)
    states = np.array([0, 1234567], dtype=np.uint64) + golden
    assert mix(states).tolist() == [0xE220A8397B1DCDAF, 6457827717110365317]


@pytest.mark.parametrize(
    ("seed", "person", "kind", "occurrence", "slot", "bits"),
    [
        (1, 1, Kind.PERSON, 0, 0, 0xBFB44B335BAB059A),
        (1, 1, Kind.PERSON, 0, 1, 0xAAD22403E23A6D75),
        (1, 2, Kind.PERSON, 0, 0, 0xB7BAF33BA8BA36DB),
        (1, 1, 2, 3, 23, 0x50838C842EB3F985),
        (2**63, 10**9, Kind.NOISE_FILL, 500, 9, 0xD794B33EA8D99351),
    ],
)
def test_vectors(seed, person, kind, occurrence, slot, bits):
    """Another program that wants the same people must draw these numbers."""
    assert Streams(seed, np.array([person])).bits(kind, occurrence, slot).tolist() == [bits]


def test_a_draw_does_not_depend_on_who_is_drawn_beside():
    alone = Streams(7, np.array([12])).uniform(Kind.SCORE, 4, 2)
    crowd = Streams(7, np.arange(1, 101)).uniform(Kind.SCORE, 4, 2)
    asked = Streams(7, np.arange(1, 101)).uniform(Kind.SCORE, np.array([9, 4]), 2, np.array([50, 11]))
    assert alone[0] == crowd[11] == asked[1]


def test_every_part_of_the_key_matters():
    person = np.arange(1, 1001)
    draws = [
        Streams(seed, person).bits(kind, occurrence, slot)
        for seed in (1, 2)
        for kind in (Kind.PERSON, Kind.SCORE)
        for occurrence in (0, 1, 256)
        for slot in (0, 1)
    ]
    assert len(np.unique(np.concatenate(draws))) == len(draws) * len(person)


@pytest.mark.parametrize("slot", [0, 1, 2])
def test_draws_are_uniform_and_unrelated(slot):
    n = 200_000
    streams = Streams(3, np.arange(n))
    u, other = streams.uniform(Kind.DOSE, 0, slot), streams.uniform(Kind.DOSE, 0, slot + 1)
    assert u.min() >= 0
    assert u.max() < 1
    counts = np.histogram(u, bins=100, range=(0, 1))[0]
    chi_square = ((counts - n / 100) ** 2 / (n / 100)).sum()
    assert chi_square < 99 + 5 * np.sqrt(2 * 99)
    assert abs(np.corrcoef(u, other)[0, 1]) < 5 / np.sqrt(n)
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 5 / np.sqrt(n)


def test_the_fast_draw_is_the_plain_one():
    streams, rows = Streams(11, np.arange(50)), np.array([0, 49, 7, 7, 3])
    for occurrence in (0, 5, np.array([0, 1, 2, 3, 2**20])):
        plain = ((streams.bits(Kind.DOSE, occurrence, 3, rows) >> np.uint64(12)) + 0.5) * 2.0**-52
        assert streams.uniform(Kind.DOSE, occurrence, 3, rows).tolist() == plain.tolist()
