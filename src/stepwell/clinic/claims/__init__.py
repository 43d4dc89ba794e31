"""What a signed session may be billed by: codes with their sources, minutes by whom, what does not fit. It bills nothing."""
