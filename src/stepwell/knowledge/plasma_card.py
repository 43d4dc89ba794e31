"""A parameter set on a card: its values, what it gives again of what was published, and what it does not."""

from __future__ import annotations

from .check import sources_of
from .forms import Knowledge
from .plasma import Exposure, Plasma
from .plasma_curve import find_curve, usual_dose
from .sentences import bibliography, markdown_table, provenance

CLOSE = 2.0
"""Per cent: a published figure that the set gives again no worse than this is called reproduced."""


def apart(model: Plasma, published: Exposure) -> dict[str, tuple[float, float, float]]:
    """For each figure published of one dose: the figure, what the set gives, and how far that is from it in per cent."""
    curve = find_curve(model, published.dose, over=published.over, single_form=published.single_form)
    given = {"cmax": curve.cmax(published.of), "auc": curve.auc[published.of]}
    figures = {name: getattr(published, name) for name in given if getattr(published, name) is not None}
    return {name: (f, given[name], 100 * (given[name] / f - 1)) for name, f in figures.items()}


def plasma_card(model: Plasma, knowledge: Knowledge) -> str:
    """One parameter set on a card."""
    lines = [f"# {model.label}", "", f"`{model.id}` · curve in plasma · {model.status}", "", model.summary]
    if model.status == "draft":
        lines += ["", "*Draft: no clinician has reviewed this card yet.*"]
    lines += [
        "",
        "*An illustration, never a dosing aid: it says nothing about anybody's own concentration, and nothing is judged by it.*",
    ]
    lines += ["", f"**Sampled:** {model.sampled}. **People:** {model.people}."]
    lines += [
        "",
        f"**Dose:** {_dose(model, knowledge)}",
        "",
        "## Parameters",
        "",
        provenance(model.parameters_from, knowledge),
        "",
    ]
    lines += markdown_table(
        ("Place", "Volume"), [(p.id, "" if p.volume is None else f"{p.volume:g} L") for p in model.places]
    )
    lines += ["", *markdown_table(("From", "To", "How fast"), [_passage(p) for p in model.passages])]
    lines += [
        "",
        *markdown_table(("Into", "Share of a device or dose", "Evenly over"), [_intake(i) for i in model.intakes]),
    ]
    if model.other_half:
        clearance = f"{model.other_half.clearance:g} % of the clearance"
        lines += ["", f"The other half of the racemic drug: {clearance}. {provenance(model.other_half, knowledge)}"]
    lines += ["", "## Published, and given again", ""]
    header = ("Substance", "Dose", "Figure", "Published", "This set", "Apart", "", "From")
    lines += markdown_table(header, [row for e in model.published for row in _compared(model, e, knowledge)])
    lines += ["", "## What this form does not hold", "", *(f"- {sentence}" for sentence in model.not_held)]
    return "\n".join([*lines, "", "## Sources", "", bibliography(sources_of(model), knowledge)]) + "\n"


def _dose(model: Plasma, knowledge: Knowledge) -> str:
    if model.devices is not None:
        d = model.devices
        return f"devices of {d.each:g} mg, {60 * d.apart:g} minutes apart. {provenance(d, knowledge)}"
    i = model.infusion
    said = f"{i.per_kg:g} mg/kg over {60 * i.over:g} minutes; drawn for {i.weight:g} kg, {usual_dose(model):g} mg"
    return f"{said}. {provenance(i, knowledge)}"


def _passage(passage) -> tuple[str, str, str]:
    fast = f"{passage.flow:g} L/h" if passage.flow is not None else f"{passage.rate:g} per hour"
    return passage.from_, passage.to or "(leaves)", fast + (", both ways" if passage.both_ways else "")


def _intake(intake) -> tuple[str, str, str]:
    share = "what is left" if intake.share is None else f"{intake.share:g} %"
    share += f"; of a further device {intake.later:g} % of that" if intake.later != 100 else ""
    share += f", of which {intake.passing:g} % pass" if intake.passing != 100 else ""
    return intake.into, share, "" if intake.over is None else f"{intake.over:g} hours"


_FIGURES = {"cmax": ("greatest", "ng/mL"), "auc": ("area, 0 to 24 hours", "ng·h/mL")}


def _compared(model: Plasma, published: Exposure, knowledge: Knowledge) -> list[tuple[str, ...]]:
    label = next(m.label for m in model.measured if m.id == published.of)
    dose = f"{published.dose:g} mg" + (f" in {60 * published.over:g} min" if published.over else "")
    dose += ", S form alone" if published.single_form else ""
    rows = []
    for name, (figure, given, far) in apart(model, published).items():
        words, unit = _FIGURES[name]
        verdict = "given again" if abs(far) <= CLOSE else f"**not given again.** {published.note or ''}".strip()
        told = (f"{figure:g} {unit}", f"{given:.1f}", f"{far:+.1f} %", verdict, provenance(published, knowledge))
        rows.append((label, dose, words, *told))
    return rows
