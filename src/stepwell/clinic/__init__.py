"""The clinic app: from a patient's history to the authorisation, in a browser. Needs the extra `clinic`.

A Django project. Each folder is one room with its own models, pages and `routes.py`; `urls.py` joins the routes. Nothing but
`stepwell.cli.clinic` imports it, and it uses stepwell's public interface only.
"""
