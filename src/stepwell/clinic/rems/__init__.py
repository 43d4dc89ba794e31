"""The monitoring form that a risk programme (REMS) asks for after each session: enrolment, queue, form, what was submitted."""
