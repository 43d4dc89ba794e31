"""A small knowledge folder, whole and right, for tests that spoil one thing in it."""

from pathlib import Path

import pytest

FILES = {
    "label_maximum.csv": """\
ingredient,max_mg_per_day,source,locator,seen,choice
sertraline,200,form,page 4,secondary,
""",
    "interacting.csv": """\
ingredient,group,label,rxnorm,omop,source,locator,seen,choice
sertraline,mao-inhibitor,,,,form,page 4,secondary,
poppy,cns-depressant,poppy,,,,,,For a test.
""",
    "brand.csv": """\
brand,ingredient,source,locator,seen,choice
Poppies,poppy,form,page 4,secondary,
""",
    "effect.yaml": """\
baseline: {before: 14 days, choice: For a test.}
after_end: {at_most: 100 days, choice: For a test.}
lost: {relapse_within: 50 days, choice: For a test.}
bridge: {before: 10 days, after: 20 days, still: 15 days, choice: For a test.}
stretches: {before: 30 days, after: 30 days, choice: For a test.}
episodes: {days: 100 days, choice: For a test.}
""",
    "around.yaml": """\
therapy:
  stretches:
    - {label: the same day, first: 0 days, last: 0 days}
    - {label: later, first: 1 day, last: 3 days}
  choice: For a test.
  evidence: []
""",
    "treatment/shock.yaml": """\
id: shock
status: draft
label: Shock
summary: For a test.
ingredients: [sertraline]
procedures: [ect]
codes:
  - {code: V0001, mg_at_most: 40 mg, valid_from: 2020-01-01, source: form, locator: page 5, seen: secondary}
phases_of: shock-label
alive: {choice: For a test.}
given: {choice: For a test.}
possible: {at_least: 20 mg, at_most: 80 mg, multiple_of: 20 mg, choice: For a test.}
apart: {any_of: [ect], choice: For a test.}
repeated: {at_least: 2 sessions, within: 10 days, choice: For a test.}
pause: {at_most: 30 days, choice: For a test.}
checkpoints:
  - {label: a day, first: 1 day, last: 2 days, choice: For a test.}
""",
    "regimen/shock-label.yaml": """\
id: shock-label
version: 1
status: draft
title: Shock by its label
summary: For a test.
treatment: shock
authority: label
indications:
  - {label: a test, valid_from: 2019-06-01, source: form, locator: page 6, seen: secondary}
phases:
  - {id: induction, from_week: 1, until_week: 2, at_most: 2 sessions, source: form, locator: page 7, seen: secondary}
  - {id: maintenance, from_week: 3, at_most: 1 session, every: 2 weeks, choice: For a test.}
doses:
  - {when: first session, any_of: [40 mg], choice: For a test.}
observed: {at_least: 2 hours, choice: For a test.}
pressure_before:
  - {systolic_at_most: 140 mmHg, diastolic_at_most: 90 mmHg, choice: For a test.}
pressure_after: {first: 30 minutes, last: 50 minutes, choice: For a test.}
form: {within: 7 days, choice: For a test.}
""",
    "references.yaml": """\
consensus:
  title: A consensus
  authors: Doe J, Roe R
  year: 2020
form:
  title: A form for trials
  short: The form
""",
    "ingredient.csv": """\
ingredient,label,role,drug_class,mechanism,rxnorm,atc,omop,source,locator,seen,note
sertraline,sertraline,antidepressant,SSRI,,36437,N06AB06,739138,form,list,secondary,
trazodone,trazodone,antidepressant,SARI,,10737,N06AX05,703547,form;consensus,list; table,secondary,
""",
    "ingredient_role.csv": """\
ingredient,use,at_most_mg_per_day,source,locator,seen,choice
trazodone,sleep,100,,,,Given for sleep.
""",
    "dose_standard.yaml": """\
by-form:
  label: By the form
  summary: Doses of the form.
  source: form
""",
    "dose_standard.csv": """\
ingredient,standard,min_mg_per_day,source,locator,seen,choice
sertraline,by-form,50,form,page 1,secondary,
trazodone,by-form,300,form,page 2,secondary,
""",
    "rxnorm_product.csv": """\
rxnorm,name,ingredient,omop,source,locator,seen
312941,sertraline 50 MG Oral Tablet,sertraline,739208,form,list,secondary
""",
    "product_use.csv": """\
rxnorm,ingredient,labelled_use,mg_per_unit,days_per_unit,source,locator,seen,choice
1,trazodone,sleep,,,form,page 3,secondary,
""",
    "combination.csv": """\
components,atc,counts_as,source,locator,seen,choice
sertraline;water,,sertraline,,,,Water is no drug.
""",
    "codeset/major-depression.yaml": """\
id: major-depression
kind: condition
label: Major depression
scope: Major depression.
status: draft
choice: Enough for a test.
""",
    "codeset/major-depression.csv": """\
vocabulary,code,included,match,label,source,locator,seen,choice
ICD10CM,F32,yes,prefix,single,consensus,Table 2,secondary,
ICD10CM,F32.5,no,exact,full remission,consensus,Table 2,secondary,
""",
    "codeset/ect.yaml": """\
id: ect
kind: procedure
label: ECT
scope: Sessions.
status: draft
choice: Enough for a test.
""",
    "codeset/ect.csv": """\
vocabulary,code,included,match,label,source,locator,seen,choice
CPT4,90870,yes,exact,ECT,consensus,Table 2,secondary,
""",
    "crisis.yaml": """\
here:
  text: Call somebody.
  choice: For a test.
""",
    "vital.csv": """\
vital,label,unit,at_least,at_most,loinc,omop,names,source,locator,seen,choice
blood-pressure-systolic,systolic,mmHg,40,300,8480-6,,,,,,For a test.
""",
    "policy_age.yaml": "at_most: 700 days\nchoice: For a test.\n",
    "drug_records.yaml": "unidentified: {at_most: 5 %, choice: For a test.}\n"
    "dispensed: {within: 365 days, choice: For a test.}\n",
    "completeness.yaml": """\
condition: {unidentified_at_most: 10 %, choice: For a test.}
procedure: {unidentified_at_most: 10 %, choice: For a test.}
""",
    "ingredient_form.csv": """\
ingredient,words,routes,labelled_use,source,locator,seen,choice
sertraline,drops,oral,sleep,form,page 4,secondary,
""",
    "reporting.yaml": """\
design:
  label: Study design
  items: [{guideline: STROBE, number: "4", asks: design, source: form, locator: page 4, seen: secondary}]
""",
    "nearly.yaml": """\
days: {share: 80 %, choice: For a test.}
points: {share: 80 %, choice: For a test.}
""",
    "instrument/two-item.yaml": """\
id: two-item
status: draft
label: Two items
rank: 1
rank_choice: The only one.
rater: self
at_least: 0 points
at_most: 6 points
items:
  - {item: "1", at_least: 0, at_most: 3}
  - {item: "2", at_least: 0, at_most: 3}
scoring: {groups: [["1"], ["2"]], missing_at_most: 0, choice: A sum.}
bands:
  - {label: low, at_least: 0 points, at_most: 2 points}
  - {label: high, at_least: 3 points, at_most: 6 points}
bands_from: {choice: For a test.}
remission: {at_most: 1 points, choice: For a test.}
response: {at_least: 50 %, source: consensus, locator: Table 3, seen: abstract}
licence: {item_texts: free, terms: None., choice: For a test.}
worked_examples:
  - {items: {"1": 2, "2": 1}, total: 3, choice: By hand.}
""",
    "trials.yaml": """\
basis: {is: supply, choice: For a test.}
medication_evidence: {is: prescribed, choice: For a test.}
max_gap: {at_most: 14 days, choice: For a test.}
unknown_supply: {at_most: 62 days, choice: For a test.}
cross_taper: {at_most: 30 days, choice: For a test.}
episode_gap: {at_most: 26 weeks, choice: For a test.}
dose_standard: {is: by-form, choice: For a test.}
baseline: {before: 42 days, after: 7 days, choice: For a test.}
endpoint: {after_start: 28 days, after_end: 14 days, choice: For a test.}
""",
    "definition/two-trials.yaml": """\
id: two-trials
version: 1
status: draft
title: Two failed trials
summary: Two trials failed.
who:
  age: {at_least: 18 years, source: consensus, locator: Table 1, seen: full-text}
  diagnosis: {any_of: [major-depression], at_least: 1 record, choice: For a test.}
trials:
  basis: {is: supply, choice: For a test.}
  medication_evidence: {is: prescribed, choice: For a test.}
  max_gap: {at_most: 14 days, choice: For a test.}
  unknown_supply: {at_most: 62 days, choice: For a test.}
  cross_taper: {at_most: 30 days, choice: For a test.}
  episode_gap: {at_most: 26 weeks, choice: For a test.}
  dose_standard: {is: by-form, choice: For a test.}
  baseline: {before: 42 days, after: 7 days, choice: For a test.}
  endpoint: {after_start: 28 days, after_end: 14 days, choice: For a test.}
branch:
  - trial:
      role: {is: antidepressant, choice: For a test.}
      use: {is: antidepressant dose, choice: For a test.}
      min_duration: {at_least: 28 days, source: consensus, locator: Table 1, seen: full-text}
    failure:
      improvement:
        below: 25 %
        source: consensus
        locator: Table 1
        seen: full-text
    count: {at_least: 2 trials, distinct: ingredient, source: consensus, locator: Table 1, seen: full-text}
    within: {is: episode, choice: For a test.}
    dated: {at: trial end, choice: For a test.}
published:
  - {share: 10 %, n: 5 people, of: 50 people, setting: a clinic, source: consensus, locator: Table 4, seen: abstract}
""",
    "ladder/steps.yaml": """\
id: steps
label: Two steps
remission: A cut.
steps:
  - entered: 100
    remitted: 30 %
    entered_from: {source: consensus, locator: Table 5, seen: abstract}
    remitted_from: {source: consensus, locator: Table 5, seen: abstract}
  - entered: 60
    remitted: 20 %
    entered_from: {source: consensus, locator: Table 5, seen: abstract}
    remitted_from: {source: consensus, locator: Table 5, seen: abstract}
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
