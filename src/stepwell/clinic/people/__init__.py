"""The people whom the clinic treats: list, search, adding, merging."""
