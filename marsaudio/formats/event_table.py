"""What the columns of a table of events are called in files: with their unit, where it is fixed."""

from __future__ import annotations

# From an event's attributes, and those of its table, to columns, in the order in which a reader wants them.
COLUMNS = {
    "start": "start_s",
    "end": "end_s",
    "duration": "duration_s",
    "peak_time": "peak_time_s",
    "level": "level_db",
    "peak_level": "peak_level_db",
    "excess": "excess_db",
    "low": "low_hz",
    "high": "high_hz",
    "unit": "level_unit",
    "start_uncertainty": "start_uncertainty_s",
    "end_uncertainty": "end_uncertainty_s",
    "peak_time_uncertainty": "peak_time_uncertainty_s",
    "level_uncertainty": "level_uncertainty_db",
    "excess_uncertainty": "excess_uncertainty_db",
    "false_alarms_per_minute": "false_alarms_per_minute",
    "p_value": "p_value",
    "centroid": "centroid_hz",
    "rise_time": "rise_time_s",
    "decay_time": "decay_time_s",
    "broadband_excess": "broadband_excess_db",
    "rover_transient": "rover_transient",
    "utc": "start_utc",
    "sol": "sol",
    "local_mean_solar_time": "local_mean_solar_time",
    "local_true_solar_time": "local_true_solar_time",
    "recording": "recording",
    "simulated": "simulated",
}
