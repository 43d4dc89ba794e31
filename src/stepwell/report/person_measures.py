"""What one person's measures around a series are called, and how they are drawn and told."""

from __future__ import annotations

from collections.abc import Sequence

from stepwell.knowledge.forms import Knowledge

from .series_chart import Measure


def label_of(knowledge: Knowledge, instrument: str | None, item: str | None) -> str:
    """`MADRS`, `MADRS, item 10 (suicidal thoughts)`, `Joy (the clinic's own question)`."""
    if instrument is None:
        return f"{item.capitalize()} (the clinic's own question)"
    form = knowledge.all_instruments[instrument]
    if item is None:
        return form.label
    known = next((i for i in form.items if i.item == item), None)
    if form.profile and known is not None and len(form.items) == 1:
        return f"{form.label}, {item}"
    return f"{form.label}, item {item}" + (f" ({known.label})" if known is not None and known.label else "")


def is_monitoring(knowledge: Knowledge, instrument: str | None) -> bool:
    """Whether the instrument is read around a dose, for safety, and is no outcome."""
    form = knowledge.all_instruments.get(instrument or "")
    return form is not None and form.use == "monitoring"


def _groups(trajectory: Sequence[dict]) -> dict[tuple, list[dict]]:
    groups: dict[tuple, list[dict]] = {}
    for row in trajectory:
        groups.setdefault((row["instrument"], row["item"]), []).append(row)
    return groups


def followed_scores(knowledge: Knowledge, trajectory: Sequence[dict], effect: dict) -> tuple[Measure, ...]:
    """The scales of depression around the series, that by which it is followed first and with its cuts."""
    scales = []
    for (instrument, item), rows in _groups(trajectory).items():
        form = knowledge.instruments.get(instrument or "")
        if form is None or item is not None:
            continue
        is_followed = instrument == effect["instrument"]
        baseline = effect["baseline_total"] if is_followed else None
        half = None if baseline is None else baseline * (1 - form.response.at_least / 100)
        cut = form.remission.at_most if is_followed else None
        values = tuple((r["n_days"], r["value"]) for r in rows)
        scales.append((not is_followed, form.rank, Measure(form.label, "lower", values, cut, half)))
    return tuple(measure for _, _, measure in sorted(scales, key=lambda s: s[:2]))


def measures_of(knowledge: Knowledge, trajectory: Sequence[dict], followed: str | None) -> list[dict]:
    """Every measure that is no scale of depression, and no item about suicide: first, last and drawn. Totals come before items,
    items before the clinic's own questions, and scales of monitoring (`is_monitoring`) are last."""
    asking = knowledge.safety_items
    shown = []
    for (instrument, item), rows in _groups(trajectory).items():
        if (instrument, item) in asking or (item is None and instrument in knowledge.instruments):
            continue
        label = label_of(knowledge, instrument, item)
        about = knowledge.all_instruments[instrument].about if instrument else "told by the person"
        last = rows[-1] if rows[-1]["n_days"] > 0 else None
        drawn_as = f"{label}: monitoring, worst of the day" if is_monitoring(knowledge, instrument) else label
        drawn = Measure(drawn_as, rows[0]["better"], tuple((r["n_days"], r["value"]) for r in rows))
        order = (is_monitoring(knowledge, instrument), instrument is None, item is not None, label)
        line = {"label": label, "about": about, "rows": rows, "last": last, "baseline": rows[-1]["baseline_value"]}
        line["is_monitoring"] = is_monitoring(knowledge, instrument)
        shown.append((order, {**line, "better": rows[0]["better"], "drawn": drawn if len(rows) > 1 else None}))
    return [line for _, line in sorted(shown, key=lambda s: s[0])]
