"""What fold results say: blend, scoreboard, calibration, label issues. NumPy only, no training library."""
