"""Empty files for records that are in no database, with a page that explains every column."""

from __future__ import annotations

from pathlib import Path

from ..output import new_folder
from ..tables.ranges import DAY
from .csvform import FILES, REQUIRED_FILES

_ABOUT = {
    "person": "Everybody, also people without any treatment.",
    "observation_period": "The time in which nothing was missed. Without it nobody can be said *not* to meet a definition.",
    "condition": "Diagnoses. Leave the file out if there are none to be had: an empty file and no file say the same.",
    "medication": "Prescriptions, fills or administrations, one line each.",
    "measurement": "Totals of questionnaires and rating scales.",
    "procedure": "Electroconvulsive therapy, magnetic stimulation, (es)ketamine sessions.",
    "vital": "Blood pressure, one line for each of its two numbers, and oxygen saturation.",
    "answer": "Answers to single items, totals of other scales (quality of life, function, side effects), questions of your own.",
    "monitoring": "What was read and done around a session of (es)ketamine. Leave the file out if there are no such sessions.",
}
_EXAMPLES = {
    "person": ["p1,1980,female,"],
    "observation_period": ["p1,2019-01-01,2021-12-31"],
    "condition": ["p1,2020-01-02,ICD10CM,F33.1"],
    "medication": [
        "p1,ketamine,2020-09-01,,,,,,,administration,,intravenous,09:30,ketamine,ketamine,0.5",
        "p1,midazolam,2020-09-15,,,,,,,comparator,,intravenous,09:30,ketamine,midazolam,0.045",
    ],
    "measurement": ["p1,2020-01-02,phq-9,19", "p1,2020-02-20,phq-9,18"],
    "procedure": ["p1,2020-09-01,stepwell,ect,,", "p1,2020-09-03,stepwell,psychotherapy,,14:00"],
    "answer": [
        "p1,2020-09-01,phq-9,9,1,,,",
        "p1,2020-09-01,q-les-q-sf,,41,,,",
        "p1,2020-09-01,,joy,3,0,10,higher",
    ],
    "vital": ["p1,2020-09-01,blood-pressure-systolic,128,", "p1,2020-09-01,blood-pressure-diastolic,82,"],
}


def write_template(folder: str | Path) -> None:
    """Writes empty CSV files with their headers, and README.md, which explains them.

    Raises QuestionError when the folder cannot be written or has anything in it.
    """
    with new_folder(folder, "The template was not written.") as partial:
        for name, form in FILES.items():
            (partial / f"{name}.csv").write_text(",".join(f.name for f in form) + "\n", encoding="utf-8")
        (partial / "README.md").write_text(_readme(), encoding="utf-8")


def _readme() -> str:
    lines = [
        "# Records for stepwell",
        "",
        "Fill in the CSV files and run `stepwell check` on this folder, then `stepwell run`.",
        "",
        "- Dates are written 2020-01-31, numbers with a decimal point. UTF-8, comma between columns.",
        "- Leave a cell empty when the value is not known. Never write 0, 99 or a made-up date for it.",
        f"- Needed: {' and '.join(f'`{n}.csv`' for n in REQUIRED_FILES)}. The other files may stay empty or be removed.",
        "- Lines that cannot be read are listed with file and line; nothing is guessed.",
        f"- Dates are read from {DAY}. A value outside its range is unknown, and `stepwell check` counts it.",
        "- A `person_id` is compared as it is written: `007`, `7` and `7.0` are three people.",
        "- The files hold people's records: keep them where such records belong.",
        "",
    ]
    for name, form in FILES.items():
        lines += [f"## {name}.csv", "", _ABOUT[name], "", "| column | needed | what to write |", "|---|---|---|"]
        lines += [f"| `{f.name}` | {'yes' if f.is_required else 'no'} | {f.told} |" for f in form]
        if name in _EXAMPLES:
            header = ",".join(f.name for f in form)
            lines += ["", "For example:", "", "```", header, *_EXAMPLES[name], "```"]
        lines.append("")
    return "\n".join(lines)
