"""What fold results show: blend, scoreboard, calibration, label issues, annotations. No training library is imported."""
