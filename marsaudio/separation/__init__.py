"""Where the wind is told from the rover: lines, floor, wind level, gain, stems.

Read in this order: `survey` (what may count), `lines` (the rover's tones), `machine` (what of the rover comes
and goes), `model` (floor and wind), `gain` (how much of each moment is wind), `two_readings` (all of it, in
blocks), `stems` (the result, additive to the bit).
"""
