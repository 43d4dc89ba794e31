"""The forms of this room. Each has `once`, so that the same page sent twice is one line."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from stepwell.clinic.access import witness

from .counting import Count
from .ledger import counted
from .models import LedgerLine, Lot
from .products import Product, product_of, products

MOST = 9999
_DAY = {"type": "date"}
_WHOLE = {"inputmode": "numeric"}


class _OnceForm(forms.Form):
    once = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        kwargs["initial"] = {"once": uuid.uuid4(), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)


def _whole(label: str, least: int, help_text: str = "", required: bool = True) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=least,
        max_value=MOST,
        help_text=help_text,
        required=required,
        widget=forms.NumberInput(attrs=_WHOLE),
    )


def _note(label: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(label=label, max_length=300, help_text=help_text)


class ReceiveForm(_OnceForm):
    """A delivery."""

    product = forms.ChoiceField(label=_("Product"), choices=[(p.id, p.label) for p in products().products])
    lot_number = forms.CharField(label=_("Lot number"), max_length=40, help_text=_("As it stands on the package."))
    expires = forms.DateField(
        label=_("Expires"),
        widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"),
        help_text=_("Where the package names a month only, its last day."),
    )
    n_devices = _whole(_("Devices or vials"), 1, _("Single ones, not cartons."))
    note = _note(_("From whom"), _("The supplier or pharmacy, and the number of the delivery note."))

    def clean_product(self) -> Product:
        """The product of that id."""
        return next(p for p in products().products if p.id == self.cleaned_data["product"])

    def clean_lot_number(self) -> str:
        """In capitals and without blanks at its ends, so that one lot is not there twice."""
        return self.cleaned_data["lot_number"].strip().upper()


class WasteForm(_OnceForm):
    """Devices that were destroyed, or the rest of opened vials."""

    def __init__(self, *args, request: HttpRequest, lot: Lot, left: int, rest: float, **kwargs):
        super().__init__(*args, **kwargs)
        self.request, product = request, product_of(lot)
        is_whole = product.is_whole
        self.fields["n_devices"] = _whole(
            _("Unopened %s that were destroyed") % product.units if not is_whole else product.units.capitalize(),
            1,
            _("On hand by the ledger: %s.") % counted(left, product),
            required=is_whole,
        )
        if not is_whole:
            self.fields["mg"] = forms.FloatField(
                label=_("Or: the rest of opened vials, in mg"),
                min_value=0,
                required=False,
                help_text=_("Opened vials hold %g mg by the ledger.") % rest,
                widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
            )
        self.fields["note"] = _note(_("Why"), _("Such as: fell to the floor; the rest of the vial after the infusion."))
        self.fields.update(witness.fields(request))

    def clean(self):
        """Either devices or mg; the witness by their own password."""
        given = super().clean()
        if not self.errors.keys() & {"n_devices", "mg"} and (given.get("n_devices") is None) == (
            given.get("mg") is None
        ):
            self.add_error(None, _("Enter how many were destroyed, or the mg of the rest; not both."))
        witness.check(self.request, self)
        return given


class ReturnForm(_OnceForm):
    """Devices that went back."""

    def __init__(self, *args, lot: Lot, left: int, **kwargs):
        super().__init__(*args, **kwargs)
        product = product_of(lot)
        on_hand = _("On hand by the ledger: %s.") % counted(left, product)
        self.fields["n_devices"] = _whole(product.units.capitalize(), 1, on_hand)
        self.fields["note"] = _note(
            _("To whom"), _("The supplier or who destroys them, and the number of the document.")
        )


class RecallForm(_OnceForm):
    """A recall of a lot."""

    note = _note(_("Who recalled it, and why"), _("Such as the maker's letter and its day."))


class CorrectForm(_OnceForm):
    """What a line should have said."""

    def __init__(self, *args, request: HttpRequest, line: LedgerLine, **kwargs):
        super().__init__(*args, **kwargs)
        self.request = request
        if line.kind != "recall":
            label = _("The right number of mg") if line.mg is not None else _("The right number")
            self.fields["right"] = (
                forms.FloatField(label=label, min_value=0, widget=forms.NumberInput(attrs={"step": "any"}))
                if line.mg is not None
                else _whole(label, 0)
            )
        self.fields["note"] = _note(_("Why"))
        if line.kind == "waste":
            self.fields.update(witness.fields(request))

    def clean(self):
        """The witness by their own password, where the line has one."""
        given = super().clean()
        if "witness" in self.fields:
            witness.check(self.request, self)
        return given


class CountForm(_OnceForm):
    """What was counted of each lot. The ledger's number is not shown before: a count is not to be guided by it."""

    as_of = forms.ChoiceField(
        label=_("Counted"),
        choices=[
            ("opening", _("before the first session of the day")),
            ("close", _("after the last session of the day")),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, data=None, *, lots: Iterable[Lot], on_hand: Mapping[int, int], **kwargs):
        lots = list(lots)
        if data is not None:  # a lot that came while somebody counted is not on their page yet
            seen = {f"seen-{lot.pk}": str(on_hand.get(lot.pk, 0)) for lot in lots if f"seen-{lot.pk}" not in data}
            data = data.copy()
            data.update(seen)
        super().__init__(data, **kwargs)
        self.lots = lots
        for lot in self.lots:
            product = product_of(lot)
            label = f"{product.label}, {_('lot')} {lot.lot_number}"
            self.fields[f"n-{lot.pk}"] = _whole(label, 0)
            self.fields[f"why-{lot.pk}"] = forms.CharField(
                label=_("Lot %s: where it differs from the ledger, why") % lot.lot_number,
                max_length=200,
                required=False,
            )
            self.fields[f"seen-{lot.pk}"] = forms.IntegerField(widget=forms.HiddenInput, initial=on_hand.get(lot.pk, 0))

    @property
    def rows(self) -> list[dict]:
        """The fields of each lot together, for the page."""
        return [
            {"lot": lot, "n": self[f"n-{lot.pk}"], "why": self[f"why-{lot.pk}"], "seen": self[f"seen-{lot.pk}"]}
            for lot in self.lots
        ]

    def counts(self) -> dict[int, Count]:
        """What was entered, by lot."""
        given = self.cleaned_data
        return {
            lot.pk: Count(given[f"n-{lot.pk}"], given[f"seen-{lot.pk}"], given[f"why-{lot.pk}"]) for lot in self.lots
        }

    def as_of_words(self) -> str:
        """As of when, as the line says it."""
        words = {
            "opening": _("As of the opening of business."),
            "close": _("As of the close of business."),
        }
        return str(words[self.cleaned_data["as_of"]])
