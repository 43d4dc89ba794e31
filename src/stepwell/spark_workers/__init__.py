"""Judges buckets of people in the workers of Spark: `driver.py` sends the records there, `worker.py` is what a worker runs.

The records of one bucket come together in one task, which judges them by the compiled rules and gives the Parquet files of all
result tables as bytes. The driver writes these bytes into files: the same files as if it had judged the bucket itself.
"""

from .driver import check_workers, judge_buckets

__all__ = ["check_workers", "judge_buckets"]
