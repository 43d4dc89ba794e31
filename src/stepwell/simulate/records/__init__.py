"""The records that somebody kept of simulated lives, and the truth about them: READ `folder` FIRST.

A chunk of people passes through `people` (who they are), `history` (what they took and when), `mood` (how ill they were, and
when somebody looked), `course` (sessions), `truth` (who meets which definition), `made` (what was written down) and `noise`
(what went wrong with it); `omop`, `fhir` and `own` write it.
"""
