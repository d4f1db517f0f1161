"""What fold results show: blends, scoreboard, calibration, label issues and annotations. No training library is imported."""
