"""What fold results show: blend, scoreboard, calibration, label issues, annotations; no training library is needed."""
