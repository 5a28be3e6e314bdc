"""Answers, trials and metrics from files into a wave: an error a row, each thing stored once."""
