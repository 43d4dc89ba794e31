"""The products that a clinic keeps and the rules for keeping them, read from `products.yaml`."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from .models import Lot


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Sourced(_Form):
    source: str
    locator: str
    seen: Literal["copy", "secondary"]


class Product(_Sourced):
    """One product: its unit is a device or a vial."""

    id: str
    label: str
    treatment: str
    route: str
    given: tuple[str, ...]
    """The routes of an order by which it may be given."""
    mg_per_device: float
    unit: str
    units: str
    is_whole: bool
    """Whether a dose is always a whole number of units; otherwise a rest stays in the vial."""
    schedule: str


class Rule(_Sourced):
    """One number that the law sets, in years."""

    value: int
    words: str


class Products(_Form):
    """The whole file."""

    date: date
    products: tuple[Product, ...]
    rules: dict[Literal["count_every_years", "keep_years"], Rule]


@cache
def products() -> Products:
    """The packaged file."""
    return Products.model_validate(yaml.safe_load((Path(__file__).parent / "products.yaml").read_text("utf-8")))


def product_of(lot: Lot) -> Product:
    """The product of the lot. Raises `LookupError` where the file has none."""
    for one in products().products:
        if (one.treatment, one.route, one.mg_per_device) == (lot.treatment, lot.route, lot.mg_per_device):
            return one
    raise LookupError(f"no product for {lot}")
