"""Response by route: every line or none, and no route said of a series whose sessions do not all have it."""

from stepwell.report.programme_routes import NOT_EVERY, SEVERAL, summarise_routes


def series(person, routes, is_response):
    key = {"person_id": person, "treatment": "ketamine", "series_number": 1}
    sessions = [key | {"route": route} for route in routes]
    return sessions, key | {"checkpoint": "end of induction", "is_response": is_response}


def programme(*groups):
    """Groups of series: routes of their sessions, how many in response, how many not."""
    own = {"session": [], "series_response": []}
    person = 0
    for routes, n_responded, n_not in groups:
        for is_response in [True] * n_responded + [False] * n_not:
            person += 1
            sessions, response = series(person, routes, is_response)
            own["session"] += sessions
            own["series_response"].append(response)
    return own


def test_routes_stand_side_by_side_with_their_intervals():
    found = summarise_routes(programme((["intravenous"] * 6, 12, 8), (["intramuscular"] * 6, 5, 10)), True, 5)
    assert [(r.route, r.n_scored, r.n_responded) for r in found] == [("intramuscular", 15, 5), ("intravenous", 20, 12)]
    assert found[1].response.value == 0.6
    assert found[1].response.low < 0.6 < found[1].response.high


def test_a_series_with_several_routes_or_an_unrecorded_one_is_of_none_of_them():
    mixed = (["intravenous", "nasal"], 6, 6)
    found = summarise_routes(programme((["nasal"], 7, 7), mixed, (["nasal", None], 5, 5)), True, 5)
    assert {r.route: r.n_scored for r in found} == {"nasal": 14, SEVERAL: 12, NOT_EVERY: 10}


def test_one_route_needs_no_table():
    assert summarise_routes(programme((["nasal"], 9, 9)), True, 5) == ()


def test_all_lines_are_withheld_where_one_holds_a_small_count_or_their_sum_is_withheld():
    small = programme((["intravenous"], 12, 8), (["intramuscular"], 4, 10))
    assert summarise_routes(small, True, 5) is None
    assert summarise_routes(small, True, 4) is not None
    assert summarise_routes(programme((["intravenous"], 12, 8), (["nasal"], 6, 6)), False, 5) is None
    none_of_one = programme((["intravenous"], 12, 8), (["nasal"], 0, 6))
    assert summarise_routes(none_of_one, True, 5) is not None
