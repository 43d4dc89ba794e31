"""What the form of an instrument or a crosswalk alone cannot see: items that enter no score, ranges that do not add up, bands
with a gap, rows that do not rise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise

from ..errors import Problem
from .instrument import Crosswalk, Finding, Instrument, Item, Scoring
from .written import Path_

Say = Callable[[Path_, str, str], Problem]
"""Makes a problem of where in the form, what was found, what was expected."""


def check_instrument(form: Instrument, say: Say) -> Iterator[Problem]:
    """Every problem inside one instrument."""
    items = {item.item: item for item in form.items}
    wrong = list(_items(form, items, say))
    scored = [((), form)] if form.scoring is not None else []
    scored += [(("subscales", n), scale) for n, scale in enumerate(form.subscales)]
    for path, holder in scored if not wrong else ():
        wrong += _scoring(path, holder, items, say)
    yield from wrong
    if wrong:
        return
    yield from _bands(form, say)
    yield from _findings(form, items, say)
    yield from _cuts(form, say)
    for position, example in enumerate(form.worked_examples):
        for name, answer in example.items.items():
            if name not in items or not (answer is None or items[name].at_least <= answer <= items[name].at_most):
                yield say(("worked_examples", position, "items", name), "is no answer of that item", "an item's range")


def _items(form: Instrument, items: Mapping[str, Item], say: Say) -> Iterator[Problem]:
    asked = [name for scoring in _scorings(form) for group in scoring.groups for name in group]
    asked += [name for finding in (*form.levels, *form.findings) for sign in _signs(finding) for name in sign.items]
    asked += form.profile
    for position, item in enumerate(form.items):
        if item.at_least > item.at_most:
            yield say(("items", position, "at_most"), f"is below at_least ({item.at_most})", "a range")
        if item.item not in asked and not item.apart:
            yield say(
                ("items", position, "item"),
                f"{item.item!r} is in no scoring group",
                "every item scored, or `apart: true`",
            )
        if item.only_after is not None and item.only_after not in items:
            yield say(("items", position, "only_after"), f"names item {item.only_after!r}", "an item of this form")
    named = [(("profile", n), name) for n, name in enumerate(form.profile)]
    if form.safety is not None:
        named += [(("safety", "items", n), name) for n, name in enumerate(form.safety.items)]
    for number, layout in enumerate(form.layouts):
        named += [(("layouts", number, "columns", name), name) for name in layout.columns]
        missing = [i.item for i in form.items if i.item not in layout.columns and not i.apart]
        if missing:
            yield say(("layouts", number, "columns"), f"lack item {', '.join(missing)}", "a column for every item")
    for path, name in named:
        if name not in items:
            yield say(path, f"names item {name!r}", "an item of this form")


def _scorings(form: Instrument) -> list[Scoring]:
    main = [form.scoring] if form.scoring is not None else []
    return main + [scale.scoring for scale in form.subscales]


def _scoring(path: Path_, holder, items: Mapping[str, Item], say: Say) -> Iterator[Problem]:
    groups = holder.scoring.groups
    asked = [name for group in groups for name in group]
    wrong = sorted({name for name in asked if name not in items or asked.count(name) > 1})
    for name in wrong:
        yield say(
            (*path, "scoring", "groups"), f"names item {name!r}, which is unknown or named twice", "each item once"
        )
    if wrong or not groups:
        return
    reached = (0, 100) if holder.scoring.as_percent else holder.scoring.ends(items.values())
    for end, points in zip(("at_least", "at_most"), reached, strict=True):
        if points != getattr(holder, end):
            expected = f"{points:g} points, as the items add up"
            yield say((*path, end), f"is {getattr(holder, end):g} points", expected)
            return


def _bands(form: Instrument, say: Say) -> Iterator[Problem]:
    edges = sorted((band.at_least, band.at_most) for band in form.bands)
    joined = all(below[1] + 1 == above[0] for below, above in pairwise(edges))
    if edges and not (joined and edges[0][0] == form.at_least and edges[-1][1] == form.at_most):
        expected = f"every total from {form.at_least:g} to {form.at_most:g}"
        yield say(("bands",), "leave a gap, overlap or miss an end", expected)


def _signs(finding: Finding) -> tuple:
    return (*finding.any_of, *finding.all_of)


def _findings(form: Instrument, items: Mapping[str, Item], say: Say) -> Iterator[Problem]:
    for kind in ("levels", "findings"):
        for position, finding in enumerate(getattr(form, kind)):
            side = "any_of" if finding.any_of else "all_of"
            for number, sign in enumerate(_signs(finding)):
                path = (kind, position, side, number)
                for name in sign.items:
                    if name not in items:
                        yield say((*path, "items"), f"names item {name!r}", "an item of this form")
                of_total = sign.total_at_least is not None or sign.total_at_most is not None
                if of_total and form.scoring is None:
                    yield say(path, "asks for a total", "items, for this instrument has no total")
                if sign.n_items > len(sign.items or items):
                    yield say((*path, "n_items"), f"is {sign.n_items}", "at most as many as there are items")


def _cuts(form: Instrument, say: Say) -> Iterator[Problem]:
    cuts = [(("remission", "at_most"), form.remission.at_most)] if form.remission is not None else []
    for position, cut in enumerate(form.cuts):
        side = "at_most" if cut.at_least is None else "at_least"
        cuts.append((("cuts", position, side), getattr(cut, side)))
    for path, points in cuts:
        if form.scoring is None or not form.at_least <= points <= form.at_most:
            yield say(path, f"is {points:g} points", "a total of this instrument")
    if form.remission is not None and form.remission.at_most == form.at_most:
        yield say(("remission", "at_most"), f"is {form.at_most:g} points", "less than the greatest total")
    shares = [(("response", "at_least"), form.response.at_least)] if form.response is not None else []
    shares += [(("meaningful_change", n, "percent"), change.percent) for n, change in enumerate(form.meaningful_change)]
    for path, share in shares:
        if share is not None and not 0 < share <= 100:
            yield say(path, f"is {share:g} %", "more than 0 and at most 100 %")


def check_crosswalk(form: Crosswalk, instruments: Iterable[Instrument], say: Say) -> Iterator[Problem]:
    """Every problem inside one crosswalk, and between it and the instruments it names."""
    known = {instrument.id: instrument for instrument in instruments}
    for position, scale in enumerate(form.scales):
        instrument = known.get(scale.scale)
        own = (scale.at_least, scale.at_most)
        if instrument is not None and (instrument.at_least, instrument.at_most) != own:
            expected = f"{instrument.at_least:g} to {instrument.at_most:g} points, as in the instrument"
            yield say(("scales", position), f"is {own[0]:g} to {own[1]:g} points", expected)
    for number, row in enumerate(form.rows):
        if len(row) != len(form.scales):
            yield say(("rows", number), f"has {len(row)} stretches", f"{len(form.scales)}, one for each scale")
            return
        for (least, most), scale in zip(row, form.scales, strict=True):
            if not scale.at_least <= least <= most <= scale.at_most:
                yield say(("rows", number), f"leaves the {scale.label}", f"{scale.at_least:g} to {scale.at_most:g}")
    for number, (below, above) in enumerate(pairwise(form.rows), start=1):
        if any(low[0] > high[0] or low[1] > high[1] for low, high in zip(below, above, strict=True)):
            yield say(("rows", number), "does not rise from the row before", "no stretch below that of the row before")
