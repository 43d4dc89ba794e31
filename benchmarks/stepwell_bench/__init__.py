"""stepwell beside a floor and its rivals: what `stepwell bench` runs. It is no part of the installed package."""
