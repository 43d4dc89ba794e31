"""What is measured: each file is a program of its own, run in a process of its own, that imports no more than it needs."""
