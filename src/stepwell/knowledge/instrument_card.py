"""The cards of instruments and crosswalks, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from .check import sources_of
from .forms import Knowledge
from .instrument import Change, Crosswalk, Finding, Instrument, Layout, Scoring, Sign
from .sentences import bibliography, markdown_table, provenance


def instrument_card(instrument: Instrument, knowledge: Knowledge) -> str:
    """One instrument on a card: what it measures, its scores, bands, cuts, what a change means, licence, codes, items."""
    head = [f"`{instrument.id}`", instrument.status, instrument.about, f"{instrument.rater}-rated"]
    if instrument.scoring is not None:
        head.append(f"{instrument.at_least:g} to {instrument.at_most:g} points")
    head.append(instrument.direction if instrument.direction != "neither" else "neither direction is better")
    if instrument.recall:
        head.append(f"asks about {instrument.recall}")
    lines = [f"# {instrument.label}", "", " · ".join(head), "", *_facts(instrument, knowledge)]
    if instrument.bands:
        lines += ["", f"## Bands ({provenance(instrument.bands_from, knowledge)})", ""]
        rows = [(b.label, f"{b.at_least:g} to {b.at_most:g}") for b in instrument.bands]
        lines += markdown_table(("Band", "Points"), rows)
    for title, findings in (("Levels, the first that is met", instrument.levels), ("Findings", instrument.findings)):
        if findings:
            rows = [(f.label, _shown(f), provenance(f, knowledge)) for f in findings]
            lines += ["", f"## {title}", "", *markdown_table(("", "Met by", "From"), rows)]
    if instrument.subscales:
        rows = [
            (
                s.label,
                f"{s.at_least:g} to {s.at_most:g}",
                _made(s.scoring),
                _items_of(s.scoring),
                provenance(s.scoring, knowledge),
            )
            for s in instrument.subscales
        ]
        lines += ["", "## Further scores", "", *markdown_table(("Score", "Points", "Made", "Items", "From"), rows)]
    lines += ["", "## Items", "", *_items(instrument)]
    return "\n".join([*lines, "", "## Sources", "", bibliography(sources_of(instrument), knowledge)]) + "\n"


def _facts(i: Instrument, knowledge: Knowledge) -> Iterator[str]:
    def fact(name: str, words: str, form=None) -> str:
        return f"- **{name}:** {words}" + (f" {provenance(form, knowledge)}" if form is not None else "")

    if i.scoring is not None:
        yield fact("Total", f"{_made(i.scoring)}; {_missing(i.scoring)}.", i.scoring)
    else:
        yield fact("No total", i.no_total.text, i.no_total)
    if i.profile and i.scoring is None and len(i.profile) > 1:
        yield fact("Profile", f"the answers to items {', '.join(i.profile)} side by side.")
    if i.answers:
        yield fact("Answers", f"{i.answers}.")
    if i.answers_in_words is not None:
        codes = ", ".join(f"{answer} {code}" for answer, code in i.answers_in_words.loinc.items())
        yield fact("Also read by LOINC's codes", f"{codes}; and by the words on the form.", i.answers_in_words)
    for other in i.also_coded:
        items = ", ".join(f"{item} {code}" for item, code in other.items.items())
        answers = ", ".join(f"{answer} {code}" for answer, code in other.answers.items())
        total = f"total {other.total}; " if other.total else ""
        yield fact(f"Also coded by {other.publisher}", f"{total}items {items or 'as above'}; answers {answers}.", other)
    if i.remission is not None:
        yield fact("Remission", f"at most {i.remission.at_most:g} points.", i.remission)
    for cut in i.cuts:
        limit = f"at most {cut.at_most:g}" if cut.at_most is not None else f"at least {cut.at_least:g}"
        yield fact(f"{cut.means.capitalize()} as used by {cut.used_by}", f"{limit} points.", cut)
    if i.response is not None:
        yield fact("Response", f"improved by at least {i.response.at_least:g} %.", i.response)
    for change in i.meaningful_change:
        yield fact(f"Smallest change that matters {change.about}", f"{_amount(change)}; {change.whom}.", change)
    if i.safety is not None:
        several = "items" if len(i.safety.items) > 1 else "item"
        words = f"{several} {', '.join(i.safety.items)}, from an answer of {i.safety.at_least} on."
        yield fact("Death, suicide, self-harm", words, i.safety)
    if i.rank is not None:
        yield fact(f"Asked in turn {i.rank}", f"choice: {i.rank_choice}")
    else:
        yield fact("Never asked whether a treatment helped", f"choice: {i.rank_choice}")
    yield fact("Licence", i.licence.terms, i.licence)
    codes = [("LOINC", i.loinc), ("SNOMED CT", i.snomed), ("OMOP", map(str, i.omop))]
    words = "; ".join(f"{vocabulary} {joined}" for vocabulary, some in codes if (joined := ", ".join(some)))
    if words:
        yield fact("Codes of the total", f"{words}.", i.codes_from)
    if i.names:
        yield fact("Names in local records", f"{', '.join(i.names)}.")
    for layout in i.layouts:
        yield fact(f"Layout `{layout.id}`", _written(layout), layout)
    for note in i.notes:
        yield fact("Note", note.text, note)


def _made(scoring: Scoring) -> str:
    n = len(scoring.groups)
    if all(len(group) == 1 for group in scoring.groups):
        words = f"the answer to item {scoring.groups[0][0]}" if n == 1 else f"sum of {n} items"
    else:
        words = f"sum of the greatest item of each of {n} groups"
    if scoring.counts_from is not None:
        words = f"one point for each of {n} items answered {scoring.counts_from} or more"
    return f"{words}, in percent of its range" if scoring.as_percent else words


def _missing(scoring: Scoring) -> str:
    if scoring.missing_at_most == 0:
        return "none may be unanswered" if len(scoring.groups) > 1 else "it must be answered"
    return f"{scoring.missing_at_most} may be unanswered"


def _items_of(scoring: Scoring) -> str:
    return ", ".join(" or ".join(group) for group in scoring.groups)


def _amount(change: Change) -> str:
    amounts = [f"{change.points:g} points" if change.points is not None else ""]
    amounts.append(f"{change.percent:g} % of the start" if change.percent is not None else "")
    return " or ".join(amount for amount in amounts if amount)


def _shown(finding: Finding) -> str:
    signs = [_sign(sign) for sign in finding.any_of or finding.all_of]
    return ("; or " if finding.any_of else "; and ").join(signs)


def _sign(sign: Sign) -> str:
    of_total = sign.total_at_least is not None or sign.total_at_most is not None
    least = sign.total_at_least if of_total else sign.answer_at_least
    most = sign.total_at_most if of_total else sign.answer_at_most
    limit = f"at least {least:g}" if least is not None else f"at most {most:g}"
    if of_total:
        return f"a total of {limit} points"
    among = f" of {', '.join(sign.items)}" if sign.items else ""
    items = "any item" if sign.n_items == 1 else f"{sign.n_items} items"
    return f"an answer of {limit} to {items}{among}"


def _written(layout: Layout) -> str:
    words = f"items in the columns {', '.join(layout.columns.values())}"
    if layout.unanswered:
        words += f"; {' and '.join(layout.unanswered)} mean not answered"
    if layout.zero_below is not None:
        words += f"; numbers between 0 and {layout.zero_below:g} are 0, as some readers of SAS files return it"
    return f"{words}."


def _items(instrument: Instrument) -> list[str]:
    ranges = {(item.at_least, item.at_most) for item in instrument.items}
    if len(ranges) == 1 and not any(item.label for item in instrument.items):
        (least, most), names = ranges.pop(), [item.item for item in instrument.items]
        return [f"{len(names)} items, numbered {names[0]} to {names[-1]}, each answered {least} to {most}."]
    rows = []
    for item in instrument.items:
        beside = [f"only after item {item.only_after}"] * (item.only_after is not None)
        beside += ["enters no score"] * item.apart
        rows.append((item.item, item.label, f"{item.at_least} to {item.at_most}", "; ".join(beside)))
    header = ("Item", "About", "Answers", "")
    width = len(header) if any(row[-1] for row in rows) else len(header) - 1
    return markdown_table(header[:width], [row[:width] for row in rows])


def crosswalk_card(crosswalk: Crosswalk, knowledge: Knowledge) -> str:
    """One crosswalk on a card: which totals go with each other, from whom that is known, and what it is not for."""
    people = f" · {crosswalk.people:,} people" if crosswalk.people is not None else ""
    lines = [f"# {crosswalk.label}", "", f"`{crosswalk.id}` · {crosswalk.status}{people}", ""]
    lines += [f"{crosswalk.summary} {provenance(crosswalk, knowledge)}", ""]
    lines += [
        "**For describing groups only.** The response of one person to one treatment is read from one instrument.",
        "",
    ]
    if crosswalk.rows:
        rows = [
            [f"{least:g}" if least == most else f"{least:g}–{most:g}" for least, most in row] for row in crosswalk.rows
        ]
        lines += markdown_table([scale.label for scale in crosswalk.scales], rows)
    else:
        scales = " and ".join(scale.label for scale in crosswalk.scales)
        lines.append(f"No points for {scales}: {crosswalk.not_seen.text} {provenance(crosswalk.not_seen, knowledge)}")
    notes = [f"- {note.text} {provenance(note, knowledge)}" for note in crosswalk.notes]
    lines += ["", *notes] if notes else []
    return "\n".join([*lines, "", "## Sources", "", bibliography(sources_of(crosswalk), knowledge)]) + "\n"
