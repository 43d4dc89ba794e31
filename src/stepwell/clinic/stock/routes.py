"""The pages of this room."""

from __future__ import annotations

from stepwell.clinic.access.policy import Action
from stepwell.clinic.access.routing import Route

from . import entry_views, views


def _read(path: str, view, name: str, **more) -> Route:
    return Route(path, view, name, Action.READ_STOCK, "clinic", **more)


def _write(path: str, view, name: str) -> Route:
    return Route(path, view, name, Action.WRITE_STOCK, "clinic")


ROUTES: tuple[Route, ...] = (
    _read("stock/", views.stock, "stock", menu="Stock"),
    _read("stock/ledger/", views.ledger, "stock_ledger"),
    _read("stock/ledger/file/", views.ledger_file, "stock_ledger_file"),
    _write("stock/receive/", entry_views.receive, "stock_receive"),
    Route("people/<uuid:person>/stock/receive/", entry_views.receive, "stock_receive_for", Action.WRITE_STOCK),
    _write("stock/count/", entry_views.count, "stock_count"),
    _write("stock/lines/<int:line>/correct/", entry_views.correct, "stock_correct"),
    _read("stock/<int:lot>/", views.lot_page, "stock_lot"),
    _read("stock/<int:lot>/people/", views.recipients, "stock_recipients"),
    _write("stock/<int:lot>/count/", entry_views.count, "stock_count_lot"),
    _write("stock/<int:lot>/<slug:what>/", entry_views.enter, "stock_enter"),
)
