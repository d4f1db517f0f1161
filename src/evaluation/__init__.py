"""What fold results show: blends, scoreboard, calibration and label issues. No training library is imported."""
