"""Fills a payer's PDF form (AcroForm) that the clinic uploads: reads its fields, and writes values of a packet into those that
the clinic has mapped. Scripts and other actions in the file are removed; text that does not fit is told and left out, never cut.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pikepdf
from pikepdf.form import (
    CheckboxField,
    ChoiceField,
    Form,
    RadioButtonGroup,
    TextField,
)

from .appearance import Appearances, is_too_long
from .content import PacketContent

LARGEST = 20 * 1024 * 1024
"""Bytes of a form that may be uploaded."""

MOST_TRIALS = 8
"""Trials that a form can be given."""

_KEPT_ACTIONS = ("/GoTo", "/URI")
_DEFAULT = b"/Helv 10 Tf 0 g"
_SIZE = 10.0


class FormError(ValueError):
    """The file is not a form that can be filled; the message says why and what to do."""


@dataclass(frozen=True)
class Field:
    """One field of a form."""

    name: str
    label: str
    """What the form shows for it, where it says so."""
    kind: Literal["text", "tick", "choice"]
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filled:
    """A filled form, and what could not be filled and why."""

    pdf: bytes
    problems: tuple[str, ...]


def read_fields(data: bytes) -> tuple[Field, ...]:
    """The fields of a form that can be filled, in its order. Raises `FormError`."""
    with _open(data) as pdf:
        found = []
        for name, field in Form(pdf).items():
            kind = _kind(field)
            if kind is not None:
                options = tuple(str(o.display_value) for o in field.options) if kind == "choice" else ()
                found.append(Field(name, str(field.alternate_name or name), kind, options))
    if not found:
        raise FormError("This PDF has fields, but none for text, a tick or a choice. Print it and fill it by hand.")
    return tuple(found)


def fill(data: bytes, mapping: Mapping[str, str], content: PacketContent) -> Filled:
    """The form with the values of the content: `mapping` names for a field the value that goes into it (`VALUES`).

    Raises `FormError` for a file that cannot be filled; a field or a value that is not there is told among the problems.
    """
    problems = []
    values = values_of(content)
    with _open(data) as pdf:
        _remove_actions(pdf)
        _give_fonts(pdf)
        form = Form(pdf, Appearances)
        for name, key in sorted(mapping.items()):
            if name not in form:
                problems.append(f"The form has no field “{name}”.")
            elif key not in VALUES:
                problems.append(f"Field “{name}”: there is no value “{key}”.")
            elif (value := values.get(key)) not in (None, ""):
                problems += _write(pdf, form[name], name, value)
        out = io.BytesIO()
        pdf.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return Filled(out.getvalue(), tuple(problems))


def _open(data: bytes) -> pikepdf.Pdf:
    if len(data) > LARGEST:
        raise FormError("This PDF is larger than 20 MB. Upload the form alone, without other pages.")
    try:
        pdf = pikepdf.open(io.BytesIO(data))
    except pikepdf.PasswordError:
        raise FormError("This PDF is encrypted. Ask the payer for one that is not, or print it.") from None
    except (pikepdf.PdfError, ValueError):
        raise FormError("This file is no PDF that can be read.") from None
    if pdf.is_encrypted:
        pdf.close()
        raise FormError("This PDF is encrypted. Ask the payer for one that is not, or print it.")
    acroform = pdf.Root.get("/AcroForm")
    if acroform is not None and "/XFA" in acroform:
        pdf.close()
        raise FormError("This PDF is an XFA form, which only Adobe Reader can fill. Ask the payer for another format.")
    if acroform is None or not len(acroform.get("/Fields", [])):
        pdf.close()
        raise FormError("This PDF has no fields to fill. Print it and fill it by hand.")
    return pdf


def _kind(field) -> Literal["text", "tick", "choice"] | None:
    if isinstance(field, TextField):
        return None if field.is_password or field.is_file_select else "text"
    if isinstance(field, CheckboxField):
        return "tick"
    return "choice" if isinstance(field, ChoiceField) and not isinstance(field, RadioButtonGroup) else None


def _write(pdf: pikepdf.Pdf, field, name: str, value: str | bool) -> list[str]:
    kind = _kind(field)
    if kind is None:
        return [f"Field “{name}” is of a kind that cannot be filled."]
    if (kind == "tick") != isinstance(value, bool):
        wanted = "a yes or no" if kind == "tick" else "a text"
        return [f"Field “{name}” takes {wanted}; choose another value for it."]
    if kind == "tick":
        field.checked = value
        return []
    if kind == "choice":
        option = next((o for o in field.options if str(o.display_value) == value), None)
        if option is None and not field.allow_edit:
            return [f"Field “{name}” has no choice that is the value; choose it by hand."]
        field.value = value
        return []
    longest = field.max_length
    if longest is not None and len(value) > longest:
        return [f"Field “{name}” takes {longest} characters, and the text has {len(value)}; it is left empty."]
    if field.is_multiline and any(is_too_long(value, *box) for box in _boxes(pdf, name)):
        return [f"The text for field “{name}” does not fit its box; it is left empty."]
    field.value = value
    try:
        value.encode("cp1252")
    except UnicodeEncodeError:
        return [f"Field “{name}” holds letters that the form's font may not show; look at the filled form."]
    return []


def _remove_actions(pdf: pikepdf.Pdf) -> None:
    """Removes scripts, and every action but a link to a page or an address."""
    names = pdf.Root.get("/Names")
    if names is not None and "/JavaScript" in names:
        del names["/JavaScript"]
    for thing in list(pdf.objects):
        _strip(thing)


def _strip(thing) -> None:
    if isinstance(thing, pikepdf.Array):
        for one in thing:
            if isinstance(one, pikepdf.Dictionary | pikepdf.Array) and not one.is_indirect:
                _strip(one)
        return
    if not isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        return
    for key in list(thing.keys()):
        value = thing[key]
        if key in ("/AA", "/JS") or (key in ("/OpenAction", "/A", "/Next") and not _is_kept(value)):
            del thing[key]
        elif isinstance(value, pikepdf.Dictionary | pikepdf.Array) and not value.is_indirect:
            _strip(value)


def _is_kept(action) -> bool:
    return not isinstance(action, pikepdf.Dictionary) or "/S" not in action or str(action["/S"]) in _KEPT_ACTIONS


def _give_fonts(pdf: pikepdf.Pdf) -> None:
    """Gives each text field a font and a size that appearances can be made with: a form may leave either to the reader."""
    acroform = pdf.Root["/AcroForm"]
    resources = acroform.get("/DR")
    if resources is None:
        resources = acroform["/DR"] = pikepdf.Dictionary()
    if "/Font" not in resources:
        resources["/Font"] = pikepdf.Dictionary()
    if "/Helv" not in resources["/Font"]:
        font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica", "/Encoding": "/WinAnsiEncoding"}
        names = {key: pikepdf.Name(value) for key, value in font.items()}
        resources["/Font"]["/Helv"] = pdf.make_indirect(pikepdf.Dictionary(names))
    for field in pdf.acroform.fields:
        if not (field.is_text or field.is_choice):
            continue
        given = bytes(field.default_appearance or b"") or bytes(acroform.get("/DA", b""))
        if not re.search(rb"/\S+\s+[\d.]+\s+Tf", given):
            given = _DEFAULT
        sized = re.sub(rb"(/\S+)\s+0(?:\.0*)?\s+Tf", rb"\g<1> %g Tf" % _size(pdf, field), given)
        if sized != bytes(field.obj.get("/DA", b"")):
            field.obj["/DA"] = pikepdf.String(sized.decode("latin-1"))


def _boxes(pdf: pikepdf.Pdf, name: str) -> list[tuple[float, float]]:
    """The width and the height of each box of a field."""
    boxes = []
    for field in pdf.acroform.get_fields_with_qualified_name(name):
        for annotation in pdf.acroform.get_annotations_for_field(field):
            x0, y0, x1, y1 = (float(v) for v in annotation.obj["/Rect"])
            boxes.append((abs(x1 - x0), abs(y1 - y0)))
    return boxes


def _size(pdf: pikepdf.Pdf, field) -> float:
    """A size of letters that fits the height of the field's box."""
    heights = [height for _, height in _boxes(pdf, field.fully_qualified_name)]
    return max(4.0, min([_SIZE, *(0.7 * h for h in heights)]))


def values_of(content: PacketContent) -> dict[str, str | bool]:
    """Every value that a form can be given, by its key."""
    return {key: read(content) for key, (_, read) in VALUES.items()}


def _day(day) -> str:
    return f"{day:%m/%d/%Y}" if day else ""


def _trial(n: int, read: Callable) -> Callable[[PacketContent], str]:
    return lambda c: read(c.trials[n]) if n < len(c.trials) else ""


def _at(n: int, read: Callable, things: Callable) -> Callable[[PacketContent], str]:
    return lambda c: read(things(c)[n]) if n < len(things(c)) else ""


VALUES: dict[str, tuple[str, Callable[[PacketContent], str | bool]]] = {
    "patient.name": ("Patient's name", lambda c: c.patient.name),
    "patient.birth_date": ("Birth date", lambda c: _day(c.patient.birth_date)),
    "patient.sex": ("Sex", lambda c: c.patient.sex),
    "patient.record_number": ("Record number", lambda c: c.patient.record_number),
    "patient.height": ("Height (cm)", lambda c: f"{c.patient.height_cm:g}" if c.patient.height_cm is not None else ""),
    "patient.weight": ("Weight (kg)", lambda c: f"{c.patient.weight_kg:g}" if c.patient.weight_kg is not None else ""),
    "coverage.payer": ("Payer", lambda c: c.coverage.payer),
    "coverage.member_id": ("Member number", lambda c: c.coverage.member_id),
    "sender.clinic": ("Clinic", lambda c: c.sender.clinic),
    "sender.address": ("Clinic's address", lambda c: c.sender.address),
    "sender.phone": ("Clinic's phone", lambda c: c.sender.phone),
    "sender.npi": ("NPI", lambda c: c.sender.npi),
    "sender.prescriber": ("Prescriber", lambda c: c.sender.prescriber),
    "day": ("Date", lambda c: _day(c.day)),
    "treatment": ("Treatment", lambda c: c.policy.treatment),
    "request.code": ("Code", lambda c: c.request.code),
    "request.units": ("Units", lambda c: str(c.request.units) if c.request.units is not None else ""),
    "request.valid_from": ("From", lambda c: _day(c.request.valid_from)),
    "request.valid_to": ("To", lambda c: _day(c.request.valid_to)),
    "request.monitoring": ("Monitoring programme checked on", lambda c: _day(c.request.monitoring_programme_checked)),
    "benefit.medical": ("Medical benefit (tick)", lambda c: c.request.benefit == "medical"),
    "benefit.pharmacy": ("Pharmacy benefit (tick)", lambda c: c.request.benefit == "pharmacy"),
    "request.first": ("First request (tick)", lambda c: c.request.kind == "first"),
    "request.again": ("Continued treatment (tick)", lambda c: c.request.kind == "again"),
    "off_label": ("Off-label use (tick)", lambda c: c.policy.off_label),
    "diagnosis.code": ("Diagnosis: code", _at(0, lambda d: d.code, lambda c: c.diagnoses)),
    "diagnosis.label": ("Diagnosis: words", _at(0, lambda d: d.label, lambda c: c.diagnoses)),
    "scale.label": ("Scale", _at(0, lambda s: s.label, lambda c: c.scales)),
    "scale.baseline": (
        "Scale: baseline",
        _at(0, lambda s: f"{s.baseline.total}, {_day(s.baseline.day)}", lambda c: c.scales),
    ),
    "scale.latest": ("Scale: latest", _at(0, lambda s: f"{s.latest.total}, {_day(s.latest.day)}", lambda c: c.scales)),
    "psychotherapy": ("Psychotherapy", lambda c: " ".join(s.text for s in c.psychotherapy)),
    "suicidality": ("Suicidality", _at(0, lambda s: s.text, lambda c: c.suicidality)),
    "other_treatments": ("Other treatments", lambda c: " ".join(s.text for s in c.other_treatments)),
    "letter": ("The whole letter", lambda c: " ".join(s.text for s in c.letter.sentences if s.text)),
}
"""What a field can be given: its words for the page, and how it is read from the content. A tick takes a yes or no."""

for _n in range(MOST_TRIALS):
    VALUES |= {
        f"trial.{_n + 1}.drug": (f"Trial {_n + 1}: drug", _trial(_n, lambda t: t.drug)),
        f"trial.{_n + 1}.dose": (f"Trial {_n + 1}: dose", _trial(_n, lambda t: t.dose)),
        f"trial.{_n + 1}.from": (f"Trial {_n + 1}: from", _trial(_n, lambda t: _day(t.first))),
        f"trial.{_n + 1}.to": (f"Trial {_n + 1}: to", _trial(_n, lambda t: _day(t.last))),
        f"trial.{_n + 1}.weeks": (f"Trial {_n + 1}: weeks", _trial(_n, lambda t: f"{t.weeks:g}")),
        f"trial.{_n + 1}.outcome": (f"Trial {_n + 1}: outcome", _trial(_n, lambda t: t.outcome)),
        f"trial.{_n + 1}.stopped": (f"Trial {_n + 1}: why stopped", _trial(_n, lambda t: t.stopped)),
    }
