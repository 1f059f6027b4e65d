"""The parts of `run`: peers (who), works (what), measure (how), report (the table), plots (the pictures)."""
