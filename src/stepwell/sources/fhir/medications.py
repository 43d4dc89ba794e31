"""Drugs that were ordered, dispensed, given, reported or billed, as rows of `drug_exposure`.

A drug is what the resource says itself, else the Medication that it contains or refers to, else the words beside the reference.
What cannot be resolved is a drug that nobody could identify; it is never no drug.
"""

from __future__ import annotations

from .care import add_condition, add_procedure, billed
from .concepts import CLAIM, DISPENSE, GIVEN, ORDER, REPORT, TYPES
from .dosage import PIECES, Daily, daily, days_of, unit_of
from .reading import Place, Reading, encounter_of, person_of
from .shapes import OtherVersionError, ShapeError, day, id_of, part, parts, target, word, words_of

_NO_ORDER = ("draft", "cancelled")
_ORDERS = ("order", "original-order", "reflex-order", "filler-order", "instance-order")
_NO_DISPENSE = ("preparation", "cancelled", "on-hold", "declined")
_NOT_GIVEN = ("not-done", "on-hold", "unknown")
_NOT_TAKEN = ("not-taken", "intended", "unknown")


def read_medication_resource(r: dict, at: Place, reading: Reading) -> None:
    """A Medication that others refer to."""
    concept, value = _described(r, reading)
    reading.rows.add("medication", at.seq, at.id, concept, value)


def _described(medication: dict, reading: Reading) -> tuple[int | None, str | None]:
    """A Medication's own code, else that of its only ingredient."""
    concept, value = reading.concepts.drug(part(medication, "code"))
    if concept is None and value is None:
        inside = [part(i, "itemCodeableConcept") for i in parts(medication, "ingredient")]
        if len(inside) == 1:
            return reading.concepts.drug(inside[0])
    return concept, value


def _drug(r: dict, reading: Reading) -> tuple[int | None, str | None, str | None]:
    """The concept, the words, and the id of the Medication that is still to be looked up."""
    if isinstance(r.get("medication"), dict):
        raise OtherVersionError("R5")
    try:
        concept = part(r, "medicationCodeableConcept")
        if concept:
            return *reading.concepts.drug(concept), None
        reference = part(r, "medicationReference")
        to = target(reference)
        if to is not None and to.startswith("#"):
            inside = next((c for c in parts(r, "contained") if c.get("id") == to[1:]), {})
            found = _described(inside, reading)
            return *(found if found != (None, None) else (None, word(reference, "display"))), None
        return None, word(reference, "display"), None if to is None else to.rpartition("/")[2]
    except ShapeError:
        return None, None, None


def _add(reading: Reading, at: Place, r: dict, origin: str, start: str | None, **told: object) -> None:
    concept, value, medication = _drug(r, reading)
    reading.rows.add(
        "drug_exposure",
        at.seq,
        person_of(r),
        concept,
        value,
        medication,
        start and start[:10],
        start,
        told.get("end"),
        TYPES[origin][0],
        _as_text(told.get("days")),
        told.get("quantity"),
        _as_text(told.get("units")),
        _as_text(told.get("mg")),
        told.get("stopped"),
        told.get("route"),
        told.get("unit"),
        encounter_of(r),
        origin,
        told.get("order"),
        told.get("valid_from"),
        told.get("valid_until"),
    )


def _as_text(number: object) -> str | None:
    return None if number is None else repr(number) if isinstance(number, float) else str(number)


def _daily(instructions: list[dict], reading: Reading) -> Daily:
    found = daily(instructions)
    if found.is_contradicted:
        what = "instructions whose words and parts say different doses: the dose is unknown"
        reading.note("medication", what, "read as unknown")
    return found


def _first(*values: float | None) -> float | None:
    return next((v for v in values if v is not None), None)


def _route(instructions: list[dict]) -> str | None:
    routes = {words_of(part(i, "route")) for i in instructions} - {None}
    return routes.pop() if len(routes) == 1 else None


def _amount(quantity: dict) -> str | None:
    """How many pieces were supplied; None where something else is counted (millilitres, grams)."""
    unit = unit_of(quantity)
    return None if word(quantity, "comparator") or not (unit is None or unit in PIECES) else word(quantity, "value")


def read_request(r: dict, at: Place, reading: Reading) -> str | None:
    """An order, or a drug that somebody reported."""
    if r.get("status") in _NO_ORDER:
        return f"prescriptions with the status {r['status']}"
    if r.get("intent") not in (*_ORDERS, None):
        return "prescriptions that are no orders (proposal, plan, option)"
    if r.get("doNotPerform") is True:
        return "prescriptions that say not to give the drug"
    is_report = r.get("reportedBoolean") is True or bool(part(r, "reportedReference"))
    instructions, supply = parts(r, "dosageInstruction"), part(r, "dispenseRequest")
    bounds = [part(part(part(i, "timing"), "repeat"), "boundsPeriod") for i in instructions]
    starts = sorted(s for b in bounds if (s := word(b, "start")))
    ends = [word(b, "end") for b in bounds]
    validity = part(supply, "validityPeriod")
    start = day(*starts[:1], word(r, "authoredOn"), word(validity, "start"))
    valid_from, valid_until = day(word(r, "authoredOn"), word(validity, "start")), word(validity, "end")
    is_stopped = r.get("status") == "stopped"
    per_day = _daily(instructions, reading)
    _add(
        reading,
        at,
        r,
        REPORT if is_report else ORDER,
        start,
        end=max(e for e in ends if e)[:10] if ends and all(ends) else None,
        # Of an order that was stopped nobody can say how long it was taken.
        days=None if is_stopped else _first(days_of(part(supply, "expectedSupplyDuration")), per_day.days),
        quantity=None if is_stopped else _amount(part(supply, "quantity")),
        units=per_day.units,
        mg=per_day.mg,
        stopped=words_of(part(r, "statusReason")),
        route=_route(instructions),
        valid_from=valid_from and valid_from[:10],
        valid_until=valid_until and valid_until[:10],
    )
    return None


def read_dispense(r: dict, at: Place, reading: Reading) -> str | None:
    """What was handed over."""
    given = word(r, "whenHandedOver")
    if r.get("status") in _NO_DISPENSE or (r.get("status") not in ("completed", None) and given is None):
        return f"dispensings with the status {r['status']}"
    per_day = _daily(parts(r, "dosageInstruction"), reading)
    orders = [id_of(o) for o in parts(r, "authorizingPrescription")]
    _add(
        reading,
        at,
        r,
        DISPENSE,
        day(given, word(r, "whenPrepared")),
        days=_first(days_of(part(r, "daysSupply")), per_day.days),
        quantity=_amount(part(r, "quantity")),
        units=per_day.units,
        mg=per_day.mg,
        route=_route(parts(r, "dosageInstruction")),
        order=next((o for o in orders if o is not None), None),
    )
    return None


def read_administration(r: dict, at: Place, reading: Reading) -> str | None:
    """A dose that was given."""
    if r.get("status") in _NOT_GIVEN:
        return f"administrations with the status {r['status']}"
    dosage = part(r, "dosage")
    dose, unit = part(dosage, "dose"), unit_of(part(dosage, "dose"))
    _add(
        reading,
        at,
        r,
        GIVEN,
        word(r, "effectiveDateTime") or word(part(r, "effectivePeriod"), "start"),
        quantity=None if word(dose, "comparator") else word(dose, "value"),
        unit=None if unit in PIECES else unit,
        route=words_of(part(dosage, "route")),
    )
    return None


def read_statement(r: dict, at: Place, reading: Reading) -> str | None:
    """A drug that somebody says was taken."""
    if r.get("status") in _NOT_TAKEN:
        return f"statements with the status {r['status']}"
    period = part(r, "effectivePeriod")
    start = day(word(r, "effectiveDateTime"), word(period, "start"), word(r, "dateAsserted"))
    end = word(period, "end")
    per_day = _daily(parts(r, "dosage"), reading)
    reasons = [words_of(reason) for reason in parts(r, "statusReason")]
    orders = [id_of(o) for o in (*parts(r, "basedOn"), *parts(r, "derivedFrom")) if "Medication" in (target(o) or "")]
    _add(
        reading,
        at,
        r,
        REPORT,
        start,
        end=end and end[:10],
        days=per_day.days,
        units=per_day.units,
        mg=per_day.mg,
        stopped=next((s for s in reasons if s), None),
        route=_route(parts(r, "dosage")),
        order=next((o for o in orders if o is not None), None),
    )
    return None


def read_claim(r: dict, at: Place, reading: Reading) -> str | None:
    """Drugs and procedures among the items of a claim or of what was paid for it, and its diagnoses."""
    if r.get("status") not in ("active", None):
        return "claims that are not active"
    if r.get("use") not in ("claim", None):
        return "claims made before the care (predetermination, preauthorization)"
    told = parts(r, "supportingInfo")
    supply = next((part(t, "valueQuantity") for t in told if _says(t, "dayssupply")), {})
    days = [word(part(r, "billablePeriod"), "start")]
    for item in parts(r, "item"):
        code = part(item, "productOrService")
        kind = billed(code)
        when = day(
            word(item, "servicedDate"),
            word(part(item, "servicedPeriod"), "start"),
            word(part(r, "billablePeriod"), "start"),
        )
        days.append(when)
        quantity = word(part(item, "quantity"), "value")
        if kind == "drug":
            row = {"medicationCodeableConcept": code, "patient": r.get("patient")}
            _add(reading, at, row, CLAIM, when, days=days_of(supply), quantity=quantity)
        elif kind == "procedure":
            add_procedure(reading, at, person_of(r), code, when, quantity)
    for diagnosis in parts(r, "diagnosis"):
        if code := part(diagnosis, "diagnosisCodeableConcept"):
            add_condition(reading, at, person_of(r), code, day(*days), is_billed=True)
    return None


def _says(told: dict, code: str) -> bool:
    return any(word(c, "code") == code for c in parts(part(told, "category"), "coding"))
